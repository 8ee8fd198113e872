"""The command line in parts: options, help, messages, completion, and a function for each command."""
