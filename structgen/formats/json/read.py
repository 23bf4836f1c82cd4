"""JSON read tolerantly: valid text by the standard library, all else by ``structure``.

In: a text. Out: candidates, each a value with the repairs it takes and the part of the text it covers. A text that begins
with a value is read from there; else values are looked for in code fences and behind brackets in prose. Which candidate
is the answer is decided by whoever knows the type (``formats.read``).
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, NoReturn

from structgen.errors import ReadError, SchemaError
from structgen.formats.base import KINDS, Candidate, Format, Found, Place, keys_of
from structgen.formats.extract import Fence, Region, fence_at, regions
from structgen.formats.json.constructed import constructed
from structgen.formats.json.hints import NO_HINTS, Hints
from structgen.formats.json.scan import FUEL, QUOTES
from structgen.formats.json.structure import Structure
from structgen.formats.json.words import word_value, written

__all__ = ["FORMAT"]

MAX_CANDIDATES = 200
"""Values looked at in one answer."""
MAX_VALUES = 20_000
"""Values next to each other, as in JSON Lines."""
MAX_TEXTS = 2000
"""Strings next to each other."""
_TAIL = re.compile(r"[\s,;)\]}]*(?:`{3,}|~{3,})?[\s,;]*")
_OPENER = re.compile(r"[{\[]|`{3,}|~{3,}")
_CALL = re.compile(r"[A-Za-z_$][\w$.]*\(")
_SPARE = re.compile(r"[\s,]*\n[ \t]*(?:[-*\u2022]|[0-9]{1,3}[.)])[ \t]+(?=[{\[])|[\s,]*")
"""What stands between values next to each other: commas, and the numbers or bullets of a list."""
_PROSE = re.compile(r"\n[ \t\r]*\n[ \t]*(?=[^\W\d_])")
_SHORT_WORD = 60
_FIRST = frozenset(" \t\r\n{[\"-0123456789tfn")
_LAST = frozenset(" \t\r\n}]\"0123456789el")
"""What JSON may begin and end with."""
_NO_JSON = re.compile(r"[ \t\r\n]*+(?:\{[ \t\r\n]*+[^\"}\s]|\[[ \t\r\n]*+[^\"{\[\]\-0-9tfn\s])")
"""The beginning of a container that is none of JSON's. To raise the decoder's own error takes longer than to see it."""


def strict(text: str) -> Any:
    """The value of a text that RFC 8259 allows, without names that occur twice; ``ValueError`` for any other."""
    if text and (text[0] not in _FIRST or text[-1] not in _LAST or _NO_JSON.match(text) is not None):
        raise ValueError("the text begins or ends like no JSON")
    try:
        return _DECODER.decode(text)
    except RecursionError as error:
        raise ValueError("nested too deep") from error


def write(value: Any) -> str:
    """A value as JSON."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def aimed(schema: Any, options: Mapping[str, Any]) -> Format:
    """The format for a type, whose names tell members from text; it takes no options."""
    if options:
        raise SchemaError(f"read({next(iter(options))}=…) is not an option of the format json")
    if not isinstance(schema, Mapping):
        return FORMAT
    return Format("json", strict, partial(candidates, hints=Hints(schema)), embedded, write, aimed, value_at)


def embedded(text: str) -> tuple[Any, int]:
    """The value of a string that holds JSON, and the cost of reading it; ``ReadError`` where it begins like none."""
    try:
        return strict(text), 0
    except ValueError:
        start = len(text) - len(text.lstrip())
        if text[start:start + 1] not in ("{", "["):
            raise ReadError("the text begins like no JSON container", position=f"offset {start}") from None
    candidate = next(iter(_Groups(text, Region(0, len(text))).direct(start)))
    return candidate.value, candidate.cost


def value_at(text: str, start: int, end: int) -> Candidate:
    """The value that begins at ``start``. A text holds many, so none may look far ahead."""
    structure = Structure(text, start, end)
    structure.scan.fuel = FUEL + (end - start) // 16
    return structure.read(start)


