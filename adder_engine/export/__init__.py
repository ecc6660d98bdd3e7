"""A run as files for elsewhere: PyTorch, figures, a chart."""
