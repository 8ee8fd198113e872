"""What a user may write: the grammar of a page, parsed from marked values, every mistake at its place."""
