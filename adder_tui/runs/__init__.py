"""Runs side by side, saved and opened."""
