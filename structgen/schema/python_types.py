"""Python types as JSON Schema, and JSON text as values of those types.

In: a type (pydantic model, dataclass, TypedDict, NamedTuple, Literal, Enum, union, container, scalar, ``Annotated`` of
any of these) or a function. Out: a ``TypeSchema``: the JSON Schema the mask follows, and pydantic's ``TypeAdapter``,
which makes the value. The one idea: pydantic decides what a type means, so the schema is read from its core schema and
the value is built by it; what only a running validator can decide is named in ``unenforced`` and checked at the end.

Caveats: members that a class would ignore are not offered. A type is read once and kept (``CACHED_TYPES``), so a model
rebuilt later under the same name must be a new class. ``Decimal`` without bounds is a JSON string.
"""

from __future__ import annotations

import inspect
import json
import sys
import threading
import types
import typing
import warnings
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import partial
from typing import Any, NoReturn, cast

import pydantic_core
import typing_extensions
from pydantic import PydanticUserError, TypeAdapter, ValidationError
from pydantic.errors import PydanticInvalidForJsonSchema
from pydantic_core import PydanticOmit, PydanticSerializationError, to_jsonable_python

from structgen.errors import ReadError, SchemaError, StructgenError
from structgen.schema.from_text import FromText
from structgen.schema.pydantic_schema import PydanticSchema, collect, narrowed

__all__ = ["FromText", "TypeSchema", "load_json", "parse", "schema_of", "schema_of_function", "type_name"]

CACHED_TYPES = 256
"""Types kept; a program has tens of them, a server that makes types per request must not grow without end."""

# What pydantic raises for annotations it cannot read: its own errors of three kinds, and those of evaluating names.
_UNREADABLE = (PydanticUserError, pydantic_core.SchemaError, PydanticSerializationError, NameError, TypeError, ValueError,
               AttributeError, RecursionError)

_cache: OrderedDict[Any, TypeSchema] = OrderedDict()
_lock = threading.Lock()


@dataclass(frozen=True, eq=False)
class TypeSchema:
    """What a Python type asks of a JSON text.

    ``schema`` is what a mask enforces; ``described`` says the same to a reader (without the ranges of Python's times
    and the text that strings are taken from). ``unenforced`` lists what only ``adapter`` checks: position and what.
    """

    schema: dict[str, Any]
    adapter: TypeAdapter[Any]
    unenforced: tuple[str, ...]
    name: str
    described: dict[str, Any]


def schema_of(tp: Any, *, require_all: bool = False, from_text: str | None = None) -> TypeSchema:
    """The schema of a type; of a function, that of an object of its parameters.

    ``require_all``: fields with defaults must be written too (else a type whose fields all have defaults is satisfied
    by ``{}``). ``from_text``: every string without an enum, format or pattern consists of whole words of this text.
    Raises ``SchemaError`` for a type that cannot be JSON, naming the type and where it stands.
    """
    if from_text is not None and not from_text:
        raise SchemaError("from_text is empty, so no string could be taken from it")
    if isinstance(tp, str | bytes):  # pydantic would evaluate it as the name of a type
        raise SchemaError(f"a text is no type: {tp[:60]!r}", instead="pass the type itself")
    if inspect.isroutine(tp):
        return schema_of_function(tp, require_all=require_all, from_text=from_text)
    try:
        key = (tp, repr(tp), require_all)
    except RecursionError:
        key = None
    base = _kept(key, partial(_read, tp, require_all)) if key else _read(tp, require_all)
    return base if from_text is None else replace(base, schema=narrowed(base.described, from_text))


def schema_of_function(function: Callable[..., Any], *, require_all: bool = False,
                       from_text: str | None = None) -> TypeSchema:
    """The schema of an object of the parameters; its value is a dict for ``function(**value)``."""
    base = _kept((function, require_all), partial(_read_function, function, require_all))
    return base if from_text is None else replace(base, schema=narrowed(base.described, from_text))


def parse(text: str, type_schema: TypeSchema) -> Any:
    """The value that a JSON text stands for; ``ReadError`` says where it is not one of the type."""
    load_json(text)
    try:
        return type_schema.adapter.validate_json(text)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_context=False)
        first = problems[0]
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise ReadError(f"not a value of the type {type_schema.name}: {first['msg']}{more}",
                        position=_json_path(first["loc"]), because=f"the text has {_shown(first['input'])} there",
                        instead="see `unenforced` of the type's schema for what a mask cannot check") from error


