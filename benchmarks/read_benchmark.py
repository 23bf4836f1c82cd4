"""How many answers are read as they were meant, by a model of the errors that language models make.

    python benchmarks/read_benchmark.py [yaml json csv] [--count 50000] [--share 0.1] [--seed 0] [--show 5] [--only KIND]

In: the model of ``benchmarks/damage`` (what it holds and what it leaves out is said there): documents of random types, of
which a tenth is damaged once or twice; every reader is told the type that is able to use it. Out: for each reader how many
answers it parsed, how many were valid against the schema and how many were exactly the value that was meant, over all
documents, over the damaged ones and for each kind of damage. ``--show`` prints examples of what structgen read otherwise.

Readers: structgen; PyYAML (``CSafeLoader`` as it is, and with the scalars of YAML 1.2, which is what the writer means);
``json.loads`` and, where it is installed, ``json_repair`` with the schema;
``csv`` with cells typed by the schema. Values are compared as JSON.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import re
import sys
import time
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import jsonschema
import yaml

sys.path.insert(0, str(Path(__file__).resolve().parent))
from damage import Model, Sample, samples
from damage.csv_text import MODEL as CSV
from damage.json_text import MODEL as JSON
from damage.yaml_damage import MODEL as YAML
from repair import REFUSED, equal, json_repair_reader

import structgen as sg

Reader = Callable[[str, Any], Any]
MODELS: dict[str, Model] = {"yaml": YAML, "json": JSON, "csv": CSV}


FastLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class CoreLoader(FastLoader):  # type: ignore[misc,valid-type]
    """PyYAML with the scalars of YAML 1.2's core schema."""

    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {}


for tag, pattern, first in (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", list("-+0123456789")),
    (
        "float",
        r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
        list("-+0123456789."),
    ),
):
    CoreLoader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(f"(?:{pattern})$"), first)
CoreLoader.add_constructor(
    "tag:yaml.org,2002:int", lambda loader, node: int(node.value, 0 if node.value[1:2] in "xo" else 10)
)
CoreLoader.add_constructor("tag:yaml.org,2002:float", lambda loader, node: float(node.value))


def structgen_reader(name: str) -> Reader:
    def read(text: str, schema: Any) -> Any:
        try:
            return sg.read(text, sg.JsonSchema(schema), format=name).value
        except sg.ReadError:
            return REFUSED

    return read


def strict(load: Callable[[str], Any]) -> Reader:
    def read(text: str, schema: Any) -> Any:
        try:
            return json.loads(json.dumps(load(text), default=str))
        except (yaml.YAMLError, ValueError, TypeError, OverflowError, RecursionError):
            return REFUSED

    return read


def csv_reader(text: str, schema: Any) -> Any:
    """The standard library's rows by the names of the header, with cells typed by the schema where they are written so."""
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error:
        return REFUSED
    if not lines:
        return REFUSED
    columns = schema["items"]["properties"]
    return [{name: _typed(cell, columns.get(name, {})) for name, cell in zip(lines[0], row, strict=False)}
            for row in lines[1:]]


def _typed(cell: str, schema: Any) -> Any:
    if "anyOf" in schema:
        return None if cell == "" else _typed(cell, schema["anyOf"][0])
    if schema.get("type") in ("integer", "number", "boolean"):
        try:
            return json.loads(cell)
        except ValueError:
            return cell
    return cell


def readers(name: str) -> dict[str, Reader]:
    made = {"structgen": structgen_reader(name)}
    if name == "yaml":
        return {
            **made,
            "PyYAML": strict(lambda text: yaml.load(text, FastLoader)),
            "PyYAML 1.2": strict(lambda text: yaml.load(text, CoreLoader)),
        }
    if name == "csv":
        return {**made, "csv": csv_reader}
    made["json.loads"] = strict(json.loads)
    other = json_repair_reader()
    return made if other is None else {**made, "json_repair": other}


@cache
def validator(schema: str) -> Any:
    return jsonschema.Draft202012Validator(json.loads(schema), format_checker=jsonschema.FormatChecker())


class Counts:
    """Of one reader: documents, parsed, valid and exact ones by group."""

    def __init__(self) -> None:
        self.parsed: Counter[str] = Counter()
        self.valid: Counter[str] = Counter()
        self.exact: Counter[str] = Counter()
        self.seconds = 0.0

    def add(self, sample: Sample, got: Any) -> bool:
        groups = ["all", *(["damaged", *set(sample.kinds)] if sample.kinds else ["undamaged"])]
        is_valid = got is not REFUSED and (equal(got, sample.value) or validator(json.dumps(sample.schema)).is_valid(got))
        is_exact = got is not REFUSED and equal(got, sample.value)
        for group in groups:
            self.parsed[group] += got is not REFUSED
            self.valid[group] += is_valid
            self.exact[group] += is_exact
        return is_exact


def measure(model: Model, made: list[Sample], show: int) -> dict[str, Counts]:
    results: dict[str, Counts] = {}
    shown: Counter[str] = Counter()
    for name, read in readers(model.name).items():
        counts = results[name] = Counts()
        for sample in made:
            start = time.process_time()
            got = read(sample.text, sample.schema)
            counts.seconds += time.process_time() - start
            if counts.add(sample, got) or name != "structgen":
                continue
            for kind in sample.kinds or ("undamaged",):
                shown[kind] += 1
            if all(shown[kind] <= show for kind in sample.kinds or ("undamaged",)):
                print(
                    "=" * 100,
                    sample.kinds,
                    json.dumps(sample.schema),
                    sample.text,
                    "meant " + json.dumps(sample.value, ensure_ascii=False),
                    "read  " + ("refused" if got is REFUSED else json.dumps(got, ensure_ascii=False, default=str)),
                    sep="\n",
                )
    return results


def table(model: Model, made: list[Sample], results: dict[str, Counts]) -> None:
    total: Counter[str] = Counter()
    for sample in made:
        total.update(["all", *(["damaged", *set(sample.kinds)] if sample.kinds else ["undamaged"])])
    groups = ["all", "undamaged", "damaged", *sorted(set(total) - {"all", "undamaged", "damaged"})]
    print(f"\n{model.name}: parsed, valid and exact, of documents")
    print(f"{'':22} {'documents':>9}" + "".join(f"  {name:>24}" for name in results))
    for group in groups:
        if total[group]:
            cells = "".join(
                f"  {100 * one.parsed[group] / total[group]:7.2f} {100 * one.valid[group] / total[group]:7.2f} "
                f"{100 * one.exact[group] / total[group]:8.3f}"
                for one in results.values()
            )
            print(f"{group:22} {total[group]:>9}{cells}")
    size = sum(len(sample.text) for sample in made) / 1e6
    print(", ".join(f"{name}: {one.seconds / size:.1f} s per MB" for name, one in results.items()))


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("formats", nargs="*", default=[], choices=[*MODELS, []], help="which formats (default all)")
    parser.add_argument("--count", type=int, default=50_000)
    parser.add_argument("--share", type=float, default=0.1, help="the share of damaged documents")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--show", type=int, default=0, help="examples of each kind that structgen reads otherwise")
    parser.add_argument("--only", help="only documents with this kind of damage")
    arguments = parser.parse_args(argv)
    for name in arguments.formats or MODELS:
        model = MODELS[name]
        made = samples(model, arguments.count, arguments.seed, arguments.share)
        if arguments.only:
            made = [sample for sample in made if arguments.only in sample.kinds]
        table(model, made, measure(model, made, arguments.show))
    return 0


if __name__ == "__main__":
    sys.exit(main())
