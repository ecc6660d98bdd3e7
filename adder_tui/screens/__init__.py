"""Screens that lie over the shell: help, palette, the experiment form, and a word about small windows."""
