"""Tool calls read tolerantly: from any notation that models use, held to the declared tools.

In: a text, and as an option ``tools``: what ``Tools`` takes, a ``Tools`` itself, or a mapping of names to schemas. Out: a
list of ``{"name": …, "arguments": {…}}``. Names are matched by case and punctuation, then by one or two letters, and only
where one tool is meant; arguments are coerced by the tool's schema and checked against it. A call of a tool that is not
declared, or one that lacks a required argument, refuses the whole text: to leave a call away would be to do something else
than was asked.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from structgen.errors import ReadError, SchemaError
from structgen.formats.base import Candidate, Format, Found, Place, format_named
from structgen.formats.extract import Region, regions
from structgen.formats.tools.definitions import Tool, as_tool, unique
from structgen.formats.tools.read_notations import Written, written_calls
from structgen.schema.coerce import coerce
from structgen.schema.scalars import distance, folded, scalar_text

__all__ = ["FORMAT"]

_PREFIXES = ("functions.", "function.", "tools.", "tool.", "default_api.", "default.", "multi_tool_use.")
_CLOSING = re.compile(r"(?:\s*(?:</[\w:|]{1,40}>|`{3,}|~{3,}))*")
_DEFAULTS = {"exponents": False, "escapes": "necessary"}
MAX_NAME = 256


class _Reader:
    """Reads calls of some tools; without tools of any."""

    def __init__(self, tools: Sequence[Tool] | None) -> None:
        self.tools = None if tools is None else {tool.name: tool for tool in tools}

    def strict(self, text: str) -> Any:
        """The calls of a JSON array as ``write`` makes it; ``ValueError`` for any other text."""
        value = format_named("json").strict(text)
        calls = value if isinstance(value, list) else [value]
        for call in calls:
            if not isinstance(call, dict) or set(call) != {"name", "arguments"} or not isinstance(
                    call["arguments"], dict) or not isinstance(call["name"], str):
                raise ValueError("not a list of calls")
            if self.tools is not None:
                tool = self.tools.get(call["name"])
                if tool is None or not _fits(tool, call["arguments"]):
                    raise ValueError("not a call of a declared tool")
        return calls

    def candidates(self, text: str, typed: bool) -> Iterator[Candidate]:
        """The calls of a text, as one candidate."""
        for region in regions(text):
            written = [call for call in written_calls(text, region.start, region.end) if self._is_call(call)]
            if not written:
                continue
            found: list[Found] = []
            calls: list[dict[str, Any]] = []
            for number, call in enumerate(written):
                made = self._made(call, number)
                calls.append(made[0])
                found += made[1]
            start = min(call.span[0] for call in written)
            end = max(call.span[1] for call in written)
            candidate = Candidate(calls, found, (start, end))
            candidate.places[id(calls)] = {number: call.span[0] for number, call in enumerate(written)}
            if all(call.span[0] != start for call in written[1:]) and not any(
                    one.kind == "call-notation" for one in found) and len(written) > 1:
                found.append(Found("concatenated-values", start, "", "["))
            _around(candidate, text, region)
            yield candidate
            return

    def _is_call(self, call: Written) -> bool:
        """Whether what looks like a call is one: a value that merely has a name is none."""
        if "" in call.rest:  # {"name_of_tool": {…}}
            return self.tools is not None and self._name(call.name)[0] is not None
        if any(one.kind == "call-notation" for one in call.found) or call.arguments is not None:
            return True
        return self.tools is not None and self._name(call.name)[0] is not None

    def _made(self, call: Written, number: int) -> tuple[dict[str, Any], list[Found]]:
        """A call as it was meant, and its repairs."""
        found = list(call.found)
        for one in found:
            if one.kind == "duplicate-key" and one.before.startswith(("'name'", "'function'", "'tool'")):
                raise ReadError("a call names its tool twice", position=f"offset {one.offset}",
                                because="which of them is meant cannot be told")
        if self.tools is None:
            if call.arguments is None or call.places or "" in call.rest:
                raise ReadError(f"the arguments of {call.name[:80]!r} cannot be read", position=f"offset {call.span[0]}",
                                instead="pass tools=…, which tell what its arguments are")
            return {"name": call.name, "arguments": call.arguments}, found
        name, kind = self._name(call.name)
        if name is None:
            raise ReadError(f"the tool {call.name[:80]!r} is not declared", position=f"offset {call.span[0]}",
                            because=kind or f"declared are {', '.join(self.tools)[:200]}")
        if kind:
            found.append(Found(kind, call.span[0], call.name, name, (None, number)))
        arguments = self._arguments(call, self.tools[name], number, found)
        return {"name": name, "arguments": arguments}, found

    def _name(self, name: str) -> tuple[str | None, str]:
        """The declared tool that a name means and the repair it takes, or None and why it means none."""
        tools = self.tools or {}
        if name in tools:
            return name, ""
        plain = name
        for prefix in _PREFIXES:
            plain = plain.removeprefix(prefix)
        if plain in tools:
            return plain, "tool-spelling"
        wanted = folded(plain[:MAX_NAME])
        same = [one for one in tools if folded(one) == wanted]
        if len(same) == 1 and wanted:
            return same[0], "tool-spelling"
        if same:
            return None, f"it may be any of {', '.join(same)[:200]}"
        bound = min(2, len(wanted) // 5)
        near = sorted((distance(wanted, folded(one), bound), one) for one in tools) if bound and len(wanted) <= 64 else []
        near = [pair for pair in near if pair[0] <= bound]
        if len(near) == 1:
            return near[0][1], "nearest-tool"
        return None, f"it may be any of {', '.join(one for _, one in near)[:200]}" if near else ""

    def _arguments(self, call: Written, tool: Tool, number: int, found: list[Found]) -> dict[str, Any]:
        """The arguments as the tool's schema has them; ``ReadError`` where they cannot be."""
        schema = tool.source.schema
        assert isinstance(schema, Mapping)
        given = dict(call.arguments or {})
        place: Place = ((None, number), "arguments")
        offset = call.span[0]
        names = _properties(schema)
        if call.arguments is None and call.rest and "" not in call.rest:
            given = dict(call.rest)
            found.append(Found("missing-arguments", offset, "", "arguments", place))
        elif call.arguments is None and not call.places:
            found.append(Found("missing-arguments", offset, "", "{}", place))
        if call.places:
            if len(call.places) == 1 and isinstance(call.places[0], dict) and not given:
                given = call.places[0]
            else:
                free = [name for name in names if name not in given]
                if len(call.places) > len(free):
                    raise ReadError(f"{tool.name} has {len(call.places)} arguments without a name",
                                    position=f"offset {offset}", because=f"its parameters are {', '.join(names)[:200]}")
                given = {**dict(zip(free, call.places, strict=False)), **given}
            found.append(Found("positional-argument", offset, "", ", ".join(given), place))
        made = coerce(given, schema, embedded=format_named("json").embedded)
        if made.failure is not None:
            path, why = made.failure
            raise ReadError(f"no call of {tool.name}: {why}", position=f"offset {offset}",
                            because=f"at $[{number}].arguments" + "".join(f".{key}" for key in path))
        for change in made.changes:
            if change.kind == "extra-field":
                raise ReadError(f"{tool.name} has no parameter {change.path[-1]!r}", position=f"offset {offset}",
                                because=f"its parameters are {', '.join(names)[:200]}")
            inner = place
            for key in change.path:
                inner = (inner, key)
            found.append(Found(change.kind, offset, change.before, change.after, inner))
        if not _fits(tool, made.value):
            _refuse(tool, made.value, offset)
        arguments: dict[str, Any] = made.value
        return arguments


