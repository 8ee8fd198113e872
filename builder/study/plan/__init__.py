"""Which cells are run, in which order, and what they cost."""
