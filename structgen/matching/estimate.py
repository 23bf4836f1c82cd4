"""An estimate, from the tables, of the bytes that an output still takes: what leads ``matching.completion``.

In: a thread with its stack. Out: a number of bytes. A thread costs what its own activation takes to finish, plus the
same for every activation that waits, each from ``(state, registers)``: a byte costs 1, a call what its rule costs when
entered afresh (found by repeating until no rule becomes cheaper, since rules recurse), a text its least bytes
(``matching.spelling``).

Objects in any order would have a situation per set of names. But their members cost the same in every order, so only
one order is followed: required names as listed, then what is cheapest, while members are still missing. Of other names
and unique items the estimate knows how many of each length are used, not which. It can be above the truth by a few
bytes where a key has begun that can still become several optional names.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple, cast

from structgen.automaton.tables import DEAD, INFINITE, Kind, Role, Tables
from structgen.matching import decoder
from structgen.matching.spans import KeyRules, Reading, Registers, SpanReader
from structgen.matching.spelling import NEVER, Spelling, cheapest

_MID_KEY_NAMES = 8
"""Optional names that are tried where a key has begun and can become several."""


class Place(NamedTuple):
    """A thread with its stack: what an engine says of where it is. ``waiting``: (slot, registers), innermost first."""

    state: int
    registers: Registers
    reading: Reading | None
    waiting: tuple[tuple[int, Registers], ...]


Used = tuple[tuple[int, ...], ...]
"""How many texts of each cost are used: JSON strings and keys first, raw texts second."""
Standing = tuple[int, int, int, Used]
"""State, count, seen, used texts: a place inside one activation, as far as costs go."""


class Estimate:
    """What is left to write, from the tables of one grammar; remembers what it has found out."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self.spans = [Spelling(SpanReader(tables, span)) for span in tables.spans]
        self._rules: dict[int, KeyRules] = {}
        for spelling in self.spans:
            if spelling.reader.keys is not None:
                self._rules[spelling.reader.span.key_set] = spelling.reader.keys
        self._key_sets: dict[int, int | None] = {}
        self._entry: dict[int, int] = {}
        self._known: dict[Standing, int] = {}
        self._ranks: dict[tuple[int, int, int, int], list[int]] = {}
        self._is_priced = False
        self._price_rules()
        self._is_priced = True

    def _price_rules(self) -> None:
        """What entering each rule costs: again and again for the callers of what became cheaper."""
        order = list(dict.fromkeys(a for kind, a, _ in map(self.state, range(self.tables.n_states)) if kind == Kind.CALL))
        callers: dict[int, list[int]] = {rule: [] for rule in order}
        for rule in order:
            for callee in self._calls_in(rule):
                callers[callee].append(rule)
        waiting = dict.fromkeys(order)
        while waiting:
            rule = waiting.popitem()[0]
            fresh: Standing = (rule, 0, 0, ((), ()))
            cost = cheapest(fresh, self._onward, {})
            if cost < self._entry.get(rule, NEVER):
                self._entry[rule] = cost
                waiting.update(dict.fromkeys(callers[rule]))

    def state(self, state: int) -> tuple[int, int, int]:
        kind, a, b = self.tables.states[3 * state : 3 * state + 3]
        return kind, a, b

    def _calls_in(self, start: int) -> set[int]:
        """The rules that one activation calls."""
        found: set[int] = set()
        seen, work = {start}, [start]
        while work:
            kind, a, _ = self.state(work[-1])
            if kind == Kind.CALL:
                found.add(a)
            for following in self._within(work.pop()):
                if following not in seen:
                    seen.add(following)
                    work.append(following)
        return found

    def _within(self, state: int) -> list[int]:
        """The states of the same activation that come after a state."""
        kind, a, b = self.state(state)
        if kind == Kind.BYTES:
            return list(self.tables.edges[3 * a + 2 : 3 * (a + b) : 3])
        if kind == Kind.SPLIT:
            return list(self.tables.targets[a : a + b])
        if kind == Kind.CALL:
            return [self.tables.returns[b]]
        if kind == Kind.SPAN:
            labels = max(self.spans[a].reader.dfa.accept) + 1
            return [target for target in self.tables.returns[b : b + labels] if target != DEAD]
        return [] if kind == Kind.RETURN else [a]

    def key_set_of(self, state: int) -> int | None:
        """The key set of the activation that a state belongs to: what its ``seen`` counts."""
        if state not in self._key_sets:
            self._key_sets[state] = self._find_key_set(state)
        return self._key_sets[state]

    def _find_key_set(self, state: int) -> int | None:
        seen, work = {state}, [state]
        while work:
            here = work.pop()
            kind, a, b = self.state(here)
            if kind in (Kind.MORE, Kind.DONE):
                return b
            if kind == Kind.SPAN and self.tables.spans[a].role == Role.KEY:
                return self.tables.spans[a].key_set
            fresh = [following for following in self._within(here) if following not in seen]
            seen.update(fresh)
            work.extend(fresh)
        return None

    def greatest(self) -> int:
        """The most bytes that any state of any activation, freshly entered, and any text still needs: what one step into a
        rule can add to what is left. Costs about 10 us a state."""
        fresh = Registers(0, 0, frozenset())
        rests = [self.rest(state, fresh) for state in range(self.tables.n_states)]
        texts = [max(spelling.reader.dfa.min_length, default=0) for spelling in self.spans]
        return max((rest for rest in (*rests, *texts, *self._entry.values()) if rest < NEVER), default=0)

    # -- inside one activation ------------------------------------------------------------------------------------

    def rest(self, state: int, registers: Registers) -> int:
        """The least bytes from a state of an activation to its return."""
        return self._rest((state, registers.count, registers.seen, self._used(state, registers)))

    def _rest(self, standing: Standing) -> int:
        found = self._known.get(standing)
        return cheapest(standing, self._onward, self._known) if found is None else found

    def _used(self, state: int, registers: Registers) -> Used:
        """The used texts as numbers per cost. Unique items say in their first byte how they are written."""
        used: Used = ((), ())
        is_item = not registers.texts or self.key_set_of(state) is None
        for text in registers.texts:
            raw = is_item and text[:1] == b"\1"
            cost = next((s.spelled(text) for s in self.spans if s.reader.tracked and s.reader.is_json != raw
                         and (s.reader.span.role == Role.UNIQUE) == is_item), len(text))
            used = _with(used, raw, cost)
        return used

    def _onward(self, at: Standing) -> Iterable[tuple[int, Standing | None]]:
        state, count, seen, used = at
        kind, a, b = self.state(state)
        if kind == Kind.RETURN:
            yield 0, None
        elif kind == Kind.BYTES or kind == Kind.SPLIT:
            for following in self._within(state):
                yield int(kind == Kind.BYTES), (following, count, seen, used)
        elif kind == Kind.CALL:
            yield self._entry.get(a, NEVER), (self.tables.returns[b], count, seen, used)
        elif kind == Kind.COUNT:
            yield 0, (a, min(count + 1, b), seen, used)
        elif kind == Kind.SPAN:
            yield from self._text(self.spans[a], b, None, at)
        elif kind == Kind.SCOPE or self._passes(kind, b, Registers(count, seen, _sized(used))):
            yield 0, (a, count, seen, used)

    def _passes(self, kind: int, b: int, registers: Registers) -> bool:
        if kind == Kind.AT_LEAST:
            return registers.count >= b
        if kind == Kind.BELOW:
            return registers.count < b
        if kind == Kind.ROOM:
            return b >= INFINITE or len(registers.texts) < b
        return self._rules[b].more(registers) if kind == Kind.MORE else self._rules[b].may_close(registers)

    def _text(self, text: Spelling, slot: int, reading: Reading | None, at: Standing,
              taken: bool = False) -> Iterator[tuple[int, Standing]]:
        """What a text costs from its beginning (or from inside, ``reading``), and where the activation goes on."""
        _, count, seen, used = at
        reader = text.reader
        here = reading or Reading(reader.dfa.start, decoder.START, 0, b"")
        before = 0 if reading is None or not reader.tracked else text.spelled(reading.text)
        is_start = here.state == reader.dfa.start and here.decoder == decoder.START
        for label, cost in self._labels(text, slot, here, is_start, at):
            after_count, after_seen, after_used = count, seen, used
            is_new = reader.span.role == Role.UNIQUE or (reader.keys is not None and label >= reader.keys.listed)
            if is_new:
                raw = not reader.is_json
                if reading is None:
                    cost = text.unused(used[raw], label)
                elif cost == 0 and taken:
                    cost = 1
                after_used = _with(used, raw, before + cost)
            if reader.keys is not None:
                after = reader.keys.after(label, b"", Registers(count, seen, frozenset()))
                after_count, after_seen = after.count, after.seen
            yield cost + reader.is_json, (self.tables.returns[slot + label], after_count, after_seen, after_used)

    def _labels(self, text: Spelling, slot: int, reading: Reading, is_start: bool, at: Standing) -> list[tuple[int, int]]:
        """The labels worth following, with the least bytes to them: see the module's docstring."""
        reader = text.reader
        if reader.span.role == Role.NAMED:  # any of them: what a scope allows is left to the search
            return [(label, text.remaining(reading, label)) for label in reader.dfa.labels[reading.state]]
        if reader.keys is None:
            return [(0, text.remaining(reading))]
        keys = self.tables.key_sets[reader.span.key_set]
        registers = Registers(at[1], at[2], _sized(at[3]))
        missing = reader.keys.missing(registers)
        allowed = (label for label in self._ranked(text, slot, reading) if reader.keys.allows(label, registers))
        if keys.ordered and keys.min_count - registers.count - missing > 0:
            chosen = list(allowed)
        else:
            required = next(([label] for label in reader.dfa.labels[reading.state] if missing and label < reader.keys.listed
                             and keys.required[label] and reader.keys.allows(label, registers)), [])
            few = _MID_KEY_NAMES if not is_start else 0 if required else 1
            chosen = required + list(islice((label for label in allowed if label not in required), few))
        return [(label, text.remaining(reading, label)) for label in chosen]

    def _ranked(self, text: Spelling, slot: int, reading: Reading) -> list[int]:
        """The labels that can still be reached, the cheapest member first."""
        key = (id(text), slot, reading.state, reading.decoder)
        found = self._ranks.get(key)
        if found is None:
            found = sorted(text.reader.dfa.labels[reading.state],
                           key=lambda label: text.remaining(reading, label) + self._value(slot + label))
            if self._is_priced:
                self._ranks[key] = found
        return found

    def _value(self, slot: int) -> int:
        """What stands behind a key."""
        target = self.tables.returns[slot]
        kind, a, _ = (Kind.RETURN, 0, 0) if target == DEAD else self.state(target)
        return self._entry.get(a, NEVER) if kind == Kind.CALL else 0

    # -- whole configurations -------------------------------------------------------------------------------------

    def of(self, place: Place) -> int:
        """The least bytes from a thread to the end of the output."""
        waiting = place.waiting
        if place.reading is None:
            total = self.rest(place.state, place.registers)
        else:
            _, a, b = self.state(place.state)
            registers = waiting[0][1]
            at = (place.state, registers.count, registers.seen, self._used(place.state, registers))
            taken = place.reading.text in registers.texts
            total = min((cost + self._rest(following) for cost, following
                         in self._text(self.spans[a], b, place.reading, at, taken)), default=NEVER)
            waiting = waiting[1:]
        return total + sum(self.rest(self.tables.returns[slot], registers) for slot, registers in waiting)


def _with(used: Used, raw: bool, cost: int) -> Used:
    """One text more of a cost."""
    if cost >= NEVER:
        return used
    row = [*used[raw], *[0] * (cost + 1 - len(used[raw]))]
    row[cost] += 1
    return (used[0], tuple(row)) if raw else (tuple(row), used[1])


def _sized(used: Used) -> frozenset[bytes]:
    """Something as large as the set of used texts: the rules of keys only ask for its size."""
    return cast("frozenset[bytes]", range(sum(map(sum, used))))
