"""The shortest text that ends an output from where it stands.

In: a matcher and an estimate. Out: bytes. The one idea is a best-first search with real steps of the matcher, led by
``matching.estimate``, so that what is found is always accepted, however rough the estimate is.

A step never lowers a bound (length so far + estimate), and of equal bounds the one nearest to an end goes on, so the
search runs straight to the end where the estimate is right. The first complete text taken from the heap is a shortest
one wherever the estimate is not above the truth, and longer by no more than it is above.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from typing import Protocol

from structgen.errors import LimitExceededError
from structgen.matching import decoder
from structgen.matching.boxes import Box, digits_to_end
from structgen.matching.estimate import Estimate, Place
from structgen.matching.spelling import NEVER

_CUTS = (0x20, 0x22, 0x23, 0x5C, 0x5D, 0x80, 0x90, 0xA0, 0xC0, 0xC2, 0xE0, 0xE1, 0xED, 0xEE, 0xF0, 0xF1, 0xF4, 0xF5)
"""Where bytes of a text change their meaning, whatever its automaton says."""
_IN_ESCAPES = b'"\\/bfnrtu0123456789abcdef'


class Stepper(Protocol):
    """What the search needs of a matcher; it is moved and not put back."""

    def standing(self) -> frozenset[Place]: ...

    def advance_bytes(self, text: bytes) -> bool: ...

    def rollback(self, count: int) -> None: ...

    @property
    def is_accepting(self) -> bool: ...


def search(matcher: Stepper, estimate: Estimate, limit: int) -> bytes:
    """The shortest completion of a matcher, which is moved about and left anywhere; ``limit`` is in steps."""
    places = matcher.standing()
    bound = 0 if matcher.is_accepting else min(map(estimate.of, places), default=NEVER)
    heap: list[tuple[int, int, int, bytes, Iterator[int]]] = [(bound, bound, 0, b"", iter(_candidates(estimate, places)))]
    seen = {places}
    at, steps = b"", 0
    while heap:
        bound, rest, _, path, bytes_left = heapq.heappop(heap)
        at = _move(matcher, at, path)
        if matcher.is_accepting:
            return path
        for byte in bytes_left:
            steps += 1
            if not matcher.advance_bytes(bytes((byte,))):
                continue
            places = matcher.standing()
            ends = matcher.is_accepting
            matcher.rollback(1)
            if places in seen and not ends:
                continue
            seen.add(places)
            left = 0 if ends else min(map(estimate.of, places))
            following = max(bound, len(path) + 1 + left)
            heapq.heappush(heap, (following, left, -steps, path + bytes((byte,)), iter(_candidates(estimate, places))))
            if following == bound:
                heapq.heappush(heap, (bound, rest, -steps, path, bytes_left))
                break
        if steps > limit:
            break
    raise LimitExceededError(f"no completion was found in {steps:,} steps", limit="mask_steps",
                             instead="pass a larger limit to shortest_completion")


def _move(matcher: Stepper, at: bytes, path: bytes) -> bytes:
    """Moves a matcher from behind one text to behind another; one advance a byte."""
    common = len(at) if path.startswith(at) else next((i for i, pair in enumerate(zip(at, path, strict=False))
                                                       if pair[0] != pair[1]), min(len(at), len(path)))
    matcher.rollback(len(at) - common)
    for i in range(common, len(path)):
        matcher.advance_bytes(path[i : i + 1])
    return path


def _candidates(estimate: Estimate, places: frozenset[Place]) -> list[int]:
    """Bytes that may come next: of those that lead to the same place one, likely ones first."""
    scores: dict[int, int] = {}
    cuts: set[int] = set()
    for place in places:
        _, a, b = estimate.state(place.state)
        edges: Iterable[tuple[int, int, int]]
        if place.reading is None:
            flat = estimate.tables.edges[3 * a : 3 * (a + b)]
            edges = zip(flat[0::3], flat[1::3], flat[2::3], strict=True)
        else:
            spelling, reading = estimate.spans[a], place.reading
            box = place.waiting[0][1].scope
            if isinstance(box, Box):
                cuts.update(digits_to_end(box, reading.text))
            edges = spelling.reader.dfa.edges[reading.state]
            cuts.update(_CUTS)
            used = {text[len(reading.text)] for text in place.waiting[0][1].texts
                    if len(text) > len(reading.text) and text.startswith(reading.text)}
            cuts.update(used, (byte + 1 for byte in used))
            scores.update(dict.fromkeys(used, 1))
            if reading.decoder & 15 >= decoder.ESCAPE:
                cuts.update(_IN_ESCAPES)
        for low, high, target in edges:
            cuts.update((low, high + 1))
            score = estimate.rest(target, place.registers) if place.reading is None else spelling.least(target, 0)
            scores[low] = min(score + scores.get(low, 0), scores.get(low, NEVER))
    likely = {byte: (byte != 0x22, byte == 0x5C, scores.get(byte, 0), byte) for byte in cuts if byte < 256}
    return sorted(likely, key=likely.__getitem__)
