"""Calls as grammar nodes: the JSON around arguments, and free text that is no call.

In: the nodes of the arguments. Out: nodes. White space and punctuation are those that ``JsonSchema`` gives an object and
an array with the same options, and the names of tools are read along what they have in common.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

from structgen.formats.json.source import JsonSchema
from structgen.formats.tagged.source import text_without
from structgen.formats.tools.style import ToolStyle
from structgen.grammar.build import ANY_TEXT, literal, optional, repeat, seq
from structgen.grammar.combine import branches
from structgen.grammar.nodes import MAX_CODE_POINT, Chars, Items, Members, Node, Text
from structgen.limits import Limits

_BLANK = Chars(((0x09, 0x0A), (0x0D, 0x0D), (0x20, 0x20)))
_NO_BRACKET = Chars(
    ((0, 0x08), (0x0B, 0x0C), (0x0E, 0x1F), (0x21, 0x5A), (0x5C, 0x7A), (0x7C, 0xD7FF), (0xE000, MAX_CODE_POINT))
)
_NO_JSON = seq(repeat(_BLANK), optional(seq(_NO_BRACKET, ANY_TEXT)))
_ANY_MEMBER = {"type": "object", "properties": {"a": {}}, "required": ["a"], "additionalProperties": False}


def call_node(arguments: Sequence[tuple[str, Node]], style: ToolStyle, options: Mapping[str, Any]) -> Node:
    """One call as JSON; ``arguments``: for each tool its name and the node of its arguments."""
    marks = cast(Members, JsonSchema(_ANY_MEMBER, **options).to_grammar(Limits()).start)
    behind = seq(marks.comma, literal(json.dumps(style.arguments_key, ensure_ascii=False)), marks.colon)
    names = [(json.dumps(name, ensure_ascii=False), seq(behind, node)) for name, node in arguments]
    return seq(
        marks.open, literal(json.dumps(style.name_key, ensure_ascii=False)), marks.colon, branches(names), marks.close
    )


def calls_node(call: Node, most: int | None, options: Mapping[str, Any]) -> Node:
    """An array of one call or more."""
    marks = cast(Items, JsonSchema({"type": "array"}, **options).to_grammar(Limits()).start)
    return replace(marks, prefix=(), rest=call, min_count=1, max_count=most)


def free_text(trigger: str) -> Text:
    """Text that is no call: without the trigger, or, where there is none, not beginning as JSON of calls does."""
    return text_without((trigger,)) if trigger else Text(_NO_JSON)
