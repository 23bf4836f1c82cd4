"""A value made to fit a schema, with every change named.

In: plain JSON data as a reader found it, and a JSON Schema. Out: the data with the least costly changes that make it fit, or
the reason why none do. Shared by all formats: it sees values, never texts, except that ``embedded`` reads a string that
holds a value in the format at hand.

The one idea: what already fits is never touched, and a change is tried only where the schema leaves no other way. Unions
take the branch of least cost. Nothing is invented: what is required and absent stays absent, and that is a failure.

Caveats: it reads the keywords that guide a change (type, enum, const, properties, items, unions, format); the rest, such as
patterns and lengths, is judged by the validator of whoever asked.
"""

from __future__ import annotations

import math
import re
import reprlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from structgen.errors import ReadError
from structgen.schema.listed import listed
from structgen.schema.scalars import (
    MAX_SENTENCE,
    boolean_of,
    date_of,
    dates_in,
    decimal_of,
    distance,
    folded,
    labels_in,
    number_of,
    numbers_in,
    scalar_text,
    time_of,
)
from structgen.schema.shape import Shape, Shapes

__all__ = ["COERCIONS", "Change", "Coerced", "Spelled", "Word", "coerce"]

COERCIONS: dict[str, int] = {
    "text-to-number": 1, "text-to-boolean": 1, "text-to-null": 2, "number-to-boolean": 2, "to-text": 1, "in-text": 4,
    "label-spelling": 1, "nearest-label": 3, "date-spelling": 1, "date-order": 3, "one-to-list": 2, "text-to-list": 2,
    "list-to-one": 3, "embedded": 2,
    "field-name": 1, "null-left-out": 1, "null-to-empty": 2, "extra-field": 2, "unwrapped": 3,
}
"""Every kind of change and its cost."""

_NULLS = frozenset({"", "-", "--", "\u2013", "\u2014", "null", "none", "nil", "n/a", "na", "n.a", "nan", "undefined",
                    "unknown", "missing"} | {f"not {one}" for one in (
                        "available", "applicable", "given", "known", "mentioned", "provided", "specified", "stated")})
"""Words for nothing, without the dot at their end."""
_DECIMAL = r"^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?$"
"""The pattern of numbers that are kept as text so that no digit is lost."""
_BETWEEN = re.compile(r",?\s+(?:at\s+)?|T")
_NOTHING = object()
"""What a change leaves of a value that it takes away."""
_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 60
MAX_DEPTH = 220
MAX_STEPS = 400_000
"""Pairs of a value and a schema that are compared; unions over recursive schemas multiply."""
MAX_CHANGES = 20_000
"""Values that are made into another type; what needs more is no value of the type."""
MAX_FAILURES = 100
"""Members of one container that may fail before the rest is left."""
MAX_BRANCHES = 200
MAX_DATE = 60
"""Characters of a date with its time."""
_SCALARS = frozenset({str, int, float, bool, type(None)})
"""The types of scalars that are what they look like."""


class Spelled(float):
    """A number that knows its spelling: ``1.10`` is the text "1.10" where a text is wanted."""

    spelling: str


class Word(str):
    """A word that its format reads as something else than a text: ``value``. Where a text is wanted, it is one."""

    value: Any


class Change(NamedTuple):
    """One change: its kind, the keys from the root to the value, and the value as text before and after."""

    kind: str
    path: tuple[Any, ...]
    before: Any
    after: Any


@dataclass(slots=True)
class Coerced:
    """A value that fits as far as the keywords read here go, and its changes; or ``failure``: where and why not."""

    value: Any
    changes: tuple[Change, ...] = ()
    cost: int = 0
    failure: tuple[tuple[Any, ...], str] | None = None


def coerce(value: Any, schema: Any, *, root: Any = None,
           embedded: Callable[[str], tuple[Any, int]] | None = None, day_first: bool | None = None,
           shapes: Shapes | None = None) -> Coerced:
    """``value`` with the least changes that make it fit ``schema``; ``root``: what ``$ref`` starts from; ``day_first``: how
    03/04/2024 is read, None for not at all; ``shapes``: those of the root's parts, where several values are made to fit."""
    work = _Work(shapes or Shapes(schema if root is None else root), embedded, day_first)
    try:
        made = work.fit(value, schema, ())
    except RecursionError:
        return Coerced(value, failure=((), "the value is nested too deep to be compared with a type"))
    if made.failure is None:
        return Coerced(made.value, tuple(_flat(made)), made.cost)
    return Coerced(value, (), made.cost, made.failure.said())