def _properties(schema: Mapping[str, Any]) -> list[str]:
    known = schema.get("properties")
    return list(known) if isinstance(known, Mapping) else []


def _fits(tool: Tool, arguments: dict[str, Any]) -> bool:
    try:
        tool.value(json.dumps(arguments))
    except (ReadError, ValueError):
        return False
    return True


def _refuse(tool: Tool, arguments: dict[str, Any], offset: int) -> None:
    try:
        tool.value(json.dumps(arguments))
    except (ReadError, ValueError) as error:
        why = str(error).splitlines()[0]
        raise ReadError(f"no call of {tool.name}", position=f"offset {offset}", because=why) from error


def _around(candidate: Candidate, text: str, region: Region) -> None:
    """Adds the repairs for what is left away around the calls."""
    start = candidate.span[0]
    closing = _CLOSING.match(text, candidate.span[1], region.end)
    end = closing.end() if closing else candidate.span[1]
    found: list[Found] = []
    if region.thinking:
        found.append(Found("thinking", region.thinking[0], text[slice(*region.thinking)], ""))
    if text[region.start:start].strip():
        found.append(Found("surrounding-text", region.start, text[region.start:start], ""))
    candidate.found[:0] = found
    if text[end:region.end].strip():
        candidate.found.append(Found("surrounding-text", end, text[end:region.end], ""))


def write(value: Any) -> str:
    """Calls as a JSON array."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _tools(given: Any) -> Sequence[Tool]:
    """The tools that an option names."""
    known = getattr(given, "tools", None)
    if isinstance(known, tuple) and all(isinstance(one, Tool) for one in known):
        return known
    if isinstance(given, Mapping) and "name" not in given and "function" not in given:
        given = [{"name": name, "parameters": schema} if isinstance(schema, Mapping) else schema
                 for name, schema in given.items()]
    if isinstance(given, str | bytes | Mapping) or not isinstance(given, Iterable):
        raise SchemaError(f"read(tools={scalar_text(given)[:60]}) is not an option", instead="pass a list of tools")
    return unique([as_tool(one, number, _DEFAULTS) for number, one in enumerate(given)])


def _aimed(schema: Any, options: Mapping[str, Any]) -> Format:
    unknown = set(options) - {"tools"}
    if unknown:
        raise SchemaError(f"read({min(unknown)}=…) is not an option of the format tool_calls", instead="use tools")
    return _format(None if options.get("tools") is None else _tools(options["tools"]))


def _embedded(text: str) -> tuple[Any, int]:
    found: tuple[Any, int] = format_named("json").embedded(text)
    return found


def _format(tools: Sequence[Tool] | None) -> Format:
    reader = _Reader(tools)
    return Format("tool_calls", reader.strict, reader.candidates, _embedded, write, _aimed)


FORMAT = _format(None)
