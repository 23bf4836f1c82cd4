"""Damaged tables: what each kind of damage is read as, by which repairs; and valid tables, which stay as they are."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal

import pytest

import structgen as sg
from structgen.formats.base import format_named

CORPORA = Path(__file__).parents[3].parent / "shared" / "corpora"
PEOPLE = [["name", "age"], ["Ada", "36"], ["Bob", "41"]]


@dataclass
class Person:
    name: str
    age: int
    role: Literal["admin", "guest"] | None = None
    born: date | None = None


def kinds(reading: sg.Reading) -> list[str]:
    return [repair.kind for repair in reading.repairs]


@pytest.mark.parametrize(("text", "kind"), [
    ("name,age\nAda,36\nBob,41", None),
    ("name,age\r\nAda,36\r\nBob,41\r\n", None),
    ('"name","age"\n"Ada","36"\n"Bob","41"\n', None),
    ("name;age\nAda;36\nBob;41", "other-delimiter"),
    ("name\tage\nAda\t36\nBob\t41", "other-delimiter"),
    ("name || age\nAda || 36\nBob || 41", "other-delimiter"),
    ("sep=;\nname;age\nAda;36\nBob;41", "wrapper"),
    ("name   age\nAda    36\nBob    41", "other-delimiter"),
    ("name,age\nAda,36\nBob;41", "other-delimiter"),
    ("name, age\nAda, 36\nBob, 41", "white-space"),
    ("| name | age |\n|:---|---:|\n| Ada | 36 |\n| Bob | 41 |", "markdown-table"),
    ("+------+-----+\n| name | age |\n+======+=====+\n| Ada  | 36  |\n| Bob  | 41  |\n+------+-----+", "markdown-table"),
    ("name,age,\nAda,36,\nBob,41,", "trailing-delimiter"),
    ("name,age\nAda,36,\nBob,41,", "trailing-delimiter"),
    ("name,age\nAda,36\nname,age\nBob,41", "repeated-header"),
    ("name,age\n----,---\nAda,36\nBob,41", "separator-line"),
    ("name,age\n\nAda,36\n\n\nBob,41", "blank-line"),
    ("name,age\nAda,36\n# old, data\nBob,41", "comment"),
    ("name,age\nAda,36\n...\nBob,41", "ellipsis"),
    ("name,age\n1,Ada,36\n2,Bob,41", "row-number"),
    ("\ufeffname,age\nAda,36\nBob,41", "byte-order-mark"),
    ("'name','age'\n'Ada','36'\n'Bob','41'", "quote-style"),
    ("name,age\\nAda,36\\nBob,41", "escaped-newline"),
    ("```csv\nname,age\nAda,36\nBob,41\n```", "code-fence"),
    ("<think>a,b</think>\nname,age\nAda,36\nBob,41", "thinking"),
    ("Here you are:\n\nname,age\nAda,36\nBob,41\n\nIs that, by any chance, enough?", "surrounding-text"),
    ('[["name", "age"], ["Ada", 36], ["Bob", 41]]', "other-format"),
    ('{"name": "Ada", "age": 36}\n{"name": "Bob", "age": 41}', "other-format"),
    ("<table><tr><th>name<th>age</tr><tr><td>Ada<td>36</tr><tr><td>Bob<td>41</tr></table>", "other-format"),
    ("name: Ada, age: 36\nname: Bob, age: 41", "other-format"),
    ("1. name=Ada; age=36\n2. name=Bob; age=41", "other-format"),
    ("| name | age |\n|---|---|\n| **Ada** | 36 |\n| Bob | 41 |", "emphasis"),
])  # fmt: skip
def test_one_table_in_many_shapes(text: str, kind: str | None) -> None:
    reading = sg.read(text, format="csv")
    assert reading.value == PEOPLE
    assert kinds(reading)[:1] == ([] if kind is None else kinds(reading)[:1])
    assert kind is None or kind in kinds(reading)
    assert kind is not None or reading.is_clean


@pytest.mark.parametrize(("row", "cells"), [
    ("1,Leeds, England,7.5", ["1", "Leeds, England", "7.5"]),
    ("1,Leeds,1,234.50", ["1", "Leeds", "1,234.50"]),
    ('1,"a "b" c",2', ["1", 'a "b" c', "2"]),
    ('1,"say "a, b", ok",2', ["1", 'say "a, b", ok', "2"]),
    ('1,"a \\"b\\" c",2', ["1", 'a "b" c', "2"]),
    ('1,"never closed, so,2', ["1", "never closed, so", "2"]),
    ("1,\u201ca, b\u201d,2", ["1", "a, b", "2"]),
    ("1,'a, b',2", ["1", "a, b", "2"]),
    ("1,a", ["1", "a", ""]),
    ('1,"two\nlines",2', ["1", "two\nlines", "2"]),
    ('1,"two\nvery "bad" lines",2', ["1", 'two\nvery "bad" lines', "2"]),
])  # fmt: skip
def test_cells_of_a_damaged_row(row: str, cells: list[str]) -> None:
    assert sg.read(f"id,text,size\n5,some,1.5\n{row}\n6,more,2", format="csv").value == [
        ["id", "text", "size"], ["5", "some", "1.5"], cells, ["6", "more", "2"]]


@pytest.mark.parametrize(("header", "kind"), [
    ("Name,AGE", "field-name"), ("age,name", "column-order"), ("id,name,age", "extra-column"), ("nmae,age", "field-name"),
    ("name:string,age:int", "field-name"), ("**name**,age (years)", "field-name"),
    ("Full name,Age in years", "field-name"), ("firstName,age", "field-name"),
    ("name,lifespan", "renamed-column"), (None, "missing-header"),
])  # fmt: skip
def test_headers_of_known_columns(header: str | None, kind: str) -> None:
    names = ["name", "age"] if header is None else header.split(",")
    order = [("name", "Ada"), ("age", "36")] if names[0] != "age" else [("age", "36"), ("name", "Ada")]
    row = ",".join(["7"] * (names[0] == "id") + [cell for _, cell in order])
    reading = sg.read("\n".join(filter(None, [header, row])), format="csv", columns=["name", "age"])
    assert reading.value == [["name", "age"], ["Ada", "36"]]
    assert kind in kinds(reading)


@pytest.mark.parametrize("delimiter", ["\uff0c", "\u060c", "^", " ~ "])
def test_an_unusual_delimiter_between_known_columns(delimiter: str) -> None:
    text = "\n".join(delimiter.join(row) for row in PEOPLE)
    assert sg.read(text, list[Person], format="csv").value == [Person("Ada", 36), Person("Bob", 41)]


@pytest.mark.parametrize(("lines", "rows"), [
    # a lone quote of another style is a letter; so is a pair that no delimiter needs
    (["\u00ab,1", "x,2", "y"], [["\u00ab", "1"], ["x", "2"], ["y", ""]]),
    (["\u00aba,b\u00bb", "x"], [["\u00aba", "b\u00bb"], ["x", ""]]),
    (["\u201ca, b\u201d,1", "\u201cc\u201d,2"], [["a, b", "1"], ["c", "2"]]),
    (['\u201ca, b\u201d,"1"', '"say \u201cx, y\u201d",2'], [["a, b", "1"], ["say \u201cx, y\u201d", "2"]]),
    (["\u2502,|", "x"], [["\u2502", "|"], ["x", ""]]),
    ([",||", "0"], [["", "||"], ["0", ""]]),
])
def test_quotes_and_bars_of_another_style_are_letters_where_nothing_else_is_said(
        lines: list[str], rows: list[list[str]]) -> None:
    assert sg.read("\n".join(["k,v", *lines]), format="csv").value == [["k", "v"], *rows]


def test_a_quote_that_is_not_closed_in_rows_that_end_in_a_delimiter() -> None:
    text = 'a,b,c\n"x, y","z",1,\n"x","z",2,\n"not closed,"z",3,'
    assert sg.read(text, format="csv").value[-1] == ["not closed", "z", "3"]
    assert sg.read("| a | b |\n|---|---|\n| `f()` | x<br>y |", format="csv").value[-1] == ["`f()`", "x\ny"]


def test_a_line_of_delimiters_or_of_spaces_is_said() -> None:
    assert kinds(sg.read("1\r\t", format="csv")) == ["trailing-delimiter"]
    assert kinds(sg.read('"a"\n \n', format="csv")) == ["blank-line"]
    assert kinds(sg.read("name\nSmith, John\nBob", format="csv")) == ["unescaped-delimiter"]


def test_a_damaged_table_of_too_many_lines_is_refused_and_a_valid_one_is_read() -> None:
    text = "a,b\n" + "--,1\n" * 25_000
    assert sg.read(text, format="csv").value[-1] == ["--", "1"]
    with pytest.raises(sg.ReadError, match="21000 lines"):
        sg.read(text + "x", format="csv")


def test_typed_cells_cost_nothing_as_csv_writes_them_and_something_else() -> None:
    clean = sg.read("name,age,role,born\nAda,36,admin,1815-12-10\nBob,41,,\n", list[Person], format="csv")
    assert clean.value == [Person("Ada", 36, "admin", date(1815, 12, 10)), Person("Bob", 41)]
    assert clean.is_clean
    loose = sg.read("Name;Age;Role\nAda;$36;ADMIN\nBob;41 ;", list[Person], format="csv")
    assert loose.value == [Person("Ada", 36, "admin"), Person("Bob", 41)]
    assert [(one.kind, one.path) for one in loose.repairs if one.path != "$"] == [
        ("text-to-number", "$[0].age"), ("label-spelling", "$[0].role"), ("text-to-number", "$[1].age")]


def test_a_source_says_how_its_texts_are_read() -> None:
    assert sg.read("age\tname\n36\tAda", sg.Csv(Person, delimiter="\t")).value == [Person("Ada", 36)]
    assert sg.read("Ada,36", sg.Csv({"name": str, "age": int}, header=False)).value == [{"name": "Ada", "age": 36}]
    assert sg.read("a,b\n1,2", sg.Csv(["a", "b"])).value == [{"a": "1", "b": "2"}]
    assert kinds(sg.read("name;age\nAda;36", sg.Csv(Person))) == ["other-delimiter"]
    assert kinds(sg.read("name;age\nAda;36", sg.Csv(Person, delimiter=";"))) == []
    assert kinds(sg.read("name,age\nAda,36", sg.Csv({"name": str, "age": int}, header=False))) == ["repeated-header"]


@pytest.mark.parametrize(("text", "options", "message"), [
    ("", {}, "no value"), ("I'm sorry, but I cannot do that.", {}, "no value"), ("No table here", {}, "no value"),
    ("a,b,c\n1,2,3", {"columns": ["name", "age"]}, "3 cells and no header"),
    ("name,x,y\nAda,2,3", {"columns": ["name", "age"]}, "no column 'age'"),
    ("name,name\nAda,Bob", {"columns": ["name", "age"]}, "occurs twice"),
])  # fmt: skip
def test_what_is_no_table_is_refused(text: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(sg.ReadError, match=message):
        sg.read(text, format="csv", **options)


@pytest.mark.parametrize(("text", "message"), [
    ("name\nAda\nBob", "lacks the required field 'age'"), ("name,age\nAda,old", "'old' is no integer"),
    ("name,age\nAda,", "lacks the required field 'age'"), ("name,age,role\nAda,3,king", "is none of 'admin', 'guest'"),
])  # fmt: skip
def test_typed_rows_invent_nothing(text: str, message: str) -> None:
    with pytest.raises(sg.ReadError, match=message):
        sg.read(text, list[Person], format="csv")


def test_a_row_that_was_cut_off_is_left_away_aloud() -> None:
    reading = sg.read("name,age\nAda,36\nBo", list[Person], format="csv")
    assert reading.value == [Person("Ada", 36)]
    assert kinds(reading) == ["cut-row"]


@pytest.mark.parametrize("options", [{"columns": "name"}, {"columns": []}, {"delimiter": ",,"}, {"colums": ["a"]}], ids=str)
def test_wrong_options_are_named(options: dict[str, Any]) -> None:
    with pytest.raises(sg.SchemaError, match=next(iter(options))):
        sg.read("a,b", format="csv", **options)


def test_no_table_of_a_type_without_rows() -> None:
    with pytest.raises(sg.SchemaError, match="no table"):
        sg.read("a,b", int, format="csv")


def corpus(name: str) -> list[dict[str, Any]]:
    path = CORPORA / name
    if not path.exists():
        pytest.skip(f"the corpus of damaged tables is not here: {path}")
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_the_corpus_of_damaged_tables() -> None:
    wrong = []
    for row in corpus("csv_broken.jsonl"):
        options = {"columns": row["columns"]} if row.get("columns") else {}
        try:
            got = sg.read(row["input"], format="csv", **options).value
        except sg.ReadError:
            got = None
        if not row["contested"] and got != (None if row.get("expect_error") else row["expected"]):
            wrong.append(f"{row['id']}: {got}")
    assert wrong == []


def test_hostile_tables_end() -> None:
    for row in corpus("outputs_hostile.jsonl"):
        if row["kind"] == "csv_text":
            try:
                sg.read(row["input"], format="csv")
            except sg.ReadError as error:
                assert str(error)


def test_what_is_written_is_valid_csv() -> None:
    value = [["a", "b"], ["1,5", 'say "x"'], ["", "=1+1"]]
    text = format_named("csv").write(value)
    assert list(csv.reader(io.StringIO(text, newline=""), strict=True)) == value


def test_formula_cells_are_made_texts_only_when_asked() -> None:
    source = sg.Csv(["a", "b"])
    rows = [["=1+1", "x"], ["-5", "@y"]]
    assert source.write(rows) == "a,b\n=1+1,x\n-5,@y\n"
    assert source.write(rows, neutral=True) == "a,b\n'=1+1,x\n'-5,'@y\n"


def test_partial_rows_appear_when_their_line_ends() -> None:
    reader = sg.PartialReader(format="csv")
    pieces = ("Here it is:\nname,a", "ge\nAda,36", "\n\"B\nb\",4", "1\nE", "ve,5\n")
    shown = [len(reader.feed(piece) or []) for piece in pieces]
    assert shown == [0, 1, 2, 3, 4]
    assert reader.value == [["name", "age"], ["Ada", "36"], ["B\nb", "41"], ["Eve", "5"]]
    assert (reader.is_finished(3), reader.is_finished(4)) == (True, False)
