"""The benchmark of reading runs; its writers write what is meant, and structgen reads what its damage model damages."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.mark.parametrize(("name", "judge", "least"), [("yaml", "PyYAML 1.2", 98.0), ("json", "json.loads", 93.0)])
def test_the_benchmark_of_reading(name: str, judge: str, least: float) -> None:
    done = subprocess.run([sys.executable, str(ROOT / "benchmarks" / "read_benchmark.py"), name, "--count", "600",
                           "--share", "0.4", "--seed", "1"], capture_output=True, text=True, check=True, timeout=300,
                          env={"PYTHONPATH": str(ROOT)})
    lines = done.stdout.splitlines()
    head = next(line for line in lines if "structgen" in line and judge in line)
    cells = {line.split()[0]: line.split()[1:] for line in lines if line.startswith(("undamaged ", "damaged "))}
    readers = [one.strip() for one in head.split("  ") if one.strip()][1:]
    exact = {reader: float(cells["undamaged"][3 * at + 3]) for at, reader in enumerate(readers)}
    assert exact["structgen"] == exact[judge] == 100.0  # so what is written is what is meant
    assert cells["damaged"][0] == "240"
    assert float(cells["damaged"][3]) >= least


def test_every_kind_of_damage_is_made() -> None:
    sys.path.insert(0, str(ROOT / "benchmarks"))
    try:
        from damage import samples
        from damage.json_text import MODEL as JSON
        from damage.yaml_damage import MODEL as YAML
    finally:
        sys.path.remove(str(ROOT / "benchmarks"))
    for model in (YAML, JSON):
        made = samples(model, 120, seed=2, share=1.0)
        assert {kind for sample in made for kind in sample.kinds} == {*model.damages, *model.around}
        assert samples(model, 20, seed=2) == samples(model, 20, seed=2)
