r"""Strings as YAML spells them: plain, between double quotes, or as a literal block.

In: a text node, which speaks of the decoded text. Out: nodes of its spellings. A plain scalar is the text as it is. Between
quotes a text is written as JSON writes it with no escape but the necessary ones; characters that YAML forbids there beyond
those (``YAML_ONLY``) are few, so a text that holds one is written in full: ``\U`` and eight digits for every character. All
that has one length, so a register that counts what is written counts characters, and the spelling is told from its first
two characters on, so masks of other texts need not follow it. Escaping and writing in full map each character to its own
spelling, and no spelling begins another: they keep every operation, as in ``csv.quoting``.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from functools import lru_cache
from threading import Lock
from typing import NamedTuple

from structgen.automaton.languages import text_language
from structgen.formats.yaml.plain import PLAIN, PRINTABLE, UNPRINTABLE, is_plain
from structgen.grammar.build import ANY_CHAR, ANY_TEXT, EMPTY, alt, choices, literal, repeat, seq, spelled_words
from structgen.grammar.nodes import Alt, And, Chars, Node, Not, Repeat, Seq, Str, Substrings, Text, Words
from structgen.grammar.texts import holds, listed, may_hold
from structgen.grammar.unicode import Ranges, complement, union
from structgen.limits import Limits

QUOTE = Str('"')
_SHORT = {0x08: "\\b", 0x09: "\\t", 0x0A: "\\n", 0x0C: "\\f", 0x0D: "\\r", 0x22: '\\"', 0x5C: "\\\\"}
ESCAPED: Ranges = ((0x00, 0x1F), (0x22, 0x22), (0x5C, 0x5C))
"""The characters that JSON escapes."""
YAML_ONLY: Ranges = union((low, high) for low, high in UNPRINTABLE if low > 0x1F)
"""Those that YAML does not let stand for themselves either."""
_FULL = 10
"""Characters of a character in full."""
_KEPT = 4096


def _both(one: Ranges, other: Ranges) -> Ranges:
    return complement(union((*complement(one), *complement(other))))


def spelled(text: str) -> str:
    """The one spelling of a known text where it has to be one: plain where that is possible, else between quotes."""
    if is_plain(text):
        return text
    return '"' + "".join(map(_full if holds(text, YAML_ONLY) else _escape, text)) + '"'


def _escape(character: str) -> str:
    code = ord(character)
    return _SHORT.get(code) or (f"\\u{code:04x}" if code < 0x20 else character)


def _full(character: str) -> str:
    return f"\\U{ord(character):08x}"


# --- spellings of regular nodes -----------------------------------------------------------------------------------------

class _Spelling(NamedTuple):
    """A way to write every character."""

    one: Callable[[str], str]
    several: Callable[[Ranges], Node]
    any_char: Node
    any: Node


def _written(node: Node, how: _Spelling) -> Node:
    """The texts of a regular node, as they stand between quotes."""
    if node is ANY_TEXT:
        return how.any
    if isinstance(node, Chars):
        return how.several(node.ranges)
    if isinstance(node, Str):
        return literal("".join(map(how.one, node.text)))
    if isinstance(node, Seq):
        return seq(*(_written(part, how) for part in node.parts))
    if isinstance(node, Alt):
        return alt(_written(option, how) for option in node.options)
    if isinstance(node, Repeat):
        return repeat(_written(node.body, how), node.min, node.max)
    if isinstance(node, And):
        return And(tuple([_written(part, how) for part in node.parts]))
    if isinstance(node, Not):
        return And((how.any, Not(_written(node.body, how))))
    if isinstance(node, Substrings):
        return And((Substrings("".join(map(how.one, node.source))), how.any))
    if isinstance(node, Words):
        return And((spelled_words(node, how.one), how.any))
    if isinstance(node, Text) and node.encoding == "raw":
        return And((_written(node.body, how), repeat(how.any_char, node.min_length, node.max_length)))
    raise TypeError(f"not a regular node: {node!r}")


@lru_cache(256)
def _escaped_chars(ranges: Ranges) -> Node:
    found = _both(ranges, ESCAPED)
    if not found:
        return Chars(ranges)
    rest = _both(ranges, complement(ESCAPED))
    escapes = [Str(_escape(chr(code))) for low, high in found for code in range(low, high + 1)]
    return alt([*([Chars(rest)] if rest else []), *escapes])


@lru_cache(256)
def _full_chars(ranges: Ranges) -> Node:
    return seq(Str("\\U00"), alt(option for low, high in ranges for option in _hexadecimal(low, high, 6)))


def _hexadecimal(low: int, high: int, size: int) -> Iterator[Node]:
    """The numbers of a range in so many small digits."""
    if size == 0:
        yield EMPTY
        return
    unit = 16 ** (size - 1)
    while low <= high:
        digit, rest = divmod(low, unit)
        last = digit if rest or high < low + unit - 1 else (high + 1) // unit - 1
        end = min(high, (last + 1) * unit - 1)
        values = union((ord(f"{one:x}"), ord(f"{one:x}")) for one in range(digit, last + 1))
        yield seq(Chars(values), alt(_hexadecimal(rest, end - last * unit if digit == last else unit - 1, size - 1)))
        low = end + 1


_ANY_CHAR_ESCAPED, _ANY_CHAR_FULL = _escaped_chars(ANY_CHAR.ranges), _full_chars(ANY_CHAR.ranges)
_AS_ESCAPED = _Spelling(_escape, _escaped_chars, _ANY_CHAR_ESCAPED, repeat(_ANY_CHAR_ESCAPED))
_IN_FULL = _Spelling(_full, _full_chars, _ANY_CHAR_FULL, repeat(_ANY_CHAR_FULL))


# --- strings ----------------------------------------------------------------------------------------------------------

_USUAL = repeat(Chars(complement(YAML_ONLY)))
_UNUSUAL = seq(ANY_TEXT, Chars(YAML_ONLY), ANY_TEXT)
_lock = Lock()  # sources are compiled in several threads
_memo: OrderedDict[tuple[int, int, int | None], tuple[Node, Node]] = OrderedDict()


def _kept(body: Node, least: int, most: int | None, make: Callable[[], Node]) -> Node:
    """Equal nodes in, equal nodes out, so that automata, which are remembered by node, are made once."""
    key = (id(body), least, most)
    with _lock:
        known = _memo.get(key)
        if known is not None:
            _memo.move_to_end(key)
            return known[1]
    made = make()
    with _lock:
        _memo[key] = (body, made)
        if len(_memo) > _KEPT:
            _memo.popitem(last=False)
    return made


def flow(text: Text, before: str = "") -> Node:
    """The spellings of a text on one line, behind a space or nothing. The space belongs to a plain scalar's own text: most
    tokens that begin a word begin with it."""
    return _kept(text.body, 2 * text.min_length + len(before), text.max_length, lambda: _flow(text, before))


def _flow(text: Text, before: str) -> Node:
    body, least, most = text.body, text.min_length, text.max_length
    known = listed(body)
    if known is not None:
        return choices([literal(before + spelled(one)) for one in known
                        if len(one) >= least and (most is None or len(one) <= most)])
    space, found = literal(before), list[Node]()
    plain = seq(space, _cut(body, PLAIN))
    least_written, most_written = least + len(before), None if most is None else most + len(before)
    if body is ANY_TEXT or text_language(plain, least_written, most_written, Limits()) is not None:  # no date is plain
        found.append(Text(plain, "raw", least_written if least else 0, most_written))
    if not may_hold(body, YAML_ONLY):
        return alt((*found, seq(space, Text(body, "json_necessary", least, most))))
    full = Text(_written(_cut(body, _UNUSUAL), _IN_FULL), "raw", _FULL * least, None if most is None else _FULL * most)
    return alt((*found, seq(space, Text(_cut(body, _USUAL), "json_necessary", least, most)), seq(space, QUOTE, full, QUOTE)))


def _cut(body: Node, other: Node) -> Node:
    return other if body is ANY_TEXT else And((body, other))


def canonical(text: Text) -> Node:
    """The language of a text, each decoded text in its one spelling: see ``spelled``."""
    return _kept(text.body, ~text.min_length, text.max_length, lambda: _canonical(_with_length(text)))


def _canonical(body: Node) -> Node:
    known = listed(body)
    if known is not None:
        return alt(literal(spelled(one)) for one in known)
    usual = _written(And((_cut(body, Not(PLAIN)), _USUAL)), _AS_ESCAPED)
    return alt((_cut(body, PLAIN), seq(QUOTE, alt((usual, _written(_cut(body, _UNUSUAL), _IN_FULL))), QUOTE)))


def _with_length(text: Text) -> Node:
    """The language of a text with its bounds folded in."""
    if text.min_length == 0 and text.max_length is None:
        return text.body
    return And((text.body, Repeat(ANY_CHAR, text.min_length, text.max_length)))


# --- literal blocks ---------------------------------------------------------------------------------------------------

_LINE_CHAR = Chars(union((*PRINTABLE, (0x09, 0x09))))
_LINE = seq(Chars(_both(PRINTABLE, complement(((0x20, 0x20),)))), repeat(_LINE_CHAR))
_INDENTED_LINE = seq(repeat(Str(" ")), _LINE)


@lru_cache(256)
def block(indent: int) -> Node:
    """A literal block with its header, its lines indented: the first and the last are not empty, none is of white space
    alone or begins with a tab, and the text has no line break at its end (``|-``) or one (``|``)."""
    margin = Str("\n" + " " * indent)
    more = seq(repeat(Str("\n")), margin, _INDENTED_LINE)
    header = alt((Str("|-"), Str("|")))
    return seq(header, Text(seq(margin, _LINE, repeat(more))))


def fits_block(text: str) -> bool:
    """Whether a text has a literal block."""
    lines = text.removesuffix("\n").split("\n")
    return bool(lines[0]) and lines[0][0] != " " and bool(lines[-1]) and all(
        not line or line.lstrip(" ")[:1] not in ("", "\t") for line in lines) and not any(
        holds(one, UNPRINTABLE) for one in text if one not in "\t\n")
