"""``structgen repair``: values on standard output, repairs on standard error, and what the exit code says."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from structgen.__main__ import main


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with texts, a module with a type and a rule, and a schema."""
    (tmp_path / "clean.json").write_text('{"x": 1}')
    (tmp_path / "damaged.txt").write_text("Here: {x: '2',}")
    (tmp_path / "prose.txt").write_text("No.")
    (tmp_path / "repair_shapes.py").write_text(
        "from typing import TypedDict\nimport structgen as sg\n\nclass Point(TypedDict):\n    x: int\n\n"
        "@sg.repair_rule('json')\ndef dashes(text):\n    at = text.find(' - ')\n"
        "    return [(at, at + 3, ': ')] if at >= 0 else []\n")
    (tmp_path / "schema.json").write_text('{"properties": {"x": {"maximum": 1}}}')
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(("arguments", "code", "out", "err"), [
    (["clean.json"], 0, '{\n  "x": 1\n}\n', ""),
    (["damaged.txt"], 3, '{\n  "x": "2"\n}\n', "1:14: trailing-comma at $: ',' -> ''"),
    (["damaged.txt", "--type", "repair_shapes:Point"], 3, '{\n  "x": 2\n}\n', "text-to-number at $.x"),
    (["prose.txt"], 1, "", "structgen: 1:1: there is no value in the text"),
    (["clean.json", "damaged.txt", "prose.txt"], 1, '{"x":1}\n{"x":"2"}\n', "structgen: prose.txt:1:1: there is no value"),
    (["damaged.txt", "--max-cost", "0"], 1, "", "max_cost is 0"),
    (["damaged.txt", "--schema", "schema.json"], 1, "", "no value of the type"),
    (["clean.json", "--format", "xyz"], 1, "", "there is no format 'xyz'"),
    (["missing.json"], 1, "", "missing.json cannot be read"),
    (["missing", "--stats"], 1, "", "missing cannot be read"),
    (["clean.json", "--rules", "repair_shapes:Point"], 1, "", "is no repair rule"),
])  # fmt: skip
def test_repair_prints_and_exits(folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int,
                                 out: str, err: str) -> None:
    if "--schema" in arguments:
        (folder / "schema.json").write_text('{"type": "object", "required": ["y"]}')
    assert main(["repair", *arguments]) == code
    printed = capsys.readouterr()
    assert printed.out == out
    assert err in printed.err
    assert bool(printed.err) == bool(err)


def test_repair_reads_standard_input_and_uses_rules(folder: Path, capsys: pytest.CaptureFixture[str],
                                                    monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b'{"x" - 1}')))
    assert main(["repair", "-", "--rules", "repair_shapes:dashes"]) == 3
    printed = capsys.readouterr()
    assert json.loads(printed.out) == {"x": 1}
    assert printed.err == "1:5: rule:dashes at $: ' - ' -> ': '\n"


def test_repair_counts_over_a_folder(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "answers").mkdir()
    rows = [{"model": "m", "text": text} for text in ('{"a": 1}', "[1, 2,]", "[3,]")]
    (folder / "answers" / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n")
    assert main(["repair", "--stats", "answers"]) == 3
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["m: 3 answers, 1 clean, 2 repaired, 0 failed", "       2  trailing-comma"]
    assert main(["repair", "--stats", "answers", "--field", "model"]) == 1
