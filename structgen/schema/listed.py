"""Lists that people write as text: "a, b and c", "1; 2", a bullet to the line.

In: a text, and whether its items are free text. Out: the items, or none where the text may well be one item. Free text is
split only where it is clearly a list: a comma alone may be part of a name or a sentence.
"""

from __future__ import annotations

import re

__all__ = ["listed"]

MAX_TEXT = 10_000
_BULLET = re.compile(r"(?:[-*+\u2022\u2013]|[0-9]{1,3}[.)])\s+")
_COMMA = re.compile(r",\s+|,(?![0-9]{3}(?![0-9]))")
_LAST = re.compile(r"^(?:and|or|&)\s+|\s+(?:and|or|&)\s+")
_SENTENCE = re.compile(r"[.!?:](?:\s|$)")
WORDS = 4
"""Words of an item of free text."""


def listed(text: str, is_free: bool) -> list[str]:
    """The items of a list that is written as text; none where it is no such list."""
    text = text.strip()
    if not text or len(text) > MAX_TEXT:
        return []
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) > 1:
        marks = [_BULLET.match(line) for line in lines]
        if all(marks):
            return [line[mark.end():].strip() for line, mark in zip(lines, marks, strict=True) if mark]
        return [] if is_free else [line.rstrip(",;").strip() for line in lines]
    if ";" in text:
        return _whole(text.rstrip(";").split(";"))
    parts = _COMMA.split(text.rstrip(","))
    last = _LAST.split(parts[-1])
    if last[0] == "" or (len(last) == 2 and (len(parts) > 1 or not is_free)):
        parts[-1:] = [one for one in last if one]
        is_list = len(parts) > 1
    else:
        is_list = len(parts) > (2 if is_free else 1)
    if not is_list or (is_free and any(len(one.split()) > WORDS or _SENTENCE.search(one) for one in parts)):
        return []
    return _whole(parts)


def _whole(parts: list[str]) -> list[str]:
    items = [one.strip() for one in parts]
    return items if len(items) > 1 and all(items) else []
