"""Regular nodes to a deterministic automaton over classes of code points.

In: regular nodes. Out: ``Rows``: per state the target of every class (-1: none), and the label accepted there. The idea
is the textbook's: an automaton with free moves by structure (Thompson), then sets of its states (subset construction);
``And`` and ``Not`` are decided on rows (product, complement) and re-enter as parts. Everything that may grow is charged
to ``Limits.dfa_states`` and ``Limits.dfa_steps``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NoReturn

from structgen.automaton.dfa_classes import Alphabet, Ranges
from structgen.automaton.ordered import ordered_rows
from structgen.errors import LimitExceededError, StructgenError
from structgen.grammar.nodes import Alt, And, Chars, Node, Not, Repeat, Seq, Str, Substrings, Words
from structgen.grammar.ordered import Ordered, sets_in
from structgen.limits import Limits

_NFA_FACTOR = 8
"""Unrolled parts allowed per determinised state: an unrolled repetition adds one or two states per copy."""
DEPTH_FACTOR = 3
"""Nodes nested per group of a pattern: alternative, sequence, repetition."""


@dataclass(slots=True)
class Rows:
    """A deterministic automaton over classes; state 0 is the start, -1 stands for no state."""

    rows: list[list[int]]
    accept: list[int]


class Budget:
    """What the construction of one language may still spend."""

    __slots__ = ("_limits", "known", "steps")

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.steps = 0
        self.known: dict[int, Rows] = {}
        """The automata of intersections and complements by node, which patterns with lookaround share."""

    def take_steps(self, number: int) -> None:
        """Charge transitions."""
        self.steps += number
        if self.steps > self._limits.dfa_steps:
            refuse("dfa_steps", self._limits)

    def check_states(self, number: int) -> None:
        """Refuse an automaton of more states than allowed."""
        if number > self._limits.dfa_states:
            refuse("dfa_states", self._limits)

    def check_parts(self, number: int) -> None:
        """Refuse an unrolled pattern far larger than any automaton allowed."""
        if number > self._limits.dfa_states * _NFA_FACTOR:
            refuse("dfa_states", self._limits)

    def check_depth(self, depth: int) -> None:
        """Refuse nesting that would meet the recursion limit."""
        if depth > self._limits.regex_depth * DEPTH_FACTOR:
            refuse("regex_depth", self._limits)


def refuse(limit: str, limits: Limits) -> NoReturn:
    """The error of a budget that ran out."""
    if limit == "dfa_steps":
        raise LimitExceededError("the automaton of a text takes too many transitions to build", limit=limit,
                                 because=f"more than {limits.dfa_steps} were computed")
    if limit == "regex_depth":
        raise LimitExceededError("the language of a text is nested too deeply", limit=limit)
    raise LimitExceededError("the automaton of a text has too many states", limit=limit,
                             because=f"repetitions unrolled and choices kept open exceed {limits.dfa_states} states")


def sets_of(nodes: Sequence[Node]) -> Iterator[Ranges]:
    """Every character set that occurs in the nodes."""
    stack = list(nodes)
    seen: set[int] = set()
    while stack:
        node = stack.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, Chars):
            yield node.ranges
        elif isinstance(node, Str):
            for point in set(node.text):
                yield _single(point)
        elif isinstance(node, Substrings | Words):
            for point in set(node.source):
                yield _single(point)
        elif isinstance(node, (Seq, And)):
            stack.extend(node.parts)
        elif isinstance(node, Alt):
            stack.extend(node.options)
        elif isinstance(node, (Repeat, Not)):
            stack.append(node.body)
        elif isinstance(node, Ordered):
            yield from sets_in((node.tree,))
        else:
            raise StructgenError(f"{type(node).__name__} is no regular node", because="it may hold references or state",
                                 instead="keep it outside of Text")


def _single(character: str) -> Ranges:
    return ((ord(character), ord(character)),)


class Nondeterministic:
    """An automaton with free moves, grown part by part; state 0 is the start."""

    __slots__ = ("_alphabet", "_budget", "accept", "edges", "free")

    def __init__(self, alphabet: Alphabet, budget: Budget) -> None:
        self._alphabet, self._budget = alphabet, budget
        self.edges: list[list[tuple[tuple[int, ...], int]]] = [[]]
        self.free: list[list[int]] = [[]]
        self.accept: dict[int, int] = {}

    def _state(self) -> int:
        self.edges.append([])
        self.free.append([])
        number = len(self.edges)
        if not number & 1023:
            self._budget.check_parts(number)
        return number - 1

    def add(self, node: Node, entry: int, depth: int = 0) -> int:
        """Add a part that begins in ``entry``; the state in which it ends."""
        if isinstance(node, Chars):
            leaf = self._state()
            if node.ranges:
                self.edges[entry].append((self._alphabet.classes(node.ranges), leaf))
            return leaf
        if isinstance(node, Str):
            return self._add_string(node.text, entry)
        self._budget.check_depth(depth)
        if isinstance(node, Seq):
            for part in node.parts:
                entry = self.add(part, entry, depth + 1)
            return entry
        if isinstance(node, Alt):
            return self._add_options(node, entry, depth)
        if isinstance(node, Repeat):
            return self._add_repeat(node, entry, depth)
        return self._add_rows(rows_of(node, self._alphabet, self._budget, depth + 1), entry)

    def _add_string(self, text: str, entry: int) -> int:
        for character in text:
            following = self._state()
            self.edges[entry].append((self._alphabet.classes(_single(character)), following))
            entry = following
        return entry

    def _add_options(self, node: Alt, entry: int, depth: int) -> int:
        """Options side by side; literal ones share their beginnings, so that thousands of them stay cheap."""
        leave = self._state()
        shared: dict[tuple[int, str], int] = {}
        for option in node.options:
            if isinstance(option, Str):
                here = entry
                for character in option.text:
                    following = shared.get((here, character))
                    if following is None:
                        following = shared[here, character] = self._add_string(character, here)
                    here = following
            else:
                here = self.add(option, entry, depth + 1)
            self.free[here].append(leave)
        return leave

    def _add_repeat(self, node: Repeat, entry: int, depth: int) -> int:
        copies = node.min if node.max is not None or node.min == 0 else node.min - 1
        for _ in range(copies):
            before = len(self.edges)
            entry = self.add(node.body, entry, depth + 1)
            if len(self.edges) == before:
                return entry  # the body is the empty text
        if node.max is None:
            loop = self._state()
            self.free[entry].append(loop)
            end = self.add(node.body, loop, depth + 1)
            self.free[end].append(loop)
            return end if node.min else loop
        if node.max == node.min:
            return entry
        leave = self._state()
        for _ in range(node.max - node.min):
            self.free[entry].append(leave)
            before = len(self.edges)
            entry = self.add(node.body, entry, depth + 1)
            if len(self.edges) == before:
                break
        self.free[entry].append(leave)
        return leave

    def _add_rows(self, part: Rows, entry: int) -> int:
        first = len(self.edges)
        for _ in part.rows:
            self._state()
        leave = self._state()
        if part.rows:
            self.free[entry].append(first)
        for number, row in enumerate(part.rows):
            by_target: dict[int, list[int]] = {}
            for label, target in enumerate(row):
                if target >= 0:
                    by_target.setdefault(target, []).append(label)
            self.edges[first + number] = [(tuple(labels), first + target) for target, labels in by_target.items()]
            if part.accept[number] >= 0:
                self.free[first + number].append(leave)
        return leave

    def closures(self) -> list[frozenset[int]]:
        """Per state what free moves reach, itself included, less the states in which nothing happens."""
        edges, free, accept = self.edges, self.free, self.accept
        found: list[frozenset[int]] = []
        for state in range(len(edges)):
            if not free[state]:
                found.append(frozenset((state,)))
                continue
            seen = {state}
            stack = [state]
            while stack:
                for target in free[stack.pop()]:
                    if target not in seen:
                        seen.add(target)
                        stack.append(target)
            self._budget.take_steps(len(seen))
            found.append(frozenset(s for s in seen if edges[s] or s in accept))
        return found


def determinise(source: Nondeterministic, size: int, budget: Budget) -> Rows:
    """The subset construction; where labels meet in one set, the lowest wins."""
    closures, edges, accept = source.closures(), source.edges, source.accept
    numbers = {closures[0]: 0}
    order = [closures[0]]
    rows: list[list[int]] = []
    labels: list[int] = []
    for members in order:
        label = min((accept[s] for s in members if s in accept), default=-1)
        labels.append(label)
        moves: dict[int, frozenset[int]] = {}
        steps = 0
        for state in members:
            for classes, target in edges[state]:
                closure = closures[target]
                steps += len(classes)
                for number in classes:
                    known = moves.get(number)
                    if known is None:
                        moves[number] = closure
                    elif known is not closure:
                        moves[number] = known | closure
                        steps += len(known) >> 3
        budget.take_steps(steps)
        row = [-1] * size
        for number, subset in moves.items():
            found = numbers.get(subset)
            if found is None:
                found = numbers[subset] = len(order)
                order.append(subset)
                budget.check_states(found)
            row[number] = found
        rows.append(row)
    return Rows(rows, labels)


def rows_of(node: Node, alphabet: Alphabet, budget: Budget, depth: int = 0) -> Rows:
    """The minimal automaton of one node; of no state at all where the language is empty."""
    budget.check_depth(depth)
    if isinstance(node, (And, Not)):
        found = budget.known.get(id(node))
        if found is None:
            if isinstance(node, And):
                parts = [rows_of(part, alphabet, budget, depth + 1) for part in node.parts]
                found = _product(parts, alphabet, budget)
            else:
                found = _complement(rows_of(node.body, alphabet, budget, depth + 1), alphabet.size)
            budget.known[id(node)] = found
        return found
    if isinstance(node, Ordered):
        return minimise(Rows(*ordered_rows(node.tree, alphabet, budget)), budget)
    if isinstance(node, Substrings | Words):
        return minimise(_substring_rows(node, alphabet, budget), budget)
    source = Nondeterministic(alphabet, budget)
    source.accept[source.add(node, 0, depth)] = 0
    return minimise(determinise(source, alphabet.size, budget), budget)


def labelled_rows(languages: Sequence[tuple[int, Node]], alphabet: Alphabet, budget: Budget) -> Rows:
    """The union of labelled languages; on overlap the lowest label wins."""
    source = Nondeterministic(alphabet, budget)
    for label, node in sorted(languages, key=lambda pair: pair[0]):
        end = source.add(Seq((node,)), _fork(source), 0)
        source.accept[end] = label
    return minimise(determinise(source, alphabet.size, budget), budget)


def _fork(source: Nondeterministic) -> int:
    """A fresh state beside the start, so that no part's loop leads into another part."""
    source.edges.append([])
    source.free.append([])
    source.free[0].append(len(source.edges) - 1)
    return len(source.edges) - 1


