"""Searches that need the model's probabilities at every step: constrained beam search, and samples of the model's own
distribution over the grammar.

In: a request. Out: one ``Result``. Unlike the strategies of ``search`` these look inside an output while it is written.

**Beam search** keeps the ``width`` likeliest beginnings; every beam has its own matcher, a fork of its parent's. Beams are
compared by the model's raw log probabilities of the tokens it could choose, divided by their number; forced tokens count for
nothing. With ``groups`` the beams are split, and a group pays for tokens that earlier groups choose at the same step
(diverse beam search, Vijayakumar et al. 2018).

**Restricted sampling.** Masking token by token and renormalising does not sample the model's distribution restricted to the
grammar: it favours beginnings whose continuations the grammar then forbids. With Z_t the probability that the mask leaves at
step t, an output is proposed with p(x) / prod(Z_t); so accepting it with probability prod(Z_t), which is at most 1, gives
samples in exact proportion to p(x). The price is the number of tries: one over the probability that the model alone writes a
text of the grammar, so it suits models that nearly do.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

import torch

from structgen.device.apply import apply_mask
from structgen.errors import GenerationError
from structgen.generation.batch import open_rows
from structgen.generation.healing import following
from structgen.generation.loop import Decoded
from structgen.generation.request import Request
from structgen.generation.result import Result, Step
from structgen.generation.sampler import Sampler
from structgen.generation.sampling import Sampling, require_whole
from structgen.generation.session import drive
from structgen.vocabulary import Vocabulary

__all__ = ["Beams", "Restricted", "beam", "restricted"]


@dataclass(frozen=True)
class Beams:
    """Constrained beam search; ``Result.candidates`` are the finished beams, best first."""

    width: int
    groups: int = 1
    diversity: float = 0.5
    """What a token costs a group for each beam of an earlier group that chose it, in log probability."""

    def __post_init__(self) -> None:
        require_whole("width", self.width)
        require_whole("groups", self.groups)
        if not 1 <= self.groups <= self.width or self.width % self.groups:
            raise GenerationError(f"width={self.width} beams cannot be in groups={self.groups}",
                                  instead="take a width that is a multiple of the groups")

    def search(self, request: Request) -> Result[Any]:
        """The best output found in ``request.max_tokens`` tokens."""
        _refuse_other_options(request, "beam search")
        done = _BeamSearch(self, request).run()
        results = []
        for one in done:
            try:
                results.append(request.result(one.out()))
            except GenerationError:  # a check of the finished value refuses it
                continue
        if not results:
            raise GenerationError(f"no beam came to an end in {request.max_tokens} tokens",
                                  instead="raise max_tokens, or bound what is written")
        return replace(results[0], candidates=tuple(results))


@dataclass(frozen=True)
class Restricted:
    """Samples from the model's own distribution, restricted to the grammar, at temperature 1."""

    tries: int = 1000

    def search(self, request: Request) -> Result[Any]:
        """The first accepted sample; ``GenerationError`` when ``tries`` are not enough."""
        _refuse_other_options(request, "restricted sampling")
        seed = request.settings.sampling.seed
        plain = Sampling(temperature=1.0, seed=seed, loop_guard=False)
        coin = Sampler(Sampling(seed=None if seed is None else seed + 7919 * self.tries))
        kept = []
        for draw in range(self.tries):
            session = request.read()
            decoder = request.decoder(draw, sampling=plain)
            decoder.read_all, decoder.fast_forward = True, False  # every token is drawn, and has its probability
            for _ in drive(session, decoder.run(request.max_tokens)):
                pass
            logs = [math.log(max(step.probability or 0.0, 1e-300)) - math.log(max(step.masked, 1e-300))
                    for step in decoder.out.steps]
            kept.append(math.exp(math.fsum(logs)))
            if coin.random() < kept[-1]:
                return request.result(decoder.out)
            request.count(len(decoder.out.tokens))
        raise GenerationError(f"no sample was accepted in {self.tries} tries",
                              because=f"the model gives texts of the grammar about {sum(kept) / len(kept):.2g} of its "
                                      "probability", instead="tell the type to the model (instructions), raise tries, or "
                                                             "sample under the mask alone")


def _refuse_other_options(request: Request, name: str) -> None:
    """Raises for what these searches would leave out in silence."""
    settings = request.settings
    plain = Sampling(seed=settings.sampling.seed, loop_guard=settings.sampling.loop_guard)
    if settings.sampling not in (plain, replace(plain, temperature=1.0)) or settings.stop or settings.top_logprobs:
        raise GenerationError(f"{name} takes no temperature, cut, penalty, bias, stop text or top_logprobs",
                              because="it compares or draws by the model's own probabilities",
                              instead="leave these options out, or use best_of, vote or verify")


def beam(width: int, *, groups: int = 1, diversity: float = 0.5) -> Beams:
    """Constrained beam search; see ``Beams``."""
    return Beams(width, groups, diversity)


def restricted(tries: int = 1000) -> Restricted:
    """Samples that follow the model's own distribution restricted to the grammar; see ``Restricted``."""
    return Restricted(tries)


