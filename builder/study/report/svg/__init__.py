"""Figures of a report as SVG: scales, labels, rows, scatter plots, curves."""
