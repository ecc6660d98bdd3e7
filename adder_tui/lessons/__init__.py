"""The course: lessons as files, checks of what a learner did, progress. Without torch and textual."""
