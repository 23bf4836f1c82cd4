"""Test-time compute: several samples of one request, and one answer made of them.

In: a function that draws the i-th sample (a ``Result``, or a ``GenerationError`` when the sample is no value). Out: one
``Result`` with all samples in ``candidates``, best first. The one idea: a strategy knows neither model nor mask, only how
many samples to ask for, at which temperatures, when to stop and how to choose; so all of them work for local and remote
models alike, and each is a small frozen record that can be made in one place and passed in another.

Caveats: a sample that is no value counts for nothing but its cost, and stands in ``Result.failures``. When no sample is a
value the last error is raised with the number of tries.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol

from structgen.errors import GenerationError
from structgen.generation.result import Result
from structgen.generation.sampling import require_whole

__all__ = ["BestOf", "Judge", "Sample", "Select", "Strategy", "Until", "Verify", "Vote", "best_of", "canonical",
           "first_valid", "score_of", "select", "until", "verify", "vote"]

Sample = Callable[[int, float], Result[Any]]
"""Draws the sample with this number, at this temperature."""
Score = Literal["chosen", "all", "sum"]


class Strategy(Protocol):
    """How one answer is made of several samples."""

    @property
    def n(self) -> int:
        """Samples at most."""

    def run(self, sample: Sample, temperature: float) -> Result[Any]:
        """The answer; ``temperature``: what the request asked for, 0 for the strategy's own choice."""


def temperatures(n: int, asked: float) -> list[float]:
    """One for each sample: the one asked for, or a greedy sample and then from 0.5 to 1.0 for variety."""
    require_whole("n", n)
    if asked > 0:
        return [asked] * n
    return [0.0, *(0.5 + 0.5 * index / max(1, n - 2) for index in range(n - 1))]


def score_of(result: Result[Any], score: Score = "chosen") -> float:
    """How likely the model itself finds an output: from raw probabilities, before the mask.

    ``"chosen"``: the mean log probability of the tokens that were not forced; forced tokens say nothing about the answer,
    and a value with many of them would gain or lose by its syntax. ``"all"``: the mean over all tokens. ``"sum"``: of all.
    """
    logs = [math.log(max(step.probability, 1e-300)) for step in result.trace
            if step.probability is not None and not (step.forced and score == "chosen")]
    if not logs:
        return 0.0
    return math.fsum(logs) if score == "sum" else math.fsum(logs) / len(logs)


@dataclass(frozen=True)
class BestOf:
    """The sample that the model finds most likely (``score_of``)."""

    n: int
    score: Score = "chosen"

    def run(self, sample: Sample, temperature: float) -> Result[Any]:
        drawn = _draw(sample, temperatures(self.n, temperature))
        return drawn.answer(sorted(drawn.good, key=lambda one: score_of(one, self.score), reverse=True))


@dataclass(frozen=True)
class Select:
    """The sample with the shortest text, or with the highest ``by(result)``."""

    n: int
    by: Literal["shortest"] | Callable[[Result[Any]], float] = "shortest"

    def run(self, sample: Sample, temperature: float) -> Result[Any]:
        by = self.by
        worth: Callable[[Result[Any]], float] = by if callable(by) else lambda one: -len(one.text)
        drawn = _draw(sample, temperatures(self.n, temperature))
        found = [worth(one) for one in drawn.good]
        for one in found:
            if not isinstance(one, (bool, int, float)) or math.isnan(one):
                raise GenerationError(f"by of select gave {one!r:.60}", because="it is not a number")
        return drawn.answer([drawn.good[at] for at in sorted(range(len(found)), key=lambda at: found[at], reverse=True)])


