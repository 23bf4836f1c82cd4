"""Plain scalars: the texts that may stand without quotes, because every reader takes them for the same string.

Out: ``PLAIN``, a regular node. A text belongs to it if it is one line of characters that YAML may print, begins with none
of YAML's indicators, holds neither ``": "`` nor ``" #"``, and is nothing but a string to the resolvers of YAML 1.1
(yaml.org/type: numbers with ``_`` and ``:``, ``yes`` and ``on``, dates, ``=``, ``<<``), of the core schema of YAML 1.2
(section 10.3: ``1e3``, ``0o17``), of PyYAML and of ruamel.yaml. Where these differ, more is left out than any of them asks
for: every text that looks like a number or a date, and every spelling of the words, in any case.
"""

from __future__ import annotations

from functools import lru_cache

from structgen.automaton.dfa import Dfa, compile_language
from structgen.grammar.build import alt, literal, optional, repeat, seq
from structgen.grammar.nodes import And, Chars, Node, Not, Str
from structgen.grammar.unicode import Ranges, complement, union
from structgen.limits import Limits

UNPRINTABLE: Ranges = union([(0x00, 0x1F), (0x7F, 0x9F), (0x2028, 0x2029), (0xFEFF, 0xFEFF), (0xFFFE, 0xFFFF)])
"""What never stands for itself: what YAML forbids, its line ends, and the byte order mark (YAML 1.2, section 5)."""


def _without(ranges: Ranges, characters: str) -> Ranges:
    banned = union((ord(one), ord(one)) for one in characters)
    return complement(union((*complement(ranges), *banned)))


def _digits(characters: str) -> Chars:
    return Chars(union((ord(one), ord(one)) for one in characters))


PRINTABLE: Ranges = complement(UNPRINTABLE)
_SPACE, _COLON, _HASH = Str(" "), Str(":"), Str("#")
_INNER = Chars(_without(PRINTABLE, " :#"))
_FIRST = Chars(_without(PRINTABLE, " -?:,[]{}#&*!|>'\"%@`."))
_LETTER = Chars(((0x41, 0x5A), (0x61, 0x7A)))
_REST = repeat(alt((_INNER, _HASH, seq(repeat(_COLON, 1), alt((_INNER, _HASH))))))
"""What may follow a word's first character: no colon ends a word, since a space or the end comes behind it."""
_WORD = alt((seq(_INNER, _REST), seq(repeat(_COLON, 1), alt((_INNER, _HASH)), _REST)))
_FIRST_WORD = seq(alt((_FIRST, seq(alt((_digits("-."), Str("--"))), _LETTER))), _REST)
_SHAPE = seq(_FIRST_WORD, repeat(seq(repeat(_SPACE, 1), _WORD)))

_NUMERALS = repeat(_digits("0123456789_"))
_NUMBER = alt((
    seq(optional(Str("+")), alt((_digits("0123456789_"), Str("."))), _NUMERALS, repeat(seq(_COLON, _NUMERALS)),
        optional(seq(Str("."), _NUMERALS)), optional(seq(_digits("eE"), optional(_digits("+-")), _NUMERALS))),
    seq(optional(Str("+")), Str("0"), _digits("xXoObB"), repeat(_digits("0123456789abcdefABCDEF_")))))
_DIGIT = _digits("0123456789")
_DATE = seq(repeat(_DIGIT, 4, 4), Str("-"), repeat(_DIGIT, 1, 2), Str("-"), repeat(_DIGIT, 1, 2),
            optional(seq(_digits("Tt "), repeat(Chars(PRINTABLE)))))
_WORDS = ("true", "false", "yes", "no", "on", "off", "y", "n", "null", ".nan", ".inf", "+.inf")


def _any_case(word: str) -> Node:
    return seq(*(_digits(one.lower() + one.upper()) if one.isalpha() else literal(one) for one in word))


_RESERVED = alt((_NUMBER, _DATE, Str("="), Str("<<"), Str("~"), *map(_any_case, _WORDS)))
PLAIN: Node = And((_SHAPE, Not(_RESERVED)))
"""The texts that may stand without quotes."""


@lru_cache(1)
def _automaton() -> Dfa:
    found = compile_language(PLAIN, Limits())
    assert found is not None
    return found


def is_plain(text: str) -> bool:
    """Whether a text may stand without quotes."""
    return _automaton().accepts(text)
