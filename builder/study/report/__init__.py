"""The report of a study: one page that needs nothing else, and the same as Markdown, CSV and JSON."""
