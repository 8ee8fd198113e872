"""A graph as a reader sees it: outline, folding, alignment, difference, options."""
