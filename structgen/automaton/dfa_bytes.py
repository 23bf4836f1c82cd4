"""An automaton over classes of code points, spelled in bytes.

In: minimal ``Rows`` and their ``Alphabet``. Out: a ``Dfa``. The classes are laid out once as a tree of byte ranges;
a state's moves are that tree with its targets put at the leaves, and equal subtrees become one state. So the result is
minimal again: states between bytes are equal exactly when their subtrees are.
"""

from __future__ import annotations

from collections.abc import Sequence

from structgen.automaton.dfa_classes import Alphabet
from structgen.automaton.dfa_form import (
    ANY,
    INFINITE,
    Dfa,
    Edge,
    Edges,
    merge_edges,
    reachable_labels,
    saturate,
)
from structgen.automaton.dfa_subset import Budget, Rows
from structgen.automaton.utf8 import utf8_sequences

_FIRST_LEAD, _LAST_LEAD = 0xC2, 0xF4
_Tree = dict[tuple[int, int], "int | _Tree"]
"""Per byte range the class it completes, or the tree of the next byte."""


class _Layout:
    """Where the classes lie in the first byte (ASCII) and in longer spellings."""

    __slots__ = ("ascii", "far", "tree", "weights")

    def __init__(self, alphabet: Alphabet) -> None:
        self.ascii: list[list[tuple[int, int]]] = []
        self.far: list[bool] = []
        self.weights = [alphabet.weight(number) for number in range(alphabet.size)]
        self.tree: _Tree = {}
        for ranges in alphabet.ranges:
            self.ascii.append([(low, min(high, 0x7F)) for low, high in ranges if low < 0x80])
            self.far.append(bool(ranges) and ranges[-1][1] >= 0x80)
        if sum(self.far) > 1:
            for number, ranges in enumerate(alphabet.ranges):
                for low, high in ranges:
                    if high >= 0x80:
                        self._lay(number, max(low, 0x80), high)

    def _lay(self, number: int, low: int, high: int) -> None:
        for sequence in utf8_sequences(low, high):
            tree = self.tree
            for byte_range in sequence[:-1]:
                inner = tree.setdefault(byte_range, {})
                assert isinstance(inner, dict)
                tree = inner
            tree[sequence[-1]] = number


class _Spelling:
    """States of the result while they are made: one per row first, those between bytes after them."""

    def __init__(self, part: Rows, layout: _Layout) -> None:
        self._layout = layout
        self._between: dict[Edges, int] = {}
        self._made: dict[tuple[int, tuple[int, ...]], Edges] = {}
        self._used: dict[int, tuple[int, ...]] = {}
        self.edges: list[Edges] = [()] * len(part.rows)
        self._absorbing: set[int] = set()
        drafts = [self._draft(row) for row in part.rows]
        for state, draft in enumerate(drafts):
            if state in self._absorbing:
                loop = [edge for edge in draft if edge == (_FIRST_LEAD, _LAST_LEAD, state)]
                draft = [edge for edge in draft if edge not in loop]
                draft.append((0x80, 0xFF if loop else 0xBF, state))
            self.edges[state] = merge_edges(draft)

    def _draft(self, row: list[int]) -> list[Edge]:
        layout = self._layout
        draft = [(low, high, target) for number, target in enumerate(row) if target >= 0
                 for low, high in layout.ascii[number]]
        far = {target for number, target in enumerate(row) if layout.far[number]}
        if far == {-1} or not far:
            return draft
        if len(far) == 1:
            target = far.pop()
            self._absorbing.add(target)
            draft.append((_FIRST_LEAD, _LAST_LEAD, target))
            return draft
        draft.extend(self._instance(layout.tree, row))
        return draft

    def _instance(self, tree: _Tree, row: list[int]) -> Edges:
        """The tree with this row's targets at its leaves; known subtrees are found, not built."""
        used = self._used.get(id(tree))
        if used is None:
            used = self._used[id(tree)] = tuple(_classes_below(tree))
        key = (id(tree), tuple([row[number] for number in used]))
        made = self._made.get(key)
        if made is not None:
            return made
        edges: list[Edge] = []
        for (low, high), below in tree.items():
            if isinstance(below, int):
                if row[below] >= 0:
                    edges.append((low, high, row[below]))
            else:
                inner = self._instance(below, row)
                if inner:
                    edges.append((low, high, self._state_between(inner)))
        made = self._made[key] = merge_edges(edges)
        return made

    def _state_between(self, edges: Edges) -> int:
        found = self._between.get(edges)
        if found is None:
            found = self._between[edges] = len(self.edges)
            self.edges.append(edges)
        return found


