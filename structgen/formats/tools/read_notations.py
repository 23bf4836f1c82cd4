"""The notations in which models write calls, and where in an answer they stand.

In: a part of a text. Out: ``Written`` calls: a name and arguments as they were written, and the repairs that finding them
took. Known are: JSON, alone or in a list, with the keys of the usual interfaces; JSON between ``<tool_call>`` tags or
behind ``[TOOL_CALLS]``; ``<function=name>``; ``<invoke name="…">`` with parameters as elements; ``Action:`` and ``Action
Input:``; Python calls on lines of their own.

The one idea: the text is read from left to right, and whatever begins a call is read to its end by its own notation, values
as JSON from where they begin. So what looks like a tag or a call inside a string is part of the string, and no one can
write a call into an argument. Each place is looked at once, and ``MAX_CALLS`` bounds the calls.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from structgen.errors import ReadError
from structgen.formats.base import Candidate, Found, format_named
from structgen.formats.extract import fence_at
from structgen.formats.tools.read_python import is_call_text, python_calls

__all__ = ["MAX_CALLS", "Written", "written_calls"]

MAX_CALLS = 200
MAX_MARKS = 2000
"""Places looked at that may begin a call."""
MAX_REREADS = 10
"""Brackets that no other closes, behind which is looked again."""
NAME_KEYS = ("name", "tool", "function", "tool_name", "function_name", "action", "recipient_name")
ARGUMENT_KEYS = ("arguments", "parameters", "args", "input", "params", "kwargs", "tool_input", "action_input", "tool_args")
_WRAPPERS = ("tool_calls", "function_call", "toolCalls", "choices", "message", "content", "calls", "toolUse", "tool_uses")
_MARK = re.compile(
    r"(?P<function><function=(?P<f1>[\w.:/-]{1,256})>|\[TOOL_CALLS\](?P<f2>[\w.:/-]{1,256})(?:\[ARGS\])?(?=\{)"
    r"|\bto=(?:functions\.)?(?P<f3>[\w.:/-]{1,256}+)(?=[\s<])[^{\n]{0,80}<\|message\|>(?=\s{0,20}\{)"
    r"|<\uff5ctool\u2581sep\uff5c>(?P<f4>[\w.:/-]{1,256})\s{0,20}(?:```(?:json)?\s{0,20})?(?=\{)"
    r"|\u273fFUNCTION\u273f:[ \t]{0,20}(?P<f5>[\w.:/-]{1,256})\s{1,20}\u273fARGS\u273f:\s{0,20}(?=\{))"
    r"|(?P<tag><\|?(?:tool_call|function_call|tool_use|tool|tool_code|function|functioncall|python_tag)\|?>"
    r"|\[TOOL_CALLS\]|\bfunctools(?=\[))"
    r"|(?P<invoke><(?:\w+:)?invoke\s+name=[\"']?(?P<i1>[\w.:/-]{1,256})[\"']?\s*>)"
    r"|(?P<action>^[ \t*#]*Action[ \t]*:[ \t*]*`?(?P<a1>[\w.:/-]{1,256})`?[ \t*]*$)"
    r"|(?P<fence>^[ \t]*(?:`{3,}|~{3,}))"
    r"|(?P<python>^[ \t`]*(?:\[\s*)?[A-Za-z_][\w.]{0,256}\()"
    r"|(?P<json>[{\[])", re.MULTILINE | re.IGNORECASE)
"""Whatever may begin a call."""
_PARAMETER = re.compile(r"<(?:\w+:)?parameter(?:\s+name=[\"']?([\w.-]{1,256})[\"']?|=([\w.-]{1,256}))[^<>]{0,100}>")
_CLOSE_PARAMETER = re.compile(r"</(?:\w+:)?parameter>")
_CLOSE_CALL = re.compile(r"</(?:\w+:)?(?:invoke|function|tool_call)>")
_INPUT = re.compile(r"[ \t*#]*Action[ _]Input[ \t]*:[ \t*]*", re.IGNORECASE)
_PAIRED = re.compile(r"([\w.:/-]{1,256})\s{0,20}(?=<arg_key>)")
_PAIR = re.compile(r"\s*<arg_key>\s{0,20}([\w.-]{1,256})\s{0,20}</arg_key>\s*<arg_value>")
_ENDINGS = re.compile(r"(?:\s*<(?:\|[\w ]{1,40}\||/s)>)+\s*\Z")
"""Special tokens at the end of an answer."""
_SPACE = re.compile(r"\s*")


@dataclass(slots=True)
class Written:
    """A call as it was written. ``places``: arguments without names; ``span``: what it covers of the text."""

    name: str
    arguments: dict[str, Any] | None
    span: tuple[int, int]
    found: list[Found] = field(default_factory=list)
    places: list[Any] = field(default_factory=list)
    rest: dict[str, Any] = field(default_factory=dict)
    """Other members that stood beside the name."""
    source: Candidate | None = None


def written_calls(text: str, start: int, end: int) -> list[Written]:
    """The calls in a part of a text; ``ReadError`` where what looks like a call cannot be read."""
    calls: list[Written] = []
    at, fence, rereads = start, None, 0
    for _ in range(MAX_MARKS):
        mark = _MARK.search(text, at, end)
        if mark is None:
            break
        if mark["fence"] is not None:
            opened = fence_at(text, mark.end() - len(mark.group().lstrip()), end)
            fence = None if opened is None else Found("code-fence", opened.start, text[opened.start:opened.content], "")
            at = mark.end() if opened is None else opened.content
            continue
        kind = mark.lastgroup if mark.lastgroup in _READERS else next(one for one in _READERS if mark[one] is not None)
        found, after = _READERS[kind](text, mark, end)
        if found and fence is not None:
            found[0].found.insert(0, fence)
            fence = None
        calls += found
        if len(calls) > MAX_CALLS:
            raise ReadError(f"more than {MAX_CALLS} calls", position=f"offset {start}")
        at = max(after, at + 1, mark.start() + 1)
        rereads += kind == "json" and not found and after == mark.end()
        if rereads > MAX_REREADS:
            raise ReadError("the text is too damaged to be read", position=f"offset {mark.start()}",
                            because="many brackets are never closed")
    return calls


def _space(text: str, at: int, end: int) -> int:
    found = _SPACE.match(text, at, end)
    return found.end() if found else at


def _json_at(text: str, at: int, end: int) -> Candidate:
    read = format_named("json").value_at
    assert read is not None
    return read(text, at, end)


def _tagged(text: str, mark: re.Match[str], end: int) -> tuple[list[Written], int]:
    """JSON or Python behind a tag."""
    at = _space(text, mark.end(), end)
    fence = fence_at(text, at, end)
    if fence is not None:
        at = _space(text, fence.content, end)
    if is_call_text(text[at:at + 300]):
        close = text.find("</", at, end)
        stop = end if close < 0 else close
        return _python_in(text, at, stop), stop
    if at >= end or text[at] not in "{[":
        return _pairs(text, mark, at, end)
    candidate = _json_at(text, at, end)
    calls = list(_calls_of(candidate.value, candidate))
    for number, call in enumerate(calls):
        call.found[:0] = [Found("call-notation", mark.start(), mark.group(), ""), *candidate.found] if number == 0 else []
        call.span = (mark.start(), candidate.span[1])
    return calls, candidate.span[1]


def _pairs(text: str, mark: re.Match[str], at: int, end: int) -> tuple[list[Written], int]:
    """A name behind a tag, and its arguments as pairs of elements: ``<arg_key>…</arg_key><arg_value>…</arg_value>``."""
    name = _PAIRED.match(text, at, end)
    if name is None:
        return [], mark.end()
    arguments: dict[str, Any] = {}
    at = name.end()
    while (pair := _PAIR.match(text, at, end)) is not None and len(arguments) <= MAX_CALLS:
        close = text.find("</arg_value>", pair.end(), end)
        stop = end if close < 0 else close
        if pair[1] in arguments:
            raise ReadError(f"the argument {pair[1]!r} occurs twice", position=f"offset {pair.start()}")
        arguments[pair[1]] = html.unescape(text[pair.end():stop])
        at = end if close < 0 else close + len("</arg_value>")
    closing = _CLOSE_CALL.match(text, _space(text, at, end), end)
    after = closing.end() if closing else at
    found = [Found("call-notation", mark.start(), mark.group(), "")]
    return [Written(name[1], arguments, (mark.start(), after), found)], after


def _function(text: str, mark: re.Match[str], end: int) -> tuple[list[Written], int]:
    """``<function=name>{…}</function>``, with parameters as elements too."""
    at = _space(text, mark.end(), end)
    found = [Found("call-notation", mark.start(), mark.group(), "")]
    name = next(mark[one] for one in ("f1", "f2", "f3", "f4", "f5") if mark[one] is not None)
    if at < end and text[at] == "{":
        candidate = _json_at(text, at, end)
        arguments = candidate.value if isinstance(candidate.value, dict) else None
        after = candidate.span[1]
        return [Written(name, arguments, (mark.start(), after), [*found, *candidate.found], source=candidate)], after
    inner, after = _parameters(text, at, end)
    return [Written(name, inner, (mark.start(), after), found)], after


def _invoke(text: str, mark: re.Match[str], end: int) -> tuple[list[Written], int]:
    """``<invoke name="…">`` with parameters as elements."""
    inner, after = _parameters(text, mark.end(), end)
    found = [Found("call-notation", mark.start(), mark.group(), "")]
    return [Written(mark["i1"], inner, (mark.start(), after), found)], after


def _parameters(text: str, at: int, end: int) -> tuple[dict[str, Any], int]:
    """The parameters that follow each other as elements, and where they end."""
    arguments: dict[str, Any] = {}
    while True:
        at = _space(text, at, end)
        found = _PARAMETER.match(text, at, end)
        if found is None:
            closing = _CLOSE_CALL.match(text, at, end)
            return arguments, closing.end() if closing else at
        close = _CLOSE_PARAMETER.search(text, found.end(), end)
        stop = close.start() if close else end
        value = text[found.end():stop]
        if value.startswith("\n") and value.endswith("\n"):
            value = value[1:-1]
        name = found[1] or found[2]
        if name in arguments:
            raise ReadError(f"the argument {name!r} occurs twice", position=f"offset {found.start()}")
        arguments[name] = html.unescape(value)
        at = close.end() if close else end
        if len(arguments) > MAX_CALLS:
            raise ReadError(f"more than {MAX_CALLS} arguments", position=f"offset {at}")


def _action(text: str, mark: re.Match[str], end: int) -> tuple[list[Written], int]:
    """``Action: name`` and ``Action Input: {…}``, as ReAct prompts have it."""
    name, found = mark["a1"], [Found("call-notation", mark.start(), mark.group(), "")]
    behind = _INPUT.match(text, _space(text, mark.end(), end), end)
    if behind is None:
        return [Written(name, None, mark.span(), found)], mark.end()
    at = _space(text, behind.end(), end)
    fence = fence_at(text, at, end)
    if fence is not None:
        at = _space(text, fence.content, end)
    if at < end and text[at] == "{":
        candidate = _json_at(text, at, end)
        arguments = candidate.value if isinstance(candidate.value, dict) else None
        after = candidate.span[1]
        return [Written(name, arguments, (mark.start(), after), [*found, *candidate.found], source=candidate)], after
    line = text.find("\n", at, end)
    stop = end if line < 0 else line
    value = text[at:stop].strip().strip("\"'")
    is_nothing = value in ("", "None", "null")
    return [Written(name, {} if is_nothing else None, (mark.start(), stop), found, [] if is_nothing else [value])], stop


def _json(text: str, mark: re.Match[str], end: int) -> tuple[list[Written], int]:
    """A JSON value that is a call or holds some. One that is none is passed, unless it only ends because the text does."""
    candidate = _json_at(text, mark.start(), end)
    calls = list(_calls_of(candidate.value, candidate))
    if calls:
        calls[0].found[:0] = candidate.found
    elif any(one.kind == "unclosed-bracket" for one in candidate.found):
        return [], mark.end()
    return calls, candidate.span[1]


def _python(text: str, mark: re.Match[str], end: int) -> tuple[list[Written], int]:
    """Python calls: all up to the end or the next fence, or those of the line."""
    start = _space(text, mark.start(), end)
    start += len(text[start:mark.end()]) - len(text[start:mark.end()].lstrip("`"))
    line = text.find("\n", mark.end(), end)
    line = end if line < 0 else line
    fence = text.find("\n```", mark.end(), end)
    whole = end if fence < 0 else fence
    for stop in dict.fromkeys((whole, line)):
        plain = text[start:stop].rstrip().rstrip("`")
        ending = _ENDINGS.search(plain, max(0, len(plain) - 200))
        plain = plain if ending is None else plain[:ending.start()].rstrip()
        if stop != whole and not plain.endswith((")", "]")):
            break
        if not is_call_text(plain):
            continue
        try:
            return _python_in(text, start, start + len(plain)), stop
        except ReadError as error:
            if error.position is not None:  # calls, but not of literals
                raise
    return [], line


def _python_in(text: str, start: int, end: int) -> list[Written]:
    try:
        calls, closing = python_calls(text[start:end])
    except ReadError as error:
        offset = (error.position or "").removeprefix("offset ")
        if offset.isdecimal():
            error = ReadError(error.what, position=f"offset {start + int(offset)}", because=error.because)
        raise error from None
    written: list[Written] = []
    for number, call in enumerate(calls):
        found = [Found("call-notation", start + call.offset, call.name + "(", "")]
        if closing and number == len(calls) - 1:
            found.append(Found("unclosed-bracket", end, "", closing))
        written.append(Written(call.name, call.arguments, (start, end), found, call.places))
    return written


_READERS = {"tag": _tagged, "function": _function, "invoke": _invoke, "action": _action, "json": _json, "python": _python}


def _calls_of(value: Any, source: Candidate, depth: int = 0) -> Iterator[Written]:
    """The calls that a JSON value is or holds, in the shapes of the usual interfaces."""
    if depth > 6:
        return
    if isinstance(value, list):
        for item in value[:MAX_CALLS + 1]:
            yield from _calls_of(item, source, depth + 1)
    if not isinstance(value, dict):
        return
    offset = source.places.get(id(value), {})
    first = min(offset.values(), default=source.span[0])
    for key in _WRAPPERS:
        if isinstance(value.get(key), dict | list):
            inner = list(_calls_of(value[key], source, depth + 1))
            if inner:
                inner[0].found.insert(0, Found("wrapper", source.span[0], key, ""))
                yield from inner
                return
    if isinstance(value.get("function"), dict):
        inner = list(_calls_of(value["function"], source, depth + 1))
        if inner:
            inner[0].found.insert(0, Found("wrapper", first, "function", ""))
            yield from inner
            return
    name_key = next((key for key in NAME_KEYS if isinstance(value.get(key), str)), None)
    if name_key is None:
        yield from _keyed(value, source, first)
        return
    given = next((one for one in ARGUMENT_KEYS if one in value), None)
    found = [Found("call-key", offset.get(one, first), one, good)
             for one, good in ((name_key, "name"), (given, "arguments")) if one is not None and one != good]
    rest = {one: item for one, item in value.items() if one not in (name_key, given, "id", "type", "index", "call_id")}
    arguments = _arguments(value[given], found, offset.get(given, first)) if given else None
    yield Written(value[name_key], arguments, source.span, found, rest=rest, source=source)


def _arguments(given: Any, found: list[Found], offset: int) -> dict[str, Any] | None:
    """Arguments as an object, from one or from the text of one."""
    if isinstance(given, str):
        if not given.strip():
            return {}
        try:
            inner, _ = format_named("json").embedded(given)
        except ReadError:
            return None
        found.append(Found("embedded", offset, given[:100], "{"))
        given = inner
    if given is None:
        return {}
    return given if isinstance(given, dict) else None


def _keyed(value: dict[str, Any], source: Candidate, first: int) -> Iterator[Written]:
    """``{"name_of_tool": {…}}``: whether it is a call is known to those who know the tools."""
    if len(value) == 1:
        ((name, given),) = value.items()
        if isinstance(given, dict):
            yield Written(name, given, source.span, [Found("call-notation", first, name, "name")], source=source,
                          rest={"": True})
