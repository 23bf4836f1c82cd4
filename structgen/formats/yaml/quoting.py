"""Strings as YAML spells them: plain, between double quotes, or as a literal block.

In: a text node, which speaks of the decoded text. Out: nodes of its spellings. Between quotes, a character that may not
stand for itself has one escape (that of JSON where it has a short one, else ``\\u`` and four small digits), so escaping
maps each character to its own spelling and no spelling begins another: it keeps every operation, as in ``csv.quoting``.

Lengths. A register of the automaton counts the characters of a plain scalar. Between quotes an escape is one character of
several: there, two nodes of JSON's strings count what they decode, one of the texts without characters that only YAML
escapes, one of those within the Basic Multilingual Plane with everything beyond ASCII escaped (YAML's ``\\u`` knows no
surrogate pairs). A text with a length, a character of the first kind and one beyond that plane is unfolded character by
character behind ``"\\U`` and the eight digits of its first character, where nothing but the length is asked of it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from functools import lru_cache
from threading import Lock

from structgen.automaton.languages import text_language
from structgen.formats.yaml.plain import PLAIN, PRINTABLE, UNPRINTABLE, is_plain
from structgen.grammar.build import ANY_TEXT, alt, choices, literal, repeat, seq
from structgen.grammar.nodes import Alt, And, Chars, Node, Not, Repeat, Seq, Str, Substrings, Text
from structgen.grammar.unicode import Ranges, complement, union
from structgen.limits import Limits

QUOTE = Str('"')
_SHORT = {0x08: "\\b", 0x09: "\\t", 0x0A: "\\n", 0x0C: "\\f", 0x0D: "\\r", 0x22: '\\"', 0x5C: "\\\\"}
ESCAPED: Ranges = union([*UNPRINTABLE, (0x22, 0x22), (0x5C, 0x5C)])
"""The characters that have an escape between quotes."""
YAML_ONLY: Ranges = union((low, high) for low, high in UNPRINTABLE if low > 0x1F)
"""Those among them that JSON does not escape."""
_KEPT = 4096
_IN_STATES = 16
"""Least lengths up to this are told by states, not by a register."""


def _share(node: Chars, ranges: Ranges) -> bool:
    return any(low <= last and first <= high for low, high in node.ranges for first, last in ranges)


def _both(one: Ranges, other: Ranges) -> Ranges:
    return complement(union((*complement(one), *complement(other))))


def escape(code: int) -> str:
    """The escape of a character that has one."""
    return _SHORT.get(code) or f"\\u{code:04x}"


def quoted_literal(text: str) -> str:
    """A known text between quotes."""
    return '"' + "".join(escape(ord(one)) if _has_escape(ord(one)) else one for one in text) + '"'


def spelled(text: str) -> str:
    """The one spelling of a known text where it has to be one: plain where that is possible, else between quotes."""
    return text if is_plain(text) else quoted_literal(text)


def _has_escape(code: int) -> bool:
    return any(low <= code <= high for low, high in ESCAPED)


# --- escaping of regular nodes ----------------------------------------------------------------------------------------

@lru_cache(256)
def _escaped_chars(ranges: Ranges) -> Node:
    found = _both(ranges, ESCAPED)
    if not found:
        return Chars(ranges)
    rest = _both(ranges, complement(ESCAPED))
    escapes = [Str(escape(code)) for low, high in found for code in range(low, high + 1)]
    return alt([*([Chars(rest)] if rest else []), *escapes])


_ANY_ESCAPED_CHAR = _escaped_chars(ANY_TEXT.body.ranges)  # type: ignore[attr-defined]
ANY_ESCAPED = repeat(_ANY_ESCAPED_CHAR)
"""What may stand between quotes."""


def escaped(node: Node) -> Node:
    """The texts of a regular node, as they stand between quotes."""
    if node is ANY_TEXT:
        return ANY_ESCAPED
    if isinstance(node, Chars):
        return _escaped_chars(node.ranges)
    if isinstance(node, Str):
        return literal(quoted_literal(node.text)[1:-1])
    if isinstance(node, Seq):
        return seq(*map(escaped, node.parts))
    if isinstance(node, Alt):
        return alt(map(escaped, node.options))
    if isinstance(node, Repeat):
        return repeat(escaped(node.body), node.min, node.max)
    if isinstance(node, And):
        return And(tuple(map(escaped, node.parts)))
    if isinstance(node, Not):
        return And((ANY_ESCAPED, Not(escaped(node.body))))
    if isinstance(node, Substrings):
        return And((Substrings(quoted_literal(node.source)[1:-1]), ANY_ESCAPED))
    if isinstance(node, Text) and node.encoding == "raw":
        return And((escaped(node.body), repeat(_ANY_ESCAPED_CHAR, node.min_length, node.max_length)))
    raise TypeError(f"not a regular node: {node!r}")


def _may_hold(node: Node, ranges: Ranges) -> bool:
    """Whether a text of the node could hold one of the characters; True where that is not plain to see."""
    if isinstance(node, Chars):
        return _share(node, ranges)
    if isinstance(node, Str | Substrings):
        text = node.text if isinstance(node, Str) else node.source
        return any(low <= ord(one) <= high for one in text for low, high in ranges)
    if isinstance(node, Seq | Alt):
        return any(_may_hold(part, ranges) for part in (node.parts if isinstance(node, Seq) else node.options))
    if isinstance(node, And):
        return all(_may_hold(part, ranges) for part in node.parts)
    if isinstance(node, Repeat | Text):
        return _may_hold(node.body, ranges)
    return True


# --- spellings --------------------------------------------------------------------------------------------------------

_WITHOUT_YAML_ONLY = repeat(Chars(complement(YAML_ONLY)))
_WITHOUT_SINGLE = repeat(Chars(_both(PRINTABLE, complement(((0x27, 0x27),)))))
_BASIC = repeat(Chars(((0, 0xD7FF), (0xE000, 0xFFFF))))
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


def flow(text: Text) -> Node:
    """The spellings of a text on one line."""
    return _kept(text.body, text.min_length, text.max_length, lambda: _flow(text))


def _flow(text: Text) -> Node:
    body, least, most = text.body, text.min_length, text.max_length
    known = listed(body)
    if known is not None:
        return choices([literal(spelled(one)) for one in known
                        if len(one) >= least and (most is None or len(one) <= most)])
    if body is ANY_TEXT:
        return alt((Text(PLAIN, "raw", least, most), *_quoted(text), *_single_quoted(text)))
    plain = And((body, PLAIN))  # of dates, say, there is none
    found = [] if text_language(plain, least, most, Limits()) is None else [Text(plain, "raw", least, most)]
    return alt((*found, *_quoted(text), *_single_quoted(text)))


def _quoted(text: Text) -> list[Node]:
    body, least, most = text.body, text.min_length, text.max_length
    if most is None and least <= _IN_STATES:
        bounded = escaped(body) if least == 0 else repeat(_ANY_ESCAPED_CHAR, least) if body is ANY_TEXT else \
            And((escaped(body), repeat(_ANY_ESCAPED_CHAR, least)))
        return [Text(seq(QUOTE, bounded, QUOTE))]
    if not _may_hold(body, YAML_ONLY):
        return [Text(body, "json_necessary", least, most)]
    is_any = body is ANY_TEXT
    found: list[Node] = [
        Text(_WITHOUT_YAML_ONLY if is_any else And((body, _WITHOUT_YAML_ONLY)), "json_necessary", least, most),
        Text(_BASIC if is_any else And((body, _BASIC)), "json_necessary_ascii", least, most)]
    if is_any and most != 0:
        more = repeat(Text(_ANY_ESCAPED_CHAR), max(0, least - 1), None if most is None else most - 1)
        found.append(seq(QUOTE, _first_in_full(), more, QUOTE))
    return found


def _single_quoted(text: Text) -> list[Node]:
    """The texts of printable characters but the single quote, between two of them."""
    body = _WITHOUT_SINGLE if text.body is ANY_TEXT else And((text.body, _WITHOUT_SINGLE))
    if text_language(body, text.min_length, text.max_length, Limits()) is None:
        return []
    return [seq(Str("'"), Text(body, "raw", text.min_length, text.max_length), Str("'"))]


@lru_cache(1)
def _first_in_full() -> Node:
    r"""Any character as ``\U`` and eight small digits."""
    def digits(first: int, last: int) -> Chars:
        return Chars(union((ord(f"{one:x}"), ord(f"{one:x}")) for one in range(first, last + 1)))

    any_digit = digits(0, 15)
    basic = alt((seq(digits(0, 12), repeat(any_digit, 3, 3)), seq(Str("d"), digits(0, 7), repeat(any_digit, 2, 2)),
                 seq(digits(14, 15), repeat(any_digit, 3, 3))))
    return seq(Str("\\U00"), alt((seq(Str("00"), basic), seq(alt((seq(Str("0"), digits(1, 15)), Str("10"))),
                                                             repeat(any_digit, 4, 4)))))


def canonical(text: Text) -> Node:
    """The language of a text, each decoded text in its one spelling: see ``spelled``."""
    return _kept(text.body, ~text.min_length, text.max_length, lambda: _canonical(with_length(text)))


def _canonical(body: Node) -> Node:
    known = listed(body)
    if known is not None:
        return alt(literal(spelled(one)) for one in known)
    is_any = body is ANY_TEXT
    quoted = seq(QUOTE, escaped(Not(PLAIN) if is_any else And((body, Not(PLAIN)))), QUOTE)
    return alt((PLAIN if is_any else And((body, PLAIN)), quoted))


def with_length(text: Text) -> Node:
    """The language of a text with its bounds folded in."""
    if text.min_length == 0 and text.max_length is None:
        return text.body
    return And((text.body, Repeat(ANY_TEXT.body, text.min_length, text.max_length)))


def listed(node: Node) -> list[str] | None:
    """The texts of a node that lists them; None where it does not."""
    if isinstance(node, Str):
        return [node.text]
    if isinstance(node, Seq) and not node.parts:
        return [""]
    if not isinstance(node, Alt):
        return None
    found: list[str] = []
    for option in node.options:
        inner = listed(option)
        if inner is None:
            return None
        found += inner
    return found


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
        low <= ord(one) <= high for one in text if one not in "\t\n" for low, high in UNPRINTABLE)
