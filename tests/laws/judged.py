"""What the laws of reading ask of a value: that it is the same one with its types, or has grown, or was refused."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import structgen as sg


def equal(left: Any, right: Any) -> bool:
    """Equal, with types: true is not 1, and 1 is not 1.0. A float may know how it was spelled."""
    if type(left) is not type(right) and not (isinstance(left, float) and isinstance(right, float)):
        return False
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(equal(left[name], right[name]) for name in left)
    if isinstance(left, list):
        return len(left) == len(right) and all(map(equal, left, right))
    return bool(left == right)


def grows(before: Any, after: Any) -> bool:
    """Whether everything that was there is there still: lists and strings may be longer, objects have more members."""
    if isinstance(before, dict):
        return isinstance(after, dict) and list(after)[:len(before)] == list(before) and all(
            grows(before[name], after[name]) for name in before)
    if isinstance(before, list):
        return isinstance(after, list) and len(before) <= len(after) and all(map(grows, before, after))
    if isinstance(before, str):
        return isinstance(after, str) and after.startswith(before)
    return equal(before, after)


def read_or_none(text: str | bytes, wanted: Any = None, **options: Any) -> sg.Reading | None:
    """The reading; None where there is a typed error, which says something. Nothing else may be raised."""
    try:
        return sg.read(text, wanted, **options)
    except sg.ReadError as error:
        assert str(error)
        return None


def growing(reader: sg.PartialReader, text: str, step: int) -> Iterator[Any]:
    """The values while a text is fed in pieces of one length; ends where the reader refuses to go on."""
    for at in range(0, len(text), step):
        try:
            yield copy.deepcopy(reader.feed(text[at:at + step]))
        except sg.ReadError:
            return
