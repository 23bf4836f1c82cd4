"""``read``: the value that a damaged text means, and every repair that reading it took.

In: a text of any kind and the type that is wanted. Out: a ``Reading``, or ``ReadError`` with the position and the nearest
reading. The one idea: the format offers ways to read the text, ``coerce`` says what each costs to fit the type, and the
cheapest wins; of equal ones the last, which is a model's final word. A text that is valid as it stands is handed to the
standard library and comes back unchanged.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from operator import attrgetter
from typing import Any, Literal

from structgen.errors import ReadError, SchemaError
from structgen.formats.base import (
    KINDS,
    Candidate,
    Format,
    Found,
    Place,
    ReadAs,
    Reading,
    Repair,
    RepairRule,
    Source,
    format_named,
    json_path,
    keys_of,
)
from structgen.formats.decoding import decoded
from structgen.limits import Limits
from structgen.schema.coerce import Coerced, coerce
from structgen.schema.kinds import kind_of, resolved
from structgen.schema.proved import is_proved
from structgen.schema.python_types import TypeSchema, schema_of
from structgen.schema.shape import Shapes
from structgen.schema.text import read_schema_text

__all__ = ["read"]

MAX_TEXT = 64 << 20
"""Characters of one text; an answer has thousands."""
MAX_LINES = 100_000
"""Characters of an answer that is read as lines where JSON was wanted."""
_TEXTS = (str, bytes, bytearray, memoryview)
LAST_RESORT = 1_000_000
"""Added where the whole text is taken for a string: only if nothing else in it fits."""
_CONTAINER = re.compile(r"\s*+(?:(?:`{3,}|~{3,})[\w+.-]*+\s*+)?(?:\{|\[\s*+[{\[\"'\]])")
"""An answer that begins with a container, in a code fence or not."""
_CUT = frozenset({"unclosed-bracket", "code-fence", "comment", "trailing-comma", "missing-value", "missing-quote"})
"""Repairs of a container that leave no doubt that it is one."""
NotFinite = Literal["null", "float", "error"]


def read(text: str | bytes, output_type: Any = None, *, format: str | None = None,
         rules: Iterable[RepairRule] = (), max_cost: int | None = None, not_finite: NotFinite = "null",
         day_first: bool | None = None, **options: Any) -> Reading:
    """Reads a text tolerantly, as a value of a type.

    ``output_type``: a Python type, a source such as ``JsonSchema(…)``, or None for plain data. ``format``: what the text is
    written in; without it that of the source, or "json". ``options``: those of the format. ``rules``: see ``repair_rule``.
    ``max_cost``: the most that repairs may cost; 0 allows none. ``not_finite``: what NaN and the infinities become; JSON
    has no such numbers. ``day_first``: whether 03/04/2024 is in April; without it such a date is refused.

    The value has the type: an instance for a pydantic model or a dataclass. Required values are never invented. Any
    text gives a ``Reading`` or a ``ReadError``, in linear time; nothing in it is ever evaluated.
    """
    if not_finite not in ("null", "float", "error"):
        raise SchemaError(f"read(not_finite={not_finite!r}) is not an option", instead="use null, float or error")
    if day_first not in (None, True, False):
        raise SchemaError(f"read(day_first={day_first!r}) is not an option", instead="use True, False or None")
    if not isinstance(text, _TEXTS):
        raise ReadError(f"a {type(text).__name__} is no text", instead="give a str, or bytes")
    rules = tuple(rules) if rules else ()
    for rule in rules:
        if not isinstance(rule, RepairRule):
            raise SchemaError(f"{rule!r} is no repair rule", instead='decorate the function with @repair_rule("json")')
    if isinstance(output_type, type) or not callable(getattr(output_type, "read_as", None)):
        how = ReadAs("json", output_type, options)
    else:
        how = output_type.read_as()
        how = how._replace(options={**how.options, **options})
    wanted = _wanted(how.output_type, day_first)
    if wanted is not None and format is None and how.format == "json" and _is_scalar(how.output_type, wanted):
        format = "text"
    chosen = _aimed(format_named(format or how.format), wanted, how.options)
    plain, found = (text, []) if isinstance(text, str) else decoded(bytes(text))
    source = Source(plain)
    if len(source.text) > MAX_TEXT:
        raise ReadError(f"the text has more than {MAX_TEXT} characters", instead="read it in parts")
    reading = _clean(source, found, chosen, wanted)
    if reading is None:
        try:
            reading = _repaired(source, found, chosen, wanted, rules, not_finite)
        except ReadError as error:
            is_other = not format and not _is_container(source, error.nearest)
            reading = _as_lines(source, found, chosen, wanted, not_finite) if is_other else None
            if reading is None:
                raise
    if max_cost is not None and reading.cost > max_cost:
        first = reading.repairs[0]
        raise ReadError(f"reading it takes repairs that cost {reading.cost}", position=f"{first.line}:{first.column}",
                        because=f"max_cost is {max_cost}, and the first repair is {first.kind}", nearest=reading)
    return reading


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What the value must be: a JSON Schema that guides, and what makes and checks the value."""

    name: str
    schema: Any
    """A mapping or a bool; of a JsonSchema, whatever was given."""
    type_schema: TypeSchema | None
    registry: Mapping[str, Any] = field(default_factory=dict)
    """Schemas that a ``$ref`` may lead to, by URI."""
    day_first: bool | None = None
    formats: Any = None
    """The source's own judge of string formats, for jsonschema."""
    shapes: list[Shapes] = field(default_factory=list)
    """What the schema's parts say, worked out for the first value that is made to fit."""

    def fitted(self, value: Any, embedded: Callable[[str], Any] | None = None, day_first: bool | None = None) -> Coerced:
        """The value made to fit the schema."""
        if not self.shapes:
            self.shapes.append(Shapes(self.schema))
        return coerce(value, self.schema, embedded=embedded, day_first=day_first, shapes=self.shapes[0])

    def made(self, value: Any) -> Any:
        """The value as one of the type; ``ReadError`` with a JSONPath where it is none."""
        if self.type_schema is not None:
            return _instance(value, self.type_schema)
        _check(value, self)
        return value


