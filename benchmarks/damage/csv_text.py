"""CSV as models write it, and as they damage it.

A document is a table of cells, each with the text that it means and the text that is written, so that a damage is made on
the cell its class names. The classes are those that issues of CSV parsers and of model frameworks report: delimiters,
Markdown tables, commas and quotes that nobody escaped, ragged rows, headers, line ends, lines that are no rows, cells that
are spelled otherwise than their type, and other notations.

Left out, because nobody could undo it: an unquoted cell whose comma no space follows beside another column of texts; a comma
between thousands beside another number; a lost cell that is not the last; "N/A" in a column of texts; two columns of texts
that change places without a header.
"""

from __future__ import annotations

import calendar
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from . import Model
from .around import DAMAGES as AROUND
from .random_types import NAMES, scalar_schema, value

Cells = list[list[str]]


@dataclass(frozen=True)
class Document:
    """``means``: the texts of the cells, the header first; ``cells``: as they are written; ``lines``: lines put before a
    row, by its number; ``whole``: the text, where it is no table any more."""

    schema: Any
    value: Any
    means: Cells
    cells: Cells
    delimiter: str = ","
    end: str = "\n"
    lines: dict[int, str] = field(default_factory=dict)
    header: bool = True
    last_end: bool = True
    whole: str | None = None

    def column(self, number: int) -> dict[str, Any]:
        """The schema of a column."""
        found: dict[str, Any] = self.schema["items"]["properties"][self.means[0][number]]
        return found


def types(rng: Random) -> tuple[Any, Any]:
    """Rows of scalars."""
    names = rng.sample(NAMES, rng.randint(2, 6))
    properties: dict[str, Any] = {}
    for name in names:
        inner = scalar_schema(rng)
        properties[name] = {"anyOf": [inner, {"type": "null"}]} if rng.random() < 0.2 else inner
    row = {"type": "object", "properties": properties, "required": names, "additionalProperties": False}
    rows = [{name: cell(properties[name], rng) for name in names} for _ in range(rng.randint(1, 8))]
    return {"type": "array", "items": row}, rows


def cell(schema: dict[str, Any], rng: Random) -> Any:
    """A value of a column; an empty text and None are one in CSV, so a column has only one of them."""
    found = value(schema, rng)
    return "none given" if found == "" and "anyOf" in schema else found


def plain(item: Any) -> str:
    return "" if item is None else item if isinstance(item, str) else json.dumps(item)


def quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def needs_quotes(text: str, delimiter: str) -> bool:
    return any(mark in text for mark in (delimiter, '"', "\n", "\r"))


def write(item: Any, schema: Any, rng: Random) -> Document:
    names = list(schema["items"]["properties"])
    means = [names, *([plain(row[name]) for name in names] for row in item)]
    style = rng.choice(["minimal", "minimal", "texts", "all"])

    def written(text: str, found: Any) -> str:
        always = style == "all" or (style == "texts" and isinstance(found, str))
        return quoted(text) if always or needs_quotes(text, ",") else text

    cells = [[written(name, name) for name in names]]
    cells += [[written(plain(row[name]), row[name]) for name in names] for row in item]
    return Document(schema, item, means, cells, last_end=rng.random() < 0.5)


def render(document: Document) -> str:
    if document.whole is not None:
        return document.whole
    lines: list[str] = []
    for number, row in enumerate(document.cells):
        if number in document.lines:
            lines.append(document.lines[number])
        if number or document.header:
            lines.append(document.delimiter.join(row))
    if len(document.cells) in document.lines:
        lines.append(document.lines[len(document.cells)])
    return document.end.join(lines) + (document.end if document.last_end else "")


# Damages of cells

Change = Callable[[str, dict[str, Any], Random], str | None]