def candidates(text: str, typed: bool, hints: Hints = NO_HINTS) -> Iterator[Candidate]:
    """The ways to read a text as JSON. ``typed``: also each of several values alone, and the text itself as a string."""
    for region in regions(text):
        any_answer = False
        shown = constructed(text, region.start, region.end) if "(" in text else None
        if shown is not None:
            value, start, end, calls = shown
            candidate = Candidate(value, [Found("wrapper", start, text[start:end], "")] * min(calls, 1), (start, end))
            _around(candidate, text, region)
            yield candidate
            if not typed:
                return
        for candidate in _Groups(text, region, hints).all(typed):
            any_answer = True
            _around(candidate, text, region)
            yield candidate
        if any_answer and not typed:
            return
        if typed:
            plain = text[region.start:region.end].strip()
            if plain and plain != "null":
                start = text.index(plain[0], region.start)
                candidate = Candidate(plain, [Found("unquoted-string", start, plain, json.dumps(plain))],
                                      (start, start + len(plain)), is_answer=False)
                _around(candidate, text, region)
                yield candidate


class _Groups:
    """Finds values in one region of a text."""

    def __init__(self, text: str, region: Region, hints: Hints = NO_HINTS) -> None:
        self.text, self.start, self.end, self.hints = text, region.start, region.end, hints
        self.count = 0

    def all(self, typed: bool) -> Iterator[Candidate]:
        """Every value, those that are next to each other also as a list."""
        reader = Structure(self.text, self.start, self.end, self.hints)
        reader.at = self.start
        reader.gap()
        at = reader.at
        if self._begins_value(reader, at):
            group = self._whole_group(reader, at)
            yield from self._alternatives(group, typed)
            at = group[-1].span[1]
        else:
            whole = self._scalar(at)
            if whole is not None:
                yield whole
                return
        while self.count < MAX_CANDIDATES:
            found = _OPENER.search(self.text, at, self.end)
            if found is None:
                return
            at = found.start()
            if found.group() in ("{", "["):
                group = self._whole_group(reader, at)
                yield from self._alternatives(group, typed)
                at = max(group[-1].span[1], at + 1)
                continue
            fence = fence_at(self.text, at, self.end)
            assert fence is not None
            if not self.text[fence.content:fence.end].strip():
                self.count += 1
                at = max(fence.content, at + 3)
                continue
            at = fence.after
            for candidate in self._fenced(fence, typed):
                at = max(at, candidate.span[1])
                yield candidate

    def direct(self, start: int) -> Iterator[Candidate]:
        yield from self._alternatives(self._group(Structure(self.text, start, self.end), start), False)

    def _begins_value(self, reader: Structure, at: int) -> bool:
        one = reader.scan.at(at)
        if not one:
            return False
        if one in "{[" or (one in QUOTES and not self.text.startswith("```", at)) or (
                one == "\\" and reader.scan.at(at + 1) in ('"', "'")):
            return True
        call = _CALL.match(self.text, at, self.end)
        return call is not None and reader.is_call(call.end())

    def _scalar(self, at: int) -> Candidate | None:
        """The whole region as one literal or number, or as a tuple."""
        word = self.text[at:self.end].rstrip().rstrip(",;").rstrip()
        if word.startswith("(") and word.endswith(")"):
            candidate = Structure(self.text, at, self.end, self.hints).read(at)
            return candidate if self.text[candidate.span[1]:self.end].strip() in ("", ",", ";") else None
        if not word or len(word) > _SHORT_WORD or "\n" in word:
            return None
        value, kind = word_value(word, is_cut=True)
        if kind == "unquoted-string":
            return None
        found = [] if kind is None else [Found(kind, at, word, written(value))]
        return Candidate(value, found, (at, at + len(word)))

    def _whole_group(self, reader: Structure, start: int) -> list[Candidate]:
        """The values from ``start`` on; where the text ends within one, without the paragraph of prose at its end."""
        group = self._group(reader, start)
        if not reader.is_cut:
            return group
        last = max(self.text.rfind(one, start, self.end) for one in '"{}[]')
        prose = _PROSE.search(self.text, last, self.end)
        if prose is not None:
            other = self._group(Structure(self.text, self.start, prose.start(), self.hints), start)
            if sum(one.cost for one in other) + KINDS["surrounding-text"] < sum(one.cost for one in group):
                return other
        return group

    def _group(self, reader: Structure, start: int) -> list[Candidate]:
        """The value at ``start`` and those that follow it with nothing between but white space, commas and comments."""
        group = [reader.read(start)]
        most = MAX_TEXTS if self.text[start] in QUOTES else MAX_VALUES
        while True:
            if len(group) > most:
                raise ReadError(f"more than {most} values follow each other", position=f"offset {start}")
            end = group[-1].span[1]
            if end >= self.end:
                break
            found = _SPARE.match(self.text, end, self.end)
            following = reader.scan.gap(found.end() if found else end)
            one = reader.scan.at(following)
            first = reader.scan.at(start)
            if not one or not (one in "{[" or (one in QUOTES and first in QUOTES)) or following >= self.end:
                break
            group.append(reader.read(following))
        return group

    def _alternatives(self, group: list[Candidate], typed: bool) -> Iterator[Candidate]:
        self.count += 1
        if len(group) == 1:
            yield group[0]
            return
        start, end = group[0].span[0], group[-1].span[1]
        merged = Candidate([one.value for one in group], [Found("concatenated-values", start, "", "[")], (start, end))
        for index, one in enumerate(group):
            merged.found += [found._replace(place=_below(found.place, index)) for found in one.found]
            merged.places.update(one.places)
        merged.places[id(merged.value)] = {index: one.span[0] for index, one in enumerate(group)}
        yield merged
        if typed:
            for one in group[:MAX_CANDIDATES]:
                one.passed = KINDS["other-answer"]
                yield one

    def _fenced(self, fence: Fence, typed: bool) -> Iterator[Candidate]:
        """The values in a code fence; one that holds a fence in a string is read to its own end."""
        inner = _Groups(self.text, Region(fence.content, fence.end), self.hints)
        reader = Structure(self.text, fence.content, fence.end, self.hints)
        reader.at = fence.content
        reader.gap()
        at = reader.at
        mark = Found("code-fence", fence.start, self.text[fence.start:fence.content], "")
        if not self._begins_value(reader, at):
            found = list(inner.all(typed)) if self.count < MAX_CANDIDATES else []
        else:
            found = list(inner._alternatives(inner._group(reader, at), typed))
            if reader.is_cut and fence.after < self.end:
                longer = _Groups(self.text, Region(fence.content, self.end), self.hints)
                other = Structure(self.text, fence.content, self.end, self.hints)
                again = list(longer._alternatives(longer._group(other, at), typed))
                if again[0].cost < found[0].cost:
                    found = again
        self.count += inner.count
        for candidate in found:
            if candidate.found and candidate.found[0].kind == "code-fence":
                yield candidate
                continue
            _around(candidate, self.text, Region(fence.content, max(fence.end, candidate.span[1])))
            candidate.found.insert(0, mark)
            end = fence.after if candidate.span[1] <= fence.after else candidate.span[1]
            candidate.span = (fence.start, end)
            yield candidate


