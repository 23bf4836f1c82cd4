"""Values as Python shows them, with the names of their classes: ``Person(name='Ada', age=36)``.

In: a part of a text. Out: the value, with objects for calls that name their arguments, and where each call stands. Nothing
is evaluated: the text is parsed by ``ast``; literals, containers, dates and such calls are values, all else is refused.
"""

from __future__ import annotations

import ast
import datetime
import re
import warnings
from typing import Any

__all__ = ["constructed"]

MAX_TEXT = 20_000
"""Characters that are parsed: Python's parser takes its time and memory for more."""
MAX_NESTING = 60
_OTHER = re.compile(r"[{\[(\"\u201c\u2018]|(?<!\w)'")
"""What another value begins with, before which no call is one."""
_BEGIN = re.compile(r"(?:\[\s{0,20})?\b[A-Za-z_][\w.]{0,60}\((?:\s{0,20}[A-Za-z_]\w{0,60}\s?=(?!=)|\[\()")
_DATES = {"date": datetime.date, "datetime": datetime.datetime}
_LISTS = frozenset({"set", "frozenset", "list", "tuple", "deque"})
_DICTS = frozenset({"dict", "OrderedDict", "defaultdict"})


class _NoValue(ValueError):
    """Something that is no literal."""


def constructed(text: str, start: int, end: int) -> tuple[Any, int, int, int] | None:
    """The value of a text that begins with a call, or with prose and then one; None where there is none or it is not whole.

    With it where it begins and ends, the last bracket, and how many calls there are."""
    if end - start > MAX_TEXT:
        return None
    begin = _BEGIN.search(text, start, end)
    if begin is None or _OTHER.search(text, start, begin.start()):
        return None
    stop = max(text.rfind(")", begin.start(), end), text.rfind("]", begin.start(), end)) + 1
    part = text[begin.start():stop]
    if not stop or _depth(part) > MAX_NESTING:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(part, mode="eval")
        value, calls = _value(tree.body)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return value, begin.start(), stop, calls


def _depth(text: str) -> int:
    depth = deepest = 0
    for one in text:
        depth += (one in "[({") - (one in "])}")
        deepest = max(deepest, depth)
    return deepest


def _value(node: ast.expr) -> tuple[Any, int]:
    """The value of an expression, and how many calls are in it."""
    if isinstance(node, ast.Constant) and (node.value is None or isinstance(node.value, bool | int | float | str)):
        return node.value, 0
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        value, calls = _value(node.operand)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return -value, calls
    if isinstance(node, ast.List | ast.Tuple | ast.Set):
        items = [_value(item) for item in node.elts]
        return [item for item, _ in items], sum(calls for _, calls in items)
    if isinstance(node, ast.Dict):
        pairs = [(_key(key), _value(item)) for key, item in zip(node.keys, node.values, strict=True)]
        return _members([(name, item) for name, (item, _) in pairs]), sum(calls for _, (_, calls) in pairs)
    if isinstance(node, ast.Call):
        return _call(node)
    raise _NoValue(type(node).__name__)


def _call(node: ast.Call) -> tuple[Any, int]:
    function = node.func
    name = function.attr if isinstance(function, ast.Attribute) else function.id if isinstance(function, ast.Name) else ""
    if name in _DATES and node.args and not node.keywords:
        numbers = [_value(one)[0] for one in node.args]
        if not all(isinstance(one, int) and not isinstance(one, bool) for one in numbers):
            raise _NoValue("a date of no numbers")
        try:
            return _DATES[name](*numbers).isoformat(), 1
        except (TypeError, OverflowError) as error:
            raise _NoValue("no date") from error
    if node.keywords and not node.args:
        members = [(one.arg, _value(one.value)) for one in node.keywords if one.arg is not None]
        if len(members) < len(node.keywords):
            raise _NoValue("**")
        return _members([(key, item) for key, (item, _) in members]), 1 + sum(calls for _, (_, calls) in members)
    if len(node.args) == 1 and not node.keywords:
        value, calls = _value(node.args[0])
        if name in _DICTS and isinstance(value, list):
            if not all(isinstance(pair, list) and len(pair) == 2 and isinstance(pair[0], str) for pair in value):
                raise _NoValue("no pairs")
            value = _members([(key, item) for key, item in value])
        return value, calls + 1
    if name in _LISTS | _DICTS and not node.args:
        return ([] if name in _LISTS else {}), 1
    raise _NoValue("a call with arguments that have no names")


def _key(node: ast.expr | None) -> str:
    value = None if node is None else _value(node)[0]
    if not isinstance(value, str):
        raise _NoValue("a key that is no text")
    return value


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise _NoValue("a name occurs twice")
    return members
