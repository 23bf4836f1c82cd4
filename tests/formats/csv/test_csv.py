"""Tables of typed cells: read by Python's csv module and validated by the row type, both ways."""

from __future__ import annotations

import csv
import dataclasses
import datetime
import decimal
import enum
import io
import random
import uuid
from collections.abc import Callable
from typing import Annotated, Any, Literal, NamedTuple, NotRequired, TypedDict

import pytest
from laws.walks import ENGINES, compile_all, sample, walk_together
from pydantic import BaseModel, Field, create_model

from structgen import Compiler, Csv, Limits, ReadError, SchemaError, UnsupportedSchemaError, Vocabulary
from structgen.grammar.files import grammar

BYTES = Vocabulary([*(bytes([byte]) for byte in range(256)), None], [256])
COMPILERS = [Compiler(BYTES, engine=engine) for engine in ENGINES]  # type: ignore[arg-type]


class Size(enum.Enum):
    SMALL = "small"
    LARGE = 'large, "very"'


class Person(BaseModel):
    name: Annotated[str, Field(min_length=1, max_length=12)]
    age: Annotated[int, Field(ge=0, le=150)]
    member: bool
    size: Size | None
    born: datetime.date | None = None


def accepts(source: Any, text: str) -> bool:
    found = set()
    for compiler in COMPILERS:
        matcher = compiler.compile(source).matcher()
        found.add(bool(matcher.advance_bytes(text.encode()) and matcher.is_accepting))
    assert len(found) == 1
    return found.pop()


HEAD = "name,age,member,size,born\n"


@pytest.mark.parametrize(("rows", "right"), [
    ("Ada,36,true,small,1815-12-10\n", True),
    ("Ada,36,true,,\n", True),
    ('"Lovelace, A",0,false,"large, ""very""",\n', True),
    ('"""",150,false,,\n', True),
    ('"a\nb",1,true,,\n', True),
    ("", True),
    ("Ada,36,true,,\n\u00c9,1,true,,\n", True),
    ("Ada,36,true,,", False),
    (",36,true,,\n", False),
    ('"",36,true,,\n', False),
    ("Ada,151,true,,\n", False),
    ("Ada,036,true,,\n", False),
    ("Ada,36,True,,\n", False),
    ("Ada,36,true,large,\n", False),
    ("Ada,36,true,,1815-13-10\n", False),
    ("Ada,36,true,\n", False),
    ("Ada,36,true,,,\n", False),
    ('A"b,36,true,,\n', False),
    ('"A"b",36,true,,\n', False),
    ("Lovelace, A,36,true,,\n", False),
    ("thirteen char,36,true,,\n", False),
    ('"thirteen,char",36,true,,\n', False),
    ('"""""""""""""""""""""""""",36,true,,\n', True),
    ('"""""""""""""""""""""""""""",36,true,,\n', False),
    ("\n", False),
], ids=str)
def test_rows_are_typed(rows: str, right: bool) -> None:
    assert accepts(Csv(Person), HEAD + rows) == right


