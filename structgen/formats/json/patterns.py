"""The format ``regex``: texts that are ECMA-262 patterns, as a regular language.

Groups nest, which no regular language does without a bound, and some rules look far back (names of groups, order of a
range's ends); so this is narrower than ECMA-262, and every text of it is one of its patterns:

* groups nest at most ``MAX_NESTING`` deep; at most one is named, at the outermost level; no back-references;
* quantifiers count to 999; two bounds of as many digits, if more than one, differ in the first;
* a lookbehind stands at the outermost level and holds no groups;
* the ends of a range are two digits, two small or two capital letters, or the first is a blank or ``!``; a class escape
  or ``\\uHHHH`` is no end of one;
* a backslash stands in front of what ECMA-262 gives a meaning, or of a character that is no letter and no digit.
"""

from __future__ import annotations

from structgen.grammar.build import alt, optional, repeat, seq
from structgen.grammar.nodes import Chars, Node, Str

MAX_NESTING = 3
DIGIT, NONZERO = Chars(((0x30, 0x39),)), Chars(((0x31, 0x39),))
HEX = Chars(((0x30, 0x39), (0x41, 0x46), (0x61, 0x66)))
LETTER = Chars(((0x41, 0x5A), (0x61, 0x7A)))
SURROGATES = ((0xD800, 0xDFFF),)
PROPERTIES = (*"LMNPSZC", "Ll", "Lu", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "No", "Pc", "Pd", "Ps", "Pe", "Pi",
              "Pf", "Po", "Sm", "Sc", "Sk", "So", "Zs", "Zl", "Zp", "Cc", "Cf", "Co", "Letter", "Number", "Punctuation",
              "Alphabetic", "Lowercase", "Uppercase", "White_Space", "ASCII", "Any", "Script=Latin", "Script=Greek",
              "Script=Cyrillic", "Script=Han")


def _but(characters: str, extra: tuple[tuple[int, int], ...] = ()) -> Chars:
    """Any character but these and those of the ranges."""
    out = sorted([*((ord(c), ord(c)) for c in characters), *extra, *SURROGATES])
    kept, low = [], 0
    for first, last in out:
        if low < first:
            kept.append((low, first - 1))
        low = max(low, last + 1)
    return Chars((*kept, (low, 0x10FFFF)))


def _one_of(characters: str) -> Chars:
    return Chars(tuple((ord(c), ord(c)) for c in sorted(characters)))


def regex() -> Node:
    """The patterns."""
    plain = _but("^$\\.*+?()[]{}|")
    atoms = alt([plain, Str("."), seq(Str("\\"), _escape()), _class()])
    quantifier = _quantifier()
    flat = _terms(atoms, quantifier)
    behind = seq(Str("(?<"), _one_of("=!"), flat, Str(")"))
    inner = flat
    for _ in range(MAX_NESTING - 1):
        inner = _terms(alt([atoms, _group(inner)]), quantifier)
    outer = alt([atoms, _group(inner)])
    terms = _terms(outer, quantifier, behind)
    return alt([terms, seq(terms, _named(inner, quantifier), _terms(outer, quantifier, behind))])


def _terms(atom: Node, quantifier: Node, *assertions: Node) -> Node:
    """Alternatives of terms."""
    term = alt([Str("^"), Str("$"), Str("\\b"), Str("\\B"), seq(atom, optional(quantifier)), *assertions])
    return repeat(alt([term, Str("|")]))


def _group(inner: Node) -> Node:
    """A group or a lookahead; both may be repeated in patterns without the flag u."""
    return seq(Str("("), optional(seq(Str("?"), _one_of(":=!"))), inner, Str(")"))


def _named(inner: Node, quantifier: Node) -> Node:
    """A group with a name."""
    name = seq(alt([LETTER, _one_of("_$")]), repeat(alt([LETTER, DIGIT, _one_of("_$")])))
    return seq(Str("(?<"), name, Str(">"), inner, Str(")"), optional(quantifier))


def _quantifier() -> Node:
    """``* + ?`` and counts, the least not above the greatest; each may be lazy."""
    number = alt([Str("0"), seq(NONZERO, repeat(DIGIT, 0, 2))])
    options: list[Node] = [seq(number, optional(Str(",")))]
    options += [seq(DIGIT, Str(","), NONZERO, repeat(DIGIT, 1, 2)), seq(NONZERO, DIGIT, Str(","), NONZERO, DIGIT, DIGIT)]
    options += [_ordered(size) for size in (1, 2, 3)]
    braces = seq(Str("{"), alt(options), Str("}"))
    return seq(alt([_one_of("*+?"), braces]), optional(Str("?")))


def _ordered(size: int) -> Node:
    """Two numbers of as many digits, the first digit of the second greater, or (of one digit) not smaller."""
    rest = repeat(DIGIT, size - 1, size - 1)
    more = 0 if size == 1 else 1
    return alt([seq(Str(str(first)), rest, Str(","), Chars(((0x30 + first + more, 0x39),)), rest)
                for first in range(more, 10 - more)])


def _escape() -> Node:
    """What may stand behind a backslash, outside a class and inside."""
    properties = seq(_one_of("pP"), Str("{"), alt([Str(name) for name in PROPERTIES]), Str("}"))
    four = repeat(HEX, 4, 4)
    points = seq(Str("u{"), repeat(Str("0"), 0, 2), alt([repeat(HEX, 1, 5), seq(Str("10"), four)]), Str("}"))
    marks = _one_of("".join(chr(c) for c in range(0x20, 0x7F) if not chr(c).isalnum() and c != 0x5F))
    return alt([_one_of("dDsSwWfnrtv"), seq(Str("c"), LETTER), seq(Str("x"), HEX, HEX), seq(Str("u"), four), points,
                properties, marks])


def _class() -> Node:
    """A bracketed class; a hyphen that is no range stands at its beginning or at its end."""
    single = alt([_but("\\]-"), seq(Str("\\"), alt([_escape(), _one_of("b-")]))])
    ranges: list[Node] = []
    for first, last in (("0", "9"), ("A", "Z"), ("a", "z")):
        ranges += [seq(Str(chr(c)), Str("-"), Chars(((c, ord(last)),))) for c in range(ord(first), ord(last) + 1)]
    ranges.append(seq(_one_of(" !"), Str("-"), Chars(((0x21, 0x5B), (0x5E, 0x7E)))))
    ranges.append(seq(Str("\\x"), alt([seq(Str("0"), HEX), seq(Str("1"), HEX)]), Str("-\\x"), Chars(((0x32, 0x39),)), HEX))
    body = repeat(alt([single, *ranges]))
    hyphen = optional(Str("-"))
    return seq(Str("["), optional(Str("^")), hyphen, body, hyphen, Str("]"))