def _aimed(chosen: Format, wanted: _Wanted | None, options: Mapping[str, Any]) -> Format:
    """The format for what is wanted."""
    if chosen.aimed is not None:
        return chosen.aimed(None if wanted is None else wanted.schema, options)
    if options:
        raise SchemaError(f"read({next(iter(options))}=…) is not an option of the format {chosen.name}")
    return chosen


def _is_scalar(output_type: Any, wanted: _Wanted) -> bool:
    """Whether a type's values are written as plain text: labels, numbers, booleans, dates, patterns."""
    if wanted.type_schema is None and not hasattr(output_type, "strings"):  # a JsonSchema speaks of JSON
        return False
    kind = kind_of(wanted.schema, wanted.schema)
    return kind.labels is not None or (bool(kind.types) and kind.types <= {"number", "integer", "boolean", "null"}) or (
        kind.types == {"string"} and kind.format in ("date", "time", "date-time", "regex"))


def _wanted(output_type: Any, day_first: bool | None) -> _Wanted | None:
    if output_type is None:
        return None
    if not isinstance(output_type, type) and callable(getattr(output_type, "to_grammar", None)):
        if hasattr(output_type, "format_checker"):  # a JsonSchema
            schema = output_type.schema
            schema = read_schema_text(schema, Limits()) if isinstance(schema, str | bytes) else schema
            if not isinstance(schema, Mapping | bool):
                raise SchemaError("the schema is no JSON Schema", because=f"it is a {type(schema).__name__}")
            return _Wanted("the schema", schema, None, output_type.registry or {}, day_first, output_type.format_checker())
        if hasattr(output_type, "strings"):  # a Choice
            return _Wanted("the choice", {"enum": list(output_type.strings)}, None, {}, day_first)
        raise SchemaError(f"read has no way to read a {type(output_type).__name__}", instead="pass a type or JsonSchema(…)")
    if isinstance(output_type, dict | str | bytes | list):
        raise SchemaError(f"the output type is a {type(output_type).__name__}", because="it could mean several things",
                          instead="write JsonSchema(…) or a Python type")
    found = schema_of(output_type)
    return _Wanted(found.name, found.described, found, {}, day_first)