def _substring_rows(node: Substrings | Words, alphabet: Alphabet, budget: Budget) -> Rows:
    from structgen.automaton.substrings import suffix_automaton

    budget.check_states(len(node.source))
    moves, accept = suffix_automaton(node.source, node.places if isinstance(node, Words) else None)
    rows = []
    for step in moves:
        row = [-1] * alphabet.size
        for character, target in step.items():
            row[alphabet.classes(_single(character))[0]] = target
        rows.append(row)
    budget.take_steps(len(rows) * alphabet.size)
    return Rows(rows, [0 if one else -1 for one in accept])


def _complement(part: Rows, size: int) -> Rows:
    """Everything else: missing moves lead to a state that accepts all, acceptance is turned round."""
    sink = len(part.rows)
    rows = [[target if target >= 0 else sink for target in row] for row in part.rows]
    accept = [-1 if label >= 0 else 0 for label in part.accept]
    rows.append([sink] * size)
    accept.append(0)
    return _pruned(Rows(rows, accept))


def _product(parts: list[Rows], alphabet: Alphabet, budget: Budget) -> Rows:
    """Texts that every part accepts, from the smallest part on, so that impossible combinations end early."""
    if not parts:
        return Rows([[0] * alphabet.size], [0])
    parts.sort(key=lambda part: len(part.rows))
    result = parts[0]
    for part in parts[1:]:
        result = minimise(_pair(result, part, budget), budget)
    return result


