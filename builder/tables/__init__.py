"""Tables: one model, and a writer for each form."""

from __future__ import annotations

from builder.tables.csv_text import csv_line, csv_lines, csv_table
from builder.tables.html_text import html_table
from builder.tables.latex import latex_table
from builder.tables.markdown import escaped, markdown_table
from builder.tables.model import Column, Table, text_table
from builder.tables.terminal import GAP, one_line, table, terminal_table

__all__ = [
    "GAP",
    "Column",
    "Table",
    "csv_line",
    "csv_lines",
    "csv_table",
    "escaped",
    "html_table",
    "latex_table",
    "markdown_table",
    "one_line",
    "table",
    "terminal_table",
    "text_table",
]