def _clean(source: Source, found: list[Found], chosen: Format, wanted: _Wanted | None) -> Reading | None:
    """The reading of a text that is valid as it stands; None if it is not."""
    if found:
        return None
    try:
        value = chosen.strict(source.text)
    except ReadError as error:
        raise _placed(error, source) from error
    except ValueError:
        return None
    if wanted is None:
        return Reading(value, (), 0, chosen.name)
    coerced = wanted.fitted(value)
    if coerced.failure is not None or coerced.changes:
        return None
    try:
        return Reading(wanted.made(coerced.value), (), 0, chosen.name)
    except ReadError:
        return None


def _repaired(source: Source, found: list[Found], chosen: Format, wanted: _Wanted | None, rules: tuple[RepairRule, ...],
              not_finite: NotFinite) -> Reading:
    """The cheapest reading, with the user's rules where they make it cheaper."""
    best, failure = _attempt(source, found, chosen, wanted, not_finite, ())
    for rule in rules:
        if rule.format != chosen.name:
            continue
        edited, edits = rule.apply(source)
        if not edits:
            continue
        kept = tuple(Repair(one, source, rule.cost) for one in edits)
        other, _ = _attempt(edited, found, chosen, wanted, not_finite, kept)
        if other is not None and (best is None or other.cost < best.cost):
            best, source = other, edited
    if best is not None:
        return best
    raise failure or ReadError("there is no value in the text", position="1:1",
                               because=f"it holds nothing that begins like {chosen.name}")


def _is_container(source: Source, nearest: Any) -> bool:
    """Whether a text that does not fit is a container for certain, perhaps cut off, so that it is no lines."""
    return isinstance(nearest, Reading) and _CONTAINER.match(source.text) is not None and all(
        one.kind in _CUT for one in nearest.repairs)


def _as_lines(source: Source, found: list[Found], chosen: Format, wanted: _Wanted | None,
              not_finite: NotFinite) -> Reading | None:
    """The reading of an answer that has the members of an object as lines where JSON was wanted; None for any other. Only a
    type that requires members tells such lines from prose."""
    if chosen.name != "json" or wanted is None or len(source.text) > MAX_LINES or ":" not in source.text:
        return None
    schema = resolved(wanted.schema, wanted.schema)
    if not isinstance(schema, Mapping) or not schema.get("required"):
        return None
    try:
        note = Found("other-format", 0, "yaml", "json")
        return _repaired(source, [*found, note], _aimed(format_named("yaml"), wanted, {}), wanted, (), not_finite)
    except ReadError:
        return None


def _attempt(source: Source, found: list[Found], chosen: Format, wanted: _Wanted | None, not_finite: NotFinite,
             kept: tuple[Repair, ...]) -> tuple[Reading | None, ReadError | None]:
    """The cheapest reading of one source; or what is wrong with the one that came nearest."""
    ways: list[tuple[int, Candidate, Coerced]] = []
    failures: list[tuple[int, Candidate, Coerced]] = []
    embedded = None if wanted is None else chosen.embedded if not_finite == "float" else _finite_only(chosen.embedded)
    try:
        for order, candidate in enumerate(chosen.candidates(source.text, wanted is not None)):
            if ways and not candidate.is_answer:
                continue
            if not_finite == "float":
                candidate.found = [one._replace(after=one.before) if one.kind == "not-finite" else one
                                   for one in candidate.found]
            else:
                candidate.value = _without_infinities(candidate, not_finite, source)
            if wanted is None:
                coerced = Coerced(candidate.value)
            else:
                _leave_out_missing(candidate)
                coerced = wanted.fitted(candidate.value, embedded, wanted.day_first)
            (ways if coerced.failure is None else failures).append((-order, candidate, coerced))
    except ReadError as error:
        if not ways:
            return None, _placed(error, source)

    def rank(way: tuple[int, Candidate, Coerced]) -> tuple[float, int]:
        return _rank(way[1], way[2], wanted is not None), way[0]

    error_found: ReadError | None = None
    if len(ways) > 1:
        ways.sort(key=rank)
    for _, candidate, coerced in ways:
        try:
            value = coerced.value if wanted is None else wanted.made(coerced.value)
        except ReadError as error:
            error.nearest = error.nearest or _reading(coerced.value, source, found, candidate, coerced, chosen, kept)
            error_found = error_found or error
            continue
        others = _others(candidate, coerced, [(way[1], way[2]) for way in ways]) if len(ways) > 1 else []
        return _reading(value, source, found + others, candidate, coerced, chosen, kept), None
    if error_found is None and failures:
        _, candidate, coerced = min(failures, key=rank)
        nearest = _reading(coerced.value, source, found, candidate, coerced, chosen, kept)
        error_found = _unfit(source, candidate, coerced, nearest)
    return None, error_found


