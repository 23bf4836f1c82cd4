"""Steps a span: a decoded text running through its deterministic automaton.

In: a span's registers and a byte. Out: its next registers, and whether the text may end here. The one idea: a text state
is kept only if it is *alive*, that is, if some end is still allowed after it, given the lengths and, for keys and unique
items, what has been used already. So no prefix is ever allowed that leads nowhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from structgen.automaton.dfa import Dfa
from structgen.automaton.tables import INFINITE, Encoding, KeySet, NameSet, Role, Span, Tables
from structgen.automaton.utf8 import utf8_sequences
from structgen.matching import decoder
from structgen.matching.boxes import Box, after_text
from structgen.matching.names import Refused, Scope, ScopeRules


class Registers(NamedTuple):
    """The registers of an activation: see ``automaton.tables``."""

    count: int  # type: ignore[assignment]  # the registers' own name; tuple.count is not used
    seen: int
    texts: frozenset[bytes]
    scope: Scope = None
    """Of the names; unlike the others it goes through calls and returns."""


class Reading(NamedTuple):
    """The registers of a span: dfa state, decoder state, code points begun, and the text if it must be remembered."""

    state: int
    decoder: int
    count: int  # type: ignore[assignment]  # as above
    text: bytes


FRESH = Registers(0, 0, frozenset())
_RESTS = (1, 64, 64**2, 64**3, 32 * 64, 32 * 64, 48 * 64**2, 16 * 64**2)
"""How many texts end a character, by the decoder's mode within it: those of an item as long as it may be."""
_UNLIKE = b"\xff"
"""Stands for a text that is equal to no used one and the beginning of none."""


class KeyRules:
    """Which keys may still come, given what an object already holds."""

    def __init__(self, keys: KeySet) -> None:
        self._keys = keys
        n = len(keys.required)
        self.listed = n
        missing, available, barrier = 0, 0, n
        self._missing, self._available, self._barrier = [0] * (n + 1), [0] * (n + 1), [n] * (n + 1)
        for i in range(n - 1, -1, -1):
            missing += keys.required[i]
            available += not keys.forbidden[i]
            barrier = i if keys.required[i] else barrier
            self._missing[i], self._available[i], self._barrier[i] = missing, available, barrier
        self._required_bits = sum(1 << i for i in range(n) if keys.required[i])
        self._possible_bits = sum(1 << i for i in range(n) if not keys.forbidden[i])
        self.counted = keys.min_count > 0 or keys.max_count != INFINITE
        self._cap = max(keys.min_count, 0 if keys.max_count == INFINITE else keys.max_count)

    def missing(self, registers: Registers) -> int:
        """How many required names have not come yet."""
        if self._keys.ordered:
            return self._missing[registers.seen]
        return (self._required_bits & ~registers.seen).bit_count()

    def may_close(self, registers: Registers) -> bool:
        return self.missing(registers) == 0 and registers.count >= self._keys.min_count

    def allows(self, label: int, registers: Registers) -> bool:
        """Whether a key with this label may come next, so that the object can still be completed."""
        keys, count, seen = self._keys, registers.count, registers.seen
        needed = False
        if label < self.listed:
            if keys.forbidden[label]:
                return False
            if keys.ordered:
                if not seen <= label <= self._barrier[seen]:
                    return False
            elif seen >> label & 1:
                return False
            needed = keys.required[label]
        elif not self.others_left(registers) or (keys.ordered and self._missing[seen]):
            return False
        if not self.counted:
            return True
        if count + 1 + self.missing(registers) - needed > keys.max_count:
            return False
        return count + 1 + self._left_after(label, registers) >= keys.min_count

    def others_left(self, registers: Registers) -> bool:
        return self._keys.others == INFINITE or len(registers.texts) < self._keys.others

    def _left_after(self, label: int, registers: Registers) -> int:
        """An upper bound, reached, on how many keys can follow this one."""
        if self._keys.others == INFINITE:
            return INFINITE
        others = self._keys.others - len(registers.texts) - (label >= self.listed)
        if self._keys.ordered:
            return others + (self._available[label + 1] if label < self.listed else 0)
        free = self._possible_bits & ~registers.seen
        return others + free.bit_count() - (label < self.listed)

    def more(self, registers: Registers) -> bool:
        """Whether any key may come next."""
        if self.allows(self.listed, registers):
            return True
        if self._keys.ordered:
            first, last = registers.seen, min(self._barrier[registers.seen], self.listed - 1)
        else:
            first, last = 0, self.listed - 1
        return any(self.allows(label, registers) for label in range(first, last + 1))

    def after(self, label: int, text: bytes, registers: Registers) -> Registers:
        """The registers once this key has come."""
        count = min(registers.count + 1, self._cap) if self.counted else 0
        if label < self.listed:
            seen = label + 1 if self._keys.ordered else registers.seen | 1 << label
            return Registers(count, seen, registers.texts, registers.scope)
        seen = self.listed if self._keys.ordered else registers.seen
        return Registers(count, seen, registers.texts | {text}, registers.scope)


