"""The process: how it ends, when it collects garbage."""
