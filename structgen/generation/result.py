"""What a generation gives back: the value, and how the model came to it.

Data only. Probabilities are those of the model: ``probability`` before anything was forbidden, ``masked`` after the
mask; both without temperature, penalties or cuts, so that they can be compared between requests.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeVar

__all__ = ["FinishReason", "Result", "Step", "Usage"]

T = TypeVar("T")
FinishReason = Literal["complete", "length"]
"""``complete``: an end token, or nothing could follow; ``length``: free text cut by ``max_tokens``."""


@dataclass(frozen=True, slots=True)
class Step:
    """One token of the output."""

    token: int
    text: str
    """What the token writes; ``\\ufffd`` for a part of a character, empty for an end token."""
    allowed: int
    """How many tokens the mask allowed here."""
    forced: bool
    """Only this token was allowed, so the model had no say."""
    probability: float | None
    """Of this token under the model alone; None for forced tokens at the end, where the model is not asked again."""
    masked: float
    """Of this token among the allowed ones."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What it cost."""

    prompt_tokens: int
    output_tokens: int
    forward_passes: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Result(Generic[T]):
    """A generated value."""

    value: T
    text: str
    """What the model wrote, without end tokens."""
    tokens: tuple[int, ...]
    """The token ids of the output, the end token included."""
    logprob: float | None
    """The mean of ``log(probability)`` over the tokens that were not forced; None if all were."""
    confidence: Mapping[Any, float] | None
    """For a type that is a choice (Literal, Enum, bool): the probability of every value; else None."""
    trace: tuple[Step, ...]
    finish_reason: FinishReason
    usage: Usage
    repairs: tuple[str, ...] = ()
    candidates: tuple[Result[T], ...] = field(default=(), repr=False)
    """With ``n`` above 1: every sample, best first; this result is the first of them."""
    attempts: int = 1
