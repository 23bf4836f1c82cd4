"""Numbers whose steps are too many to follow by the states of an automaton: their remainders are kept while they are read.

In: a number facet with steps. Out: a node with steps of ``grammar.names`` that test the number where it ends; or None. Such
a test may only stand where whatever is begun can become right. That is so for integers without a bound away from zero,
since every beginning goes on to numbers of every remainder; and, where there is only something to be no multiple of, for
numbers that may have a fraction, since a long one is a multiple of nothing. What has two bounds is listed, if it is short.

Caveat: how long a number gets before it may end is not told before, so no budget of tokens is promised beside it.
"""

from __future__ import annotations

from structgen.formats.json.numbers import FRACTION_ZERO, MINUS, Spelling, free_number, in_range, spelled, whole_range
from structgen.formats.json.steps import joined, listed
from structgen.grammar.build import EMPTY, NEVER, alt, seq
from structgen.grammar.names import Do
from structgen.grammar.nodes import And, Node, Not, Step, Text
from structgen.schema.merge import number_belongs
from structgen.schema.nodes import FRACTION, INTEGER, NUMBER, Number, NumberFacet
from structgen.schema.numbers import scaled

MAX_DIGITS, MAX_PLACES = 1 << 28, 15
_END = Step(Do.NUMBER_END)


def weighed_node(facet: NumberFacet, spelling: Spelling) -> Node | None:
    """The numbers of a facet; None where what is begun might not become right."""
    if spelling.canonical or (spelling.plain_integers and facet.kinds == FRACTION):
        return None  # in the one case numbers are compared already, in the other kinds are told by spelling
    if facet.kinds == NUMBER:
        spelling = spelling._replace(plain_integers=False)
    whole = joined(facet)
    if whole is None:
        return NEVER
    tests = [_test(Do.MULTIPLE, step) for step in whole.multiples] + [
        _test(Do.NO_MULTIPLE, step) for step in whole.no_multiples]
    if None in tests:
        return None
    begin = seq(*[test for test in tests if test is not None])
    if whole.kinds == INTEGER:
        return _integers(whole, spelling, begin)
    return None if whole.multiples else _fractions(whole, spelling, begin)


def _test(do: Do, step: Number) -> Step | None:
    digits, places = scaled(step)
    return Step(do, digits << 4 | places) if digits < MAX_DIGITS and places <= MAX_PLACES else None


def _integers(facet: NumberFacet, spelling: Spelling, begin: Node) -> Node | None:
    """Multiples on both sides of zero, and zero: each side without an end, or listed."""
    zeros = EMPTY if spelling.plain_integers or not spelling.exponents else FRACTION_ZERO
    options: list[Node] = []
    if number_belongs(0, facet):
        options.append(Text(spelled(0, spelling)))
    for sign in (-1, 1):
        side = _side(facet, sign)
        if side is None:
            continue
        bound = side.low if sign > 0 else side.high
        assert bound is not None
        if (side.high if sign > 0 else side.low) is None:
            digits, places = scaled(bound if sign > 0 else -bound)
            first = digits // 10**places + (1 if _is_open(side, sign) or digits % 10**places else 0)
            options.append(seq(begin, Text(_without(facet, seq(MINUS if sign < 0 else EMPTY, whole_range(first, None)))),
                               _END, zeros))
            continue
        values = listed(side if side.multiples else side._replace(multiples=(1,)))
        if values is None:
            return None
        options += [Text(alt(spelled(value, spelling) for value in values))] * bool(values)
    return alt(options)


def _side(facet: NumberFacet, sign: int) -> NumberFacet | None:
    """What of a facet is above zero, or below; None if that is nothing."""
    if sign > 0:
        if facet.high is not None and facet.high <= 0:
            return None
        return facet if facet.low is not None and facet.low > 0 else facet._replace(low=0, low_open=True)
    if facet.low is not None and facet.low >= 0:
        return None
    return facet if facet.high is not None and facet.high < 0 else facet._replace(high=0, high_open=True)


def _is_open(side: NumberFacet, sign: int) -> bool:
    """Whether the bound nearer to zero is left out."""
    return side.low_open if sign > 0 else side.high_open


def _fractions(facet: NumberFacet, spelling: Spelling, begin: Node) -> Node:
    """Numbers between two open bounds, and the bounds themselves if they are right."""
    ends = {bound for bound in (facet.low, facet.high) if bound is not None and number_belongs(bound, facet)}
    options: list[Node] = [Text(alt(spelled(value, spelling) for value in sorted(ends)))] * bool(ends)
    body = NEVER if facet.low is not None and facet.low == facet.high else in_range(
        facet._replace(low_open=True, high_open=True), None)
    if body is not NEVER:
        if facet.kinds == FRACTION:
            body = And((body, free_number(FRACTION, spelling)))
        options.append(seq(begin, Text(_without(facet, body)), _END))
    return alt(options)


def _without(facet: NumberFacet, body: Node) -> Node:
    """The texts without the spellings of values that are excluded."""
    if not facet.excluded:
        return body
    return And((body, Not(alt(spelled(value, Spelling()) for value in facet.excluded))))
