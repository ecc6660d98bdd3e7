"""What lies on disk: the last run, saved runs, a learner's progress."""
