"""How many tokens an output still needs: what keeps a token budget.

In: a compiled grammar and a matcher of it. Out: a way to the end as tokens (``plan``), and for each allowed token whether
the output can still be ended in so many tokens behind it (``too_far``). The one idea: every text can be written with its
single bytes, so the estimate of the bytes that are left is an upper bound that costs microseconds; only where it does not
decide, the shortest text is searched and cut into as few tokens as it can be.

Tokens that lead to the same configuration are looked at once, and what was found of a configuration is kept for all outputs
of the grammar. Cost where nothing is known yet: about 0.3 us per allowed token, 20 us per configuration behind them, and
some milliseconds for each that has to be searched.

Caveat: the shortest text need not be that of the fewest tokens; ``plan`` is an upper bound, and a real way to the end.
"""

from __future__ import annotations

import re
import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from structgen.errors import LimitExceededError
from structgen.matching.decoder import START
from structgen.matching.estimate import Estimate
from structgen.matching.spans import SpanReader
from structgen.matching.spelling import NEVER
from structgen.vocabulary import Vocabulary
from structgen.vocabulary.vocabulary import UTF8_BYTES

_ROUGH = 8
"""Bytes that the estimate may be below the truth; its own tests know no case."""
_OPENED = 16
"""Rules that one token is taken to enter at most, where the configurations behind a state are not looked at."""
_KEPT_BYTES = 64 << 20
"""Arrays of tokens kept per grammar."""
_PLANS = 10_000
"""Ways to the end kept per grammar."""
_MANY = 5_000
"""Allowed tokens that are looked at one by one without a further look at where they are."""
_PLAIN = re.compile(r'[^\x00-\x1f"\\\x7f]+')
_SEARCHED, _SEARCHED_BY_TEXT = 24, 6
"""Places behind one configuration whose shortest text is searched, those of the most tokens first; of others the bytes are
all that is known. Fewer in a key of an open object: what is found there is of no use for another key."""
SEARCH_STEPS = 50_000
"""Steps of one search for a shortest text; without a result the estimate is all that is known."""


