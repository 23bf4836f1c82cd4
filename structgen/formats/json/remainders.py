"""Multiples of any step, told by the remainder of the digits read so far.

In: a number facet with steps, of which the number is or is not a multiple. Out: rules, one per state of the product of two
automata: the plain decimals that everything else in the facet allows, and the remainder modulo all steps at once. The
steps are scaled to integers by a power of ten; digits behind the point go on counting until that power is used up, and
any other digit than zero behind it makes the number a multiple of nothing.
"""

from __future__ import annotations

from math import lcm

from structgen.automaton.dfa import compile_language
from structgen.formats.json.numbers import Spelling, without_steps
from structgen.formats.json.steps import joined
from structgen.grammar.build import EMPTY, NEVER, alt, seq
from structgen.grammar.nodes import Chars, Node, Ref
from structgen.limits import Limits
from structgen.schema.nodes import FRACTION, NUMBER, NumberFacet
from structgen.schema.numbers import scaled

MAX_STATES = 5000
"""States of the product; about four states of the grammar's automaton each."""
State = tuple[int, int, int]
"""State of the plain decimals, remainder, digits behind the point (-1: no point yet; one more than count: too many)."""


class Remainders:
    """The steps of one facet."""

    def __init__(self, facet: NumberFacet, spelling: Spelling) -> None:
        if spelling.plain_integers and facet.kinds == FRACTION:  # numbers that are written otherwise than integers
            facet = facet._replace(kinds=NUMBER)
        facet = joined(facet) or facet
        steps = [scaled(step) for step in (*facet.multiples, *facet.no_multiples)]
        self._places = max(places for _, places in steps)
        whole = [digits * 10 ** (self._places - places) for digits, places in steps]
        self._asked, self._banned = whole[:len(facet.multiples)], whole[len(facet.multiples):]
        self._modulus = lcm(*whole)
        self.fits = self._modulus * (self._places + 3) <= 4 * MAX_STATES

    def node(self, facet: NumberFacet, spelling: Spelling, limits: Limits, name: str, rules: dict[str, Node]) -> Node | None:
        """The numbers of the facet; None where the product has too many states. ``rules`` takes its rules."""
        plain, _ = without_steps(facet, spelling)
        dfa = None if plain is NEVER else compile_language(plain, limits)
        if dfa is None:
            return NEVER
        start: State = (dfa.start, 0, -1)
        found: dict[State, dict[State, list[int]]] = {}
        waiting = [start]
        while waiting:
            here = waiting.pop()
            if here in found:
                continue
            if len(found) >= MAX_STATES:
                return None
            moves: dict[State, list[int]] = {}
            for low, high, target in dfa.edges[here[0]]:
                for byte in range(low, high + 1):
                    after = self._after(here[1], here[2], byte)
                    if after is not None:
                        moves.setdefault((target, *after), []).append(byte)
            found[here] = moves
            waiting.extend(moves)
        ends = {state for state in found if dfa.accept[state[0]] >= 0 and self._is_right(state)}
        alive = _leading_to(ends, found)
        if start not in alive:
            return NEVER
        refs = {state: Ref(f"{name}.{number}") for number, state in enumerate(found) if state in alive}
        for state, ref in refs.items():
            options = [seq(Chars(tuple((byte, byte) for byte in read)), refs[target])
                       for target, read in found[state].items() if target in alive]
            rules[ref.rule] = alt([*options, *([EMPTY] if state in ends else [])])
        return refs[start]

    def _after(self, remainder: int, places: int, byte: int) -> tuple[int, int] | None:
        """Remainder and places behind one more character; None where the number can be right no more."""
        if byte == 0x2D:
            return remainder, places
        if byte == 0x2E:
            return remainder, 0
        digit = byte - 0x30
        if places >= self._places:
            if digit == 0 or places > self._places:
                return remainder, places
            return None if self._asked else (0, self._places + 1)
        return (10 * remainder + digit) % self._modulus, places + (places >= 0)

    def _is_right(self, state: State) -> bool:
        _, remainder, places = state
        if places > self._places:
            return True  # a multiple of nothing
        value = remainder * 10 ** (self._places - max(places, 0))
        return all(value % step == 0 for step in self._asked) and all(value % step for step in self._banned)


def _leading_to(ends: set[State], moves: dict[State, dict[State, list[int]]]) -> set[State]:
    sources: dict[State, list[State]] = {}
    for state, targets in moves.items():
        for target in targets:
            sources.setdefault(target, []).append(state)
    alive, waiting = set(ends), list(ends)
    while waiting:
        for source in sources.get(waiting.pop(), ()):
            if source not in alive:
                alive.add(source)
                waiting.append(source)
    return alive
