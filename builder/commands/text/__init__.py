"""What commands print: one file a command, from its value to text."""
