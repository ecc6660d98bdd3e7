"""Figures that lessons compute beside a run."""