def _pair(left: Rows, right: Rows, budget: Budget) -> Rows:
    if not left.rows or not right.rows:
        return Rows([], [])
    numbers = {(0, 0): 0}
    order = [(0, 0)]
    rows: list[list[int]] = []
    accept: list[int] = []
    for a, b in order:
        accept.append(0 if left.accept[a] >= 0 and right.accept[b] >= 0 else -1)
        row = []
        budget.take_steps(len(left.rows[a]))
        for pair in zip(left.rows[a], right.rows[b], strict=True):
            if pair[0] < 0 or pair[1] < 0:
                row.append(-1)
                continue
            found = numbers.get(pair)
            if found is None:
                found = numbers[pair] = len(order)
                order.append(pair)
            row.append(found)
        rows.append(row)
        budget.check_states(len(order))
    return Rows(rows, accept)


def _sources(rows: list[list[int]]) -> list[set[int]]:
    """Per state the states with a move to it."""
    found: list[set[int]] = [set() for _ in rows]
    for state, row in enumerate(rows):
        for target in set(row):
            if target >= 0:
                found[target].add(state)
    return found


def _pruned(part: Rows) -> Rows:
    """Without the states that never accept; no state is left where the language is empty."""
    sources = _sources(part.rows)
    live = {state for state, label in enumerate(part.accept) if label >= 0}
    stack = list(live)
    while stack:
        for source in sources[stack.pop()]:
            if source not in live:
                live.add(source)
                stack.append(source)
    if 0 not in live:
        return Rows([], [])
    if len(live) == len(part.rows):
        return part
    return _renumbered(part, {state: state for state in live})


