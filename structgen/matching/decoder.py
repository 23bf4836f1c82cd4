"""Decodes what stands between the quotes of a JSON string, a byte at a time (RFC 8259 section 7, RFC 3629).

In: a decoder state and a byte. Out: the next state and what was decoded. A state is a number: a mode in the low four
bits, and for an unfinished ``\\u`` escape its digits so far. Lone surrogates are refused: a high one must be followed by
a low one. Raw texts use the UTF-8 modes alone. Narrower encodings (the bits of ``tables.Encoding``) take steps away and
change none, so a text that they allow decodes to the same.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from structgen.automaton.tables import Encoding

ASCII, NECESSARY = 2, 4
"""The bits of an encoding."""

START = 0
"""At a character's boundary. Modes 1 to 7 are inside a UTF-8 sequence."""
ESCAPE, UNIT, PAIR_ESCAPE, PAIR_U, PAIR_UNIT = 8, 9, 10, 11, 12

NOTHING, BYTE, CODE_POINT, END = 0, 1, 2, 3
"""What a step yields: nothing yet, a byte of the text as it stands, a whole code point, the closing quote."""

Step = tuple[int, int, int]
"""(next state, what, value)."""

_CONTINUATION = {1: (0x80, 0xBF, 0), 2: (0x80, 0xBF, 1), 3: (0x80, 0xBF, 2), 4: (0xA0, 0xBF, 1), 5: (0x80, 0x9F, 1),
                 6: (0x90, 0xBF, 2), 7: (0x80, 0x8F, 2)}
_SHORT = {0x22: 0x22, 0x5C: 0x5C, 0x2F: 0x2F, 0x62: 8, 0x66: 12, 0x6E: 10, 0x72: 13, 0x74: 9}
_HEX = {byte: int(chr(byte), 16) for byte in b"0123456789abcdefABCDEF"}


def _lead(byte: int) -> int:
    """The mode after the first byte of a longer UTF-8 sequence; 0 if no sequence begins so."""
    if 0xC2 <= byte <= 0xDF:
        return 1
    if 0xE0 <= byte <= 0xEF:
        return {0xE0: 4, 0xED: 5}.get(byte, 2)
    if 0xF0 <= byte <= 0xF4:
        return {0xF0: 6, 0xF4: 7}.get(byte, 3)
    return 0


_LEAD = [_lead(byte) for byte in range(256)]


def step_raw(state: int, byte: int) -> Step | None:
    """One byte of a raw text: any well-formed UTF-8."""
    if state == START:
        if byte < 0x80:
            return START, BYTE, byte
        mode = _LEAD[byte]
        return (mode, BYTE, byte) if mode else None
    low, high, following = _CONTINUATION[state]
    return (following, BYTE, byte) if low <= byte <= high else None


def step_json(state: int, byte: int) -> Step | None:
    """One byte of a JSON string behind its opening quote."""
    mode = state & 15
    if mode < ESCAPE:
        if state == START and byte < 0x80:
            if byte == 0x22:
                return START, END, 0
            if byte == 0x5C:
                return ESCAPE, NOTHING, 0
            return (START, BYTE, byte) if byte >= 0x20 else None
        return step_raw(state, byte)
    if mode == ESCAPE:
        if byte == 0x75:
            return UNIT, NOTHING, 0
        short = _SHORT.get(byte)
        return None if short is None else (START, CODE_POINT, short)
    if mode == PAIR_ESCAPE:
        return ((state & ~15) | PAIR_U, NOTHING, 0) if byte == 0x5C else None
    if mode == PAIR_U:
        return ((state & ~15) | PAIR_UNIT, NOTHING, 0) if byte == 0x75 else None
    return _unit(state, mode, byte)


def _unit(state: int, mode: int, byte: int) -> Step | None:
    """A hexadecimal digit of a ``\\u`` escape: the state holds how many came before (2 bits), their value (12 bits)
    and, in the second half of a pair, the low ten bits of the first (10 bits)."""
    digit = _HEX.get(byte)
    if digit is None:
        return None
    count, value, high = (state >> 4) & 3, ((state >> 6) & 0xFFF) << 4 | digit, state >> 18
    if count < 3:
        following = mode | (count + 1) << 4 | value << 6 | high << 18
        return (following, NOTHING, 0) if pending(following) else None
    if mode == PAIR_UNIT:
        return (START, CODE_POINT, 0x10000 + (high << 10) + (value & 0x3FF)) if value >> 10 == 0x37 else None
    if value >> 10 == 0x36:
        return PAIR_ESCAPE | (value & 0x3FF) << 18, NOTHING, 0
    return (START, CODE_POINT, value) if value >> 10 != 0x37 else None


