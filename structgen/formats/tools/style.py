"""How a call is written: in JSON alone, or between tags.

A style with ``begin`` has one block for each call; without, the output is the JSON of the call, or a JSON array of them
where calls may be parallel. ``{name}`` in ``begin`` stands for the tool's name; the block then holds the arguments alone.
"""

from __future__ import annotations

from dataclasses import dataclass

from structgen.errors import SchemaError

NAME = "{name}"


@dataclass(frozen=True, slots=True)
class ToolStyle:
    """``begin`` and ``end`` stand around a call, ``between`` between two of them. A call is a JSON object of the tool's
    name under ``name_key`` and its arguments under ``arguments_key``, in this order."""

    begin: str = ""
    end: str = ""
    between: str = "\n"
    name_key: str = "name"
    arguments_key: str = "arguments"

    def __post_init__(self) -> None:
        for field in ("begin", "end", "between", "name_key", "arguments_key"):
            text = getattr(self, field)
            if not isinstance(text, str) or any(0xD800 <= ord(one) <= 0xDFFF for one in text):
                raise SchemaError(f"ToolStyle({field}={text!r}) is no text")
        if not self.begin and (self.end or self.between != "\n"):
            raise SchemaError(
                "a ToolStyle with `end` or `between` needs `begin`", because="calls without tags are JSON alone"
            )
        if self.begin and not self.trigger:
            raise SchemaError(
                f"ToolStyle(begin={self.begin!r}) has nothing before {NAME}",
                because="a call could not be told from free text",
            )
        if self.begin.count(NAME) > 1:
            raise SchemaError(f"ToolStyle(begin={self.begin!r}) has the name twice")
        if self.name_key == self.arguments_key or not self.name_key or not self.arguments_key:
            raise SchemaError("ToolStyle(name_key=…, arguments_key=…) must be two different names")

    @property
    def trigger(self) -> str:
        """What ends free text: the beginning of a call, up to the tool's name and without white space at its end."""
        return self.begin.split(NAME)[0].rstrip()

    @property
    def names_in_tags(self) -> bool:
        return NAME in self.begin


STYLES = {
    "json": ToolStyle(),
    "hermes": ToolStyle("<tool_call>\n", "\n</tool_call>"),
    "function": ToolStyle("<function={name}>", "</function>", ""),
}
"""Hermes and Qwen 2.5/3 write ``hermes``, Llama's custom tools ``function``."""


def as_style(given: object) -> ToolStyle:
    """A style, or the one of that name."""
    if isinstance(given, ToolStyle):
        return given
    if isinstance(given, str) and given in STYLES:
        return STYLES[given]
    raise SchemaError(
        f"Tools(style={given!r}) is not an option", instead=f"use one of {', '.join(map(repr, STYLES))}, or a ToolStyle"
    )
