"""What all readers share: repairs and what they cost, readings, texts that were edited, users' rules, the formats.

A ``Repair`` is one departure of a text from its format or its type. Every kind is listed once, in ``KINDS``, with its
cost: among the ways to read a text the cheapest wins, so the table is the whole policy. Costs are small integers: 1 says
that there is hardly another way to read it (a comment, a trailing comma), 2 and 3 that a reader had to judge, 4 and more
that something was thrown away or stands for something else.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import Any, NamedTuple, Protocol, overload

from structgen.errors import ReadError, SchemaError, StructgenError
from structgen.schema.coerce import COERCIONS

__all__ = [
    "KINDS",
    "Candidate",
    "Edit",
    "Format",
    "Found",
    "ReadAs",
    "Reading",
    "Repair",
    "RepairRule",
    "Source",
    "format_named",
    "repair_rule",
]

KINDS: dict[str, int] = {
    # Around the value
    "byte-order-mark": 1, "other-encoding": 1, "invalid-bytes": 3, "code-fence": 1, "thinking": 1,
    "surrounding-text": 1, "wrapper": 2, "other-answer": 3, "concatenated-values": 2,
    # Between the parts of a value
    "comment": 1, "white-space": 1, "escaped-newline": 1, "trailing-comma": 1, "extra-comma": 1, "missing-comma": 2,
    "missing-colon": 2, "other-colon": 1, "ellipsis": 2, "stray-text": 4, "unclosed-bracket": 2, "stray-bracket": 3,
    "mismatched-bracket": 3, "doubled-bracket": 2, "missing-bracket": 3, "tuple": 1, "set": 2, "missing-value": 4,
    "duplicate-key": 3,
    # Strings
    "quote-style": 1, "unquoted-key": 1, "unquoted-string": 2, "missing-quote": 2, "doubled-quote": 2, "escaped-quote": 2,
    "string-prefix": 1, "unescaped-quote": 2, "control-character": 1, "invalid-escape": 1, "concatenated-strings": 1,
    # Words and numbers
    "literal": 1, "number-spelling": 1, "not-finite": 3, "cut-number": 3, "cut-literal": 3,
    # Tables
    "other-delimiter": 2, "markdown-table": 1, "unescaped-delimiter": 2, "missing-cell": 2, "extra-cell": 3,
    "blank-line": 1, "separator-line": 1, "trailing-delimiter": 1, "repeated-header": 1, "missing-header": 2,
    "column-order": 1, "renamed-column": 3, "extra-column": 2, "row-number": 2,
    "cut-row": 4, "other-format": 2,
    # Scalars
    "answer-mark": 1, "pattern-dialect": 2,
    # Tool calls
    "call-notation": 1, "call-key": 1, "tool-spelling": 1, "nearest-tool": 3, "missing-arguments": 2,
    "positional-argument": 2,
    # Lines and indentation
    "indentation": 1, "tab": 1, "missing-space": 1, "missing-dash": 1, "bullet": 1, "emphasis": 1, "line-break": 1,
    "block-indentation": 1, "block-bracket": 1, "reserved-sign": 1, "unquoted-colon": 1, "unquoted-hash": 1, "tag": 2,
    # SQL
    "name-case": 1, "unquoted-name": 2, "misspelt-name": 3, "wrong-alias": 2, "other-dialect": 2,
    **COERCIONS,
}
"""Every kind of repair and its cost."""

SHOWN = 200
"""Characters of ``before`` and ``after`` that a repair keeps: dropped text may be long."""
SHOWN_KEY = 60
"""Characters of one name in a JSONPath."""

Place = tuple[Any, Any] | None
"""Where in the value: (place of the container, key), None at the root. A chain, so that a repair costs no text."""


class Found(NamedTuple):
    """A repair as a reader notes it: where in the text it read, and where in the value."""

    kind: str
    offset: int
    before: str
    after: str
    place: Place = None


class Source:
    """A text to be read, and where each of its characters stands in the text that was given."""

    def __init__(self, text: str, origin: Source | None = None, pieces: Sequence[tuple[int, int]] = ()) -> None:
        self.text, self._origin = text, origin
        self._starts: Sequence[int] = [start for start, _ in pieces] if pieces else ()
        self._offsets: Sequence[int] = [offset for _, offset in pieces] if pieces else ()
        self._lines: list[int] | None = None

    def original(self, offset: int) -> int:
        """The offset in the text that was given."""
        if self._origin is None:
            return offset
        piece = bisect_right(self._starts, offset) - 1
        end = self._offsets[piece + 1] if piece + 1 < len(self._offsets) else len(self._origin.text)
        return self._origin.original(min(self._offsets[piece] + offset - self._starts[piece], end))

    def line_column(self, offset: int) -> tuple[int, int]:
        """Line and column, from 1, of an offset in the text that was given."""
        if self._origin is not None:
            return self._origin.line_column(offset)
        if self._lines is None:
            self._lines = [0, *(found.end() for found in re.finditer("\n", self.text))]
        line = bisect_right(self._lines, offset)
        return line, offset - self._lines[line - 1] + 1

    def edited(self, edits: Iterable[Edit]) -> Source:
        """The source with the edits made; they must be in order and must not overlap."""
        parts: list[str] = []
        pieces: list[tuple[int, int]] = [(0, 0)]
        done = length = 0
        for edit in edits:
            if not done <= edit.start <= edit.end <= len(self.text):
                raise ReadError(f"the edit {edit} overlaps another or leaves the text")
            for part, offset in ((self.text[done:edit.start], edit.start), (edit.text, edit.end)):
                parts.append(part)
                length += len(part)
                pieces.append((length, offset))
            done = edit.end
        parts.append(self.text[done:])
        return Source("".join(parts), self, pieces)


class Repair:
    """One repair: ``kind`` (a key of ``KINDS``, or "rule:NAME"), ``cost``, the texts ``before`` and ``after``, and where.

    ``offset`` counts characters from 0, ``line`` and ``column`` from 1, in the text that was given (bytes: as decoded).
    ``path`` is the JSONPath of the value. ``before`` and ``after`` are cut at 200 characters.
    """

    __slots__ = ("_found", "_source", "cost")

    def __init__(self, found: Found, source: Source, cost: int) -> None:
        self._found, self._source, self.cost = found, source, cost

    @property
    def kind(self) -> str:
        return self._found.kind

    @property
    def before(self) -> str:
        return _cut(self._found.before, SHOWN)

    @property
    def after(self) -> str:
        return _cut(self._found.after, SHOWN)

    @property
    def offset(self) -> int:
        return self._source.original(self._found.offset)

    @property
    def line(self) -> int:
        return self._source.line_column(self.offset)[0]

    @property
    def column(self) -> int:
        return self._source.line_column(self.offset)[1]

    @property
    def path(self) -> str:
        return json_path(self._found.place)

    def __str__(self) -> str:
        return f"{self.line}:{self.column}: {self.kind} at {self.path}: {self.before!r} -> {self.after!r}"

    def __repr__(self) -> str:
        return f"Repair({self.kind!r}, offset={self.offset}, path={self.path!r}, {self.before!r} -> {self.after!r})"


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """A value, and every repair that reading it took; ``cost`` is the sum of theirs. ``str`` lists them, a line each."""

    value: Any
    repairs: tuple[Repair, ...]
    cost: int
    format: str = "json"

    @property
    def is_clean(self) -> bool:
        return not self.repairs

    def __str__(self) -> str:
        if not self.repairs:
            return "no repairs"
        return "\n".join(map(str, self.repairs))


@dataclass(slots=True)
class Candidate:
    """One way to read a text, before it meets a type.

    ``span``: what it covers of the text. ``places``: for each container the offsets of its members, by its id (the
    containers are alive as long as the value). ``is_answer``: False for what merely looks like a value in prose.
    ``passed``: what ranks it lower because values beside it are left out; it is no part of the cost.
    """

    value: Any
    found: list[Found]
    span: tuple[int, int]
    places: dict[int, dict[Any, int]] = field(default_factory=dict)
    is_answer: bool = True
    passed: int = 0

    @property
    def cost(self) -> int:
        return sum([KINDS[one.kind] for one in self.found])


class Edit(NamedTuple):
    """What a repair rule asks for: ``text`` in place of the characters from ``start`` to ``end``."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class RepairRule:
    """A user's fix for one format: a function from a text to edits of it. See ``repair_rule``."""

    name: str
    format: str
    cost: int
    edits: Callable[[str], Iterable[Edit | tuple[int, int, str]]]

    def apply(self, source: Source) -> tuple[Source, list[Found]]:
        """The edited source, and the repairs that the edits are, with offsets in ``source``."""
        try:
            edits = sorted(Edit(*edit) for edit in self.edits(source.text))
            edited = source.edited(edits)
        except StructgenError:
            raise
        except Exception as error:
            raise ReadError(f"the repair rule {self.name} failed: {type(error).__name__}: {error}") from error
        return edited, [Found(f"rule:{self.name}", edit.start, source.text[edit.start:edit.end], edit.text)
                        for edit in edits]


