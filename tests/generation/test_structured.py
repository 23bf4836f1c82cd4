"""The decorator: prompts from docstrings, sync and async, and what is refused when decorating."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pydantic
import pytest

from structgen.errors import GenerationError, SchemaError
from structgen.generation.structured import structured


class Person(pydantic.BaseModel):
    name: str


class Recorder:
    """Stands where a model stands and tells what it was asked."""

    def generate(self, prompt: str, output_type: Any, **options: Any) -> Any:
        return SimpleNamespace(value=(prompt, output_type, options), thread=threading.current_thread())


model = Recorder()


def test_docstring_is_the_prompt() -> None:
    @structured(model, max_tokens=7)
    def extract(text: str, *, times: int = 2) -> Person:
        """Who is this about?

        {text} ({times} times, {{literal}})
        """

    value: Any = extract("Ada {x}")
    assert value == ("Who is this about?\n\nAda {x} (2 times, {literal})", Person, {"max_tokens": 7})
    assert extract.result("Ada").value[1] is Person
    assert extract.__name__ == "extract"  # type: ignore[attr-defined]


def test_returned_string_is_the_prompt() -> None:
    @structured(model)
    def extract(text: str) -> list[Person]:
        """Says what it does."""
        return f"Who? {text}"  # type: ignore[return-value]

    value: Any = extract("Ada")
    assert value == ("Who? Ada", list[Person], {})


def test_async_function_generates_in_a_thread() -> None:
    @structured(model)
    async def extract(text: str) -> Person:
        """{text}"""

    value: Any = asyncio.run(extract("Ada"))
    assert value[0] == "Ada"

    async def result() -> Any:
        return await extract.result("Ada")

    assert asyncio.run(result()).thread is not threading.main_thread()


def test_local_types_and_methods_work() -> None:
    @dataclass
    class Local:
        x: int

    class Service:
        @structured(model)
        def ask(self, question: str) -> Local:
            """{question}"""

    value: Any = Service().ask("How?")
    assert value[:2] == ("How?", Local)


def test_arguments_are_text_or_json() -> None:
    @structured(model)
    def ask(data: Any) -> int:
        """{data}"""

    prompts: list[Any] = [ask(one) for one in ("a", {"k": [1]}, Person(name="Ada"), object)]
    assert [prompt[0] for prompt in prompts[:3]] == ["a", '{"k":[1]}', '{"name":"Ada"}']
    assert "object" in prompts[3][0]


@pytest.mark.parametrize(("doc", "message"), [
    ("{missing}", "placeholder {missing}"),
    ("{text.__class__}", "placeholder {text.__class__}"),
    ("{text[0]}", "placeholder {text[0]}"),
    ("{text!r}", "placeholder {text!r}"),
    ("{text:>9}", "placeholder {text:>9}"),
    ("{}", "placeholder {}"),
    ("{0}", "placeholder {0}"),
    ('write {"a": 1}', 'placeholder {"a": 1}'),
    ("open {", "not a prompt template"),
    ("close }", "not a prompt template"),
])
def test_other_placeholders_are_refused_when_decorating(doc: str, message: str) -> None:
    def ask(text: str) -> Person: ...  # type: ignore[empty-body]

    ask.__doc__ = doc
    with pytest.raises(SchemaError) as caught:
        structured(model)(ask)
    assert message in str(caught.value)


def test_missing_and_empty_annotations_are_refused() -> None:
    def bare(text: str):  # type: ignore[no-untyped-def]
        """{text}"""

    def nothing(text: str) -> None:
        """{text}"""

    def unknown(text: str) -> Nowhere:  # type: ignore[name-defined]  # noqa: F821
        """{text}"""

    for function, message in ((bare, "no return annotation"), (nothing, "returns None"), (unknown, "cannot be read")):
        with pytest.raises(SchemaError, match=message):
            structured(model)(function)


def test_function_without_a_prompt_is_refused() -> None:
    @structured(model)
    def silent(text: str) -> Person: ...  # type: ignore[empty-body]

    @structured(model)
    def wrong(text: str) -> Person:
        """{text}"""
        return Person(name=text)

    with pytest.raises(GenerationError, match="gives no prompt"):
        silent("x")
    with pytest.raises(GenerationError, match="returned Person, not a prompt"):
        wrong("x")
