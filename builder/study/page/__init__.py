"""A study's page: what a user may write, its networks and what it searches."""
