"""A network in Python to a page: traced, put into blocks, written down, and proven equal."""
