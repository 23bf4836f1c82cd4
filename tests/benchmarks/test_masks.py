"""The benchmarks run: on a few rows with the large vocabulary, and with every answer right over the small corpus."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from oracle import TEXT_TOKENS, VOCABULARY

ROOT = Path(__file__).resolve().parent.parent.parent
CORPUS = ROOT / "benchmarks" / "corpus" / "small.jsonl"
ROWS = [json.loads(line) for line in CORPUS.read_text(encoding="utf-8").splitlines()]
LONGEST_FIRST = sorted(TEXT_TOKENS, key=lambda pair: -len(pair[1]))


@cache
def benchmark() -> Any:
    sys.path.insert(0, str(ROOT / "benchmarks"))
    try:
        import masks
    finally:
        sys.path.pop(0)
    return masks


def encode(text: str) -> list[int]:
    """The longest token that fits, again and again."""
    data, tokens = text.encode(), []
    while data:
        token, piece = next(pair for pair in LONGEST_FIRST if data.startswith(pair[1]))
        tokens.append(token)
        data = data[len(piece) :]
    return tokens


@cache
def engine(name: str) -> tuple[Any, Any]:
    tokens = benchmark().Tokens(VOCABULARY.tokens, VOCABULARY.eos_token_ids[0], encode)
    return benchmark().ENGINES[name](tokens), tokens


@pytest.mark.parametrize("name", ["structgen-python", "structgen"])
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_every_answer_over_the_small_corpus_is_right(row: dict[str, Any], name: str) -> None:
    if name not in benchmark().installed():
        pytest.skip("the native engine was not built")
    result = benchmark().measure(*engine(name), row)
    assert "error" not in result and "refused" not in result, result
    assert result["right"] == len(row["tests"]), (
        f"lets through {result['lets_through']}, refuses {result['refuses_valid']}"
    )


def test_rows_of_the_small_corpus_have_both_kinds_of_instances() -> None:
    assert len(ROWS) >= 60 and len({row["id"] for row in ROWS}) == len(ROWS)
    assert all(any(test["valid"] for test in row["tests"]) for row in ROWS)
    assert sum(any(not test["valid"] for test in row["tests"]) for row in ROWS) >= len(ROWS) - 1


def test_the_masks_benchmark_prints_a_table() -> None:
    pytest.importorskip("mistral_common")
    name = benchmark().installed()[0]
    done = subprocess.run(
        [
            sys.executable,
            str(ROOT / "benchmarks" / "masks.py"),
            "--data",
            str(CORPUS),
            "--take",
            "3",
            "--engines",
            name,
        ],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert f"| | {name} |" in done.stdout and "| schemas compiled | 3 |" in done.stdout
    assert "| invalid ones let through | 0 |" in done.stdout and "| valid ones refused | 0 |" in done.stdout


def test_the_exactness_benchmark_finds_no_difference() -> None:
    pytest.importorskip("mistral_common")
    done = subprocess.run(
        [
            sys.executable,
            str(ROOT / "benchmarks" / "exactness.py"),
            "--data",
            str(CORPUS),
            "--schemas",
            "3",
            "--states",
            "6",
        ],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert ", 0 differ" in done.stdout
