"""What masks, repair, retries and several samples are worth: one model, the same tasks, every way of asking.

In: a model folder (the embedded one), tasks held out from its training: extraction, classification, SQL over schemas it has
never seen, tool calls. Out: for each kind of task a table with the share of valid and of exact answers (95 % Wilson
interval), tokens and seconds per task, for each way; and accuracy against the number of samples. The ways are those a caller
has: free text without and with instructions, free text read tolerantly, masks, masks with strings from the text, and on top
of masks best-of, vote (of queries by what they find), verify (by what needs no answer key) and retries.

The one idea: what several ways ask for in common is drawn once. Sample i at a temperature is the same for every strategy, so
all of them choose among the same samples, and each is charged for those that it asked for; of retries the attempts up to the
last n are made once.

Caveats: a small model on narrow tasks; what helps it need not help a large one. Fields of one task are one answer here: an
answer is exact or not. Seconds are of samples one after the other, with other work of the machine in them.

    python benchmarks/sampling_strategies.py --count 20 --samples 2 4 8
    python benchmarks/sampling_strategies.py --count 60 --samples 2 4 8 16 32 --json all.json --plot all.svg

With ``--json`` every task is written as soon as it is done, and tasks that the file holds are not run again; the file is of
one model, and refuses another. ``--plot`` makes a file for each kind of task, ``all-sql.svg`` and so on.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

sys.path.insert(0, str(Path(__file__).resolve().parent / "embedded"))

import data
import sql_tasks
import tool_tasks
from evaluate import held_out, restricted, same, wilson
from plot import plot

import structgen as sg
from structgen.generation.options import asked
from structgen.generation.request import Request

KINDS = ("extraction", "classification", "sql", "tools")
MOST_TOKENS = {"sql": 128, "tools": 192}
"""An output that wanders is cut there; a right one has half as many."""

Row = list[float]
"""valid, exact, tokens, seconds of one way on one task"""


class Task:
    """One held-out task: how it is asked and what is right."""

    def __init__(self, example: data.Example) -> None:
        self.example, self.kind = example, kind_of(example)
        self.told = data.instructions(example) or None
        self.max_tokens = MOST_TOKENS.get(self.kind, 256)
        self.source = self._source(False)

    def _source(self, from_text: bool) -> Any:
        example = self.example
        if self.kind == "sql":
            return sql_tasks.source_of(example)
        if self.kind == "tools":
            return tool_tasks.tools_of(example)
        schema = restricted(example.schema, example.text) if from_text else closed(example.schema)
        return sg.JsonSchema(schema, exponents=False, escapes="necessary")

    @property
    def from_text(self) -> Any:
        """The source whose strings stand in the text."""
        return self._source(True)

    def exact(self, result: Any) -> bool:
        if self.kind == "sql":
            return sql_tasks.same_result(self.example, str(result.value))
        if self.kind == "tools":
            wanted = self.example.answer if isinstance(self.example.answer, list) else [self.example.answer]
            return plain_calls(result.value) == wanted
        return same(result.value, self.example.answer)

    def plausible(self, value: Any) -> float:
        """A check that needs no answer key, from 0 to 1: a query finds something; the share of the strings of an answer that
        stand in the text, each at its own place."""
        if self.kind == "sql":
            found = sql_tasks.results(self.example.database, str(value))
            return 0.0 if found is None else 0.5 if not any(cell for row in found for cell in row) else 1.0
        if self.kind == "tools":
            strings = [one for call in plain_calls(value) for one in call["arguments"].values() if isinstance(one, str)]
        else:
            strings = list(self._copied(value))
        kept = [one for one in strings if one in self.example.text]
        return (len(set(kept)) + 1) / (len(strings) + 1)

    def _copied(self, value: Any) -> Iterator[str]:
        """The strings of an answer that are copied: no labels and no dates."""
        for name, one in value.items() if isinstance(value, Mapping) else ():
            if isinstance(one, str) and not {"enum", "format", "anyOf"} & self.example.schema["properties"][name].keys():
                yield one


def kind_of(example: data.Example) -> str:
    if example.task in KINDS:
        return example.task
    return "classification" if example.task in ("sentiment", "topic", "intent") else "extraction"


def plain_calls(value: Any) -> list[dict[str, Any]]:
    """Calls as plain data, however they were read."""
    calls = value if isinstance(value, list) else [value]
    return [{"name": one["name"], "arguments": one["arguments"]} if isinstance(one, Mapping) else
            {"name": one.name, "arguments": one.arguments} for one in calls]  # fmt: skip


def closed(schema: Any) -> Any:
    """The schema with all fields required and no others, as the tasks mean it."""
    if not isinstance(schema, dict) or "properties" not in schema:
        return schema
    return {**schema, "required": list(schema["properties"]), "additionalProperties": False}


def single(task: Task) -> dict[str, Callable[[Any], Any]]:
    """Ways that ask once, by their names in the table."""
    example, told, most = task.example, task.told, {"max_tokens": task.max_tokens}
    bare = example.text if task.kind == "sql" else example.prompt  # a prompt for SQL is its instructions
    made = {
        "free, no instructions": lambda m: m.generate(bare, task.source, instructions=None, mask=False, **most),
        "free, instructions": lambda m: m.generate(example.prompt, task.source, instructions=told, mask=False, **most),
        "free, instructions, repair": lambda m: m.generate(example.prompt, task.source, instructions=told, mask=False,
                                                           repair=True, **most),
        "masks, no instructions": lambda m: m.generate(bare, task.source, instructions=None, **most),
    }  # fmt: skip
    if task.kind in ("extraction", "classification"):
        made["masks, strings from the text"] = lambda m: m.generate(example.prompt, task.from_text, instructions=told)
    return made


def strategies(task: Task, n: int) -> dict[str, Any]:
    """Strategies of n samples."""
    votes: dict[str, Any] = {"vote": sg.vote(n)}
    if task.kind == "sql":
        votes = {"vote": sg.vote(n, by=lambda query: found_by(task, query))}
    elif task.kind == "extraction":
        votes["vote by fields"] = sg.vote(n, by="fields")
    return {"best_of": sg.best_of(n), **votes, "verify": sg.verify(task.plausible, n=n)}


def found_by(task: Task, query: Any) -> list[str] | None:
    """What a query finds, as a ballot; None where it does not run."""
    found = sql_tasks.results(task.example.database, str(query))
    return None if found is None else sorted(map(repr, found))


@dataclass
class Drawn:
    """A sample and what it has cost."""

    result: Any
    tokens: int
    seconds: float


class Pool:
    """The samples of one task under its mask, each drawn once."""

    def __init__(self, model: Any, task: Task) -> None:
        began = time.perf_counter()
        whole = asked(task.example.prompt, task.source, sg.Sampling(seed=1), max_tokens=task.max_tokens,
                      instructions=task.told, mask=True, repair=False, from_text=None, require_all=False,
                      on_unsupported=None, stop=(), top_logprobs=0, prefix="", raw=False, heal=True)  # fmt: skip
        self._request = Request(model, whole.target, whole.messages, whole.settings)
        self._request.read()
        self._began = time.perf_counter() - began
        self._drawn: dict[tuple[int, float], Drawn] = {}

    def draw(self, number: int, temperature: float) -> Drawn:
        key = number, temperature
        if key not in self._drawn:
            began, before = time.perf_counter(), self._request.usage().output_tokens
            try:
                result: Any = self._request.sample(number, temperature)
            except sg.GenerationError as error:
                result = error
            tokens = self._request.usage().output_tokens - before
            self._drawn[key] = Drawn(result, tokens, time.perf_counter() - began)
        return self._drawn[key]

    def row(self, task: Task, strategy: Any) -> Row:
        """What a strategy makes of them; None: the first one, greedy."""
        used: list[Drawn] = []

        def sample(number: int, temperature: float) -> Any:
            used.append(self.draw(number, temperature))
            if isinstance(used[-1].result, sg.GenerationError):
                raise used[-1].result
            return used[-1].result

        began = time.perf_counter()
        held = sum(one.seconds for one in self._drawn.values())
        try:
            result = sample(0, 0.0) if strategy is None else strategy.run(sample, 0.0)
            found = [1.0, float(task.exact(result))]
        except sg.GenerationError:
            found = [0.0, 0.0]
        own = time.perf_counter() - began - (sum(one.seconds for one in self._drawn.values()) - held)
        return [*found, sum(one.tokens for one in used), self._began + own + sum(one.seconds for one in used)]


def asked_once(model: Any, task: Task, ask: Callable[[Any], Any]) -> Row:
    began = time.perf_counter()
    try:
        result = ask(model)
    except sg.StructgenError as error:
        used = getattr(error, "usage", None)
        return [0.0, 0.0, used.output_tokens if used is not None else 0, time.perf_counter() - began]
    tokens = (result.total or result.usage).output_tokens
    return [1.0, float(task.exact(result)), tokens, time.perf_counter() - began]


def retries(model: Any, task: Task, counts: Sequence[int]) -> dict[str, Row]:
    """Retries of every number of attempts, from one run of the most: the first ones are the same whatever is allowed."""
    checked: list[tuple[Any, float]] = []
    began = time.perf_counter()

    def check(value: Any) -> bool:
        checked.append((value, time.perf_counter() - began))
        return task.plausible(value) == 1.0

    try:
        last: Any = model.generate(task.example.prompt, task.source, instructions=task.told, retry=max(counts), check=check,
                                   max_tokens=task.max_tokens)  # fmt: skip
        needed, spent = last.attempts, last.total.output_tokens
    except sg.GenerationError as error:
        last, needed = None, max(counts) + 1
        spent = error.usage.output_tokens if error.usage is not None else 0
    ended = time.perf_counter() - began
    made = {}
    for n in counts:
        share = min(1.0, n / max(1, min(needed, max(counts))))  # of attempts of about the same length
        right = last is not None and needed <= n
        made[f"masks, retry {n}"] = [float(right), float(right and task.exact(last)), spent * share, ended * share]
    return made


def rows_of(model: Any, example: data.Example, samples: Sequence[int], retried: bool) -> dict[str, Row]:
    """Every way on one task."""
    task = Task(example)
    made = {name: asked_once(model, task, ask) for name, ask in single(task).items()}
    try:
        pool = Pool(model, task)
    except sg.StructgenError as error:
        print(f"# left out, {error.args[0].splitlines()[0]}: {example.text[:60]}", file=sys.stderr)
        return {}
    made["masks"] = pool.row(task, None)
    for n in samples:
        made |= {f"masks, {name} {n}": pool.row(task, one) for name, one in strategies(task, n).items() if n > 1}
    if retried:
        made |= retries(model, task, [n for n in samples if n > 1])
    return made


def chosen(count: int, seed: int, kind: str) -> list[data.Example]:
    """Tasks held out from training."""
    if kind in ("sql", "tools"):
        return held_out(count, seed, kind)
    return [one for one in held_out(20 * count, seed) if kind_of(one) == kind][:count]


def table(rows: Sequence[Mapping[str, Row]]) -> Iterator[str]:
    """A line for each way, over the tasks."""
    yield "| way | valid | exact answers | tokens | seconds |\n|---|---|---|---|---|"
    for name in dict.fromkeys(name for row in rows for name in row):
        some = [row[name] for row in rows if name in row]
        valid, exact, tokens, seconds = (sum(one[part] for one in some) for part in range(4))
        low, high = wilson(int(exact), len(some))
        yield (f"| {name} | {valid / len(some):.1%} | {exact / len(some):.1%} [{low:.1%}, {high:.1%}] | "
               f"{tokens / len(some):.0f} | {seconds / len(some):.2f} |")  # fmt: skip


def series(rows: Sequence[Mapping[str, Row]]) -> dict[str, list[tuple[int, float, float, float]]]:
    """For each strategy its share of exact answers by the number of samples; one sample is the plain mask's."""
    made: dict[str, list[tuple[int, float, float, float]]] = {}
    for name in dict.fromkeys(name for row in rows for name in row):
        way, _, n = name.rpartition(" ")
        if n.isdigit() or name == "masks":
            some = [row[name][1] for row in rows if name in row]
            point = (sum(some) / len(some), *wilson(int(sum(some)), len(some)))
            made.setdefault(way if n.isdigit() else "masks", []).append((int(n) if n.isdigit() else 1, *point))
    plain = made.pop("masks", [])
    return {way: [*plain, *points] for way, points in made.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", help="a model folder (default: the embedded model)")
    parser.add_argument("--count", type=int, default=20, help="tasks of each kind")
    parser.add_argument("--samples", type=int, nargs="+", default=[2, 4, 8])
    parser.add_argument("--seed", type=int, default=31)
    parser.add_argument("--tasks", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--no-retries", action="store_true", help="leave retries out: they are the slowest")
    parser.add_argument("--json", type=Path, help="write the figures here, too, and go on from what it holds")
    parser.add_argument("--plot", type=Path, help="write exact answers against the number of samples here, as SVG")
    args = parser.parse_args()
    torch.set_num_threads(1)  # threads that wait for each other cost more than a model this small
    model = sg.load_model(args.model)
    how = {"model": model.fingerprint, "seed": args.seed, "samples": args.samples, "retries": not args.no_retries}
    known = json.loads(args.json.read_text()) if args.json and args.json.exists() else {"asked": how, "rows": {}}
    if known["asked"] != how:
        sys.exit(f"{args.json} holds figures of another model, seed or number of samples: {known['asked']}")
    for kind in args.tasks:
        rows = known["rows"].setdefault(kind, [])
        for example in chosen(args.count, args.seed, kind)[len(rows):]:
            rows.append(rows_of(model, example, args.samples, not args.no_retries))
            if args.json:
                args.json.with_suffix(".part").write_text(json.dumps(known) + "\n")
                args.json.with_suffix(".part").replace(args.json)
        print(f"\n{kind}, {len(rows)} tasks\n", *table(rows), sep="\n", flush=True)
        if args.plot:
            title = f"Exact answers to {len(rows)} tasks ({kind}) by the number of samples"
            args.plot.with_stem(f"{args.plot.stem}-{kind}").write_text(plot(title, series(rows)), encoding="utf-8")


if __name__ == "__main__":
    main()
