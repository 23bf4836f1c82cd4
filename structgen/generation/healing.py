"""Token healing: an end of the prompt that a tokenizer would not have cut there is written again by the model.

In: the tokens of a text that the model shall go on with. Out: fewer tokens, the bytes that were taken off, and a matcher
that lets the model write first those bytes and then what it may. A text that ends inside a word (``http:``) ends with
tokens that a tokenizer would not have used if it had seen what follows (``http://`` has one of its own), so a model that
must go on behind them is off its road. The one idea: tokens are taken off the end as long as some token of the vocabulary
begins with the bytes taken off and goes on; the first tokens written may then be any that agree with these bytes.

Exact on bytes: a token is allowed where it is a beginning of the bytes that are left, or begins with them and goes on as the
grammar's output may begin. Cost: where free text may follow nothing; under a grammar a walk over the tokens that begin with
those bytes, for those that the grammar allows, once for each token of the healing.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from structgen.errors import BudgetError
from structgen.generation.budget import BudgetedMatcher
from structgen.matching.matcher import MatcherBase, mask_row
from structgen.matching.spelling import NEVER
from structgen.vocabulary import Vocabulary

__all__ = ["Healing", "following", "take_off"]


def take_off(ids: Sequence[int], vocabulary: Vocabulary, first: int) -> tuple[list[int], bytes]:
    """The tokens that stay, and the bytes of those that do not; the first ``first`` tokens stay in any case."""
    texts, _, longest = _sorted(vocabulary)
    taken, removed, text = 0, b"", b""
    for count, token in enumerate(reversed(ids[first:]), 1):
        written = vocabulary.tokens[token]
        text = (written or b"") + text
        if not written or len(text) >= longest:
            break
        place = bisect_right(texts, text)
        if place < len(texts) and texts[place].startswith(text):
            taken, removed = count, text
    return list(ids[:len(ids) - taken]), removed


def following(matcher: Any) -> Any:
    """The matcher that goes on: once a healing's bytes are written, the one behind it (None: free text)."""
    return matcher.behind if isinstance(matcher, Healing) and not matcher.left else matcher


class Healing(MatcherBase):
    """Stands before a matcher until ``text`` is written.

    ``behind``: at the beginning of the output, where it may be within a budget of its own, which then holds for the tokens
    of both; None where free text follows.
    """

    is_accepting = is_finished = False

    def __init__(self, text: bytes, vocabulary: Vocabulary, behind: Any) -> None:
        self.left, self.vocabulary, self.behind = text, vocabulary, behind
        needed, budget = self._needed(text), self._budget
        if needed > budget:
            raise BudgetError(f"a budget of {budget} tokens is too small: {needed} are needed",
                              because="the end of the prompt is written once more (healing)",
                              instead=f"raise max_tokens to {needed} at least, or pass heal=False")

    def fork(self) -> Healing:
        """An independent one at the same place."""
        made = object.__new__(Healing)
        made.left, made.vocabulary = self.left, self.vocabulary
        made.behind = None if self.behind is None else self.behind.fork()
        return made

    def fill_mask(self, out: Any, row: int = 0) -> None:
        """Writes the mask into row ``row`` of ``out``, as every matcher does."""
        words = mask_row(out, row, self.vocabulary.size)
        words[:] = 0
        tokens = np.array(self._allowed(), dtype=np.int64)
        np.bitwise_or.at(words, tokens >> 5, (np.uint32(1) << (tokens & 31).astype(np.uint32)).view(np.int32))

    def advance(self, token_id: int) -> bool:
        """Takes a token; False if it does not agree with the text or what may follow it, and then nothing has moved."""
        written = self.vocabulary.tokens[token_id] if 0 <= token_id < self.vocabulary.size else None
        if not written or not self._is_allowed(written):
            return False
        if isinstance(self.behind, BudgetedMatcher):
            self.behind.left -= 1
        rest = written[len(self.left):]
        self.left = self.left[len(written):]
        return not rest or self.behind is None or bool(_take(self.behind, rest))

    def _is_allowed(self, written: bytes) -> bool:
        if self.left.startswith(written):
            return self._needed(self.left[len(written):]) < self._budget
        return written.startswith(self.left) and self._fits(written[len(self.left):])

    def _allowed(self) -> list[int]:
        texts, ids, _ = _sorted(self.vocabulary)
        found: list[int] = []
        for length in range(1, len(self.left) + 1):
            if self._needed(self.left[length:]) < self._budget:
                part = self.left[:length]
                found += ids[bisect_left(texts, part):bisect_right(texts, part)]
        return found + self._longer(texts, ids)

    def _longer(self, texts: Sequence[bytes], ids: Sequence[int]) -> list[int]:
        """The tokens that write all that is left and go on as what follows may begin."""
        at, end = bisect_right(texts, self.left), _behind(texts, self.left)
        if self.behind is None:
            return list(ids[at:end])
        walk = _Walk(self.behind.inner if isinstance(self.behind, BudgetedMatcher) else self.behind)
        found: list[int] = []
        while at < end:
            rest = texts[at][len(self.left):]
            wrong = walk.go(rest)
            if wrong:  # no token that begins so is allowed
                at = _behind(texts, self.left + rest[:wrong])
                continue
            if not isinstance(self.behind, BudgetedMatcher) or self.behind.ends_in(walk.matcher, self.behind.left - 1):
                found.append(ids[at])
            at += 1
        return found

    def _fits(self, rest: bytes) -> bool:
        """Whether what follows may begin with these bytes, and can be ended behind them with one token less."""
        if self.behind is None:
            return True
        ahead = self.behind.fork()
        if isinstance(ahead, BudgetedMatcher):
            ahead.left -= 1
        return _take(ahead, rest)

    @property
    def _budget(self) -> float:
        return self.behind.left if isinstance(self.behind, BudgetedMatcher) else math.inf

    def _needed(self, text: bytes) -> int:
        """Tokens that are enough for a part of the text and a shortest output behind it."""
        if not isinstance(self.behind, BudgetedMatcher):
            return 0
        return _fewest(text, self.vocabulary) + self.behind.needed()