@dataclass
class _Beam:
    """A beginning of an output."""

    vocabulary: Vocabulary
    matcher: Any
    tokens: list[int] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    score: float = 0.0
    choices: int = 0
    complete: bool = False

    @property
    def mean(self) -> float:
        return self.score / max(1, self.choices)

    def grown(self, token: int, raw: float, masked: float, allowed: int) -> _Beam:
        """The beam with one token more; this one stays as it is."""
        matcher = self.matcher.fork() if self.matcher is not None else None
        if matcher is not None and not matcher.advance(token):
            raise GenerationError(f"the token {token} was allowed by the mask and then refused")
        matcher = following(matcher)
        ended = matcher.is_finished if matcher is not None else token in self.vocabulary.eos_token_ids
        text = (self.vocabulary.tokens[token] or b"").decode(errors="replace")
        step = Step(token, text, allowed, allowed == 1, math.exp(raw), math.exp(masked))
        chosen = allowed > 1
        return _Beam(self.vocabulary, matcher, [*self.tokens, token], [*self.steps, step],
                     self.score + (raw if chosen else 0.0), self.choices + chosen, ended)

    def out(self) -> Decoded:
        return Decoded(self.tokens, self.steps, self.complete)


@dataclass(frozen=True)
class _Candidate:
    """A token that would follow a beam."""

    parent: int
    token: int
    raw: float
    masked: float
    allowed: int
    mean: float


class _BeamSearch:
    """The beams of one request, step by step."""

    def __init__(self, options: Beams, request: Request) -> None:
        self.options, self.request, self.vocabulary = options, request, request.vocabulary
        self.rows = open_rows(request.model.model)
        self.mask = torch.zeros(1, (self.vocabulary.size + 31) // 32, dtype=torch.int32)
        matcher = request.matcher()
        self.beams = [_Beam(self.vocabulary, matcher)]
        self.group_of = [0]
        self.done: list[_Beam] = []

    def run(self) -> list[_Beam]:
        """The finished beams, best first."""
        logits = [one[-1] for one in self.rows.extend([self.request.prompt], last=True)]
        if self.options.groups > 1:
            self.rows.keep([0] * self.options.groups)
            logits, self.beams = logits * self.options.groups, self.beams * self.options.groups
            self.group_of = list(range(self.options.groups))
        for _ in range(self.request.max_tokens):
            parents = self._step(logits)
            if not self.beams or self._is_settled():
                break
            self.rows.keep(parents)
            logits = [one[-1] for one in self.rows.extend([[beam.tokens[-1]] for beam in self.beams])]
        self.request.count(sum(len(beam.tokens) for beam in (*self.done, *self.beams)))
        self.done += [replace(beam, complete=True) for beam in self.beams if self._only_ends(beam)]
        return sorted(self.done, key=lambda one: one.mean, reverse=True)

    def _only_ends(self, beam: _Beam) -> bool:
        """Whether nothing could follow but an end token, for which no token is left."""
        if beam.matcher is None:
            return False
        return set(beam.matcher.allowed_tokens().tolist()) <= set(self.vocabulary.eos_token_ids)

    def _is_settled(self) -> bool:
        """Whether enough beams have ended, and none that goes on is better now."""
        if len(self.done) < self.options.width:
            return False
        ended = sorted((one.mean for one in self.done), reverse=True)[self.options.width - 1]
        return all(one.mean <= ended for one in self.beams)

    def _step(self, logits: list[torch.Tensor]) -> list[int]:
        """Lets every group choose its next tokens; the places of the parents of the beams that go on."""
        size = self.options.width // self.options.groups
        taken: Counter[int] = Counter()
        grown: list[_Beam] = []
        parents: list[int] = []
        groups: list[int] = []
        for group in range(self.options.groups):
            own = [place for place, one in enumerate(self.group_of) if one == group]
            found = [one for place in own for one in self._candidates(place, logits[place], 2 * size)]
            found.sort(key=lambda one: one.mean - self.options.diversity * taken[one.token], reverse=True)
            for one in found[:size]:
                taken[one.token] += 1
                beam = self.beams[one.parent].grown(one.token, one.raw, one.masked, one.allowed)
                if beam.complete:
                    self.done.append(beam)
                else:
                    grown.append(beam)
                    parents.append(one.parent)
                    groups.append(group)
        self.beams, self.group_of = grown, groups
        return parents

    def _candidates(self, place: int, logits: torch.Tensor, count: int) -> list[_Candidate]:
        """The likeliest tokens after a beam."""
        beam = self.beams[place]
        row = logits[:self.vocabulary.size].clone()
        raw = torch.log_softmax(row, 0)
        allowed = self.vocabulary.size
        if beam.matcher is not None:
            beam.matcher.fill_mask(self.mask)
            apply_mask(row.unsqueeze(0), self.mask)
            allowed = int(torch.isfinite(row).sum())
        masked = torch.log_softmax(row, 0)
        best = torch.topk(masked, min(count, allowed))
        made = []
        for token, chance in zip(best.indices.tolist(), best.values.tolist(), strict=True):
            own = float(raw[token])
            mean = (beam.score + own) / (beam.choices + 1) if allowed > 1 else beam.mean
            made.append(_Candidate(place, token, own, chance, allowed, mean))
        return made
