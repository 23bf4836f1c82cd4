"""How tokens are chosen, as data: what ``generation.sampler`` does with logits, and what a server is told.

Needs no tensor library, so that remote models work without one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from structgen.errors import GenerationError

__all__ = ["Sampling", "Shortcuts", "is_number", "refuse_options", "require_whole", "sampling_of"]

Shortcuts = tuple[float, int | None, float | None, float | None, float, int | None]
"""temperature, top_k, top_p, min_p, repetition_penalty, seed"""
MOST_SEED = 2**62
"""Generators take 64 bits, and the samples of a request count up from the seed."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """How tokens are chosen. The defaults take the most likely token every time.

    ``typical_p``: keeps the tokens whose surprise is nearest to the expected one (Meister et al. 2022).
    ``repetition_penalty`` divides (Keskar et al. 2019); ``frequency_penalty`` and ``presence_penalty`` subtract, per
    occurrence and once, as OpenAI's do, and count the output only. ``logit_bias``: added to the logits of token ids.
    ``penalize_structure``: brackets, names of fields and closing quotes are penalised like text. ``loop_guard``: repeated
    text inside the output is detected and broken.
    """

    temperature: float = 0.0
    top_k: int | None = None
    top_p: float | None = None
    min_p: float | None = None
    repetition_penalty: float = 1.0
    seed: int | None = None
    typical_p: float | None = None
    frequency_penalty: float = 0.0
    presence_penalty: float = 0.0
    logit_bias: Mapping[int, float] = field(default_factory=dict)
    penalize_structure: bool = False
    loop_guard: bool = True

    def __post_init__(self) -> None:
        for name in ("temperature", "top_p", "min_p", "repetition_penalty", "typical_p", "frequency_penalty",
                     "presence_penalty"):
            value = getattr(self, name)
            optional = name in ("top_p", "min_p", "typical_p")
            _require(name, value, (optional and value is None) or is_number(value), "a number")
        require_whole("top_k", self.top_k, optional=True)
        require_whole("seed", self.seed, least=-MOST_SEED, most=MOST_SEED, optional=True)
        _require("logit_bias", self.logit_bias, isinstance(self.logit_bias, Mapping), "a mapping from token ids to numbers")
        _require("temperature", self.temperature, 0 <= self.temperature < math.inf, "at least 0 and finite")
        _require("top_p", self.top_p, self.top_p is None or 0 < self.top_p <= 1, "above 0 and at most 1")
        _require("min_p", self.min_p, self.min_p is None or 0 <= self.min_p <= 1, "from 0 to 1")
        _require("typical_p", self.typical_p, self.typical_p is None or 0 < self.typical_p <= 1, "above 0 and at most 1")
        penalty = self.repetition_penalty
        _require("repetition_penalty", penalty, 0 < penalty < math.inf, "above 0 and finite")
        _require("frequency_penalty", self.frequency_penalty, math.isfinite(self.frequency_penalty), "finite")
        _require("presence_penalty", self.presence_penalty, math.isfinite(self.presence_penalty), "finite")
        for token, bias in self.logit_bias.items():
            good = isinstance(token, int) and is_number(bias) and not math.isnan(bias) and bias < math.inf
            _require(f"logit_bias[{token}]", bias, good, "a token id with a number below infinity")

    @classmethod
    def anti_loop(cls, *, seed: int | None = None) -> Sampling:
        """For models that repeat themselves: a mild penalty and a wide, cut draw."""
        return cls(temperature=0.8, top_k=64, top_p=0.92, repetition_penalty=1.15, seed=seed)

    def with_seed(self, seed: int) -> Sampling:
        """The same with another seed."""
        return replace(self, seed=seed)

    @property
    def penalizes(self) -> bool:
        """Whether what was said before changes what is chosen."""
        return self.repetition_penalty != 1.0 or self.frequency_penalty != 0.0 or self.presence_penalty != 0.0


def sampling_of(sampling: Sampling | None, shortcuts: Shortcuts) -> Sampling:
    """How tokens are chosen, said in one way or the other."""
    if sampling is None:
        return Sampling(*shortcuts)
    if shortcuts != (0.0, None, None, None, 1.0, None):
        raise GenerationError("sampling= and its shortcuts (temperature, top_k, seed …) are both given",
                              instead="put all of them into Sampling(…)")
    if not isinstance(sampling, Sampling):
        raise GenerationError(f"sampling={sampling!r:.60} is no Sampling", instead="pass Sampling(temperature=0.7, …)")
    return sampling


def is_number(value: object) -> bool:
    """Whether an option's value is a number; True and False are none."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def require_whole(name: str, value: object, least: int = 1, most: float = math.inf, *, optional: bool = False) -> None:
    """Raises ``GenerationError`` for an option that is no whole number between these."""
    if optional and value is None:
        return
    whole = isinstance(value, int) and not isinstance(value, bool)
    _require(name, value, whole and least <= value <= most,  # type: ignore[operator]  # it is a number by then
             f"a whole number, at least {least}" + (f" and at most {most:g}" if most < math.inf else ""))


def refuse_options(call: str, given: Mapping[str, object], known: Mapping[str, str], instead: str) -> None:
    """Raises for options that a call does not have: ``known`` are those that another call has, with the reason; others are
    misspelled, a ``TypeError`` as from any function."""
    for name in given:
        if name not in known:
            raise TypeError(f"{call}() got an unexpected keyword argument {name!r}")
    for name in given:
        raise GenerationError(f"{call}() takes no {name}=", because=known[name], instead=instead)


def _require(name: str, value: object, good: bool, wanted: str) -> None:
    if not good:
        raise GenerationError(f"{name}={value!r:.60} is not {wanted}")