def _rank(candidate: Candidate, coerced: Coerced, typed: bool) -> float:
    """What decides among candidates: with a type the cost; without one how much text a value explains."""
    cost = candidate.cost + coerced.cost
    if typed:
        return cost + candidate.passed + (0 if candidate.is_answer else LAST_RESORT)
    start, end = candidate.span
    return 10 * cost - (end - start)


def _others(chosen: Candidate, coerced: Coerced, ways: list[tuple[Candidate, Coerced]]) -> list[Found]:
    """The answers that were passed over, where they say something else."""
    return [Found("other-answer", one.span[0], str(made.value), "") for one, made in ways
            if one is not chosen and one.is_answer and (one.span[0] >= chosen.span[1] or one.span[1] <= chosen.span[0])
            and made.value != coerced.value and one.cost <= (one.span[1] - one.span[0]) / 10]


def _reading(value: Any, source: Source, found: list[Found], candidate: Candidate, coerced: Coerced, chosen: Format,
             kept: tuple[Repair, ...]) -> Reading:
    notes = found + candidate.found
    if coerced.changes:
        notes += [Found(change.kind, _offset(candidate, change.path), change.before, change.after, _place(change.path))
                  for change in coerced.changes]
    repairs = [Repair(one, source, KINDS[one.kind]) for one in notes]
    if kept:
        repairs = sorted([*kept, *repairs], key=lambda repair: repair.offset)
    elif len(repairs) > 1:  # offsets in one source are in the order of those in the text that was given
        repairs.sort(key=_by_offset)
    return Reading(value, tuple(repairs), sum([repair.cost for repair in repairs]), chosen.name)


_by_offset = attrgetter("_found.offset")


def _offset(candidate: Candidate, path: tuple[Any, ...]) -> int:
    """Where the member at ``path`` stands, or the nearest container that is known."""
    value, offset = candidate.value, candidate.span[0]
    for key in path:
        offset = candidate.places.get(id(value), {}).get(key, offset)
        if not ((isinstance(value, dict) and key in value) or (isinstance(value, list) and isinstance(key, int)
                and key < len(value))):
            break
        value = value[key]
    return offset


def _place(path: tuple[Any, ...]) -> Place:
    place: Place = None
    for key in path:
        place = (place, key)
    return place


def _unfit(source: Source, candidate: Candidate, coerced: Coerced, nearest: Reading) -> ReadError:
    assert coerced.failure is not None
    path, why = coerced.failure
    line, column = source.line_column(source.original(_offset(candidate, path)))
    return ReadError(f"no value of the type: {why}", position=f"{line}:{column}", because=f"at {json_path(_place(path))}",
                     nearest=nearest)


def _placed(error: ReadError, source: Source) -> ReadError:
    """An error whose offset is said as line and column of the text that was given."""
    offset = (error.position or "").removeprefix("offset ")
    if not offset.isdecimal():
        return error
    line, column = source.line_column(source.original(int(offset)))
    return ReadError(error.what, position=f"{line}:{column}", because=error.because, instead=error.instead)


def _leave_out_missing(candidate: Candidate) -> None:
    """Takes out the members whose value the text lacks: null would be an invention."""
    for one in candidate.found:
        if one.kind == "missing-value" and one.place is not None:
            *keys, last = keys_of(one.place)
            inner: Any = candidate.value
            for key in keys:
                try:
                    inner = inner[key]
                except (LookupError, TypeError):  # a later member of the same name took its place
                    inner = None
            if isinstance(inner, dict) and inner.get(last, 0) is None:
                del inner[last]