class _Failure(NamedTuple):
    """Where and why a value does not fit; said in words only for the one that is reported."""

    path: tuple[Any, ...]
    value: Any
    why: str
    labels: list[Any] | None = None

    def said(self) -> tuple[tuple[Any, ...], str]:
        return self.path, f"{_shown(self.value)} {self.why}" + (f" {_list(self.labels)}" if self.labels else "")


@dataclass(slots=True)
class _Made:
    """The result of one comparison. ``changes`` here, ``parts`` of members: joined only for the branch that wins."""

    value: Any
    cost: int = 0
    changes: Sequence[Change] = ()
    parts: Sequence[_Made] = ()
    failure: _Failure | None = None


def _flat(made: _Made) -> list[Change]:
    found: list[Change] = []
    stack = [made]
    while stack:
        one = stack.pop()
        found += one.changes
        stack += reversed(one.parts)
    return [change._replace(before=_shown(change.before), after=_shown(change.after)) for change in found]


class _Work:
    def __init__(self, shapes: Shapes, embedded: Callable[[str], tuple[Any, int]] | None, day_first: bool | None) -> None:
        self.shapes, self.embedded, self.day_first = shapes, embedded, day_first
        self.steps = 0

    def fit(self, value: Any, schema: Any, path: tuple[Any, ...]) -> _Made:
        """The cheapest way to make ``value`` fit."""
        self.steps += 1
        if self.steps > MAX_STEPS or len(path) > MAX_DEPTH:
            return _failed(value, path, "is too large, or its type is, to be compared")
        if isinstance(value, Word):
            return self._word(value, schema, path)
        shape = self.shapes.of(schema)
        if shape.labels is not None:
            return self._label(value, shape.labels, path)
        if shape.branches:
            return self._union(value, shape.branches, path)
        types, schema = shape.types, shape.schema
        if not types:
            return _failed(value, path, "stands where nothing is allowed") if schema is False else _Made(_plain(value))
        kind = _type_of(value)
        if kind in types or (kind == "integer" and "number" in types):
            same = self._object(value, shape, path) if kind == "object" else self._same(value, kind, schema, path)
            if same.cost == 0 and same.failure is None:
                return same
            others = [self._other(value, kind, one, schema, path) for one in types if one != kind]
            inner = self._unwrapped(value, kind, schema, path) if same.failure is not None else []
            return _best([same, *others, *inner])
        ways = [self._other(value, kind, one, schema, path) for one in types]
        return _best([*ways, *(self._unwrapped(value, kind, schema, path) if "array" in types else ())])

    def _word(self, word: Word, schema: Any, path: tuple[Any, ...]) -> _Made:
        """What the format reads where that fits; else the letters."""
        made = self.fit(word.value, schema, path)
        if made.failure is None and made.cost == 0:
            return made
        text = self.fit(str(word), schema, path)
        return _best([self._plus(text, Change("to-text", path, word.value, str(word))), made])

    def _union(self, value: Any, branches: list[Any], path: tuple[Any, ...]) -> _Made:
        best: _Made | None = None
        for branch in branches[:MAX_BRANCHES]:
            made = self.fit(value, branch, path)
            if made.failure is None and made.cost == 0:
                return made
            best = made if best is None else _best([best, made])
        return _failed(value, path, "fits no branch of the union") if best is None else best

    # A value of a type that is allowed

    def _same(self, value: Any, kind: str, schema: Mapping[str, Any], path: tuple[Any, ...]) -> _Made:
        if kind == "array":
            return self._array(value, schema, path)
        if kind == "string":
            return self._string(value, schema, path)
        return _Made(_plain(value))

    def _string(self, value: str, schema: Mapping[str, Any], path: tuple[Any, ...]) -> _Made:
        wanted = schema.get("format")
        if wanted not in _DATES:
            plain = decimal_of(value) if schema.get("pattern") == _DECIMAL else value
            return _Made(value) if plain is None or plain == value else _changed("text-to-number", path, value, plain)
        kind, made = "date-spelling", _DATES[wanted](value, None)
        if made is None and self.day_first is not None:
            kind, made = "date-order", _DATES[wanted](value, self.day_first)
        if made is None and wanted == "date" and len(found := dates_in(value, self.day_first)) == 1:
            kind, made = "in-text", found[0]
        if made is None and wanted == "date" and date_of(value, True) is not None:
            return _failed(value, path, "has two meanings, and day_first tells which")
        if made is None or made == value or (wanted != "date" and value[10:11] == "T") or (
                wanted == "time" and value.startswith(made[:8])):
            return _Made(value)
        return _changed(kind, path, value, made)

    def _array(self, value: list[Any], schema: Mapping[str, Any], path: tuple[Any, ...]) -> _Made:
        first = schema.get("prefixItems")
        first = first if isinstance(first, list) else []
        rest = schema.get("items", True)
        if isinstance(rest, list):
            first, rest = rest, schema.get("additionalItems", True)
        parts: list[_Made] = []
        failures = 0
        for index, item in enumerate(value):
            part = self.fit(item, first[index] if index < len(first) else rest, (*path, index))
            parts.append(part)
            failures += part.failure is not None
            if failures > MAX_FAILURES:
                break
        return _whole([part.value for part in parts], parts, [])

    def _object(self, value: dict[str, Any], shape: Shape, path: tuple[Any, ...]) -> _Made:
        schema, properties, required, other = shape.schema, shape.properties, shape.required, shape.other
        names, changes = self._names(value, properties, schema, path)
        members: dict[str, Any] = {}
        parts: list[_Made] = []
        failures = 0
        for name, item in value.items():
            known = names.get(name, name)
            inner = properties.get(known, other if known not in properties else True)
            if known not in properties and (other is False or known is None):
                if schema.get("patternProperties"):
                    members[name] = _plain(item)
                    continue
                changes.append(Change("extra-field", (*path, name), item, _NOTHING))
                continue
            if isinstance(item, Word) and item.value is None and known not in required:
                item = None
            part = self.fit(item, inner, (*path, name))
            if item is None and part.failure is not None and known not in required:
                changes.append(Change("null-left-out", (*path, name), None, _NOTHING))
                continue
            members[known] = part.value
            parts.append(part)
            failures += part.failure is not None
            if failures > MAX_FAILURES:
                break
        missing = [name for name in required if name not in members]
        made = _whole(members, parts, changes)
        if missing and made.failure is None:
            made.failure = _Failure(path, value, f"lacks the required field {min(missing)!r}")
            made.cost += 20
        return made

    def _names(self, value: dict[str, Any], properties: Mapping[str, Any], schema: Mapping[str, Any],
               path: tuple[Any, ...]) -> tuple[dict[str, str], list[Change]]:
        """Which property each unknown name means: by case, accents and punctuation, or by one or two letters."""
        unknown = [name for name in value if name not in properties]
        free = [name for name in properties if name not in value]
        if not unknown or not free or len(unknown) > MAX_BRANCHES * 5:
            return {}, []
        by_fold: dict[str, list[str]] = {}
        for name in free:
            by_fold.setdefault(folded(name), []).append(name)
        names: dict[str, str] = {}
        for name in unknown:
            found = by_fold.get(folded(name), [])
            if len(found) == 1 and found[0] not in names.values():
                names[name] = found[0]
        required = schema.get("required")
        wanted = [name for name in (required if isinstance(required, list) else [])
                  if isinstance(name, str) and name in properties and name not in value and name not in names.values()]
        for name in unknown:
            if name not in names and wanted:
                near = _nearest(name, wanted)
                if near is not None and near not in names.values():
                    names[name] = near
        return names, [Change("field-name", (*path, name), name, known) for name, known in names.items()]

    def _unwrapped(self, value: Any, kind: str, schema: Mapping[str, Any], path: tuple[Any, ...]) -> list[_Made]:
        """The container in an object that has it as its only member: {"result": {…}}."""
        if kind != "object" or len(value) != 1:
            return []
        ((name, item),) = value.items()
        properties = schema.get("properties")
        if not isinstance(item, dict | list) or (isinstance(properties, (dict, Mapping)) and name in properties):
            return []
        return [self._plus(self.fit(item, schema, (*path, name)), Change("unwrapped", path, value, item))]

    # A value of another type

    def _other(self, value: Any, kind: str, wanted: str, schema: Mapping[str, Any], path: tuple[Any, ...]) -> _Made:
        """The value as the wanted type, or a failure."""
        ways: list[_Made] = []
        self.steps += MAX_STEPS // MAX_CHANGES
        if kind == "string" and wanted not in ("string",):
            ways += self._from_text(value, wanted, schema, path)
        elif wanted == "string" and kind in ("number", "integer", "boolean"):
            ways.append(self._then(_changed("to-text", path, value, scalar_text(value)), "string", schema, path))
        elif wanted == "boolean" and kind in ("number", "integer") and value in (0, 1):
            ways.append(_changed("number-to-boolean", path, value, bool(value)))
        elif wanted == "null" and value in ([], {}, ""):
            ways.append(_changed("text-to-null", path, value, None))
        if wanted == "array" and kind == "string" and (items := listed(value, self._is_free(schema.get("items", True)))):
            ways.append(self._plus(self._array(items, schema, path), Change("text-to-list", path, value, items)))
        if wanted == "array" and kind != "array" and value is not None:
            made = self._array([value], schema, path)
            ways.append(self._plus(made, Change("one-to-list", path, value, [value])))
        if wanted == "array" and value is None:
            made = self._array([], schema, path)
            if not schema.get("minItems"):
                ways.append(self._plus(made, Change("null-to-empty", path, "null", "[]")))
        if kind == "array" and wanted != "array" and len(value) == 1:
            made = self.fit(value[0], {**schema, "type": wanted}, path)
            ways.append(self._plus(made, Change("list-to-one", path, value, value[0])))
        if kind == "object" and wanted not in ("object", "array") and len(value) == 1:
            (item,) = value.values()
            if _type_of(item) == wanted or (_type_of(item), wanted) == ("integer", "number"):
                made = self.fit(item, {**schema, "type": wanted}, path)
                ways.append(self._plus(made, Change("unwrapped", path, value, item)))
        ways = [made for made in ways if made.failure is None] or ways
        return _best(ways) if ways else _failed(value, path, f"is no {wanted}")

    def _is_free(self, items: Any) -> bool:
        """Whether the items of a list may be any text."""
        items = self.shapes.resolved(items)
        if not isinstance(items, (dict, Mapping)):
            return True
        return not ({"enum", "const", "format", "pattern", "anyOf", "oneOf"} & items.keys()) and (
            not (types := self.shapes.of(items).types) or "string" in types)

    def _from_text(self, text: str, wanted: str, schema: Mapping[str, Any], path: tuple[Any, ...]) -> list[_Made]:
        ways: list[_Made] = []
        if wanted in ("number", "integer"):
            ways += self._number_from(text, wanted, path)
        elif wanted == "boolean":
            value = boolean_of(text)
            if value is not None:
                ways.append(_changed("text-to-boolean", path, text, value))
            else:
                found = labels_in(text, ("true", "false"))
                if len(found) == 1:
                    ways.append(_changed("in-text", path, text, found[0] == "true"))
                elif not found and len(found := labels_in(text, ("yes", "no"))) == 1:
                    ways.append(_changed("in-text", path, text, found[0] == "yes"))
        elif wanted == "null" and text.strip().lower().rstrip(".") in _NULLS:
            ways.append(_changed("text-to-null", path, text, None))
        elif wanted in ("object", "array") and self.embedded is not None and text.lstrip()[:1] in ("{", "["):
            try:
                value, cost = self.embedded(text)
            except ReadError:
                return ways
            if _type_of(value) in ("object", "array"):
                made = self.fit(value, {**schema, "type": wanted}, path)
                made.cost += cost
                ways.append(self._plus(made, Change("embedded", path, text, value)))
        return ways

    def _number_from(self, text: str, wanted: str, path: tuple[Any, ...]) -> list[_Made]:
        value = number_of(text)
        kind = "text-to-number"
        if value is None:
            found = numbers_in(text)
            value, kind = (found[0], "in-text") if len(found) == 1 else (None, "")
        if value is None or (wanted == "integer" and isinstance(value, float) and not value.is_integer()):
            return []
        return [_changed(kind, path, text, int(value) if wanted == "integer" else value)]

    def _then(self, made: _Made, kind: str, schema: Mapping[str, Any], path: tuple[Any, ...]) -> _Made:
        same = self._same(made.value, kind, schema, path)
        same.changes = [*made.changes, *same.changes]
        same.cost += made.cost
        return same

    @staticmethod
    def _plus(made: _Made, change: Change) -> _Made:
        made.changes = [change, *made.changes]
        made.cost += COERCIONS[change.kind]
        return made

    # Enums

    def _label(self, value: Any, labels: list[Any], path: tuple[Any, ...]) -> _Made:
        """The label that a value means."""
        for label in labels:
            if label == value and isinstance(label, bool) == isinstance(value, bool):
                return _Made(_plain(value))
        if isinstance(value, list) and len(value) == 1 and not isinstance(value[0], list):
            made = self._label(value[0], labels, path)
            return self._plus(made, Change("list-to-one", path, value, value[0]))
        if isinstance(value, dict) and len(value) == 1:
            (item,) = value.values()
            if not isinstance(item, list | dict):
                return self._plus(self._label(item, labels, path), Change("unwrapped", path, value, item))
        texts = {label: label for label in labels if isinstance(label, str)}
        others = {scalar_text(label): label for label in labels if not isinstance(label, str | list | dict)}
        if isinstance(value, int | float) or value is None:
            text = scalar_text(value)
            if text in texts:
                return _changed("to-text", path, value, text)
            return _failed(value, path, "is none of", labels)
        if not isinstance(value, str):
            return _failed(value, path, "is none of", labels)
        return self._label_of_text(value, texts, others, labels, path)

    def _label_of_text(self, value: str, texts: dict[str, Any], others: dict[str, Any], labels: list[Any],
                       path: tuple[Any, ...]) -> _Made:
        stripped = value.strip()
        if stripped in others:
            label = others[stripped]
            kind = "text-to-boolean" if isinstance(label, bool) else "text-to-null" if label is None else "text-to-number"
            return _changed(kind, path, value, label)
        wanted = folded(value) if len(value) <= MAX_SENTENCE else ""
        lower = stripped.casefold()
        same = [label for label in texts if wanted and folded(label) == wanted] or [
            label for label in texts if label.strip().casefold() == lower]
        if len(same) == 1:
            return _changed("label-spelling", path, value, same[0])
        if same:
            return _failed(value, path, "may be any of", same)
        near = _nearest(value, texts)
        if near is not None:
            return _changed("nearest-label", path, value, near)
        found = [others.get(label, label) for label in labels_in(value, [*texts, *others])]
        if len(found) == 1:
            return _changed("in-text", path, value, found[0])
        return _failed(value, path, "may be any of", found) if found else _failed(value, path, "is none of", labels)