def _classes_below(tree: _Tree) -> list[int]:
    found: set[int] = set()
    stack = [tree]
    while stack:
        for below in stack.pop().values():
            if isinstance(below, int):
                found.add(below)
            else:
                stack.append(below)
    return sorted(found)


def spell(part: Rows, alphabet: Alphabet, budget: Budget, *, labelled: bool = False) -> Dfa | None:
    """The automaton over bytes; None where the language is empty."""
    if not part.rows:
        return None
    layout = _Layout(alphabet)
    if len(part.rows) == 1 and part.accept == [0] and set(part.rows[0]) == {0} and not labelled:
        return ANY
    spelling = _Spelling(part, layout)
    budget.check_states(len(spelling.edges))
    shortest, longest, count = _sums(part, layout.weights)
    accept = list(part.accept)
    for edges in spelling.edges[len(part.rows):]:
        targets = [target for _, _, target in edges]
        shortest.append(min(shortest[target] for target in targets))
        longest.append(max(longest[target] for target in targets))
        count.append(saturate(sum((high - low + 1) * count[target] for low, high, target in edges)))
        accept.append(-1)
    labels = reachable_labels(spelling.edges, accept) if labelled else None
    return finish(spelling.edges, accept, (shortest, longest, count), labels)


def finish(edges: Sequence[Edges], accept: Sequence[int], sums: tuple[list[int], list[int], list[int]],
           labels: Sequence[tuple[int, ...]] | None = None, start: int = 0) -> Dfa:
    """Number the states breadth-first from the start and freeze; ``sums`` are shortest, longest and count."""
    order = [start]
    numbers = {start: 0}
    final: list[Edges] = []
    for state in order:
        row: list[Edge] = []
        for low, high, target in edges[state]:
            found = numbers.get(target)
            if found is None:
                found = numbers[target] = len(order)
                order.append(target)
            row.append((low, high, found))
        final.append(tuple(row))
    shortest, longest, count = (tuple([values[state] for state in order]) for values in sums)
    return Dfa(0, tuple(final), tuple([accept[state] for state in order]), shortest, longest, count,
               () if labels is None else tuple([labels[state] for state in order]),
               all(row[-1][1] < 0x80 for row in final if row))


def _sums(part: Rows, weights: Sequence[int]) -> tuple[list[int], list[int], list[int]]:
    """Shortest and longest remaining length and number of texts, for the states at character boundaries."""
    size = len(part.rows)
    moves: list[dict[int, int]] = []
    sources: list[list[int]] = [[] for _ in range(size)]
    for state, row in enumerate(part.rows):
        move: dict[int, int] = {}
        for number, target in enumerate(row):
            if target >= 0:
                move[target] = move.get(target, 0) + weights[number]
        moves.append(move)
        for target in move:
            sources[target].append(state)
    shortest = [-1] * size
    frontier = [state for state in range(size) if part.accept[state] >= 0]
    distance = 0
    while frontier:
        for state in frontier:
            shortest[state] = distance
        distance += 1
        frontier = list({s for state in frontier for s in sources[state] if shortest[s] < 0})
    longest, count = [INFINITE] * size, [INFINITE] * size
    open_moves = [len(move) for move in moves]
    ready = [state for state in range(size) if not open_moves[state]]
    while ready:  # states on or before a cycle never become ready and stay infinite
        state = ready.pop()
        longest[state] = max((longest[target] + 1 for target in moves[state]), default=0)
        own = 1 if part.accept[state] >= 0 else 0
        count[state] = saturate(own + sum(ways * count[target] for target, ways in moves[state].items()))
        for source in sources[state]:
            open_moves[source] -= 1
            if not open_moves[source]:
                ready.append(source)
    return shortest, longest, count