def _without_infinities(candidate: Candidate, not_finite: NotFinite, source: Source) -> Any:
    for first in candidate.found:
        if first.kind == "not-finite":
            break
    else:
        return candidate.value
    if not_finite == "error":
        raise ReadError(f"{first.before} is not a JSON number", position=f"offset {first.offset}",
                        instead='pass not_finite="null" or "float"')
    return _finite(candidate.value)


def _finite_only(embedded: Callable[[str], Any]) -> Callable[[str], Any]:
    """The reader of what strings hold, which then hold finite numbers only."""

    def read_embedded(text: str) -> Any:
        value, cost = embedded(text)
        if not _is_finite(value):
            raise ReadError("a string that holds numbers that are not finite")
        return value, cost

    return read_embedded


def _is_finite(value: Any) -> bool:
    if isinstance(value, dict | list):
        return all(map(_is_finite, value.values() if isinstance(value, dict) else value))
    return not isinstance(value, float) or math.isfinite(value)


def _finite(value: Any) -> Any:
    """The value with null for what is no finite number; containers stay the same objects."""
    for key, item in list(value.items()) if isinstance(value, dict) else list(enumerate(value)) if isinstance(
            value, list) else ():
        value[key] = _finite(item)
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _instance(value: Any, type_schema: TypeSchema) -> Any:
    from pydantic import ValidationError

    try:
        return type_schema.adapter.validate_json(json.dumps(value, ensure_ascii=True))
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        place = json_path(_place(tuple(first["loc"])))
        raise ReadError(f"no value of the type {type_schema.name}: {first['msg']}", position=place) from error
    except (RecursionError, ValueError) as error:
        raise ReadError("a value that Python cannot hold", because=str(error)) from error


@cache
def _jsonschema() -> Any:
    """Loaded where it is used: it takes longer to import than to read most texts."""
    import jsonschema
    import jsonschema.validators
    import referencing.jsonschema

    return jsonschema, referencing.Registry(), referencing.jsonschema.DRAFT202012


_VALIDATORS: dict[int, tuple[tuple[Any, ...], Any]] = {}
"""By the id of a schema, which its validator keeps alive, with what else it was made from. A validator reads the schema
when it is used, so it sees what has changed in it."""
_VALIDATORS_KEPT = 64


def _validator(wanted: _Wanted) -> Any:
    """What checks values. Nothing is kept for schemas that others are known to, since those may be others the next time."""
    schema = wanted.schema
    made_from: tuple[Any, ...] = (wanted.formats,)
    if isinstance(schema, dict):
        made_from = (wanted.formats, schema.get("$schema"), schema.get("$id"), schema.get("id"))
    kept = None if wanted.registry else _VALIDATORS.get(id(schema))
    if kept is not None and kept[0] == made_from:
        return kept[1]
    jsonschema, registry, draft = _jsonschema()
    if wanted.registry:
        registry = registry.with_resources([(uri, draft.create_resource(one)) for uri, one in wanted.registry.items()])
    judge = jsonschema.validators.validator_for(schema, default=jsonschema.Draft202012Validator)
    validator = judge(schema, format_checker=wanted.formats, registry=registry)
    if not wanted.registry:
        if len(_VALIDATORS) >= _VALIDATORS_KEPT:
            _VALIDATORS.clear()
        _VALIDATORS[id(schema)] = made_from, validator
    return validator


def _check(value: Any, wanted: _Wanted) -> None:
    """Raises ``ReadError`` for a value that the schema does not allow. Nothing is ever downloaded."""
    if is_proved(value, wanted.schema):
        return
    jsonschema, _, _ = _jsonschema()
    try:
        validator = _validator(wanted)
        error = None if validator.is_valid(value) else jsonschema.exceptions.best_match(validator.iter_errors(value))
    except RecursionError as problem:
        raise ReadError("a value that is nested too deep to be checked") from problem
    except Exception as problem:  # whatever a malformed schema makes the library stumble over
        raise SchemaError("the schema cannot be used", because=str(problem).splitlines()[0]) from problem
    if error is not None:
        raise ReadError(f"not valid against the schema: {error.message}", position=error.json_path)
