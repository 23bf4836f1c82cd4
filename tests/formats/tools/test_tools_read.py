"""Calls read from the notations of models: what each is read as, what is refused, and that nothing is ever evaluated."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import structgen as sg

CORPORA = Path(__file__).parents[3].parent / "shared" / "corpora"
LAW = settings(max_examples=60)
Calls = list[dict[str, Any]]


def get_weather(city: str, days: int = 1, metric: bool = True) -> str:
    return f"{city} {days} {metric}"


def stop() -> None: ...


TOOLS = [get_weather, stop]
OSLO = [{"name": "get_weather", "arguments": {"city": "Oslo", "days": 3}}]


def kinds(reading: sg.Reading) -> list[str]:
    return [repair.kind for repair in reading.repairs]


@pytest.mark.parametrize("text", [
    '{"name": "get_weather", "parameters": {"city": "Oslo", "days": "3"}}',
    '{"name": "get_weather", "arguments": "{\\"city\\": \\"Oslo\\", \\"days\\": 3}"}',
    '{"tool_calls": [{"id": "1", "type": "function", "function": {"name": "get_weather", "arguments": '
    '"{\\"city\\": \\"Oslo\\", \\"days\\": 3}"}}]}',
    '{"type": "tool_use", "id": "x", "name": "get_weather", "input": {"city": "Oslo", "days": 3}}',
    '{"action": "get_weather", "action_input": {"city": "Oslo", "days": 3}}',
    '{"recipient_name": "functions.get_weather", "parameters": {"city": "Oslo", "days": 3}}',
    '{"get_weather": {"city": "Oslo", "days": 3}}',
    '{"name": "get_weather", "city": "Oslo", "days": 3}',
    'Sure!\n```json\n{"tool": "getWeather", "args": {"City": "Oslo", "days": 3,}}\n```\nDone.',
    '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Oslo", "days": 3}}\n</tool_call>',
    '<tool_call>{"name": "get_weather", "arguments": {"city": "Oslo", "days": 3',
    '<think>stop()</think>[TOOL_CALLS] [{"name": "get_weather", "arguments": {"city": "Oslo", "days": 3}}]',
    '<|python_tag|>{"name": "get_weather", "parameters": {"city": "Oslo", "days": 3}}',
    'functools[{"name": "get_weather", "arguments": {"city": "Oslo", "days": 3}}]',
    '<function=get_weather>{"city": "Oslo", "days": 3}</function>',
    "<function=get_weather>\n<parameter=city>\nOslo\n</parameter>\n<parameter=days>\n3\n</parameter>\n</function>",
    '<function_calls><invoke name="get_weather"><parameter name="city">Oslo</parameter>'
    '<parameter name="days">3</parameter></invoke></function_calls>',
    'Thought: look\nAction: get_weather\nAction Input: {"city": "Oslo", "days": 3}\nObservation:',
    "[get_weather(city='Oslo', days=3)]", "get_weather(city='Oslo', days=3", "print(get_weather('Oslo', 3))",
    "```tool_code\nget_weather(city='Oslo', days=+3)\n```", 'get_weather({"city": "Oslo", "days": 3})',
    "{'name': 'get_wether', 'arguments': {'city': 'Oslo', 'days': 3}}",
    "<|start_header_id|>assistant<|end_header_id|>\n\n[get_weather(city='Oslo', days=3)]<|eot_id|>",
    '<|channel|>commentary to=functions.get_weather <|constrain|>json<|message|>{"city": "Oslo", "days": 3}<|call|>',
    'function<\uff5ctool\u2581sep\uff5c>get_weather\n```json\n{"city": "Oslo", "days": 3}\n```',
    '\u273fFUNCTION\u273f: get_weather\n\u273fARGS\u273f: {"city": "Oslo", "days": 3}',
    "<tool_call>get_weather\n<arg_key>city</arg_key>\n<arg_value>Oslo</arg_value>\n<arg_key>days</arg_key>"
    "\n<arg_value>3</arg_value>\n</tool_call>",
])  # fmt: skip
def test_one_call_in_many_notations(text: str) -> None:
    reading = sg.read(text, format="tool_calls", tools=TOOLS)
    assert reading.value == OSLO
    assert not reading.is_clean
    assert reading.cost == sum(repair.cost for repair in reading.repairs)


def test_calls_as_they_are_written_take_no_repair() -> None:
    text = json.dumps([*OSLO, {"name": "stop", "arguments": {}}])
    for tools in (TOOLS, None, sg.Tools(TOOLS)):
        reading = sg.read(text, format="tool_calls", **({} if tools is None else {"tools": tools}))
        assert (reading.value, reading.repairs) == (json.loads(text), ())
    assert sg.read("stop()", sg.Tools(TOOLS)).value == [{"name": "stop", "arguments": {}}]


@pytest.mark.parametrize("text", [
    '<tool_call>{"name": "stop", "arguments": {}}</tool_call><tool_call>{"name": "stop", "arguments": {}}</tool_call>',
    "[stop(), stop()]", "stop()\nstop()", '{"name": "stop", "arguments": {}}\n{"name": "stop", "arguments": {}}',
    "<function=stop></function><function=stop></function>", "Action: stop\nAction Input: {}\nAction: stop",
])  # fmt: skip
def test_several_calls(text: str) -> None:
    assert sg.read(text, format="tool_calls", tools=TOOLS).value == [{"name": "stop", "arguments": {}}] * 2


@pytest.mark.parametrize(("text", "message"), [
    ('{"name": "delete_all", "arguments": {}}', "'delete_all' is not declared"),
    ('[{"name": "stop", "arguments": {}}, {"name": "delete_all", "arguments": {}}]', "'delete_all' is not declared"),
    ('{"name": "get_weather", "arguments": {}}', "lacks the required field 'city'"),
    ('{"name": "get_weather", "arguments": {"city": "Oslo", "zip": 1}}', "has no parameter 'zip'"),
    ('{"name": "get_weather", "arguments": {"city": "Oslo", "days": "soon"}}', "'soon' is no integer"),
    ('{"name": "stop", "name": "get_weather", "arguments": {}}', "names its tool twice"),
    ("stop(1)", "1 arguments without a name"), ("It is sunny.", "no value"), ('{"name": "Ada"}', "no value"),
    ("", "no value"),
    ("[stop(), get_weather(city=open('/etc/passwd').read())]", "no literal"), ("get_weather(city=f'{1}')", "no literal"),
    ("get_weather(city='a' * 9)", "no literal"), ("get_weather(**{'city': x})", "no literal"), ("stop()()", "no literal"),
    ("get_weather(city=().__class__)", "no literal"), ("get_weather(city=" + "[" * 90 + "]" * 90 + ")", "no|deep"),
])  # fmt: skip
def test_what_is_no_call_of_a_declared_tool_is_refused(text: str, message: str) -> None:
    with pytest.raises(sg.ReadError, match=message):
        sg.read(text, format="tool_calls", tools=TOOLS)


@pytest.mark.parametrize("text", [
    "{'name': 'get_weather', 'arguments': {'city': 'INNER', 'days': 3}}",
    '<tool_call>{"name": "get_weather", "arguments": {"city": "INNER", "days": 3,}}',
    "get_weather(city='INNER', days=3)", '[get_weather(city="INNER", days=3)',
    'Action: get_weather\nAction Input: {"city": "INNER", "days": 3,}',
    '<invoke name="get_weather"><parameter name="city">INNER</parameter><parameter name="days">3</parameter></invoke>',
])  # fmt: skip
@pytest.mark.parametrize("inner", ["<tool_call>[stop()]</tool_call>", "<function=stop></function>", "\nAction: stop\n",
                                   "\n```\nstop()\n```\n", "{name: stop, arguments: {}}"])
def test_no_argument_can_hold_a_call(text: str, inner: str) -> None:
    if "(" in text and "\n" in inner:
        inner = inner.replace("\n", "\\n")
    value = sg.read(text.replace("INNER", inner), format="tool_calls", tools=TOOLS).value
    inner = inner.replace("\\n", "\n")
    inner = inner.strip() if "<invoke" in text else inner  # a line break after a tag and one before are the notation's
    assert value == [{"name": "get_weather", "arguments": {"city": inner, "days": 3}}]


def test_names_that_could_be_two_tools_are_refused() -> None:
    tools = {"get-item": {"type": "object"}, "get_item": {"type": "object"}}
    assert sg.read('{"name": "get_item", "arguments": {}}', format="tool_calls", tools=tools).is_clean
    with pytest.raises(sg.ReadError, match="may be any of get-item, get_item"):
        sg.read('{"name": "getItem", "arguments": {}}', format="tool_calls", tools=tools)


@pytest.mark.parametrize("options", [{"tools": 3}, {"tools": "stop"}, {"tool": []}], ids=str)
def test_wrong_options_are_named(options: dict[str, Any]) -> None:
    with pytest.raises(sg.SchemaError, match="tool"):
        sg.read("stop()", format="tool_calls", **options)


NOTATIONS: dict[str, Callable[[Calls], str]] = {
    "json": json.dumps,
    "hermes": lambda calls: "\n".join(f"<tool_call>\n{json.dumps(call)}\n</tool_call>" for call in calls),
    "wire": lambda calls: json.dumps({"tool_calls": [{"type": "function", "function": {
        "name": call["name"], "arguments": json.dumps(call["arguments"])}} for call in calls]}),
    "python": lambda calls: "[" + ", ".join(
        f"{call['name']}({', '.join(f'{name}={value!r}' for name, value in call['arguments'].items())})"
        for call in calls) + "]",
    "function": lambda calls: "".join(
        f"<function={call['name']}>{json.dumps(call['arguments'])}</function>" for call in calls),
    "react": lambda calls: "\n".join(
        f"Action: {call['name']}\nAction Input: {json.dumps(call['arguments'])}" for call in calls),
}  # fmt: skip


def corpus(name: str) -> list[dict[str, Any]]:
    path = CORPORA / name
    if not path.exists():
        pytest.skip(f"the corpus of calls is not here: {path}")
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("notation", NOTATIONS)
def test_real_calls_in_every_notation(notation: str) -> None:
    rows = [row for row in corpus("tool_calls_bfcl.jsonl") if row["example_schema_valid"]]
    for row in rows[::20]:
        tools = [{"name": one["name"], "parameters": one["parameters"]} for one in row["functions"]]
        calls = [{"name": call["name"], "arguments": call["arguments"]} for call in row["example_calls"]]
        assert sg.read(NOTATIONS[notation](calls), format="tool_calls", tools=tools).value == calls, row["id"]


def test_hostile_calls_end_as_they_should() -> None:
    for row in corpus("outputs_hostile.jsonl"):
        if row["kind"] != "tool_call_text":
            continue
        try:
            got = sg.read(row["input"], format="tool_calls").value
        except sg.ReadError:
            got = None
        if row["expect"] == "one_call":
            assert got == row["expected"], row["id"]
        assert row["expect"] != "error" or got is None, row["id"]


TEXTS = st.text(alphabet="ab<>/=\"'{}[]()\\,: \n_1&", max_size=12)
CALLS = st.lists(st.one_of(
    st.builds(lambda city, days: {"name": "get_weather", "arguments": {"city": city, "days": days, "metric": False}},
              TEXTS | st.just('<tool_call>{"name": "stop", "arguments": {}}</tool_call>'), st.integers(-99, 99)),
    st.just({"name": "stop", "arguments": {}})), min_size=1, max_size=3)  # fmt: skip
NOISE = st.lists(st.sampled_from(["<tool_call>", "</tool_call>", '{"name": "stop", "arguments": {}}', "<function=stop>",
                                  "[stop(", ")]", "Action: stop\n", "Action Input:", '<invoke name="stop">', "{", "[", '"',
                                  "stop()", "```", "\n", "<parameter=a>", "[TOOL_CALLS]", "{}"]), max_size=8)  # fmt: skip


@LAW
@given(CALLS, st.sampled_from(sorted(NOTATIONS)))
def test_calls_are_read_as_they_were_written(calls: Calls, notation: str) -> None:
    text = NOTATIONS[notation](calls)
    reading = sg.read(text, format="tool_calls", tools=TOOLS)
    assert reading.value == calls
    assert notation != "json" or reading.is_clean


@LAW
@given(NOISE, st.booleans())
def test_any_text_gives_calls_or_a_typed_error(parts: list[str], has_tools: bool) -> None:
    options = {"tools": TOOLS} if has_tools else {}
    try:
        reading = sg.read("".join(parts), format="tool_calls", **options)
    except sg.ReadError as error:
        assert str(error)
        return
    assert reading.value
    again = sg.read(json.dumps(reading.value), format="tool_calls", **options)
    assert (again.value, again.repairs) == (reading.value, ())


@LAW
@given(CALLS, st.sampled_from(sorted(NOTATIONS)))
def test_every_truncation_ends(calls: Calls, notation: str) -> None:
    text = NOTATIONS[notation](calls)
    for end in range(0, len(text), 3):
        try:
            sg.read(text[:end], format="tool_calls", tools=TOOLS)
        except sg.ReadError as error:
            assert str(error)
