"""The steps of a number facet joined into one: what is a multiple of 6 and of 4 is a multiple of 12.

In: a facet with any number of steps. Out: the same numbers with one step at most that they are multiples of, and only such
steps to be no multiple of as say something beside it; or None where these exclude each other. Everything is exact, and
integers count as multiples of 1. Few multiples between two bounds are listed.
"""

from __future__ import annotations

from decimal import Decimal
from math import lcm

from structgen.schema.merge import number_belongs
from structgen.schema.nodes import FRACTION, INTEGER, Number, NumberFacet
from structgen.schema.numbers import exact, is_multiple, scaled

MAX_VALUES = 2000
"""Multiples in a bounded range that are listed one by one."""


def joined(facet: NumberFacet) -> NumberFacet | None:
    """The facet with its steps joined; None where they exclude each other."""
    if not facet.multiples and not facet.no_multiples:
        return facet
    step, kinds = common_step(facet.multiples), facet.kinds
    if isinstance(step, int):
        kinds &= INTEGER
    elif kinds == INTEGER:
        step = common_step((step or 1, 1))
    banned = [number if step is None else common_step((number, step)) for number in facet.no_multiples]
    if kinds == FRACTION:
        banned = [number for number in banned if not isinstance(number, int)]
    if not kinds or any(number is not None and step is not None and is_multiple(step, number) for number in banned):
        return None
    left: list[Number] = []
    for number in sorted(number for number in banned if number is not None):
        if not any(is_multiple(number, other) for other in left):
            left.append(number)
    multiples = () if step is None or (step == 1 and facet.kinds == INTEGER) else (step,)
    return facet._replace(multiples=multiples, no_multiples=tuple(left), kinds=kinds)


def common_step(steps: tuple[Number, ...]) -> Number | None:
    """The step of what is a multiple of every step."""
    if not steps:
        return None
    pairs = [scaled(step) for step in steps]
    places = max(place for _, place in pairs)
    whole = lcm(*[digits * 10 ** (places - place) for digits, place in pairs])
    return at_places(whole, places)


def at_places(digits: int, places: int) -> Number:
    """The number with its last ``places`` digits behind the point."""
    unit: int = 10**places
    if digits % unit == 0:
        return digits // unit
    sign, numerals, _ = Decimal(digits).as_tuple()
    value = exact(Decimal((sign, numerals, -places)))
    assert value is not None
    return value


def listed(facet: NumberFacet) -> list[Number] | None:
    """The values of a joined facet between two bounds, if they are few."""
    if not facet.multiples or facet.low is None or facet.high is None:
        return None
    digits, places = scaled(facet.multiples[0])
    (low, low_places), (high, high_places) = scaled(facet.low), scaled(facet.high)
    shared = max(places, low_places, high_places)
    step = digits * 10 ** (shared - places)
    first, last = -(-low * 10 ** (shared - low_places) // step), high * 10 ** (shared - high_places) // step
    if last - first > MAX_VALUES:
        return None
    values = [at_places(number * digits, places) for number in range(first, last + 1)]
    return [value for value in values if number_belongs(value, facet)]
