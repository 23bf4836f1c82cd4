"""YAML read tolerantly: valid text by PyYAML, all else line by line.

In: a text and, where a type is wanted, its JSON Schema. Out: candidates, each a value with the repairs it takes. The payload
is looked for in code fences, then in the whole text without the prose around it; a stream of documents is also offered as a
list. Scalars follow the core schema of YAML 1.2 (``no`` is a string, dates are strings), names are strings; aliases are
followed within bounds, tags that say how to make a value are refused.

Caveat: valid YAML whose plain meaning is another (``color: #ff0000`` is null and a comment) is read as it was meant, with a
repair that says so; ``read_strict`` lists these.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from structgen.errors import ReadError, SchemaError
from structgen.formats.base import Candidate, Format, Found, Place, keys_of
from structgen.formats.extract import Fence, Region, fence_at, regions
from structgen.formats.yaml.read_lines import Row, dash_at, key_at, rows_of, weak_key_at
from structgen.formats.yaml.read_strict import MAX_LINES, strict_value
from structgen.formats.yaml.read_values import BlockReader
from structgen.formats.yaml.write import write
from structgen.schema.coerce import coerce
from structgen.schema.guide import ANY, guide_of

__all__ = ["FORMAT"]

MAX_TEXT = 8 << 20
"""Characters of one text; an answer has thousands."""
MAX_FENCES = 50
MAX_DOCUMENTS = 2_000
MAX_PASSED = 20
"""Documents that are listed as passed over."""
_FENCE = re.compile("^[ \\t>\ufeff]*(?:`{3,}|~{3,})", re.MULTILINE)
_MARKER = re.compile(r"^(?:\ufeff?---(?=[ \t\r\n]|\Z)|\.\.\.(?=[ \t\r]*(?:\n|\Z))|%(?:YAML|TAG)[^\n]*)[ \t]*", re.MULTILINE)
_INTRODUCTION = re.compile(
    r"(?i)(?:\W*\b(?:here(?:'s| is| are)|sure|certainly|of course|below (?:is|are)|based on|as requested"
    r"|the (?:following|answer|result|output|yaml)|(?:answer|output|result|response)\b[*_ ]*:[*_ ]*$))"
)
_NOT_IN_LINES = re.compile("[\x7f-\x9f\u2028\u2029\ufeff]")
"""What JSON may hold as it is and YAML may not."""
_SENTENCE = re.compile(r"[^\s:]+(?:[ ,]+[^\s:]+){3,}")
_FLOW_LINE = re.compile(r"[^:\n\[\]{}]{3,80}:[ \t]+[\[{]")


class _Reader:
    """Reads YAML for one type."""

    def __init__(self, schema: Any = None, root: Any = None) -> None:
        self.schema = schema
        self.root = schema if root is None else root
        self.guide = guide_of(schema, self.root)

    def candidates(self, text: str, typed: bool) -> Iterator[Candidate]:
        """The ways to read a text."""
        if len(text) > MAX_TEXT:
            raise ReadError(f"the text has more than {MAX_TEXT} characters", instead="read it in parts")
        if text.count("\n") + text.count("\r") > 2 * MAX_LINES or len(text.splitlines()) > MAX_LINES:
            raise ReadError(f"the text has more than {MAX_LINES} lines", position="1:1", instead="read it in parts")
        for region in regions(text):
            found = False
            for candidate in self.region(text, region, typed):
                if region.thinking:
                    candidate.found.insert(0, Found("thinking", region.thinking[0], text[slice(*region.thinking)], ""))
                found = True
                if text.startswith("\ufeff"):
                    candidate.found.insert(0, Found("byte-order-mark", 0, "\ufeff", ""))
                yield candidate
            if found and not typed:
                return

    def region(self, text: str, region: Region, typed: bool) -> Iterator[Candidate]:
        fences = list(_fences(text, region))
        payload = [fence for fence in fences if text[fence.content : fence.end].strip()]
        if payload and not self.has_members(text, region.start, payload[0].start):
            for fence in payload:
                for candidate in self.fenced(text, fence, region, typed):
                    yield candidate
            return
        end = region.end
        stray = [fence for fence in fences if fence not in payload]
        if stray and not text[stray[-1].after : end].strip() and text[region.start : stray[-1].start].strip():
            end = stray[-1].start
        for candidate in self.within(text, region.start, end, typed):
            if end < region.end:
                candidate.found.append(Found("code-fence", end, text[end : region.end].strip(), ""))
            yield candidate

    def has_members(self, text: str, start: int, end: int) -> bool:
        """Whether what stands before a fence is YAML already, so that the fence is part of a text in it."""
        rows = [row for row in rows_of(text, start, end) if not row.is_blank]
        keys = [key_at(text, row.at, row.end) for row in rows]
        if self.guide.names:
            return any(
                key is not None and self.guide.knows(key.name) and (key.value < row.end or not key.found)
                for row, key in zip(rows, keys, strict=True)
            )
        return (
            bool(rows)
            and all(keys)
            and not _INTRODUCTION.match(text[rows[0].at : rows[0].end])
            and (text[rows[-1].end - 1] in "|>" or len(rows) > 1)
        )

    def fenced(self, text: str, fence: Fence, region: Region, typed: bool) -> Iterator[Candidate]:
        for candidate in self.within(text, fence.content, fence.end, typed):
            around = [Found("code-fence", fence.start, text[fence.start : fence.content].rstrip("\r\n"), "")]
            if text[region.start : fence.start].strip("\ufeff \t\r\n"):
                around.insert(0, Found("surrounding-text", region.start, text[region.start : fence.start], ""))
            if text[fence.after : region.end].strip():
                candidate.found.append(Found("surrounding-text", fence.after, text[fence.after : region.end], ""))
            candidate.found[:0] = around
            candidate.span = (fence.start, fence.after)
            yield candidate

    def within(self, text: str, start: int, end: int, typed: bool) -> Iterator[Candidate]:
        """The value of a part of a text, which may be several documents."""
        parts = _documents(text, start, end)
        if len(parts) == 1:
            yield from self.document(text, *parts[0], typed)
            return
        found = [(part, list(self.document(text, *part, typed))) for part in parts]
        found = [one for one in found if one[1] and not self.is_announcement(text[slice(*one[0])])]
        found = [one for one in found if isinstance(one[1][-1].value, dict | list)] or found
        parts, values = [part for part, _ in found], [one for _, one in found]
        if len(values) == 1:
            for candidate in values[0]:
                _around(text, candidate, start, end)
                yield candidate
            return
        if not values:
            return
        only_list = self.guide.is_list and not any(text[slice(*one[0].span)].lstrip()[:1] in ("-", "[") for one in values)
        for ways in values if typed and not only_list else ():
            for candidate in ways:
                passed = [one[0].span for one in values[:MAX_PASSED] if one is not ways]
                candidate.found += [Found("other-answer", first, text[first:last].strip(), "") for first, last in passed]
                yield candidate
        yield self.merged(text, parts, (start, end), typed)

    def merged(self, text: str, parts: list[tuple[int, int]], span: tuple[int, int], typed: bool) -> Candidate:
        """Several documents as a list."""
        inner = self.schema.get("items") if isinstance(self.schema, Mapping) and self.guide.allows("array") else None
        item = _Reader(inner, self.root) if isinstance(inner, Mapping) else self
        merged = Candidate([], [Found("concatenated-values", span[0], "", "- ")], span)
        places = merged.places[id(merged.value)] = {}
        for part in parts:
            one = min(item.document(text, *part, typed), key=item.rank, default=None)
            if one is not None:
                places[len(merged.value)] = part[0]
                merged.found += [found._replace(place=_below(found.place, len(merged.value))) for found in one.found]
                merged.places.update(one.places)
                merged.value.append(one.value)
        return merged

    def rank(self, candidate: Candidate) -> float:
        """The cost of a candidate of the type."""
        if self.schema is None:
            return candidate.cost
        coerced = coerce(candidate.value, self.schema, root=self.root)
        return candidate.cost + coerced.cost + (1000 if coerced.failure is not None else 0)

    def document(self, text: str, start: int, end: int, typed: bool) -> Iterator[Candidate]:
        """The ways to read one document, without the prose around it."""
        if not text[start:end].strip("\ufeff \t\r\n"):
            return
        first, last = self.payload(text, start, end)
        for candidate in self.ways(text, first, last, typed):
            candidate.span = (first, last)
            _around(text, candidate, start, end)
            yield candidate

    def ways(self, text: str, start: int, end: int, typed: bool) -> Iterator[Candidate]:
        begin, stop, brackets = _bare_brackets(text, start, end)
        block = self.block(text, start, end, typed)
        if block is not None and (typed or not brackets or not isinstance(block.value, str)):
            yield block
        is_block = bool(brackets) and text[begin:stop].lstrip()[:1] not in ("", '"', "'", "{", "[")
        inside = self.block(text, begin, stop, typed) if is_block else None
        if inside is not None:
            inside.found[:0] = brackets
            yield inside
        try:
            value = strict_value(text[start:end].removeprefix("\ufeff"), typed)
        except ValueError:
            return
        is_one_text = self.guide.is_list and isinstance(value, str) and block is not None and isinstance(block.value, list)
        if not is_one_text:  # lines that were found to be items
            yield Candidate(value, [], (start, end))

    def block(self, text: str, start: int, end: int, typed: bool) -> Candidate | None:
        reader = BlockReader(text, start, end, self.guide, typed)
        reader.run()
        return reader.candidate() if reader.has_root or reader.stack else None

    # Prose

    def payload(self, text: str, start: int, end: int) -> tuple[int, int]:
        """Where the YAML begins and ends between lines of prose."""
        rows = [row for row in rows_of(text, start, end) if not row.is_blank]
        if not rows:
            return start, end
        if len(rows) == 1 and (line := _FLOW_LINE.match(text, rows[0].at, rows[0].end)) is not None:
            name = text[rows[0].at : line.end()].rpartition(":")[0]
            if not self.guide.knows(name) and (_INTRODUCTION.match(name) or name.count(" ") > 1):
                return line.end() - 1, end
        first = 0
        while first + 1 < len(rows) and self.is_prose(text, rows, first):
            first += 1
        last = len(rows)
        while last - 1 > first and self.is_afterword(text, rows, last - 1):
            last -= 1
        return (start if first == 0 else rows[first].start), (end if last == len(rows) else rows[last].start)

    def is_prose(self, text: str, rows: list[Row], index: int) -> bool:
        """Whether a line at the beginning announces the YAML that follows."""
        row, following = rows[index], rows[index + 1]
        line = text[row.at : row.end]
        if dash_at(text, row.at, row.end) > row.at or line[0] in "[{#\"'" or line.startswith("---"):
            return False
        key = key_at(text, row.at, row.end)
        if key is None:
            weak = weak_key_at(text, row.at, row.end)
            if weak is not None and (self.guide.knows(weak.name) or not line.count(" ")):
                return False
            apart = following.start > row.following
            return (
                (apart or bool(_INTRODUCTION.match(line)) or line.endswith("."))
                and (self.starts_value(text, following) or index + 2 < len(rows))
                and not (self.guide.wants_text)
            )
        is_heading = bool(key.found) and key.value >= row.end and following.start > row.following
        if (self.guide.knows(key.name) and not is_heading) or following.col > row.col:
            return False
        if _INTRODUCTION.match(line):
            return True
        return key.value >= row.end and key.name.count(" ") > 1 and key_at(text, following.at, following.end) is not None

    def is_announcement(self, text: str) -> bool:
        """Whether a document is nothing but a line that announces the next."""
        line = text.strip()
        return "\n" not in line and _INTRODUCTION.match(line) is not None and line[-1] in ":.*"

    def starts_value(self, text: str, row: Row) -> bool:
        return dash_at(text, row.at, row.end) > row.at or text[row.at] in "[{" or key_at(text, row.at, row.end) is not None

    def is_afterword(self, text: str, rows: list[Row], index: int) -> bool:
        """Whether a line at the end is prose behind the YAML: apart from it, not indented, a sentence."""
        row = rows[index]
        if row.col > rows[0].col or rows[index - 1].following == row.start:
            return False
        line = text[row.at : row.end]
        key = key_at(text, row.at, row.end)
        if (
            key is not None
            and (self.guide.knows(key.name) or key.name.count(" ") < 3)
            and not (self.guide.names and key.name in ("Note", "Explanation", "Notes"))
        ):
            return False
        return dash_at(text, row.at, row.end) == row.at and _SENTENCE.match(line) is not None and line[0] not in "[{#\"'"


def _fences(text: str, region: Region) -> Iterator[Fence]:
    at = region.start
    for _ in range(MAX_FENCES):
        found = _FENCE.search(text, at, region.end)
        if found is None:
            return
        mark = max(text.rfind("`", found.start(), found.end()), text.rfind("~", found.start(), found.end()))
        start = mark - 2 if mark >= 2 else mark
        while start > found.start() and text[start - 1] == text[mark]:
            start -= 1
        if (
            start > found.start()
            and "\n" + text[found.start() : start] == "\n" + " " * (start - found.start())
            and (start - found.start() > 3)
        ):
            at = found.end()  # indented: part of a text
            continue
        fence = fence_at(text, start, region.end)
        assert fence is not None
        yield fence
        at = max(fence.after, found.end())


def _documents(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """The parts between document markers that hold anything."""
    parts: list[tuple[int, int]] = []
    at = start
    for found in _MARKER.finditer(text, start, end):
        if found.start() > start and text[found.start() - 1] != "\n":
            continue
        parts.append((at, found.start()))
        at = found.end()
    parts.append((at, end))
    parts = [part for part in parts if text[part[0] : part[1]].strip("\ufeff \t\r\n")] or [(start, end)]
    if len(parts) > MAX_DOCUMENTS:
        raise ReadError(f"more than {MAX_DOCUMENTS} documents", position=f"offset {parts[MAX_DOCUMENTS][0]}")
    return parts


def _bare_brackets(text: str, start: int, end: int) -> tuple[int, int, list[Found]]:
    """The part between brackets that stand on lines of their own around block YAML."""
    first = re.compile(r"[\s\ufeff]*[{\[][ \t]*(?:\r\n|\n)").match(text, start, end)
    if first is None:
        return start, end, []
    opening = first.end() - len(text[first.start() : first.end()].lstrip().lstrip("\ufeff \t\r\n"))
    found = [Found("block-bracket", opening, text[opening], "")]
    stop = start + len(text[start:end].rstrip())
    line = text.rfind("\n", start, stop) + 1
    if text[line:stop].strip() in ("}", "]", "},", "],") and line > first.end() - 1:
        found.append(Found("block-bracket", stop - len(text[line:stop].strip()), text[line:stop].strip(), ""))
        return first.end(), line, found
    return first.end(), end, found


def _around(text: str, candidate: Candidate, start: int, end: int) -> None:
    """Adds the repairs for what is dropped before and behind a candidate."""
    first, last = candidate.span
    before = text[start:first]
    if before.strip("\ufeff \t\r\n"):
        candidate.found.insert(0, Found("surrounding-text", start, before, ""))
    if text[last:end].strip() and not _MARKER.fullmatch(text[last:end].strip()):
        candidate.found.append(Found("surrounding-text", last, text[last:end], ""))
    candidate.span = (start, end)


def _below(place: Place, index: int) -> Place:
    """A place in a value that became an item of a list."""
    moved: Place = (None, index)
    for key in keys_of(place):
        moved = (moved, key)
    return moved


def _embedded(text: str) -> tuple[Any, int]:
    """The value of a string that holds JSON or a flow collection."""
    try:
        return json.loads(text), 0
    except (ValueError, RecursionError):
        start = len(text) - len(text.lstrip())
        if text[start : start + 1] not in ("{", "["):
            raise ReadError("the text begins like no container", position=f"offset {start}") from None
    reader = BlockReader(text, 0, len(text), ANY, False)
    reader.run()
    made = reader.candidate()
    return made.value, made.cost


def _written(value: Any) -> str:
    """A value as YAML that is read as it is; as JSON, which is YAML, where a plain word might be doubted."""
    text = write(value)
    try:
        if strict_value(text) == value:
            return text
    except ValueError:
        pass
    text = json.dumps(value, ensure_ascii=False, indent=2) + "\n"
    return _NOT_IN_LINES.sub(lambda found: f"\\u{ord(found.group()):04x}", text)


def _aimed(schema: Any, options: Mapping[str, Any]) -> Format:
    """The format for one JSON Schema, whose names and types say where a line belongs."""
    if options:
        raise SchemaError(f"read({next(iter(options))}=…) is not an option of the format yaml")
    return Format("yaml", strict_value, _Reader(schema).candidates, _embedded, _written)


FORMAT = Format("yaml", strict_value, _Reader().candidates, _embedded, _written, _aimed)
