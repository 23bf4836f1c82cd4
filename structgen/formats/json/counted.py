"""Arrays of which a number of items must satisfy something: ``contains``, and "not every item is ...".

In: an array's facet and how to build the node of a link. Out: a node, and rules for it. The one idea: the counters are
unfolded into states, one rule each, so that no state is kept that has no end. A state reads an item and goes on; where an
item may count or not, it goes on both ways at once. Only a bound needs the complement of what is counted: for "at least"
an item that satisfies it may as well be passed over, for "at most" any item may as well be counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product

from structgen.formats.json.spacing import Spacing
from structgen.grammar.build import NEVER, alt, seq
from structgen.grammar.nodes import Node, Ref
from structgen.schema.merge import item_link
from structgen.schema.nodes import ANYTHING, ArrayFacet, Count, Link, link_union

MAX_STATES = 2000
"""States that the counters of one array may unfold into."""
State = tuple[int, tuple[int, ...]]
"""How many items there are, and how many of them each counter has counted, as far as that matters."""


class TooManyStates(Exception):
    """The counters of an array unfold into more than ``MAX_STATES``."""


class CountedArray:
    """The states of one array; ``rules`` takes their rules, by names that begin with ``name``."""

    def __init__(self, facet: ArrayFacet, node: Callable[[Link], Node], negation: Callable[[Link], Link]) -> None:
        self._facet, self._node, self._negation = facet, node, negation
        self._cap = max(len(facet.prefix), facet.min_items, facet.max_items or 0, *[count.start for count in facet.counts])
        self._moves: dict[State, dict[State, list[Node]]] = {}

    def node(self, name: str, rules: dict[str, Node], space: Spacing) -> Node:
        """The whole array."""
        start: State = (0, (0,) * len(self._facet.counts))
        self._explore(start)
        alive = self._alive()
        if start not in alive:
            return NEVER
        refs = {state: Ref(f"{name}.{number}") for number, state in enumerate(self._moves) if state in alive}
        behind: dict[State, Node] = {}
        for state in refs:
            ends = [space.close_array] if self._is_complete(state) else []
            goes_on = any(target in alive for target in self._moves[state])
            behind[state] = alt([*ends, *([seq(space.comma, refs[state])] if goes_on else [])])
        for state, ref in reversed(refs.items()):
            rules[ref.rule] = alt([seq(alt(items), behind[target]) for target, items in self._moves[state].items()
                                   if target in alive])
        first = [space.close_array] if self._is_complete(start) else []
        return seq(space.open_array, alt([*first, refs[start]]))

    def _explore(self, start: State) -> None:
        waiting = [start]
        while waiting:
            state = waiting.pop()
            if state in self._moves:
                continue
            if len(self._moves) >= MAX_STATES:
                raise TooManyStates
            moves: dict[State, list[Node]] = {}
            for link, target in self._targets(state):
                node = self._node(link)
                if node is not NEVER and node not in moves.setdefault(target, []):
                    moves[target].append(node)
            self._moves[state] = moves
            waiting.extend(target for target, items in moves.items() if items)

    def _targets(self, state: State) -> Iterator[tuple[Link, State]]:
        """What the next item must satisfy, for each way to count it, and the state behind it."""
        place, counted = state
        if self._facet.max_items is not None and place >= self._facet.max_items:
            return
        ways = [self._ways(count, number, place) for count, number in zip(self._facet.counts, counted, strict=True)]
        for chosen in product(*ways):
            link = item_link(self._facet, place)
            for asked, _ in chosen:
                link = link_union(link, asked)
            yield link, (min(place + 1, self._cap), tuple([number for _, number in chosen]))

    def _ways(self, count: Count, number: int, place: int) -> list[tuple[Link, int]]:
        """For one counter: what the item must satisfy, and the number behind it."""
        if place < count.start:
            return [(ANYTHING, number)]
        if count.most is None:
            return [(ANYTHING, number)] + ([(count.link, number + 1)] if number < count.least else [])
        ways = [(self._negation(count.link), number)]
        if number < count.most:
            ways.append((count.link if count.least else ANYTHING, number + 1))
        return ways

    def _is_complete(self, state: State) -> bool:
        place, counted = state
        return place >= self._facet.min_items and all(
            number >= count.least for count, number in zip(self._facet.counts, counted, strict=True))

    def _alive(self) -> set[State]:
        """The states from which the array can be completed, as far as that is seen here."""
        sources: dict[State, list[State]] = {}
        for state, moves in self._moves.items():
            for target in moves:
                sources.setdefault(target, []).append(state)
        alive = {state for state in self._moves if self._is_complete(state)}
        waiting = list(alive)
        while waiting:
            for source in sources.get(waiting.pop(), ()):
                if source not in alive:
                    alive.add(source)
                    waiting.append(source)
        return alive
