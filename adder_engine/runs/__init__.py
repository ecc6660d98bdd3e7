"""Runs with their timelines: rewound, kept, listed, saved, opened again."""
