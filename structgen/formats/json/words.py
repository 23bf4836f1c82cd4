"""Values without quotes: literals and numbers of JSON, Python and JavaScript; all else is a string.

In: the text of a word. Out: its value and the kind of repair that it takes, None for JSON's own spelling. Nothing is
evaluated. A number with leading zeros stays a string (it is an identifier more often than a number), and so do fractions
like 1/3, versions and dates: a type may still make numbers and dates of them.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

from structgen.schema.coerce import Spelled

__all__ = ["MAX_DIGITS", "is_scalar", "number_at", "word_value", "written"]

MAX_DIGITS = 4000
"""Digits of an integer; Python itself refuses to read more than 4300, because that takes quadratic time."""

_JSON_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_LOOSE = re.compile(r"([+-]?)(?:(0|[1-9][0-9]*(?:_[0-9]+)*)?(\.[0-9_]*)?([eE][+-]?[0-9]+)?)[nNlLfFdD]?")
_GROUPED = re.compile(r"[+-]?[1-9][0-9]{0,2}(?:,[0-9]{3})+(?:\.[0-9]+)?")
_RADIX = re.compile(r"([+-]?)0(?:[xX]([0-9a-fA-F_]+)|[oO]([0-7_]+)|[bB]([01_]+))n?")
_CUT = re.compile(r"(-?(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][+-]?)?|-")

_CUT_LITERALS = {word[:end]: word for word in ("true", "false", "null") for end in range(2, len(word))}
_JSON_LITERALS: dict[str, Any] = {"true": True, "false": False, "null": None}
_LITERALS: dict[str, Any] = {**_JSON_LITERALS, "none": None, "nil": None, "undefined": None}
_NOT_FINITE = {"nan": "nan", "infinity": "inf", "+infinity": "inf", "-infinity": "-inf", "inf": "inf", "-inf": "-inf"}


def word_value(text: str, *, is_cut: bool = False) -> tuple[Any, str | None]:
    """The value of a word, and what repair it takes. ``is_cut``: the text ends here, so a number may be incomplete."""
    if text in _JSON_LITERALS:
        return _JSON_LITERALS[text], None
    first = text[:1]
    if first.isdecimal() or first in "+-.":
        return _number(text, is_cut)
    if is_cut and text in _CUT_LITERALS:
        return _JSON_LITERALS[_CUT_LITERALS[text]], "cut-literal"
    small = text.lower()
    if small in _LITERALS and (text == small or text == text.upper() or text == text.capitalize()):
        return _LITERALS[small], "literal"
    if small in _NOT_FINITE:
        return float(_NOT_FINITE[small]), "not-finite"
    return text, "unquoted-string"


def written(value: Any) -> str:
    """A scalar as JSON writes it, and null for a number that is not finite."""
    return "null" if value != value or value in (math.inf, -math.inf) else json.dumps(value, ensure_ascii=False)


def is_scalar(text: str) -> bool:
    """Whether a word is a literal or a number."""
    return word_value(text)[1] != "unquoted-string"


def number_at(text: str) -> tuple[Any, bool]:
    """A number in JSON's own spelling, and True; or (None, False)."""
    found = _JSON_NUMBER.fullmatch(text)
    if found is None or len(text) > MAX_DIGITS:
        return None, False
    if found[1] or found[2]:
        value = Spelled(float(text))
        value.spelling = text
        return (value, True) if abs(value) != float("inf") else (None, False)
    return int(text), True


def _number(text: str, is_cut: bool) -> tuple[Any, str | None]:
    value, is_json = number_at(text)
    if is_json:
        return value, None
    if len(text) > MAX_DIGITS:
        return text, "unquoted-string"
    if _GROUPED.fullmatch(text):
        return _spelled(text, "number-spelling", text.replace(",", ""))
    radix = _RADIX.fullmatch(text)
    if radix:
        sign, *digits = radix.groups()
        for base, one in zip((16, 8, 2), digits, strict=True):
            if one and one.strip("_"):
                return int(sign + one.replace("_", ""), base), "number-spelling"
    loose = _LOOSE.fullmatch(text)
    if loose and any(one.isdecimal() for one in (loose[2] or "") + (loose[3] or "")):
        plain = "".join(part or "" for part in loose.groups())
        return _spelled(text, "number-spelling", plain.replace("_", ""))
    if text.lower() in _NOT_FINITE:
        return float(_NOT_FINITE[text.lower()]), "not-finite"
    cut = _CUT.fullmatch(text)
    if is_cut and cut and cut[1]:
        return _spelled(text, "cut-number", cut[1])
    return text, "unquoted-string"


def _spelled(text: str, kind: str, plain: str) -> tuple[Any, str]:
    """A number from its plain spelling; the text itself where Python cannot hold it."""
    if "." in plain or "e" in plain.lower():
        value = Spelled(float(plain))
        value.spelling = plain
        return (value, kind) if abs(value) != float("inf") else (text, "unquoted-string")
    return int(plain), kind
