"""Lengths of the texts of an automaton: when a counter beside it decides them, and when it must count by itself.

In: a ``Dfa`` and a length bound. Out: a ``Dfa`` beside which a counter with the interval ``min_length``..``max_length``
of each state is exact. The idea: the interval test fails only where the remaining lengths of a state have a gap at
least as wide as the bound's window (``(ab)*`` bound to length 3); then states and lengths are multiplied out.
"""

from __future__ import annotations

from structgen.automaton.dfa_bytes import finish
from structgen.automaton.dfa_form import INFINITE, Dfa, Edge, Edges, merge_edges, reachable_labels, saturate
from structgen.automaton.dfa_subset import Budget
from structgen.grammar.nodes import Chars, Node, Repeat, Seq
from structgen.limits import Limits

_MIN_LEAD = 0xC0


def as_counted(node: Node) -> tuple[Chars, int, int | None] | None:
    """``(chars, m, n)`` where the node is one character set repeated m to n times (None: no bound), else None."""
    if isinstance(node, Chars):
        return node, 1, 1
    if isinstance(node, Repeat):
        inner = as_counted(node.body)
        if inner is None:
            return None
        chars, low, high = inner
        if low != high and not (low <= 1 and (high is None or high >= 1)):
            return None  # copies of 2..3 characters may leave gaps: (x{2,3}){0,1} lacks the length 1
        if low == high and low != 1 and node.min != node.max:
            return None
        if high is None or node.max is None:
            return chars, low * node.min, 0 if node.max == 0 else None
        return chars, low * node.min, high * node.max
    if isinstance(node, Seq) and node.parts:
        total = (0, 0)
        first: Chars | None = None
        most: int | None = 0
        for part in node.parts:
            inner = as_counted(part)
            if inner is None or (first is not None and inner[0].ranges != first.ranges):
                return None
            first = inner[0]
            total = (total[0] + inner[1], 0)
            most = None if most is None or inner[2] is None else most + inner[2]
        assert first is not None
        return first, total[0], most
    return None


def without_count(node: Node, minimum: int, maximum: int | None) -> tuple[Node, int, int | None]:
    """A node and bounds of length; where one character set is counted, its loop and the bounds joined with its count."""
    counted = as_counted(node)
    if counted is None:
        return node, minimum, maximum
    chars, least, most = counted
    return (Repeat(chars, 0, None), max(minimum, least),
            most if maximum is None else maximum if most is None else min(most, maximum))


def _is_between(edges: Edges, state: int) -> bool:
    """Whether a state lies inside a character: it takes continuation bytes, and not as nothing."""
    return bool(edges) and edges[0][0] >= 0x80 and edges[-1][1] <= 0xBF and any(t != state for _, _, t in edges)


def _moves(dfa: Dfa, state: int) -> list[Edge]:
    """The edges that begin a character, or complete one inside it; not those that mean nothing."""
    edges = dfa.edges[state]
    if _is_between(edges, state):
        return list(edges)
    found: list[Edge] = []
    for low, high, target in edges:
        if low < 0x80:
            found.append((low, min(high, 0x7F), target))
        if high > 0xBF:
            found.append((max(low, _MIN_LEAD), high, target))
    return found


def bound_length(dfa: Dfa, minimum: int, maximum: int | None, limits: Limits) -> Dfa | None:
    """An automaton beside which counting code points decides ``minimum`` and ``maximum`` exactly; None if none is left.

    The same object comes back where the counter is exact beside it; any other one holds the bounds by itself already.
    """
    start = dfa.start
    most = INFINITE if maximum is None else maximum
    if most < minimum or dfa.min_length[start] > most or dfa.max_length[start] < minimum:
        return None
    if minimum <= dfa.min_length[start] or maximum is None or maximum >= dfa.max_length[start]:
        return dfa
    if _counter_is_exact(dfa, maximum - minimum + 1, maximum, Budget(limits)):
        return dfa
    return _Unrolled(dfa, minimum, maximum, Budget(limits)).result()


def _counter_is_exact(dfa: Dfa, window: int, maximum: int, budget: Budget) -> bool:
    """Whether no state's remaining lengths have a gap of ``window`` lengths or more that begins up to ``maximum``."""
    size = len(dfa.edges)
    before: list[list[int]] = [[] for _ in range(size)]
    within: list[list[int]] = [[] for _ in range(size)]
    for state in range(size):
        inside = _is_between(dfa.edges[state], state)
        for _, _, target in _moves(dfa, state):
            (within if inside else before)[target].append(state)
    last = [-1] * size
    current = {state for state in range(size) if dfa.accept[state] >= 0}
    seen: dict[frozenset[int], int] = {}
    steps = 0
    until = end = maximum + window + 1
    while current and steps <= until:
        stack = list(current)
        while stack:
            for source in within[stack.pop()]:
                if source not in current:
                    current.add(source)
                    stack.append(source)
        for state in current:
            if last[state] >= 0 and steps - last[state] > window:
                return False
            last[state] = steps
        key = frozenset(current)
        if key in seen:  # from here on the sets repeat: one more round shows every gap
            until = min(until, steps + steps - seen[key])
            seen = {}
        elif until == end:
            seen[key] = steps
        budget.take_steps(len(current))
        current = {source for state in current for source in before[state]}
        steps += 1
    if until < end:
        return True
    return all(last[state] > maximum or last[state] == dfa.max_length[state] for state in range(size))


