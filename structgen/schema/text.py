"""JSON text of a schema, read strictly: what goes in is text or bytes, what comes out are Python values.

Duplicate names, NaN and infinities, trailing data, text that is not UTF-8 and nesting beyond ``Limits.schema_depth`` are
errors. Fractions become ``Decimal``, so no digit of a bound is lost.
"""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from typing import Any

from structgen.errors import LimitExceededError, SchemaError
from structgen.limits import Limits

MAX_DIGITS = 4300
"""Digits of one integer: beyond it Python refuses the conversion, which takes quadratic time."""


def read_schema_text(text: str | bytes, limits: Limits) -> Any:
    """The value that the text denotes."""
    if len(text) > limits.schema_bytes:
        raise LimitExceededError(f"the schema is {len(text):,} bytes of text, more than {limits.schema_bytes:,}",
                                 limit="schema_bytes")
    if not isinstance(text, str):
        try:
            text = bytes(text).decode("utf-8")
        except UnicodeDecodeError as error:
            raise SchemaError("the schema is not UTF-8", position=f"byte {error.start}", because=error.reason,
                              instead="pass str, or bytes in UTF-8") from None
    try:
        value = json.loads(text, object_pairs_hook=_members, parse_float=_fraction, parse_int=_integer,
                           parse_constant=_constant)
    except json.JSONDecodeError as error:
        raise SchemaError("the schema is not JSON", position=f"{error.lineno}:{error.colno}",
                          because=error.msg) from None
    except RecursionError:
        raise too_deep(limits) from None
    check_depth(value, limits)
    return value


def check_depth(value: Any, limits: Limits) -> None:
    """Raise if the value nests deeper than ``Limits.schema_depth``."""
    level, depth = [value], 0
    while level:
        if depth > limits.schema_depth:
            raise too_deep(limits)
        children: list[Any] = []
        for item in level:
            if isinstance(item, (dict, list)):
                children.extend(item.values() if isinstance(item, dict) else item)
        level = children
        depth += 1


def too_deep(limits: Limits, position: str | None = None) -> LimitExceededError:
    """The error for a schema that nests too deep."""
    return LimitExceededError(f"the schema nests deeper than {limits.schema_depth} levels", limit="schema_depth",
                              position=position)


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise SchemaError(f"the name {json.dumps(name)} occurs twice in one object of the schema",
                                  because="readers disagree on which of the two counts")
            seen.add(name)
    return members


def _fraction(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise SchemaError(f"the number {text[:40]} is out of range") from None


def _integer(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise SchemaError(f"an integer of {len(text):,} digits is too long", because=f"at most {MAX_DIGITS:,} are read")
    return int(text)


def _constant(text: str) -> Any:
    raise SchemaError(f"the schema contains {text}", because="JSON has no such number")
