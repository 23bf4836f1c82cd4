"""Scalars of YAML as a tolerant reader takes them: plain words, and what stands between quotes.

In: the text of a scalar. Out: its value by the core schema of YAML 1.2, where ``no`` and dates are strings. With ``typed``
a word that is no string is a ``Word``, which knows its own letters: ``1.10`` is the text "1.10" where a text is wanted.
Nothing is evaluated, and no number is longer than Python reads in linear time.
"""

from __future__ import annotations

import math
import re
from typing import Any

from structgen.schema.coerce import Word

__all__ = ["MAX_DIGITS", "decoded", "plain_value", "word"]

MAX_DIGITS = 4000
"""Decimal digits of an integer, however it is spelled: Python itself refuses to read or write more than 4300."""
_TOO_LARGE = 10**MAX_DIGITS

_WORDS: dict[str, Any] = {"": None, "~": None} | {
    spelling: value
    for name, value in (("null", None), ("true", True), ("false", False))
    for spelling in (name, name.capitalize(), name.upper())
}
_NUMBER = re.compile(
    r"[-+]?(?:([0-9]+)|0o([0-7]+)|0x([0-9a-fA-F]+)|"
    r"((?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?))"
)
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(\r\n|.))", re.DOTALL)
_SIGNS = {
    "0": "\0",
    "a": "\a",
    "b": "\b",
    "t": "\t",
    "\t": "\t",
    "n": "\n",
    "v": "\v",
    "f": "\f",
    "r": "\r",
    "e": "\x1b",
    " ": " ",
    '"': '"',
    "/": "/",
    "\\": "\\",
    "N": "\x85",
    "_": "\xa0",
    "L": "\u2028",
    "P": "\u2029",
}
_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_FOLD = re.compile(r"[ \t]*((?:\r\n|\n|\r)(?:[ \t]*(?:\r\n|\n|\r))*)[ \t]*")
_ODD_LINE = re.compile(r"\r\n?")


def plain_value(text: str) -> Any:
    """The value of a plain scalar; a text that Python cannot hold as a number stays a text."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "+-.0123456789":
        return text
    found = _NUMBER.fullmatch(text)
    if found is None:
        if _NOT_FINITE.fullmatch(text):
            return float(text.lower().replace(".", ""))
        return text
    if len(text) > MAX_DIGITS:
        return text
    if found[4]:
        number = float(text)
        return number if math.isfinite(number) else text
    sign = -1 if text[0] == "-" else 1
    size = int(found[1]) if found[1] else int(found[2], 8) if found[2] else int(found[3], 16)
    return sign * size if abs(size) < _TOO_LARGE else text


_BARE_QUOTE = re.compile(r'(?<!\\)(?:\\\\)*+"')
"""A quote with no backslash before it that is its own."""
_PATH = re.compile(r"[A-Za-z]:\\(?!\\)")
_NO_ESCAPE = re.compile(r"\\(?:[^0abtnvfreNLPxuU_\s\"/\\]|x(?![0-9a-fA-F]{2})|u(?![0-9a-fA-F]{4})|U(?![0-9a-fA-F]{8}))")


def word(text: str, typed: bool) -> Any:
    """The value of a plain scalar; ``typed``: with its letters, where it is no string."""
    value = plain_value(text)
    if not typed or isinstance(value, str) or text == "":
        return value
    made = Word(text)
    made.value = value
    return made


def decoded(inner: str, quote: str) -> tuple[str, list[tuple[str, int, str, str]]]:
    """What stands between quotes, and what was wrong with it: (kind, offset in ``inner``, before, after).

    Line ends are folded; in double quotes escapes are read, and what is no escape keeps its backslash.
    """
    wrong: list[tuple[str, int, str, str]] = []
    if quote != '"':

        def single(found: re.Match[str]) -> str:
            if found.group() == "\\'":
                wrong.append(("escaped-quote", found.start(), "\\'", "'"))
            elif found.group() == "'":
                wrong.append(("unescaped-quote", found.start(), "'", "''"))
            return "'"

        text = re.sub(r"''|\\'|'", single, inner) if quote == "'" and "'" in inner else inner
        return _folded(text), wrong
    if '"' in inner:
        ends = (found.end() for found in _BARE_QUOTE.finditer(inner))
        wrong += [("unescaped-quote", end - 1, '"', '\\"') for end in ends]
    if "\\" not in inner:
        return _folded(inner), wrong

    if _PATH.match(inner) and (bad := _NO_ESCAPE.search(inner)):  # nobody doubled the backslashes of a path
        wrong.append(("invalid-escape", bad.start(), bad.group(), "\\" + bad.group()))
        return _folded(inner), wrong

    def escaped(found: re.Match[str]) -> str:
        if (sign := _SIGNS.get(found[4])) is not None:
            return sign
        code = found[1] or found[2] or found[3]
        if code:
            if int(code, 16) <= 0x10FFFF:
                return chr(int(code, 16))
        elif found[4] == "'":
            wrong.append(("escaped-quote", found.start(), "\\'", "'"))
            return "'"
        elif found[4] in ("\n", "\r\n", "\r"):
            return ""
        wrong.append(("invalid-escape", found.start(), found.group(), "\\" + found.group()))
        return found.group()

    if "\n" not in inner and "\r" not in inner:
        return _paired(_ESCAPE.sub(escaped, inner)), wrong
    parts: list[str] = []
    done = 0
    for found in _ESCAPE.finditer(inner):
        parts += [_folded(inner[done : found.start()], is_part=True), escaped(found)]
        done = found.end()
        if found[4] in ("\n", "\r\n", "\r"):
            done += len(inner[done : done + 1000]) - len(inner[done : done + 1000].lstrip(" \t"))
    parts.append(_folded(inner[done:], is_part=True))
    return _paired("".join(parts)), wrong


def _paired(text: str) -> str:
    """The text with pairs of surrogates made characters."""
    return _PAIR.sub(lambda pair: pair.group().encode("utf-16", "surrogatepass").decode("utf-16"), text)


def _folded(text: str, is_part: bool = False) -> str:
    """Lines joined as YAML joins them: one line end is a space, of more the first is dropped."""
    if "\n" not in text and "\r" not in text:
        return text

    def folded(found: re.Match[str]) -> str:
        count = len(_ODD_LINE.sub("\n", found[1]).replace(" ", "").replace("\t", ""))
        return " " if count == 1 else "\n" * (count - 1)

    return _FOLD.sub(folded, text)
