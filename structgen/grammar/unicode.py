"""Sets of code points by name, from the Unicode tables of the running Python.

In: the names that patterns use (``\\w``, ``\\p{Lu}``). Out: sorted, disjoint ranges without surrogates. The tables are
computed on first use, by one scan over all code points, and kept: importing this module costs nothing. Python's own
``re`` and ``unicodedata`` are the source, so its ``\\w`` and ours cannot differ.
"""

from __future__ import annotations

import array
import re
import sys
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from itertools import groupby

Ranges = tuple[tuple[int, int], ...]
_MAX = 0x10FFFF
WHOLE: Ranges = ((0, 0xD7FF), (0xE000, _MAX))
ASCII_SETS: dict[str, Ranges] = {
    "d": ((48, 57),),
    "w": ((48, 57), (65, 90), (95, 95), (97, 122)),
    "s": ((9, 13), (32, 32)),
}
ECMA_SPACE: Ranges = ((9, 13), (32, 32), (0xA0, 0xA0), (0x1680, 0x1680), (0x2000, 0x200A), (0x2028, 0x2029),
                      (0x202F, 0x202F), (0x205F, 0x205F), (0x3000, 0x3000), (0xFEFF, 0xFEFF))
"""White space and line ends of ECMA-262, section 12.2 and 12.3."""
_LONG_NAMES = {
    "letter": "L", "casedletter": "LC", "uppercaseletter": "Lu", "lowercaseletter": "Ll", "titlecaseletter": "Lt",
    "modifierletter": "Lm", "otherletter": "Lo", "mark": "M", "combiningmark": "M", "nonspacingmark": "Mn",
    "spacingmark": "Mc", "enclosingmark": "Me", "number": "N", "decimalnumber": "Nd", "digit": "Nd",
    "letternumber": "Nl", "othernumber": "No", "punctuation": "P", "punct": "P", "connectorpunctuation": "Pc",
    "dashpunctuation": "Pd", "openpunctuation": "Ps", "closepunctuation": "Pe", "initialpunctuation": "Pi",
    "finalpunctuation": "Pf", "otherpunctuation": "Po", "symbol": "S", "mathsymbol": "Sm", "currencysymbol": "Sc",
    "modifiersymbol": "Sk", "othersymbol": "So", "separator": "Z", "spaceseparator": "Zs", "lineseparator": "Zl",
    "paragraphseparator": "Zp", "other": "C", "control": "Cc", "cntrl": "Cc", "format": "Cf", "surrogate": "Cs",
    "privateuse": "Co", "unassigned": "Cn",
}
"""Long names of the general categories (UAX 44, table 12)."""


def union(ranges: Iterable[tuple[int, int]]) -> Ranges:
    """Any ranges, sorted and joined, without surrogates."""
    joined: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if joined and low <= joined[-1][1] + 1:
            if high > joined[-1][1]:
                joined[-1] = (joined[-1][0], high)
        else:
            joined.append((low, high))
    if not any(low <= 0xDFFF and high >= 0xD800 for low, high in joined):
        return tuple(joined)
    kept = []
    for low, high in joined:
        if low < 0xD800:
            kept.append((low, min(high, 0xD7FF)))
        if high > 0xDFFF:
            kept.append((max(low, 0xE000), high))
    return tuple(kept)


def complement(ranges: Ranges) -> Ranges:
    """Every code point but those and the surrogates."""
    found = []
    since = 0
    for low, high in sorted((*ranges, (0xD800, 0xDFFF))):
        if low > since:
            found.append((since, low - 1))
        since = high + 1
    if since <= _MAX:
        found.append((since, _MAX))
    return tuple(found)


_POPULATED = ((0, 0x3FFFF), (0xE0000, 0xE0FFF))
"""Where characters are: no other plane has any but the two of private use (a test scans them all)."""
_ELSEWHERE = (("Cn", 0x40000, 0xDFFFF), ("Cn", 0xE1000, 0xEFFFF), ("Co", 0xF0000, 0xFFFFD), ("Cn", 0xFFFFE, 0xFFFFF),
              ("Co", 0x100000, 0x10FFFD), ("Cn", 0x10FFFE, _MAX))


@lru_cache(maxsize=4)
def _characters(first: int, last: int) -> str:
    """Consecutive code points as one text."""
    order = "utf-32-le" if sys.byteorder == "little" else "utf-32-be"
    return array.array("I", range(first, last + 1)).tobytes().decode(order, "surrogatepass")


