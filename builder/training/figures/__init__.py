"""Figures of runs: curves, confusion matrices, mistakes, speeds."""
