"""Laws of reading YAML tolerantly: valid text is unchanged, the tolerant reader agrees with PyYAML, any text is read or
refused, the list of repairs tells the truth, partial values only grow."""

from __future__ import annotations

import os
import re
from typing import Any, ClassVar, Literal

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from laws.judged import equal, growing, grows, read_or_none
from pydantic import BaseModel, TypeAdapter

import structgen as sg
from structgen.formats.base import KINDS, Found
from structgen.formats.yaml.read import FORMAT
from structgen.formats.yaml.read_values import BlockReader
from structgen.schema.coerce import COERCIONS
from structgen.schema.guide import ANY

EXAMPLES = int(os.environ.get("STRUCTGEN_EXAMPLES", "120"))
LAW = settings(max_examples=EXAMPLES)

WORDS = [
    "no", "null", "~", "1.10", "0o17", "a: b", "a #b", "- a", "# a", "'a'", '"a"', "\u201ca\u201d", "a\nb",
    "a\n\n b\n", " a", "a ",
    "[a]", "{a}", "key:", "2024-01-31", "*a", "&a b", "!a", "%a", "@a", "`a`", "| a", "> a", "? a", "---", "...",
    "\ufeff", "a,", "-a", "\u00a0a", "\u2013 a", "**a**", "a = b", "a -> b", "1e3", ".5", "+1", "0x1F", "12:30", "=",
    "<<", "\t", "\x85", "\u2028",
]  # fmt: skip
TEXT = st.text(st.characters(codec="utf-8"), max_size=30) | st.sampled_from(WORDS)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
                      max_leaves=12)
PLAIN = st.from_regex(r"[a-z]{1,8}( [a-z]{1,5}){0,3}", fullmatch=True).filter(
    lambda text: text not in ("null", "true", "false"))
SIMPLE = st.recursive(st.booleans() | st.integers() | PLAIN | st.sampled_from(["a: b", "say \"x\"", "it's", "a\nb\n", ""]),
                      lambda inner: st.lists(inner, max_size=4) | st.dictionaries(PLAIN, inner, max_size=4), max_leaves=12)
NOISE = st.text(alphabet="ab1 .:-#\n\t'\"[]{},|>&*!%@`~?=\\\u201c\u00a0\ufeff\r", max_size=60)


class Item(BaseModel):
    name: str
    price: float | None = None
    tags: list[str] = []


class Order(BaseModel):
    id: int
    kind: Literal["new", "used"]
    items: list[Item]
    notes: dict[str, str]


TYPED = st.sampled_from([Order, Item, list[Item], dict[str, bool], list[str], int | None, Literal["a", "b"], str])


class CoreLoader(yaml.SafeLoader):
    """The judge: PyYAML with the scalars of YAML 1.2's core schema."""

    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {}


for _tag, _pattern in (("null", "~|null|Null|NULL|"), ("bool", "true|True|TRUE|false|False|FALSE"),
                       ("int", "[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+"),
                       ("float", r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")):
    CoreLoader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"(?:{_pattern})$"), None)
CoreLoader.add_constructor("tag:yaml.org,2002:float", lambda loader, node: float(node.value))
CoreLoader.add_constructor("tag:yaml.org,2002:int", lambda loader, node: int(
    node.value, 0 if node.value[1:2] in ("x", "o") else 10))


def reading_of(text: str | bytes, wanted: Any = None) -> sg.Reading | None:
    return read_or_none(text, wanted, format="yaml")


def tolerant(text: str) -> tuple[Any, list[Found]]:
    """What the tolerant reader alone makes of a text."""
    reader = BlockReader(text, 0, len(text), ANY, False)
    reader.run()
    made = reader.candidate()
    return made.value, made.found


@LAW
@given(VALUES)
def test_what_is_written_is_read_without_repair(value: Any) -> None:
    reading = sg.read(FORMAT.write(value), format="yaml")
    assert equal(reading.value, value)
    assert reading.repairs == ()


