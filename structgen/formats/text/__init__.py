"""Plain text: a regular expression or a choice of strings as a source of grammars."""
