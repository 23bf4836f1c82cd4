"""A token budget as a promise: masks that leave out what could not be finished in time.

In: a compiled grammar and a number of tokens. Out: a matcher like any other, whose masks allow a token only if the output
can still be ended with the tokens that are left behind it. So an output that follows the masks is always complete, however
it is sampled. An end token behind it needs no room, since the text is complete without; ``end_token=True`` keeps it some.

The one idea: the matcher always knows a way to the end that fits, and of what leaves that way only what has another one is
allowed. ``matching.reach`` finds the ways.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from structgen.errors import BudgetError, GenerationError
from structgen.matching.matcher import MatcherBase, mask_row
from structgen.matching.reach import Reach, reach_of
from structgen.matching.spelling import NEVER
from structgen.vocabulary import Vocabulary

__all__ = ["BudgetedMatcher", "budgeted", "can_promise", "needed_tokens"]


def needed_tokens(compiled: Any, *, end_token: bool = False, prefix: bytes = b"") -> int:
    """The least budget that is enough for an output: the tokens of a shortest text, and with ``end_token`` one more.

    An upper bound: among all texts there may be one of fewer tokens. ``BudgetError`` where the vocabulary cannot write any.
    ``prefix``: how the output begins already; it costs nothing.
    """
    needed = BudgetedMatcher(begun(compiled, prefix), reach_of(compiled), 0).needed()
    if needed >= NEVER:
        raise BudgetError(
            "how many tokens an output needs cannot be told",
            because="the vocabulary cannot write the shortest one",
            instead="check that the vocabulary is the model's",
        )
    return needed + end_token


def begun(compiled: Any, prefix: bytes) -> Any:
    """A matcher behind a text with which the output begins; ``GenerationError`` where no output does."""
    matcher = compiled.matcher()
    for place in range(len(prefix)):
        if not matcher.advance_bytes(prefix[place:place + 1]):
            said, rest = (part.decode(errors="replace") for part in (prefix[:place], prefix[place:]))
            raise GenerationError(f"no output begins with this prefix: behind {said!r} comes {rest!r}",
                                  position=f"character {len(said)}", because="the grammar does not allow it there",
                                  instead="give a beginning of a valid output")
    return matcher


def can_promise(compiled: Any) -> bool:
    """Whether ways to the end are known: not where what came before decides what may follow, as names in scope do in SQL
    over a database, and earlier items in a JSON list of containers that must differ."""
    return compiled.matcher()._estimate().tables.names is None


def budgeted(compiled: Any, tokens: int, *, end_token: bool = False, prefix: bytes = b"") -> BudgetedMatcher:
    """A matcher at the beginning of an output of at most ``tokens`` tokens; ``end_token``: whether that one counts, too.
    ``prefix``: how the output begins already, which does not count.

    Raises ``BudgetError`` if no output is so short; it says how many tokens are needed.
    """
    if not can_promise(compiled):
        raise BudgetError("a budget cannot be promised for this grammar",
                          because="what came before (names, items that must differ) decides how an output can end",
                          instead="leave max_tokens out here; an output that is cut is an error of its own")
    needed = needed_tokens(compiled, end_token=end_token, prefix=prefix)
    if tokens < needed:
        raise BudgetError(
            f"a budget of {tokens} tokens is too small: {needed} are needed",
            because=f"a shortest output has {needed - end_token} tokens"
            f"{', and the end token is one more' if end_token else ''}",
            instead=f"raise max_tokens to {needed} at least",
        )
    return BudgetedMatcher(begun(compiled, prefix), reach_of(compiled), tokens - end_token)


class BudgetedMatcher(MatcherBase):
    """A matcher that ends in time; see ``budgeted``. ``left``: tokens that may still come, the end token not counted."""

    def __init__(self, inner: Any, reach: Reach, left: int) -> None:
        self.inner, self.left, self.vocabulary = inner, left, inner.vocabulary
        self._reach, self._estimate = reach, inner._estimate
        self._plan: tuple[int, ...] | None = None
        self._history: list[tuple[int, tuple[int, ...] | None, bool]] = []
        self._pressed = False

    vocabulary: Vocabulary

    @property
    def is_pressed(self) -> bool:
        """Whether the budget has left nothing but one way to the end, at some token or now."""
        if self._pressed or self.left > 0 or self.inner.is_finished:
            return self._pressed
        return bool(self.vocabulary.is_text[self.inner.allowed_tokens()].any())

    def fill_mask(self, out: Any, row: int = 0) -> None:
        """Writes the mask into row ``row`` of ``out``, as every matcher does."""
        self.inner.fill_mask(out, row)
        if self.inner.is_finished or self._is_far():
            return
        words = mask_row(out, row, self.vocabulary.size)
        for tokens in self._reach.too_far(self.inner, self.left - 1):
            np.bitwise_and.at(words, tokens >> 5, ~(np.uint32(1) << (tokens & 31).astype(np.uint32)).view(np.int32))
        following = self._next()
        if following is not None:
            words[following >> 5] |= np.uint32(1 << (following & 31)).astype(np.int32)

    def _is_far(self) -> bool:
        return self._reach.is_far(self.inner, self.left - 1)

    def _next(self) -> int | None:
        """The next token of the way that is being gone, if there is one."""
        return self._plan[0] if self._plan else None

    def _allows(self, token: int) -> bool:
        """Whether the budget allows a token that the grammar allows."""
        if token in self.vocabulary.eos_token_ids or token == self._next() or self._is_far():
            return True
        return not any(token in tokens for tokens in self._reach.too_far(self.inner, self.left - 1))

    def advance(self, token_id: int) -> bool:
        """Takes a token; False if the grammar or the budget does not allow it, and then nothing has moved."""
        goes_on = token_id == self._next()
        if not self._allows(token_id) or not self.inner.advance(token_id):
            return False
        self._history.append((self.left, self._plan, self._pressed))
        if not self.inner.is_finished:
            self._pressed |= self._plan is not None and len(self._plan) == self.left
            self.left -= 1
            self._plan = self._way(self._plan[1:] if goes_on and self._plan is not None else None)
        return True

    def _way(self, known: tuple[int, ...] | None) -> tuple[int, ...] | None:
        """A way to the end, needed once the budget may decide; ``known``: one that was begun."""
        if self._is_far():
            return None
        if self._reach.bytes_bound(self.inner) <= self.left and known is None:
            return None
        found = self._reach.plan(self.inner)
        return known if found is None or (known is not None and len(known) <= len(found)) else found

    def advance_bytes(self, text: bytes) -> bool:
        """Takes a text without counting tokens: for looking ahead; one step for ``rollback``."""
        if not self.inner.advance_bytes(text):
            return False
        self._history.append((self.left, self._plan, self._pressed))
        self._plan = None
        return True

    def advance_text(self, text: bytes) -> bool:
        """Takes a text that costs no token; False if it cannot come, or could not be ended in the tokens left."""
        if not self.advance_bytes(text):
            return False
        if self.ends_in(self.inner, self.left):
            self._plan = self._way(None)
            return True
        self.rollback(1)
        return False

    def ends_in(self, inner: Any, left: int) -> bool:
        """Whether an output that stands where ``inner``, a matcher of the same grammar, does can be ended in ``left``
        tokens."""
        if self._reach.bytes_bound(inner) <= left:
            return True
        plan = self._reach.plan(inner)
        return plan is not None and len(plan) <= left

    def needed(self) -> int:
        """Tokens that are enough to end the output from here; an upper bound, at least ``NEVER`` where none is known."""
        plan = self._reach.plan(self.inner)
        return self._reach.bytes_bound(self.inner) if plan is None else len(plan)

    def rollback(self, count: int) -> None:
        """Takes back the last ``count`` advances."""
        self.inner.rollback(count)
        if count:
            self.left, self._plan, self._pressed = self._history[-count]
            del self._history[-count:]

    def reset(self) -> None:
        """Back to the beginning."""
        self.rollback(self.inner.taken)

    def fork(self) -> BudgetedMatcher:
        """An independent matcher at the same place, with the same budget."""
        other = BudgetedMatcher(self.inner.fork(), self._reach, self.left)
        other._plan, other._history, other._pressed = self._plan, self._history.copy(), self._pressed
        return other

    def standing(self) -> Any:
        """The threads with their stacks, as ``estimate`` reads them."""
        return self.inner.standing()

    @property
    def configuration(self) -> int:
        """The number of the grammar's configuration."""
        return int(self.inner.configuration)

    @property
    def is_accepting(self) -> bool:
        """Whether the output may end here."""
        return bool(self.inner.is_accepting)

    @property
    def is_finished(self) -> bool:
        """Whether an end token has been taken."""
        return bool(self.inner.is_finished)

    @property
    def taken(self) -> int:
        """How many advances ``rollback`` could take back."""
        return len(self._history)

    def explain(self, token_id: int) -> str:
        """Says in words why a token is forbidden now, and what may come instead."""
        there = self.inner.fork()
        if there.advance(token_id) and not self._allows(token_id):
            return (
                f"the grammar allows token {token_id} here, but behind it the output could not be ended in the "
                f"{max(0, self.left - 1)} tokens that are left"
            )
        return str(self.inner.explain(token_id))
