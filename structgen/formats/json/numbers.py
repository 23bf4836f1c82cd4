"""Numbers as JSON spells them: ranges, multiples and finite sets as grammar nodes.

The profile of spellings. A number is ``-?(0|[1-9][0-9]*)(\\.[0-9]+)?``, so ``1``, ``1.0`` and ``1.00`` are spellings of
one value, and ``-0`` spells zero. An exponent (``[eE][+-]?`` and at most 307, or 308 behind a mantissa of 1 that a double
holds) may follow where nothing constrains the value; between bounds a number may have one behind a mantissa of one whole
digit, ``1`` to ``9``; beside multipleOf, enum, const or not there is none. An integer may be written with a fraction of
zeros and, without bounds, with an exponent that is not negative. With ``exponents=False`` there are no exponents and
integers have no fraction.
The *canonical* spelling, for unique items, gives each value one text: no exponent, no trailing zeros, no ``-0``.

A range is built digit by digit, by halves: a bound of a thousand digits makes ten thousand nodes. Everything is exact;
values are ``int`` or ``Decimal``.
"""

from __future__ import annotations

from decimal import Decimal
from functools import cache, lru_cache
from math import gcd
from typing import NamedTuple

from structgen.formats.json.steps import joined, listed
from structgen.grammar.build import EMPTY, NEVER, alt, literal, optional, repeat, seq
from structgen.grammar.nodes import And, Chars, Node, Not, Str, Text
from structgen.schema.nodes import FRACTION, INTEGER, NUMBER, Number, NumberFacet
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
NO_PLAIN_INTEGER = seq(optional(MINUS), WHOLE, alt((seq(POINT, repeat(DIGIT, 1), optional(EXPONENT)), EXPONENT)))
"""What is no integer in draft 4: any number that is not written as one."""
MAX_SCALE = 307
"""The greatest exponent that any digits may have: ten times ten to it is a finite double."""
TOP_EXPONENT = seq(Chars(((0x45, 0x45), (0x65, 0x65))), optional(Str("+")), repeat(Str("0"), 0, 2), Str("308"))
SUFFIX_DIGITS = 6
"""A step that divides 10**6 is tested on the last six digits."""


@lru_cache(4096)
def number_node(facet: NumberFacet, spelling: Spelling) -> Node | None:
    """The texts of the numbers of a facet; None where a multipleOf has no form."""
    if facet.values is not None:
        if facet.kinds != INTEGER:
            spelling = spelling._replace(plain_integers=False)
        spellings = alt(spelled(value, spelling) for value in facet.values)
        return Text(And((spellings, NO_PLAIN_INTEGER)) if facet.by_spelling and facet.kinds == FRACTION else spellings)
    if spelling.plain_integers and facet.kinds == FRACTION:
        number = number_node(facet._replace(kinds=NUMBER), spelling)
        return Text(And((number.body, NO_PLAIN_INTEGER))) if isinstance(number, Text) else number
    if spelling.plain_integers and facet.kinds == NUMBER:
        spelling = spelling._replace(plain_integers=False)
    whole = joined(facet)
    if whole is None:
        return NEVER
    facet, kinds = whole, whole.kinds
    steps: list[Node] = []
    for step in (*facet.multiples, *facet.no_multiples):
        node = multiple_node(step)
        if node is None:
            values = listed(facet)
            return None if values is None else Text(alt(spelled(value, spelling) for value in values)) if values else NEVER
        steps.append(node if len(steps) < len(facet.multiples) else Not(node))
    free = facet.low is None and facet.high is None and not steps and not facet.excluded
    if free:
        return Text(free_number(kinds, spelling))
    bare = None
    if kinds == INTEGER:
        bare = spelling.canonical or spelling.plain_integers or not spelling.exponents
    plain = in_range(facet, bare)
    if kinds == NUMBER and spelling.exponents and not spelling.canonical and not steps and not facet.excluded:
        either = alt(node for node in (plain, scientific(facet)) if node is not NEVER)
        return NEVER if either is NEVER else Text(either)
    parts = [plain, *steps]
    if spelling.canonical or kinds == FRACTION:
        parts.append(free_number(kinds, spelling))
    if facet.excluded:
        parts.append(Not(alt(spelled(value, Spelling()) for value in facet.excluded)))
    if parts[0] is NEVER:
        return NEVER
    return Text(parts[0] if len(parts) == 1 else And(tuple(parts)))


