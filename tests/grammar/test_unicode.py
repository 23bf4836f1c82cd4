"""The sets are those of the running Python, over every code point."""

from __future__ import annotations

import re
import unicodedata

import pytest

from structgen.grammar.unicode import (
    complement,
    equal_ignoring_case,
    ignoring_case,
    property_set,
    python_set,
    union,
)


def members(ranges: tuple[tuple[int, int], ...]) -> set[int]:
    return {point for low, high in ranges for point in range(low, high + 1)}


@pytest.mark.parametrize("letter", "dws")
def test_shorthand_is_what_python_matches_anywhere(letter: str) -> None:
    everything = "".join(chr(point) for point in range(0x110000) if not 0xD800 <= point <= 0xDFFF)
    assert members(python_set(letter)) == {ord(c) for c in re.findall(rf"\{letter}", everything)}


def test_categories_cover_every_code_point_once() -> None:
    names = {unicodedata.category(chr(point)) for point in range(0x110000)} - {"Cs"}
    sets = {name: property_set(name) for name in names}
    for name, ranges in sets.items():
        assert ranges, name
        ends = {point for low, high in ranges for point in (low, high)}
        assert all(unicodedata.category(chr(point)) == name for point in ends)
    assert sum(high - low + 1 for ranges in sets.values() for low, high in ranges or ()) == 0x110000 - 0x800


@pytest.mark.parametrize(("name", "same"), [
    ("Uppercase_Letter", "Lu"), ("gc=Lu", "Lu"), ("General_Category=uppercase letter", "Lu"), ("Letter", "L"),
    ("Cased_Letter", "LC"), ("punct", "P"),
], ids=str)
def test_long_names_are_known(name: str, same: str) -> None:
    assert property_set(name) == property_set(same)


@pytest.mark.parametrize("name", ["Greek", "Script=Greek", "", "l", "Alphabetic", "X", "sc=L"])
def test_unknown_property_is_none(name: str) -> None:
    assert property_set(name) is None


def test_case_is_ignored_as_python_ignores_it() -> None:
    cased = [c for c in map(chr, range(0x1E944)) if c.lower() != c or c.upper() != c or c.casefold() != c]
    text = "".join(cased)
    for character in cased[::7]:
        wanted = set(re.findall(re.escape(character), text, re.IGNORECASE)) | {character}
        assert {chr(point) for point in members(equal_ignoring_case(character, False))} == wanted, character


def test_case_of_a_set_is_ignored_as_python_ignores_it() -> None:
    text = "".join(chr(point) for point in range(0x3000))
    for low, high in [("a", "k"), ("k", "\u017f"), ("À", "Ω"), ("\u1e00", "\u1eff")]:
        wanted = set(re.findall(f"[{low}-{high}]", text, re.IGNORECASE))
        found = {chr(point) for point in members(ignoring_case(((ord(low), ord(high)),), False)) if point < 0x3000}
        assert found == wanted


def test_union_and_complement_leave_surrogates_out() -> None:
    assert union([(0xD000, 0xE000), (5, 9), (10, 12), (7, 8)]) == ((5, 12), (0xD000, 0xD7FF), (0xE000, 0xE000))
    assert complement(()) == ((0, 0xD7FF), (0xE000, 0x10FFFF))
    assert complement(((0, 0x10), (0xE000, 0x10FFFF))) == ((0x11, 0xD7FF),)
