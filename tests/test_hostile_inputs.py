"""Hostile input in processes of their own: no file, no connection, and every row of a corpus ends as it should."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from laws.walks import ENGINES

TESTS = Path(__file__).parent
HOSTILE = TESTS.parent.parent / "shared" / "corpora" / "schemas_hostile.jsonl"

AUDITED = """
import sys, socket, json
sys.path.insert(0, {tests!r})
from oracle import VOCABULARY
from structgen import Compiler, JsonSchema, StructgenError
compiler = Compiler(VOCABULARY)
warm = {{"type": "object", "properties": {{"a": {{"type": "string", "format": "date", "pattern": "a"}}}}}}
compiler.compile(JsonSchema(warm)).matcher().mask()
import jsonschema_specifications  # the metaschemas come with this package, whose files are read when it is imported
refused = ("socket.", "urllib.", "http.", "subprocess.", "os.system", "exec")
seen = []
def hook(event, arguments):
    opened = str(arguments[0]) if event == "open" else ".py"
    if event.startswith(refused) or not (opened.endswith((".py", ".pyc")) or "__pycache__" in opened):
        seen.append((event, str(arguments)[:200]))
sys.addaudithook(hook)
for reference in ("http://example.com/schema.json", "https://json-schema.org/draft/2020-12/schema", "other.json",
                  "file:///etc/passwd", "/etc/passwd", "urn:x:y", "ftp://example.com/x#/a"):
    for schema in ({{"$ref": reference}}, {{"$schema": reference, "type": "null"}},
                   {{"$id": reference, "$ref": "x.json"}},
                   {{"$dynamicRef": reference}}, {{"items": {{"$ref": reference + "#/definitions/a"}}}}):
        for given in (schema, json.dumps(schema)):
            try:
                compiler.compile(JsonSchema(given)).matcher().mask()
            except StructgenError:
                pass
print(json.dumps(seen))
"""


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(TESTS), "PYTHONWARNINGS": "ignore"}


def test_references_open_no_file_and_no_connection() -> None:
    done = subprocess.run(
        [sys.executable, "-c", AUDITED.format(tests=str(TESTS))],
        capture_output=True,
        text=True,
        timeout=60,
        env=environment(),
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == []


def hostile_rows() -> list[dict[str, Any]]:
    if not HOSTILE.exists():
        pytest.skip(f"the corpus of hostile schemas is not here: {HOSTILE}")
    rows = [json.loads(line) for line in HOSTILE.read_text(encoding="utf-8").splitlines()]
    return [row for row in rows if row["kind"] in ("json_schema", "regex", "lark", "gbnf")]


def outcomes(rows: list[dict[str, Any]], engine: str) -> list[str]:
    """What became of each row; a row that ends its process is told by the signal, and the next gets a new process."""
    found: list[str] = []
    while len(found) < len(rows):
        lines = "".join(json.dumps(row) + "\n" for row in rows[len(found) :])
        done = subprocess.run(
            [sys.executable, str(TESTS / "hostile_worker.py"), engine],
            input=lines,
            capture_output=True,
            text=True,
            env=environment(),
        )
        found += [json.loads(line) for line in done.stdout.splitlines()]
        if len(found) < len(rows):
            found.append(
                "hangs"
                if done.returncode == -signal.SIGALRM
                else f"ends the process ({done.returncode}): {done.stderr[-300:]}"
            )
    return found


@pytest.mark.parametrize("engine", ENGINES)
def test_hostile_schemas_patterns_and_grammars_end_as_they_should(engine: str) -> None:
    rows = hostile_rows()
    wrong = []
    for row, outcome in zip(rows, outcomes(rows, engine), strict=True):
        right = {
            "clear_error": outcome.startswith("refused"),
            "compiles": outcome == "ok",
            "either": outcome == "ok" or outcome.startswith("refused"),
        }
        if not right[row["expect"]]:
            wrong.append(f"{row['id']} {row['kind']} ({row['why']}) should be {row['expect']}: {outcome}")
    assert not wrong, "\n".join(wrong)
