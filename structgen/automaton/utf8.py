"""Ranges of code points as sequences of byte ranges (RFC 3629), surrogates left out.

``utf8_sequences(0x80, 0x10FFFF)`` gives the eight rows of the standard's table; any other range is cut at the same
seams, so every sequence it returns is well formed and none overlaps another.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

ByteRange = tuple[int, int]
_SEAMS = (0x7F, 0x7FF, 0xD7FF, 0xDFFF, 0xFFFF, 0x10FFFF)


@lru_cache(maxsize=4096)
def utf8_sequences(low: int, high: int) -> tuple[tuple[ByteRange, ...], ...]:
    """The byte-range sequences that spell exactly the code points ``low`` to ``high``, both included."""
    found: list[tuple[ByteRange, ...]] = []
    for seam in _SEAMS:
        if low > high:
            break
        if low <= seam:
            if seam != 0xDFFF:
                found.extend(_same_length(low, min(high, seam)))
            low = seam + 1
    return tuple(found)


def _same_length(low: int, high: int) -> Iterator[tuple[ByteRange, ...]]:
    """Cut a range of equally long code points until each byte runs over a range of its own."""
    first, last = chr(low).encode(), chr(high).encode()
    for i in range(1, len(first)):
        mask = (1 << (6 * i)) - 1
        if low & ~mask != high & ~mask:
            if low & mask:
                yield from _same_length(low, low | mask)
                yield from _same_length((low | mask) + 1, high)
                return
            if high & mask != mask:
                yield from _same_length(low, (high & ~mask) - 1)
                yield from _same_length(high & ~mask, high)
                return
    yield tuple(zip(first, last, strict=True))
