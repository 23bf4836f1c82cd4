"""How models damage the YAML they write. Each damage takes a document, and returns a damaged copy or None."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

from . import Model
from .around import DAMAGES as AROUND
from .random_types import LOOKS, NAMES, WORDS, types
from .yaml_text import CONTAINER, Document, Line, render, write

_YAML_ESCAPE = re.compile(r"\\[0abtnvfre \"/\\N_LPxu]|\\U[0-9a-fA-F]{8}")

Choice = Callable[[Line], bool]


def on_line(choose: Choice, change: Callable[[Line, Random], None]) -> Callable[[Document, Random], Document | None]:
    """A damage of one line of those that ``choose`` picks."""

    def damage(document: Document, rng: Random) -> Document | None:
        document = document.copy()
        lines = [line for line in document.lines if choose(line)]
        if not lines:
            return None
        change(rng.choice(lines), rng)
        return document

    return damage


def unquote(line: Line, rng: Random) -> None:
    line.value, line.comment = line.meaning, ""


def is_quoted(line: Line) -> bool:
    quote = line.value[:1]
    is_closed = quote in ("'", '"') and len(line.value) > 1 and line.value[-1] == quote
    return line.is_text and is_closed and "\n" not in line.meaning and line.meaning != ""


def needs_quotes(pattern: str) -> Choice:
    found = re.compile(pattern)
    return lambda line: is_quoted(line) and bool(found.search(line.meaning)) and _is_no_yaml(line.meaning)


def _is_no_yaml(text: str) -> bool:
    """Whether a string without its quotes is no valid YAML for another string."""
    return not re.search(r"(?:^| )#(?:\s|$)|^[&!]\s|^&\w", text) and "\\" not in text


def respell(line: Line, rng: Random) -> None:
    value = line.meaning
    line.comment = ""
    if isinstance(value, bool):
        line.value = rng.choice(
            ["yes", "Yes", "on", "YES", '"true"', "y"] if value else ["no", "No", "off", "NO", '"false"', "n"]
        )
    elif isinstance(value, str):
        year, month, day = value.split("-")
        name = [
            "January",
            "February",
            "March",
            "April",
            "May",
            "June",
            "July",
            "August",
            "September",
            "October",
            "November",
            "December",
        ][int(month) - 1]
        line.value = rng.choice(
            [
                f"{name} {int(day)}, {year}",
                f"{int(day)} {name} {year}",
                f"{year}/{month}/{day}",
                f'"{name[:3]} {int(day)}, {year}"',
            ]
        )
    else:
        line.value = rng.choice(
            [f'"{value}"', f"'{value}'", f"{value:,}", f"${value:,}", f'"{value:,}"'] + [f"{value:_}"] * (abs(value) >= 1000)
        )


def tabs(document: Document, rng: Random) -> Document | None:
    """Tabs for a document's indentation, for that of one line's block, or white space that is not there for anything."""
    document = document.copy()
    kind = rng.choice(["all", "block", "trailing", "after-colon"])
    if kind in ("trailing", "after-colon"):
        lines = [line for line in document.lines if line.meaning is not CONTAINER and not line.body and line.value]
        for line in rng.sample(lines, min(len(lines), 2)):
            if kind == "trailing":
                line.comment += "\t"
            elif line.colon:
                line.colon = ":\t"
        return document if lines else None
    lines = [line for line in document.lines if line.col]
    if kind == "block":
        lines = [one for line in rng.sample(document.lines, 1) for one in document.below(line) if one.col]
    for line in lines:
        if not line.body:
            line.lead = "\t" * (line.col // document.step) + " " * (line.col % document.step)
    return document if any(not line.body for line in lines) else None


def siblings(document: Document, line: Line) -> list[Line]:
    return [one for one in document.lines if one.path[:-1] == line.path[:-1] and one.key]


def indentation(document: Document, rng: Random) -> Document | None:
    document = document.copy()
    kind = rng.choice(["off", "dedent", "first", "dash", "lost"])
    if kind == "first":
        if document.before or document.lines[0].dash or document.lines[0].meaning is CONTAINER or document.lines[0].body:
            return None
        document.lines[0].col += 2
        return document
    if kind == "off":
        lines = [
            line
            for line in document.lines
            if line.key
            and not line.dash
            and line.meaning is not CONTAINER
            and not line.body
            and siblings(document, line)[0] is not line
        ]
        if not lines:
            return None
        line = rng.choice(lines)
        line.col += rng.choice([1, -1, 1]) if line.col else 1
        return document
    if kind == "dedent":  # the members behind the first, by less than a step
        nested = [
            line
            for line in document.lines
            if line.key
            and line.col
            and not line.dash
            and len(line.path) > 1
            and siblings(document, line)[0] is not line
            and not isinstance(line.path[-2], int)
        ]
        if not nested:
            return None
        line = rng.choice(nested)
        rest = siblings(document, line)
        for one in document.lines:
            if any(one.path[: len(other.path)] == other.path for other in rest[rest.index(line) :]):
                one.col -= 1
                one.body = [text[1:] for text in one.body]
        return document
    lists = [line for line in document.lines if line.dash and line.key]
    if kind == "dash" and lists:  # the members of one list's items in the column of the dash
        path = rng.choice(lists).path[:-2]
        flush = [line.col for line in document.lines if line.path == path]
        if flush and flush[0] >= next(line.col for line in lists if line.path[:-2] == path):
            return None
        for line in document.lines:
            if line.path[: len(path)] == path and len(line.path) > len(path) + 1 and not line.dash:
                line.col -= 2
                line.body = [text[2:] for text in line.body]
        return document
    return lost_indentation(document, rng) if kind == "lost" else None


def lost_indentation(document: Document, rng: Random) -> Document | None:
    """The members of a nested object in the column of its key, where no name occurs in two of them."""
    nested = [
        line
        for line in document.lines
        if line.meaning is CONTAINER
        and not line.value
        and not line.dash
        and "properties" in (line.schema or {})
        and document.below(line)
    ]
    if not nested or "properties" not in document.schema:
        return None
    line = rng.choice(nested)
    outer: set[str] = set()
    above: Any = document.schema
    for key in line.path:
        outer |= set(above.get("properties", {}))
        above = above.get("properties", {}).get(key, {}) if isinstance(key, str) else above.get("items", {})
    names = set(line.schema["properties"])
    if names & outer or any(not one.key or len(one.path) > len(line.path) + 1 or one.body for one in document.below(line)):
        return None
    for one in document.below(line):
        one.col = line.col
    return document


def items_of(document: Document, rng: Random, choose: Choice) -> list[Line]:
    """The lines of one list, all of which ``choose`` picks."""
    paths = sorted({line.path[:-1] for line in document.lines if line.dash and not line.key}, key=str)
    lists = [[line for line in document.lines if line.dash and not line.key and line.path[:-1] == path] for path in paths]
    lists = [lines for lines in lists if all(map(choose, lines))]
    return rng.choice(lists) if lists else []


def missing_dash(document: Document, rng: Random) -> Document | None:
    document = document.copy()
    if rng.random() < 0.4:  # of an object that is not the first
        lines = [
            line
            for line in document.lines
            if line.dash
            and line.key
            and line.path[-2] > 0
            and line.path[-1]
            in [
                one.path[-1]
                for one in document.lines
                if len(one.path) == len(line.path) and one.path[:-1] == (*line.path[:-2], line.path[-2] - 1)
            ]
        ]
        if not lines:
            return None
        line = rng.choice(lines)
        line.dash, line.col = "", line.col + 2
        return document
    lines = items_of(
        document, rng, lambda line: isinstance(line.meaning, str) and not line.body and line.value[:1] not in "-?"
    )
    if not lines:
        return None
    if rng.random() < 0.5 and len(lines) > 1:
        rng.choice(lines[1:]).dash = ""
    else:
        if not lines[0].path[:-1] or not [
            one for one in document.lines if one.path == lines[0].path[:-1] and one.col < lines[0].col
        ]:
            return None
        for line in lines:
            line.dash = ""
    return document


def missing_space(document: Document, rng: Random) -> Document | None:
    document = document.copy()
    if rng.random() < 0.4:
        lines = items_of(document, rng, lambda line: isinstance(line.meaning, str) and line.value[:1].isalpha())
        for line in lines if rng.random() < 0.6 else lines[-1:]:
            line.dash = "-"
        return document if lines else None
    lines = [line for line in document.lines if line.key and line.colon == ": " and line.value[:1].isalnum()]
    for line in lines if rng.random() < 0.5 else rng.sample(lines, min(1, len(lines))):
        line.colon = ":"
    return document if lines else None


def as_flow(document: Document, rng: Random) -> tuple[Document, Line] | None:
    """A nested container written as JSON on the line of its key."""
    document = document.copy()
    lines = [line for line in document.lines if line.key and line.path and line.meaning is CONTAINER]
    if not lines:
        return None
    line = rng.choice(lines)
    value = document.value
    for key in line.path:
        value = value[key]
    if not value:
        return None
    gone = document.below(line)
    document.lines = [one for one in document.lines if one not in gone]
    line.value, line.colon, line.comment = json.dumps(value, ensure_ascii=False), ": ", ""
    if rng.random() < 0.3:
        first, *rest = json.dumps(value, ensure_ascii=False, indent=2).split("\n")
        line.value, line.body = first, [" " * line.key_col + one for one in rest]
    return document, line


def flow_brackets(document: Document, rng: Random) -> Document | None:
    """JSON in YAML with a comma or a bracket too many, or without its last bracket."""
    made = as_flow(document, rng)
    if made is None:
        return None
    document, line = made
    text = "\n".join([line.value, *line.body])
    kind = rng.choice(["comma", "unclosed", "extra"])
    text = (
        text[:-1].rstrip() + "," + text[-1]
        if kind == "comma"
        else text[:-1].rstrip()
        if kind == "unclosed"
        else text + text[-1]
    )
    line.value, *line.body = text.split("\n")
    return document


def json_instead(document: Document, rng: Random) -> Document:
    """The whole answer as JSON, with a trailing comma or a bracket missing."""
    text = json.dumps(document.value, ensure_ascii=False, indent=rng.choice([None, 2]))
    text = text[:-1].rstrip() + rng.choice([",", ""]) + rng.choice(["\n" + text[-1], ""])
    return replace(document, lines=[Line(0, value=one) for one in text.split("\n")], before="")


def block_indentation(document: Document, rng: Random) -> Document | None:
    """The text of a literal block in the column of its key, or its first line behind the sign."""
    document = document.copy()
    lines = [line for line in document.lines if line.body and line.key and line.value == "|-"]
    if not lines:
        return None
    line = rng.choice(lines)
    texts = line.meaning.split("\n")
    if rng.random() < 0.4:
        if re.match(r"[\s|>+-]|$", texts[0]) or len(texts) < 2 or texts[1][:1] in ("", " "):
            return None
        line.value, line.body = f"| {texts[0]}", line.body[1:]
        line.meaning += "\n"
        return None if not _kept_newline(document, line) else document
    if any(re.match(r".*:(?: |$)|\s*- ", one) for one in texts) or "" in texts:
        return None
    line.body = [" " * line.key_col + one for one in texts]
    return document


def _kept_newline(document: Document, line: Line) -> bool:
    """Whether the value can be what "|" keeps: the text with a newline at its end."""
    line.value = line.value.replace("| ", "|- ", 1)
    line.meaning = line.meaning[:-1]
    return True


def wrapped(document: Document, rng: Random) -> Document | None:
    """A long line goes on in the column of its key."""
    document = document.copy()
    lines = [
        line
        for line in document.lines
        if line.is_text
        and line.key
        and len(line.meaning) > 30
        and line.value == line.meaning
        and not line.comment
        and ":" not in line.value
    ]
    if not lines:
        return None
    line = rng.choice(lines)
    at = line.value.find(" ", 20)
    if at < 0:
        return None
    line.body, line.value = [" " * line.key_col + line.value[at + 1 :]], line.value[:at]
    return document


def duplicate(document: Document, rng: Random) -> Document | None:
    document = document.copy()
    lines = [line for line in document.lines if line.key and line.meaning is not CONTAINER and not line.body]
    if not lines:
        return None
    line = rng.choice(lines)
    again = replace(line, dash="", col=line.key_col)
    document.lines.insert(document.lines.index(line) + 1, again)
    return document


def empty_key(document: Document, rng: Random) -> Document | None:
    """A name without a value, for an optional field that has none."""
    properties = document.schema.get("properties", {})
    names = [
        name
        for name, schema in properties.items()
        if name not in document.value and schema.get("type") in ("string", "integer", "number", "boolean")
    ]
    if not names or not all(line.path for line in document.lines):
        return None
    document = document.copy()
    document.lines.append(Line(0, key=rng.choice(names), colon=":", comment=rng.choice(["", " ", "  # not given"])))
    return document


def every_line(
    choose: Choice, change: Callable[[Line, Random], None], share: float = 0.5
) -> Callable[[Document, Random], Any]:
    """A damage of all lines that ``choose`` picks, or of one."""

    def damage(document: Document, rng: Random) -> Document | None:
        document = document.copy()
        lines = [line for line in document.lines if choose(line)]
        if not lines:
            return None
        for line in lines if rng.random() < share else [rng.choice(lines)]:
            change(line, rng)
        return document

    return damage


def set_colon(*colons: str) -> Callable[[Line, Random], None]:
    def change(line: Line, rng: Random) -> None:
        line.colon = rng.choice(colons)

    return change


def is_member(line: Line) -> bool:
    return bool(line.key) and line.colon == ": " and line.value != "" and not line.body


def smart(line: Line, rng: Random) -> None:
    opening, closing = rng.choice(["\u201c\u201d", "\u201c\u201d", "\u201d\u201d"])
    line.value = opening + line.meaning + closing


def bullets(document: Document, rng: Random) -> Document | None:
    document = document.copy()
    sign = rng.choice(["* ", "• ", "\u2013 ", "\u2014 "])
    lines = [line for line in document.lines if line.dash]
    for line in lines:
        line.dash = sign
    return document if lines else None


def odd_spaces(document: Document, rng: Random) -> Document | None:
    document = document.copy()
    lines = [line for line in document.lines if line.col and not line.body]
    sign = rng.choice(["\u00a0", "\u3000"])
    for line in lines:
        line.lead = sign * line.col
    return document if lines and all(not line.body for line in document.lines) else None


def field_name(line: Line, rng: Random) -> None:
    line.key = rng.choice([line.key.replace("_", " ").title(), line.key.upper(), line.key.replace("_", "-")])


def commas(document: Document, rng: Random) -> Document | None:
    """A comma behind every value, as in JSON."""
    document = document.copy()
    lines = [
        line
        for line in document.lines
        if line.meaning is not CONTAINER and not line.body and line.value and not line.comment
    ]
    if len(lines) < 3 or len(lines) < len(document.lines) / 2:
        return None
    for line in lines:
        line.value += ","
    return document


def braces(document: Document, rng: Random) -> Document | None:
    if not document.lines[0].key or document.before:
        return None
    return replace(document, before="{\n", after="}\n")


def wrapper(document: Document, rng: Random) -> Document | None:
    if any(line.value == "---" for line in document.lines):
        return None
    document = document.copy()
    for line in document.lines:
        line.col += document.step
        line.lead = None if line.lead is None else " " * document.step + line.lead
        line.body = [" " * document.step + one if one else one for one in line.body]
    document.lines.insert(0, Line(0, key=rng.choice(["output", "response", "data"]), colon=":"))
    return document


def documents(document: Document, rng: Random) -> Document | None:
    """A list as a stream of documents."""
    if (
        not isinstance(document.value, list)
        or not all(line.path for line in document.lines)
        or len(document.value) < 2
        or len([line for line in document.lines if line.dash and len(line.path) == 2]) < len(document.value)
        or "{" in document.before
        or any(line.value in ("{}", "[]") and not line.key for line in document.lines)
    ):
        return None
    document = document.copy()
    made: list[Line] = []
    for line in document.lines:
        if line.dash and len(line.path) == 2:
            made.append(Line(0, value="---"))
            line = replace(line, dash="", col=line.col + 2)
        made.append(replace(line, col=line.col - 2, body=[one[2:] for one in line.body]))
    return replace(document, lines=made, before="")


def _unclosed(line: Line, rng: Random) -> None:
    line.value, line.comment = line.value[:-1], ""


def _unescaped(line: Line, rng: Random) -> None:
    quote = rng.choice([one for one in "'\"" if one in line.meaning])
    line.value, line.comment = quote + line.meaning + quote, ""


def _raw_escapes(line: Line, rng: Random) -> None:
    line.value = f'"{line.meaning}"'


def has_raw_escapes(line: Line) -> bool:
    return is_quoted(line) and "\\" in line.meaning and '"' not in line.meaning and not _YAML_ESCAPE.search(line.meaning)


def is_respelled(line: Line) -> bool:
    kind = line.schema or {}
    return isinstance(line.meaning, bool | int | float) or (isinstance(line.meaning, str) and kind.get("format") == "date")


DAMAGES = {
    "unquoted-colon": on_line(needs_quotes(r": |:$"), unquote),
    "unquoted-hash": on_line(needs_quotes(r"(?:^| )#"), unquote),
    "unquoted-first-sign": on_line(needs_quotes(r"^[@%*&!|>`?\[{]"), unquote),
    "unquoted-quotes": on_line(needs_quotes(r"^[\"']"), unquote),
    "unquoted-look": on_line(
        lambda line: (
            isinstance(line.meaning, str)
            and "type" in line.schema
            and line.meaning in LOOKS
            and line.meaning not in ("null", "~", line.value)
        ),
        unquote,
    ),
    "respelled": on_line(is_respelled, respell),
    "unclosed-quote": on_line(is_quoted, _unclosed),
    "unescaped-quote": on_line(
        lambda line: is_quoted(line) and re.search("['\"]", line.meaning) is not None and "\\" not in line.meaning,
        _unescaped,
    ),
    "wrong-escape": on_line(has_raw_escapes, _raw_escapes),
    "smart-quotes": every_line(lambda line: is_quoted(line) and "\\" not in line.meaning, smart),
    "tabs": tabs,
    "indentation": indentation,
    "missing-dash": missing_dash,
    "missing-space": missing_space,
    "flow-brackets": flow_brackets,
    "json-instead": json_instead,
    "block-indentation": block_indentation,
    "wrapped-line": wrapped,
    "duplicate-key": duplicate,
    "empty-key": empty_key,
    "equals": every_line(is_member, set_colon(" = ", " = ", " -> ", " => ")),
    "bold-keys": every_line(
        lambda line: bool(line.key) and not line.dash, lambda line, rng: setattr(line, "key", f"**{line.key}**")
    ),
    "bullets": bullets,
    "odd-colon": every_line(is_member, set_colon(":\u00a0", "\uff1a")),
    "odd-spaces": odd_spaces,
    "field-name": on_line(
        lambda line: (
            bool(line.key)
            and bool(line.schema)
            and isinstance(line.path[-1], str)
            and line.path[-1] in NAMES
            and line.path[-1] not in WORDS
        ),
        field_name,
    ),
    "commas": commas,
    "braces": braces,
    "wrapper": wrapper,
    "documents": documents,
}
MODEL = Model("yaml", types, write, render, DAMAGES, AROUND)