def without_steps(facet: NumberFacet, spelling: Spelling) -> tuple[Node, int]:
    """What is left of a facet besides its steps, as plain decimals, and its kinds; for a facet whose steps have no form
    of their own."""
    if spelling.plain_integers and facet.kinds == FRACTION:
        number, kinds = without_steps(facet._replace(kinds=NUMBER), spelling)
        return (NEVER if number is NEVER else And((number, NO_PLAIN_INTEGER))), kinds
    if spelling.plain_integers and facet.kinds == NUMBER:
        spelling = spelling._replace(plain_integers=False)
    kinds = facet.kinds & INTEGER if any(isinstance(step, int) for step in facet.multiples) else facet.kinds
    bare = None
    if kinds == INTEGER:
        bare = spelling.canonical or spelling.plain_integers or not spelling.exponents
    parts: list[Node] = [in_range(facet, bare)] if kinds else [NEVER]
    if spelling.canonical or kinds == FRACTION:
        parts.append(free_number(kinds, spelling))
    if facet.excluded:
        parts.append(Not(alt(spelled(value, Spelling()) for value in facet.excluded)))
    return (NEVER if parts[0] is NEVER else And(tuple(parts))), kinds


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
        return seq(optional(MINUS), alt((seq(WHOLE, FRACTION_ZERO, optional(EXPONENT_UP)),
                                         seq(Str("1"), FRACTION_ZERO, TOP_EXPONENT))))
    if not spelling.exponents:
        return seq(optional(MINUS), WHOLE, FRACTION_ANY)
    return seq(optional(MINUS), alt((seq(WHOLE, FRACTION_ANY, optional(EXPONENT)), top_numbers())))


@cache
def top_numbers() -> Node:
    """Numbers from 1e308 to the greatest double."""
    return seq(_positive(Bound("1", "", False), TOP[0], None), TOP_EXPONENT)


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


TOP = (Bound("1", "7976931348623157", False), MAX_SCALE + 1)
"""The greatest double."""


def in_range(facet: NumberFacet, bare: bool | None) -> Node:
    """Plain decimals between the bounds of the facet, any of them or (``bare``) integers."""
    low, high = facet.low, facet.high
    options: list[Node] = []
    if low is None or low < 0:  # mirrored: -x with x between 0 (or -high) and -low
        least = _bound(0, high == 0 and facet.high_open) if high is None or high >= 0 else _bound(-high, facet.high_open)
        options.append(seq(MINUS, _positive(least, None if low is None else _bound(-low, facet.low_open), bare)))
    elif low == 0 and not facet.low_open:
        options.append(seq(MINUS, _positive(_bound(0, False), _bound(0, False), bare)))
    if high is None or high > 0 or (high == 0 and not facet.high_open):
        least = _bound(0, False) if low is None or low < 0 else _bound(low, facet.low_open)
        options.append(_positive(least, None if high is None else _bound(high, facet.high_open), bare))
    return alt(option for option in options if option is not NEVER)


def _bound(value: Number, is_open: bool) -> Bound:
    digits, places = scaled(value)
    text = str(abs(digits)).rjust(places + 1, "0")
    return Bound(text[:-places], text[-places:], is_open) if places else Bound(text, "", is_open)