@pytest.mark.parametrize(("source", "yes", "no"), [
    (Csv(["a", "b"]), ["a,b\n", 'a,b\n,\n"x,y",z\n'], ["a\n", "a,b\nx\n", "a,b\nx,y"]),
    (Csv(["a"]), ["a\n", 'a\n""\nx\n'], ["a\n\n"]),
    (Csv({"a": int}), ["a\n1\n-20\n"], ["a\n1.0\n", "a\nx\n"]),
    (Csv({"a": int | None}), ['a\n1\n""\n'], ["a\n\n"]),
    (Csv({'a"b': int}), ['"a""b"\n1\n'], ['a"b\n1\n']),
    (Csv(["a", "b"], header=False), ["", "x,y\n"], ["x\n"]),
    (Csv(["a", "b"], delimiter="\t"), ["a\tb\n1,2\t3\n", 'a\tb\n"\t"\t\n'], ["a,b\n1,2\n"]),
    (Csv({"a": int, "b": int}, delimiter="-"), ['a-b\n"-1"-2\n'], ["a-b\n-1-2\n"]),
    (Csv(["a"], line_end="\r\n"), ["a\r\n", "a\r\nx\r\n"], ["a\n", "a\r\nx\n"]),
    (Csv(["a"], min_rows=2, max_rows=3), ["a\nx\ny\n", "a\nx\ny\nz\n"], ["a\nx\n", "a\nx\ny\nz\nw\n"]),
    (Csv({"a": int, "b": str}, quoting="all"), ['"a","b"\n"1","x"\n'], ['"a","b"\n1,"x"\n', "a,b\n1,x\n"]),
    (Csv({"a": int, "b": str}, quoting="texts"), ['"a","b"\n1,"x"\n'], ['"a","b"\n"1","x"\n', '"a","b"\n1,x\n']),
    (Csv({"a": Literal["x", 1, True, "y,z"]}), ['a\nx\n1\ntrue\n"y,z"\n'], ["a\n2\n", "a\nfalse\n", "a\ny\n"]),
    (Csv({"a": decimal.Decimal, "b": uuid.UUID}), ["a,b\n1.50,6ba7b810-9dad-11d1-80b4-00c04fd430c8\n"], ["a,b\n1,x\n"]),
    (Csv({"a": Annotated[str, Field(pattern='^["x]{2}$')]}),
     ['a\n""""""\n', 'a\n"x"""\n', "a\nxx\n"], ['a\n""\n', 'a\n"x"\n']),
], ids=lambda value: repr(value)[:60])
def test_options_mean_what_they_say(source: Csv, yes: list[str], no: list[str]) -> None:
    assert [text for text in yes if not accepts(source, text)] == []
    assert [text for text in no if accepts(source, text)] == []


class Loose(TypedDict):
    a: int
    b: NotRequired[int]


class Open(BaseModel, extra="allow"):
    a: int


class Nested(BaseModel):
    a: list[int]


@pytest.mark.parametrize(("rows", "position", "words"), [
    ({"a": str | None}, "column 'a'", "None or the empty text"),
    ({"a": int | str}, "column 'a'", "a text or a number"),
    ({"a": bool | str}, "column 'a'", "a text or a boolean"),
    ({"a": Literal["1", 1]}, "column 'a'", "the text '1'"),
    ({"a": Literal["true", True]}, "column 'a'", "the text 'true'"),
    ({"b": int, "a": Any}, "column 'a'", "more than a text"),
    (Nested, "column 'a'", "more than a text"),
    (Loose, "column 'b'", "absent"),
    (Open, None, "further fields"),
], ids=str)
def test_what_cells_cannot_tell_apart_is_refused(rows: Any, position: str | None, words: str) -> None:
    with pytest.raises(UnsupportedSchemaError) as caught:
        Csv(rows).to_grammar(Limits())
    assert words in caught.value.what
    assert caught.value.position == position


@pytest.mark.parametrize("make", [
    lambda: Csv(int), lambda: Csv([]), lambda: Csv({}), lambda: Csv(["a", "a"]), lambda: Csv("ab"), lambda: Csv([1]),
    lambda: Csv(["a"], delimiter='"'), lambda: Csv(["a"], delimiter=",,"), lambda: Csv(["a"], delimiter="\n"),
    lambda: Csv(["a"], quoting="none"), lambda: Csv(["a"], line_end="\r"), lambda: Csv(["a"], min_rows=-1),  # type: ignore[arg-type]
    lambda: Csv(["a"], min_rows=3, max_rows=2), lambda: Csv(["a"], max_rows=True), lambda: Csv(["\ud800"]),
])
def test_wrong_options_are_refused(make: Callable[[], Csv]) -> None:
    with pytest.raises(SchemaError):
        make().to_grammar(Limits())


