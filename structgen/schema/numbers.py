"""Exact numbers: a JSON number is an ``int`` or a ``Decimal``, never a binary float.

A float given from Python means the decimal it is written as (``0.1`` is one tenth). Integral values become ``int``, so
``1`` and ``1.0`` are equal and compare fast.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from structgen.schema.nodes import Number

MAX_EXPONENT = 5000
"""Digits a number may take when written out: beyond it the text is refused, or 1e999999999 would fill the memory."""


def exact(value: Any) -> Number | None:
    """The value as an exact number; None if it is no finite number or too long to be written out."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        value = Decimal(repr(value))
    if not isinstance(value, Decimal) or not value.is_finite():
        return None
    if value and not -MAX_EXPONENT < value.adjusted() < MAX_EXPONENT:
        return None
    _, _, exponent = value.as_tuple()
    if not isinstance(exponent, int) or exponent < -MAX_EXPONENT:
        return None
    if exponent >= 0 or value == value.to_integral_value():
        return int(value)
    return value


def scaled(value: Number) -> tuple[int, int]:
    """``(digits, places)`` with ``value == digits / 10**places`` and no trailing zero among the places."""
    if isinstance(value, int):
        return value, 0
    sign, digits, exponent = value.as_tuple()
    number = int("".join(map(str, digits)))
    places = -int(exponent)
    while places > 0 and number % 10 == 0:
        number, places = number // 10, places - 1
    if places < 0:
        number, places = number * 10 ** -places, 0
    return (-number if sign else number), places


def is_multiple(value: Number, step: Number) -> bool:
    """Whether ``value`` is an integer times ``step``."""
    a, p = scaled(value)
    b, q = scaled(step)
    return bool((a * 10**q) % (b * 10**p) == 0)