@overload
def repair_rule(format: str, *, cost: int = 1, name: str | None = None) -> Callable[[Callable[[str], Any]], RepairRule]: ...
@overload
def repair_rule(format: Callable[[str], Any]) -> RepairRule: ...


def repair_rule(format: Any, *, cost: int = 1, name: str | None = None) -> Any:
    """Makes a function a repair rule, for ``read(…, rules=[…])``: it takes the text and yields edits (start, end, text).

    A rule is tried only on a text that is not valid as it stands, and its edits are kept only where the whole reading
    becomes cheaper; each is a repair of the kind "rule:NAME" that costs ``cost``. Edits must not overlap.
    """
    if callable(format):
        raise SchemaError("repair_rule needs the name of a format", instead='write @repair_rule("json")')
    if isinstance(cost, bool) or not isinstance(cost, int) or cost < 1:
        raise SchemaError(f"repair_rule(cost={cost!r})", because="a repair that costs nothing would always win")
    format_named(format)

    def made(function: Callable[[str], Any]) -> RepairRule:
        return RepairRule(name or function.__name__, format, cost, function)

    return made


@dataclass(frozen=True, slots=True)
class Format:
    """How one format is read and written. ``typed``: whether a type is known, which then judges what fits.

    ``strict`` returns the value of a text that is valid as it stands, or raises ``ValueError``; ``candidates`` yields the
    ways to read any other text, ``embedded`` the value that a string holds in this format, or raises ``ReadError``.
    """

    name: str
    strict: Callable[[str], Any]
    candidates: Callable[[str, bool], Iterable[Candidate]]
    embedded: Callable[[str], Any]
    write: Callable[[Any], str]
    aimed: Callable[[Any, Mapping[str, Any]], Format] | None = None
    """The format for one JSON Schema (None: any value) and the options of a caller, where these decide how a text is read.
    A format without it takes no options."""
    value_at: Callable[[str, int, int], Candidate] | None = None
    """The value that begins at an offset of a text and ends before another, for formats that are part of others."""


