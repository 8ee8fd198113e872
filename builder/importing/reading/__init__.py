"""A traced graph to steps inside the modules that were called, in the words of a page."""