def on_cells(change: Change, *, share: float = 0.0) -> Callable[[Document, Random], Document | None]:
    """A damage of one cell below the header, or of all with the probability ``share``."""

    def damage(document: Document, rng: Random) -> Document | None:
        places: list[tuple[int, int, str]] = []
        for row in range(1, len(document.cells)):
            for column, text in enumerate(document.means[row]):
                made = change(text, document.column(column), rng)
                if change is grouped_number and not is_alone(document, column):
                    made = None
                if made is not None and column < len(document.cells[row]):
                    places.append((row, column, made))
        if not places or document.whole is not None or document.delimiter != ",":
            return None
        cells = [list(row) for row in document.cells]
        for row, column, made in places if rng.random() < share else [rng.choice(places)]:
            cells[row][column] = made
        return replace(document, cells=cells)

    return damage


def scalar(schema: dict[str, Any]) -> dict[str, Any]:
    inner: dict[str, Any] = schema["anyOf"][0] if "anyOf" in schema else schema
    return inner


def is_alone(document: Document, column: int) -> bool:
    """Whether no number stands beside a column."""
    beside = [at for at in (column - 1, column + 1) if 0 <= at < len(document.means[0])]
    return all(scalar(document.column(at))["type"] not in ("integer", "number") for at in beside)


def is_free_text(schema: dict[str, Any]) -> bool:
    inner = scalar(schema)
    return inner["type"] == "string" and "enum" not in inner and "format" not in inner


def unescaped_comma(text: str, schema: dict[str, Any], rng: Random) -> str | None:
    if not is_free_text(schema) or '"' in text or "\n" in text or "," not in text:
        return None
    return text if text.count(",") == text.count(", ") and text.strip() == text else None


def unescaped_quote(text: str, schema: dict[str, Any], rng: Random) -> str | None:
    return f'"{text}"' if '"' in text and "\n" not in text and "\\" not in text else None


def backslash_quote(text: str, schema: dict[str, Any], rng: Random) -> str | None:
    return '"' + text.replace('"', '\\"') + '"' if '"' in text and "\n" not in text and "\\" not in text else None


def smart_quotes(text: str, schema: dict[str, Any], rng: Random) -> str | None:
    return f"\u201c{text}\u201d" if "," in text and '"' not in text and "\n" not in text else None


def unclosed_quote(text: str, schema: dict[str, Any], rng: Random) -> str | None:
    return f'"{text}' if is_free_text(schema) and text and '"' not in text and "\n" not in text and "," not in text else None


def number_spelling(text: str, schema: dict[str, Any], rng: Random) -> str | None:
    if scalar(schema)["type"] not in ("integer", "number") or not text:
        return None
    found = json.loads(text)
    return rng.choice([f'"{found:,}"', f'"${found:,}"', f" {found}", f"{found} USD"])


def grouped_number(text: str, schema: dict[str, Any], rng: Random) -> str | None:
    """A comma between thousands, without quotes."""
    if scalar(schema)["type"] not in ("integer", "number") or not text or not 1000 <= json.loads(text) < 10**9:
        return None
    return f"{json.loads(text):,}"


def boolean_text(text: str, schema: dict[str, Any], rng: Random) -> str | None:
    if scalar(schema)["type"] != "boolean" or not text:
        return None
    return rng.choice(["yes", "True", "TRUE", "Yes", "Y"] if text == "true" else ["no", "False", "FALSE", "No", "N"])


def null_text(text: str, schema: dict[str, Any], rng: Random) -> str | None:
    if text or "anyOf" not in schema or scalar(schema)["type"] == "string":
        return None
    return rng.choice(["N/A", "null", "None", "NULL", "n/a"])


def date_spelling(text: str, schema: dict[str, Any], rng: Random) -> str | None:
    if scalar(schema).get("format") != "date" or not text:
        return None
    year, month, day = text.split("-")
    name = calendar.month_name[int(month)]
    return rng.choice([f'"{name} {int(day)}, {year}"', f"{int(day)} {name} {year}", f"{year}/{month}/{day}",
                       f"{name[:3]} {int(day)} {year}"])


