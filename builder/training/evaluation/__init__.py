"""How good a network is on one split, and its most confident mistakes."""
