"""Finds that an output repeats itself, and says how to stop it.

In: the tokens of an output one by one. Out: whether it stands in a loop. The one idea: a text repeats with a period p
where every token equals the one p before it, so for each p a count of how long that has been true is all there is to keep;
one vector operation a token. What repeats often enough is broken in two stages: first the loop's own tokens become less
and less likely where the model has a choice, so that it may find something else to say; if it does not, the innermost open
text, array or object is closed at the next place where the grammar allows it.

Measured: 8 microseconds a token. Caveats: a loop whose rounds differ (1, 2, 3, …) is none. Names of an object cannot repeat
under a mask, whatever a model wants. Five equal rounds of at least 20 tokens are called a loop: an honest vector of zeros
that long is one too, so a type that means such vectors should say how long they are, or the guard be switched off.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

__all__ = ["Loop", "LoopGuard", "PromptLoopWarning", "open_brackets", "warn_of_loop"]

LONGEST = 128
"""Tokens of the longest round that is looked for."""
ROUNDS = 5
TOKENS = 20
"""A loop is this many equal rounds and at least this many tokens: JSON of the embedded model's tasks never has so many."""
PENALTY = 1.5
"""Subtracted from the logits of a loop's tokens, once more with every token that goes on with it."""
PATIENCE = 8
"""Half the tokens of penalties, beside one round, before the text is closed."""

TIMES = 2
"""A loop that penalties broke may come back once; models often find back to it after one other word."""
NEAR = 1024
"""Tokens at the end of a prompt that are looked at for loops."""


class PromptLoopWarning(UserWarning):
    """The prompt itself repeats a text many times; models go on with that."""


@dataclass(frozen=True, slots=True)
class Loop:
    """A repetition that was found in an output, and what was done."""

    start: int
    """The token with which the first round begins."""
    period: int
    """Tokens in a round."""
    text: str
    """One round."""
    action: Literal["penalty", "closed"]


class LoopGuard:
    """Watches one output. After each token, ``found`` is the period of the loop it stands in, or 0."""

    def __init__(self) -> None:
        self._tokens: list[int] = []
        self._equal = np.zeros(LONGEST + 1, dtype=np.int64)
        self._recent = np.full(LONGEST + 1, -1, dtype=np.int64)
        self._met: Counter[frozenset[int]] = Counter()
        self._closed: Counter[frozenset[int]] = Counter()
        self.period = 0
        self.strength = 0

    def add(self, token: int) -> None:
        """Takes the next token of the output."""
        same = self._recent == token
        same[0] = False
        self._equal = np.where(same, self._equal + 1, 0)
        self._recent[1:] = self._recent[:-1].copy()
        self._recent[1] = token
        self._tokens.append(token)
        was = self.period
        self.period = self._found()
        self.strength = self.strength + 1 if self.period and was else int(self.period > 0)
        if self.period and not was:
            self._met[frozenset(self.tokens)] += 1

    def _found(self) -> int:
        periods = np.arange(LONGEST + 1)
        looping = np.flatnonzero(self._equal >= np.maximum((ROUNDS - 1) * periods, TOKENS - periods))
        looping = looping[looping > 0]
        return int(looping[0]) if len(looping) else 0

    @property
    def tokens(self) -> list[int]:
        """The tokens of the loop, one round."""
        return self._tokens[-self.period:] if self.period else []

    @property
    def start(self) -> int:
        """Where the first round of the loop begins."""
        return len(self._tokens) - int(self._equal[self.period]) - self.period

    @property
    def must_close(self) -> bool:
        """Whether penalties have had their chance: the loop goes on in spite of them, or comes back a third time."""
        return self.period > 0 and (self.strength > self.period + 2 * PATIENCE or self._met[frozenset(self.tokens)] > TIMES)

    def closed(self) -> int:
        """Notes that the loop is closed now; how often it was before."""
        self._closed[frozenset(self.tokens)] += 1
        return self._closed[frozenset(self.tokens)] - 1

    def forget(self) -> None:
        """Begins anew, after a loop was closed."""
        self._equal[:] = 0
        self._recent[:] = -1
        self.period = self.strength = 0


def warn_of_loop(prompt: Sequence[int], text_of: Callable[[Sequence[int]], str]) -> bool:
    """Warns where the last ``NEAR`` tokens of a prompt hold a loop of words; whether they do."""
    guard = LoopGuard()
    for token in prompt[-NEAR:]:
        guard.add(token)
        if guard.period and any(character.isalnum() for character in text_of(guard.tokens)):
            warnings.warn(f"the prompt repeats {text_of(guard.tokens)!r} over and over; models tend to go on with that",
                          PromptLoopWarning, stacklevel=5)
            return True
    return False


def open_brackets(text: str) -> list[int]:
    """How many brackets are open after each character, those inside double quotes not counted."""
    depths: list[int] = []
    depth, quoted, escaped = 0, False, False
    for character in text:
        if quoted:
            quoted, escaped = escaped or character != '"', not escaped and character == "\\"
        elif character == '"':
            quoted = True
        elif character in "[{(":
            depth += 1
        elif character in "]})":
            depth = max(0, depth - 1)
        depths.append(depth)
    return depths
