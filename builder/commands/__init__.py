"""The commands: one file each, which composes the rooms below and returns a frozen value.

``text/`` turns values into text; ``terminal/`` follows a run and is the one place where an exception becomes a message
and an exit code. ``builder/cli/`` declares the options.
"""
