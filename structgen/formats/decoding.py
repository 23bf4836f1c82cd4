"""Bytes as text, and what it took.

In: bytes. Out: the text, and a repair for a byte-order mark, an encoding other than UTF-8, and every run of bytes that is no
character. Without a mark a text is UTF-8, unless every second byte at its beginning is zero.
"""

from __future__ import annotations

import codecs
import threading

from structgen.formats.base import Found

__all__ = ["decoded"]

_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF32_LE, "utf-32-le"), (codecs.BOM_UTF32_BE, "utf-32-be"),
          (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_WIDE = (("utf-32-le", 4, 0), ("utf-32-be", 4, 3), ("utf-16-le", 2, 0), ("utf-16-be", 2, 1))
"""Encodings without a mark: bytes of a character, and which of them is not zero in ASCII."""
LOOKED_AT = 128
MAX_NOTED = 1000
"""Runs of invalid bytes that are noted one by one; the last note stands for all others."""


def decoded(given: bytes) -> tuple[str, list[Found]]:
    """The text of some bytes, and its repairs."""
    mark, encoding = next(((mark, name) for mark, name in _MARKS if given.startswith(mark)), (b"", ""))
    found = [Found("byte-order-mark", 0, "\ufeff", "")] if mark else []
    encoding = encoding or _wide(given)
    if encoding and not mark:
        found.append(Found("other-encoding", 0, encoding, "utf-8"))
    plain = given[len(mark):]
    try:
        return plain.decode(encoding or "utf-8"), found
    except UnicodeDecodeError:
        return _mended(plain, encoding or "utf-8", found)


def _wide(given: bytes) -> str:
    """The encoding that the zeros at the beginning show; nothing for UTF-8."""
    head = given[:LOOKED_AT]
    for name, width, place in _WIDE:
        if len(given) % width or len(head) < 2 * width:
            continue
        others = [head[i] for i in range(len(head)) if i % width != place]
        own = [head[i] for i in range(place, len(head), width)]
        if others.count(0) >= 0.7 * len(others) and own.count(0) <= 0.1 * len(own):
            return name
    return ""


def _mended(plain: bytes, encoding: str, found: list[Found]) -> tuple[str, list[Found]]:
    """The text with U+FFFD for what is no character."""
    wrong = _OF_THREAD.wrong = []
    text = plain.decode(encoding, _NOTED)
    at = done = 0
    for start, end, count in wrong:
        at += len(plain[done:start].decode(encoding, "replace"))
        before = repr(plain[start:min(end, start + LOOKED_AT)])[2:-1]
        found.append(Found("invalid-bytes", at, before, "\ufffd" * min(count, LOOKED_AT)))
        at, done = at + count, end
    return text, found


def _note(error: UnicodeError) -> tuple[str, int]:
    """Takes note of bytes that are no character; neighbours are one run."""
    assert isinstance(error, UnicodeDecodeError)
    wrong = _OF_THREAD.wrong
    if wrong and (wrong[-1][1] == error.start or len(wrong) >= MAX_NOTED):
        wrong[-1] = (wrong[-1][0], error.end, wrong[-1][2] + 1)
    else:
        wrong.append((error.start, error.end, 1))
    return "\ufffd", error.end


class _OfThread(threading.local):
    """The runs of the text that this thread decodes: where one begins and ends, and how many signs stand for it."""

    wrong: list[tuple[int, int, int]]


_OF_THREAD = _OfThread()
_NOTED = "structgen-noted"
codecs.register_error(_NOTED, _note)
