"""The page in a browser that follows a file while it is edited: what is read, drawn, listed and served."""
