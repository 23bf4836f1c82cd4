"""The vocabulary as a flat trie: every byte prefix of every token once, depth first.

In: a vocabulary. Out: arrays that a walk runs through with one index: at node ``i`` either go on to ``i + 1`` (into the
subtree) or to ``end[i]`` (past it). Tokens with equal bytes share a node. Special tokens and empty tokens are in no trie,
so no text ever reaches them.

Beside it, what every JSON string can use (``StringTokens``): most tokens (126,478 of 130,072 in Tekken) are plain
characters that may stand anywhere inside a string, so their mask is one row that all strings of all grammars share.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from structgen.automaton.tables import Encoding
from structgen.matching import decoder
from structgen.vocabulary import Vocabulary

_ORDINARY = bytes(byte for byte in range(0x20, 0x100) if byte not in b'"\\')
_ORDINARY_ASCII = bytes(byte for byte in _ORDINARY if byte < 0x7F)


class TokenTrie:
    """Parallel lists over the nodes, in depth-first order; the root has no node."""

    def __init__(self, tokens: Iterable[tuple[bytes, int]]) -> None:
        self.byte: list[int] = []
        self.depth: list[int] = []
        self.end: list[int] = []
        self.tokens: list[list[int] | None] = []
        self._build(sorted(tokens))

    def _build(self, tokens: list[tuple[bytes, int]]) -> None:
        open_nodes: list[int] = []
        previous = b""
        for text, token in tokens:
            if not text:
                continue
            shared = _common(previous, text)
            for node in open_nodes[shared:]:
                self.end[node] = len(self.byte)
            del open_nodes[shared:]
            for depth in range(shared, len(text)):
                open_nodes.append(len(self.byte))
                self.byte.append(text[depth])
                self.depth.append(depth)
                self.end.append(0)
                self.tokens.append(None)
            at = self.tokens[open_nodes[-1]]
            if at is None:
                self.tokens[open_nodes[-1]] = [token]
            else:
                at.append(token)
            previous = text
        for node in open_nodes:
            self.end[node] = len(self.byte)

    def __len__(self) -> int:
        return len(self.byte)


def _common(a: bytes, b: bytes) -> int:
    shared = min(len(a), len(b))
    if a[:shared] == b[:shared]:
        return shared
    return next(i for i in range(shared) if a[i] != b[i])


class StringTokens:
    """What each token does inside a JSON string of an encoding, at a character's boundary.

    ``inside[t]``: characters that token ``t`` decodes to if it stays inside the string, -1 if it ends it or is not
    allowed. ``leaving``: the trie of the tokens that contain a closing quote.
    """

    def __init__(self, vocabulary: Vocabulary, encoding: int = Encoding.JSON) -> None:
        self.inside: NDArray[np.int32] = np.full(vocabulary.size, -1, dtype=np.int32)
        leaving: list[tuple[bytes, int]] = []
        for token, text in enumerate(vocabulary.tokens):
            if not text:
                continue
            count = _characters_inside(text, encoding)
            self.inside[token] = count
            if count < 0 and 0x22 in text:
                leaving.append((text, token))
        self.leaving = TokenTrie(leaving)


def _characters_inside(text: bytes, encoding: int) -> int:
    if not text.translate(None, _ORDINARY_ASCII if encoding & decoder.ASCII else _ORDINARY):
        try:
            return len(text.decode())
        except UnicodeDecodeError:
            pass
    state, count = decoder.START, 0
    decode = decoder.stepper(encoding)
    for byte in text:
        step = decode(state, byte)
        if step is None or step[1] == decoder.END:
            return -1
        state, what, value = step
        count += what == decoder.CODE_POINT or (what == decoder.BYTE and value & 0xC0 != 0x80)
    return count + (state & 15 >= decoder.ESCAPE)  # an unfinished escape needs room for its character


class VocabularyTables:
    """Everything the Python engine computes once per vocabulary."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        texts = [(text, token) for token, text in enumerate(vocabulary.tokens) if text]
        self.trie = TokenTrie(texts)
        self._strings: dict[int, StringTokens] = {}

    def strings(self, encoding: int) -> StringTokens:
        """What tokens do inside strings of an encoding, made on first use."""
        found = self._strings.get(encoding)
        if found is None:
            found = self._strings[encoding] = StringTokens(self.vocabulary, encoding)
        return found
