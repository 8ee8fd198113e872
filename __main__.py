"""``python -m archcli`` is the command ``archcli``."""

from archcli.cli import main

main()
