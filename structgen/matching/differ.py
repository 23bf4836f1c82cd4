"""Whether what is being written can still become an item that is equal to none before it.

In: an engine and a thread inside a list whose items must differ. Out: yes or no. A depth-first search over the ways to go
on, by steps of the engine that ask nothing of this kind themselves. It ends at once at a text of which there are more than
can have been used, whatever follows: one of its texts is left. Otherwise values are few, each way that it tries is one of
them, and at most as many as have been used are tried in vain.

What has to hold for that, and what the front end sees to: once an item has ended the list may end, or there are enough
other items; and everything else that is begun can be completed. White space is tried only where there must be some: it
makes no value another. Ways with fewer containers open go first, so that the search does not descend without an end.
"""

from __future__ import annotations

from heapq import heappop, heappush
from typing import TYPE_CHECKING

from structgen.errors import LimitExceededError
from structgen.matching.boxes import outermost

if TYPE_CHECKING:
    from structgen.matching.engine import Engine, Thread
    from structgen.matching.spans import Registers


def can_differ(engine: Engine, thread: Thread, limit: int) -> bool:
    """Whether some way to go on reaches the end of an item of the outermost list; at most ``limit`` threads are tried."""
    start = outermost(engine.box_of(thread))
    assert start is not None
    heap = [(0, 0, thread)]
    seen = {thread}
    while heap:
        _, _, here = heappop(heap)
        if engine.is_rich(here):
            return True
        for byte in engine.bytes_of(here):
            entries: list[tuple[int, int, Registers]] = []
            inside: list[Thread] = []
            engine.step_thread(here, byte, entries, inside)
            threads, ended = engine.close(entries, inside)
            if ended:
                return True
            for following in threads:
                box = engine.box_of(following)
                top = outermost(box)
                if box is None or top is None or top.used != start.used:
                    return True
                if following not in seen:
                    seen.add(following)
                    heappush(heap, (box.depth, -len(seen), following))
        if len(seen) > limit:
            raise LimitExceededError("whether items can still differ takes too many steps to tell", limit="threads",
                                     because="they have too many ways to be equal", instead='leave "uniqueItems" away')
    return False


__all__ = ["can_differ"]
