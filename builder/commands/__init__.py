"""The commands: one file each, which composes the rooms below and returns a frozen value.

``text``, ``training_text``, ``variants_text`` and ``data`` turn values into text and JSON; ``watching`` follows a run;
``failing`` is the one place where an exception becomes a message and an exit code. ``cli.py`` declares the options.
"""
