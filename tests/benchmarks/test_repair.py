"""The benchmark of repairs runs, and counts what it says it counts."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
ROWS = [
    {"id": "1", "kind": "valid", "class": "plain", "input": "[1]", "expected": [1.0]},
    {"id": "2", "kind": "repair", "class": "comma", "input": "[1,]", "expected": [1]},
    {"id": "3", "kind": "repair", "class": "comma", "input": "[1,]", "expected": [2]},
    {"id": "4", "kind": "repair", "class": "comma", "input": "[1,]", "expected": [2], "contested": True,
     "alternatives": [[1]]},
    {"id": "5", "kind": "reject", "class": "prose", "input": "no", "expect_error": True},
    {"id": "6", "kind": "typed", "class": "number", "input": '"1"', "expected": 1, "schema": {"type": "integer"}},
    {"id": "7", "kind": "typed", "class": "number", "input": "true", "expected": 1, "schema": {}},
]


def test_the_benchmark_counts_exact_rows_by_kind_and_class(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, ROWS)))
    done = subprocess.run([sys.executable, str(ROOT / "benchmarks" / "repair.py"), "--data", str(tmp_path / "rows.jsonl"),
                           "--classes", "--show", "--repeat", "1"], capture_output=True, text=True, check=True, timeout=120,
                          env={"PYTHONPATH": str(ROOT)})
    counts = {line.split()[0]: line.split()[1:] for line in done.stdout.splitlines()
              if line.strip() and not line.startswith("contested")}
    assert counts["valid"][:2] == ["1", "1"]
    assert counts["repair"][:2] == ["2", "1"]
    assert counts["typed"][:2] == ["2", "1"]
    assert counts["comma"][:2] == ["2", "1"]
    assert "contested repair" in done.stdout
    assert "structgen: 4 of 6 uncontested rows exact (66.7 %)" in done.stdout
    assert [line.split()[0] for line in done.stdout.splitlines() if line.startswith(("3 ", "7 "))] == ["3", "7"]