@dataclass(frozen=True)
class Vote:
    """The value that most samples agree on (self-consistency, Wang et al. 2023); of equals the most likely one.

    ``by``: ``"value"``: whole values, compared in a canonical form (``canonical``); ``"fields"``: every field of an object
    apart, put together again; or a function of the value whose results are compared, such as the rows that a query returns
    (None: the sample does not vote). ``early``: stop when the rest cannot change it.
    """

    n: int
    by: Literal["value", "fields"] | Callable[[Any], Any] = "value"
    early: bool = True

    def run(self, sample: Sample, temperature: float) -> Result[Any]:
        def decided(drawn: _Drawn) -> bool:
            ballots = [self._ballot(one) for one in drawn.good]
            return self.early and _is_decided([one for one in ballots if one is not None], self.n - drawn.count)

        drawn = _draw(sample, temperatures(self.n, temperature), decided)
        ballots = [(one, self._ballot(one)) for one in drawn.good]
        cast = [(one, ballot) for one, ballot in ballots if ballot is not None]
        if not cast:
            raise drawn.failed("no sample has a vote")
        if self.by == "fields":
            return self._by_fields(drawn, [one for one, _ in cast])
        counts = Counter(ballot for _, ballot in cast)
        worth = {id(one): (counts[ballot], score_of(one)) for one, ballot in cast}
        ranked = sorted(drawn.good, key=lambda one: worth.get(id(one), (0, 0.0)), reverse=True)
        return replace(drawn.answer(ranked), agreement=counts.most_common(1)[0][1] / len(cast))

    def _ballot(self, result: Result[Any]) -> Any:
        if not callable(self.by):
            return canonical(result.value)
        key = self.by(result.value)
        try:
            return None if key is None else canonical(key)
        except ValueError as error:  # nothing that JSON has
            raise GenerationError(f"by of vote gave {key!r:.60}", because="ballots are compared as JSON, and this has none",
                                  instead="give a text, a number, a list or a dict") from error

    def _by_fields(self, drawn: _Drawn, cast: list[Result[Any]]) -> Result[Any]:
        """The sample that agrees with the majority in most fields; its other fields taken from the majority where the
        type still allows the whole."""
        forms = [json.loads(canonical(one.value)) for one in cast]
        wanted = _majority(forms)
        agreed = [_alike(form, wanted) for form in forms]
        ranked = sorted(range(len(cast)), key=lambda at: (agreed[at], score_of(cast[at])), reverse=True)
        best = drawn.answer([cast[at] for at in ranked])
        share = sum(agreed) / len(agreed)
        if agreed[ranked[0]] == 1.0 or best.reread is None:
            return replace(best, agreement=share)
        text = json.dumps(wanted, ensure_ascii=False)
        try:
            return replace(best, value=best.reread(text), text=text, agreement=share)
        except Exception:  # a validator of the caller's may raise anything; the best sample is a value in any case
            return replace(best, agreement=share)


@dataclass(frozen=True)
class Verify:
    """The sample that a check likes best: ``check(value)`` gives a bool or a number, as a test or a reward model does."""

    n: int
    check: Callable[[Any], bool | float]
    enough: float = 1.0
    """A sample worth this ends the search."""

    def run(self, sample: Sample, temperature: float) -> Result[Any]:
        worth: dict[int, float] = {}

        def is_good(drawn: _Drawn) -> bool:
            said = self.check(drawn.good[-1].value)
            if not isinstance(said, (bool, int, float)) or math.isnan(said):
                raise GenerationError(f"the check of verify gave {said!r:.60}", because="it is neither a bool nor a number")
            worth[id(drawn.good[-1])] = float(said)
            return worth[id(drawn.good[-1])] >= self.enough

        drawn = _draw(sample, temperatures(self.n, temperature), is_good, only_good=True)
        ranked = sorted(drawn.good, key=lambda one: (worth[id(one)], score_of(one)), reverse=True)
        return drawn.answer(ranked)


@dataclass(frozen=True)
class Judge:
    """A check for ``Verify``: the probability with which ``model`` answers yes to the criteria about a value."""

    model: Any
    criteria: str
    options: dict[str, Any] = field(default_factory=dict)

    def __call__(self, value: Any) -> float:
        prompt = f"{self.criteria}\n\nAnswer: {canonical(value)}\n\nIs the answer right?"
        found = self.model.generate(prompt, bool, **self.options)
        return float(found.confidence[True]) if found.confidence else float(found.value)


@dataclass(frozen=True)
class Until:
    """The first sample that passes ``check`` (None: that is a value at all); ``GenerationError`` after ``n`` tries."""

    n: int
    check: Callable[[Any], bool] | None = None

    def run(self, sample: Sample, temperature: float) -> Result[Any]:
        def passes(drawn: _Drawn) -> bool:
            return self.check is None or bool(self.check(drawn.good[-1].value))

        drawn = _draw(sample, temperatures(self.n, temperature), passes, only_good=True)
        if not drawn.stopped:
            raise drawn.failed("no sample passed the check")
        return drawn.answer([drawn.good[-1], *drawn.good[:-1]])


def best_of(n: int, *, score: Score = "chosen") -> BestOf:
    """Of ``n`` samples the one that the model finds most likely, by raw log probabilities (``score_of``)."""
    _require_word("score", score, ("chosen", "all", "sum"))
    return BestOf(n, score)


