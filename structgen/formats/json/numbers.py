"""Numbers as JSON spells them: ranges, multiples and finite sets as grammar nodes.

The profile of spellings. A number is ``-?(0|[1-9][0-9]*)(\\.[0-9]+)?``, so ``1``, ``1.0`` and ``1.00`` are spellings of
one value, and ``-0`` spells zero. An exponent (``[eE][+-]?`` and at most 307, so that a double holds it) may follow where
nothing constrains the value: no bound, no multipleOf, no enum. An integer may be written with a fraction of zeros, and
with an exponent that is not negative. With ``exponents=False`` there are no exponents and integers have no fraction.
The *canonical* spelling, for unique items, gives each value one text: no exponent, no trailing zeros, no ``-0``.

A range is built digit by digit: an alternative per digit position, so a bound of a hundred digits is a hundred times
larger, never an enumeration. Everything is exact; values are ``int`` or ``Decimal``.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from math import ceil, floor
from typing import NamedTuple

from structgen.grammar.build import EMPTY, NEVER, alt, literal, optional, repeat, seq
from structgen.grammar.nodes import And, Chars, Node, Not, Str, Text
from structgen.schema.merge import number_belongs
from structgen.schema.nodes import FRACTION, INTEGER, Number, NumberFacet
from structgen.schema.numbers import scaled


class Spelling(NamedTuple):
    """Which spellings of a number are offered."""

    exponents: bool = True
    canonical: bool = False
    plain_integers: bool = False
    """Integers without a fraction of zeros, as in draft 4, where ``1.0`` is no integer."""


DIGIT = Chars(((0x30, 0x39),))
NONZERO = Chars(((0x31, 0x39),))
DIGITS = repeat(DIGIT)
MINUS, POINT = Str("-"), Str(".")
WHOLE = alt((Str("0"), seq(NONZERO, DIGITS)))
"""A non-negative integer without leading zeros."""
FRACTION_ANY = optional(seq(POINT, repeat(DIGIT, 1)))
FRACTION_ZERO = optional(seq(POINT, repeat(Str("0"), 1)))
FRACTION_CANONICAL = seq(POINT, DIGITS, NONZERO)
SCALE = seq(repeat(Str("0"), 0, 2), alt((DIGIT, seq(NONZERO, DIGIT), seq(Chars(((0x31, 0x32),)), DIGIT, DIGIT),
                                         seq(Str("30"), Chars(((0x30, 0x37),))))))
EXPONENT = seq(Chars(((0x45, 0x45), (0x65, 0x65))), optional(Chars(((0x2B, 0x2B), (0x2D, 0x2D)))), SCALE)
EXPONENT_UP = seq(Chars(((0x45, 0x45), (0x65, 0x65))), optional(Str("+")), SCALE)
SUFFIX_DIGITS = 4
"""A step that divides 10**4 is tested on the last digits, which is at most 10,000 endings."""
MAX_VALUES = 2000
"""Multiples in a bounded range that are listed one by one."""


@lru_cache(4096)
def number_node(facet: NumberFacet, spelling: Spelling) -> Node | None:
    """The texts of the numbers of a facet; None where a multipleOf has no form."""
    if facet.values is not None:
        return Text(alt(spelled(value, spelling) for value in facet.values))
    multiples = tuple(step for step in facet.multiples if not (step == 1 and facet.kinds == INTEGER))
    kinds = facet.kinds
    if any(isinstance(step, int) for step in multiples):
        kinds &= INTEGER
    if not kinds:
        return NEVER
    steps: list[Node] = []
    for step in multiples:
        node = multiple_node(step)
        if node is None:
            values = listed(facet, kinds, multiples)
            return None if values is None else Text(alt(spelled(value, spelling) for value in values)) if values else NEVER
        steps.append(node)
    free = facet.low is None and facet.high is None and not steps and not facet.excluded
    if free:
        return Text(free_number(kinds, spelling))
    parts = [in_range(facet, kinds, spelling), *steps]
    if facet.excluded:
        parts.append(Not(alt(spelled(value, Spelling()) for value in facet.excluded)))
    if parts[0] is NEVER:
        return NEVER
    return Text(parts[0] if len(parts) == 1 else And(tuple(parts)))


def free_number(kinds: int, spelling: Spelling) -> Node:
    """Numbers that nothing constrains but their kind."""
    if spelling.canonical:
        whole = alt((Str("0"), seq(optional(MINUS), NONZERO, DIGITS)))
        broken = seq(optional(MINUS), WHOLE, FRACTION_CANONICAL)
        return alt([whole] * bool(kinds & INTEGER) + [broken] * bool(kinds & FRACTION))
    if kinds == FRACTION:
        return seq(optional(MINUS), WHOLE, POINT, DIGITS, NONZERO, repeat(Str("0")))
    if kinds == INTEGER:
        if spelling.plain_integers or not spelling.exponents:
            return seq(optional(MINUS), WHOLE)
        return seq(optional(MINUS), WHOLE, FRACTION_ZERO, optional(EXPONENT_UP))
    return seq(optional(MINUS), WHOLE, FRACTION_ANY, optional(EXPONENT) if spelling.exponents else EMPTY)


def spelled(value: Number, spelling: Spelling) -> Node:
    """Every spelling of one value."""
    digits, places = scaled(value)
    text = str(abs(digits)).rjust(places + 1, "0")
    whole, fraction = (text[:-places], text[-places:]) if places else (text, "")
    sign: Node = MINUS if digits < 0 else EMPTY
    if digits == 0 and not spelling.canonical:
        sign = optional(MINUS)
    if spelling.canonical:
        return seq(sign, literal(f"{whole}.{fraction}" if fraction else whole))
    if fraction:
        return seq(sign, literal(f"{whole}.{fraction}"), repeat(Str("0")))
    zeros = EMPTY if spelling.plain_integers or not spelling.exponents else FRACTION_ZERO
    return seq(sign, literal(whole), zeros)


# --- ranges -----------------------------------------------------------------------------------------------------------

class Bound(NamedTuple):
    """A non-negative bound as its digits; the last digit of the fraction is not zero."""

    whole: str
    fraction: str
    is_open: bool


def in_range(facet: NumberFacet, kinds: int, spelling: Spelling) -> Node:
    """Plain decimals between the bounds of the facet."""
    low, high = facet.low, facet.high
    options: list[Node] = []
    if low is None or low < 0:
        # mirrored: -x with x between 0 (or -high) and -low
        mirrored_low = _bound(0, spelling.canonical) if high is None or high >= 0 else _bound(-high, facet.high_open)
        if high == 0 and facet.high_open:
            mirrored_low = _bound(0, True)
        mirrored_high = None if low is None else _bound(-low, facet.low_open)
        options.append(seq(MINUS, _positive(mirrored_low, mirrored_high, kinds, spelling)))
    elif low == 0 and not facet.low_open and not spelling.canonical:
        options.append(seq(MINUS, _positive(_bound(0, False), _bound(0, False), kinds, spelling)))
    if high is None or high > 0 or (high == 0 and not facet.high_open):
        lower = _bound(0, False) if low is None or low < 0 else _bound(low, facet.low_open)
        options.append(_positive(lower, None if high is None else _bound(high, facet.high_open), kinds, spelling))
    return alt(option for option in options if option is not NEVER)


def _bound(value: Number, is_open: bool) -> Bound:
    digits, places = scaled(value)
    text = str(abs(digits)).rjust(places + 1, "0")
    return Bound(text[:-places], text[-places:], is_open) if places else Bound(text, "", is_open)


def _positive(low: Bound, high: Bound | None, kinds: int, spelling: Spelling) -> Node:
    """Non-negative plain decimals between two bounds."""
    if kinds == INTEGER:
        first = int(low.whole) + (1 if low.fraction or low.is_open else 0)
        last = None if high is None else int(high.whole) - (1 if high.is_open and not high.fraction else 0)
        bare = spelling.canonical or spelling.plain_integers or not spelling.exponents
        return seq(whole_range(first, last), EMPTY if bare else FRACTION_ZERO)
    free = _fraction_range("", False, None, False, kinds, spelling)
    if high is None:
        return alt(node for node in (
            seq(literal(low.whole), _fraction_range(low.fraction, low.is_open, None, False, kinds, spelling)),
            seq(whole_range(int(low.whole) + 1, None), free)) if node is not NEVER)
    if low.whole == high.whole:
        return seq(literal(low.whole), _fraction_range(low.fraction, low.is_open, high.fraction, high.is_open, kinds,
                                                       spelling))
    return alt(node for node in (
        seq(literal(low.whole), _fraction_range(low.fraction, low.is_open, None, False, kinds, spelling)),
        seq(whole_range(int(low.whole) + 1, int(high.whole) - 1), free),
        seq(literal(high.whole), _fraction_range("", False, high.fraction, high.is_open, kinds, spelling)),
    ) if node is not NEVER)


def whole_range(low: int, high: int | None) -> Node:
    """Integers without leading zeros from ``low`` (at least 0) to ``high``."""
    if high is None:
        if low == 0:
            return WHOLE
        text = str(low)
        longer = seq(NONZERO, repeat(DIGIT, len(text)))
        return alt((_same_length(text, "9" * len(text)), longer))
    if low > high:
        return NEVER
    first, last = str(low), str(high)
    if len(first) == len(last):
        return _same_length(first, last)
    options = [_same_length(first, "9" * len(first))]
    if len(last) - len(first) > 1:
        options.append(seq(NONZERO, repeat(DIGIT, len(first), len(last) - 2)))
    options.append(_same_length("1" + "0" * (len(last) - 1), last))
    return alt(options)


def _same_length(low: str, high: str) -> Node:
    """Digit strings of one length between two of that length."""
    above: Node = EMPTY  # what may follow where the text so far equals the low bound; likewise below and between
    below: Node = EMPTY
    between: Node = EMPTY
    shared = next((i for i, (a, b) in enumerate(zip(low, high, strict=True)) if a != b), len(low))
    for i in range(len(low) - 1, shared - 1, -1):
        left = repeat(DIGIT, len(low) - 1 - i, len(low) - 1 - i)
        if i == shared:
            between = alt(node for node in (seq(Str(low[i]), above), _digits_between(low[i], high[i], left),
                                            seq(Str(high[i]), below)) if node is not NEVER)
        above = alt(node for node in (seq(Str(low[i]), above), _digits_between(low[i], ":", left)) if node is not NEVER)
        below = alt(node for node in (_digits_between("/", high[i], left), seq(Str(high[i]), below))
                    if node is not NEVER)
    return seq(literal(low[:shared]), between)


def _digits_between(low: str, high: str, tail: Node) -> Node:
    """A digit strictly between two characters, then the tail."""
    first, last = ord(low) + 1, ord(high) - 1
    return seq(Chars(((first, last),)), tail) if first <= last else NEVER


def _fraction_range(low: str, low_open: bool, high: str | None, high_open: bool, kinds: int, spelling: Spelling) -> Node:
    """What may follow the whole part: fractions from ``low`` to ``high`` (None: below 1)."""
    parts: list[Node] = []
    if low or low_open:
        parts.append(_fraction_above(low, low_open))
    if high is not None:
        parts.append(_fraction_below(high, high_open))
    if kinds == FRACTION:
        parts.append(seq(POINT, DIGITS, NONZERO, DIGITS))
    if spelling.canonical:
        parts.append(optional(FRACTION_CANONICAL))
    if any(part is NEVER for part in parts):
        return NEVER
    if not parts:
        return FRACTION_ANY
    return parts[0] if len(parts) == 1 else And(tuple(parts))


def _fraction_above(low: str, is_open: bool) -> Node:
    """Fractions (``.`` and digits, or nothing for zero) that are at least ``low``, or above it."""
    tail: Node = seq(DIGITS, NONZERO, DIGITS) if is_open else DIGITS
    if not low:
        return seq(POINT, tail) if is_open else FRACTION_ANY
    for digit in reversed(low):
        tail = alt(node for node in (seq(Str(digit), tail), _digits_between(digit, ":", DIGITS)) if node is not NEVER)
    return seq(POINT, tail)


def _fraction_below(high: str, is_open: bool) -> Node:
    """Fractions that are at most ``high``, or below it."""
    if not high:
        return NEVER if is_open else FRACTION_ZERO
    tail: Node = NEVER if is_open else repeat(Str("0"))
    for i in range(len(high) - 1, -1, -1):
        options = [_digits_between("/", high[i], DIGITS), seq(Str(high[i]), tail)]
        if i > 0:
            options.append(EMPTY)  # the text may end here: the rest of the bound is greater than nothing
        tail = alt(node for node in options if node is not NEVER)
    return alt((EMPTY, seq(POINT, tail)))


# --- multiples --------------------------------------------------------------------------------------------------------

@lru_cache(256)
def multiple_node(step: Number) -> Node | None:
    """Plain decimals that are multiples of ``step``, if the last digits decide that; else None."""
    digits, places = scaled(step)
    length = next((k for k in range(SUFFIX_DIGITS + 1) if 10**k % digits == 0), None)
    if length is None:
        return None
    if places >= length:  # the whole part is free, the fraction ends on one of the endings
        return seq(optional(MINUS), WHOLE, _fraction_endings(digits, places, length))
    endings = _whole_endings(digits, length - places, places)
    return seq(optional(MINUS), endings)


def _fraction_endings(step: int, places: int, length: int) -> Node:
    """Fractions of at most ``places`` significant digits whose last ``length`` digits are a multiple of ``step``."""
    endings = [str(value).rjust(length, "0") if length else "" for value in range(0, 10**length, step)]
    options: list[Node] = [EMPTY]
    free = places - length
    zeros = repeat(Str("0"))
    if free:
        options.append(seq(POINT, repeat(DIGIT, 1, free), zeros))
    for ending in endings:
        stripped = ending.rstrip("0")
        if stripped or not free:
            options.append(seq(POINT, repeat(DIGIT, free, free), literal(stripped), zeros if stripped else
                               repeat(Str("0"), 1)))
    return alt(options)


def _whole_endings(step: int, length: int, places: int) -> Node:
    """Decimals whose last ``length`` whole digits and first ``places`` fraction digits are a multiple of ``step``."""
    options: list[Node] = []
    zeros = repeat(Str("0"))
    for value in range(0, 10 ** (length + places), step):
        text = str(value).rjust(length + places, "0")
        whole, fraction = text[:length], text[length:].rstrip("0")
        tail = optional(seq(POINT, repeat(Str("0"), 1))) if not fraction else seq(POINT, literal(fraction), zeros)
        options.append(seq(NONZERO, DIGITS, literal(whole), tail))
        options.append(seq(literal(str(int(whole))), tail))
    return alt(options)


def listed(facet: NumberFacet, kinds: int, multiples: Iterable[Number]) -> list[Number] | None:
    """The values of a bounded facet with integer steps, if they are few."""
    steps = [step for step in multiples if isinstance(step, int)]
    if kinds != INTEGER or not steps or facet.low is None or facet.high is None:
        return None
    step = max(steps)
    low = -(-ceil(facet.low) // step) * step
    high = floor(facet.high)
    if (high - low) // step > MAX_VALUES:
        return None
    return [value for value in range(low, high + 1, step) if number_belongs(value, facet)]
