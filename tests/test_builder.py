"""The way in from Python: two functions, one of them without torch."""

from __future__ import annotations

import subprocess
import sys


class TestImports:
    """Who asks for little pays for little."""

    def test_loading_and_writing_need_no_torch(self) -> None:
        """A graph and its source come without it."""
        script = (
            "import builder, sys\n"
            "assert not [name for name in sys.modules if name.startswith('builder.')]\n"
            "from builder.emit.python import source\n"
            "source(builder.load('alexse_cross', classes=7))\n"
            "assert 'torch' not in sys.modules\n"
        )
        subprocess.run([sys.executable, "-c", script], check=True)