@dataclasses.dataclass
class Point:
    x: float
    y: float


class Pair(NamedTuple):
    left: str
    right: int


class Entry(TypedDict):
    key: str
    value: int | None


def test_rows_are_read_as_values_of_their_type() -> None:
    person = Csv(Person).read(HEAD + '"a,b",36,true,"large, ""very""",1815-12-10\nc,1,false,,\n')
    assert person == [Person(name="a,b", age=36, member=True, size=Size.LARGE, born=datetime.date(1815, 12, 10)),
                      Person(name="c", age=1, member=False, size=None)]
    assert Csv(Point).read("x,y\n1.5,-2\n") == [Point(1.5, -2.0)]
    assert Csv(Entry).read("key,value\n1,\n,7\n") == [{"key": "1", "value": None}, {"key": "", "value": 7}]
    assert Csv({"a": Literal["x", 1, True], "b": int}).read("a,b\nx,1\n1,2\ntrue,3\n") == [
        {"a": "x", "b": 1}, {"a": 1, "b": 2}, {"a": True, "b": 3}]
    assert Csv(["a", "b"], header=False).read("1,\n") == [{"a": "1", "b": ""}]


@pytest.mark.parametrize(("text", "words"), [("a,c\n", "header"), ("", "header"), ("a,b\n1\n", "has 1 cells"),
                                             ("a,b\nx,2\n", "not a value"), ('a,b\n"1,2\n', "no table")])
def test_reading_says_what_is_wrong(text: str, words: str) -> None:
    with pytest.raises(ReadError, match=words):
        Csv({"a": int, "b": int}).read(text)


# --- random row types -------------------------------------------------------------------------------------------------

LETTERS = 'ab,";\t \n\u00e9\u4e2d\U0001f600-1.'


def random_text(chance: random.Random, least: int, most: int) -> str:
    return "".join(chance.choice(LETTERS) for _ in range(chance.randint(least, most)))


def random_field(chance: random.Random) -> tuple[Any, Callable[[], Any]]:
    """A type and a maker of its values, as JSON scalars."""
    low, size = chance.randint(-120, 100), chance.randint(0, 130)
    words = chance.sample(["x", "a,b", 'say "hi"', "", "two\nlines", "\u00e9t\u00e9", "-"], chance.randint(1, 4))
    fields: list[tuple[Any, Callable[[], Any]]] = [
        (int, lambda: chance.randint(-10**6, 10**6)),
        (Annotated[int, Field(ge=low, le=low + size)], lambda: chance.randint(low, low + size)),
        (Annotated[int, Field(multiple_of=5, ge=0, le=1000)], lambda: 5 * chance.randint(0, 200)),
        (float, lambda: chance.randint(-999, 999) / 8),
        (Annotated[float, Field(gt=low, le=low + 1)], lambda: low + chance.randint(1, 4) / 4),
        (bool, lambda: chance.random() < 0.5),
        (str, lambda: random_text(chance, 0, 8)),
        (Annotated[str, Field(min_length=2, max_length=5)], lambda: random_text(chance, 2, 5)),
        (Annotated[str, Field(max_length=3)], lambda: random_text(chance, 0, 3)),
        (Annotated[str, Field(pattern='^[a-c",]{1,4}$')], lambda: "".join(chance.choices('abc",', k=chance.randint(1, 4)))),
        (Annotated[str, Field(pattern='"', min_length=1, max_length=4)], lambda: random_text(chance, 0, 3) + '"'),
        (datetime.date, lambda: f"20{chance.randint(10, 99)}-0{chance.randint(1, 9)}-1{chance.randint(0, 9)}"),
        (uuid.UUID, lambda: str(uuid.UUID(int=chance.getrandbits(128)))),
        (Literal[tuple(words)], lambda: chance.choice(words)),  # type: ignore[valid-type]
        (Literal[1, 20, 300], lambda: chance.choice([1, 20, 300])),
    ]
    tp, value = chance.choice(fields)
    may_be_empty = value is not fields[6][1] and value is not fields[8][1] and not (value is fields[13][1] and "" in words)
    if may_be_empty and chance.random() < 0.3:
        return tp | None, lambda: None if chance.random() < 0.3 else value()
    return tp, value


