"""Which repairs a model's answers take, and how often: models repeat their mistakes.

In: answers, each with the name of its model and of where it was found. Out: a table of the kinds of repair by model, with
examples, from which to write a ``repair_rule`` or a better prompt.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from structgen.errors import ReadError, SchemaError
from structgen.formats.base import RepairRule
from structgen.formats.read import read

__all__ = ["Answer", "RepairStats", "answers_in", "repair_stats"]

FIELDS = ("output", "text", "completion", "response", "answer", "content", "input")
"""Where the answer is looked for in a row of JSON Lines, in this order."""
EXAMPLES = 3


class Answer(NamedTuple):
    """One answer. ``name``: the file, or file:line."""

    name: str
    model: str
    text: str | bytes


@dataclass(slots=True)
class RepairStats:
    """Counts: ``answers`` and ``failed`` by model, ``clean`` by model, ``kinds`` by (model, kind), examples by kind."""

    answers: Counter[str] = field(default_factory=Counter)
    clean: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    kinds: Counter[tuple[str, str]] = field(default_factory=Counter)
    examples: dict[tuple[str, str], list[str]] = field(default_factory=dict)

    def __str__(self) -> str:
        lines: list[str] = []
        for model, count in self.answers.most_common():
            failed, clean = self.failed[model], self.clean[model]
            lines.append(f"{model or 'answers'}: {count} answers, {clean} clean, {count - clean - failed} repaired, "
                         f"{failed} failed")
            kinds = [(kind, number) for (name, kind), number in self.kinds.most_common() if name == model]
            for kind, number in kinds:
                lines.append(f"  {number:6}  {kind}")
                lines += [f"          {example}" for example in self.examples[model, kind]]
        return "\n".join(lines)


def repair_stats(answers: Iterable[Answer], output_type: Any = None, *, format: str | None = None,
                 rules: Iterable[RepairRule] = ()) -> RepairStats:
    """Reads every answer and counts its repairs by kind; what cannot be read counts as the kind "failed"."""
    stats = RepairStats()
    rules = tuple(rules)
    for answer in answers:
        stats.answers[answer.model] += 1
        try:
            reading = read(answer.text, output_type, format=format, rules=rules)
        except ReadError as error:
            stats.failed[answer.model] += 1
            _count(stats, answer, "failed", str(error).splitlines()[0])
            continue
        stats.clean[answer.model] += reading.is_clean
        for repair in reading.repairs:
            _count(stats, answer, repair.kind, str(repair))
    return stats


def _count(stats: RepairStats, answer: Answer, kind: str, example: str) -> None:
    stats.kinds[answer.model, kind] += 1
    examples = stats.examples.setdefault((answer.model, kind), [])
    if len(examples) < EXAMPLES:
        examples.append(f"{answer.name}: {example}")


def answers_in(path: Path, field: str | None = None) -> Iterator[Answer]:
    """The answers in a folder (a file each), a file of JSON Lines (a row each), or any other file (one).

    ``field``: which member of a row holds the answer; else the first of output, text, completion, response, answer,
    content, input. A row's model is its member "model".
    """
    if path.is_dir():
        for inner in sorted(one for one in path.rglob("*") if one.is_file()):
            yield from answers_in(inner, field)
    elif path.suffix in (".jsonl", ".ndjson"):
        with path.open(encoding="utf-8", errors="replace") as rows:
            for number, row in enumerate(rows, 1):
                if row.strip():
                    yield _answer(f"{path.name}:{number}", row, field)
    else:
        yield Answer(path.name, "", path.read_bytes())


def _answer(name: str, row: str, field: str | None) -> Answer:
    try:
        value = json.loads(row)
    except ValueError as error:
        raise SchemaError(f"{name} is no JSON", because=str(error), instead="give a file of JSON Lines") from error
    if isinstance(value, str):
        return Answer(name, "", value)
    names = (field,) if field else FIELDS
    found = next((one for one in names if isinstance(value, dict) and isinstance(value.get(one), str)), None)
    if found is None:
        raise SchemaError(f"{name} has no answer", because=f"no member {' or '.join(names)} is a text",
                          instead="name the member with --field")
    return Answer(name, str(value.get("model", "")), value[found])
