"""Real patterns with texts that match and texts that do not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from structgen.automaton.dfa import compile_language
from structgen.errors import GrammarSyntaxError, LimitExceededError
from structgen.grammar.regex import parse_regex
from structgen.limits import Limits

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpora" / "regex_real.jsonl"


def test_real_patterns_compile_and_match_what_they_should(record_property: pytest.FixtureRequest) -> None:
    if not CORPUS.exists():
        pytest.skip(f"the corpus of real patterns is not at {CORPUS}")
    limits, wrong, refused, compiled = Limits(), [], [], 0
    for line in CORPUS.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        try:
            dfa = compile_language(parse_regex(row["pattern"], limits=limits), limits)
        except (GrammarSyntaxError, LimitExceededError) as error:
            refused.append((row["id"], error.what, row["features"]))
            continue
        compiled += 1
        found = {text: dfa is not None and dfa.accepts(text) for text in row["matches"] + row["non_matches"]}
        wrong += [(row["id"], text) for text in row["matches"] if not found[text]]
        wrong += [(row["id"], text) for text in row["non_matches"] if found[text]]
    record_property("compiled", compiled)  # type: ignore[operator]
    record_property("refused", len(refused))  # type: ignore[operator]
    assert wrong == []
    assert compiled / (compiled + len(refused)) > 0.99
