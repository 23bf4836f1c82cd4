"""Chooses one token from one row of logits.

In: logits after the mask (forbidden ones are -inf) and the tokens that count as said before. Out: a token id. The order is
fixed: logit bias, repetition penalty, frequency and presence penalties, then temperature, top-k, typical-p, top-p, min-p,
and a draw; temperature 0 takes the largest after the penalties, without a softmax.

Caveats: a seed gives the same draws on the same machine and version of torch, not everywhere. The repetition penalty counts
the prompt too, as transformers does. Which tokens of the output count, and where penalties apply at all, the decode loop
says: structure (brackets, names of fields, closing quotes) repeats by nature and is exempt unless asked.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import torch

from structgen.errors import GenerationError

__all__ = ["Sampler", "Sampling"]


_HEAD = 1024
"""Tokens looked at before a whole vocabulary is sorted for top-p: nearly always they hold the mass that is kept."""


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
        _require("temperature", self.temperature, 0 <= self.temperature < math.inf, "at least 0 and finite")
        _require("top_k", self.top_k, self.top_k is None or self.top_k >= 1, "at least 1")
        _require("top_p", self.top_p, self.top_p is None or 0 < self.top_p <= 1, "above 0 and at most 1")
        _require("min_p", self.min_p, self.min_p is None or 0 <= self.min_p <= 1, "from 0 to 1")
        _require("typical_p", self.typical_p, self.typical_p is None or 0 < self.typical_p <= 1, "above 0 and at most 1")
        penalty = self.repetition_penalty
        _require("repetition_penalty", penalty, 0 < penalty < math.inf, "above 0 and finite")
        _require("frequency_penalty", self.frequency_penalty, math.isfinite(self.frequency_penalty), "finite")
        _require("presence_penalty", self.presence_penalty, math.isfinite(self.presence_penalty), "finite")
        for token, bias in self.logit_bias.items():
            _require(f"logit_bias[{token}]", bias, isinstance(token, int) and not math.isnan(bias) and bias < math.inf,
                     "a token id with a number below infinity")

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


class Sampler:
    """The choices of one output; ``draw`` numbers the samples of one request, so that each has its own seed."""

    def __init__(self, sampling: Sampling, draw: int = 0) -> None:
        self.sampling = sampling
        self._random = torch.Generator()
        if sampling.seed is None:
            self._random.seed()
        else:
            self._random.manual_seed(sampling.seed + draw)

    def choose(self, logits: torch.Tensor, seen: Iterable[int], written: Sequence[int] = ()) -> int:
        """The next token; ``logits``: float32 [V], changed in place. ``seen``: the tokens that count as repetitions;
        ``written``: those of the output, each as often as it occurs."""
        options = self.sampling
        _bias(logits, options.logit_bias)
        if options.repetition_penalty != 1.0:
            _penalize(logits, seen, options.repetition_penalty)
        if written and (options.frequency_penalty or options.presence_penalty):
            for said, count in Counter(written).items():
                logits[said] -= options.frequency_penalty * count + options.presence_penalty
        best, token = torch.max(logits, 0)
        if not math.isfinite(float(best)):
            raise GenerationError("the model gave no finite logit for any allowed token",
                                  because="its numbers overflowed, often from float16 weights on a CPU, or logit_bias "
                                          "excludes all of them" if options.logit_bias else
                                          "its numbers overflowed, often from float16 weights on a CPU",
                                  instead="load it with dtype=torch.float32 or torch.bfloat16")
        if options.temperature == 0:
            return int(token)
        return self._drawn(torch.exp((logits - best) / options.temperature))

    def random(self) -> float:
        """A number from 0 to 1, of the same source as the draws."""
        return float(torch.rand(1, dtype=torch.float64, generator=self._random))

    def _drawn(self, weights: torch.Tensor) -> int:
        """A token by its weight, the largest of which is 1, after the cuts."""
        options = self.sampling
        if options.top_k is None and options.top_p is None and options.typical_p is None:
            if options.min_p is not None:
                weights[weights < options.min_p] = 0
            return self._draw(weights)
        total = weights.sum()
        weights, ids = self._largest(weights, total)
        if options.typical_p is not None:
            _keep_typical(weights, options.typical_p)
            total = weights.sum()
        if options.top_p is not None:
            total = weights.sum() if options.top_k is not None else total
            weights[weights.cumsum(0) - weights >= options.top_p * total] = 0
        if options.min_p is not None:
            weights[weights < options.min_p * weights.max()] = 0
        return int(ids[self._draw(weights)])

    def _largest(self, weights: torch.Tensor, total: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The weights that top-k, or top-p of this total, can keep, in falling order; and their ids."""
        if self.sampling.top_k is not None:
            return torch.topk(weights, min(self.sampling.top_k, len(weights)))
        few = torch.topk(weights, min(_HEAD, len(weights)))
        if self.sampling.typical_p is None and few.values.sum() >= (self.sampling.top_p or 1.0) * total:
            return few.values, few.indices
        return torch.sort(weights, descending=True)

    def _draw(self, weights: torch.Tensor) -> int:
        """An index with a probability proportional to its weight; one of them is above 0."""
        sums = weights.double().cumsum(0)
        point = torch.rand(1, dtype=torch.float64, generator=self._random) * sums[-1]
        found = int(torch.searchsorted(sums, point, right=True))
        return found if found < len(weights) and weights[found] > 0 else int(torch.argmax(weights))


def _penalize(logits: torch.Tensor, seen: Iterable[int], penalty: float) -> None:
    """Divides positive and multiplies negative logits of tokens that occurred (Keskar et al. 2019, CTRL)."""
    ids = torch.tensor(sorted(set(seen)), dtype=torch.int64)
    if len(ids):
        values = logits[ids]
        logits[ids] = torch.where(values > 0, values / penalty, values * penalty)


def _bias(logits: torch.Tensor, bias: Mapping[int, float]) -> None:
    for token, value in bias.items():
        if not 0 <= token < len(logits):
            raise GenerationError(f"logit_bias names the token {token}", because=f"the model has {len(logits)} tokens")
        logits[token] += value


def _keep_typical(weights: torch.Tensor, share: float) -> None:
    """Zeroes all but the tokens whose surprise is nearest to the entropy and that together hold ``share``."""
    chances = weights / weights.sum()
    surprise = -torch.log(chances)
    expected = torch.where(chances > 0, chances * surprise, 0.0).sum()
    order = torch.argsort((surprise - expected).abs(), stable=True)
    before = chances[order].cumsum(0) - chances[order]
    weights[order[before >= share]] = 0


def _require(name: str, value: object, good: bool, wanted: str) -> None:
    if not good:
        raise GenerationError(f"{name}={value} is not {wanted}")
