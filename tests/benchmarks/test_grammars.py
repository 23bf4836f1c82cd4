"""Real grammars, judged by lark both ways with small counts: what the benchmark does with large ones."""

from __future__ import annotations

import random
import sys
from pathlib import Path
from typing import Any

import pytest

import structgen as sg

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "benchmarks" / "corpus" / "grammars"
SMALL = ["calc", "csv", "ini", "json", "pgn", "regex", "url"]
LARGE = ["c", "sql", "toml"]
"""The others of the folder take seconds to compile; the benchmark reads them all."""


def judge(name: str, mode: int, count: int) -> dict[str, int]:
    sys.path.insert(0, str(ROOT / "benchmarks"))
    try:
        import grammars

        text = (FOLDER / f"{name}.lark").read_text(encoding="utf-8")
        compiler = sg.Compiler(grammars.BYTES)
        ids = {one: number for number, one in enumerate(grammars.BYTES.tokens) if one}
        known: Any = grammars.modes(text)
        return grammars.judge(text, *known[mode % len(known)], count, ids, compiler, random.Random(name))[1]  # type: ignore[no-any-return]
    finally:
        sys.path.pop(0)


@pytest.mark.parametrize("name", [*SMALL, *LARGE])
def test_grammars_are_read_as_lark_reads_them(name: str) -> None:
    for mode in range(1 if name in LARGE else 2):
        found = judge(name, mode, 2 if name in LARGE else 5)
        assert found["samples"] and found["texts"] and found["changed"]
