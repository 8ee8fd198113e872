"""``python -m archcli`` is the command ``archcli``."""

import os
import sys

if sys.path and sys.path[0] == os.getcwd() and not sys.flags.safe_path:  # noqa: PTH109 - as `-m` has put it there
    del sys.path[0]  # a `yaml.py` in the working folder is no library, as it is none for the command

from archcli.cli import main

main()
