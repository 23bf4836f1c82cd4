"""How JSON is written where the standard leaves a choice, and its white space and punctuation as nodes.

One shared set of nodes per style, so that equal places are one automaton.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from structgen.grammar.build import EMPTY, alt, repeat, seq
from structgen.grammar.nodes import Chars, Encoding, Node, Str

MAX_INDENT = 40
"""Spaces or tabs behind a line break in bounded white space: twenty levels of two."""


class Style(NamedTuple):
    """The spellings that are offered; see the fields of ``JsonSchema``."""

    whitespace: str = "bounded"
    separators: tuple[str, str] | None = None
    encoding: Encoding = "json"
    ordered: bool = True
    exponents: bool = True


class Spacing(NamedTuple):
    """What stands around and between members and items."""

    around: Node
    open_object: Node
    close_object: Node
    open_array: Node
    close_array: Node
    colon: Node
    comma: Node


@cache
def spacing(whitespace: str, separators: tuple[str, str] | None) -> Spacing:
    """The punctuation for one of ``compact``, ``bounded``, ``flexible``, or with these separators and nothing else."""
    around: Node = EMPTY
    space: Node = EMPTY
    if separators is not None:
        comma, colon = separators
        return Spacing(EMPTY, Str("{"), Str("}"), Str("["), Str("]"), Str(colon), Str(comma))
    if whitespace == "bounded":
        indent = repeat(Chars(((0x09, 0x09), (0x20, 0x20))), 0, MAX_INDENT)
        space = alt((EMPTY, Str(" "), seq(Str("\n"), indent)))
    elif whitespace == "flexible":
        around = space = repeat(Chars(((0x09, 0x0A), (0x0D, 0x0D), (0x20, 0x20))))
    return Spacing(around, seq(Str("{"), space), seq(space, Str("}")), seq(Str("["), space), seq(space, Str("]")),
                   seq(space, Str(":"), space), seq(space, Str(","), space))
