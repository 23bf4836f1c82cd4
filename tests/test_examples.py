"""Every example runs as its own process, offline, and its assertions hold."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_example_runs_offline(example: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path),
                   "PYTHONWARNINGS": "ignore"}
    done = subprocess.run([sys.executable, str(example)], capture_output=True, text=True, check=False, cwd=tmp_path,
                          env=environment, timeout=300)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


def test_examples_are_short() -> None:
    assert EXAMPLES
    for example in EXAMPLES:
        assert len(example.read_text(encoding="utf-8").splitlines()) <= 60, f"{example.name} is longer than 60 lines"
