"""From names to what a run needs: the one way to prepare a run and to open one."""
