"""Runs of text that the grammar leaves no choice about, in the tokenizer's own spelling.

In: a matcher. Out: tokens to append without asking the model. A mask seldom leaves one token: where ``"name": "`` must
come, ``"``, ``"n``, ``"na`` and ``"name`` are all allowed. But all of them begin with the same byte; so the bytes that must
come are found one by one, and the whole run is cut as the tokenizer itself would cut it, which is the spelling that the
model was trained on. Tokens at the end of a run are left to the model where a longer one may hold them together with what
follows, as ``": ["`` does.

Cost: a mask for each byte of a run, about 30 microseconds with 131,072 tokens; a pass of the model for each token is saved.
Caveat: a vocabulary from a plain list cannot cut text; there only tokens that are alone in the mask are forced.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from structgen.errors import StructgenError
from structgen.generation.healing import take_off
from structgen.vocabulary import Vocabulary

__all__ = ["forced_run"]

MOST_TOKENS = 48
"""Tokens allowed where a byte is forced: the beginnings of one text, and what goes on behind it. More are a choice."""
LONGEST = 256
"""Bytes of a run that is looked for at once."""


def forced_run(matcher: Any, bits: NDArray[np.uint8], allowed: int, vocabulary: Vocabulary) -> list[int]:
    """The tokens that come without a choice, at least one, or none; ``bits``: the mask, a byte for each token."""
    if allowed > MOST_TOKENS or not vocabulary.can_encode:
        return []
    byte = _only_byte(bits, vocabulary)
    if byte is None:
        return []
    ahead = matcher.fork()
    words = np.zeros((1, (vocabulary.size + 31) // 32), dtype=np.int32)
    text = b""
    while byte is not None and len(text) < LONGEST:
        if not ahead.advance_bytes(bytes((byte,))):
            return []
        text += bytes((byte,))
        if ahead.is_accepting:
            break
        ahead.fill_mask(words)
        byte = _only_byte(np.unpackbits(words.view(np.uint8), bitorder="little"), vocabulary)
    return _cut(text, vocabulary)


def _only_byte(bits: NDArray[np.uint8], vocabulary: Vocabulary) -> int | None:
    """The byte with which every allowed token begins."""
    ids = np.flatnonzero(bits)
    if not 0 < len(ids) <= MOST_TOKENS:
        return None
    first = _first_bytes(vocabulary)[ids]
    return int(first[0]) if first[0] >= 0 and bool((first == first[0]).all()) else None


@lru_cache(maxsize=4)
def _first_bytes(vocabulary: Vocabulary) -> NDArray[np.int16]:
    """The first byte of each token, -1 for tokens that write nothing; as long as a mask has bits."""
    found = np.full((vocabulary.size + 31) // 32 * 32, -1, dtype=np.int16)
    found[:vocabulary.size] = [token[0] if token else -1 for token in vocabulary.tokens]
    return found


def _cut(text: bytes, vocabulary: Vocabulary) -> list[int]:
    """The tokenizer's tokens for the text but for those that a longer one may replace, the last one in any case; none where
    it would write something else."""
    try:
        ids = vocabulary.encode(text.decode())
        return take_off(ids, vocabulary, 0)[0][:len(ids) - 1] if vocabulary.decode(ids) == text else []
    except (UnicodeDecodeError, StructgenError):
        return []
