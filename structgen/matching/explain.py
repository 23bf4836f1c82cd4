"""Says in words why a token is forbidden and what may come instead.

In: a matcher and a token. Out: a sentence or two, made from the matcher's own masks, so it cannot disagree with them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from structgen.matching.matcher import MatcherBase

_SHOWN = 12


def explain_token(matcher: MatcherBase, token: int) -> str:
    """One line on the token, one on what is allowed."""
    vocabulary = matcher.vocabulary
    if not 0 <= token < vocabulary.size:
        return f"token {token} is outside the vocabulary of {vocabulary.size} tokens"
    allowed = matcher.allowed_tokens()
    name = _name(matcher, token)
    if token in allowed:
        return f"{name} is allowed, one of {len(allowed):,}"
    if token in vocabulary.eos_token_ids:
        reason = "the output is not complete here"
    elif not vocabulary.tokens[token]:
        reason = "it is a special token, and never part of a text"
    else:
        reason = _first_bad_byte(matcher, vocabulary.tokens[token] or b"")
    return f"{name} is forbidden: {reason}\nallowed: {_listed(matcher, [int(t) for t in allowed])}"


def _name(matcher: MatcherBase, token: int) -> str:
    text = matcher.vocabulary.tokens[token]
    return f"end token {token}" if text is None else f"token {token} ({text.decode('utf-8', 'backslashreplace')!r})"


def _first_bad_byte(matcher: MatcherBase, text: bytes) -> str:
    good = 0
    while good < len(text) and matcher.advance_bytes(text[good : good + 1]):
        good += 1
    matcher.rollback(good)
    bad = text[good : good + 1].decode("utf-8", "backslashreplace")
    if good == 0:
        return f"{bad!r} cannot come here"
    return f"{bad!r} cannot come after {text[:good].decode('utf-8', 'backslashreplace')!r}"


def _listed(matcher: MatcherBase, allowed: list[int]) -> str:
    firsts: dict[str, None] = {}
    for token in allowed:
        text = matcher.vocabulary.tokens[token]
        if token in matcher.vocabulary.eos_token_ids:
            firsts["the end"] = None
        elif text:
            firsts[repr(text[:1].decode("latin-1")) if text[0] < 0x80 else "a non-ASCII character"] = None
    names = list(firsts)
    more = f", or {len(names) - _SHOWN} other first characters" if len(names) > _SHOWN else ""
    return f"{len(allowed):,} tokens, beginning with " + ", ".join(names[:_SHOWN]) + more
