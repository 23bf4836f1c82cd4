"""Tools: calls of functions as a format."""
