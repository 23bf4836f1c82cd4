"""How a cell is written: bare, or between quotes with every quote doubled (RFC 4180, section 2).

In: a text node, which speaks of the decoded text. Out: nodes of its spellings. Doubling maps each character to its own
spelling and no spelling begins another, so it keeps every operation: the doubled texts of a conjunction are the
conjunction of the doubled texts, and what is not doubled from a text is cut off by "anything doubled".

A length between quotes is counted by a register where nothing else is asked, else in the states of the automaton, because
a doubled quote is one character of two.
"""

from __future__ import annotations

from functools import lru_cache

from structgen.grammar.build import ANY_TEXT, NEVER, alt, literal, repeat, seq, spelled_words
from structgen.grammar.nodes import Alt, And, Chars, Node, Not, Repeat, Seq, Str, Substrings, Text, Words
from structgen.grammar.texts import may_hold, overlap
from structgen.grammar.unicode import complement, union

QUOTE = '"'
_DOUBLED = Str(QUOTE + QUOTE)
_PLAIN = Chars(complement(((ord(QUOTE), ord(QUOTE)),)))
_ANY = alt((_PLAIN, _DOUBLED))
_ANY_DOUBLED = repeat(_ANY)


@lru_cache(64)
def special_chars(delimiter: str) -> tuple[Chars, Node]:
    """The characters that a bare cell must not hold, and the texts without them."""
    ranges = union((ord(character), ord(character)) for character in {delimiter, QUOTE, "\r", "\n"})
    return Chars(ranges), repeat(Chars(complement(ranges)))


def bare(text: Text, delimiter: str) -> Node:
    """The cells that need no quotes, without them."""
    special, plain = special_chars(delimiter)
    if not may_hold(text.body, special.ranges):
        return Text(text.body, "raw", text.min_length, text.max_length)
    body = plain if text.body is ANY_TEXT else And((text.body, plain))
    return Text(body, "raw", text.min_length, text.max_length)


def quoted(text: Text, delimiter: str, needed: bool) -> Node:
    """The cells between quotes: all of them, or those alone that need it.

    A text of any characters up to a length may be quoted without need: which it needs cannot be told beside the count.
    """
    special, _ = special_chars(delimiter)
    if needed and not may_hold(text.body, special.ranges):
        return NEVER
    bounded = text.min_length > 0 or text.max_length is not None
    if bounded and text.body is ANY_TEXT:
        return seq(Str(QUOTE), repeat(_ANY, text.min_length, text.max_length), Str(QUOTE))
    parts = [doubled(text.body)]
    if bounded:
        parts.append(repeat(_ANY, text.min_length, text.max_length))
    if needed:
        parts.append(seq(_ANY_DOUBLED, doubled(special), _ANY_DOUBLED))
    return seq(Str(QUOTE), Text(parts[0] if len(parts) == 1 else And(tuple(parts))), Str(QUOTE))


def quoted_literal(text: str, delimiter: str, always: bool) -> str:
    """One known text as it is written."""
    if always or any(character in text for character in (delimiter, QUOTE, "\r", "\n")):
        return QUOTE + text.replace(QUOTE, _DOUBLED.text) + QUOTE
    return text


def doubled(node: Node) -> Node:
    """The texts of a regular node with every quote doubled."""
    if isinstance(node, Chars):
        if not overlap(node.ranges, ((ord(QUOTE), ord(QUOTE)),)):
            return node
        rest = union(both for low, high in node.ranges
                     for both in ((low, min(high, ord(QUOTE) - 1)), (max(low, ord(QUOTE) + 1), high)) if both[0] <= both[1])
        return alt((Chars(rest), _DOUBLED)) if rest else _DOUBLED
    if isinstance(node, Str):
        return literal(node.text.replace(QUOTE, _DOUBLED.text))
    if node is ANY_TEXT:
        return _ANY_DOUBLED
    if isinstance(node, Seq):
        return seq(*map(doubled, node.parts))
    if isinstance(node, Alt):
        return alt(map(doubled, node.options))
    if isinstance(node, Repeat):
        return repeat(doubled(node.body), node.min, node.max)
    if isinstance(node, And):
        return And(tuple(map(doubled, node.parts)))
    if isinstance(node, Not):
        return And((_ANY_DOUBLED, Not(doubled(node.body))))
    if isinstance(node, Substrings):
        return And((Substrings(node.source.replace(QUOTE, _DOUBLED.text)), _ANY_DOUBLED))
    if isinstance(node, Words):
        return And((spelled_words(node, lambda one: one.replace(QUOTE, _DOUBLED.text)), _ANY_DOUBLED))
    if isinstance(node, Text) and node.encoding == "raw":
        return And((doubled(node.body), repeat(_ANY, node.min_length, node.max_length)))
    raise TypeError(f"not a regular node: {node!r}")
