"""The course in the app: where a learner is in a lesson, what is shown there, and what a key then does."""
