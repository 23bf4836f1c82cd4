"""The model of damaged tables: every kind has places, what is not damaged is clean, and nearly all is read as meant."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import structgen as sg

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))


def read(sample: Any) -> Any:
    try:
        return sg.read(sample.text, sg.JsonSchema(sample.schema), format="csv")
    except sg.ReadError:
        return None


def test_damaged_tables_are_read_as_they_were_meant() -> None:
    from damage import samples
    from damage.csv_text import MODEL

    damaged = samples(MODEL, 3 * len([*MODEL.damages, *MODEL.around]), 11, share=1.0)
    assert {kind for sample in damaged for kind in sample.kinds} == {*MODEL.damages, *MODEL.around}
    right = [reading is not None and reading.value == sample.value for sample, reading in (
        (sample, read(sample)) for sample in damaged)]
    assert sum(right) >= 0.97 * len(right)
    assert all(len(sample.text) for sample in damaged)


def test_sound_tables_take_no_repair() -> None:
    from damage import samples
    from damage.csv_text import MODEL

    for sample in samples(MODEL, 60, 12, share=0.001):
        reading = read(sample)
        assert reading is not None
        assert reading.value == sample.value
        assert reading.is_clean, str(reading)
