"""Both engines give the same masks in every state, and no mask that is not final is empty."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from laws.strategies import LAW, SEEDS, anchored, grammars, patterns, schemas
from laws.walks import compile_all, walk_together

from structgen import Grammar, JsonSchema, Regex

STEPS = 12


def agree(source: Any, seed: int) -> None:
    found = compile_all(source)
    if found:
        for number in range(3):
            walk_together(found, seed + number, STEPS)


@LAW
@given(grammars(), SEEDS)
def test_masks_of_random_grammars_agree(grammar: Grammar, seed: int) -> None:
    agree(grammar, seed)


@LAW
@given(
    schemas(),
    SEEDS,
    st.sampled_from(["compact", "bounded", "flexible"]),
    st.sampled_from(["schema", "any"]),
    st.booleans(),
    st.sampled_from(["all", "necessary"]),
    st.booleans(),
)
def test_masks_of_random_schemas_agree(
    schema: Any, seed: int, whitespace: Any, order: Any, exponents: bool, escapes: Any, ensure_ascii: bool
) -> None:
    agree(
        JsonSchema(
            schema,
            whitespace=whitespace,
            property_order=order,
            exponents=exponents,
            escapes=escapes,
            ensure_ascii=ensure_ascii,
        ),
        seed,
    )


@LAW
@given(anchored(patterns()).map(lambda text: text.removeprefix("^").removesuffix("$")), SEEDS)
def test_masks_of_random_patterns_agree(pattern: str, seed: int) -> None:
    agree(Regex(pattern), seed)
