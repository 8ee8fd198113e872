"""The terminal: streams, exit codes, live lines, plots, JSON, progress."""
