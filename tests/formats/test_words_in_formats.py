"""Whole words of a text in the formats that quote: all the texts that the masks allow, read by the format's own reader."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from typing import Annotated, Any

import pytest
import yaml
from laws.walks import ENGINES
from pydantic import BaseModel, Field

from structgen import Compiler, Csv, FromText, Vocabulary, Yaml

BYTES = Vocabulary([*(bytes([byte]) for byte in range(256)), None], [256])
SOURCE = 'A_b "no", é\nit'


class Row(BaseModel):
    word: Annotated[str, FromText(SOURCE, whole_words=True), Field(min_length=1, max_length=6)]
    other: bool


def pieces() -> set[str]:
    found = set()
    for low in range(len(SOURCE)):
        for high in range(low + 1, min(low + 6, len(SOURCE)) + 1):
            around = [SOURCE[max(0, place - 1) : place + 1] for place in (low, high)]
            if SOURCE[low:high].strip() == SOURCE[low:high] and not any(re.fullmatch(r"\w\w", pair) for pair in around):
                found.add(SOURCE[low:high])
    return found


def texts(source: Any, engine: Any) -> set[bytes]:
    """Every text of a finite grammar."""
    grammar = Compiler(BYTES, engine=engine).compile(source)
    found: set[bytes] = set()
    waiting = [b""]
    while waiting:
        path = waiting.pop()
        matcher = grammar.matcher()
        assert matcher.advance_bytes(path)
        allowed = matcher.allowed_tokens().tolist()
        assert allowed, f"a dead end behind {path!r}"
        found |= {path} if matcher.is_accepting else set()
        waiting += [path + bytes([token]) for token in allowed if token < 256]
        assert len(waiting) < 10_000
    return found


def from_csv(text: str) -> Any:
    (row,) = csv.reader(io.StringIO(text, newline=""))
    return row[0]


WAYS: list[tuple[str, Any, Callable[[str], Any]]] = [
    ("yaml", Yaml(Row), lambda text: yaml.safe_load(text)["word"]),
    ("csv", Csv(Row, header=False, min_rows=1, max_rows=1), from_csv),
    ("csv of quoted texts", Csv(Row, header=False, min_rows=1, max_rows=1, quoting="texts"), from_csv),
]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("source", "read"), [way[1:] for way in WAYS], ids=[way[0] for way in WAYS])
def test_a_format_writes_exactly_the_pieces(source: Any, read: Callable[[str], Any], engine: Any) -> None:
    assert {read(text.decode()) for text in texts(source, engine)} == pieces()
