"""How a network is trained, as a YAML page says it; knows nothing of torch."""
