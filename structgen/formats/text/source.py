"""Plain texts as sources: what matches a pattern, or one of some strings.

In: a pattern or strings. Out: a ``Grammar`` of one raw text. The text is its own value, so there is nothing to read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, get_args, get_origin

from structgen.errors import ReadError, SchemaError
from structgen.grammar.build import alt, literal
from structgen.grammar.files import grammar
from structgen.grammar.nodes import Grammar, Text
from structgen.grammar.regex import parse_regex
from structgen.limits import Limits


@dataclass(frozen=True)
class Regex:
    """Texts that a pattern of Python's ``re`` matches wholly (``fullmatch``); ``flags`` are those of ``re``.

    Raises ``GrammarSyntaxError`` with the offset of what is malformed or not supported, when the grammar is built.
    """

    pattern: str
    flags: int = 0

    def __init__(self, pattern: str | re.Pattern[str], *, flags: int = 0) -> None:
        text: object = pattern
        if isinstance(pattern, re.Pattern):
            text, flags = pattern.pattern, flags | pattern.flags
        if not isinstance(text, str):
            raise SchemaError(f"a pattern must be a str, not {type(text).__name__}")
        object.__setattr__(self, "pattern", text)
        object.__setattr__(self, "flags", int(flags))

    def to_grammar(self, limits: Limits) -> Grammar:
        """The grammar of the matching texts."""
        return Grammar(Text(parse_regex(self.pattern, flags=self.flags, limits=limits), "raw"), pruned=True)


@dataclass(frozen=True)
class PatternText:
    """A regular expression as output: a text that ``re.compile`` takes (``grammars/regex.lark``), and its value the
    compiled pattern. ``re.Pattern`` as an output type means this."""

    def to_grammar(self, limits: Limits) -> Grammar:
        """The shipped grammar of patterns."""
        return grammar("regex")

    def read(self, text: str) -> re.Pattern[str]:
        """The pattern of a text; ``ReadError`` where it has none."""
        try:
            return re.compile(text)
        except (re.error, RecursionError, OverflowError) as error:
            raise ReadError(f"the text is no pattern of Python's re: {error}") from error

    def instructions(self, render: Callable[[Mapping[str, Any]], str]) -> str:
        """What a model is told."""
        return "Answer with one regular expression of Python's re, and nothing else."


def text_source(output_type: object) -> PatternText | None:
    """The source of a Python type whose value is a text of its own kind: ``re.Pattern``."""
    is_pattern = output_type is re.Pattern or get_origin(output_type) is re.Pattern
    return PatternText() if is_pattern and get_args(output_type) in ((), (str,)) else None


@dataclass(frozen=True)
class Choice:
    """One of some strings; there must be one, all different."""

    strings: tuple[str, ...]

    def __init__(self, strings: Iterable[str]) -> None:
        if isinstance(strings, str):
            raise SchemaError("a choice needs several strings, not one", instead=f"pass [{strings!r}]")
        known: dict[str, int] = {}
        for number, text in enumerate(strings):
            if not isinstance(text, str):
                raise SchemaError(f"a choice must be among str, not {type(text).__name__}", position=f"[{number}]")
            if text in known:
                raise SchemaError(f"the string {text!r} occurs twice", position=f"[{number}]",
                                  because=f"it is the same as [{known[text]}]")
            if not text.isascii() and any(0xD800 <= ord(character) <= 0xDFFF for character in text):
                raise SchemaError(f"the string {text!r} has a lone surrogate", position=f"[{number}]",
                                  because="it has no spelling in UTF-8")
            known[text] = number
        if not known:
            raise SchemaError("a choice needs at least one string")
        object.__setattr__(self, "strings", tuple(known))

    def to_grammar(self, limits: Limits) -> Grammar:
        """The grammar of the strings."""
        return Grammar(Text(alt([literal(text) for text in self.strings]), "raw"), pruned=True)
