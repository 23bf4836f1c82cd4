"""What strings: the frozen form between front ends (formats, regexes, grammars) and the automaton.

A ``Grammar`` is a start node and named rules. Nodes know characters and nothing of tokens, schemas or values.
Use the constructors in ``grammar.build``: they simplify (an impossible part makes its sequence impossible), so that no
branch that leads nowhere reaches the automaton.

Two kinds of nodes. *Regular* ones denote a set of texts: ``Chars Str Seq Alt Repeat And Not Substrings``.
*Structural* ones may hold references and state: ``Ref Text Items Members`` (and ``Seq Alt Repeat`` over them).
``And`` and ``Not`` are allowed only inside a ``Text``, where a finite automaton decides them.

Nodes compare by identity: they are built once and shared, and hashing deep trees would cost more than it saves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from structgen.errors import StructgenError
from structgen.grammar.names import Names

Encoding = Literal["raw", "json", "json_ascii", "json_necessary", "json_necessary_ascii"]
MAX_CODE_POINT = 0x10FFFF


if TYPE_CHECKING:
    from dataclasses import dataclass as node

    from structgen.grammar.lexing import Lexing
else:
    def node(*, frozen: bool, **options: Any) -> Any:
        """``dataclass`` for the type checker, which holds that nothing is ever written to a node. At run time nodes are
        not frozen: that takes three times as long to make one, and they are most of what a front end makes."""
        return dataclass(**options)


class Node:
    """A set of texts."""

    __slots__ = ()


@node(frozen=True, slots=True, eq=False)
class Chars(Node):
    """One code point out of sorted, disjoint, inclusive ranges; surrogates never belong to it."""

    ranges: tuple[tuple[int, int], ...]


@node(frozen=True, slots=True, eq=False)
class Str(Node):
    """One literal text (no surrogates); the empty text is the empty sequence."""

    text: str


@node(frozen=True, slots=True, eq=False)
class Seq(Node):
    parts: tuple[Node, ...]


@node(frozen=True, slots=True, eq=False)
class Alt(Node):
    """Any of the options; no options at all is the impossible node (see ``build.NEVER``)."""

    options: tuple[Node, ...]


@node(frozen=True, slots=True, eq=False)
class Repeat(Node):
    """``body`` from ``min`` to ``max`` times (None: no upper bound)."""

    body: Node
    min: int
    max: int | None


@node(frozen=True, slots=True, eq=False)
class And(Node):
    """Texts that belong to every part. Regular parts only, inside a ``Text``."""

    parts: tuple[Node, ...]


@node(frozen=True, slots=True, eq=False)
class Not(Node):
    """Every text that does not belong to ``body``. Regular body only, inside a ``Text``."""

    body: Node


@node(frozen=True, slots=True, eq=False)
class Substrings(Node):
    """Every substring of ``source``, the empty one included: text that occurs verbatim. Inside a ``Text``."""

    source: str


@node(frozen=True, slots=True, eq=False)
class Words(Node):
    """The substrings of ``source`` that begin and end at its places for that, and the empty text.
    Inside a ``Text``. ``places``: for each place, the one before the first character included, 1 where a text may begin
    plus 2 where it may end; the characters beside a place decide."""

    source: str
    places: bytes


@node(frozen=True, slots=True, eq=False)
class Ref(Node):
    """A rule of the grammar, by name. Rules may be recursive."""

    rule: str


@node(frozen=True, slots=True, eq=False)
class Text(Node):
    """A text of the regular language ``body``, at least ``min_length`` and at most ``max_length`` code points long,
    written in an encoding: ``raw`` as it is, ``json`` between double quotes with any of RFC 8259's escapes. ``ascii``:
    characters beyond ASCII, and DEL, only as escapes. ``necessary``: no escape but where the character cannot stand for
    itself, and that in one spelling: the short one, else ``\\u`` and small digits.

    The language speaks of the decoded text, so an escape counts as the one character it stands for.
    """

    body: Node
    encoding: Encoding = "raw"
    min_length: int = 0
    max_length: int | None = None


@node(frozen=True, slots=True, eq=False)
class Items(Node):
    """A delimited list: ``open item (comma item)* close``; white space belongs to the delimiters.

    Item ``i`` is ``prefix[i]``, later ones are ``rest`` (None: no more). ``unique``: no two items are equal; the items
    must then be ``Text`` nodes, or alternatives of them, in which every value has one decoded text (literals such as
    ``null`` as raw texts).
    """

    open: Node
    close: Node
    comma: Node
    prefix: tuple[Node, ...] = ()
    rest: Node | None = None
    min_count: int = 0
    max_count: int | None = None
    unique: bool = False


@node(frozen=True, slots=True, eq=False)
class Members(Node):
    """A delimited map: ``open key colon value (comma key colon value)* close``; no key ever occurs twice.

    ``names[i]`` (decoded text) has the value ``values[i]`` and must occur if ``required[i]``. Any name that is not
    listed has the value ``other`` (None: there are no others). ``ordered``: listed names come in the listed order and
    the others after them; else in any order. ``key_encoding`` writes the keys.
    """

    open: Node
    close: Node
    colon: Node
    comma: Node
    names: tuple[str, ...] = ()
    values: tuple[Node, ...] = ()
    required: tuple[bool, ...] = ()
    other: Node | None = None
    other_name: Node | None = None
    """What a name that is not listed must look like (regular); None: any text."""
    ordered: bool = True
    min_count: int = 0
    max_count: int | None = None
    key_encoding: Encoding = "json"
    classes: tuple[tuple[Node, Node], ...] = ()
    """Further names that are not listed, by what they look like (regular), each class with its value. Beside them
    ``other_name`` must say which names have the value ``other``; a name of several classes belongs to the first."""
    awaited: int = 0
    """A bit for each thing that some member must prove."""
    proofs: tuple[tuple[int, Node | None, Node], ...] = ()
    """What proves it: (the bits it proves, names, value). The names are those of ``other`` or of one of the classes, and
    there are more of them than members; the value belongs to theirs. Several may prove one bit."""


@node(frozen=True, slots=True, eq=False)
class Step(Node):
    """The empty text, and a step of the names in scope (see ``grammar.names``): where it is not allowed, nothing that
    follows is. ``do`` is a ``names.Do``, ``what`` the number that it is about."""

    do: int
    what: int = 0


@node(frozen=True, slots=True, eq=False)
class Named(Node):
    """One of some texts (regular, no text in two of them), each with a step of the names in scope behind it: only those
    may be written whose step is allowed. ``behind``: what follows each of them, if anything."""

    texts: tuple[Node, ...]
    steps: tuple[Step, ...]
    behind: tuple[Node, ...] = ()


@node(frozen=True, slots=True, eq=False)
class Grammar:
    """A start node and the rules it refers to.

    ``unenforced`` names what the grammar does not express although the source asks for it (only where the caller
    chose that). ``origins`` says for a rule where it comes from: a JSON Pointer or a line.
    """

    start: Node
    rules: Mapping[str, Node] = field(default_factory=dict)
    unenforced: tuple[str, ...] = ()
    origins: Mapping[str, str] = field(default_factory=dict)
    common: str | None = None
    """A rule whose node many grammars share, such as any JSON value: the automaton lowers it once."""
    pruned: bool = False
    """Whether every rule is known to have a finite text (the front end has checked its references)."""
    why_empty: Callable[[Callable[[Node], bool]], StructgenError] | None = None
    """Finds words for a grammar without any text; told which nodes have none."""
    lexing: Lexing | None = None
    """How a lexer cuts the text into the tokens that are the grammar's leaves; see ``grammar.lexing``."""
    names: Names | None = None
    """What the steps of the names in scope are about; None where there are none."""
