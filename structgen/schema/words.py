"""Where a text may be cut without cutting a word in two.

In: a text. Out: its places (``places_of``), and whether a value is a piece from place to place. A word is a run of letters,
digits, marks and underscores (Unicode's categories L, N and M), joined by zero-width joiners. Scripts that are written
without spaces (Chinese, Japanese, Thai, Lao, Khmer, Burmese) may be cut between any two characters, but not before a mark.

The one idea: whether a text may be cut is decided by the two characters beside the place, so that equal pieces have
equal places inside (``automaton.substrings`` rests on that). Caveat: an apostrophe, a hyphen and ``@`` are no part of a
word, so ``o'clock`` may be cut there.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

__all__ = ["BEGIN", "END", "KEYWORD", "WORDS_KEYWORD", "is_piece", "places_of"]

KEYWORD = "x-structgen-from-text"
"""The keyword of a JSON Schema that carries a text of which a string must be a piece, cut anywhere."""
WORDS_KEYWORD = "x-structgen-words-from-text"
"""The same where the piece consists of whole words."""
BEGIN, END = 1, 2
"""What may be done at a place of the text."""
_JOINERS = "_\u200c\u200d"
_UNSPACED = (
    (0x0E00, 0x0EFF),
    (0x1000, 0x109F),
    (0x1780, 0x17FF),
    (0x3005, 0x3007),
    (0x3040, 0x30FF),
    (0x31F0, 0x31FF),
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
    (0xFF66, 0xFF9F),
    (0x20000, 0x3FFFF),
)


def _is_part(character: str) -> bool:
    """Whether a character is part of a word."""
    return unicodedata.category(character)[0] in "LNM" or character in _JOINERS


def _joined(left: str, right: str) -> bool:
    """Whether two neighbours belong to one word."""
    if not (_is_part(left) and _is_part(right)):
        return False
    if unicodedata.category(right)[0] == "M":
        return True
    return not any(low <= ord(one) <= high for one in (left, right) for low, high in _UNSPACED)


@lru_cache(256)
def places_of(source: str) -> bytes:
    """For each place of a text, the one before its first character included: whether whole words may begin or end there,
    which they do not with white space."""
    places = bytearray(len(source) + 1)
    for place in range(len(source) + 1):
        left, right = source[place - 1 : place] if place else "", source[place : place + 1]
        if left and right and _joined(left, right):
            continue
        places[place] = (BEGIN if right and not right.isspace() else 0) | (END if left and not left.isspace() else 0)
    return bytes(places)


def is_piece(value: str, source: str, places: bytes) -> bool:
    """Whether a text stands in another from one of its places to one."""
    if not value:
        return True
    at = source.find(value)
    while at >= 0:
        if places[at] & BEGIN and places[at + len(value)] & END:
            return True
        at = source.find(value, at + 1)
    return False
