"""``Csv``: a table of typed rows as a source of grammars, and its text as values again.

In: a row type (pydantic model, dataclass, TypedDict, NamedTuple) or columns. Out, from ``to_grammar``: the grammar of
exactly the tables whose cells are written as JSON writes scalars, without the quotes of JSON and with those of RFC 4180:
numbers without exponents, ``true`` and ``false``, dates and the like as texts, an empty cell for None. Every row ends in
``line_end``, the last too. With ``delimiter="\\t"`` it is TSV with CSV's quoting.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, is_typeddict

from typing_extensions import TypedDict

from structgen.errors import ReadError, SchemaError, UnsupportedSchemaError
from structgen.formats.base import ReadAs
from structgen.formats.csv.cells import Column, read_column
from structgen.formats.csv.quoting import quoted_literal
from structgen.formats.csv.write import written
from structgen.grammar.build import literal, repeat, seq
from structgen.grammar.nodes import Grammar, Node, Ref, Str
from structgen.limits import Limits
from structgen.schema.python_types import TypeSchema, parse, schema_of

_DEFINITIONS = ("$defs", "definitions")


@dataclass(frozen=True, slots=True)
class Csv:
    """A table: ``rows`` is the type of a row, or the columns, as names (of any text) or a mapping of names to types.

    ``quoting``: ``"minimal"`` only where a cell needs it, ``"texts"`` every text, ``"all"`` every cell.
    """

    rows: Any
    header: bool = True
    delimiter: str = ","
    min_rows: int = 0
    max_rows: int | None = None
    quoting: Literal["minimal", "texts", "all"] = "minimal"
    line_end: Literal["\n", "\r\n"] = "\n"

    def to_grammar(self, limits: Limits) -> Grammar:
        """The grammar of the tables; ``SchemaError`` for a type that is no row, ``UnsupportedSchemaError`` for a column
        that cells cannot hold."""
        self._check_options()
        columns, found = self._columns(limits)
        always = self.quoting != "minimal"
        parts: list[Node] = []
        names: list[str] = []
        for column in columns:
            parts += [literal(self.delimiter)] * bool(parts) + [column.node(self.delimiter, self.quoting, len(columns) == 1)]
            names.append(quoted_literal(column.name, self.delimiter, always or (len(columns) == 1 and not column.name)))
        end = Str(self.line_end)
        row = seq(*parts, end)
        head = [literal(self.delimiter.join(names)), end] if self.header else []
        unenforced = [line for column in columns for line in column.unenforced]
        return Grammar(seq(*head, repeat(Ref("row"), self.min_rows, self.max_rows)), {"row": row},
                       (*unenforced, *(found.unenforced if found else ())))

    def read_as(self) -> ReadAs:
        """How a damaged text is read, by ``structgen.read``."""
        self._check_options()
        rows = self.rows
        if isinstance(rows, Sequence):
            rows = _named(dict.fromkeys(rows, str), rows)
        elif isinstance(rows, Mapping):
            rows = _named(rows)
        row: Any = TypedDict("Row", rows) if isinstance(rows, dict) else rows  # type: ignore[operator]
        return ReadAs("csv", list[row], {"delimiter": self.delimiter, "header": self.header})

    def read(self, text: str, limits: Limits | None = None) -> list[Any]:
        """The rows of a table that was written so, as values of the row type (dicts where columns were given)."""
        columns, found = self._columns(limits or Limits())
        try:
            lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=self.delimiter, strict=True))
        except csv.Error as error:
            raise ReadError(f"the text is no table: {error}") from error
        names = [column.name for column in columns]
        if self.header and (not lines or lines[0] != names):
            raise ReadError("the first line is not the header", position="line 1",
                            because=f"it has to be {self.delimiter.join(names)}")
        rows = []
        for number, cells in enumerate(lines[self.header :]):
            if len(cells) != len(columns):
                raise ReadError(f"the row has {len(cells)} cells", position=f"row {number + 1}",
                                because=f"there are {len(columns)} columns")
            members = ",".join(f"{json.dumps(column.name)}:{column.json(cell)}"
                               for column, cell in zip(columns, cells, strict=True))
            rows.append(self._value("{" + members + "}", number, found))
        return rows

    def write(self, rows: Sequence[Any], *, neutral: bool = False) -> str:
        """Rows as the text that ``read`` gives back. ``neutral``: a text that a spreadsheet would take for a formula gets an
        apostrophe in front, so that it is none (and is not what it was)."""
        columns, found = self._columns(Limits())
        names = [column.name for column in columns]
        lines = [names] if self.header else []
        for row in rows:
            members = self._written_members(row, names, found)
            lines.append([members[name] for name in names])
        return written(lines, self.delimiter, self.quoting, self.line_end, neutral)

    def _written_members(self, row: Any, names: list[str], found: TypeSchema | None) -> Mapping[str, Any]:
        """A row's cells by name, as JSON data."""
        if found is not None:
            members: Mapping[str, Any] = found.adapter.dump_python(row, mode="json", by_alias=True)
            return members
        if isinstance(self.rows, Mapping):
            return {name: schema_of(self.rows[name]).adapter.dump_python(row[name], mode="json") for name in names}
        return row if isinstance(row, Mapping) else dict(zip(names, row, strict=True))

    def _value(self, text: str, number: int, found: TypeSchema | None) -> Any:
        if found is not None:
            try:
                return parse(text, found)
            except ReadError as error:
                raise ReadError(error.what, position=f"row {number + 1}, {error.position}", because=error.because) from error
        if not isinstance(self.rows, Mapping):
            return json.loads(text)
        return {name: parse(json.dumps(value), schema_of(self.rows[name])) for name, value in json.loads(text).items()}

    def _columns(self, limits: Limits) -> tuple[list[Column], TypeSchema | None]:
        rows = self.rows
        if isinstance(rows, Mapping):
            found = [read_column(name, schema_of(tp).schema, limits) for name, tp in _named(rows).items()]
            return found, None
        if isinstance(rows, Sequence):
            return [read_column(name, {"type": "string"}, limits) for name in _named(dict.fromkeys(rows), rows)], None
        known = schema_of(rows)
        schema = known.schema
        while isinstance(schema.get("$ref"), str) and schema["$ref"].startswith("#/$defs/"):
            schema = {**known.schema["$defs"][schema["$ref"][8:]], "$defs": known.schema["$defs"]}
        properties = schema.get("properties")
        if schema.get("type") != "object" or not properties:
            raise SchemaError(f"{known.name} is no row", because="a row is a type with named fields",
                              instead="pass a pydantic model, a dataclass, a TypedDict, or columns")
        if schema.get("additionalProperties") or schema.get("patternProperties"):
            raise UnsupportedSchemaError(f"{known.name} may have further fields", keyword="additionalProperties",
                                         because="a table has the columns of its header",
                                         instead="use a type whose fields are all named")
        if is_typeddict(rows) and set(schema.get("required", ())) != set(properties):
            name = next(name for name in properties if name not in schema.get("required", ()))
            raise UnsupportedSchemaError("the column may be absent in a row", keyword="required",
                                         position=f"column {name!r}", because="a cell is there in every row",
                                         instead="make the field required, and let it be None")
        shared = {key: schema[key] for key in _DEFINITIONS if key in schema}
        return [read_column(name, {**shared, **column} if isinstance(column, dict) else column, limits)
                for name, column in _named(properties).items()], known

    def _check_options(self) -> None:
        for name, allowed in (("header", (True, False)), ("quoting", ("minimal", "texts", "all")),
                              ("line_end", ("\n", "\r\n"))):
            if getattr(self, name) not in allowed:
                raise SchemaError(f"Csv({name}={getattr(self, name)!r}) is not an option",
                                  instead=f"use one of {', '.join(map(repr, allowed))}")
        if not isinstance(self.delimiter, str) or len(self.delimiter) != 1 or self.delimiter in '"\r\n\0' or \
                0xD800 <= ord(self.delimiter) <= 0xDFFF:
            raise SchemaError(f"Csv(delimiter={self.delimiter!r}) is not an option",
                              instead="use one character that is neither a quote nor a line end")
        for name in ("min_rows", "max_rows"):
            number = getattr(self, name)
            if (number is None and name == "max_rows") or (type(number) is int and number >= 0):
                continue
            raise SchemaError(f"Csv({name}={number!r}) is not an option", instead="use a number of rows")
        if self.max_rows is not None and self.max_rows < self.min_rows:
            raise SchemaError(f"Csv(min_rows={self.min_rows}, max_rows={self.max_rows}) runs backwards")


def _named(columns: Mapping[Any, Any], given: Sequence[Any] | None = None) -> dict[str, Any]:
    """The columns, once their names are known to be names."""
    if not columns:
        raise SchemaError("a table needs at least one column")
    if given is not None and (isinstance(given, str | bytes) or len(columns) < len(given)):
        raise SchemaError("columns are a list of different names", position=repr(given)[:60])
    for name in columns:
        if not isinstance(name, str) or any(0xD800 <= ord(character) <= 0xDFFF for character in name):
            raise SchemaError(f"the column name {name!r} is no text")
    return dict(columns)
