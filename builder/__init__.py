"""Compile one YAML page into a plain ``nn.Module``; see ``docs/architecture.md`` for the rooms.

Nothing is imported here but names that need no torch: ``builder.build`` fetches torch when it is called.
"""