class ReadAs(NamedTuple):
    """How the texts of a source are read: what its method ``read_as`` returns, for sources that are no JSON."""

    format: str
    output_type: Any
    options: Mapping[str, Any] = {}


FORMATS = {
    "csv": "structgen.formats.csv.read",
    "json": "structgen.formats.json.read",
    "sql": "structgen.formats.sql.read",
    "text": "structgen.formats.text.read",
    "tool_calls": "structgen.formats.tools.read",
    "yaml": "structgen.formats.yaml.read",
}
"""Where each format's ``FORMAT`` is; loaded when it is asked for."""


@cache
def format_named(name: str) -> Format:
    """A format; ``SchemaError`` lists those there are."""
    where = FORMATS.get(name)
    if where is None:
        raise SchemaError(f"there is no format {name!r}", instead=f"use one of {', '.join(sorted(FORMATS))}")
    found: Format = import_module(where).FORMAT
    return found


class Growth(Protocol):
    """The value of a text that comes in pieces."""

    @property
    def value(self) -> Any: ...
    @property
    def open_path(self) -> tuple[Any, ...] | None: ...
    def feed(self, piece: str) -> None: ...


GROWTHS = {"csv": ("structgen.formats.csv.partial", "CsvGrowth"),
           "json": ("structgen.formats.json.partial", "JsonGrowth"),
           "yaml": ("structgen.formats.yaml.read_growth", "YamlGrowth")}
"""Where the reader of pieces is, for the formats that have one."""


def growth_named(name: str) -> Growth:
    """A new reader of pieces for a format."""
    if name not in GROWTHS:
        raise SchemaError(f"the format {name!r} cannot be read in pieces", instead=f"use one of {', '.join(GROWTHS)}")
    module, member = GROWTHS[name]
    made: Growth = getattr(import_module(module), member)()
    return made


def keys_of(place: Place) -> tuple[Any, ...]:
    """The keys from the root to a place."""
    keys: list[Any] = []
    while place is not None:
        place, key = place
        keys.append(key)
    return tuple(reversed(keys))


def json_path(place: Place) -> str:
    """A place as a JSONPath: ``$.items[3].name``, names that are no words as ``$['a b']``."""
    parts = ["$"]
    for key in keys_of(place):
        if isinstance(key, int):
            parts.append(f"[{key}]")
        elif key.isidentifier() and len(key) <= SHOWN_KEY:
            parts.append(f".{key}")
        else:
            parts.append(f"[{_cut(key, SHOWN_KEY)!r}]")
    return "".join(parts)


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[:length - 1] + "…"
