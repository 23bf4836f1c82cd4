"""``Tools``: calls of declared functions as a source of grammars, and their text as calls again.

In: functions, types or the dicts that servers take. Out, from ``to_grammar``: the grammar of exactly the calls whose tool
is declared and whose arguments fit its schema; with ``tool_choice="auto"`` free text, too. ``parse`` gives the calls of
such a text, ``call`` runs them: both hold the text to the schema again, so they are safe on text from elsewhere.
"""

from __future__ import annotations

import asyncio
import inspect
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from structgen.errors import ReadError, SchemaError, ToolError
from structgen.formats.base import ReadAs
from structgen.formats.tagged.source import Part, Tag, Tagged, Tags, check_count
from structgen.formats.tools.definitions import Tool, as_tool, unique
from structgen.formats.tools.grammar import call_node, calls_node, free_text
from structgen.formats.tools.style import NAME, ToolStyle, as_style
from structgen.grammar.build import alt, literal, repeat, seq
from structgen.grammar.combine import Parts, branches
from structgen.grammar.nodes import Grammar, Node
from structgen.limits import Limits
from structgen.schema.python_types import load_json

__all__ = ["ToolCall", "Tools"]

_CHOICES = ("auto", "required", "none")


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call as it was written: the tool's ``name`` and its ``arguments`` as JSON data.

    ``value``: what these are for the tool: keyword arguments of a function with values of its types, an object of a type.
    """

    name: str
    arguments: dict[str, Any]
    value: Any


class Tools:
    """Calls of tools.

        tools = Tools([get_weather, send_mail])            # functions with annotations
        tools.parse('[{"name": "get_weather", "arguments": {"city": "Oslo"}}]')

    ``tools``: functions, types with fields, and dicts (``{"type": "function", "function": {"name", "description",
    "parameters"}}``, or the inner part alone), also mixed. ``tool_choice``: ``"required"`` calls only, ``"auto"`` calls
    or free text, ``"none"`` free text without calls, or the name of the one tool to call. ``parallel``: several calls may
    come at once, ``max_calls`` at most.

    ``style``: ``"json"``, where a call is ``{"name": …, "arguments": {…}}`` and parallel calls are an array of those (also
    of one; with ``"auto"`` text whose first character, white space apart, is ``[`` or ``{`` is meant as calls);
    ``"hermes"``, each call between ``<tool_call>`` and ``</tool_call>``; ``"function"``, the arguments between
    ``<function=NAME>`` and ``</function>``; or a ``ToolStyle``.

    The other options are those of ``JsonSchema`` for the arguments. A tool takes only arguments that its schema lists,
    unless ``additionalProperties`` says otherwise. What cannot be enforced is refused with the tool's name.
    """

    def __init__(
        self,
        tools: Iterable[Any],
        *,
        tool_choice: str | Mapping[str, Any] = "auto",
        parallel: bool = True,
        max_calls: int | None = None,
        style: str | ToolStyle = "json",
        whitespace: Literal["bounded", "compact"] = "bounded",
        property_order: Literal["schema", "any"] = "schema",
        on_unsupported: Literal["error", "validate"] = "error",
        separators: tuple[str, str] | None = None,
    ) -> None:
        if isinstance(tools, (str, bytes, Mapping)) or not isinstance(tools, Iterable):
            raise SchemaError(f"Tools takes a list of tools, not {type(tools).__name__}", instead="write Tools([…])")
        for name, value, allowed in (
            ("parallel", parallel, (True, False)),
            ("whitespace", whitespace, ("bounded", "compact")),
        ):
            if value not in allowed:
                raise SchemaError(f"Tools({name}={value!r}) is not an option", instead=f"use one of {allowed}")
        check_count(max_calls, "Tools(max_calls=…)", least=1)
        self._options: dict[str, Any] = {
            "whitespace": whitespace,
            "property_order": property_order,
            "on_unsupported": on_unsupported,
            "separators": separators,
        }
        self.tools = unique([as_tool(tool, number, self._options) for number, tool in enumerate(tools)])
        self.style = as_style(style)
        self.parallel, self.max_calls = parallel, max_calls if parallel else 1
        self.tool_choice = self._checked_choice(tool_choice)
        self._called = tuple(tool for tool in self.tools if self.tool_choice in (*_CHOICES[:2], tool.name))
        self._tools = {tool.name: tool for tool in self.tools}
        if self.style.names_in_tags:
            self._check_tag_names()

    def _checked_choice(self, choice: str | Mapping[str, Any]) -> str:
        name: Any = choice
        if isinstance(choice, Mapping):  # {"type": "function", "function": {"name": …}}
            inner = choice.get("function", choice)
            name = inner.get("name") if isinstance(inner, Mapping) else None
        elif choice in _CHOICES:
            if not self.tools and choice == "required":
                raise SchemaError('Tools([], tool_choice="required")', because="there is no tool to call")
            return str(choice)
        if name not in [tool.name for tool in self.tools]:
            raise SchemaError(
                f"tool_choice={choice!r} is no declared tool",
                instead=f"use one of {', '.join([*map(repr, _CHOICES), *(tool.name for tool in self.tools)])}",
            )
        return str(name)

    def _check_tag_names(self) -> None:
        for tool in self.tools:
            if not all(one.isalnum() or one in "_.-/:" for one in tool.name):
                raise SchemaError(
                    f"the name {tool.name!r} cannot stand in the tag {self.style.begin!r}",
                    because="where it ends could not be told",
                    instead="use letters, digits and _ . - / :",
                )

    # -- what is told ---------------------------------------------------------------------------------------------

    def definitions(self) -> list[dict[str, Any]]:
        """The tools as chat templates and servers take them: ``{"type": "function", "function": {…}}`` each."""
        return [tool.definition() for tool in self.tools]

    def json(self) -> str:
        """The definitions as JSON text, a line for each tool, for a prompt."""
        return "\n".join(json.dumps(one, ensure_ascii=False, default=str) for one in self.definitions())

    def instructions(self, _render: object = None) -> str:
        """What a model is told of the tools and of how they are called."""
        if self.tool_choice == "none" or not self.tools:
            return ""
        told = "\n".join(json.dumps(tool.definition()["function"], ensure_ascii=False, default=str) for tool in self._called)
        return f"You may call these tools:\n{told}\n{self._how_to_call()}"

    def _how_to_call(self) -> str:
        style = self.style
        call = f'{{"{style.name_key}": …, "{style.arguments_key}": {{…}}}}'
        if style.names_in_tags:
            call = "the JSON of its arguments"
        if style.begin:
            shown = f"each call as {call} between {style.begin.strip()} and {style.end.strip()}"
        else:
            shown = f"a JSON array of calls, each {call}" if self.parallel else f"a JSON object {call}"
        return f"Answer {'in words, or ' if self.tool_choice == 'auto' else ''}with {shown}."

    # -- what is allowed ------------------------------------------------------------------------------------------

    def to_grammar(self, limits: Limits) -> Grammar:
        """The grammar of the calls (and of free text, as ``tool_choice`` says); ``SchemaError`` names the tool."""
        trigger = self.style.trigger
        if not self._called:
            return Grammar(free_text(trigger), pruned=True)
        if trigger and self.tool_choice == "auto":
            return self._tags.to_grammar(limits)
        parts = Parts()
        if trigger:
            block = parts.rule("block", self._block(parts, limits))
            more = None if self.max_calls is None else self.max_calls - 1
            return parts.grammar(seq(block, repeat(seq(literal(self.style.between), block), 0, more)))
        call = self._call(parts, limits)
        node = calls_node(parts.rule("call", call), self.max_calls, self._options) if self.parallel else call
        return parts.grammar(alt((node, free_text(""))) if self.tool_choice == "auto" else node)

    def _call(self, parts: Parts, limits: Limits) -> Node:
        options = [(tool.name, self._part(tool).add_to(parts, limits, f"tool {tool.name}")) for tool in self._called]
        return call_node(options, self.style, self._options)

    def _block(self, parts: Parts, limits: Limits) -> Node:
        end = literal(self.style.end)
        if not self.style.names_in_tags:
            return seq(literal(self.style.begin), self._call(parts, limits), end)
        return branches(
            [
                (
                    self.style.begin.replace(NAME, tool.name),
                    seq(self._part(tool).add_to(parts, limits, f"tool {tool.name}"), end),
                )
                for tool in self._called
            ]
        )

    def _part(self, tool: Tool) -> Part:
        return Part(tool, lambda text: self._made(tool, text), False)

    # -- what was written -----------------------------------------------------------------------------------------

    @cached_property
    def _tags(self) -> Tags:
        """Free text with blocks of calls in it."""
        style = self.style
        tags = (
            [Tag(style.begin.replace(NAME, tool.name), self._part(tool), style.end) for tool in self._called]
            if style.names_in_tags
            else [Tag(style.begin, _Call(self), style.end)]
        )
        return Tags(
            tags, [style.trigger], stop_after_first=not self.parallel, max_tags=self.max_calls if self.parallel else None
        )

    def read_as(self) -> ReadAs:
        """How a damaged text is read, by ``structgen.read``: as a list of names and arguments."""
        return ReadAs("tool_calls", None, {"tools": self})

    def parse(self, text: str | Iterable[Mapping[str, Any]]) -> list[ToolCall]:
        """The calls of a text that the grammar allows, in order; none where it is free text.

        Nothing is repaired: ``ReadError`` says where the text is no call of a declared tool with valid arguments. For text
        that no mask has held use ``structgen.read(text, tools)``; what that gives, a list of dicts with "name" and
        "arguments", may be passed instead of a text, here and to ``call``.
        """
        if isinstance(text, str):
            calls = self._calls_in(text)
        elif isinstance(text, Iterable) and not isinstance(text, (bytes, Mapping)):
            calls = [self._call_given(one, f"$[{number}]") for number, one in enumerate(text)]
        else:
            raise ReadError(f"this is {type(text).__name__}, no text and no list of calls")
        if self.max_calls is not None and len(calls) > self.max_calls:
            raise ReadError(f"there are {len(calls)} calls", because=f"at most {self.max_calls} may be made at once")
        if self.tool_choice not in ("auto", "none") and not calls:
            raise ReadError("there is no call in the text", because=f"tool_choice is {self.tool_choice!r}")
        return calls

    read = parse

    def _call_given(self, call: Any, where: str) -> ToolCall:
        if not isinstance(call, Mapping) or call.keys() != {"name", "arguments"}:
            raise ReadError("this is no call", position=where, because='a call is a dict of "name" and "arguments"')
        return self._call_of({self.style.name_key: call["name"], self.style.arguments_key: call["arguments"]}, where)

    def _calls_in(self, text: str) -> list[ToolCall]:
        if not self.style.trigger:
            return self._json_calls(text)
        if not self._called:
            if self.style.trigger in text:
                raise ReadError(f"{self.style.trigger!r} occurs in the text", because='tool_choice is "none"')
            return []
        found = self._tags.read(text)
        calls = [one.value for one in found if isinstance(one, Tagged)]
        if self.tool_choice != "auto":
            between = [self.style.between] * bool(self.style.between) * (len(calls) - 1)
            stretches = [one for one in found if isinstance(one, str)]
            if stretches != between or (found and not isinstance(found[0], Tagged)):
                raise ReadError("there is text beside the calls", because=f"tool_choice is {self.tool_choice!r}")
        return calls

    def _json_calls(self, text: str) -> list[ToolCall]:
        if self.tool_choice in ("auto", "none") and text.lstrip(" \t\r\n")[:1] not in ("[", "{"):
            return []
        if not self._called:
            raise ReadError("the text begins like a call", because='tool_choice is "none"')
        value = load_json(text)
        if isinstance(value, list) != self.parallel:
            raise ReadError(
                f"the text is a JSON {'array' if isinstance(value, list) else 'value'}",
                because="calls are an array" if self.parallel else "one call is an object",
            )
        return [
            self._call_of(one, f"$[{number}]" if self.parallel else "$")
            for number, one in enumerate(value if self.parallel else [value])
        ]

    def _call_of(self, value: Any, where: str) -> ToolCall:
        name_key, arguments_key = self.style.name_key, self.style.arguments_key
        if not isinstance(value, dict) or list(value) != [name_key, arguments_key]:
            raise ReadError(
                "this is no call",
                position=where,
                because=f"a call is an object of {name_key!r} and {arguments_key!r}, in this order",
            )
        tool = self._tools.get(value[name_key]) if isinstance(value[name_key], str) else None
        if tool is None or tool not in self._called:
            raise ReadError(
                f"{str(value[name_key])[:60]!r} is no tool that may be called",
                position=f"{where}.{name_key}",
                because=f"these may be: {', '.join(tool.name for tool in self._called)[:300]}",
            )
        return self._made(tool, json.dumps(value[arguments_key], ensure_ascii=False))

    def _made(self, tool: Tool, text: str) -> ToolCall:
        value = tool.value(text)
        return ToolCall(tool.name, load_json(text), value)

    # -- what is run ----------------------------------------------------------------------------------------------

    def call(self, text: str | Iterable[Mapping[str, Any]]) -> list[Any]:
        """Runs the calls of a text, in order, and gives their results; nothing is run unless all calls are valid.

        A type gives its object. Coroutine functions are run to their end; inside a running event loop use ``acall``.
        Raises ``ReadError`` as ``parse`` does, and ``ToolError`` where a tool fails or has no function.
        """
        calls = [(one, self._function(one)) for one in self.parse(text)]
        if not any(inspect.iscoroutinefunction(function) for _, function in calls):
            return [_ran(one, function) for one, function in calls]
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return asyncio.run(self.acall(text))
        raise ToolError(
            "a coroutine function cannot be run here",
            because="an event loop is running in this thread",
            instead="await tools.acall(text)",
        )

    async def acall(self, text: str | Iterable[Mapping[str, Any]]) -> list[Any]:
        """``call`` for coroutine functions, which run side by side; other functions run as they come."""
        calls = [(one, self._function(one)) for one in self.parse(text)]
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(_awaited(one, function)) for one, function in calls]
        except BaseExceptionGroup as errors:
            raise errors.exceptions[0] from errors.exceptions[0].__cause__
        return [task.result() for task in tasks]

    def _function(self, call: ToolCall) -> Callable[..., Any]:
        tool = self._tools[call.name]
        if tool.function is None:
            raise ToolError(
                "there is nothing to run",
                tool=call.name,
                because="the tool was given as a schema",
                instead="pass the function itself to Tools, or run it with what parse(text) gives",
            )
        return tool.function if tool.is_function else _same


def _same(**_: Any) -> None:
    """Stands for a type: its object is there already."""


class _Call:
    """One call as JSON, between tags."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    def to_grammar(self, limits: Limits) -> Grammar:
        parts = Parts()
        return parts.grammar(self._tools._call(parts, limits))

    def read(self, text: str) -> ToolCall:
        return self._tools._call_of(load_json(text), "$")


def _ran(call: ToolCall, function: Callable[..., Any]) -> Any:
    if function is _same:
        return call.value
    try:
        return function(**call.value)
    except Exception as error:
        raise ToolError(
            f"{type(error).__name__}: {error}", tool=call.name, because=f"its arguments were {str(call.arguments)[:200]}"
        ) from error


async def _awaited(call: ToolCall, function: Callable[..., Any]) -> Any:
    result = _ran(call, function)
    if not inspect.isawaitable(result):
        return result
    try:
        return await result
    except Exception as error:
        raise ToolError(
            f"{type(error).__name__}: {error}", tool=call.name, because=f"its arguments were {str(call.arguments)[:200]}"
        ) from error
