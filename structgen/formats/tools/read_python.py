"""Calls written as Python: ``[get_weather(city="Oslo"), stop()]``.

In: a text that holds nothing else. Out: for each call its name, its arguments by name and those by place. Nothing is
evaluated: the text is parsed by ``ast``, and only literals, lists, tuples, sets and dicts of them are arguments; an
attribute, an operator, a name or a call in an argument is refused.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator
from typing import Any, NamedTuple, NoReturn

from structgen.errors import ReadError

__all__ = ["PythonCall", "is_call_text", "python_calls"]

MAX_TEXT = 20_000
"""Characters that are parsed: Python's parser takes its time and memory for more."""
MAX_NESTING = 60
_WORDS = {"true": True, "false": False, "null": None, "none": None, "undefined": None}
_START = re.compile(r"\s*\[?\s*(?:print\()?[A-Za-z_][\w.]*\(")
_BRACKET = re.compile(r"[\[({]")
_CLOSINGS = ("", "]", ")", ")]", "])", "')", '")', "')]", '")]', "}])", "})")
"""What may be missing at the end of a text."""


class PythonCall(NamedTuple):
    """A call: its name, its keyword arguments, its arguments by place, and where it stands in the text."""

    name: str
    arguments: dict[str, Any]
    places: list[Any]
    offset: int


def is_call_text(text: str) -> bool:
    """Whether a text begins as calls do."""
    return len(text) <= MAX_TEXT and _START.match(text) is not None


def python_calls(text: str) -> tuple[list[PythonCall], str]:
    """The calls that a text is, and what was missing at its end; ``ReadError`` where it is none."""
    plain = text.strip()
    tree, closing = _tree(plain)
    lines = [0]
    for line in plain.split("\n"):
        lines.append(lines[-1] + len(line.encode()) + 1)
    shift = len(text) - len(text.lstrip())
    calls: list[PythonCall] = []
    for node in _calls(tree):
        offset = shift + len(plain.encode()[:lines[node.lineno - 1] + node.col_offset].decode(errors="replace"))
        try:
            calls.append(_call(node, offset))
        except RecursionError as error:
            raise ReadError("a call that is nested too deep", position=f"offset {offset}") from error
    return calls, closing


def _tree(text: str) -> tuple[ast.Module, str]:
    if len(_BRACKET.findall(text)) > 20 * MAX_NESTING and _depth(text) > MAX_NESTING:
        raise ReadError("calls that are nested too deep")
    problem = "no calls"
    for closing in _CLOSINGS:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return ast.parse(text + closing), closing
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            problem = str(error)
    raise ReadError("the text is no call", because=problem)


def _depth(text: str) -> int:
    depth = deepest = 0
    for one in text:
        depth += (one in "[({") - (one in "])}")
        deepest = max(deepest, depth)
    return deepest


def _calls(tree: ast.Module) -> Iterator[ast.Call]:
    """The calls of statements, lists and ``print``."""
    for statement in tree.body:
        value = statement.value if isinstance(statement, ast.Expr | ast.Assign) else None
        if isinstance(value, ast.Await):
            value = value.value
        if _is_print(value):
            assert isinstance(value, ast.Call)
            value = ast.List(value.args)
        for one in value.elts if isinstance(value, ast.List | ast.Tuple) else [value]:
            if not isinstance(one, ast.Call):
                raise ReadError("the text is no call", because=f"{type(one or statement).__name__} stands in it")
            yield one


def _is_print(node: ast.expr | None) -> bool:
    """Whether a node prints calls."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print" and bool(
        node.args) and all(isinstance(one, ast.Call) for one in node.args)


def _call(node: ast.Call, offset: int) -> PythonCall:
    names: list[str] = []
    function = node.func
    while isinstance(function, ast.Attribute):
        names.append(function.attr)
        function = function.value
    if not isinstance(function, ast.Name):
        _refuse(function, offset)
    names.append(function.id)
    arguments: dict[str, Any] = {}
    for keyword in node.keywords:
        if keyword.arg is None:
            if not isinstance(keyword.value, ast.Dict):
                _refuse(keyword.value, offset)
            arguments.update(_value(keyword.value, offset))
            continue
        arguments[keyword.arg] = _value(keyword.value, offset)
    return PythonCall(".".join(reversed(names)), arguments, [_value(one, offset) for one in node.args], offset)


def _value(node: ast.expr, offset: int) -> Any:
    """The value of a literal."""
    if isinstance(node, ast.Constant) and (node.value is None or isinstance(node.value, bool | int | float | str)):
        return node.value
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd) and isinstance(node.operand, ast.Constant):
        value = node.operand.value
        if isinstance(value, int | float) and not isinstance(value, bool):
            return -value if isinstance(node.op, ast.USub) else value
    if isinstance(node, ast.List | ast.Tuple | ast.Set):
        return [_value(item, offset) for item in node.elts]
    if isinstance(node, ast.Dict):
        members: dict[str, Any] = {}
        for key, item in zip(node.keys, node.values, strict=True):
            name = None if key is None else _value(key, offset)
            if not isinstance(name, str):
                _refuse(key or item, offset)
            members[name] = _value(item, offset)
        return members
    if isinstance(node, ast.Name) and node.id in _WORDS:
        return _WORDS[node.id]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "dict" and not node.args:
        return {str(one.arg): _value(one.value, offset) for one in node.keywords}
    _refuse(node, offset)


def _refuse(node: ast.AST, offset: int) -> NoReturn:
    raise ReadError("an argument is no literal", position=f"offset {offset}",
                    because=f"{type(node).__name__} stands there, and nothing is ever evaluated")