@LAW
@given(SIMPLE, st.sampled_from([None, "'", '"']), st.booleans(), st.sampled_from([2, 4]))
def test_what_pyyaml_writes_is_read_as_pyyaml_reads_it(value: Any, style: str | None, flow: bool, indent: int) -> None:
    text = yaml.safe_dump(value, default_style=style, default_flow_style=flow, indent=indent, allow_unicode=True)
    reading = sg.read(text, format="yaml")
    assert equal(reading.value, yaml.load(text, CoreLoader))
    assert reading.is_clean


@LAW
@given(SIMPLE.filter(lambda value: isinstance(value, dict | list)), st.sampled_from([None, "'", '"']),
       st.sampled_from([2, 4]))
def test_the_tolerant_reader_agrees_with_pyyaml(value: Any, style: str | None, indent: int) -> None:
    text = yaml.safe_dump(value, default_style=style, indent=indent, allow_unicode=True, width=1000)
    if "!!" not in text:
        made, found = tolerant(text)
        assert equal(made, yaml.load(text, CoreLoader))
        assert found == []


@LAW
@given(st.builds(Order, items=st.lists(st.builds(Item, name=TEXT, price=st.none() | st.integers(-99, 99).map(float),
                                                 tags=st.lists(TEXT, max_size=3)), max_size=3),
                 notes=st.dictionaries(TEXT, TEXT, max_size=3)))
def test_values_of_types_are_read_without_repair(value: Order) -> None:
    reading = sg.read(FORMAT.write(value.model_dump()), Order, format="yaml")
    assert reading.value == value
    assert reading.repairs == ()


@LAW
@given(NOISE)
def test_any_text_gives_a_value_and_a_true_list_of_repairs(text: str) -> None:
    reading = reading_of(text)
    if reading is None:
        return
    assert reading.cost == sum(repair.cost for repair in reading.repairs)
    for repair in reading.repairs:
        assert repair.kind in KINDS
        assert 0 <= repair.offset <= len(text)
        if repair.kind not in COERCIONS and repair.kind != "other-answer" and not repair.before.endswith("…"):
            assert text.startswith(repair.before, repair.offset), repair
        assert str(repair) in str(reading)


@LAW
@given(NOISE)
def test_a_reading_is_read_again_without_repair(text: str) -> None:
    reading = reading_of(text)
    if reading is not None:
        again = sg.read(FORMAT.write(reading.value), format="yaml")
        assert equal(again.value, reading.value)
        assert again.is_clean


@LAW
@given(NOISE, TYPED)
def test_any_text_gives_a_value_of_the_type_or_a_typed_error(text: str, wanted: Any) -> None:
    reading = reading_of(text, wanted)
    if reading is not None:
        TypeAdapter(wanted).validate_python(reading.value)


@LAW
@given(st.binary(max_size=80))
def test_any_bytes_give_a_value_or_a_typed_error(given_bytes: bytes) -> None:
    reading_of(given_bytes)


@settings(LAW, max_examples=EXAMPLES // 4)
@given(SIMPLE.filter(lambda value: isinstance(value, dict | list) and value), st.booleans())
def test_every_truncation_is_read(value: Any, flow: bool) -> None:
    text = yaml.safe_dump(value, default_flow_style=flow, allow_unicode=True)
    for end in range(1, len(text)):
        if text[:end].strip():
            assert reading_of(text[:end]) is not None


@LAW
@given(VALUES.filter(lambda value: isinstance(value, dict | list) and value), st.integers(1, 9),
       st.sampled_from(["", "Sure, here it is:\n\n", "```yaml\n", "<think>a: 1</think>\n"]))
def test_partial_values_grow_to_the_whole(value: Any, step: int, before: str) -> None:
    text = before + FORMAT.write(value)
    reader = sg.PartialReader(format="yaml")
    last: Any = None
    for now in growing(reader, text, step):
        assert last is None or grows(last, now)
        last = now
    assert reader.finish().value == value


@LAW
@given(NOISE, st.integers(1, 5))
def test_partial_values_grow_on_any_text(text: str, step: int) -> None:
    last: Any = None
    for now in growing(sg.PartialReader(format="yaml"), text, step):
        assert last is None or grows(last, now)
        last = now
