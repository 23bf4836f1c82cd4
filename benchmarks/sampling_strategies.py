"""What masks, repair, retries and several samples are worth: one model, the same tasks, every way of asking.

In: a model folder (the embedded one), tasks held out from its training. Out: a table with the share of valid and of exact
answers (95 % Wilson interval), tokens and seconds per task, for each way; and accuracy against the number of samples. The
ways are those a caller has: free text without and with instructions, free text read tolerantly, masks, masks with strings
from the text, and on top of masks best-of, vote, verify (strings of the answer occur in the text, once each) and retries.

Caveats: a small model on narrow tasks; what helps it need not help a large one. Fields of one task are one answer here: an
answer is exact or not.

    python benchmarks/sampling_strategies.py --count 100 --samples 1 2 4 8
    python benchmarks/sampling_strategies.py --count 300 --samples 1 2 4 8 16 32 --json all.json --plot all.svg

The second runs for hours on a small machine. With ``--json`` every way is written as soon as it is done, and ways that the
file holds are not run again. ``--tasks``: only extraction, or only classification.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent / "embedded"))

import data
from evaluate import held_out, restricted, same, wilson
from plot import plot

import structgen as sg

Ask = Callable[[Any, data.Example], Any]


@dataclass
class Tally:
    """What one way of asking came to."""

    valid: int = 0
    exact: int = 0
    count: int = 0
    tokens: int = 0
    seconds: float = 0.0

    def row(self, name: str) -> str:
        low, high = wilson(self.exact, self.count)
        return (f"| {name} | {self.valid / self.count:.1%} | {self.exact / self.count:.1%} [{low:.1%}, {high:.1%}] | "
                f"{self.tokens / self.count:.0f} | {self.seconds / self.count:.2f} |")


def schema_of(example: data.Example, from_text: bool = False) -> Any:
    schema = restricted(example.schema, example.text) if from_text else closed(example.schema)
    return sg.JsonSchema(schema, exponents=False, escapes="necessary")


def closed(schema: Any) -> Any:
    """The schema with all fields required and no others, as the tasks mean it."""
    if not isinstance(schema, dict) or "properties" not in schema:
        return schema
    return {**schema, "required": list(schema["properties"]), "additionalProperties": False}


def told(example: data.Example) -> str:
    from structgen.generation.instructions import render_instructions

    return render_instructions(example.schema, example.name, example.description)


def found_once(example: data.Example) -> Callable[[Any], float]:
    """A check that needs no answer key: the share of an answer's strings that stand in the text, each at its own place."""

    def check(value: Any) -> float:
        strings = [one for one in (value.values() if isinstance(value, dict) else ()) if isinstance(one, str)]
        plain = [one for one in strings if not one[:4].isdigit()]
        kept = [one for one in plain if one in example.text]
        return (len(set(kept)) + 1) / (len(plain) + 1)

    return check


def ways(samples: list[int]) -> dict[str, Ask]:
    """Every way of asking, by its name in the table."""
    made: dict[str, Ask] = {
        "free, no instructions": lambda m, e: m.generate(e.prompt, schema_of(e), instructions=None, mask=False),
        "free, instructions": lambda m, e: m.generate(e.prompt, schema_of(e), instructions=told(e), mask=False),
        "free, instructions, repair": lambda m, e: m.generate(e.prompt, schema_of(e), instructions=told(e), mask=False,
                                                              repair=True),
        "masks, no instructions": lambda m, e: m.generate(e.prompt, schema_of(e), instructions=None),
        "masks": lambda m, e: m.generate(e.prompt, schema_of(e), instructions=told(e)),
        "masks, strings from the text": lambda m, e: m.generate(e.prompt, schema_of(e, True), instructions=told(e)),
        "masks, retry 3": lambda m, e: m.generate(e.prompt, schema_of(e), instructions=told(e), retry=3,
                                                  check=lambda value: found_once(e)(value) == 1.0),
    }
    for n in samples:
        made |= {f"masks, {name} {n}": asking(strategy, n) for name, strategy in STRATEGIES.items() if n > 1}
    return made


