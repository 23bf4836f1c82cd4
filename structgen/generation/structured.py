"""A function whose body is written by a model: ``@structured(model)``.

In: a function with a return annotation and a docstring. Out: a function with the same parameters whose result is a
value of that type. The docstring is the prompt, with ``{parameter}`` filled in; a function that returns a string makes
the prompt itself. Placeholders are names and nothing else: no attribute, index or format reaches into an argument.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import string
import sys
import typing
from collections.abc import Callable
from types import FrameType
from typing import Any, ParamSpec, Protocol, TypeVar, cast

from pydantic_core import PydanticSerializationError, to_json

from structgen.errors import GenerationError, SchemaError

__all__ = ["Structured", "structured"]

P = ParamSpec("P")
R = TypeVar("R", covariant=True)


class Structured(Protocol[P, R]):
    """A decorated function: call it for the value, ``result`` for the whole ``Result``."""

    result: Callable[P, Any]

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R: ...


def structured(model: Any, **options: Any) -> Callable[[Callable[P, R]], Structured[P, R]]:
    """Decorates a function so that ``model`` writes what it returns; ``options`` are those of ``model.generate``.

    Works on ``def`` and ``async def``; the latter generates in a thread. ``function.result(…)`` gives the ``Result``.
    """
    if not callable(getattr(model, "generate", None)):
        raise SchemaError(f"structured({model!r:.60}) has no model", instead="write @structured(model)",
                          because="the decorator takes the model, not the function")
    names = _names_around(sys._getframe(1))

    def decorate(function: Callable[P, R]) -> Structured[P, R]:
        return _decorate(function, model, options, names)

    return decorate


def _names_around(frame: FrameType | None) -> dict[str, Any]:
    """The local names where a function is decorated: types that stand beside it, or beside its class."""
    names: dict[str, Any] = {}
    while frame is not None:
        names = {**frame.f_locals, **names}
        frame = frame.f_back if "__qualname__" in frame.f_locals else None  # out of the body of a class
    return names


def _decorate(function: Callable[P, R], model: Any, options: dict[str, Any],
              names: dict[str, Any]) -> Structured[P, R]:
    output_type = _return_type(function, names)
    parts = _template(function)
    signature = inspect.signature(function)

    def generate(made: object, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        return model.generate(_prompt(function, parts, signature, made, args, kwargs), output_type, **options)

    wrapper: Any
    result: Any
    if inspect.iscoroutinefunction(function):
        async def result(*args: Any, **kwargs: Any) -> Any:
            return await asyncio.to_thread(generate, await function(*args, **kwargs), args, kwargs)

        @functools.wraps(function)
        async def wrapper(*args: Any, **kwargs: Any) -> Any:
            return (await result(*args, **kwargs)).value
    else:
        def result(*args: Any, **kwargs: Any) -> Any:
            return generate(function(*args, **kwargs), args, kwargs)

        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            return result(*args, **kwargs).value

    wrapper.result = functools.wraps(function)(result)
    return cast("Structured[P, R]", wrapper)


def _return_type(function: Callable[..., Any], names: dict[str, Any]) -> Any:
    name = getattr(function, "__qualname__", repr(function))
    if "return" not in getattr(function, "__annotations__", {}):
        raise SchemaError(f"{name} has no return annotation", because="the annotation is the type that is generated",
                          instead="write `def f(…) -> Person:`")
    try:
        hints = typing.get_type_hints(function, localns=names, include_extras=True)
    except (NameError, TypeError) as error:
        raise SchemaError(f"the return annotation of {name} cannot be read", because=str(error),
                          instead="define the type before the function") from error
    if hints["return"] is type(None):
        raise SchemaError(f"{name} returns None", instead="annotate the type to generate")
    return hints["return"]


def _template(function: Callable[..., Any]) -> list[tuple[str, str | None]]:
    """The docstring as pieces of text, each followed by the name of a parameter or nothing."""
    name = getattr(function, "__qualname__", repr(function))
    text = inspect.cleandoc(function.__doc__ or "")
    parameters = set(inspect.signature(function).parameters)
    advice = "name a parameter, or write {{ and }} for braces"
    try:
        pieces = list(string.Formatter().parse(text))
    except ValueError as error:
        raise SchemaError(f"the docstring of {name} is not a prompt template", because=str(error),
                          instead=advice) from error
    for _, field, form, conversion in pieces:
        if field is not None and (field not in parameters or form or conversion):
            shown = f"{field}{f'!{conversion}' if conversion else ''}{f':{form}' if form else ''}"
            raise SchemaError(f"the docstring of {name} has the placeholder {{{shown}}}",
                              because=f"its parameters are {', '.join(sorted(parameters)) or 'none'}", instead=advice)
    return [(literal, field) for literal, field, _, _ in pieces]


def _prompt(function: Callable[..., Any], parts: list[tuple[str, str | None]], signature: inspect.Signature,
            made: object, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    if isinstance(made, str):
        return made
    if made is not None or not parts:
        name = getattr(function, "__qualname__", repr(function))
        raise GenerationError(f"{name} gives no prompt" if made is None else
                              f"{name} returned {type(made).__name__}, not a prompt",
                              instead="give it a docstring, or return the prompt as a string")
    bound = signature.bind(*args, **kwargs)
    bound.apply_defaults()
    return "".join(literal + ("" if field is None else _as_text(bound.arguments[field])) for literal, field in parts)


def _as_text(value: Any) -> str:
    """Strings as they are, data as JSON, anything else as ``str`` says."""
    if isinstance(value, str):
        return value
    try:
        return to_json(value).decode()
    except PydanticSerializationError:
        return str(value)
