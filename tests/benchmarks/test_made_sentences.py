"""The wordings of the evaluation do not occur in the training data, and the training data says what it answers.

Caveat: two wordings count as the same where they share most of their runs of three words, slots being one word.
"""

from __future__ import annotations

import random
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

FOLDER = str(Path(__file__).resolve().parents[2] / "benchmarks" / "embedded")
sys.path.insert(0, FOLDER)
import bindings  # noqa: E402
import data  # noqa: E402
import words  # noqa: E402
from kinds import KINDS, Kind  # noqa: E402
from label_texts import MORE  # noqa: E402
from labelling import INTENTS, SENTIMENTS, TOPICS, Labelling  # noqa: E402

sys.path.remove(FOLDER)

SMALL = frozenset(words.listed("a an the of to in on at for from with by and is was are it its that as"))
MOST = 0.6


def skeleton(template: str) -> list[str]:
    """The words of a template, its slots by their names."""
    return re.findall(r"\{\w+\}|<\w+>|\w+", re.sub(r"(?<=key)[23]|(?<=value)[23]", "", template.lower()))


def runs(template: str) -> frozenset[tuple[str, ...]]:
    """The runs of three words that hold a word of content, or all that there is of a shorter text."""
    said = skeleton(template)
    found = [tuple(said[at : at + 3]) for at in range(max(1, len(said) - 2))]
    return frozenset(run for run in found if any(word[0] not in "{<" and word not in SMALL for word in run))


def shared(held: Iterable[frozenset[tuple[str, ...]]], seen: Iterable[str]) -> Iterator[str]:
    """The seen templates that share most runs with a held-out one."""
    wanted = [one for one in held if one]
    first = frozenset().union(*wanted)
    for template in seen:
        has = runs(template) & first
        if has and any(len(one & has) >= MOST * len(one) for one in wanted):
            yield template


def expanded(rng: random.Random, templates: Iterable[str], count: int = 40) -> set[frozenset[tuple[str, ...]]]:
    return {runs(data.choose(rng, template)) for template in templates for _ in range(count)}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.names[0])
def test_no_wording_of_the_evaluation_is_composed(kind: Kind) -> None:
    rng = random.Random(1)
    seen = {data.seen_template(rng, kind, False) for _ in range(20_000)}
    assert len(seen) > 5_000
    assert not sorted(set(shared(expanded(rng, kind.unseen), seen)))[:20]


def test_no_binding_of_the_evaluation_is_among_the_seen_ones() -> None:
    rng = random.Random(2)
    seen = {
        data.choose(rng, line)
        for line in (*bindings.ONE, *bindings.TWO, *bindings.MORE, *bindings.ASIDES)
        for _ in range(60)
    }
    assert len(seen) > 150
    assert not sorted(shared(expanded(rng, data._RECORD_UNSEEN), seen))


def test_no_prompt_of_the_evaluation_is_among_the_seen_ones() -> None:
    assert not list(shared([runs(prompt) for prompt in data._PROMPTS_HELD], data._PROMPTS))


@pytest.mark.parametrize("labelling", [SENTIMENTS, TOPICS, INTENTS], ids=lambda one: one.names[0])
def test_no_text_of_the_evaluation_is_among_the_further_ones(labelling: Labelling) -> None:
    rng = random.Random(6)
    for label, more in MORE[labelling.names[0]].items():
        _, unseen = labelling.texts[label]
        # The words that tell the label are shared; the wordings around them are compared.
        held = {runs(data.choose(rng, line)) for line in unseen for _ in range(200)}
        seen = {data.choose(rng, line) for line in more for _ in range(60)}
        assert not sorted(shared(held, seen)), label


def test_the_check_finds_a_held_out_wording() -> None:
    kind = KINDS[0]
    rng = random.Random(3)
    for template in kind.unseen:
        said = data.choose(rng, template)
        if runs(said):
            assert list(shared([runs(said)], [f"Well. {said}"]))


def strings(schema: Any, answer: Any) -> Iterator[str]:
    """The values that must stand in the text as they are."""
    if isinstance(answer, dict):
        for key, value in answer.items():
            yield from strings(schema["properties"][key], value)
    elif isinstance(answer, list):
        for value in answer:
            yield from strings({}, value)
    elif isinstance(answer, str) and not {"enum", "format", "anyOf"} & set(schema):
        yield answer


@pytest.mark.parametrize("held", [False, True])
def test_every_string_of_an_answer_stands_in_the_text(held: bool) -> None:
    rng = random.Random(4)
    labels = {one.names[0].lower() for one in (SENTIMENTS, TOPICS, INTENTS)} | {"sql", "tools"}  # have judges of their own
    for _ in range(4000):
        example = data.make(rng, held)
        assert not re.search(r"[{}\[\]]", example.text), example.text
        if example.task not in labels:
            for value in strings(example.schema, example.answer):
                assert value in example.text, (value, example.text)


def test_the_names_of_the_evaluation_are_not_in_the_training_data() -> None:
    rng = random.Random(5)
    for _ in range(2000):
        example = data.make(rng, only="book")
        for key, value in example.answer.items():
            if key in ("year", "published", "year_published") and value is not None:
                assert not words.unseen(value)
