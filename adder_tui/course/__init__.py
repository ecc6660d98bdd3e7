"""The course and a lesson's state, without a screen."""
