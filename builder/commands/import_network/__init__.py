"""``archcli import``, and networks in Python in place of pages."""