def load_json(text: str) -> Any:
    """``text`` as plain Python data; ``ReadError`` for what RFC 8259 does not allow, and for duplicate names."""
    try:
        return json.loads(text, object_pairs_hook=_members, parse_constant=_constant)
    except json.JSONDecodeError as error:
        raise ReadError(f"not JSON: {error.msg}", position=f"{error.lineno}:{error.colno}",
                        because=f"the text there is {_shown(text[error.pos:error.pos + 20])}") from error
    except (RecursionError, ValueError) as error:
        raise ReadError("JSON that Python cannot hold", because=str(error)) from error


def type_name(tp: Any) -> str:
    """The name of a type as people write it: ``Person``, ``list[int]``, ``str | None``."""
    if isinstance(tp, type) and not typing.get_args(tp):
        return tp.__name__
    if tp is None:
        return "None"
    origin, args = typing.get_origin(tp), typing.get_args(tp)
    if origin is typing.Annotated:
        return type_name(args[0])
    if origin in (typing.Union, types.UnionType):
        return " | ".join(type_name(None if arg is type(None) else arg) for arg in args)
    if origin is typing.Literal:
        return f"Literal[{', '.join(repr(arg) for arg in args)}]"
    if origin is not None and args:
        inner = ", ".join("..." if arg is Ellipsis else type_name(arg) for arg in args)
        return f"{getattr(origin, '__name__', str(origin))}[{inner}]"
    return str(getattr(tp, "__name__", None) or str(tp).removeprefix("typing."))


def _kept(key: Any, read: Callable[[], TypeSchema]) -> TypeSchema:
    try:
        hash(key)
    except TypeError:  # metadata of an Annotated type may be unhashable
        return read()
    with _lock:
        if key in _cache:
            _cache.move_to_end(key)
            return _cache[key]
    made = read()
    with _lock:
        _cache[key] = made
        while len(_cache) > CACHED_TYPES:
            _cache.popitem(last=False)
    return made


def _read(tp: Any, require_all: bool) -> TypeSchema:
    try:
        name = type_name(tp)
    except RecursionError as error:
        raise SchemaError("the type is nested too deep", because="Python cannot even write its name",
                          instead="name an inner type with a class") from error
    adapter = _adapter(tp, name)
    made: list[PydanticSchema] = []

    def generator(*args: Any, **kwargs: Any) -> PydanticSchema:
        made.append(PydanticSchema(*args, require_all=require_all, **kwargs))
        return made[0]

    try:
        document = adapter.json_schema(schema_generator=cast("type[PydanticSchema]", generator))
    except PydanticInvalidForJsonSchema as error:
        raise SchemaError(f"{name} cannot be written as JSON", because=error.message) from error
    except PydanticOmit as error:
        raise SchemaError(f"{name} cannot be written as JSON", because="it is left out of every JSON Schema") from error
    except _UNREADABLE as error:
        raise _unreadable(tp, name, error) from error
    try:
        described, unenforced = collect(document, made[0], name)
        return TypeSchema(narrowed(described), adapter, unenforced, name, described)
    except RecursionError as error:
        raise _unreadable(tp, name, error) from error


def _adapter(tp: Any, name: str) -> TypeAdapter[Any]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # advice about the spelling of fields is for whoever wrote them
            adapter: TypeAdapter[Any] = TypeAdapter(_modern(tp))
            adapter.rebuild(raise_errors=True)
            return adapter
    except StructgenError:
        raise
    except _UNREADABLE as error:
        raise _unreadable(tp, name, error) from error


