"""The estimate of what is left to write where rules return labels: grammars of tokens (``automaton.lexed``).

In: tables of splits, calls, returns and plain texts, as that lowering makes them. Out: as ``matching.estimate``, exact
here. A state costs a number of bytes for each label that its activation can return; a caller goes on from each of them.
"""

from __future__ import annotations

from structgen.automaton.tables import Kind, Tables
from structgen.matching import decoder
from structgen.matching.estimate import Estimate, Place
from structgen.matching.spans import Reading, Registers
from structgen.matching.spelling import NEVER

_Costs = dict[int, int]
"""The least bytes to the return of each label."""


def estimate_of(tables: Tables) -> Estimate:
    """The estimate for some tables."""
    states = zip(tables.states[0::3], tables.states[1::3], strict=True)
    labelled = any(kind == Kind.RETURN and label for kind, label in states)
    return LabelledEstimate(tables) if labelled else Estimate(tables)


class LabelledEstimate(Estimate):
    """See the module's docstring."""

    def _price_rules(self) -> None:
        """What each state costs, again and again for those that lead to what became cheaper."""
        tables = self.tables
        self._costs: list[_Costs] = [{} for _ in range(tables.n_states)]
        self._least = [one.remaining(Reading(one.reader.dfa.start, decoder.START, 0, b"")) for one in self.spans]
        users: list[list[int]] = [[] for _ in self._costs]
        for state in range(tables.n_states):
            for following in self._reached(state):
                users[following].append(state)
        work = dict.fromkeys(range(tables.n_states))
        while work:
            state = work.popitem()[0]
            found = self._price(state)
            if found != self._costs[state]:
                self._costs[state] = found
                work.update(dict.fromkeys(users[state]))

    def _reached(self, state: int) -> list[int]:
        """The states that a state's cost depends on."""
        kind, a, b = self.state(state)
        if kind != Kind.CALL:
            return self._within(state)
        return [a, *self.tables.returns[b : b + self._labels_of(b)]]

    def _labels_of(self, slot: int) -> int:
        """How many slots a call may have: they end where the next one's begin, at the latest."""
        if not hasattr(self, "_slots"):
            tables = self.tables
            self._slots = sorted({b for kind, _, b in map(self.state, range(tables.n_states))
                                  if kind in (Kind.CALL, Kind.SPAN)} | {len(tables.returns)})
            self._next_slot = dict(zip(self._slots, self._slots[1:], strict=False))
        return self._next_slot[slot] - slot

    def _price(self, state: int) -> _Costs:
        kind, a, b = self.state(state)
        if kind == Kind.RETURN:
            return {a: 0}
        if kind == Kind.CALL:
            return self._behind(self._costs[a], b)
        step = self._least[a] if kind == Kind.SPAN else int(kind == Kind.BYTES)
        found: _Costs = {}
        for following in self._within(state):
            for label, cost in self._costs[following].items():
                found[label] = min(found.get(label, NEVER), cost + step)
        return found

    def _behind(self, costs: _Costs, slot: int) -> _Costs:
        """What it costs to return to a slot, and to go on from there."""
        found: _Costs = {}
        for label, before in costs.items():
            for after, cost in self._costs[self.tables.returns[slot + label]].items():
                found[after] = min(found.get(after, NEVER), before + cost)
        return found

    def rest(self, state: int, registers: Registers) -> int:
        """The least bytes from a state of an activation to its return."""
        return min(self._costs[state].values(), default=NEVER)

    def of(self, place: Place) -> int:
        """The least bytes from a thread to the end of the output."""
        costs, waiting = self._costs[place.state], place.waiting
        if place.reading is not None:
            span = self.state(place.state)[1]
            costs, waiting = self._behind({0: self.spans[span].remaining(place.reading)}, waiting[0][0]), waiting[1:]
        for slot, _ in waiting:
            costs = self._behind(costs, slot)
        return min(costs.values(), default=NEVER)
