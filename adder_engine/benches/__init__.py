"""The figures that lessons compute beside a run, by subject."""
