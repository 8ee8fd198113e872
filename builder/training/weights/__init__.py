"""Weights into and out of a network: files, published weights, foreign names, initialization."""