def _renumbered(part: Rows, block_of: dict[int, int]) -> Rows:
    """One state per block, breadth-first from the start; states without a block vanish."""
    numbers = {block_of[0]: 0}
    order = [0]
    rows: list[list[int]] = []
    for state in order:
        row = []
        for target in part.rows[state]:
            block = block_of.get(target)
            if block is None:
                row.append(-1)
                continue
            found = numbers.get(block)
            if found is None:
                found = numbers[block] = len(order)
                order.append(target)
            row.append(found)
        rows.append(row)
    return Rows(rows, [part.accept[state] for state in order])


def minimise(part: Rows, budget: Budget) -> Rows:
    """Pruned, with equal states merged, numbered breadth-first.

    Partition refinement that keeps the larger half in place, so that a state is looked at again only when one it leads
    to has moved: about n log n looks, also for long chains. States first differ by label and distance to acceptance.
    """
    part = _pruned(part)
    size = len(part.rows)
    if size < 2:
        return part
    rows, sources = part.rows, _sources(part.rows)
    block = _first_blocks(part, sources)
    members: list[set[int]] = [set() for _ in range(max(block) + 1)]
    for state, number in enumerate(block):
        members[number].add(state)
    block.append(-1)  # rows hold -1 for no state: the last entry answers for it
    look = block.__getitem__
    dirty = {state for state in range(size) if len(members[block[state]]) > 1}
    while dirty:
        by_block: dict[int, list[int]] = {}
        for state in dirty:
            by_block.setdefault(block[state], []).append(state)
        moved: list[tuple[int, int]] = []
        for number, states in by_block.items():
            groups: dict[tuple[int, ...], set[int]] = {}
            clean = members[number].difference(states)
            if clean:
                groups[tuple(map(look, rows[next(iter(clean))]))] = clean
            for state in states:
                groups.setdefault(tuple(map(look, rows[state])), set()).add(state)
            budget.take_steps(len(states) >> 2)
            if len(groups) == 1:
                continue
            parts = sorted(groups.values(), key=len)
            members[number] = parts.pop()
            for group in parts:
                moved.extend((state, len(members)) for state in group)
                members.append(group)
        dirty = set()
        for state, number in moved:  # only now: within a round all states are compared by the same blocks
            block[state] = number
        for state, _ in moved:
            dirty.update(source for source in sources[state] if len(members[block[source]]) > 1)
    if len(members) == size:
        return _renumbered(part, {state: state for state in range(size)})
    return _renumbered(part, {state: block[state] for state in range(size)})


def _first_blocks(part: Rows, sources: list[set[int]]) -> list[int]:
    """Blocks by label and by distance to the nearest acceptance."""
    distance = [-1] * len(part.rows)
    frontier = [state for state, label in enumerate(part.accept) if label >= 0]
    steps = 0
    while frontier:
        for state in frontier:
            distance[state] = steps
        steps += 1
        frontier = list({s for state in frontier for s in sources[state] if distance[s] < 0})
    known: dict[tuple[int, int], int] = {}
    return [known.setdefault(pair, len(known)) for pair in zip(part.accept, distance, strict=True)]
