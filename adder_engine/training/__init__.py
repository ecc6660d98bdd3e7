"""A training run: data, the trainer, its state, when it stops, the history of its loss."""
