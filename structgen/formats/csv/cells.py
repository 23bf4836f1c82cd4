"""What a column may hold: the scalars of its JSON Schema without their JSON quotes.

In: the schema of one column. Out: its texts, its bare words (numbers, ``true``, ``false``) and whether it may be empty.
A cell has no type of its own, so what a reader could not tell apart is refused by name: ``None`` beside the empty text,
texts beside numbers or booleans (unless the texts are listed and none looks like one), and whatever is no scalar.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import Any, NoReturn

from structgen.errors import UnsupportedSchemaError
from structgen.formats.csv.quoting import bare, quoted
from structgen.formats.json.source import JsonSchema
from structgen.grammar.build import EMPTY, alt
from structgen.grammar.empty_text import is_nullable
from structgen.grammar.nodes import Alt, Node, Str, Text
from structgen.grammar.texts import listed
from structgen.limits import Limits

NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_QUOTED_EMPTY = '""'


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, its texts, its numbers and booleans, and whether a cell may be empty (None)."""

    name: str
    texts: tuple[Text, ...]
    words: tuple[Text, ...]
    empty: bool
    numbers: bool
    booleans: bool
    unenforced: tuple[str, ...] = ()

    def node(self, delimiter: str, quoting: str, alone: bool) -> Node:
        """The cells of the column; ``alone``: in a table of one column an empty cell is quoted, or its line would be
        taken for none."""
        always = quoting == "all"
        options: list[Node] = []
        for text in self.texts:
            if quoting == "minimal":
                unquoted = bare(text, delimiter)
                if alone and isinstance(unquoted, Text) and is_nullable(unquoted, ()):
                    unquoted = replace(unquoted, min_length=1)
                    options.append(Str(_QUOTED_EMPTY))
                options.append(unquoted)
            options.append(quoted(text, delimiter, quoting == "minimal"))
        for word in self.words:
            options += [quoted(word, delimiter, False)] if always else [bare(word, delimiter), quoted(word, delimiter, True)]
        if self.empty:
            options.append(Str(_QUOTED_EMPTY) if always or alone else EMPTY)
        return alt(option for option in options if not isinstance(option, Alt) or option.options)

    def json(self, cell: str) -> str:
        """The JSON value that a cell stands for."""
        if not cell and self.empty:
            return "null"
        if (self.numbers and NUMBER.fullmatch(cell)) or (self.booleans and cell in ("true", "false")):
            return cell
        return json.dumps(cell)


def read_column(name: str, schema: dict[str, Any], limits: Limits) -> Column:
    """The column of a schema; ``UnsupportedSchemaError`` for what cells cannot tell apart or hold."""
    grammar = JsonSchema(schema, whitespace="compact", exponents=False).to_grammar(limits)
    texts: list[Text] = []
    words: list[Text] = []
    empty = numbers = booleans = False
    start = grammar.start
    for node in start.options if isinstance(start, Alt) else (start,):
        if isinstance(node, Text) and node.encoding != "raw":
            texts.append(replace(node, encoding="raw"))
        elif isinstance(node, Text):
            words.append(node)
            numbers = True
        elif isinstance(node, Str) and node.text == "null":
            empty = True
        elif isinstance(node, Str) and node.text in ("true", "false"):
            words.append(Text(node))
            booleans = True
        else:
            _refuse(name, "type", "holds more than a text, a number, a boolean or nothing",
                    "a cell is one scalar", "give every part a column of its own")
    if empty and any(is_nullable(text, ()) for text in texts):
        _refuse(name, "type", "may be None or the empty text", "both are an empty cell", "ask for a text of min_length=1")
    if texts and words:
        _tell_apart(name, texts, numbers, booleans)
    return Column(name, tuple(texts), tuple(words), empty, numbers, booleans, grammar.unenforced)


def _tell_apart(name: str, texts: list[Text], numbers: bool, booleans: bool) -> None:
    for text in texts:
        known = listed(text.body)
        if known is None:
            _refuse(name, "type", "may be a text or a " + ("number" if numbers else "boolean"),
                    "a cell says no type, so 1 could be either", "use one type, or list the texts in a Literal")
        for one in known:
            if (numbers and NUMBER.fullmatch(one)) or (booleans and one in ("true", "false")):
                _refuse(name, "enum", f"may be the text {one!r} or the value that is written so",
                        "a cell says no type", "leave one of them away")


def _refuse(name: str, keyword: str, what: str, because: str, instead: str) -> NoReturn:
    raise UnsupportedSchemaError(f"a cell {what}", keyword=keyword, position=f"column {name!r}", because=because,
                                 instead=instead)
