"""Lists of strings as automata, without subset construction.

In: names or strings. Out: a ``Dfa``: the names of an object with their numbers as labels (``compile_names``), or plain
strings (``compile_strings``). The idea: strings sorted by bytes are a trie read depth-first, so each state is finished
as soon as the next string leaves it; plain strings then share equal ends at once (Daciuk et al., Incremental
construction of minimal acyclic finite-state automata, Computational Linguistics 26 (2000)).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from structgen.automaton.dfa_bytes import finish
from structgen.automaton.dfa_form import ANY, INFINITE, Dfa, Edge, Edges, merge_edges, saturate
from structgen.automaton.dfa_length import LEAD_WEIGHTS
from structgen.errors import LimitExceededError, StructgenError
from structgen.limits import Limits


def _spelling(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise StructgenError(f"the text {text!r} has a lone surrogate", because="it has no UTF-8 spelling") from error


def compile_strings(strings: Iterable[str]) -> Dfa | None:
    """The minimal automaton of the strings; None where there are none."""
    words = sorted({_spelling(text) for text in strings})
    return _Words().build(words) if words else None


class _Words:
    """States of the minimal automaton of sorted words, finished deepest first, equal ones once."""

    def __init__(self) -> None:
        self._chains: dict[int, int] = {}
        """State by target and byte, for the many with one edge and no acceptance."""
        self._made: dict[tuple[bool, Edges], int] = {}
        self._edges: list[Edges] = []
        self._accept: list[int] = []
        self._shortest: list[int] = []
        self._longest: list[int] = []
        self._count: list[int] = []

    def build(self, words: list[bytes]) -> Dfa:
        """Finish what the next word leaves, from its end to where the two part."""
        branches: dict[int, list[Edge]] = {}
        ends: set[int] = set()
        before = words[0]
        for word in words[1:]:
            ends.add(len(before))
            shared = _common(before, word)
            if shared < len(before):
                state = self._fold(before, shared + 1, branches, ends)
                branches.setdefault(shared, []).append((before[shared], before[shared], state))
            before = word
        ends.add(len(before))
        start = self._fold(before, 0, branches, ends)
        return finish(self._edges, self._accept, (self._shortest, self._longest, self._count), start=start)

    def _fold(self, word: bytes, down_to: int, branches: dict[int, list[Edge]], ends: set[int]) -> int:
        """Finish the states on the path of ``word`` from its end up to a depth; the last one finished."""
        chains, edges, accept = self._chains, self._edges, self._accept
        shortest, longest, count = self._shortest, self._longest, self._count
        state = -1
        for depth in range(len(word), down_to - 1, -1):
            if state < 0 or depth in branches or depth in ends:
                row = branches.pop(depth, [])
                if state >= 0:
                    row.append((word[depth], word[depth], state))
                ends_here = depth in ends
                ends.discard(depth)
                state = self._state(merge_edges(row), ends_here)
                continue
            byte = word[depth]
            key = state << 8 | byte
            found = chains.get(key)
            if found is None:
                found = chains[key] = len(edges)
                edges.append(((byte, byte, state),))
                accept.append(-1)
                step = 0 if 0x80 <= byte < 0xC0 else 1
                shortest.append(shortest[state] + step)
                longest.append(longest[state] + step)
                count.append(count[state])
            state = found
        return state

    def _state(self, edges: Edges, ends: bool) -> int:
        key = (ends, edges)
        number = self._made.get(key)
        if number is not None:
            return number
        number = self._made[key] = len(self._edges)
        step = 0 if edges and 0x80 <= edges[0][0] < 0xC0 else 1
        self._edges.append(edges)
        self._accept.append(0 if ends else -1)
        self._shortest.append(0 if ends else min([self._shortest[edge[2]] for edge in edges]) + step)
        self._longest.append(max([self._longest[edge[2]] for edge in edges]) + step if edges else 0)
        self._count.append(saturate(ends + sum([(high - low + 1) * self._count[aim] for low, high, aim in edges])))
        return number


def _common(left: bytes, right: bytes) -> int:
    """The length of the common beginning."""
    number = 0
    for a, b in zip(left, right, strict=False):
        if a != b:
            break
        number += 1
    return number


class _Names:
    """States of a trie of names, finished deepest first; beside it runs the automaton of all other names."""

    def __init__(self, spellings: Sequence[bytes], other: Dfa | None) -> None:
        self._spellings, self._other = spellings, other
        self._other_label = len(spellings)
        self.edges: list[Edges] = []
        self.accept: list[int] = []
        self.shortest: list[int] = []
        self.longest: list[int] = []
        self.count: list[int] = []
        self.labels: list[tuple[int, ...]] = []
        if other is not None:
            self.edges.extend(other.edges)
            self.accept.extend([self._other_label + label if label >= 0 else -1 for label in other.accept])
            self.shortest.extend(other.min_length)
            self.longest.extend(other.max_length)
            self.count.extend(other.count)
            self.labels.extend([tuple([self._other_label + label for label in row]) for row in other.labels or
                                [(0,)] * len(other.edges)])

    def build(self) -> int:
        """Finish every state; the number of the start."""
        order = sorted(range(len(self._spellings)), key=self._spellings.__getitem__)
        other = self._other
        rows: list[list[Edge]] = [[]]
        labels = [-1]
        beside = [-1 if other is None else other.start]
        before = b""
        for number in order:
            word = self._spellings[number]
            shared = _common(before, word)
            self._fold(rows, labels, beside, before, shared)
            for byte in word[shared:]:
                rows.append([])
                labels.append(-1)
                beside.append(-1 if other is None else _step(other, beside[-1], byte))
            if labels[-1] < 0:
                labels[-1] = number
            before = word
        self._fold(rows, labels, beside, before, 0)
        return self._close(rows[0], labels[0], beside[0], b"")

    def _fold(self, rows: list[list[Edge]], labels: list[int], beside: list[int], word: bytes, down_to: int) -> None:
        for depth in range(len(word), down_to, -1):
            number = self._close(rows.pop(), labels.pop(), beside.pop(), word[:depth] if self._other else b"")
            byte = word[depth - 1]
            rows[-1].append((byte, byte, number))

    def _close(self, row: list[Edge], label: int, beside: int, prefix: bytes) -> int:
        number = len(self.edges)
        if beside >= 0:
            self._close_beside(row, label, beside, prefix)
            return number
        self.edges.append(tuple(row))
        self.accept.append(label)
        if len(row) == 1:
            byte, _, target = row[0]
            step = 0 if 0x80 <= byte < 0xC0 else 1
            if label < 0:
                self.shortest.append(self.shortest[target] + step)
                self.longest.append(self.longest[target] + step)
                self.count.append(self.count[target])
                self.labels.append(self.labels[target])
                return number
        else:
            step = 0 if row and 0x80 <= row[0][0] < 0xC0 else 1
        self._sum([(target, 1, step) for _, _, target in row], label)
        return number

    def _sum(self, moves: list[tuple[int, int, int]], label: int) -> None:
        """Add up what follows from moves (target, ways, length)."""
        own = label >= 0
        self.shortest.append(0 if own else min([self.shortest[target] + step for target, _, step in moves]))
        self.longest.append(saturate(max([self.longest[target] + step for target, _, step in moves], default=0)))
        self.count.append(saturate(own + sum([ways * self.count[target] for target, ways, _ in moves])))
        labels = {label} if own else set()
        for target in {target for target, _, _ in moves}:
            labels.update(self.labels[target])
        self.labels.append(tuple(sorted(labels)))

    def _close_beside(self, row: list[Edge], label: int, beside: int, prefix: bytes) -> None:
        """A state of the trie where the automaton of the other names is still alive."""
        other = self._other
        assert other is not None
        edges = list(row)
        pending = _pending(prefix)
        for low, high, target in other.edges[beside]:
            if pending:
                low, high = max(low, 0x80), min(high, 0xBF)
            free = low
            for byte, _, _ in row:
                if low <= byte <= high:
                    if free < byte:
                        edges.append((free, byte - 1, target))
                    free = byte + 1
            if free <= high:
                edges.append((free, high, target))
        self.edges.append(merge_edges(edges))
        if label < 0 and not pending:
            label = self.accept[beside]
        self.accept.append(label)
        moves = []
        for low, high, target in self.edges[-1]:
            ways = self._ways(low, high, target, pending, prefix)
            if ways:
                moves.append((target, ways, 0 if pending else 1))
        self._sum(moves, label)

    def _ways(self, low: int, high: int, target: int, pending: int, prefix: bytes) -> int:
        """How many characters, or ways to complete one, an edge stands for."""
        other = self._other
        assert other is not None
        whole = target < len(other.edges) and _absorbs(other, target)
        if not pending:
            ways = max(0, min(high, 0x7F) - low + 1)
            beyond = range(max(low, 0xC2), min(high, 0xF4) + 1)
            return ways + (sum([LEAD_WEIGHTS[byte] for byte in beyond]) if whole else len(beyond))
        first, last = _CONTINUATIONS.get(prefix[-1], (0x80, 0xBF))
        valid = min(high, last) - max(low, first) + 1
        return max(0, valid) * (64 ** (pending - 1) if whole else 1)


_CONTINUATIONS = {0xE0: (0xA0, 0xBF), 0xED: (0x80, 0x9F), 0xF0: (0x90, 0xBF), 0xF4: (0x80, 0x8F)}
"""Second bytes that may follow a first byte, where not all may (RFC 3629, section 4)."""


def _pending(prefix: bytes) -> int:
    """How many bytes the last character of a beginning still lacks."""
    for back in range(1, min(4, len(prefix)) + 1):
        byte = prefix[-back]
        if byte < 0x80:
            return 0
        if byte >= 0xC0:
            return (2 if byte < 0xE0 else 3 if byte < 0xF0 else 4) - back
    return 0


def _absorbs(dfa: Dfa, state: int) -> bool:
    """Whether continuation bytes mean nothing in a state."""
    return any(low <= 0x80 and high >= 0xBF and target == state for low, high, target in dfa.edges[state])


def _step(dfa: Dfa, state: int, byte: int) -> int:
    if state >= 0:
        for low, high, target in dfa.edges[state]:
            if low <= byte <= high:
                return target
    return -1


def compile_names(names: Sequence[str], other: bool, other_name: Dfa | None = None,
                  limits: Limits | None = None) -> Dfa | None:
    """The keys of an object: ``names[i]`` has label i; with ``other`` every further text has the label ``len(names)``.

    ``other_name`` restricts those further texts (None: any text); where its texts have labels, these are added to
    ``len(names)``. None where there is neither a name nor another.
    """
    beside = (ANY if other_name is None or other_name == ANY else other_name) if other else None
    if not names and beside is None:
        return None
    spellings = [_spelling(name) for name in names]
    if limits is not None and sum(map(len, spellings)) > limits.grammar_states:
        raise LimitExceededError("the names of an object are too long together", limit="grammar_states")
    if (beside is None or beside is ANY) and "".join(names).isascii() and len(set(names)) == len(names):
        return _ascii_names(spellings, beside is not None)
    trie = _Names(spellings, beside)
    start = trie.build()
    return finish(trie.edges, trie.accept, (trie.shortest, trie.longest, trie.count), trie.labels, start)


def _ascii_names(spellings: list[bytes], other: bool) -> Dfa:
    """The usual case, level by level: names in ASCII, all different, and any other text or none."""
    order = sorted(range(len(spellings)), key=spellings.__getitem__)
    words = [spellings[number] for number in order]
    rest = (len(words),) if other else ()
    own = [(number, *rest) for number in order]
    edges: list[Edges] = []
    accept: list[int] = []
    labels: list[tuple[int, ...]] = []
    spans = [(0, len(words), 0)]
    first = 1
    if other:  # state 1 takes every text that no name begins with
        spans.append((0, 0, -1))
        first = 2
    for low, high, depth in spans:
        if depth < 0:
            edges.append(((0, 255, 1),))
            accept.append(len(words))
            labels.append(rest)
            continue
        label = len(words) if other else -1
        if low < high and len(words[low]) == depth:
            label = order[low]
            low_child = low + 1
        else:
            low_child = low
        accept.append(label)
        labels.append(own[low] if high - low == 1 else (*sorted(order[low:high]), *rest))
        row: list[Edge] = []
        free = 0
        here = low_child
        while here < high:
            byte = words[here][depth]
            end = here + 1
            while end < high and words[end][depth] == byte:
                end += 1
            if other and free < byte:
                row.append((free, byte - 1, 1))
            free = byte + 1
            row.append((byte, byte, first))
            first += 1
            spans.append((here, end, depth + 1))
            here = end
        if other:
            row.append((free, 255, 1))
        edges.append(tuple(row))
    size = len(edges)
    if other:
        return Dfa(0, tuple(edges), tuple(accept), (0,) * size, (INFINITE,) * size, (INFINITE,) * size, tuple(labels))
    lengths = [[len(word) - depth for word in words[low:high]] for low, high, depth in spans]
    return Dfa(0, tuple(edges), tuple(accept), tuple(map(min, lengths)), tuple(map(max, lengths)),
               tuple(map(len, lengths)), tuple(labels), True)