def _positive(low: Bound, high: Bound | None, bare: bool | None) -> Node:
    """Non-negative plain decimals between two bounds; integers only where ``bare`` says whether they are without zeros."""
    if bare is not None:
        first = int(low.whole) + (1 if low.fraction or low.is_open else 0)
        last = None if high is None else int(high.whole) - (1 if high.is_open and not high.fraction else 0)
        return seq(whole_range(first, last), EMPTY if bare else FRACTION_ZERO)
    if high is not None and low.whole == high.whole:
        return seq(literal(low.whole), _fraction_range(low.fraction, low.is_open, high.fraction, high.is_open))
    options = [seq(literal(low.whole), _fraction_range(low.fraction, low.is_open, None, False)),
               seq(whole_range(int(low.whole) + 1, None if high is None else int(high.whole) - 1), FRACTION_ANY)]
    if high is not None:
        options.append(seq(literal(high.whole), _fraction_range("", False, high.fraction, high.is_open)))
    return alt(node for node in options if node is not NEVER)


def scientific(facet: NumberFacet) -> Node:
    """Numbers between the bounds with a mantissa from 1 to below 10 and an exponent; zero is not among them."""
    low, high = facet.low, facet.high
    options: list[Node] = []
    if low is None or low < 0:
        least = None if high is None or high >= 0 else _mantissa(-high, facet.high_open)
        options.append(seq(MINUS, _scaled_range(least, None if low is None else _mantissa(-low, facet.low_open))))
    if high is None or high > 0:
        least = None if low is None or low <= 0 else _mantissa(low, facet.low_open)
        options.append(_scaled_range(least, None if high is None else _mantissa(high, facet.high_open)))
    return alt(option for option in options if option is not NEVER)


def _mantissa(value: Number, is_open: bool) -> tuple[Bound, int]:
    """A positive bound as a mantissa from 1 to below 10 and an exponent."""
    digits, places = scaled(value)
    text = str(digits)
    return Bound(text[0], text[1:].rstrip("0"), is_open), len(text) - 1 - places


def _scaled_range(low: tuple[Bound, int] | None, high: tuple[Bound, int] | None) -> Node:
    """Positive numbers with an exponent: those between the exponents of the bounds, and those at them."""
    any_mantissa = seq(NONZERO, FRACTION_ANY)
    if high is None or _order(high) > _order(TOP):
        high = TOP
    if low is not None and _order(low) > _order(high):
        return NEVER
    if low is not None and high is not None and low[1] == high[1]:
        return seq(_mantissa_range(low[0], high[0]), exponents(low[1], low[1]))
    options = [seq(any_mantissa, exponents(-MAX_SCALE if low is None else low[1] + 1, high[1] - 1)),
               seq(_mantissa_range(Bound("1", "", False), high[0]), exponents(high[1], high[1]))]
    if low is not None:
        options.append(seq(_mantissa_range(low[0], None), exponents(low[1], low[1])))
    return alt(option for option in options if option is not NEVER)


def _order(number: tuple[Bound, int]) -> tuple[int, str, str]:
    """A key by which positive numbers compare."""
    return number[1], number[0].whole, number[0].fraction


def _mantissa_range(low: Bound, high: Bound | None) -> Node:
    """Mantissas from 1 to below 10 between two (None: no upper bound)."""
    if high is not None:
        return _positive(low, high, None)
    return alt(node for node in (
        seq(literal(low.whole), _fraction_range(low.fraction, low.is_open, None, False)),
        seq(whole_range(int(low.whole) + 1, 9), FRACTION_ANY)) if node is not NEVER)


