"""Two readers of YAML that must agree, PyYAML (YAML 1.1) and ruamel.yaml (YAML 1.2), and grammars on a small vocabulary."""

from __future__ import annotations

import random
from functools import cache
from typing import Any

import yaml
from laws.walks import ENGINES
from ruamel.yaml import YAML

from structgen import Compiler, Vocabulary
from structgen.grammar.files import grammar


def read_twice(text: str) -> Any:
    """The value of a text, which both readers take for the same, types and order included."""
    first = yaml.safe_load(text)
    second = YAML(typ="safe", pure=True)
    second.version = (1, 2)
    found = second.load(text)
    assert same(first, found), f"{text!r} is {first!r} to YAML 1.1 and {found!r} to YAML 1.2"
    return first


def same(one: Any, other: Any) -> bool:
    """Whether two values are equal, with the types of their parts and the order of their members."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[name], other[name]) for name in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


PIECES = (
    "\n  ",
    "\n    ",
    "\n- ",
    "\n  - ",
    ": ",
    "- ",
    "a:",
    "b:",
    "ab:",
    " |-\n",
    " |\n",
    "\n\n  ",
    "true",
    "null",
    "12",
    ".5",
    '"',
    '"\n',
    ' "a"',
    "\n",
    "\\u00",
    "\\n",
    '\\"',
    "é",
    "😀",
    " #",
    "- - ",
    "{}",
    "[]",
    "yes",
    "no",
    "\\U0000",
)
VOCABULARY = Vocabulary([None, *(bytes([byte]) for byte in range(256)), *(piece.encode() for piece in PIECES)], [0])
COMPILERS = [Compiler(VOCABULARY, engine=engine) for engine in ENGINES]  # type: ignore[arg-type]
LAST = COMPILERS[-1]


@cache
def untyped() -> Any:
    return LAST.compile(grammar("yaml"))


def taken(compiled: Any, text: str) -> bool:
    matcher = compiled.matcher()
    return bool(matcher.advance_bytes(text.encode()) and matcher.is_accepting)


def accepts(source: Any, text: str) -> bool:
    found = {taken(compiler.compile(source), text) for compiler in COMPILERS}
    assert len(found) == 1
    return found.pop()


def sample(compiled: Any, chance: random.Random, free: int) -> str:
    """A complete text: ``free`` tokens by chance, every second one no single byte where possible, then the shortest end."""
    matcher, path = compiled.matcher(), b""
    for _ in range(free):
        allowed = matcher.allowed_tokens().tolist()
        assert allowed, path
        token = (
            chance.choice([token for token in allowed if token > 256] if chance.random() < 0.5 else allowed or [0])
            if any(token > 256 for token in allowed)
            else chance.choice(allowed)
        )
        assert matcher.advance(token)
        if token == 0:
            return path.decode()
        path += VOCABULARY.tokens[token] or b""
    rest = b"" if matcher.is_accepting else matcher.shortest_completion()
    assert matcher.advance_bytes(rest) and matcher.is_accepting, (path, rest)
    return (path + rest).decode()
