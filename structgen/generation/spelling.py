"""A text as tokens that write exactly this text: the tokenizer's own, or where it adds something the longest that fit."""

from __future__ import annotations

from functools import lru_cache

from structgen.errors import StructgenError
from structgen.vocabulary import Vocabulary

__all__ = ["spell"]


def spell(text: str, vocabulary: Vocabulary) -> list[int] | None:
    """The tokenizer's tokens for a text; the longest tokens first where those would write something else too."""
    if vocabulary.can_encode:
        try:
            ids = vocabulary.encode(text)
        except StructgenError:
            ids = []
        if vocabulary.decode(ids) == text.encode():
            return ids
    by_text = _token_of(vocabulary)
    longest = max(map(len, by_text), default=0)
    rest, found = text.encode(), list[int]()
    while rest:
        for length in range(min(longest, len(rest)), 0, -1):
            if rest[:length] in by_text:
                found.append(by_text[rest[:length]])
                rest = rest[length:]
                break
        else:
            return None
    return found


@lru_cache(maxsize=4)
def _token_of(vocabulary: Vocabulary) -> dict[bytes, int]:
    return {text: token for token, text in reversed(list(enumerate(vocabulary.tokens))) if text}
