"""Grammars of one's own, in a notation of the field."""
