"""Chooses one token from one row of logits.

In: logits after the mask (forbidden ones are -inf) and the tokens so far. Out: a token id. The order is fixed:
repetition penalty, temperature, top-k, top-p, min-p, then a draw; temperature 0 takes the largest after the penalty.

Caveats: a seed gives the same draws on the same machine and version of torch, not everywhere. The penalty counts the
prompt too, as transformers does, and works against structure: brackets and field names repeat.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import torch

from structgen.errors import GenerationError

__all__ = ["Sampler", "Sampling"]


_HEAD = 1024
"""Tokens looked at before a whole vocabulary is sorted for top-p: nearly always they hold the mass that is kept."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """How tokens are chosen. The defaults take the most likely token every time."""

    temperature: float = 0.0
    top_k: int | None = None
    top_p: float | None = None
    min_p: float | None = None
    repetition_penalty: float = 1.0
    seed: int | None = None

    def __post_init__(self) -> None:
        _require("temperature", self.temperature, 0 <= self.temperature < math.inf, "at least 0 and finite")
        _require("top_k", self.top_k, self.top_k is None or self.top_k >= 1, "at least 1")
        _require("top_p", self.top_p, self.top_p is None or 0 < self.top_p <= 1, "above 0 and at most 1")
        _require("min_p", self.min_p, self.min_p is None or 0 <= self.min_p <= 1, "from 0 to 1")
        penalty = self.repetition_penalty
        _require("repetition_penalty", penalty, 0 < penalty < math.inf, "above 0 and finite")


class Sampler:
    """The choices of one output; ``draw`` numbers the samples of one request, so that each has its own seed."""

    def __init__(self, sampling: Sampling, draw: int = 0) -> None:
        self._sampling = sampling
        self._random = torch.Generator()
        if sampling.seed is None:
            self._random.seed()
        else:
            self._random.manual_seed(sampling.seed + draw)

    def choose(self, logits: torch.Tensor, seen: Iterable[int]) -> int:
        """The next token; ``logits``: float32 [V], changed in place. ``seen``: the tokens that count as repetitions."""
        options = self._sampling
        if options.repetition_penalty != 1.0:
            _penalize(logits, seen, options.repetition_penalty)
        best, token = torch.max(logits, 0)
        if not math.isfinite(float(best)):
            raise GenerationError("the model gave no finite logit for any allowed token",
                                  because="its numbers overflowed, often from float16 weights on a CPU",
                                  instead="load it with dtype=torch.float32 or torch.bfloat16")
        if options.temperature == 0:
            return int(token)
        weights = torch.exp((logits - best) / options.temperature)
        if options.top_k is None and options.top_p is None:
            if options.min_p is not None:
                weights[weights < options.min_p] = 0  # the largest weight is 1
            return self._draw(weights)
        total = weights.sum()
        weights, ids = self._largest(weights, total)
        if options.top_p is not None:
            total = weights.sum() if options.top_k is not None else total
            weights[weights.cumsum(0) - weights >= options.top_p * total] = 0
        if options.min_p is not None:
            weights[weights < options.min_p] = 0
        return int(ids[self._draw(weights)])

    def _largest(self, weights: torch.Tensor, total: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The weights that top-k, or top-p of this total, can keep, in falling order; and their ids."""
        if self._sampling.top_k is not None:
            return torch.topk(weights, min(self._sampling.top_k, len(weights)))
        few = torch.topk(weights, min(_HEAD, len(weights)))
        if few.values.sum() >= (self._sampling.top_p or 1.0) * total:
            return few.values, few.indices
        return torch.sort(weights, descending=True)

    def _draw(self, weights: torch.Tensor) -> int:
        """An index with a probability proportional to its weight; the first weight of a ranked list is never 0."""
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


def _require(name: str, value: object, good: bool, wanted: str) -> None:
    if not good:
        raise GenerationError(f"{name}={value} is not {wanted}")
