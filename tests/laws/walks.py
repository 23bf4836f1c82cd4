"""Walks along masks: both engines in step, and one that closes what it opens."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from hypothesis import assume
from oracle import TEXT_TOKENS, VOCABULARY

from structgen import Compiler, LimitExceededError, Limits, StructgenError
from structgen.matching.native_engine import AVAILABLE

ENGINES = ("python", "native") if AVAILABLE else ("python",)
LIMITS = Limits(dfa_states=3000, grammar_states=100_000, threads=500)
CLOSERS = [
    VOCABULARY.tokens.index(text)
    for text in (b'"', b"}", b"]", b")", b"0", b"1", b"a", b"null", b"true", b"false", b":", b",", b";", b"b")
]
BY_TEXT: dict[bytes, list[int]] = {}
for _token, _text in TEXT_TOKENS:
    BY_TEXT.setdefault(_text, []).append(_token)
LONGEST = max(map(len, BY_TEXT))


@cache
def compiler(engine: Any) -> Compiler:
    return Compiler(VOCABULARY, limits=LIMITS, engine=engine)


def compile_all(source: Any) -> list[Any]:
    """The source compiled by every engine; empty if it is refused, by all of them for the same reason."""
    found: list[Any] = []
    refusals: list[str] = []
    for engine in ENGINES:
        try:
            found.append(compiler(engine).compile(source))
        except StructgenError as error:
            refusals.append(f"{type(error).__name__}: {error}")
    assert not (found and refusals), f"one engine compiles and the other refuses: {refusals}"
    assert len(set(refusals)) <= 1, refusals
    return found


@contextmanager
def too_ambiguous_is_refused() -> Iterator[None]:
    """A random grammar with more alternatives than the limit for threads is no counterexample, and no example either."""
    try:
        yield
    except LimitExceededError as error:
        assume(error.limit != "threads")
        raise


def same_mask(matchers: list[Any], path: bytes) -> list[int]:
    """The allowed tokens, after checking that the engines agree on them."""
    allowed = [set(matcher.allowed_tokens().tolist()) for matcher in matchers]
    for other in allowed[1:]:
        more, less = other - allowed[0], allowed[0] - other
        assert not more and not less, (
            f"behind {path!r} native allows {[VOCABULARY.tokens[t] for t in sorted(more)]}, "
            f"python {[VOCABULARY.tokens[t] for t in sorted(less)]}"
        )
    states = {(matcher.is_accepting, matcher.is_finished) for matcher in matchers}
    assert len(states) == 1, path
    return sorted(allowed[0])


def walk_together(grammars: list[Any], seed: int, steps: int) -> None:
    """Follows masks at random; in every state the engines agree, and no state that is not final is stuck."""
    chance = random.Random(seed)
    matchers = [grammar.matcher() for grammar in grammars]
    path = b""
    for _ in range(steps):
        allowed = same_mask(matchers, path)
        assert allowed, f"nothing is allowed behind {path!r}, which is not complete"
        ends = [token for token in VOCABULARY.eos_token_ids if token in allowed]
        assert bool(ends) == matchers[0].is_accepting and len(ends) in (0, len(VOCABULARY.eos_token_ids))
        texts = [token for token in allowed if token not in ends]
        if not texts:
            return
        token = (
            chance.choice([t for t in CLOSERS if t in allowed] or texts)
            if chance.random() < 0.3
            else chance.choice(texts)
        )
        assert all(matcher.advance(token) for matcher in matchers), (
            f"behind {path!r} the mask allows {VOCABULARY.tokens[token]!r}, advance does not"
        )
        path += VOCABULARY.tokens[token] or b""


def sample(matcher: Any, chance: random.Random, free: int, most: int) -> bytes | None:
    """A complete text, chosen at random for ``free`` tokens and then closed; None if that took more than ``most``."""
    path = b""
    for number in range(most):
        allowed = matcher.allowed_tokens().tolist()
        assert allowed, f"nothing is allowed behind {path!r}"
        if number >= free and matcher.is_accepting:
            break
        if number >= free:
            rest = matcher.shortest_completion()
            assert matcher.advance_bytes(rest) and matcher.is_accepting, (path, rest)
            return path + rest
        closing = [token for token in CLOSERS if token in allowed]
        token = closing[0] if number >= free and closing and chance.random() < 0.8 else chance.choice(allowed)
        assert matcher.advance(token)
        if matcher.is_finished:
            break
        path += VOCABULARY.tokens[token] or b""
    return path if matcher.is_accepting else None


def tokenized(text: bytes, chance: random.Random) -> list[int]:
    """The text as tokens of the vocabulary, cut at random."""
    tokens = []
    while text:
        sizes = [size for size in range(1, min(LONGEST, len(text)) + 1) if text[:size] in BY_TEXT]
        size = chance.choice(sizes)
        tokens.append(chance.choice(BY_TEXT[text[:size]]))
        text = text[size:]
    return tokens