def exponents(low: int, high: int) -> Node:
    """``e`` and an exponent between two, from -307 to 308, with up to two zeros in front."""
    low, high = max(low, -MAX_SCALE), min(high, MAX_SCALE + 1)
    zeros = repeat(Str("0"), 0, 2)
    options: list[Node] = []
    if low < 0:
        options.append(seq(MINUS, zeros, whole_range(max(1, -high), -low)))
    if high >= 0:
        options.append(seq(optional(Str("+")), zeros, whole_range(max(0, low), high)))
    return seq(Chars(((0x45, 0x45), (0x65, 0x65))), alt(option for option in options if option is not NEVER)) \
        if low <= high else NEVER


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
    size = len(low)
    split = next((i for i in range(size) if low[i] != high[i]), size)
    if split == size:
        return literal(low)
    left = size - 1 - split
    options = [literal(low), literal(high), _between(low[:split], low[split], high[split], repeat(DIGIT, left, left))]
    if left:
        options.append(seq(literal(low[:split + 1]), _leaving(low[split + 1:], ":", True)))
        options.append(seq(literal(high[:split + 1]), _leaving(high[split + 1:], "/", True)))
    return alt(node for node in options if node is not NEVER)


def _leaving(text: str, bound: str, is_filled: bool) -> Node:
    """Digit strings that agree with ``text`` and then have a digit between its own and ``bound``, exclusive.

    ``is_filled``: further digits follow, up to the length of the text. By halves, so that a text of n digits makes
    n log n nodes and they nest log n deep.
    """
    if len(text) == 1:
        return _between("", min(text, bound), max(text, bound), EMPTY)
    half = len(text) // 2
    first, second = text[:half], text[half:]
    filling = repeat(DIGIT, len(second), len(second)) if is_filled else EMPTY
    options = [(_leaving(first, bound, is_filled), filling), (literal(first), _leaving(second, bound, is_filled))]
    return alt(seq(*pair) for pair in options if NEVER not in pair)


def _beginnings(text: str) -> Node:
    """The beginnings of a text that are shorter than it, the empty one among them."""
    if len(text) == 1:
        return EMPTY
    half = len(text) // 2
    return alt((_beginnings(text[:half]), seq(literal(text[:half]), _beginnings(text[half:]))))


def _between(before: str, low: str, high: str, tail: Node) -> Node:
    """The text ``before``, a digit strictly between two characters, then the tail."""
    first, last = ord(low) + 1, ord(high) - 1
    return seq(literal(before), Chars(((first, last),)), tail) if first <= last else NEVER


def _fraction_range(low: str, low_open: bool, high: str | None, high_open: bool) -> Node:
    """What may follow the whole part: fractions (``.`` and digits, or nothing) from ``low`` to ``high``, None: below 1."""
    above = seq(DIGITS, NONZERO, DIGITS) if low_open else DIGITS  # behind the digits of the low bound
    zeros = repeat(Str("0"))
    options: list[Node] = []
    if high is None:
        if not low and not low_open:
            return FRACTION_ANY
        options = [_behind("", low, ":")]
        return seq(POINT, alt(node for node in (*options, seq(literal(low), above)) if node is not NEVER))
    split = -1  # the digit at which the bounds part; -1: the low bound is zero, no digit is shared
    if low or low_open:
        size = max(len(low), len(high))
        least, most = low.ljust(size, "0"), high.ljust(size, "0")
        split = next((i for i in range(size) if least[i] != most[i]), size)
        if split == size:
            return NEVER if low_open or high_open else seq(POINT, literal(low), zeros)
        options.append(_between(least[:split], least[split], most[split], DIGITS))
        options.append(seq(literal(least[:max(split + 1, len(low))]), above))
        options.append(_behind(low[:split + 1], low[split + 1:], ":"))
        if not low_open:  # the low bound itself, with no more zeros than the bounds share
            options += [literal(least[:i]) for i in range(len(low), split + 1)]
    options.append(_behind(high[:split + 1], high[split + 1:], "/"))
    first = max(split + 1, 1)
    if len(high) > first:
        options.append(seq(literal(high[:first]), _beginnings(high[first:])))
    if not high_open:
        options.append(seq(literal(high), zeros) if high else repeat(Str("0"), 1))
    fraction = seq(POINT, alt(node for node in options if node is not NEVER))
    if split >= 0 or (not high and high_open):
        return fraction
    return EMPTY if fraction is NEVER else alt((EMPTY, fraction))


