"""Where in an answer the value may be: behind thinking, in code fences, in prose.

In: a text. Out: the regions that may hold the payload. It knows no format: what a value looks like is the format's part.
Thinking is what stands between tags at the beginning, or before a closing tag whose opening one the prompt held.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

__all__ = ["Fence", "Region", "fence_at", "regions"]

_NAMES = "think|thinking|thought|thoughts|reasoning|reflection|scratchpad|analysis|antthinking"
_OPEN = re.compile(rf"\s*(?:<(?P<tag>{_NAMES})>|\[(?P<mark>THINK)\])", re.IGNORECASE)
_CLOSE = re.compile(rf"</(?:{_NAMES})>|\[/THINK\]", re.IGNORECASE)
_FENCE = re.compile(r"(`{3,}|~{3,})[ \t]*(?P<tag>[A-Za-z][\w+.-]{0,20}(?=\s|$))?")
MAX_THOUGHTS = 100
"""Thinking blocks passed at the beginning."""


class Region(NamedTuple):
    """A part of the text. ``thinking``: where dropped thinking begins and ends, if any."""

    start: int
    end: int
    thinking: tuple[int, int] | None = None


class Fence(NamedTuple):
    """A code fence: where it opens, where its content begins and ends, where it closes; ``tag``: its language."""

    start: int
    content: int
    end: int
    after: int
    tag: str


def regions(text: str) -> Iterator[Region]:
    """The parts that may hold the answer, the likely one first."""
    start = 0
    for _ in range(MAX_THOUGHTS if "<" in text or "[" in text else 0):
        opening = _OPEN.match(text, start)
        if opening is None:
            break
        closing = _CLOSE.search(text, opening.end())
        if closing is None:
            start = opening.end()  # the thinking never ended: the answer may be in it
            while (again := _OPEN.match(text, start)) is not None:
                start = again.end()
            break
        start = closing.end()
    if start:
        yield Region(start, len(text), (0, start))
        return
    closing = _CLOSE.search(text) if "</" in text or "[/" in text else None
    if closing is not None and text[closing.end():].strip():
        yield Region(closing.end(), len(text), (0, closing.end()))
    yield Region(0, len(text))


def fence_at(text: str, start: int, end: int) -> Fence | None:
    """The code fence that opens at ``start``; without a closing one it ends where the region does."""
    opening = _FENCE.match(text, start, end)
    if opening is None:
        return None
    mark = opening[1][:3]
    content = opening.end()
    close = text.find("\n" + mark, content, end)
    line = text.find("\n", content, end)
    if close < 0 or (line < 0 or text[content:line].strip()):  # ```json {"a": 1}``` in one line
        same = text.find(mark, content, end)
        close = same if close < 0 or same < line or line < 0 else close
    if close < 0:
        return Fence(start, content, end, end, opening["tag"] or "")
    after = text.find(mark[0], close, end)
    while after < end and text[after] == mark[0]:
        after += 1
    return Fence(start, content, close, after, opening["tag"] or "")
