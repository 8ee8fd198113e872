"""The parts of a report: what is said, in which words, from which numbers."""