def step_narrow(encoding: int, state: int, byte: int) -> Step | None:
    """One byte of a JSON string in an encoding that does not allow every spelling."""
    mode = state & 15
    if mode == START and byte >= 0x7F and encoding & ASCII:
        return None
    step = step_json(state, byte)
    if step is None or not encoding & NECESSARY:
        return step
    if mode in (UNIT, PAIR_UNIT):
        if 0x41 <= byte <= 0x46:
            return None
        if step[1] == CODE_POINT:
            return step if _within(_units(encoding), step[2], step[2]) else None
    elif mode == ESCAPE and byte == 0x2F:
        return None
    return step if step[0] & 15 < UNIT or pending(step[0], encoding) else None


def stepper(encoding: int) -> Callable[[int, int], Step | None]:
    """The step function of an encoding."""
    if encoding == Encoding.RAW:
        return step_raw
    return step_json if encoding == Encoding.JSON else partial(step_narrow, encoding)


def _units(encoding: int) -> list[tuple[int, int]]:
    """The characters that only a ``\\u`` escape can write."""
    controls = [(0, 7), (0xB, 0xB), (0xE, 0x1F)]
    return [*controls, (0x7F, 0x10FFFF)] if encoding & ASCII else controls


def _within(ranges: list[tuple[int, int]], low: int, high: int) -> list[tuple[int, int]]:
    """The parts of ranges between two bounds."""
    return [(max(low, a), min(high, b)) for a, b in ranges if a <= high and low <= b]


def pending(state: int, encoding: int = Encoding.JSON) -> list[tuple[int, int]]:
    """The ranges of code points that an unfinished escape can still become; empty for none."""
    found = _pending(state)
    if not encoding & NECESSARY:
        return found
    allowed = _units(encoding)
    if state & 15 == ESCAPE:
        allowed = [(0, 0x1F), (0x22, 0x22), (0x5C, 0x5C), *allowed[3:]]
    return [part for low, high in found for part in _within(allowed, low, high)]


def _pending(state: int) -> list[tuple[int, int]]:
    mode = state & 15
    high = state >> 18
    if mode == ESCAPE:
        return [(0, 0xD7FF), (0xE000, 0x10FFFF)]
    if mode in (PAIR_ESCAPE, PAIR_U):
        return [(0x10000 + (high << 10), 0x103FF + (high << 10))]
    rest = 4 * (4 - ((state >> 4) & 3))
    low = ((state >> 6) & 0xFFF) << rest
    top = low + (1 << rest) - 1
    if mode == PAIR_UNIT:
        low, top = max(low, 0xDC00), min(top, 0xDFFF)
        base = 0x10000 + (high << 10) - 0xDC00
        return [(base + low, base + top)] if low <= top else []
    found = [(low, min(top, 0xD7FF))] if low <= 0xD7FF else []
    if low <= 0xDBFF and top >= 0xD800:
        first, last = max(low, 0xD800) - 0xD800, min(top, 0xDBFF) - 0xD800
        found.append((0x10000 + (first << 10), 0x103FF + (last << 10)))
    if top >= 0xE000:
        found.append((max(low, 0xE000), top))
    return found


def forget(state: int) -> int:
    """The state without the digits that matter to nobody: all that is kept is whether a surrogate began."""
    mode = state & 15
    if mode in (PAIR_ESCAPE, PAIR_U):
        return mode
    if mode not in (UNIT, PAIR_UNIT):
        return state
    count, value = (state >> 4) & 3, (state >> 6) & 0xFFF
    if mode == PAIR_UNIT:
        kept = (0, 0xD, 0xDC, 0xDC0)[count]
    elif count == 0 or value >> (4 * count - 4) != 0xD:
        kept = 0
    elif count == 1:
        kept = 0xD
    else:
        kept = 0xD8 << (4 * count - 8) if (value >> (4 * count - 8)) >= 0xD8 else 0
    return mode | count << 4 | kept << 6
