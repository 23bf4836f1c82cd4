"""Escapes and character classes of regular expressions, in Python's dialect and in ECMA-262's.

In: a pattern and the offset of a backslash or a bracket. Out: a code point or a set of them, and the offset after it.
What has no meaning as a set of texts of its own (back-references, word boundaries) is refused by name and offset.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Literal, NamedTuple, NoReturn

from structgen.errors import GrammarSyntaxError
from structgen.grammar.unicode import (
    ASCII_SETS,
    ECMA_SPACE,
    Ranges,
    complement,
    ignoring_case,
    property_set,
    python_set,
    union,
)

Dialect = Literal["python", "ecma"]
_CONTROLS = {"n": 10, "t": 9, "r": 13, "f": 12, "v": 11}
_HEX_DIGITS = {"x": 2, "u": 4, "U": 8}
_HEX = re.compile(r"[0-9a-fA-F]+")
_OCTAL = re.compile(r"[0-7]{1,3}")
_PROPERTY = re.compile(r"\{([^{}]{1,64})\}|([A-Z])")
_ROUGH = re.compile(r"\\u[0-9a-fA-F]{4}")


class Reading(NamedTuple):
    """How a pattern is read where an escape or a class stands."""

    pattern: str
    dialect: Dialect
    ignore_case: bool = False
    ascii_only: bool = False


def fail(what: str, position: int, because: str | None = None, instead: str | None = None) -> NoReturn:
    """Refuse a pattern at an offset (in characters from its beginning)."""
    raise GrammarSyntaxError(what, position=f"offset {position}", because=because, instead=instead)


def shorthand(letter: str, dialect: Dialect, ascii_only: bool) -> Ranges:
    r"""The set of ``\d \w \s`` or of their negations in a dialect."""
    name = letter.lower()
    if dialect == "ecma":
        found = ECMA_SPACE if name == "s" else ASCII_SETS[name]
    else:
        found = ASCII_SETS[name] if ascii_only else python_set(name)
    return found if letter == name else complement(found)


def read_escape(reading: Reading, at: int, in_class: bool) -> tuple[int | Ranges, int]:
    """The escape whose backslash is at ``at``: a code point or a set, and the offset after it."""
    pattern = reading.pattern
    if at + 1 >= len(pattern):
        fail("the pattern ends in a backslash", at)
    letter = pattern[at + 1]
    if letter in _CONTROLS:
        return _CONTROLS[letter], at + 2
    if letter in "dDwWsS":
        return shorthand(letter, reading.dialect, reading.ascii_only), at + 2
    if letter in _HEX_DIGITS and (letter != "U" or reading.dialect == "python"):
        return _read_hex(reading, at, in_class)
    if letter in "pP":
        return _read_property(pattern, at)
    if letter == "b" and in_class:
        return 8, at + 2
    if letter in "0123456789":
        return _read_digits(reading, at, in_class)
    if reading.dialect == "python" and letter == "a":
        return 7, at + 2
    if reading.dialect == "python" and letter == "N":
        return _read_name(pattern, at)
    if reading.dialect == "ecma" and letter == "c":
        control = pattern[at + 2:at + 3]
        if not (control.isascii() and control.isalpha()):
            fail("\\c needs a letter", at)
        return ord(control) & 31, at + 3
    if letter.isascii() and letter.isalpha():
        _refuse_letter(letter, reading.dialect, at)
    return ord(letter), at + 2


def _refuse_letter(letter: str, dialect: Dialect, at: int) -> NoReturn:
    if letter in "bB":
        fail(f"the word boundary \\{letter} is not supported", at,
             because="it depends on the characters on both sides of it",
             instead="write the characters that may stand before and after")
    if letter == "k":
        fail("back-references are not supported", at, because="they are no regular language",
             instead="repeat the group's pattern")
    if dialect == "ecma" and letter in "AZz":
        fail(f"\\{letter} is no escape of ECMA-262", at, instead="write ^ for the beginning and $ for the end")
    fail(f"unknown escape \\{letter}", at, instead="leave the backslash out if the letter itself is meant")


def _read_hex(reading: Reading, at: int, in_class: bool) -> tuple[int, int]:
    pattern, letter = reading.pattern, reading.pattern[at + 1]
    if letter == "u" and reading.dialect == "ecma" and pattern.startswith("{", at + 2):
        end = pattern.find("}", at)
        digits = pattern[at + 3:end] if end > 0 else ""
        if not _HEX.fullmatch(digits) or int(digits, 16) > 0x10FFFF:
            fail("\\u{…} needs the hexadecimal number of a character", at)
        return _no_surrogate(int(digits, 16), at, in_class), end + 1
    width = _HEX_DIGITS[letter]
    digits = pattern[at + 2:at + 2 + width]
    if len(digits) < width or not _HEX.fullmatch(digits):
        fail(f"\\{letter} needs {width} hexadecimal digits", at)
    point, end = int(digits, 16), at + 2 + width
    if point > 0x10FFFF:
        fail(f"\\{letter}{digits} is beyond the last character", at)
    if reading.dialect == "ecma" and 0xD800 <= point <= 0xDBFF and _ROUGH.match(pattern, end):
        low = int(pattern[end + 2:end + 6], 16)
        if 0xDC00 <= low <= 0xDFFF:
            return 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00), end + 6
    return _no_surrogate(point, at, in_class), end


def _no_surrogate(point: int, at: int, in_class: bool) -> int:
    """Surrogates are no characters; only as ends of ranges in a class may they stand, and are left out there."""
    if 0xD800 <= point <= 0xDFFF and not in_class:
        fail(f"U+{point:04X} is a lone surrogate", at, because="no text in UTF-8 has one",
             instead="write the character itself")
    return point


def _read_property(pattern: str, at: int) -> tuple[Ranges, int]:
    match = _PROPERTY.match(pattern, at + 2)
    if match is None:
        fail("\\p needs a property in braces", at, instead="write for example \\p{Lu}")
    name = match[1] or match[2]
    negated = pattern[at + 1] == "P"
    if name.startswith("^"):
        fail("\\p{^…} is not supported", at, instead="write \\P{…}")
    found = property_set(name)
    if found is None:
        fail(f"the Unicode property {name!r} is not known", at,
             because="only general categories, Any and ASCII are; Python has no tables of scripts",
             instead="use a general category such as \\p{L} or a range of characters")
    return (complement(found) if negated else found), match.end()


def _read_digits(reading: Reading, at: int, in_class: bool) -> tuple[int, int]:
    """Octal numbers; a back-reference is refused."""
    pattern = reading.pattern
    match = _OCTAL.match(pattern, at + 1)
    if reading.dialect == "ecma":
        if pattern[at + 1] == "0" and not pattern[at + 2:at + 3].isdigit():
            return 0, at + 2
        if in_class or pattern[at + 1] == "0":
            fail("octal escapes are not part of ECMA-262's Unicode patterns", at, instead="write \\xHH")
    elif match and (in_class or pattern[at + 1] == "0" or len(match[0]) == 3):
        if int(match[0], 8) > 0o377:
            fail(f"the octal escape \\{match[0]} is beyond \\377", at)
        return int(match[0], 8), match.end()
    elif in_class:
        fail(f"unknown escape \\{pattern[at + 1]}", at)
    fail("back-references are not supported", at, because="they are no regular language",
         instead="repeat the group's pattern")


def _read_name(pattern: str, at: int) -> tuple[int, int]:
    end = pattern.find("}", at)
    name = pattern[at + 3:end] if pattern.startswith("{", at + 2) and end > 0 else ""
    try:
        return ord(unicodedata.lookup(name)), end + 1
    except (KeyError, TypeError):
        fail("\\N needs the name of a character in braces", at)


def read_class(reading: Reading, at: int) -> tuple[Ranges, int]:
    """The bracketed class that begins at ``at``: its set, and the offset after it."""
    pattern, ecma = reading.pattern, reading.dialect == "ecma"
    here = at + 1
    negated = pattern.startswith("^", here)
    here += negated
    first = here
    found: list[tuple[int, int]] = []
    shorthands: list[tuple[int, int]] = []
    while True:
        if here >= len(pattern):
            fail("the character class is not closed", at, instead="add ] or write \\[ for the bracket itself")
        if pattern[here] == "]" and (ecma or here > first):
            break
        item, end = _read_member(reading, here)
        if pattern.startswith("-", end) and end + 1 < len(pattern) and pattern[end + 1] != "]":
            last, after = _read_member(reading, end + 1)
            if isinstance(item, int) and isinstance(last, int):
                if last < item:
                    fail(f"the range {pattern[here:after]} runs backwards", here)
                found.append((item, last))
                here = after
                continue
            if not ecma:
                fail(f"the range {pattern[here:after]} has a set as its end", here, instead="escape the hyphen: \\-")
            found.append((45, 45))  # ECMA-262, annex B: the hyphen stands for itself
            found.extend(((last, last),) if isinstance(last, int) else last)
            end = after
        if is_shorthand(pattern, here):
            shorthands.extend(item if not isinstance(item, int) else ())
        else:
            found.extend(((item, item),) if isinstance(item, int) else item)
        here = end
    if found and not shorthands and all(low >= 0xD800 and high <= 0xDFFF for low, high in found):
        fail("the class has surrogates only", at, because="no text in UTF-8 has one",
             instead="write the characters themselves, such as \\u{10000}-\\u{10FFFF}")
    ranges = union(found)
    if reading.ignore_case:
        ranges = ignoring_case(ranges, reading.ascii_only)
    ranges = union((*ranges, *shorthands))
    return (complement(ranges) if negated else ranges), here + 1


def is_shorthand(pattern: str, at: int) -> bool:
    r"""Whether ``\d``, ``\w``, ``\s`` or the opposite of one stands there, which ignoring case changes nothing of."""
    return pattern[at] == "\\" and pattern[at + 1 : at + 2] in tuple("dDwWsS")


def _read_member(reading: Reading, at: int) -> tuple[int | Ranges, int]:
    if reading.pattern[at] == "\\":
        return read_escape(reading, at, in_class=True)
    return ord(reading.pattern[at]), at + 1
