"""How much damaged JSON is read as it was meant, and what it costs.

    python benchmarks/repair.py --data json_broken.jsonl [--classes] [--show]

In: a corpus as JSON Lines: ``input``, ``expected`` or ``expect_error``, and where they apply ``schema``, ``kind`` (valid,
repair, typed, partial, reject), ``class``, ``contested``, ``alternatives`` and ``compare``. Out: how many rows are read
exactly as expected, by kind and by class, rows that people disagree about apart (there any listed answer counts); then
seconds of processor time per MB of the corpus, and MB/s on valid JSON. The same for ``json_repair`` where it is
installed: it is given the schema where a row has one, and a row that it answers with an empty string counts as refused.

Values are compared as JSON: true is not 1, 1 is 1.0, the order of members is free.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import structgen as sg

REFUSED = object()
Reader = Callable[[str, Any], Any]


def with_structgen(text: str, schema: Any) -> Any:
    try:
        return sg.read(text, None if schema is None else sg.JsonSchema(schema)).value
    except sg.ReadError:
        return REFUSED


def json_repair_reader() -> Reader | None:
    try:
        import json_repair
    except ImportError:
        return None

    def read(text: str, schema: Any) -> Any:
        try:
            value = json_repair.loads(text, **({} if schema is None else {"schema": schema}))
        except Exception:  # whatever it raises is a refusal
            return REFUSED
        return REFUSED if value == "" and text.strip() != '""' else value

    return read


def equal(left: Any, right: Any) -> bool:
    if isinstance(left, bool) != isinstance(right, bool):
        return False
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(equal(left[name], right[name]) for name in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(equal, left, right))
    return bool(left == right)


def without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: without_nulls(item) for name, item in value.items() if item is not None}
    return [without_nulls(item) for item in value] if isinstance(value, list) else value


def is_right(row: dict[str, Any], got: Any) -> bool:
    """Whether a row was read as expected."""
    if row.get("expect_error"):
        return got is REFUSED
    if got is REFUSED:
        return False
    wanted = [row["expected"], *(row.get("alternatives", []) if row.get("contested") else [])]
    if any(equal(got, one) for one in wanted):
        return True
    return row.get("compare") is not None and equal(without_nulls(got), without_nulls(row["expected"]))


def judged(rows: list[dict[str, Any]], read: Reader) -> tuple[list[bool], float]:
    """Which rows were read as expected, and the seconds that reading took."""
    right: list[bool] = []
    seconds = 0.0
    for row in rows:
        start = time.process_time()
        got = read(row["input"], row.get("schema"))
        seconds += time.process_time() - start
        right.append(is_right(row, got))
    return right, seconds


def table(rows: list[dict[str, Any]], results: dict[str, list[bool]], column: Callable[[dict[str, Any]], str]) -> None:
    total: Counter[str] = Counter(map(column, rows))
    width = max(map(len, total))
    print(f"{'':{width}}  {'rows':>6}" + "".join(f"  {name:>12}" for name in results))
    for group in sorted(total):
        counts = "".join(f"  {sum(ok for row, ok in zip(rows, right, strict=True) if column(row) == group):>12}"
                         for right in results.values())
        print(f"{group:{width}}  {total[group]:>6}{counts}")


def valid_speed(read: Reader, megabytes: float = 2.0) -> float:
    """MB/s on a list of small objects."""
    row = '{"id": 12345, "name": "a thing with a name", "price": 12.5, "tags": ["red", "blue"], "ok": true}'
    text = "[" + ", ".join([row] * int(megabytes * 1e6 / len(row))) + "]"
    start = time.process_time()
    read(text, None)
    return len(text) / 1e6 / (time.process_time() - start)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--classes", action="store_true", help="a line for each class of damage")
    parser.add_argument("--show", action="store_true", help="print the uncontested rows that structgen reads otherwise")
    parser.add_argument("--repeat", type=int, default=3, help="passes over the corpus; the fastest counts")
    arguments = parser.parse_args(argv)
    rows = [json.loads(line) for line in arguments.data.read_text(encoding="utf-8").splitlines() if line.strip()]
    readers: dict[str, Reader] = {"structgen": with_structgen}
    other = json_repair_reader()
    if other is None:
        print("json_repair is not installed: structgen alone", file=sys.stderr)
    else:
        readers["json_repair"] = other
    results: dict[str, list[bool]] = {}
    seconds: dict[str, float] = {}
    for name, read in readers.items():
        passes = [judged(rows, read) for _ in range(arguments.repeat)]
        results[name], seconds[name] = passes[0][0], min(took for _, took in passes)
    table(rows, results, lambda row: ("contested " if row.get("contested") else "") + row.get("kind", "rows"))
    if arguments.classes:
        print()
        table(rows, results, lambda row: ("contested " if row.get("contested") else "") + row.get("class", "none"))
    plain = [index for index, row in enumerate(rows) if not row.get("contested")]
    size = sum(len(row["input"].encode("utf-8", "surrogatepass")) for row in rows) / 1e6
    print()
    for name, right in results.items():
        exact = sum(right[index] for index in plain)
        print(f"{name}: {exact} of {len(plain)} uncontested rows exact ({100 * exact / max(1, len(plain)):.1f} %), "
              f"{seconds[name] / size:.2f} s per MB of the corpus, valid JSON {valid_speed(readers[name]):.1f} MB/s")
    if arguments.show:
        for index in plain:
            if not results["structgen"][index]:
                print(rows[index]["id"], rows[index].get("class"), repr(rows[index]["input"][:200]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