STRATEGIES: dict[str, Callable[[int, data.Example], Any]] = {
    "best_of": lambda n, e: sg.best_of(n),
    "vote": lambda n, e: sg.vote(n),
    "vote by fields": lambda n, e: sg.vote(n, by="fields"),
    "verify": lambda n, e: sg.verify(found_once(e), n=n),
}


def asking(strategy: Callable[[int, data.Example], Any], n: int) -> Ask:
    return lambda model, e: model.generate(e.prompt, schema_of(e), instructions=told(e), strategy=strategy(n, e),
                                           sampling=sg.Sampling(seed=1))


def run(model: Any, examples: list[data.Example], ask: Ask) -> Tally:
    tally = Tally()
    for example in examples:
        began = time.perf_counter()
        try:
            result = ask(model, example)
        except sg.StructgenError as error:
            used = getattr(error, "usage", None)
            tally.tokens += used.output_tokens if used is not None else 0
        else:
            tally.valid += 1
            tally.exact += same(result.value, example.answer)
            tally.tokens += (result.total or result.usage).output_tokens
        tally.seconds += time.perf_counter() - began
        tally.count += 1
    return tally


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", help="a model folder (default: the embedded model)")
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--samples", type=int, nargs="+", default=[2, 4, 8])
    parser.add_argument("--seed", type=int, default=31)
    parser.add_argument("--only", nargs="+", help="only the ways whose names hold one of these")
    parser.add_argument("--json", type=Path, help="write the figures here, too, and go on from what it holds")
    parser.add_argument("--plot", type=Path, help="write exact answers against the number of samples here, as SVG")
    parser.add_argument("--tasks", choices=["all", "extraction", "classification"], default="all")
    args = parser.parse_args()
    model, examples = sg.load_model(args.model), chosen(args.count, args.seed, args.tasks)
    print("| way | valid | exact answers | tokens | seconds |\n|---|---|---|---|---|")
    asked = [args.model, args.count, args.seed, args.tasks]
    known = json.loads(args.json.read_text()) if args.json and args.json.exists() else {"asked": asked, "ways": {}}
    if known["asked"] != asked:
        sys.exit(f"{args.json} holds figures of other tasks: {known['asked']}")
    tallies = {name: Tally(**found) for name, found in known["ways"].items()}
    for name, ask in ways(args.samples).items():
        if args.only is None or any(part in name for part in args.only):
            tallies[name] = tallies.get(name) or run(model, examples, ask)
            print(tallies[name].row(name), flush=True)
            if args.json:
                args.json.write_text(json.dumps({"asked": asked, "ways": {one: vars(it) for one, it in tallies.items()}},
                                                indent=1) + "\n")
    if args.plot:
        title = f"Exact answers to {len(examples)} tasks by the number of samples"
        args.plot.write_text(plot(title, series(tallies)), encoding="utf-8")


def chosen(count: int, seed: int, tasks: str) -> list[data.Example]:
    """Tasks held out from training; an answer that is no object or list is a class."""
    found = held_out(count if tasks == "all" else 20 * count, seed)
    wanted = [one for one in found if tasks == "all" or isinstance(one.answer, (dict, list)) == (tasks == "extraction")]
    return wanted[:count]


def series(tallies: dict[str, Tally]) -> dict[str, list[tuple[int, float, float, float]]]:
    """For each strategy its share of exact answers by the number of samples; one sample is the plain mask's."""
    made: dict[str, list[tuple[int, float, float, float]]] = {}
    for name, tally in tallies.items():
        way, _, n = name.rpartition(" ")
        if n.isdigit() and "retry" not in way:
            made.setdefault(way, []).append((int(n), tally.exact / tally.count, *wilson(tally.exact, tally.count)))
    if (plain := tallies.get("masks")) is not None:
        for points in made.values():
            points.append((1, plain.exact / plain.count, *wilson(plain.exact, plain.count)))
    return made


if __name__ == "__main__":
    main()