class _Walk:
    """A matcher that goes from one text to the next, over what they have in common."""

    def __init__(self, matcher: Any) -> None:
        self.matcher, self._text = matcher.fork(), b""

    def go(self, text: bytes) -> int:
        """Goes to a text; 0, or how many bytes of it are one too many."""
        common = 0
        for one, other in zip(self._text, text, strict=False):
            if one != other:
                break
            common += 1
        self.matcher.rollback(len(self._text) - common)
        self._text = text[:common]
        for place in range(common, len(text)):
            if not self.matcher.advance_bytes(text[place:place + 1]):
                return place + 1
            self._text = text[:place + 1]
        return 0


def _take(matcher: Any, text: bytes) -> bool:
    taken: bool = matcher.advance_text(text) if isinstance(matcher, BudgetedMatcher) else matcher.advance_bytes(text)
    return taken


def _behind(texts: Sequence[bytes], beginning: bytes) -> int:
    """The place behind all texts with this beginning."""
    above = beginning.rstrip(b"\xff")
    return bisect_left(texts, above[:-1] + bytes([above[-1] + 1])) if above else len(texts)


@lru_cache(maxsize=4)
def _sorted(vocabulary: Vocabulary) -> tuple[list[bytes], list[int], int]:
    """The texts of all tokens in order, their ids, and the longest text's length."""
    pairs = sorted((vocabulary.tokens[token] or b"", token) for token in np.flatnonzero(vocabulary.is_text).tolist())
    return [text for text, _ in pairs], [token for _, token in pairs], max((len(text) for text, _ in pairs), default=0)


@lru_cache(maxsize=256)
def _fewest(text: bytes, vocabulary: Vocabulary) -> int:
    """The fewest tokens that write a text."""
    texts, _, longest = _sorted(vocabulary)
    best = [0, *[NEVER] * len(text)]
    for end in range(1, len(text) + 1):
        for start in range(max(0, end - longest), end):
            place = bisect_left(texts, text[start:end])
            if place < len(texts) and texts[place] == text[start:end]:
                best[end] = min(best[end], best[start] + 1)
    return best[-1]
