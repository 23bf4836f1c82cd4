"""Texts that are read token by token: how a lexer cuts a text, and the grammar's leaves under it.

In: what a reader knows of terminals and lexers. Out: ``Lexing``, frozen, which a ``Grammar`` may hold, and the nodes
``Token`` and ``NextIsNot``. Such a grammar means: the lexer cuts the whole text into tokens, in the one way it does, and
the kinds of the tokens form a sequence of the grammar. ``automaton.lexed`` lowers it.
"""

from __future__ import annotations

from dataclasses import dataclass

from structgen.grammar.nodes import Node
from structgen.grammar.ordered import Tree

END = -1
"""The terminal that stands for the end of the text."""


@dataclass(frozen=True, slots=True)
class Terminal:
    """A kind of token: its name, its pattern, and whether its tokens are left out."""

    name: str
    tree: Tree
    ignored: bool = False


@dataclass(frozen=True, slots=True)
class Lexer:
    """Which terminals are tried, in this order; the first one that matches wins.

    ``words``: a token of the first terminal whose whole text is one of the others is a token of that one.
    """

    order: tuple[int, ...]
    words: tuple[tuple[int, tuple[int, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class Lexing:
    """The terminals by number and the lexers by number; ``first`` reads the first token.

    ``alone``: each terminal is tried for itself wherever the grammar may go on with it, as are ignored texts between
    tokens. ``any_end``: then a token may also end where a match in a shorter text would.
    """

    terminals: tuple[Terminal, ...]
    lexers: tuple[Lexer, ...]
    first: int = 0
    alone: bool = False
    any_end: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Token(Node):
    """A token of a terminal (by number, or ``END``), behind what is left out; ``after`` is the lexer that goes on."""

    terminal: int
    after: int


@dataclass(frozen=True, slots=True, eq=False)
class NextIsNot(Node):
    """Nothing, where the next token is none of some terminals: a parser that shifts rather than reduces."""

    terminals: frozenset[int]