def label_spelling(text: str, schema: dict[str, Any], rng: Random) -> str | None:
    if "enum" not in scalar(schema) or not text:
        return None
    other = rng.choice([text.upper(), text.title(), text.replace("_", " ").replace(" ", "-")])
    return None if other == text or text == "no" else other


# Damages of the table


def delimiter(document: Document, rng: Random) -> Document | None:
    if document.whole is not None or document.cells[0] != document.means[0] or document.delimiter != ",":
        return None
    other = rng.choice([";", "\t", "|"])
    cells = [[quoted(text) if needs_quotes(text, other) else text for text in row] for row in document.means]
    return replace(document, cells=cells, delimiter=other)


def space_behind(document: Document, rng: Random) -> Document | None:
    """A space behind every comma; a row whose second cell is empty would show nothing."""
    return None if document.whole is not None or document.delimiter != "," or len(document.means) < 2 else replace(
        document, delimiter=", ")


def markdown(document: Document, rng: Random) -> Document | None:
    texts = [[text.replace("|", "\\|") for text in row] for row in document.means]
    if document.whole is not None or any("\n" in text or text != text.strip() or "\\|" in old for row, olds in zip(
            texts, document.means, strict=True) for text, old in zip(row, olds, strict=True)):
        return None
    outer = rng.random() < 0.8
    rows = [" | ".join(row) for row in [texts[0], ["---"] * len(texts[0]), *texts[1:]]]
    return replace(document, whole="\n".join(f"| {row} |" if outer else row for row in rows) + "\n")


def aligned(document: Document, rng: Random) -> Document | None:
    if document.whole is not None or len(document.means) < 3 or any(
            not text or "  " in text or "\n" in text or "\t" in text or text != text.strip() or "," in text or ";" in text
            or "|" in text or text[0] in "#'\"[{(<-" for row in document.means for text in row):
        return None
    widths = [max(len(row[column]) for row in document.means) + 3 for column in range(len(document.means[0]))]
    lines = ["".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in document.means]
    return replace(document, whole="\n".join(lines))


def missing_cells(document: Document, rng: Random) -> Document | None:
    """Rows without their last cells, which are empty and stand for None."""
    last = len(document.means[0]) - 1
    rows = [row for row in range(1, len(document.means)) if not document.means[row][last]]
    if any(not any(document.means[row]) for row in rows):  # the line would be blank
        return None
    if "anyOf" not in document.column(last) or not rows or document.whole is not None:
        return None
    cells = [list(row) for row in document.cells]
    for row in rows:
        cells[row] = cells[row][:last]
    return replace(document, cells=cells)


def trailing_delimiter(document: Document, rng: Random) -> Document | None:
    if document.whole is not None:
        return None
    first = rng.choice([0, 1])
    return replace(document, cells=[[*row, ""] if number >= first else row for number, row in enumerate(document.cells)])


def extra_line(make: Callable[[Document, Random], str], least: int = 1) -> Callable[[Document, Random], Document | None]:
    def damage(document: Document, rng: Random) -> Document | None:
        if document.whole is not None or len(document.cells) < least + 1:
            return None
        return replace(document, lines={**document.lines, rng.randint(least, len(document.cells) - 1): make(document, rng)})

    return damage


def rule(document: Document, rng: Random) -> Document | None:
    if document.whole is not None or not document.header:
        return None
    line = rng.choice([document.delimiter.join(["---"] * len(document.means[0])), "-" * 20])
    return replace(document, lines={**document.lines, 1: line})


def ellipsis(document: Document, rng: Random) -> Document | None:
    if document.whole is not None or len(document.cells) < 2:
        return None
    at = rng.choice([len(document.cells), rng.randint(1, len(document.cells))])
    line = rng.choice(["...", document.delimiter.join(["..."] * len(document.means[0]))])
    return replace(document, lines={**document.lines, at: line})


