"""The Explore tab: errors, neurons, slopes, stability, the evaluation."""
