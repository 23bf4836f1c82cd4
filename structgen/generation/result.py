"""What a generation gives back: the value, and how the model came to it.

Data only. Probabilities are those of the model: ``probability`` before anything was forbidden, ``masked`` after the
mask; both without temperature, penalties or cuts, so that they can be compared between requests.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeVar

from structgen.errors import GenerationError
from structgen.generation.loop_guard import Loop

__all__ = ["Alternative", "FinishReason", "Result", "Step", "Usage"]

T = TypeVar("T")
FinishReason = Literal["complete", "budget", "length", "stop"]
"""``complete``: an end token, or nothing could follow; ``budget``: complete, too, but at some token ``max_tokens`` left only
the way to the end; ``length``: free text cut by ``max_tokens``; ``stop``: free text ended by a stop text."""


@dataclass(frozen=True, slots=True)
class Alternative:
    """A token that could have come."""

    token: int
    text: str
    probability: float
    """Under the model alone."""
    masked: float
    """Among the allowed tokens; 0 where the mask forbids it."""


@dataclass(frozen=True, slots=True)
class Step:
    """One token of the output."""

    token: int
    text: str
    """What the token writes; ``\\ufffd`` for a part of a character, empty for an end token."""
    allowed: int
    """How many tokens the mask allowed here; 1 inside text without a choice, of which all are beginnings."""
    forced: bool
    """The text left no choice here, so the model had no say."""
    probability: float | None
    """Of this token under the model alone; None for forced tokens at the end, where the model is not asked again."""
    masked: float
    """Of this token among the allowed ones."""
    alternatives: tuple[Alternative, ...] = field(default=(), repr=False)
    """With ``top_logprobs=k``: the k likeliest tokens before the mask and the k likeliest after it, likely ones first."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What it cost."""

    prompt_tokens: int
    output_tokens: int
    forward_passes: int
    seconds: float

    @classmethod
    def sum(cls, parts: Sequence[Usage]) -> Usage:
        """What several cost together."""
        return cls(sum(one.prompt_tokens for one in parts), sum(one.output_tokens for one in parts),
                   sum(one.forward_passes for one in parts), sum(one.seconds for one in parts))


@dataclass(frozen=True, slots=True)
class Result(Generic[T]):
    """A generated value."""

    value: T
    text: str
    """What the model wrote, without end tokens."""
    tokens: tuple[int, ...]
    """The token ids of the output, the end token included; before them those of ``healed``."""
    logprob: float | None
    """The mean of ``log(probability)`` over the tokens that were not forced; None if all were."""
    confidence: Mapping[Any, float] | None
    """For a type that is a choice (Literal, Enum, bool): the probability of every value. For an object or array under a
    mask: JSONPath -> the probability of that field, of the tokens the model could choose. Else None."""
    trace: tuple[Step, ...]
    finish_reason: FinishReason
    usage: Usage
    repairs: tuple[str, ...] = ()
    candidates: tuple[Result[T], ...] = field(default=(), repr=False)
    """With several samples: every one that is a value, best first; this result is the first of them, or made of them."""
    failures: tuple[GenerationError, ...] = field(default=(), repr=False)
    """The samples and attempts that were no value, as errors."""
    agreement: float | None = None
    """After a vote: the share of the votes that this value (with ``by="fields"``: the mean field of it) got."""
    attempts: int = 1
    kept: tuple[str, ...] = ()
    """After a retry: the JSONPaths of what this value has from the attempt before, of what was right about that."""
    healed: str = ""
    """The end of a raw prompt or of a prefix that the model wrote once more, since a token may have begun there."""
    loops: tuple[Loop, ...] = ()
    """Repetitions that the loop guard found and broke."""
    total: Usage | None = None
    """What the whole request cost: every sample and attempt, failed ones too."""
    reread: Callable[[str], T] | None = field(default=None, repr=False, compare=False)
    """Reads another text as a value of the same type."""
