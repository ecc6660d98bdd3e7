"""The Inspect tab: every tensor, number by number."""