def vote(n: int, *, by: Literal["value", "fields"] | Callable[[Any], Any] = "value", early: bool = True) -> Vote:
    """Of up to ``n`` samples the value that most agree on; ``by``: see ``Vote``."""
    if not callable(by):
        _require_word("by", by, ("value", "fields"))
    return Vote(n, by, early)


def verify(check: Callable[[Any], bool | float], *, n: int = 8, enough: float = 1.0) -> Verify:
    """Of up to ``n`` samples the one that ``check`` likes best: a function, a reward model, a ``Judge``."""
    _require_function("check", check)
    return Verify(n, check, enough)


def until(check: Callable[[Any], bool], *, max: int = 8) -> Until:
    """The first of up to ``max`` samples that passes the check."""
    _require_function("check", check)
    return Until(max, check)


def first_valid(n: int) -> Until:
    """The first of up to ``n`` samples that is a value of the type: for models without masks."""
    return Until(n)


def select(n: int, by: Literal["shortest"] | Callable[[Result[Any]], float] = "shortest") -> Select:
    """Of ``n`` samples the shortest, or the one for which ``by(result)`` is highest."""
    if not callable(by):
        _require_word("by", by, ("shortest",))
    return Select(n, by)


def _require_word(name: str, value: object, known: Sequence[str]) -> None:
    if value not in known:
        raise GenerationError(f"{name}={value!r:.60} is unknown", instead=f"write one of {', '.join(map(repr, known))}")


def _require_function(name: str, value: object) -> None:
    if not callable(value):
        raise GenerationError(f"{name}={value!r:.60} is no function", instead="pass a function of the value")


def canonical(value: Any) -> str:
    """A text that equal values share: JSON with sorted names, 1.0 as 1, white space inside strings as one space."""
    from pydantic_core import to_jsonable_python

    return json.dumps(_plain(to_jsonable_python(value)), ensure_ascii=False, sort_keys=True)


def _plain(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str):
        return " ".join(value.split())
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list) else value


# Drawing


@dataclass
class _Drawn:
    """What has been drawn: the samples that are values, and the errors of the others."""

    good: list[Result[Any]] = field(default_factory=list)
    failures: list[GenerationError] = field(default_factory=list)
    stopped: bool = False

    @property
    def count(self) -> int:
        return len(self.good) + len(self.failures)

    def answer(self, ranked: Sequence[Result[Any]]) -> Result[Any]:
        if not ranked:
            raise self.failed("no sample is a value")
        return replace(ranked[0], candidates=tuple(ranked), failures=tuple(self.failures))

    def failed(self, what: str) -> GenerationError:
        """An error that says what became of the samples."""
        last = self.failures[-1] if self.failures else None
        return GenerationError(f"{what} in {self.count} tries", position=last.position if last else None,
                               because=f"{len(self.failures)} were no value of the type, the last: {last.what}" if last
                               else f"{len(self.good)} were values of the type",
                               instead="raise n, or the temperature, or tell the model more in the prompt")


def _draw(sample: Sample, at: Sequence[float], stop: Callable[[_Drawn], bool] | None = None, *,
          only_good: bool = False) -> _Drawn:
    """Samples until ``stop`` says so (asked after each, or after each that is a value)."""
    drawn = _Drawn()
    for index, temperature in enumerate(at):
        try:
            drawn.good.append(sample(index, temperature))
        except GenerationError as error:
            drawn.failures.append(error)
            if only_good:
                continue
        if stop is not None and stop(drawn):
            drawn.stopped = True
            break
    return drawn


def _is_decided(ballots: Sequence[Any], left: int) -> bool:
    """Whether the leader stays the leader, whatever the samples that are left say."""
    ranked = Counter(ballots).most_common(2)
    second = ranked[1][1] if len(ranked) > 1 else 0
    return bool(ranked) and ranked[0][1] > second + left


def _majority(forms: Sequence[Any]) -> Any:
    """Of objects with the same names each member's majority; of anything else the most frequent one."""
    first = forms[0]
    if isinstance(first, dict) and all(isinstance(one, dict) and one.keys() == first.keys() for one in forms):
        return {name: _majority([one[name] for one in forms]) for name in first}
    texts = [json.dumps(one, sort_keys=True, ensure_ascii=False) for one in forms]
    return json.loads(Counter(texts).most_common(1)[0][0])


def _alike(form: Any, wanted: Any) -> float:
    """The share of the wanted leaves that a form has."""
    if isinstance(form, dict) and isinstance(wanted, dict) and wanted:
        return math.fsum(_alike(form[name], one) if name in form else 0.0 for name, one in wanted.items()) / len(wanted)
    return float(bool(form == wanted))
