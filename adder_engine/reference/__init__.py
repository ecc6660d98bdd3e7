"""What the engine's numbers are proved against."""