@dataclass(slots=True)
class _Behind:
    """What is behind a configuration: for each place that allowed tokens lead to, which tokens these are, an upper and a
    lower bound of the tokens needed from there, the real number once it was asked for (-1: not yet), and what must be added
    to it because the tokens are only alike."""

    tokens: list[NDArray[np.int64]]
    upper: list[int]
    lower: list[int]
    needed: list[int]
    more: list[int]
    worst: int = 0
    searched: int = 0
    by_text: bool = False
    """Whether each token leads to a place of its own, since the text so far is remembered there."""

    def add(self, tokens: NDArray[np.int64], upper: int, least_bytes: int, longest: int, more: int) -> None:
        """One place."""
        self.tokens.append(tokens)
        self.upper.append(upper)
        self.lower.append(-(-least_bytes // longest))
        self.needed.append(-1)
        self.more.append(more)
        self.worst = max(self.worst, upper)


class Reach:
    """What is known of the ways to the end in one grammar."""

    def __init__(self, compiled: Any) -> None:
        self.vocabulary: Vocabulary = compiled.vocabulary
        self._estimate_of: Callable[[], Estimate] = compiled.matcher()._estimate
        native = getattr(compiled, "_native", None)
        self._count: Callable[[], int] = (
            (lambda: int(native.n_configurations)) if native is not None else (lambda: int(compiled.engine.n_configurations))
        )
        self._seen = 0
        self._behind: OrderedDict[int, _Behind] = OrderedDict()
        self._plans: OrderedDict[int, tuple[int, ...] | None] = OrderedDict()
        self._bounds: OrderedDict[int, int] = OrderedDict()
        self._lock = threading.RLock()
        self._ids, self._longest = _token_ids(self.vocabulary)
        self._has_bytes = not self.vocabulary.missing_bytes & UTF8_BYTES
        self._step: int | None = None
        self._plain: NDArray[np.int32] | None = None

    # -- one place ------------------------------------------------------------------------------------------------

    def bytes_left(self, matcher: Any) -> int:
        """About how many bytes the output still takes."""
        if matcher.is_accepting:
            return 0
        configuration = self._configuration(matcher)
        found = self._bounds.get(configuration)
        if found is None:
            estimate = self._estimate_of()
            found = min(map(estimate.of, matcher.standing()), default=NEVER)
            _keep(self._bounds, configuration, found, _PLANS)
        return found

    def bytes_bound(self, matcher: Any) -> int:
        """An upper bound of the tokens that the text still needs: its bytes, where every byte is a token."""
        rest = self.bytes_left(matcher)
        return 0 if not rest else rest + _ROUGH if self._has_bytes else NEVER

    def plan(self, matcher: Any) -> tuple[int, ...] | None:
        """Tokens that end the output's text, few of them; None where no way was found. The matcher does not move."""
        with self._lock:
            configuration = self._configuration(matcher)
            if configuration in self._plans:
                self._plans.move_to_end(configuration)
                return self._plans[configuration]
            try:
                made = self._cut(matcher.shortest_completion(SEARCH_STEPS))
            except LimitExceededError:
                made = None
            _keep(self._plans, self._configuration(matcher), made, _PLANS)
            return made

    def _cut(self, text: bytes) -> tuple[int, ...] | None:
        """The text in as few tokens as it can be; None where the vocabulary cannot write it."""
        best = [0] + [NEVER] * len(text)
        came = [0] * (len(text) + 1)
        for end in range(1, len(text) + 1):
            for start in range(max(0, end - self._longest), end):
                if best[start] + 1 < best[end] and text[start:end] in self._ids:
                    best[end], came[end] = best[start] + 1, start
        if best[-1] >= NEVER:
            return None
        tokens = []
        end = len(text)
        while end:
            tokens.append(self._ids[text[came[end] : end]])
            end = came[end]
        return tuple(reversed(tokens))

    # -- what is behind it ----------------------------------------------------------------------------------------

    def is_far(self, matcher: Any, left: int) -> bool:
        """Whether a budget of ``left`` tokens behind the next one is more than any token could need."""
        if not self._has_bytes:
            return False
        rise = _OPENED * self._greatest() + self._longest
        return left > rise and left > self.bytes_left(matcher) + rise + _ROUGH

    def too_far(self, matcher: Any, left: int) -> list[NDArray[np.int64]]:
        """The allowed tokens behind which the output cannot be ended in ``left`` tokens, the end token not counted."""
        with self._lock:
            behind = self._look(matcher)
            if behind.worst <= left:
                return []
            found = []
            for number, tokens in enumerate(behind.tokens):
                if behind.upper[number] <= left:
                    continue
                if behind.lower[number] > left or self._needed(matcher, behind, number) > left:
                    found.append(tokens)
            return found

    def _needed(self, matcher: Any, behind: _Behind, number: int) -> int:
        if behind.needed[number] < 0:
            if behind.searched == (_SEARCHED_BY_TEXT if behind.by_text else _SEARCHED):
                return behind.upper[number]
            behind.searched += 1
            there = matcher.fork()
            there.advance(int(behind.tokens[number][0]))
            made = self.plan(there)
            behind.needed[number] = behind.upper[number] if made is None else len(made) + behind.more[number]
        return behind.needed[number]

    def _look(self, matcher: Any) -> _Behind:
        configuration = self._configuration(matcher)
        found = self._behind.get(configuration)
        if found is not None:
            self._behind.move_to_end(configuration)
            return found
        made = self._looked(matcher)
        if self._count() < self._seen:  # configurations were dropped meanwhile, and two of them may have had one number
            made = self._looked(matcher)
        kept = max(8, _KEPT_BYTES // (8 * self.vocabulary.size))
        _keep(self._behind, self._configuration(matcher), made, kept)
        return made

    def _looked(self, matcher: Any) -> _Behind:
        singles, many, any_text = self._sorted(matcher)
        groups: dict[int, list[int]] = {}
        there = matcher.fork()
        for token in singles:
            there.advance(token)
            groups.setdefault(there.configuration, []).append(token)
            there.rollback(1)
        made = _Behind([], [], [], [], [])
        for tokens, more in [*many, *((np.array(group), 0) for group in sorted(groups.values(), key=len, reverse=True))]:
            there.advance(int(tokens[0]))
            rest = 0 if there.is_finished else self.bytes_left(there)
            made.add(tokens, 0 if not rest else self.bytes_bound(there) + more, max(0, rest - _ROUGH), self._longest, more)
            there.rollback(1)
        if len(any_text):
            # Inside a text no token can ask for more than another text of its kind and another member behind it.
            bound = self.bytes_bound(matcher) + 2 * self._greatest()
            made.add(any_text, bound, 0, self._longest, 0)
            made.needed[-1] = bound
        where = self._text_around(matcher)
        made.by_text = where is not None and where[0].tracked
        return made

    def _sorted(self, matcher: Any) -> tuple[list[int], list[tuple[NDArray[np.int64], int]], NDArray[np.int64]]:
        """The allowed tokens: those to be looked at one by one; groups that lead to places alike, with what one of them may
        need more than another; and those that only go on in a text of which too much would have to be looked at.

        In a text of any characters, tokens of equally many characters that need no escape are alike; where the text is
        remembered, because it must not occur twice, they are but for one character more."""
        allowed = matcher.allowed_tokens()
        allowed = allowed[self.vocabulary.is_text[allowed]]
        nothing = allowed[:0]
        where = self._text_around(matcher)
        if where is None:
            return allowed.tolist(), [], nothing
        characters = self._characters[allowed]
        others = allowed[characters == 0].tolist()
        reader, state = where
        if reader.dfa.edges[state] == ((0, 255, state),):
            lengths = np.unique(characters[characters > 0])
            return others, [(allowed[characters == length], int(reader.tracked)) for length in lengths], nothing
        if reader.tracked or len(allowed) > _MANY:
            return others, [], allowed[characters > 0]
        return allowed.tolist(), [], nothing

    def _text_around(self, matcher: Any) -> tuple[SpanReader, int] | None:
        """The JSON string that a matcher stands in, and its automaton's state; None where it stands in none, or in several
        texts at once."""
        places = matcher.standing()
        if len(places) != 1:
            return None
        (place,) = places
        if place.reading is None or place.reading.decoder != START:
            return None
        estimate = self._estimate_of()
        reader = estimate.spans[estimate.state(place.state)[1]].reader
        return (reader, place.reading.state) if reader.is_json else None

    def _greatest(self) -> int:
        if self._step is None:
            self._step = self._estimate_of().greatest()
        return self._step

    @property
    def _characters(self) -> NDArray[np.int32]:
        """For each token the number of its characters; 0 where one of them may need an escape, or is not whole."""
        if self._plain is None:
            self._plain = _characters(self.vocabulary)
        return self._plain

    def _configuration(self, matcher: Any) -> int:
        """The number of a matcher's configuration; what is known by number is forgotten where numbers have changed, which
        they do when the engine drops configurations."""
        count = self._count()
        if count < self._seen:
            self._behind.clear()
            self._plans.clear()
            self._bounds.clear()
        self._seen = count
        return int(matcher.configuration)


def _keep(kept: OrderedDict[int, Any], key: int, value: Any, most: int) -> None:
    kept[key] = value
    if len(kept) > most:
        kept.popitem(last=False)


_REACHES: weakref.WeakKeyDictionary[Any, Reach] = weakref.WeakKeyDictionary()
_IDS: weakref.WeakKeyDictionary[Vocabulary, tuple[dict[bytes, int], int]] = weakref.WeakKeyDictionary()


def reach_of(compiled: Any) -> Reach:
    """The reach of a compiled grammar, kept as long as the grammar is in use."""
    found = _REACHES.get(compiled)
    if found is None:
        found = _REACHES.setdefault(compiled, Reach(compiled))
    return found


def _token_ids(vocabulary: Vocabulary) -> tuple[dict[bytes, int], int]:
    """The first id of each text, and the length of the longest."""
    found = _IDS.get(vocabulary)
    if found is None:
        ids: dict[bytes, int] = {}
        for token in np.flatnonzero(vocabulary.is_text).tolist():
            ids.setdefault(vocabulary.tokens[token] or b"", token)
        found = _IDS[vocabulary] = (ids, max(map(len, ids), default=1))
    return found


def _characters(vocabulary: Vocabulary) -> NDArray[np.int32]:
    found = np.zeros(vocabulary.size, dtype=np.int32)
    for token in np.flatnonzero(vocabulary.is_text).tolist():
        try:
            text = (vocabulary.tokens[token] or b"").decode()
        except UnicodeDecodeError:
            continue
        if _PLAIN.fullmatch(text):
            found[token] = len(text)
    return found