def spelled(value: Any, source: Csv, alone: bool) -> str:
    """One cell as a writer of CSV would write it, said once more."""
    cell = "" if value is None else ("true" if value else "false") if isinstance(value, bool) else str(value)
    quote = any(character in cell for character in (source.delimiter, '"', "\r", "\n")) or (alone and not cell)
    if quote or source.quoting == "all" or (source.quoting == "texts" and isinstance(value, str)):
        return '"' + cell.replace('"', '""') + '"'
    return cell


def check_random_type(chance: random.Random) -> None:
    """Samples are read back to valid rows, and every row of the type has its spelling."""
    fields = [random_field(chance) for _ in range(chance.randint(1, 5))]
    row: Any = create_model("Row", **{f"c{i}": (tp, ...) for i, (tp, _) in enumerate(fields)})  # type: ignore[call-overload]
    source = Csv(row, header=chance.random() < 0.7, delimiter=chance.choice(",;\t"), min_rows=chance.randint(0, 2),
                 max_rows=chance.choice([None, 2, 4]), quoting=chance.choice(["minimal", "minimal", "texts", "all"]),
                 line_end=chance.choice(["\n", "\r\n"]))
    both = compile_all(source)
    walk_together(both, chance.randrange(10**6), 25)
    for compiled in both:
        for _ in range(2):
            made = sample(compiled.matcher(), chance, 15, 400)
            assert made is not None
            rows = source.read(made.decode())
            assert len(rows) >= source.min_rows
            assert source.max_rows is None or len(rows) <= source.max_rows
            lines = list(csv.reader(io.StringIO(made.decode(), newline=""), delimiter=source.delimiter, strict=True))
            for cells, value in zip(lines[source.header :], rows, strict=True):
                row.model_validate(value.model_dump())
                assert len(cells) == len(fields)
            if source.delimiter == ",":
                assert accepts(grammar("csv"), made.decode())
    for _ in range(3):
        count = chance.randint(source.min_rows, source.max_rows or 3)
        values = [[value() for _, value in fields] for _ in range(count)]
        lines = [[spelled(value, source, len(fields) == 1) for value in row] for row in values]
        if source.header:
            lines.insert(0, [f'"c{i}"' if source.quoting != "minimal" else f"c{i}" for i in range(len(fields))])
        text = "".join(source.delimiter.join(line) + source.line_end for line in lines)
        assert accepts(source, text), (source, text)
        if source.quoting == "minimal":
            out = io.StringIO(newline="")
            writer = csv.writer(out, delimiter=source.delimiter, lineterminator=source.line_end)
            cells = [["" if v is None else str(v).lower() if isinstance(v, bool) else v for v in row] for row in values]
            writer.writerows([[f"c{i}" for i in range(len(fields))]] * source.header + cells)
            assert out.getvalue() == text
        found = source.read(text)
        assert [one.model_dump(mode="json") for one in found] == [
            row.model_validate({f"c{i}": v for i, v in enumerate(value)}).model_dump(mode="json") for value in values]


@pytest.mark.parametrize("seed", range(12))
def test_random_row_types(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(3):
        check_random_type(chance)


@pytest.mark.parametrize(("text", "right"), [
    ("", True), ("a,b\n1,2\n", True), ('"a,""b""\n",\r\n,x', True), ('a"b', False), ('"a', False), ('"a"b', False),
    ("a\rb", False),
])
def test_untyped_tables(text: str, right: bool) -> None:
    assert accepts(grammar("csv"), text) == right
