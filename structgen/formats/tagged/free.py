"""Free text as regular languages: any text without certain words in it, or up to the first of them.

In: the words (triggers, closing tags). Out: ``Text`` nodes. A word counts from where it first occurs: text up to it is
any text in which nothing of the kind was complete before, so that where free text ends is never in doubt.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from structgen.errors import SchemaError
from structgen.grammar.build import ANY_CHAR, ANY_TEXT, alt, literal, seq
from structgen.grammar.nodes import And, Node, Not, Text

_KEPT = 256
"""Languages whose nodes are kept, since automata are remembered by node."""


def text_without(words: tuple[str, ...], least: int = 0, most: int | None = None) -> Text:
    """Any text in which none of the words occurs, of ``least`` to ``most`` characters."""
    return Text(_without(words) if words else ANY_TEXT, "raw", least, most)


def text_until(word: str, words: tuple[str, ...], least: int = 0, most: int | None = None) -> Text:
    """Any text that ends where the first of the words ends, and with ``word``; ``least`` and ``most`` count the characters
    before it."""
    return Text(_until(word, words), "raw", least + len(word), None if most is None else most + len(word))


@lru_cache(_KEPT)
def _without(words: tuple[str, ...]) -> Node:
    return Not(seq(ANY_TEXT, _any_of(words), ANY_TEXT))


@lru_cache(_KEPT)
def _until(word: str, words: tuple[str, ...]) -> Node:
    earlier = seq(ANY_TEXT, _any_of((word, *words)), ANY_CHAR, ANY_TEXT)
    return And((seq(ANY_TEXT, literal(word)), Not(earlier)))


def _any_of(words: Iterable[str]) -> Node:
    return alt([literal(word) for word in dict.fromkeys(words)])


def check_word(word: object, what: str, *, may_be_empty: bool = False) -> None:
    """Raises unless this is a text that can be written."""
    if not isinstance(word, str) or not (word or may_be_empty) or any(0xD800 <= ord(one) <= 0xDFFF for one in word):
        raise SchemaError(
            f"{what} is {word!r}",
            because="it must be a text" + ("" if may_be_empty else " that is not empty") + " without lone surrogates",
        )


def check_count(number: object, what: str, *, least: int = 0) -> None:
    """Raises unless this is None or a number from ``least`` on."""
    if number is not None and (isinstance(number, bool) or not isinstance(number, int) or number < least):
        raise SchemaError(f"{what} is {number!r}", because=f"it must be a number from {least} on, or None")