def _behind(before: str, text: str, bound: str) -> Node:
    """``before``, then digits that leave ``text`` towards ``bound``, then any."""
    leaving = _leaving(text, bound, False) if text else NEVER
    return NEVER if leaving is NEVER else seq(literal(before), leaving, DIGITS)


# --- multiples --------------------------------------------------------------------------------------------------------

@lru_cache(256)
def multiple_node(step: Number) -> Node | None:
    """Plain decimals that are multiples of ``step``, if the last digits and the sum of all decide that; else None."""
    digits, places = scaled(step)
    if digits % 9 == 0:
        return None  # a sum that is a multiple of three says so of one three, not of two
    if digits % 3 == 0:
        rest = multiple_node(Decimal(digits // 3).scaleb(-places) if places else digits // 3)
        return None if rest is None else And((rest, sum_of_three()))
    if 10**SUFFIX_DIGITS % digits:
        return None
    return seq(optional(MINUS), alt(_of_size(digits, places, size) for size in range(places + 1)))


def _of_size(step: int, places: int, size: int) -> Node:
    """Decimals with ``size`` digits behind the point that are multiples of ``step / 10**places``.

    Behind ``places`` digits only zeros follow. Which digits count is told by what is left of the step: of 0.25 and one
    digit (so 2.5 of it) the last two digits count, one of them before the point.
    """
    modulus = step // gcd(step, 10 ** (places - size))
    length = next(count for count in range(SUFFIX_DIGITS + 1) if 10**count % modulus == 0)
    zeros = EMPTY if size < places else repeat(Str("0")) if size else FRACTION_ZERO
    if length <= size:
        free = size - length
        return seq(WHOLE, seq(POINT, repeat(DIGIT, free, free), _ending(length, modulus, 0)) if size else EMPTY, zeros)
    options = [seq(NONZERO, DIGITS, _ending(length, modulus, size))]
    for count in range(1, length - size + 1):
        options.append(_ending(count + size, modulus, size, leads=count > 1))
    return seq(alt(option for option in options if option is not NEVER), zeros)


@lru_cache(4096)
def _ending(length: int, modulus: int, point: int, residue: int = 0, *, leads: bool = False) -> Node:
    """Strings of ``length`` digits, the last ``point`` of them behind a point, whose value leaves ``residue``.

    Digits that leave the same are one node. ``leads``: the first digit is not zero.
    """
    if length == 0:
        return EMPTY if residue == 0 else NEVER
    alike: dict[int, list[tuple[int, int]]] = {}
    for digit in range(1 if leads else 0, 10):
        left = (residue - digit * 10 ** (length - 1)) % modulus
        alike.setdefault(left, []).append((0x30 + digit, 0x30 + digit))
    options: list[Node] = []
    for left, ranges in alike.items():
        rest = _ending(length - 1, modulus, point, left)
        if rest is not NEVER:
            options.append(seq(Chars(tuple(ranges)), POINT if length - 1 == point > 0 else EMPTY, rest))
    return alt(options) if options else NEVER


@cache
def sum_of_three() -> Node:
    """Texts whose digits add up to a multiple of three, which ten to any power does not change."""
    none = Chars(((0x2D, 0x2E), *((0x30 + digit, 0x30 + digit) for digit in (0, 3, 6, 9))))
    one, two = (Chars(tuple((0x30 + digit, 0x30 + digit) for digit in digits)) for digits in ((1, 4, 7), (2, 5, 8)))
    stay = repeat(none)
    up, down = alt((one, seq(two, stay, two))), alt((two, seq(one, stay, one)))
    return repeat(alt((none, seq(two, stay, one), seq(up, repeat(alt((none, seq(one, stay, two)))), down))))