def _modern(tp: Any) -> Any:
    """``tp`` with ``typing.TypedDict`` rebuilt as that of typing_extensions, which is the one pydantic reads before
    Python 3.12; those inside other classes are out of reach."""
    if sys.version_info >= (3, 12):
        return tp
    if type(tp) is type(_Probe) and "__required_keys__" in vars(tp):
        members: dict[str, Any] = {}
        for name, hint in typing.get_type_hints(tp, include_extras=True).items():
            origin = typing.get_origin(hint)
            required = origin is typing.Required or (origin is not typing.NotRequired and name in tp.__required_keys__)
            inner = _modern(typing.get_args(hint)[0] if origin in (typing.Required, typing.NotRequired) else hint)
            members[name] = inner if required else typing_extensions.NotRequired[inner]
        made: Any = cast(Any, typing_extensions.TypedDict)(tp.__name__, members)
        made.__doc__ = tp.__doc__
        return made
    origin, args = typing.get_origin(tp), typing.get_args(tp)
    if origin in (list, set, frozenset, tuple, dict) and any(_modern(arg) is not arg for arg in args):
        return origin[tuple(_modern(arg) for arg in args)]
    if origin in (typing.Union, types.UnionType) and any(_modern(arg) is not arg for arg in args):
        return typing.Union[tuple(_modern(arg) for arg in args)]  # noqa: UP007 (the members are known at run time only)
    return tp


class _Probe(typing.TypedDict):
    """Shows what class the TypedDicts of typing have."""


def _unreadable(tp: Any, name: str, error: Exception) -> SchemaError:
    """Names the field whose type pydantic cannot read, where the type has fields."""
    message = str(error).splitlines()[0]
    if "not defined" in message or "not fully defined" in message:
        return SchemaError(f"the type {name} refers to a name that is not defined", because=message,
                           instead="define the types it refers to at module level, before it is used")
    if "typing_extensions.TypedDict" in message:
        return SchemaError(f"{name} holds a typing.TypedDict", because=message,
                           instead="import TypedDict from typing_extensions")
    for field, inner in _hints(tp).items():
        try:
            TypeAdapter(inner)
        except _UNREADABLE:
            return SchemaError(f"{type_name(inner)} cannot be written as JSON", position=f"#/properties/{field}",
                               because=f"it is the type of {name}.{field}, and pydantic cannot read it",
                               instead="use a type with a JSON form, or leave the field out")
    return SchemaError(f"{name} cannot be written as JSON", because=message,
                       instead="use a pydantic model, dataclass, TypedDict, NamedTuple, Enum, Literal or built-in")


def _hints(tp: Any) -> dict[str, Any]:
    if not (is_dataclass(tp) or typing_extensions.is_typeddict(tp) or hasattr(tp, "_fields")):
        return {}
    try:
        hints = typing.get_type_hints(tp, include_extras=True)
    except (NameError, TypeError):
        return {}
    return {field.name: hints[field.name] for field in fields(tp)} if is_dataclass(tp) else hints


def _read_function(function: Callable[..., Any], require_all: bool) -> TypeSchema:
    name = getattr(function, "__name__", "function")
    try:
        signature = inspect.signature(function)
        hints = typing.get_type_hints(getattr(function, "__wrapped__", function), include_extras=True)
    except (NameError, TypeError, ValueError) as error:
        raise SchemaError(f"the signature of {name} cannot be read", because=str(error)) from error
    members: dict[str, Any] = {}
    for parameter in signature.parameters.values():
        if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            raise SchemaError(f"{name}: the parameter {parameter} has no name a JSON object could give it",
                              instead="use parameters that can be passed by name")
        if parameter.name not in hints:
            raise SchemaError(f"{name}: the parameter {parameter.name} has no annotation", instead="annotate its type")
        optional = parameter.default is not parameter.empty and not require_all
        hint = hints[parameter.name]
        members[parameter.name] = typing_extensions.NotRequired[hint] if optional else hint
    # Made at run time: mypy knows the functional syntax only with literal names.
    holder: Any = cast(Any, typing_extensions.TypedDict)(name, members)
    holder.__doc__ = inspect.getdoc(function)
    read = _read(holder, False)
    for parameter in signature.parameters.values():
        if parameter.default is not parameter.empty:
            try:
                default = to_jsonable_python(parameter.default)
            except PydanticSerializationError:
                continue
            for document in (read.schema, read.described):
                document["properties"][parameter.name]["default"] = default
    return read


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        seen: set[str] = set()
        twice = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise ReadError(f"the name {twice!r} occurs twice in one object")
    return members


def _constant(word: str) -> NoReturn:
    raise ReadError(f"not JSON: {word} is not a JSON number")


def _json_path(location: tuple[int | str, ...]) -> str:
    return "$" + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:59] + "…"
