"""A brute-force oracle for masks: every token of a small vocabulary, tried against a judge that knows no automaton.

In: a judge (which prefixes can still become a complete text) and a prefix. Out: the tokens that may come next. Three
judges, each independent of the engines:

* ``RegexJudge``: the finite automaton that interegular makes of a pattern over the output's characters;
* ``ValuesJudge``: a list of values (a finite language), each in every spelling of compact JSON, as a trie of choices;
* ``SearchJudge``: completions tried one by one until a checker accepts the whole text.

Caveat: a judge is as right as its pattern, list or suffixes; tables of cases keep them small enough to check by eye.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Protocol

import interegular
import numpy as np
from interegular.fsm import anything_else

from structgen import Vocabulary

PIECES = (
    '"',
    '"a',
    '"b',
    'a"',
    '":',
    '": ',
    '",',
    '","',
    '", "',
    '":"',
    '"}',
    '"]',
    '{"',
    '["',
    "[]",
    "{}",
    "{ ",
    "[ ",
    "},",
    "],",
    "}}",
    "]]",
    "}]",
    "]}",
    "{{",
    "[[",
    '"":',
    '\\"',
    "\\\\",
    "\\u",
    "\\u00",
    "\\u0061",
    "\\n",
    "\\ud83d",
    "\\ude00",
    "\\u00e9",
    "\\ud8",
    "3d\\u",
    "a\\",
    "ab",
    "abc",
    "aa",
    "aaa",
    "aaaa",
    "bb",
    "ba",
    'b"',
    "name",
    '"name"',
    '"name":',
    "id",
    '"id"',
    '"id":',
    'me":',
    "tag",
    '"tags"',
    ":",
    ": ",
    ":1",
    ":0",
    ':"',
    ',"',
    ', "',
    " ",
    "  ",
    "    ",
    "\n",
    "\n  ",
    "\n\n",
    "\t",
    ' "',
    " {",
    " [",
    ",1",
    ", 1",
    "1,",
    "1]",
    "0}",
    "true",
    "false",
    "null",
    "tr",
    "ue",
    "nul",
    "l,",
    "e}",
    "n",
    "t",
    "0",
    "1",
    "12",
    "10",
    "100",
    "00",
    "123",
    "-",
    "-1",
    "-0",
    ".",
    ".5",
    "0.",
    "1.0",
    "1e",
    "e1",
    "E+",
    "e-",
    "5",
    "9",
    "99",
    "2024",
    "-01",
    "-02-",
    "29",
    "30",
    "-12-31",
    "T",
    ":00",
    "Z",
    "2024-02-29",
    "é",
    "éé",
    "ß",
    "漢",
    "漢字",
    '字"',
    "😀",
    '😀"',
    '"é',
    'ü":',
    "x",
    "y",
    "xy",
    "yx",
    "xyz",
    "foo",
    "bar",
    "foobar",
    'foo"',
    "Hello",
    " world",
    "hello world",
    "the",
    " the",
    "the quick",
    " brown fox",
    '"null"',
    "d",
    "cd",
    '":{"',
    '":[',
    ':[{"',
    'a":1',
    'b":',
    ',"b":',
    'a","a',
    'a":null,"',
    'a":1,"a"',
    "red",
    "green",
    "blue",
    "gre",
    "een",
    "ed",
    '"red',
    "+",
    "++",
    "*",
    "(",
    "((",
    ")",
    "))",
    "(1",
    "1+",
    ";",
)
PARTIAL = (
    b"\xc3",
    b"\xa9",
    b'\xa9"',
    b"\xe6\xbc",
    b"\xbc\xa2",
    b"\xf0\x9f",
    b"\x98\x80",
    b"\xf0\x9f\x98",
    b"a\xc3",
    b"\xff",
    b"\x80\x80",
    b"\xed\xa0",
    b"\xa2\xe5",
)
DUPLICATES = (b"a", b'"', b'{"', b"null", b"\xc3", b"1")
EMPTY, SPECIAL = b"", None


def small_vocabulary() -> Vocabulary:
    """About 450 tokens: bytes, pieces of JSON, parts of characters, duplicates, empty and special ones, two ends."""
    tokens: list[bytes | None] = [SPECIAL, SPECIAL, EMPTY]
    tokens += [bytes((byte,)) for byte in range(256)]
    tokens += [text.encode() for text in PIECES]
    tokens += [*PARTIAL, *DUPLICATES, SPECIAL, EMPTY]
    return Vocabulary(tokens, [1, len(tokens) - 2])


VOCABULARY = small_vocabulary()
TEXT_TOKENS = [(token, text) for token, text in enumerate(VOCABULARY.tokens) if text]


class Judge(Protocol):
    """Says which prefixes can still become a complete text."""

    def is_prefix(self, text: bytes) -> bool:
        """Whether some complete text begins so."""

    def is_complete(self, text: bytes) -> bool:
        """Whether the text is complete."""


def expected_tokens(judge: Judge, prefix: bytes) -> list[int]:
    """The tokens that may come behind a prefix, ascending; every token is tried."""
    allowed = [token for token, text in TEXT_TOKENS if judge.is_prefix(prefix + text)]
    if judge.is_complete(prefix):
        allowed += VOCABULARY.eos_token_ids
    return sorted(allowed)


def mask_of(tokens: Iterable[int]) -> np.ndarray[Any, Any]:
    """The mask of some tokens, in the documented layout."""
    words = np.zeros((VOCABULARY.size + 31) // 32, dtype=np.uint32)
    for token in tokens:
        words[token // 32] |= np.uint32(1 << token % 32)
    return words.view(np.int32)


# --- a pattern over the output ----------------------------------------------------------------------------------------


class RegexJudge:
    """A pattern of the whole output, run by interegular over characters."""

    def __init__(self, pattern: str) -> None:
        self._fsm = interegular.parse_pattern(pattern).to_fsm().reduce()
        self._live = {state for state in self._fsm.states if self._fsm.islive(state)}

    def _state(self, text: str) -> int | None:
        state = self._fsm.initial
        for character in text:
            symbol = self._fsm.alphabet[character if character in self._fsm.alphabet else anything_else]
            state = self._fsm.map.get(state, {}).get(symbol)
            if state not in self._live:
                return None
        return state

    def is_prefix(self, text: bytes) -> bool:
        whole, tail = split_utf8(text)
        if whole is None:
            return False
        if not tail:
            return self._state(whole) is not None
        low, high = code_points_from(tail)
        if low > high or self._state(whole) is None:
            return False
        listed = [c for c in self._fsm.alphabet if c is not anything_else and low <= ord(c) <= high]
        other = next((chr(c) for c in range(low, high + 1) if not 0xD800 <= c <= 0xDFFF and chr(c) not in listed), None)
        return any(self._state(whole + c) is not None for c in [*listed, *([other] if other else [])])

    def is_complete(self, text: bytes) -> bool:
        whole, tail = split_utf8(text)
        return whole is not None and not tail and self._state(whole) in self._fsm.finals


def split_utf8(text: bytes) -> tuple[str | None, bytes]:
    """The whole characters of a text and the bytes of an unfinished last one; (None, b"") if it is not UTF-8."""
    for cut in range(4):
        if cut > len(text):
            break
        tail = text[len(text) - cut :]
        try:
            whole = text[: len(text) - cut].decode()
        except UnicodeDecodeError:
            continue
        low, high = code_points_from(tail) if tail else (0, 0)
        return (whole, tail) if low <= high else (None, b"")
    return None, b""


def code_points_from(tail: bytes) -> tuple[int, int]:
    """The code points whose UTF-8 begins with these bytes, least and greatest; an empty range if there are none."""
    size = 2 if 0xC2 <= tail[0] <= 0xDF else 3 if 0xE0 <= tail[0] <= 0xEF else 4 if 0xF0 <= tail[0] <= 0xF4 else 0
    if size <= len(tail) or any(not 0x80 <= byte <= 0xBF for byte in tail[1:]):
        return 1, 0
    bits = tail[0] & (0x7F >> size)
    for byte in tail[1:]:
        bits = bits << 6 | byte & 0x3F
    shift = 6 * (size - len(tail))
    low, high = bits << shift, (bits + 1 << shift) - 1
    low, high = max(low, {2: 0x80, 3: 0x800, 4: 0x10000}[size]), min(high, 0x10FFFF)
    if 0xD800 <= low <= 0xDFFF:
        low = 0xE000
    if 0xD800 <= high <= 0xDFFF:
        high = 0xD7FF
    return low, high


# --- a list of values -------------------------------------------------------------------------------------------------

Atom = frozenset[bytes]
"""One place of a text: any of these spellings."""
_SHORT = {'"': '\\"', "\\": "\\\\", "/": "\\/", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def character_spellings(character: str) -> Atom:
    """Every way to write a character inside a JSON string (RFC 8259 section 7)."""
    found = set()
    if ord(character) >= 0x20 and character not in '"\\':
        found.add(character.encode())
    if character in _SHORT:
        found.add(_SHORT[character].encode())
    units = character.encode("utf-16-be")
    halves = [units[i : i + 2].hex() for i in range(0, len(units), 2)]
    choices = [[{d, d.upper()} for d in half] for half in halves]
    for picked in itertools.product(*(itertools.product(*half) for half in choices)):
        found.add("".join("\\u" + "".join(half) for half in picked).encode())
    return frozenset(found)


def json_atoms(value: Any, orders: Callable[[dict[str, Any]], Iterable[Sequence[str]]]) -> Iterator[tuple[Atom, ...]]:
    """A value as sequences of places, one for each order of its members; numbers as ``json.dumps`` writes them."""
    if isinstance(value, str):
        yield (frozenset((b'"',)), *map(character_spellings, value), frozenset((b'"',)))
    elif isinstance(value, list):
        for items in itertools.product(*(list(json_atoms(item, orders)) for item in value)):
            yield _joined(b"[", items, b"]")
    elif isinstance(value, dict):
        for names in orders(value):
            parts = [
                [
                    (*key, frozenset((b":",)), *item)
                    for key in json_atoms(name, orders)
                    for item in json_atoms(value[name], orders)
                ]
                for name in names
            ]
            for members in itertools.product(*parts):
                yield _joined(b"{", members, b"}")
    elif value == 0 and type(value) is int:
        yield (frozenset((b"0", b"-0")),)
    else:
        yield (frozenset((json.dumps(value).encode(),)),)


def _joined(first: bytes, parts: Sequence[tuple[Atom, ...]], last: bytes) -> tuple[Atom, ...]:
    atoms: list[Atom] = [frozenset((first,))]
    for number, part in enumerate(parts):
        if number:
            atoms.append(frozenset((b",",)))
        atoms.extend(part)
    return (*atoms, frozenset((last,)))


def any_order(value: dict[str, Any]) -> Iterable[Sequence[str]]:
    return itertools.permutations(value)


def listed_first(*names: str) -> Callable[[dict[str, Any]], Iterable[Sequence[str]]]:
    """Listed names in their order, the others behind them in any order."""

    def orders(value: dict[str, Any]) -> Iterable[Sequence[str]]:
        listed = tuple(name for name in names if name in value)
        return (listed + rest for rest in itertools.permutations([name for name in value if name not in names]))

    return orders


class ValuesJudge:
    """Exactly these texts, given as sequences of places."""

    def __init__(self, texts: Iterable[tuple[Atom, ...]]) -> None:
        self._next: list[dict[Atom, int]] = [{}]
        self._ends: set[int] = set()
        for atoms in texts:
            node = 0
            for atom in atoms:
                if atom not in self._next[node]:
                    self._next[node][atom] = len(self._next)
                    self._next.append({})
                node = self._next[node][atom]
            self._ends.add(node)
        if len(self._next) == 1 and not self._ends:
            raise ValueError("no text at all")
        self._known: dict[bytes, frozenset[tuple[int, bytes]]] = {b"": frozenset({(0, b"")})}

    @classmethod
    def of(
        cls, values: Iterable[Any], orders: Callable[[dict[str, Any]], Iterable[Sequence[str]]] = any_order
    ) -> ValuesJudge:
        """Exactly these JSON values, in every spelling of compact JSON."""
        return cls(atoms for value in values for atoms in json_atoms(value, orders))

    def _states(self, text: bytes) -> frozenset[tuple[int, bytes]]:
        """(node, bytes still to come before it counts) for every way to read the text."""
        known = self._known.get(text)
        if known is None:
            found = set()
            for node, rest in self._states(text[:-1]):
                if rest:
                    if rest[0] == text[-1]:
                        found.add((node, rest[1:]))
                    continue
                for atom, target in self._next[node].items():
                    found.update((target, spelling[1:]) for spelling in atom if spelling[0] == text[-1])
            known = self._known[text] = frozenset(found)
        return known

    def is_prefix(self, text: bytes) -> bool:
        return bool(self._states(text))

    def is_complete(self, text: bytes) -> bool:
        return any(not rest and node in self._ends for node, rest in self._states(text))


# --- completions tried one by one -------------------------------------------------------------------------------------

_UNFINISHED_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{0,4}(\\(u[0-9a-fA-F]{0,3})?)?)?\Z")


class SearchJudge:
    """A checker of whole texts, and suffixes to try; the suffixes must hold a completion of every prefix that has one.

    ``escape_ends`` are tried in front of the suffixes where a backslash is near the end: they finish an escape.
    """

    def __init__(self, check: Callable[[str], bool], suffixes: Iterable[str], escape_ends: Iterable[str] = ()) -> None:
        self._check = check
        self._suffixes = list(dict.fromkeys(suffixes))
        self._after_escape = list(dict.fromkeys(end + suffix for end in escape_ends for suffix in self._suffixes))

    def is_complete(self, text: bytes) -> bool:
        try:
            return self._accepts(text.decode())
        except UnicodeDecodeError:
            return False

    def _accepts(self, text: str) -> bool:
        try:
            return self._check(text)
        except (ValueError, RecursionError):
            return False

    def is_prefix(self, text: bytes) -> bool:
        whole, tail = split_utf8(text)
        if whole is None:
            return False
        if tail:
            whole += chr(code_points_from(tail)[0])
        if any(self._accepts(whole + suffix) for suffix in self._suffixes):
            return True
        return bool(_UNFINISHED_ESCAPE.search(whole)) and any(
            self._accepts(whole + suffix) for suffix in self._after_escape
        )


def no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """For ``json.loads``: an object whose names are all different."""
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names):
        raise ValueError("a name occurs twice")
    return dict(pairs)


def has_lone_surrogate(text: str) -> bool:
    return any(0xD800 <= ord(character) <= 0xDFFF for character in text)