def missing_header(document: Document, rng: Random) -> Document | None:
    if document.whole is not None or len(document.cells) < 2 or 0 in document.lines or 1 in document.lines:
        return None
    return replace(document, header=False)


def header_spelling(document: Document, rng: Random) -> Document | None:
    names = document.means[0]
    way = rng.choice([str.upper, lambda name: name.replace("_", " ").title(), lambda name: f" {name}",
                      lambda name: f"**{name}**", lambda name: name.replace("_", "-")])
    made = [way(name) for name in names]
    return None if document.whole is not None or made == names or not document.header else replace(
        document, cells=[made, *document.cells[1:]])


def column_order(document: Document, rng: Random) -> Document | None:
    order = list(range(len(document.means[0])))
    rng.shuffle(order)
    if document.whole is not None or not document.header or order == sorted(order) or any(
            len(row) != len(order) for row in document.cells):
        return None
    return replace(document, cells=[[row[at] for at in order] for row in document.cells])


def row_numbers(document: Document, rng: Random) -> Document | None:
    if document.whole is not None or len(document.cells) < 3 or not document.header:
        return None
    first = rng.choice([0, 1])
    names = [*([""] if rng.random() < 0.5 else []), *document.cells[0]]
    return replace(document, cells=[names, *([str(number), *row] for number, row in enumerate(document.cells[1:], first))])


def as_json(document: Document, rng: Random) -> Document | None:
    if document.whole is not None:
        return None
    lines = [json.dumps(row, ensure_ascii=False) for row in document.value]
    return replace(document, whole=rng.choice([json.dumps(document.value, indent=2), "\n".join(lines)]))


def escaped_newlines(document: Document, rng: Random) -> Document | None:
    if document.whole is not None or len(document.cells) < 2 or any(
            "\n" in text or "\\" in text for row in document.means for text in row):
        return None
    return replace(document, end="\\n", last_end=False)


def old_newlines(document: Document, rng: Random) -> Document | None:
    return None if document.whole is not None or any("\n" in text for row in document.means for text in row) else replace(
        document, end="\r")


def windows_newlines(document: Document, rng: Random) -> Document | None:
    """Other line ends between the rows; in a cell they would be another text."""
    return None if document.whole is not None or document.end != "\n" else replace(document, end="\r\n")


DAMAGES = {
    "delimiter": delimiter, "space-behind-comma": space_behind, "markdown-table": markdown, "aligned": aligned,
    "unescaped-comma": on_cells(unescaped_comma), "unescaped-quote": on_cells(unescaped_quote),
    "backslash-quote": on_cells(backslash_quote, share=0.5), "smart-quotes": on_cells(smart_quotes, share=0.5),
    "unclosed-quote": on_cells(unclosed_quote), "missing-cells": missing_cells, "trailing-delimiter": trailing_delimiter,
    "blank-line": extra_line(lambda document, rng: ""),
    "comment-line": extra_line(lambda document, rng: "# as given in the text"), "rule": rule, "ellipsis": ellipsis,
    "repeated-header": extra_line(lambda document, rng: document.delimiter.join(document.cells[0]), 2),
    "missing-header": missing_header, "header-spelling": header_spelling, "column-order": column_order,
    "row-numbers": row_numbers, "number-spelling": on_cells(number_spelling, share=0.5),
    "grouped-number": on_cells(grouped_number), "boolean-text": on_cells(boolean_text, share=0.7),
    "null-text": on_cells(null_text, share=0.7), "date-spelling": on_cells(date_spelling, share=0.7),
    "label-spelling": on_cells(label_spelling, share=0.5), "as-json": as_json, "escaped-newlines": escaped_newlines,
    "old-newlines": old_newlines, "windows-newlines": windows_newlines,
}  # fmt: skip
OUTER = {kind: damage for kind, damage in AROUND.items() if kind != "windows-newlines"}
MODEL = Model("csv", types, write, render, DAMAGES, OUTER)
