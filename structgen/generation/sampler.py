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

import torch

from structgen.errors import GenerationError
from structgen.generation.sampling import Sampling

__all__ = ["Sampler"]


_HEAD = 1024
"""Tokens looked at before a whole vocabulary is sorted for top-p: nearly always they hold the mass that is kept."""


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