class SpanReader:
    """One span of a grammar, with the rows of its automaton expanded on first use."""

    def __init__(self, tables: Tables, span: Span, scopes: ScopeRules | None = None) -> None:
        self._scopes, self._steps = scopes, tables.steps
        self.span = span
        found = tables.dfas[span.dfa]
        self.dfa: Dfa = found.dfa if isinstance(found, NameSet) else found
        self.keys = KeyRules(tables.key_sets[span.key_set]) if span.role == Role.KEY else None
        self._others = tables.key_sets[span.key_set].others if span.role == Role.KEY else 0
        self.is_json = span.encoding != Encoding.RAW
        self._decode = decoder.stepper(span.encoding)
        self._rows: dict[int, list[int]] = {}
        self.tracked = span.role == Role.UNIQUE or (span.role == Role.KEY and self._others > 0)
        self._is_any = self.dfa.edges == (((0, 255, 0),),)
        self._is_free = span.role == Role.VALUE and self._is_any
        self._forgets = self._is_free and not span.encoding & decoder.NECESSARY
        self._counts = span.min_length > 0 or span.max_length != INFINITE
        self._cap = span.min_length if span.max_length == INFINITE else INFINITE
        self.total = _total_states(self.dfa)

    def begin(self, registers: Registers) -> Reading | None:
        """The registers in front of the text's first character, if any text is possible."""
        text = (b"\0" if self.is_json else b"\1") if self.span.role == Role.UNIQUE else b""
        return self._kept(Reading(self.dfa.start, decoder.START, 0, text), registers)

    def step(self, reading: Reading, byte: int, registers: Registers) -> tuple[Reading | None, bool]:
        """The reading after one byte (None: nothing alive), and whether the byte ended the text."""
        decoded = self._decode(reading.decoder, byte)
        if decoded is None:
            return None, False
        following, what, value = decoded
        if what == decoder.END:
            return None, True
        kept = self.tracked or isinstance(registers.scope, Box)
        if what == decoder.BYTE:
            begun = reading.count + (value & 0xC0 != 0x80)
            here = self._walk(reading, bytes((value,)), following, begun, kept)
        elif what == decoder.CODE_POINT:
            here = self._walk(reading, chr(value).encode(), following, reading.count + 1, kept)
        else:
            here = reading._replace(decoder=decoder.forget(following) if self._forgets and not kept else following)
        return (None if here is None else self._kept(here, registers)), False

    def _walk(self, reading: Reading, text: bytes, following: int, count: int, kept: bool) -> Reading | None:
        state = reading.state
        for byte in text:
            state = self._row(state)[byte]
            if state < 0:
                return None
        counted = min(count, self._cap) if self._counts else 0
        return Reading(state, following, counted, reading.text + text if kept else b"")

    def _row(self, state: int) -> list[int]:
        row = self._rows.get(state)
        if row is None:
            row = self._rows[state] = [-1] * 256
            for low, high, target in self.dfa.edges[state]:
                row[low : high + 1] = [target] * (high - low + 1)
        return row

    # -- ends -----------------------------------------------------------------------------------------------------

    def label(self, reading: Reading, registers: Registers) -> int:
        """The label with which the text may end here; -1 if it may not."""
        label = self.dfa.accept[reading.state]
        if label < 0 or reading.decoder != decoder.START:
            return -1
        if not self.span.min_length <= reading.count <= self.span.max_length:
            return -1
        if self.keys is not None:
            if not self.keys.allows(label, registers) or (label >= self.keys.listed and reading.text in registers.texts):
                return -1
        elif self.span.role == Role.UNIQUE and reading.text in registers.texts:
            return -1
        if self.span.role == Role.NAMED and isinstance(self._scope_after(label, registers), Refused):
            return -1
        return label

    def finish(self, reading: Reading, label: int, registers: Registers) -> Registers:
        """The registers of the activation once the text has ended."""
        if isinstance(registers.scope, Box):
            text = reading.text[1:] if self.span.role == Role.UNIQUE else reading.text
            is_key = self.keys is not None
            registers = registers._replace(scope=after_text(registers.scope, text, is_key=is_key, is_quoted=self.is_json))
        if self.keys is not None:
            return self.keys.after(label, reading.text, registers)
        if self.span.role == Role.UNIQUE:
            return registers._replace(texts=registers.texts | {reading.text})
        if self.span.role == Role.NAMED:
            scope = self._scope_after(label, registers)
            assert not isinstance(scope, Refused)
            return registers._replace(scope=scope)
        return registers

    def _scope_after(self, label: int, registers: Registers) -> Scope | Refused:
        if self._scopes is None:  # of an estimate, which knows no scopes
            return registers.scope
        do, what = self._steps[self.span.key_set + label]
        return self._scopes.after(do, what, registers.scope)

    def is_rich(self, reading: Reading, registers: Registers) -> bool:
        """Whether the text may plainly go on to more texts than can have been used."""
        if reading.decoder & 15 >= decoder.ESCAPE or self.dfa.count[reading.state] < INFINITE:
            return False
        if self.keys is not None:
            return self.keys.allows(self.keys.listed, registers)
        return self.span.max_length == INFINITE or (self._is_free and reading.count < self.span.max_length)

    # -- what is alive --------------------------------------------------------------------------------------------

    def _kept(self, reading: Reading, registers: Registers) -> Reading | None:
        if reading.decoder & 15 >= decoder.ESCAPE:
            ranges = decoder.pending(reading.decoder, self.span.encoding)
            alive = any(self._reaches(reading, low, high, registers) for low, high in ranges)
        else:
            alive = self._alive(reading, registers)
        return reading if alive else None

    def _alive(self, reading: Reading, registers: Registers) -> bool:
        """Whether some end is allowed after a text read so far."""
        state, span, dfa = reading.state, self.span, self.dfa
        if self._counts:
            least = max(span.min_length - reading.count, dfa.min_length[state])
            most = min(span.max_length - reading.count, dfa.max_length[state])
            if least > most:
                return False
        if self.keys is not None:
            return self._key_alive(reading, registers)
        if span.role == Role.UNIQUE:
            if self._is_any and reading.count >= span.max_length:
                count = _RESTS[reading.decoder & 7]
                return count > sum(text.startswith(reading.text) for text in registers.texts)
            return self._unused(reading, dfa.count[state], registers)
        if span.role == Role.NAMED:
            return any(not isinstance(self._scope_after(label, registers), Refused) for label in dfa.labels[state])
        return True

    def _key_alive(self, reading: Reading, registers: Registers) -> bool:
        assert self.keys is not None
        labels = self.dfa.labels[reading.state]
        listed = [label for label in labels if label < self.keys.listed]
        if any(self.keys.allows(label, registers) for label in listed):
            return True
        if len(listed) == len(labels) or not self.keys.allows(self.keys.listed, registers):
            return False
        count = self.dfa.count[reading.state]
        return self._unused(reading, count if count >= INFINITE else count - len(listed), registers)

    def _unused(self, reading: Reading, count: int, registers: Registers) -> bool:
        """Whether one of ``count`` texts that begin like this one has not been used."""
        if count > len(registers.texts) or (reading.decoder != decoder.START and self._skips(reading.state)):
            return True
        return count > sum(text.startswith(reading.text) for text in registers.texts)

    def _skips(self, state: int) -> bool:
        """Whether a state inside a character stands for the whole of it, so that its count says too little."""
        return self._row(state)[0x80] == state

    def _reaches(self, reading: Reading, low: int, high: int, registers: Registers) -> bool:
        """Whether some code point of a range leaves the text alive."""
        if self._is_free:
            return reading.count < self.span.max_length
        for sequence in utf8_sequences(low, high):
            for state, text in self._paths(reading.state, reading.text, sequence, registers):
                count = reading.count + 1 if self._counts else 0
                if self._alive(Reading(state, decoder.START, count, text), registers):
                    return True
        return False

    def _paths(self, state: int, text: bytes, sequence: tuple[tuple[int, int], ...],
               registers: Registers) -> Iterator[tuple[int, bytes]]:
        """The states behind the characters of a byte-range sequence, with the text that leads there.

        Bytes of one edge are as good as each other, except those with which a used text goes on.
        """
        low, high = sequence[0]
        used = {other[len(text)] for other in registers.texts if len(other) > len(text) and other.startswith(text)}
        for first, last, target in self.dfa.edges[state]:
            fresh = True
            for byte in range(max(first, low), min(last, high) + 1):
                if byte in used and self.tracked:
                    here = text + bytes((byte,))
                elif fresh:
                    here, fresh = _UNLIKE if self.tracked else b"", False
                else:
                    continue
                if len(sequence) == 1:
                    yield target, here
                else:
                    yield from self._paths(target, here, sequence[1:], registers)


