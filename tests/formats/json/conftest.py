"""A compiler over single bytes: whether a text is allowed is then a question about bytes, not about a tokenizer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from structgen.compiler import Compiler
from structgen.formats.json.source import JsonSchema
from structgen.vocabulary import Vocabulary


@pytest.fixture(scope="session")
def compiler() -> Compiler:
    return Compiler(Vocabulary([bytes([byte]) for byte in range(256)] + [None], [256]), engine="python")


@pytest.fixture
def accepts(compiler: Compiler) -> Callable[..., list[bool]]:
    """``accepts(schema, *texts, **options)``: which of the texts the grammar of the schema allows as a whole."""

    def run(schema: Any, *texts: str, **options: Any) -> list[bool]:
        compiled = compiler.compile(JsonSchema(schema, **options))
        results = []
        for text in texts:
            matcher = compiled.matcher()
            results.append(matcher.advance_bytes(text.encode()) and matcher.is_accepting)
        return results

    return run
