"""Constructors that simplify: what leads nowhere disappears while a grammar is built.

``NEVER`` is the empty language, ``EMPTY`` the language of the empty text. A sequence with an impossible part is
impossible, an impossible alternative is dropped, nested sequences and alternatives are flattened.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from structgen.grammar.nodes import MAX_CODE_POINT, Alt, Chars, Node, Repeat, Seq, Str, Text, Words

EMPTY = Seq(())
NEVER = Alt(())
ANY_CHAR = Chars(((0, 0xD7FF), (0xE000, MAX_CODE_POINT)))
ANY_TEXT = Repeat(ANY_CHAR, 0, None)
_FEW = 32
"""Literals that stay alternatives, which a reader tells apart by their first bytes."""


def literal(text: str) -> Node:
    """The text itself."""
    return Str(text) if text else EMPTY


def seq(*parts: Node) -> Node:
    """The parts one after another."""
    flat: list[Node] = []
    for part in parts:
        if part is NEVER:
            return NEVER
        if type(part) is Seq:
            flat.extend(part.parts)
        else:
            flat.append(part)
    if len(flat) == 1:
        return flat[0]
    return Seq(tuple(flat)) if flat else EMPTY


def alt(options: Iterable[Node]) -> Node:
    """Any one of the options."""
    flat: list[Node] = []
    for option in options:
        if type(option) is Alt:
            flat.extend(option.options)
        else:
            flat.append(option)
    if len(flat) == 1:
        return flat[0]
    return Alt(tuple(flat)) if flat else NEVER


def choices(options: Iterable[Node]) -> Node:
    """Any one of the options, many literals among them as one text: an automaton reads them along a trie."""
    found = alt(options)
    if not isinstance(found, Alt):
        return found
    words = [option for option in found.options if isinstance(option, Str)]
    if len(words) <= _FEW:
        return found
    return alt([Text(Alt(tuple(words))), *(option for option in found.options if not isinstance(option, Str))])


def repeat(body: Node, minimum: int = 0, maximum: int | None = None) -> Node:
    """``body`` repeated; an impossible body leaves only the empty repetition."""
    if body is NEVER:
        return EMPTY if minimum == 0 else NEVER
    if maximum == 0 or body is EMPTY:
        return EMPTY
    if minimum == 1 and maximum == 1:
        return body
    return Repeat(body, minimum, maximum)


def proved(proofs: Iterable[tuple[int, Node | None, Node]]) -> int:
    """The bits that some proof of a map's members proves."""
    found = 0
    for bits, *_ in proofs:
        found |= bits
    return found


def spelled_words(node: Words, spell: Callable[[str], str]) -> Words:
    """The same pieces where every character of the text is spelled otherwise."""
    parts = [spell(character) for character in node.source]
    places = bytearray(node.places[:1])
    for part, place in zip(parts, node.places[1:], strict=True):
        places += bytes(len(part) - 1) + bytes((place,))
    return Words("".join(parts), bytes(places))


def optional(body: Node) -> Node:
    """``body`` or nothing."""
    return repeat(body, 0, 1)
