"""How fast a network trains: beside the tutorial's loop, and beside what the hardware allows."""
