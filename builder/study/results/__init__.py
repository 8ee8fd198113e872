"""What cells end in, and the folder that keeps it."""