def _nearest(text: str, labels: Iterable[str]) -> str | None:
    """The one label within one letter in four, at most two."""
    wanted = folded(text) if len(text) <= MAX_SENTENCE else ""
    bound = min(2, len(wanted) // 4)
    if not bound or len(wanted) > 60:
        return None
    ranked = sorted((distance(wanted, folded(label), bound), label) for label in labels)
    close = [pair for pair in ranked if pair[0] <= bound]
    if not close or (len(close) > 1 and close[0][0] == close[1][0]):
        return None
    return close[0][1]


def _date_time(text: str, day_first: bool | None) -> str | None:
    """A date and a time, in any of their spellings, as RFC 3339 writes them."""
    text = text.strip()
    for between in _BETWEEN.finditer(text) if len(text) <= MAX_DATE else ():
        day, hour = date_of(text[:between.start()], day_first), time_of(text[between.end():])
        if day and hour:
            return f"{day}T{hour}"
    return None


_DATES: dict[Any, Callable[[str, bool | None], str | None]] = {
    "date": date_of, "time": lambda text, _: time_of(text), "date-time": _date_time}


def _type_of(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float):
        return "integer" if math.isfinite(value) and value.is_integer() else "number"
    return "string" if isinstance(value, str) else "array" if isinstance(value, list) else "object"


def _plain(value: Any) -> Any:
    """The value without spellings."""
    if type(value) in _SCALARS:
        return value
    if isinstance(value, Word):
        return value.value
    if isinstance(value, Spelled):
        return float(value)
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    return value


def _whole(value: Any, parts: list[_Made], changes: list[Change]) -> _Made:
    cost = sum(part.cost for part in parts) + sum(COERCIONS[change.kind] for change in changes)
    failure = next((part.failure for part in parts if part.failure is not None), None)
    return _Made(value, cost, changes, parts, failure)


def _changed(kind: str, path: tuple[Any, ...], before: Any, after: Any) -> _Made:
    return _Made(after, COERCIONS[kind], [Change(kind, path, before, after)])


def _failed(value: Any, path: tuple[Any, ...], why: str, labels: list[Any] | None = None) -> _Made:
    return _Made(value, 10, failure=_Failure(path, value, why, labels))


def _best(ways: list[_Made]) -> _Made:
    """The cheapest that fits; if none does, the one that comes nearest."""
    return min(ways, key=lambda made: (made.failure is not None, made.cost, 0))


def _shown(value: Any) -> str:
    if value is _NOTHING:
        return ""
    text = _SHORT.repr(value) if isinstance(value, str | list | dict) else scalar_text(value)
    return text if len(text) <= 60 else text[:59] + "…"


def _list(labels: list[Any]) -> str:
    shown = ", ".join(_shown(label) for label in labels[:8])
    return shown + (", …" if len(labels) > 8 else "")
