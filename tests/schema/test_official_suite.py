"""The official JSON Schema test suite: no test is worse than the ratchet file beside this one says.

After a change for the better: ``python benchmarks/json_schema_suite.py --data … --ratchet tests/schema/suite_ratchet.json
--write``.
"""

from __future__ import annotations

import json
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
SUITE = ROOT.parent / "shared" / "corpora" / "json_schema_test_suite.json.gz"
RATCHET = Path(__file__).with_name("suite_ratchet.json")


@cache
def benchmark() -> Any:
    sys.path.insert(0, str(ROOT / "benchmarks"))
    try:
        import json_schema_suite
    finally:
        sys.path.pop(0)
    return json_schema_suite


@cache
def suite() -> dict[str, Any]:
    if not SUITE.exists():
        pytest.skip(f"the official test suite is not here: {SUITE}")
    return benchmark().read_suite(SUITE)  # type: ignore[no-any-return]


@pytest.mark.parametrize("draft", ["draft4", "draft6", "draft7", "draft2019-09", "draft2020-12"])
def test_official_suite_is_not_worse_than_recorded(draft: str) -> None:
    found = benchmark().run(suite(), [draft])
    lines = benchmark().worsened(found, json.loads(RATCHET.read_text(encoding="utf-8")))
    assert not lines, "\n".join(lines)


def test_suite_runner_tells_every_category() -> None:
    schema = {"type": "array", "items": {"type": "integer"}}
    runner = benchmark().Runner({})
    tests = [{"description": str(number), "data": data, "valid": valid} for number, (data, valid) in enumerate(
        [([1], True), (["a"], False), ([1], False), (["a"], True)])]
    assert [category for _, category in runner.group({"schema": schema, "tests": tests}, 2020, "core")] == [
        "pass", "pass", "accepts", "rejects"]
    refused = {"schema": {"$ref": "https://example.com/x"}, "tests": tests[:1]}
    assert list(runner.group(refused, 2020, "core")) == [("0", "refused: $ref")]


def test_ratchet_tells_what_is_worse_and_nothing_else() -> None:
    before = {"draft7": {"a.json": {"one": "pass", "two": "refused: not", "three": "rejects"}}}
    after = {"draft7": {"a.json": {"one": "refused: not", "two": "accepts", "three": "pass"}}}
    worsened, recorded = benchmark().worsened, benchmark().recorded
    assert worsened(before, recorded(before)) == []
    assert worsened(after, recorded(before)) == ["draft7/a.json: one: pass became refused: not",
                                                 "draft7/a.json: two: refused: not became accepts"]
    kept = benchmark().bettered(after, recorded(before))["draft7"]["a.json"]["not passing"]
    assert kept == {"two": "refused: not"}
    assert worsened(before, recorded({"draft7": {"a.json": {"one": "pass"}}})) == ["draft7/a.json: 3 tests, recorded 1"]
