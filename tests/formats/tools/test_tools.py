"""Calls of tools: what the masks take, what is read, what is run; jsonschema and Python's own signatures are the judges."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime
import inspect
import json
import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal, TypedDict

import pytest
from laws.walks import ENGINES, compile_all, sample, walk_together
from pydantic import BaseModel, Field

from structgen import (
    Compiler,
    FreeText,
    ReadError,
    SchemaError,
    StructgenError,
    Then,
    ToolCall,
    ToolError,
    Tools,
    ToolStyle,
    UnsatisfiableError,
    UnsupportedSchemaError,
    Vocabulary,
    read,
)
from structgen.generation.target import as_target

FOLDER = str(Path(__file__).resolve().parents[3] / "benchmarks")
sys.path.insert(0, FOLDER)
import tool_calls  # noqa: E402

sys.path.remove(FOLDER)

CORPUS = Path(__file__).resolve().parents[4] / "shared" / "corpora" / "tool_calls_bfcl.jsonl"
BYTES = Vocabulary([*(bytes([byte]) for byte in range(256)), None], [256])
COMPILERS = [Compiler(BYTES, engine=engine) for engine in ENGINES]  # type: ignore[arg-type]


def accepts(source: Any, text: str) -> bool:
    found = set()
    for one in COMPILERS:
        matcher = one.compile(source).matcher()
        found.add(bool(matcher.advance_bytes(text.encode()) and matcher.is_accepting))
    assert len(found) == 1
    return found.pop()


def reads(tools: Tools, text: str) -> bool:
    try:
        tools.parse(text)
    except ReadError:
        return False
    return True


class Person(BaseModel):
    """Somebody."""

    name: str
    age: int


@dataclasses.dataclass
class Point:
    x: float
    y: float = 0.0


class Place(TypedDict):
    city: str


def weather(city: str, day: datetime.date, unit: Literal["c", "f"] = "c") -> str:
    """The weather of a city."""
    assert isinstance(day, datetime.date)
    return f"{city} {day:%d.%m.} {unit}"


def greet(person: Person, times: Annotated[int, Field(ge=1, le=3)] = 1) -> str:
    return f"Hello {person.name}! " * times


async def wait(seconds: float) -> float:
    await asyncio.sleep(0)
    return seconds


def fails() -> None:
    raise ValueError("on purpose")


SCHEMA = {
    "type": "object",
    "properties": {"a": {"type": "integer"}, "b": {"type": "array", "items": {"$ref": "#/$defs/c"}}},
    "required": ["a"],
    "$defs": {"c": {"enum": ["x", "y"]}},
}
PLAIN = {"name": "plain.tool", "description": "Does it.", "parameters": SCHEMA}
ALL = [weather, greet, wait, Person, Point, PLAIN]


def one(name: str, /, **arguments: Any) -> dict[str, Any]:
    return {"name": name, "arguments": arguments}


RIGHT = [
    one("weather", city="Oslo", day="2024-02-29"),
    one("weather", city='O"slo\n', day="2024-02-29", unit="f"),
    one("greet", person={"name": "Ada", "age": 36}, times=3),
    one("Person", name="Ada", age=36),
    one("Point", x=1.5),
    one("plain.tool", a=1, b=["x", "y"]),
]
WRONG = [
    one("weathe", city="Oslo", day="2024-02-29"),
    one("weather ", city="Oslo", day="2024-02-29"),
    one("weather", city="Oslo"),
    one("weather", city="Oslo", day="2023-02-29"),
    one("weather", city="Oslo", day="2024-02-29", unit="k"),
    one("weather", city="Oslo", day="2024-02-29", extra=1),
    one("greet", person={"name": "Ada"}),
    one("greet", person={"name": "Ada", "age": 36}, times=4),
    one("plain.tool", b=[]),
    one("plain.tool", a="1"),
    one("plain.tool", a=1, b=["z"]),
    one("plain.tool", a=1, c=1),
    {"name": "Person"},
    {"name": "Person", "arguments": None},
    {"name": None, "arguments": {}},
    {"arguments": {"x": 1.5}, "name": "Point"},
    {"name": "Point", "arguments": {"x": 1.5}, "id": 1},
]


@pytest.mark.parametrize("style", ["json", "hermes", "function"])
@pytest.mark.parametrize("parallel", [True, False])
def test_masks_and_reader_take_right_calls_and_no_others(style: str, parallel: bool) -> None:
    tools = Tools(ALL, style=style, tool_choice="required", parallel=parallel)
    for call in RIGHT:
        text = tool_calls.written([call], style, parallel)
        assert accepts(tools, text), text
        assert [(found.name, found.arguments) for found in tools.parse(text)] == [(call["name"], call["arguments"])]
    for call in WRONG:
        text = tool_calls.written([call], style, parallel)
        if style != "function" or list(call) == ["name", "arguments"]:
            assert (accepts(tools, text), reads(tools, text)) == (False, False), text
    both = tool_calls.written(RIGHT[:2], style, True)
    assert (accepts(tools, both), reads(tools, both)) == (parallel, parallel)


STYLED = {
    "json": '[{"name": "f", "arguments": {}}]',
    "hermes": '<tool_call>\n{"name": "f", "arguments": {}}\n</tool_call>',
    "function": "<function=f>{}</function>",
}
F = {"name": "f"}


@pytest.mark.parametrize("style", STYLED)
@pytest.mark.parametrize(
    ("choice", "text", "right"),
    [
        ("auto", "CALL", True),
        ("auto", "", True),
        ("auto", "No tool is needed.", True),
        ("required", "CALL", True),
        ("required", "", False),
        ("required", "No tool is needed.", False),
        ("none", "CALL", False),
        ("none", "", True),
        ("none", "No tool is needed.", True),
        ("f", "CALL", True),
        ("f", "No tool is needed.", False),
        ("g", "CALL", False),
        ("required", "CALL and", False),
        ("required", " and CALL", False),
    ],
)
def test_tool_choice(style: str, choice: str, text: str, right: bool) -> None:
    tools = Tools([F, {"name": "g"}], tool_choice=choice, style=style)
    text = text.replace("CALL", STYLED[style])
    assert (accepts(tools, text), reads(tools, text)) == (right, right)
    if right:
        assert len(tools.parse(text)) == (STYLED[style] in text)


def test_text_and_calls_alternate_where_calls_have_tags() -> None:
    tools = Tools([F], style="hermes")
    text = f"First: {STYLED['hermes']} then {STYLED['hermes']}."
    assert accepts(tools, text) and len(tools.parse(text)) == 2
    assert not accepts(tools, "First <tool_call>") and not reads(tools, "First <tool_call>")


@pytest.mark.parametrize("style", STYLED)
@pytest.mark.parametrize("choice", ["auto", "required"])
def test_at_most_so_many_calls(style: str, choice: str) -> None:
    tools = Tools([F], style=style, max_calls=2, tool_choice=choice)
    for count in (1, 2, 3):
        text = tool_calls.written([one("f")] * count, style, True)
        assert (accepts(tools, text), reads(tools, text)) == (count <= 2, count <= 2)


def test_a_style_of_ones_own() -> None:
    style = ToolStyle("[[call {name}]]", "[[/call]]", " ", arguments_key="parameters")
    tools = Tools([weather, F], style=style)
    text = 'So [[call weather]]{"city": "Oslo", "day": "2024-02-29"}[[/call]] [[call f]]{}[[/call]]'
    assert accepts(tools, text) and [call.name for call in tools.parse(text)] == ["weather", "f"]
    llama = Tools([weather], style=ToolStyle(arguments_key="parameters"), parallel=False, tool_choice="required")
    assert accepts(llama, '{"name": "weather", "parameters": {"city": "Oslo", "day": "2024-02-29"}}')


def test_many_tools_whose_names_begin_alike() -> None:
    names = [f"get_{kind}{end}" for kind in ("user", "order", "item") for end in ("", "s", "_by_id", "é", '"x"')]
    tools = Tools([{"name": name} for name in names], tool_choice="required", parallel=False)
    for name in names:
        assert accepts(tools, json.dumps(one(name), ensure_ascii=False))
    assert not accepts(tools, json.dumps(one("get_use")))


@pytest.mark.parametrize("style", STYLED)
@pytest.mark.parametrize("choice", ["auto", "required"])
def test_samples_are_calls_that_jsonschema_takes(style: str, choice: str) -> None:
    functions = {
        "plain.tool": PLAIN,
        "second": {
            "name": "second",
            "parameters": {
                "type": "object",
                "properties": {"when": {"type": "string", "format": "date"}},
                "additionalProperties": False,
            },
        },
    }
    tools = Tools(list(functions.values()), style=style, tool_choice=choice, max_calls=3)
    grammars, chance, calls = compile_all(tools), random.Random(style + choice), 0
    walk_together(grammars, 3, 25)
    for grammar in grammars:
        for _ in range(6):
            text = sample(grammar.matcher(), chance, 30, 90)
            assert text is not None
            for call in tools.parse(text.decode()):
                assert tool_calls.is_right({"name": call.name, "arguments": call.arguments}, functions)
                calls += 1
    assert calls or choice == "auto"


# --- what is run --------------------------------------------------------------------------------------------------------


def test_calls_run_with_values_of_the_signature() -> None:
    tools = Tools([weather, greet, Person, Point, Place])
    calls = [
        RIGHT[0],
        one("greet", person={"name": "Ada", "age": 36}),
        one("Person", name="Ada", age=36),
        one("Point", x=1),
        one("Place", city="Oslo"),
    ]
    assert tools.call(json.dumps(calls)) == [
        "Oslo 29.02. c",
        "Hello Ada! ",
        Person(name="Ada", age=36),
        Point(1.0, 0.0),
        {"city": "Oslo"},
    ]
    assert tools.parse(json.dumps(calls))[0] == ToolCall(
        "weather", {"city": "Oslo", "day": "2024-02-29"}, {"city": "Oslo", "day": datetime.date(2024, 2, 29)}
    )
    assert tools.call("No call.") == []


def test_coroutine_functions_run_side_by_side() -> None:
    tools = Tools([wait, greet])
    text = json.dumps([one("wait", seconds=1), one("wait", seconds=2), one("greet", person={"name": "A", "age": 1})])
    assert tools.call(text) == [1.0, 2.0, "Hello A! "]

    async def inside() -> list[Any]:
        with pytest.raises(ToolError, match="acall"):
            tools.call(text)
        return await tools.acall(text)

    assert asyncio.run(inside()) == [1.0, 2.0, "Hello A! "]


def test_a_tool_that_fails_is_named_and_its_error_kept() -> None:
    tools = Tools([fails, wait, F])
    for run in (tools.call, lambda text: asyncio.run(tools.acall(text))):
        with pytest.raises(ToolError, match=r"tool fails: ValueError: on purpose") as failed:
            run(json.dumps([one("fails")]))
        assert isinstance(failed.value.__cause__, ValueError) and failed.value.tool == "fails"
    with pytest.raises(ToolError, match="tool f: there is nothing to run"):
        tools.call(json.dumps([one("f")]))


def test_nothing_runs_unless_all_calls_are_valid() -> None:
    ran: list[int] = []

    def note(number: int) -> None:
        ran.append(number)

    with pytest.raises(ReadError, match=r"note, \$\.number|number"):
        Tools([note]).call(json.dumps([one("note", number=1), one("note", number="2")]))
    assert ran == []


def test_a_method_is_a_tool_of_its_object() -> None:
    class Counter:
        def __init__(self) -> None:
            self.count = 0

        def add(self, number: int) -> int:
            """Adds."""
            self.count += number
            return self.count

    counter = Counter()
    assert Tools([counter.add]).call(json.dumps([one("add", number=2), one("add", number=3)])) == [2, 5]


def test_what_a_tolerant_reader_finds_can_be_run() -> None:
    tools = Tools([weather, PLAIN])
    found = read('I will look: <tool_call>{"name": "Weather", "arguments": {"city": "Oslo", "day": "2024-02-29"}', tools)
    assert tools.call(found.value) == ["Oslo 29.02. c"] and not found.is_clean
    for wrong in ([{"name": "weather"}], [{"name": "f", "arguments": {}}], [3], {"name": "weather"}, 3):
        with pytest.raises(ReadError):
            tools.parse(wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[",
        "[]",
        "[1]",
        "{}",
        "[[]]",
        "null",
        '[{"name": "f", "arguments": {}}',
        "\ud800",
        "[" * 100_000,
        '[{"name": "f", "name": "f", "arguments": {}}]',
        "[NaN]",
        "1" * 5000,
    ],
)
def test_reading_is_total(text: str) -> None:
    with pytest.raises(ReadError):
        Tools([F], tool_choice="required").parse(text)


# --- what is told, what is refused ----------------------------------------------------------------------------------------


def test_definitions_follow_the_signature() -> None:
    tools = Tools([weather, PLAIN])
    first, second = tools.definitions()
    told = first["function"]
    assert (first["type"], told["name"], told["description"]) == ("function", "weather", "The weather of a city.")
    assert list(told["parameters"]["properties"]) == list(inspect.signature(weather).parameters)
    assert told["parameters"]["required"] == ["city", "day"] and told["parameters"]["properties"]["unit"]["default"] == "c"
    assert second["function"] == PLAIN
    assert [json.loads(line) for line in tools.json().splitlines()] == [first, second]
    again = Tools(tools.definitions())
    assert [tool.name for tool in again.tools] == ["weather", "plain.tool"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "Answer in words, or with a JSON array of calls"),
        ({"tool_choice": "required", "parallel": False}, "Answer with a JSON object"),
        ({"tool_choice": "weather", "style": "hermes"}, "between <tool_call> and </tool_call>"),
        ({"style": "function"}, "between <function={name}> and </function>"),
    ],
)
def test_a_model_is_told_of_the_tools(options: dict[str, Any], words: str) -> None:
    told = as_target(Tools([weather, F], **options)).words
    assert told is not None and words in told and "The weather of a city." in told
    assert ('"name": "f"' in told) == (options.get("tool_choice") != "weather")
    thinking = as_target(Then(FreeText(until="</think>"), Tools([weather], **{**options, "tool_choice": "required"})))
    assert thinking.words is not None and "</think>" in thinking.words and "weather" in thinking.words


def _unannotated(a) -> None: ...  # type: ignore[no-untyped-def]


REFUSED: dict[str, tuple[Callable[[], Any], type[StructgenError], str]] = {
    "a keyword": (lambda: Tools([{"name": "f", "parameters": {"type": "object", "properties": {
        "a": {"type": "string", "format": "idn-hostname"}}}}]), UnsupportedSchemaError, "tool f, #/properties/a"),
    "arguments that cannot be": (lambda: Tools([F, {"name": "g", "parameters": {"type": "object", "required": ["a"],
        "properties": {"a": {"type": "string", "pattern": "^abc$", "maxLength": 2}}}}]), UnsatisfiableError, "tool g"),
    "a malformed schema": (
        lambda: Tools([{"name": "f", "parameters": {"type": "object", "properties": {"a": {"type": "int"}}}}]),
        SchemaError, "tool f, #/properties/a"),
    "no object": (lambda: Tools([{"name": "f", "parameters": {"type": "array"}}]), SchemaError, "tool f, #/type"),
    "a misspelled key": (lambda: Tools([{"name": "f", "paramters": SCHEMA}]), SchemaError, "'paramters'"),
    "two schemas": (lambda: Tools([{"name": "f", "parameters": {}, "input_schema": {}}]), SchemaError, "twice"),
    "no name": (lambda: Tools([{"parameters": {}}]), SchemaError, "tool 0: the name is None"),
    "a name twice": (lambda: Tools([weather, {"name": "weather"}]), SchemaError, "two tools are called weather"),
    "a lambda": (lambda: Tools([lambda: 1]), SchemaError, "<lambda>"),
    "no annotation": (lambda: Tools([_unannotated]), SchemaError, "tool _unannotated"),
    "a type without fields": (lambda: Tools([int]), SchemaError, "no fields"),
    "not a tool": (lambda: Tools([3]), SchemaError, "tool 0 is int"),
    "no list": (lambda: Tools(F), SchemaError, "a list of tools"),
    "an unknown choice": (lambda: Tools([F], tool_choice="g"), SchemaError, "'g' is no declared tool"),
    "nothing to require": (lambda: Tools([], tool_choice="required"), SchemaError, "no tool to call"),
    "an unknown style": (lambda: Tools([F], style="xml"), SchemaError, "style='xml'"),
    "a style without a beginning": (lambda: ToolStyle(end="</x>"), SchemaError, "needs `begin`"),
    "a style that begins with the name": (lambda: ToolStyle("{name}:"), SchemaError, "nothing before"),
    "a name that no tag can hold": (lambda: Tools([{"name": "a>b"}], style="function"), SchemaError, "cannot stand"),
    "no calls": (lambda: Tools([F], max_calls=0), SchemaError, "max_calls"),
    "composed arguments of an old draft": (lambda: Tools([{"name": "f", "parameters": {
        "$schema": "http://json-schema.org/draft-07/schema#", "type": "object", "allOf": [SCHEMA]}}]),
        SchemaError, "tool f, #"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_meant_is_refused_by_name(name: str) -> None:
    make, kind, words = REFUSED[name]
    with pytest.raises(kind) as refused:
        COMPILERS[0].compile(make())
    assert words in str(refused.value)


def test_what_is_not_enforced_is_listed_with_the_tool() -> None:
    few = {"type": "array", "items": {"type": "object", "maxProperties": 0}, "uniqueItems": True, "minItems": 2}
    schema = {"type": "object", "properties": {"a": few}}
    tools = Tools([{"name": "f", "parameters": schema}], on_unsupported="validate", tool_choice="required")
    for one_compiler in COMPILERS:
        assert one_compiler.compile(tools).unenforced == ("tool f, #/properties/a: uniqueItems",)
    assert accepts(tools, '[{"name": "f", "arguments": {"a": [{}, {}]}}]')
    with pytest.raises(ReadError, match="f, "):
        tools.parse('[{"name": "f", "arguments": {"a": [{}, {}]}}]')


@pytest.mark.parametrize(
    ("schema", "arguments", "right"),
    [
        ({"type": "object"}, {"a": 1}, True),
        ({"properties": {}}, {"a": 1}, False),
        ({"properties": {"b": {}}, "additionalProperties": True}, {"a": 1}, True),
        ({"allOf": [{"properties": {"a": {}}}]}, {"a": 1}, True),
        ({"allOf": [{"properties": {"a": {}}}]}, {"b": 1}, False),
        ({"$ref": "#/$defs/d", "$defs": {"d": {"properties": {"a": {}}}}}, {"a": 1}, True),
        ({"$ref": "#/$defs/d", "$defs": {"d": {"properties": {"a": {}}}}}, {"b": 1}, False),
    ],
    ids=str,
)
def test_only_declared_arguments(schema: dict[str, Any], arguments: dict[str, Any], right: bool) -> None:
    tools = Tools([{"name": "f", "parameters": schema}], tool_choice="required")
    text = json.dumps([{"name": "f", "arguments": arguments}])
    assert (accepts(tools, text), reads(tools, text)) == (right, right)


# --- real calls ---------------------------------------------------------------------------------------------------------

OWN = [
    {
        "id": "own-1",
        "functions": [
            PLAIN,
            {
                "name": "plain",
                "parameters": {
                    "type": "object",
                    "properties": {
                        "text": {"type": "string"},
                        "options": {"type": "object", "properties": {"deep": {"type": "boolean"}}, "required": ["deep"]},
                    },
                    "required": ["text"],
                },
            },
        ],
        "example_calls": [one("plain", options={"deep": True}, text="é"), one("plain.tool", a=3, b=["y"])],
    },
    {"id": "own-2", "functions": [{**F, "parameters": {"type": "object", "properties": {}}}], "example_calls": [one("f")]},
]


@pytest.mark.parametrize("style", STYLED)
def test_calls_are_taken_and_mutations_are_not(style: str) -> None:
    for using in COMPILERS:
        check = tool_calls.run(OWN, using, style, 10)
        assert check.problems == [] and check.counts["taken"] == 4 and sum(check.mutated.values()) >= 15


def test_real_calls_are_taken_and_mutations_are_not() -> None:
    if not CORPUS.exists():
        pytest.skip(f"the corpus of real tool calls is not at {CORPUS}")
    rows = tool_calls.read_rows(CORPUS, 60)
    check = tool_calls.run(rows, COMPILERS[-1], "json", 10)
    assert check.problems == []
    assert check.counts["compiled"] == 60 and sum(check.mutated.values()) > 500
