"""Shapes with exact coordinates, the metrics of texts, and the theme."""