@lru_cache(maxsize=8)
def python_set(letter: str) -> Ranges:
    r"""What ``\d``, ``\w`` or ``\s`` matches in a pattern of Python's ``re`` over ``str``."""
    return union((area[0] + match.start(), area[0] + match.end() - 1) for area in _POPULATED
                 for match in re.finditer(rf"\{letter}+", _characters(*area)))


@lru_cache(maxsize=1)
def _categories() -> dict[str, list[tuple[int, int]]]:
    found: dict[str, list[tuple[int, int]]] = {}
    for start, last in _POPULATED:
        for name, run in groupby(map(unicodedata.category, _characters(start, last))):
            end = start + sum(1 for _ in run)
            found.setdefault(name, []).append((start, end - 1))
            start = end
    for name, start, last in _ELSEWHERE:
        found[name].append((start, last))
    return found


@lru_cache(maxsize=256)
def property_set(name: str) -> Ranges | None:
    r"""What ``\p{name}`` matches: a general category by short or long name, ``Any`` or ``ASCII``; None if unknown.

    ``gc=``, ``General_Category=`` may come first. Scripts are not among Python's tables.
    """
    key, _, value = name.rpartition("=")
    if key and key.replace("_", "").lower() not in ("gc", "generalcategory"):
        return None
    if value in ("Any", "ASCII"):
        return WHOLE if value == "Any" else ((0, 0x7F),)
    short = _LONG_NAMES.get(value.replace("_", "").replace(" ", "").lower(), value)
    if short in ("LC", "L&"):
        return union(pair for part in ("Lu", "Ll", "Lt") for pair in _categories()[part])
    if short not in _KNOWN_CATEGORIES:
        return None
    return union(pair for part, pairs in _categories().items() if part.startswith(short) for pair in pairs)


_KNOWN_CATEGORIES = frozenset(_LONG_NAMES.values())
_ASCII_PARTNERS = "\u0130\u0131\u017f\u212a"
"""The characters beyond ASCII that Python's ``re`` may hold equal to an ASCII letter; each is tested first."""


def _same(one: str, other: str) -> bool:
    return re.match(re.escape(one), other, re.IGNORECASE) is not None


@lru_cache(maxsize=512)
def equal_ignoring_case(character: str, ascii_only: bool) -> Ranges:
    """What a literal character matches in Python's ``re`` under IGNORECASE (and ASCII)."""
    if ascii_only:
        return union((ord(c), ord(c)) for c in {character.lower(), character.upper(), character}
                     if character.isascii() or c == character)
    if character.isascii():
        if not character.isalpha():
            return ((ord(character), ord(character)),)
        found = [character.lower(), character.upper()]
        found += [other for other in _ASCII_PARTNERS if _same(character, other)]
        return union((ord(c), ord(c)) for c in found)
    return union((ord(c), ord(c)) for c in _partners().get(character, character))


@lru_cache(maxsize=1)
def _partners() -> dict[str, str]:
    """Per character that has other cases: every character equal to it, as Python's ``re`` itself decides."""
    near: dict[str, set[str]] = {}
    for character in _characters(0, 0x1FFFF):
        cases = {character.lower()[0], character.casefold()[0], *character.upper(), *character.title()}
        if len(cases) > 1 or character not in cases:
            cases.add(character)
            together = set(cases)
            for one in cases:
                together |= near.get(one, set())
            for one in together:
                near[one] = together
    equal = re.compile(r"(.)\1", re.IGNORECASE | re.DOTALL).fullmatch
    return {one: "".join(other for other in together if one == other or equal(one + other) or _same(one, other))
            for one, together in near.items()}


@lru_cache(maxsize=256)
def ignoring_case(ranges: Ranges, ascii_only: bool) -> Ranges:
    """A set with everything Python's ``re`` holds equal to one of its members under IGNORECASE."""
    found = list(ranges)
    if ascii_only or all(high < 0x80 for _, high in ranges):
        for low, high in ranges:
            for point in range(low, min(high, 0x7F) + 1):
                found.extend(equal_ignoring_case(chr(point), ascii_only))
        return union(found)
    for low, high in ranges:
        if high - low > len(_partners()):
            found.extend((ord(c), ord(c)) for one, equals in _partners().items() if low <= ord(one) <= high
                         for c in equals)
        else:
            found.extend((ord(c), ord(c)) for point in range(low, high + 1) for c in _partners().get(chr(point), ""))
    return union(found)
