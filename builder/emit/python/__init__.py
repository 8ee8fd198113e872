"""Graph to PyTorch source: the text that ``export`` prints and that the runtime compiles into the module that trains.

graph → ``plan``: ``modules`` (a tree made from keys), ``steps`` (what each forward does), ``forms``, ``inplace``
plan → ``classes`` (one a body) → ``constructor``, ``forward``, ``initialization`` (lines) → ``document`` (the text)
"""

from builder.emit.python.document import Document, document, source

__all__ = ["Document", "document", "source"]
