"""The engine in readable Python: the same algorithm as ``native/``, on the same tables.

In: ``Tables`` and a vocabulary. Out: configurations (plain numbers), steps between them, and the mask of each.

* A **thread** is one way to read the text so far: ``(state, frame, registers)``; a BYTES state waits for a byte, a SPAN
  state is in the middle of a text.
* A **frame** is where a thread returns to: ``(slot, parent, registers of the activation that waits)``, hash-consed, so a
  stack is one number and threads share their stacks.
* A **configuration** is the set of threads, hash-consed: equal futures are equal numbers, at whatever position of
  whatever output they occur. A matcher is one configuration number; fork and rollback copy it.

``step`` moves every thread over a byte and follows what needs no byte (``close``). ``mask`` asks, per thread, which
tokens survive: a walk over the token trie that never enters a subtree whose first byte is dead. Inside a JSON string that
nothing constrains, the tokens that stay inside are one shared row, and only those with a closing quote are walked.

Measured figures are in the README; this engine is the one to read, the native one the one to run.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from structgen.automaton.tables import DEAD, INFINITE, Kind, Role, Tables
from structgen.errors import LimitExceededError
from structgen.limits import Limits
from structgen.matching import decoder
from structgen.matching.boxes import Box, after_byte, is_constrained
from structgen.matching.differ import can_differ
from structgen.matching.estimate import Estimate, Place
from structgen.matching.estimate_labels import estimate_of
from structgen.matching.names import Refused, ScopeRules
from structgen.matching.spans import FRESH, KeyRules, Reading, Registers, SpanReader
from structgen.matching.trie import TokenTrie, VocabularyTables

NOWHERE = 0
"""The configuration without threads: nothing follows."""
FINISHED = -1
"""What stands for the configuration once an end token has been taken."""
_BOTTOM = 0
_BYTES_PER_CONFIGURATION = 300
"""What one configuration costs here, roughly, with its dictionary entries (measured with tracemalloc)."""


@dataclass(frozen=True, slots=True)
class Frame:
    """Where to return to, and what the waiting activation remembers."""

    slot: int
    parent: int
    registers: Registers


@dataclass(frozen=True, slots=True)
class Thread:
    """A state that waits for a byte. ``registers`` belong to its activation; ``reading`` is set inside a span, whose
    activation then waits in the frame."""

    state: int
    frame: int
    registers: Registers
    reading: Reading | None = None


class Standing(Protocol):
    """Whoever stands on configurations: a matcher."""

    def places(self) -> Iterable[int]:
        """The configurations that must be kept."""

    def renumber(self, numbers: dict[int, int]) -> None:
        """Takes new numbers for them."""


class Engine:
    """Configurations and masks of one grammar over one vocabulary."""

    def __init__(self, tables: Tables, vocabulary: VocabularyTables, limits: Limits) -> None:
        self.tables, self._limits = tables, limits
        self._vocabulary = vocabulary
        self._scopes = None if tables.names is None else ScopeRules(tables.names)
        self._spans = [SpanReader(tables, span, self._scopes) for span in tables.spans]
        self._kind, self._a, self._b = tables.states[0::3], tables.states[1::3], tables.states[2::3]
        self.lock = threading.RLock()
        """Held by whoever reads or makes configurations: matchers of one grammar may run in several threads."""
        self._estimate: Estimate | None = None
        self.matchers: weakref.WeakSet[Standing] = weakref.WeakSet()
        self.masks_computed = 0
        self.cold_steps = 0
        self._clear()

    def _clear(self) -> None:
        self._frames: list[Frame] = [Frame(0, 0, FRESH)]
        self._frame_ids: dict[Frame, int] = {}
        self._configurations: list[tuple[frozenset[Thread], bool]] = []
        self._ids: dict[tuple[frozenset[Thread], bool], int] = {}
        self._steps: dict[int, int] = {}
        self._masks: dict[int, NDArray[np.int32]] = {}
        self._differs: dict[Thread, bool] = {}
        self.mask_bytes = 0
        self._intern(frozenset(), False)
        self.start = self._configuration([(self.tables.start, _BOTTOM, FRESH)])

    # -- configurations -------------------------------------------------------------------------------------------

    def _intern(self, threads: frozenset[Thread], accepting: bool) -> int:
        key = (threads, accepting)
        number = self._ids.get(key)
        if number is None:
            if len(threads) > self._limits.threads:
                raise LimitExceededError(f"{len(threads):,} alternatives are open at once", limit="threads",
                                         because="the grammar is too ambiguous")
            number = self._ids[key] = len(self._configurations)
            self._configurations.append(key)
        return number

    def box_of(self, thread: Thread) -> Box | None:
        """What a thread is writing inside a list whose items must differ."""
        scope = (thread.registers if thread.reading is None else self._frames[thread.frame].registers).scope
        return scope if isinstance(scope, Box) else None

    def _can_differ(self, thread: Thread) -> bool:
        """Whether what the thread is writing can still become an item that is equal to none before it."""
        box = self.box_of(thread)
        if box is None or not is_constrained(box):
            return True
        known = self._differs.get(thread)
        if known is None:
            known = self._differs[thread] = can_differ(self, thread, 50 * self._limits.threads)
        return known

    def _frame(self, frame: Frame) -> int:
        number = self._frame_ids.get(frame)
        if number is None:
            number = self._frame_ids[frame] = len(self._frames)
            self._frames.append(frame)
        return number

    def _configuration(self, entries: list[tuple[int, int, Registers]], threads: list[Thread] | None = None) -> int:
        """The configuration of some threads and of all that is reached from some entries without a byte."""
        found, accepting = self.close(entries, threads or [])
        if any(self.box_of(thread) is not None for thread in found):
            found = [thread for thread in found if self._can_differ(thread)]
        return self._intern(frozenset(found), accepting)

    def close(self, entries: list[tuple[int, int, Registers]], threads: list[Thread]) -> tuple[list[Thread], bool]:
        """Follows calls, returns, splits, counters and guards from ``(state, frame, registers)`` entries."""
        accepting = False
        seen = set(entries)
        work = list(seen)
        found = list(threads)
        for thread in threads:
            work.extend(self.ends(thread))
        while work:
            entry = work.pop()
            state, frame, registers = entry
            kind, a, b = self._kind[state], self._a[state], self._b[state]
            if kind == Kind.BYTES:
                found.append(Thread(state, frame, registers))
                continue
            if kind == Kind.RETURN and frame == _BOTTOM:
                accepting = True
                continue
            if kind == Kind.SPAN:
                begun = self._begin(state, frame, registers)
                if begun is not None:
                    found.append(begun)
                    work.extend(self.ends(begun))
                continue
            for following in self._follow(kind, a, b, frame, registers):
                if following not in seen:
                    seen.add(following)
                    work.append(following)
            if len(seen) > 50 * self._limits.threads:
                raise LimitExceededError("a step follows too many alternatives", limit="threads",
                                         because="the grammar is too ambiguous, or recurses without reading anything")
        return found, accepting

    def _follow(self, kind: int, a: int, b: int, frame: int,
                registers: Registers) -> Iterator[tuple[int, int, Registers]]:
        if kind == Kind.SPLIT:
            for i in range(a, a + b):
                yield self.tables.targets[i], frame, registers
        elif kind == Kind.CALL:
            following = self.tables.returns[b]
            if self._kind[following] == Kind.RETURN and self._a[following] == 0:
                yield a, frame, _fresh(registers)  # a tail call needs no frame of its own
            else:
                yield a, self._frame(Frame(b, frame, registers._replace(scope=None))), _fresh(registers)
        elif kind == Kind.RETURN:
            waiting = self._frames[frame]
            target = self.tables.returns[waiting.slot + a]
            if target != DEAD:
                yield target, waiting.parent, waiting.registers._replace(scope=registers.scope)
        elif kind == Kind.SCOPE:
            assert self._scopes is not None
            do, what = self.tables.steps[b]
            scope = self._scopes.after(do, what, registers.scope)
            if not isinstance(scope, Refused):
                yield a, frame, registers._replace(scope=scope)
        elif kind == Kind.COUNT:
            yield a, frame, registers._replace(count=min(registers.count + 1, b))
        elif self._passes(kind, b, registers):
            yield a, frame, registers

    def _passes(self, kind: int, b: int, registers: Registers) -> bool:
        if kind == Kind.AT_LEAST:
            return registers.count >= b
        if kind == Kind.BELOW:
            return registers.count < b
        if kind == Kind.ROOM:
            return b >= INFINITE or len(registers.texts) < b
        rules = self._key_rules(b)
        return rules.more(registers) if kind == Kind.MORE else rules.may_close(registers)

    def _key_rules(self, key_set: int) -> KeyRules:
        for reader in self._spans:
            if reader.keys is not None and reader.span.key_set == key_set:
                return reader.keys
        raise AssertionError("a key set without its span")

    # -- spans ----------------------------------------------------------------------------------------------------

    def _begin(self, state: int, frame: int, registers: Registers) -> Thread | None:
        reading = self._spans[self._a[state]].begin(registers)
        if reading is None:
            return None
        return Thread(state, self._frame(Frame(self._b[state], frame, registers)), FRESH, reading)

    def ends(self, thread: Thread) -> list[tuple[int, int, Registers]]:
        """Where a raw text goes on if it ends here: it has no closing quote, so it may end wherever it is complete."""
        if thread.reading is None or self._spans[self._a[thread.state]].is_json:
            return []
        return self.finish(thread)

    def finish(self, thread: Thread) -> list[tuple[int, int, Registers]]:
        reader, reading = self._spans[self._a[thread.state]], thread.reading
        assert reading is not None
        waiting = self._frames[thread.frame]
        label = reader.label(reading, waiting.registers)
        if label < 0:
            return []
        target = self.tables.returns[waiting.slot + label]
        if target == DEAD:
            return []
        return [(target, waiting.parent, reader.finish(reading, label, waiting.registers))]

    # -- steps ----------------------------------------------------------------------------------------------------

    def step(self, configuration: int, byte: int) -> int:
        """The configuration after one byte; ``NOWHERE`` if no thread survives it."""
        key = configuration << 8 | byte
        following = self._steps.get(key)
        if following is None:
            following = self._steps[key] = self._step(configuration, byte)
        return following

    def _step(self, configuration: int, byte: int) -> int:
        self.cold_steps += 1
        entries: list[tuple[int, int, Registers]] = []
        inside: list[Thread] = []
        for thread in self._configurations[configuration][0]:
            self.step_thread(thread, byte, entries, inside)
        if not entries and not inside:
            return NOWHERE
        return self._configuration(entries, inside)

    def step_thread(self, thread: Thread, byte: int, entries: list[tuple[int, int, Registers]],
                    inside: list[Thread]) -> None:
        """Adds where one thread goes on behind a byte: to ``entries``, or to ``inside`` where that is within a text."""
        if thread.reading is not None:
            reader = self._spans[self._a[thread.state]]
            reading, ended = reader.step(thread.reading, byte, self._frames[thread.frame].registers)
            if ended:
                entries.extend(self.finish(thread))
            elif reading is not None:
                inside.append(Thread(thread.state, thread.frame, FRESH, reading))
            return
        first, registers = self._a[thread.state], thread.registers
        for edge in range(3 * first, 3 * (first + self._b[thread.state]), 3):
            if self.tables.edges[edge] <= byte <= self.tables.edges[edge + 1]:
                if isinstance(registers.scope, Box):
                    box = after_byte(registers.scope, byte)
                    if box is None:
                        return
                    registers = registers._replace(scope=box)
                entries.append((self.tables.edges[edge + 2], thread.frame, registers))
                return  # the ranges are disjoint

    def is_rich(self, thread: Thread) -> bool:
        """Whether the thread is in a text that may plainly go on to more texts than can have been used."""
        return thread.reading is not None and self._spans[self._a[thread.state]].is_rich(
            thread.reading, self._frames[thread.frame].registers)

    def bytes_of(self, thread: Thread) -> list[int]:
        """The bytes with which a thread may go on, and some more; those that lead to an end soonest come last."""
        first, count = self._a[thread.state], self._b[thread.state]
        edges = self.tables.edges
        if thread.reading is None:
            found = {byte for edge in range(3 * first, 3 * (first + count), 3)
                     for byte in range(edges[edge], edges[edge + 1] + 1)}
            return sorted(found - set(b" \t\r\n") or found, key=lambda byte: (byte not in b",{[", byte in b"}]"))
        if thread.reading.decoder != decoder.START:
            return list(range(256))
        reader = self._spans[first]
        spelled = [byte for low, high, _ in reader.dfa.edges[thread.reading.state] for byte in range(low, high + 1)]
        return [0x5C, *spelled, 0x22] if reader.is_json else spelled

    def walk(self, configuration: int, text: bytes) -> int:
        """The configuration after some bytes."""
        for byte in text:
            if configuration == NOWHERE:
                return NOWHERE
            configuration = self.step(configuration, byte)
        return configuration

    def is_accepting(self, configuration: int) -> bool:
        """Whether the output may end here."""
        return self._configurations[configuration][1]

    def threads(self, configuration: int) -> frozenset[Thread]:
        """The threads of a configuration, for explanations."""
        return self._configurations[configuration][0]

    def standing(self, configuration: int) -> frozenset[Place]:
        """The same with their stacks spelled out."""
        return frozenset(Place(thread.state, thread.registers, thread.reading, tuple(self._stack(thread.frame)))
                         for thread in self.threads(configuration))

    def _stack(self, number: int) -> Iterator[tuple[int, Registers]]:
        while number != _BOTTOM:
            frame = self._frames[number]
            yield frame.slot, frame.registers
            number = frame.parent

    def estimate(self) -> Estimate:
        """What is left to write from a place; made on first use."""
        if self._estimate is None:
            self._estimate = estimate_of(self.tables)
        return self._estimate

    # -- masks ----------------------------------------------------------------------------------------------------

    def mask(self, configuration: int) -> NDArray[np.int32]:
        """The mask of a configuration, ceil(V / 32) words, end tokens not among them; computed once, then shared."""
        mask = self._masks.get(configuration)
        if mask is None:
            allowed = np.zeros(self._vocabulary.vocabulary.size, dtype=np.bool_)
            for thread in self._configurations[configuration][0]:
                self._allow(thread, allowed)
            mask = _packed(allowed)
            mask.flags.writeable = False
            self._masks[configuration] = mask
            self.masks_computed += 1
            self.mask_bytes += mask.nbytes
        return mask

    def _allow(self, thread: Thread, allowed: NDArray[np.bool_]) -> None:
        """Marks the tokens that one thread survives; a token is allowed if any thread survives it."""
        room = self._free_room(thread)
        here = self._intern(frozenset((thread,)), False)
        if room is None:
            self._walk_trie(self._vocabulary.trie, here, allowed)
            return
        strings = self._vocabulary.strings(self._spans[self._a[thread.state]].span.encoding)
        inside = strings.inside >= 0
        if room < INFINITE:
            inside &= strings.inside <= room
        allowed |= inside
        self._walk_trie(strings.leaving, here, allowed)

    def _free_room(self, thread: Thread) -> int | None:
        """How many more characters fit a JSON string in which any character may come; None where some may not."""
        reading = thread.reading
        if reading is None or reading.decoder != decoder.START:
            return None
        reader = self._spans[self._a[thread.state]]
        if not reader.is_json or not reader.total[reading.state]:
            return None
        if reader.span.max_length != INFINITE and reader.dfa.edges != (((0, 255, 0),),):
            return None
        if reader.keys is not None:
            registers = self._frames[thread.frame].registers
            if reader.dfa.count[reading.state] < INFINITE or not reader.keys.allows(reader.keys.listed, registers):
                return None
        if reader.span.max_length != INFINITE and (self.box_of(thread) is not None or reader.span.role == Role.UNIQUE):
            return None
        if reader.span.role == Role.UNIQUE and reader.dfa.count[reading.state] < INFINITE:
            return None
        return INFINITE if reader.span.max_length == INFINITE else reader.span.max_length - reading.count

    def _walk_trie(self, trie: TokenTrie, configuration: int, allowed: NDArray[np.bool_]) -> None:
        """Marks the tokens of a trie that a configuration survives, skipping every subtree behind a dead byte."""
        path = [configuration] * 2
        node, last, steps = 0, len(trie), 0
        while node < last:
            depth = trie.depth[node]
            following = self.step(path[depth], trie.byte[node])
            steps += 1
            if following == NOWHERE:
                node = trie.end[node]
                continue
            if depth + 1 >= len(path):
                path.append(following)
            else:
                path[depth + 1] = following
            for token in trie.tokens[node] or ():
                allowed[token] = True
            node += 1
            if steps > self._limits.mask_steps:
                raise LimitExceededError(f"one mask took more than {steps:,} byte steps", limit="mask_steps")

    # -- memory ---------------------------------------------------------------------------------------------------

    def memory_bytes(self) -> int:
        """What the caches of this grammar hold, estimated; the tables themselves not counted."""
        return self.mask_bytes + _BYTES_PER_CONFIGURATION * len(self._configurations) + 100 * len(self._steps)

    def keep_within_budget(self, following: int) -> int:
        """Drops what no matcher stands on once the caches exceed ``cache_bytes``; returns the new number of ``following``.

        Raises ``LimitExceededError`` if what matchers stand on (every place that they can roll back to) is too much itself.
        """
        if self.memory_bytes() <= self._limits.cache_bytes:
            return following
        live = list(self.matchers)
        numbers = self._compact({following, *(place for matcher in live for place in matcher.places())} - {FINISHED})
        numbers[FINISHED] = FINISHED
        for matcher in live:
            matcher.renumber(numbers)
        if self.memory_bytes() > self._limits.cache_bytes:
            raise LimitExceededError("the outputs being generated need more memory than that", limit="cache_bytes")
        return numbers[following]

    def _compact(self, kept: Iterable[int]) -> dict[int, int]:
        """Drops every configuration, frame and mask but what the kept configurations stand on; returns their new numbers."""
        frames, configurations = self._frames, self._configurations
        self._clear()
        frame_numbers = {_BOTTOM: _BOTTOM}

        def moved(number: int) -> int:
            waiting = []  # frames whose parents come first
            while number not in frame_numbers:
                waiting.append(number)
                number = frames[number].parent
            for number in reversed(waiting):
                frame = frames[number]
                frame_numbers[number] = self._frame(replace(frame, parent=frame_numbers[frame.parent]))
            return frame_numbers[waiting[0] if waiting else number]

        numbers = {}
        for configuration in set(kept):
            threads, accepting = configurations[configuration]
            numbers[configuration] = self._intern(
                frozenset(replace(thread, frame=moved(thread.frame)) for thread in threads), accepting)
        return numbers

    @property
    def n_configurations(self) -> int:
        return len(self._configurations)


def _packed(allowed: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Bits in the field's order: token ``i`` is bit ``i % 32`` of word ``i // 32``."""
    words = (allowed.size + 31) // 32
    bits = np.zeros(words * 4, dtype=np.uint8)
    packed = np.packbits(allowed, bitorder="little")
    bits[: packed.size] = packed
    return bits.view(np.int32)


def _fresh(registers: Registers) -> Registers:
    """The registers of a new activation."""
    return FRESH if registers.scope is None else FRESH._replace(scope=registers.scope)
