"""The engine: cells run side by side, each to exactly one result."""