class _Unrolled:
    """The product of an automaton with a count of code points, without what leads nowhere."""

    def __init__(self, dfa: Dfa, minimum: int, maximum: int, budget: Budget) -> None:
        self._dfa, self._minimum, self._maximum, self._budget = dfa, minimum, maximum, budget
        self._known: dict[tuple[int, Edges, bool], int] = {}
        self._edges: list[Edges] = []
        self._accept: list[int] = []
        self._sums: tuple[list[int], list[int], list[int]] = ([], [], [])

    def result(self) -> Dfa | None:
        """Build from the longest texts back: level by level, equal states once."""
        dfa = self._dfa
        levels = self._levels()
        later: dict[int, int] = {}
        for used in range(self._maximum, -1, -1):
            here: dict[int, int] = {}
            order = sorted(levels[used], key=lambda state: not _is_between(dfa.edges[state], state))
            for state in _innermost_first(dfa, order):
                number = self._state(state, used, here, later)
                if number >= 0:
                    here[state] = number
            self._budget.check_states(len(self._edges))
            later = here
        start = later.get(dfa.start, -1)
        if start < 0:
            return None
        labels = reachable_labels(self._edges, self._accept) if dfa.labels else None
        return finish(self._edges, self._accept, self._sums, labels, start)

    def _levels(self) -> list[set[int]]:
        """Per number of code points begun the states that can be met."""
        dfa = self._dfa
        levels = [{dfa.start}]
        while len(levels) <= self._maximum:
            following: set[int] = set()
            for state in levels[-1]:
                if not _is_between(dfa.edges[state], state):
                    following.update(target for _, _, target in _moves(dfa, state))
            stack = list(following)
            while stack:
                state = stack.pop()
                if _is_between(dfa.edges[state], state):
                    inner = {target for _, _, target in dfa.edges[state]} - following
                    following |= inner
                    stack.extend(inner)
            levels.append(following)
            self._budget.take_steps(len(following))
        return levels

    def _state(self, state: int, used: int, here: dict[int, int], later: dict[int, int]) -> int:
        dfa = self._dfa
        inside = _is_between(dfa.edges[state], state)
        reach = here if inside else later
        edges: list[Edge] = [(low, high, reach[target]) for low, high, target in _moves(dfa, state) if target in reach]
        accept = dfa.accept[state] if used >= self._minimum else -1
        if not edges and accept < 0:
            return -1
        self._budget.take_steps(len(edges) + 1)
        absorbs = not inside and any(low <= 0x80 and high >= 0xBF and target == state
                                     for low, high, target in dfa.edges[state])
        merged = merge_edges(edges)
        key = (accept, merged, absorbs)
        number = self._known.get(key)
        if number is None:
            number = self._known[key] = len(self._edges)
            self._add(merged, accept, inside)
            if absorbs:
                self._edges[number] = merge_edges([*merged, (0x80, 0xBF, number)])
        return number

    def _add(self, edges: Edges, accept: int, inside: bool) -> None:
        shortest, longest, count = self._sums
        own = accept >= 0
        step = 0 if inside else 1
        shortest.append(0 if own else min(shortest[target] + step for _, _, target in edges))
        longest.append(max((longest[target] + step for _, _, target in edges), default=0))
        ways = sum(self._ways(low, high, target, inside) * count[target] for low, high, target in edges)
        count.append(saturate(own + ways))
        self._edges.append(edges)
        self._accept.append(accept)

    def _ways(self, low: int, high: int, target: int, inside: bool) -> int:
        """How many characters (or ways to complete one) an edge stands for."""
        if inside or high < 0x80:
            return high - low + 1
        ways = max(0, min(high, 0x7F) - low + 1)
        edges = self._edges[target]
        if not any(first >= 0x80 and last <= 0xBF and aim == target for first, last, aim in edges):
            return ways + max(0, high - max(low, _MIN_LEAD) + 1)
        return ways + sum(LEAD_WEIGHTS[byte] for byte in range(max(low, _MIN_LEAD), high + 1))


def _innermost_first(dfa: Dfa, states: list[int]) -> list[int]:
    """States at character boundaries, then those inside a character, nearest to its end first."""
    boundary = [state for state in states if not _is_between(dfa.edges[state], state)]
    inside = [state for state in states if _is_between(dfa.edges[state], state)]
    done = set(boundary)
    while inside:
        ready = [state for state in inside if all(target in done or target not in states
                                                  for _, _, target in dfa.edges[state])]
        boundary += ready
        done.update(ready)
        inside = [state for state in inside if state not in done]
    return boundary


def _lead_weights() -> tuple[int, ...]:
    weights = [0] * 256
    for byte in range(0xC2, 0xE0):
        weights[byte] = 64
    for byte in range(0xE0, 0xF0):
        weights[byte] = 4096
    weights[0xE0] = weights[0xED] = 2048
    for byte in range(0xF0, 0xF5):
        weights[byte] = 64**3
    weights[0xF0], weights[0xF4] = 48 * 64**2, 16 * 64**2
    return tuple(weights)


LEAD_WEIGHTS = _lead_weights()
"""Per first byte beyond ASCII the number of characters that begin with it."""
