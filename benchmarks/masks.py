"""Times masks and checks answers over schemas with instances, structgen beside its peers.

    python benchmarks/masks.py --data benchmarks/corpus/small.jsonl
    python benchmarks/masks.py --data maskbench.jsonl.gz --take 1000 --engines structgen,llguidance --limit-s 60

In: JSON Lines (also gzipped) of ``{"id", "schema", "tests": [{"data", "valid"}]}``. Out: a Markdown table. Each
instance is written as JSON, cut by the vocabulary's own tokenizer, and taken token by token: for each token one mask
and one step are timed together; the answer is right if the whole text is taken exactly when the instance is valid.
"First mask" is compiling plus the first step. An engine that refuses a schema is counted, not blamed.

Every engine runs in a process of its own, one after the other; a crash or a schema beyond the time limit costs that
schema only. Caveat: clocks on shared machines are noisy, so compare ratios of one run. Vocabulary: Tekken, 131,072
tokens.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))  # also where this file is imported, as in the tests
from mask_engines import ENGINES, Engine, Tokens, installed, tekken

PERCENTILES = (50, 90, 99, 99.9, 100)


def read_rows(path: Path, take: int = 0) -> list[dict[str, Any]]:
    """The rows of a corpus; ``take``: only those whose ids have the lowest hashes, the same for every engine."""
    data = path.read_bytes()
    text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode()
    rows = [json.loads(line) for line in text.split("\n") if line.strip()]
    if take:
        rows.sort(key=lambda row: hashlib.sha256(str(row["id"]).encode()).digest())
    return rows[:take] if take else rows


def measure(engine: Engine, tokens: Tokens, row: dict[str, Any]) -> dict[str, Any]:
    """One schema and its instances: times in microseconds, and how many answers were right."""
    found: dict[str, Any] = {"id": row["id"], "times": [], "right": 0, "lets_through": 0, "refuses_valid": 0}
    began = time.perf_counter_ns()
    try:
        engine.compile(row["schema"])
    except Exception as error:
        return {"id": row["id"], "refused": f"{type(error).__name__}: {error}"[:300]}
    found["compile"] = (time.perf_counter_ns() - began) / 1000
    for test in row["tests"]:
        ids = tokens.encode(json.dumps(test["data"], ensure_ascii=False))
        try:
            accepted = take_all(engine, ids, tokens.end, found["times"])
        except Exception as error:
            found["error"] = f"{type(error).__name__}: {error}"[:300]
            continue
        found.setdefault("first", found["compile"] + found["times"][0] if found["times"] else None)
        found["right" if accepted == test["valid"] else "lets_through" if accepted else "refuses_valid"] += 1
    found["memory"] = engine.memory_bytes()
    return found


def take_all(engine: Engine, ids: Iterable[int], end: int, times: list[float]) -> bool:
    """Takes the tokens in turn; True if all were allowed and the text may end there. Mask and step must agree."""
    engine.reset()
    for token in ids:
        began = time.perf_counter_ns()
        engine.fill()
        filled = time.perf_counter_ns()
        allowed = engine.allows(token)
        stepping = time.perf_counter_ns()
        taken = engine.take(token)
        times.append((time.perf_counter_ns() - stepping + filled - began) / 1000)
        if taken != allowed:
            raise AssertionError(f"the mask says {allowed} of token {token}, the step {taken}")
        if not taken:
            return False
    engine.fill()
    return engine.allows(end)


def work(name: str, data: Path, take: int, limit_s: int, skip: int) -> None:
    """The worker: one result a line. SIGALRM's default action ends the process, also inside native code."""
    tokens = tekken()
    engine = ENGINES[name](tokens)
    print(json.dumps({"ready": True}), flush=True)
    for row in read_rows(data, take)[skip:]:
        signal.alarm(limit_s)
        result = measure(engine, tokens, row)
        signal.alarm(0)
        print(json.dumps(result), flush=True)


def run(name: str, data: Path, take: int, limit_s: int) -> list[dict[str, Any]]:
    """All results of one engine; a schema that ends its worker is a result too, and the next gets a new worker."""
    rows = read_rows(data, take)
    results: list[dict[str, Any]] = []
    while len(results) < len(rows):
        command = [
            sys.executable,
            __file__,
            "--data",
            str(data),
            "--take",
            str(take),
            "--limit-s",
            str(limit_s),
            "--worker",
            name,
            "--skip",
            str(len(results)),
        ]
        ready = False
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            for line in process.stdout:
                if not ready:
                    ready = True
                    continue
                results.append(json.loads(line))
                if sys.stderr.isatty():
                    print(f"\r{name}: {len(results)} of {len(rows)}", end="", file=sys.stderr)
        if not ready:
            raise SystemExit(f"{name} did not start")
        if len(results) < len(rows):
            how = "timeout" if process.returncode == -signal.SIGALRM else "crash"
            results.append({"id": rows[len(results)]["id"], how: process.returncode})
    return results


def column(results: list[dict[str, Any]]) -> dict[str, str]:
    """One engine's figures, as they stand in the table."""

    def spread(name: str, values: list[float], percentiles: Iterable[float]) -> dict[str, str]:
        cells = {f"{name}, mean": f"{np.mean(values):,.1f}" if values else "-"}
        for p in percentiles:
            cells[f"{name}, {'max' if p == 100 else f'p{p:g}'}"] = f"{np.percentile(values, p):,.1f}" if values else "-"
        return cells

    times = [value for result in results for value in result.get("times", ())]
    memory = [result["memory"] / 1000 for result in results if result.get("memory") is not None]
    return {
        "schemas compiled": f"{sum('compile' in result for result in results):,}",
        "refused": f"{sum('refused' in result for result in results):,}",
        "crashes, timeouts": f"{sum('crash' in result or 'timeout' in result for result in results):,}",
        "errors while generating": f"{sum('error' in result for result in results):,}",
        "instances right": f"{sum(result.get('right', 0) for result in results):,}",
        "invalid ones let through": f"{sum(result.get('lets_through', 0) for result in results):,}",
        "valid ones refused": f"{sum(result.get('refuses_valid', 0) for result in results):,}",
        "tokens": f"{len(times):,}",
        **spread("mask and step, µs", times, PERCENTILES),
        **spread("first mask, µs", [result["first"] for result in results if result.get("first")], PERCENTILES),
        **spread("compile, µs", [result["compile"] for result in results if "compile" in result], (50, 99, 100)),
        **spread("memory of a grammar, KB", memory, (50, 99)),
    }


def table(columns: dict[str, dict[str, str]]) -> str:
    """The figures of all engines side by side, as Markdown."""
    lines = ["| | " + " | ".join(columns) + " |", "|---|" + "---:|" * len(columns)]
    for row in next(iter(columns.values())):
        lines.append(f"| {row} | " + " | ".join(cells[row] for cells in columns.values()) + " |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="JSON Lines, also gzipped")
    parser.add_argument("--engines", default=",".join(installed()), help="default: all that are installed")
    parser.add_argument("--take", type=int, default=0, help="only that many schemas, the same for every engine")
    parser.add_argument("--limit-s", type=int, default=60, help="seconds for one schema")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    parser.add_argument("--skip", type=int, default=0, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.worker:
        return work(given.worker, given.data, given.take, given.limit_s, given.skip)
    names = given.engines.split(",")
    unknown = [name for name in names if name not in ENGINES]
    if unknown:
        parser.error(f"no such engine: {', '.join(unknown)}; there are {', '.join(ENGINES)}")
    print(table({name: column(run(name, given.data, given.take, given.limit_s)) for name in names}))


if __name__ == "__main__":
    main()