def _total_states(dfa: Dfa) -> list[bool]:
    """The states from which every well-formed text is alive, however it goes on.

    Between characters a state must go on with every character, inside one with every byte that may follow.
    """
    inside = [bool(edges) and all(0x80 <= low and high <= 0xBF and target != state for low, high, target in edges)  # noqa: SIM300
              for state, edges in enumerate(dfa.edges)]
    total = [inside[state] or (_covers(edges, 0, 0x7F) and _covers(edges, 0xC2, 0xF4))
             for state, edges in enumerate(dfa.edges)]
    for state, edges in enumerate(dfa.edges):
        for low, high, target in edges:
            if inside[target] and not _covers(dfa.edges[target], *((0x80, 0xBF) if inside[state]
                                                                   else _second_bytes(low, high))):
                total[state] = False
    changed = True
    while changed:
        changed = False
        for state, edges in enumerate(dfa.edges):
            if total[state] and not all(total[target] for _, _, target in edges):
                total[state], changed = False, True
    return total


def _covers(edges: tuple[tuple[int, int, int], ...], first: int, last: int) -> bool:
    """Whether the edges of a state cover every byte of a range."""
    for low, high, _ in edges:
        if low <= first <= high:
            first = high + 1
    return first > last


def _second_bytes(low: int, high: int) -> tuple[int, int]:
    """The bytes that may follow a lead byte (RFC 3629); all for a range of several leads."""
    if low != high:
        return 0x80, 0xBF
    return {0xE0: 0xA0, 0xF0: 0x90}.get(low, 0x80), {0xED: 0x9F, 0xF4: 0x8F}.get(low, 0xBF)