def _around(candidate: Candidate, text: str, region: Region) -> None:
    """Adds the repairs for what is dropped before and behind a candidate."""
    start, end = candidate.span
    if start == region.start and end == region.end and not region.thinking:
        return
    before = text[region.start:start]
    found: list[Found] = []
    if region.thinking:
        found.append(Found("thinking", region.thinking[0], text[slice(*region.thinking)], ""))
    if before.strip("\ufeff \t\r\n"):
        kind = "comment" if before.lstrip()[:1] in ("#", "/") else "surrounding-text"
        found.append(Found(kind, region.start, before, ""))
    elif "\ufeff" in before:
        found.append(Found("byte-order-mark", region.start, "\ufeff", ""))
    elif before.strip(" \t\r\n"):
        found.append(Found("white-space", region.start, before, " "))
    tail = _TAIL.match(text, end, region.end)
    assert tail is not None
    stray = tail.group()
    if "}" in stray or "]" in stray or ")" in stray:
        candidate.found.append(Found("stray-bracket", end, stray.strip(), ""))
    elif "`" in stray or "~" in stray:
        candidate.found.append(Found("code-fence", end, stray.strip(), ""))
    elif stray.strip():
        candidate.found.append(Found("trailing-comma" if "," in stray else "wrapper", end, stray.strip(), ""))
    rest = text[tail.end():region.end]
    if rest.strip():
        kind = "comment" if rest.lstrip().startswith(("//", "/*", "#")) else "surrounding-text"
        candidate.found.append(Found(kind, tail.end(), rest, ""))
    candidate.found[:0] = found


def _below(place: Place, index: int) -> Place:
    """A place in a value that became an item of a list."""
    moved: Place = (None, index)
    for key in keys_of(place):
        moved = (moved, key)
    return moved


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a name occurs twice in one object")
    return members


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError("a number beyond what Python holds")
    return value


def _refuse(word: str) -> NoReturn:
    raise ValueError(f"{word} is not JSON")


_DECODER = json.JSONDecoder(object_pairs_hook=_members, parse_constant=_refuse, parse_float=_finite)
FORMAT = Format("json", strict, candidates, embedded, write, aimed, value_at)
