"""Free text with structures in it: tags, and text that comes before a structure."""
