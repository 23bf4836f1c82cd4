"""What becomes of every keyword, place by place."""

from __future__ import annotations

from typing import Any

import pytest

from structgen import JsonSchema, Limits
from structgen.errors import SchemaError
from structgen.formats.json.report import Row, as_table, reason, report

HARD: dict[str, Any] = {
    "title": "Hard", "type": "object",
    "properties": {"a/b": {"if": {"minimum": 1}, "then": {"maximum": 5}, "type": "number"},
                   "c": {"then": {"type": "null"}, "format": "colour", "x-own": 1},
                   "d": {"type": "array", "items": {"enum": [[], {}]}, "minItems": 3, "uniqueItems": True},
                   "e": {"format": "hostname"}, "f": {"$ref": "#/$defs/host"}},
    "$defs": {"host": {"type": "string", "format": "idn-hostname"}, "other": {"format": "idn-hostname"}},
}


def found(schema: Any, **options: Any) -> dict[tuple[str, str], tuple[str, str]]:
    return {(row.pointer, row.keyword): (row.status, row.note) for row in report(JsonSchema(schema, **options), Limits())}


def test_report_tells_every_place_of_every_keyword() -> None:
    rows = found(HARD)
    assert rows["#", "type"] == rows["#/properties/a~1b", "if"] == rows["#/properties/a~1b", "then"] == ("enforced", "")
    assert rows["#/properties/a~1b/then", "maximum"] == ("enforced", "")
    assert rows["#/properties/c", "then"] == ("a comment", "nothing without 'if' beside it")
    assert rows["#/properties/c", "format"] == ("a comment", "JSON Schema defines no format 'colour'")
    assert rows["#/properties/c", "x-own"] == ("a comment", "no keyword")
    assert rows["#/properties/d", "uniqueItems"] == ("refused", "")
    assert rows["#/properties/e", "format"] == ("enforced", 'hostname: no label that begins with "xn--"')
    assert rows["#/$defs/host", "format"] == ("refused", "")
    assert rows["#/$defs/other", "format"][0] == "a comment"
    assert ("#", "title") not in rows


def test_report_of_options() -> None:
    assert found(HARD, on_unsupported="validate")["#/properties/d", "uniqueItems"] == ("left to validation", "")
    assert found(HARD, formats="annotation")["#/$defs/host", "format"] == ("a comment", 'formats="annotation"')
    assert found({"contentEncoding": "base64"})["#", "contentEncoding"][0] == "a comment"


def test_report_names_what_is_refused_outside_the_schema() -> None:
    rows = report(JsonSchema({"$ref": "http://b.example/x"}, registry={"http://b.example/x": {"format": "idn-hostname"}}),
                  Limits())
    assert [row.status for row in rows if row.keyword == "format"] == ["refused"]


def test_report_agrees_with_compiling() -> None:
    assert "uniqueItems" in reason(JsonSchema(HARD), Limits())
    assert reason(JsonSchema({"type": "null"}), Limits()) == ""
    with pytest.raises(SchemaError):
        report(JsonSchema({"type": "strnig"}), Limits())


def test_table_groups_places() -> None:
    rows = [Row("type", "enforced", f"#/{i}") for i in range(5)] + [Row("not", "refused", "#", "why")]
    lines = as_table(rows).splitlines()
    assert lines[1].split() == ["not", "refused", "#", "(why)"]
    assert lines[2].split() == ["type", "enforced", "#/0,", "#/1,", "#/2", "and", "2", "more"]
