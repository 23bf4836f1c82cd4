"""An end of the prompt, or of a given beginning of the output, that falls inside a token is written once more."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from pydantic import BaseModel

from structgen.compiler import Compiler
from structgen.errors import BudgetError, GenerationError
from structgen.formats.json.source import JsonSchema
from structgen.formats.text.source import Choice, Regex
from structgen.generation.beam import beam
from structgen.generation.budget import budgeted, needed_tokens
from structgen.generation.healing import Healing, following, take_off
from structgen.generation.model import Model
from structgen.models import load_model
from structgen.vocabulary import Vocabulary

PIECES = [b"http", b"://", b":/", b'{"', b'":', b'": "', b'"a', b'"a"', b"ab", b"abc", b"bc", b"\xc3\xa9", b"\xa9x", b"  ",
          b'", "', b'"}', b"}}", b"yes", b"no", b"not", b"note", b"ab", b"\xff\xff", b"\xff"]  # fmt: skip
END = 256 + len(PIECES)


def cut(text: str) -> list[int]:
    """The longest tokens first."""
    rest, ids = text.encode(), list[int]()
    tokens = [*(bytes([byte]) for byte in range(256)), *PIECES]
    while rest:
        ids.append(max((token for token in range(END) if rest.startswith(tokens[token])), key=lambda one: len(tokens[one])))
        rest = rest[len(tokens[ids[-1]]):]
    return ids


VOCABULARY = Vocabulary([*(bytes([byte]) for byte in range(256)), *PIECES, None], END, encode=cut)


def allowed(matcher: Any) -> set[int]:
    return set(matcher.allowed_tokens().tolist())


def by_trying(removed: bytes, compiled: Any, given: bytes) -> set[int]:
    """The tokens that agree with the removed bytes, each tried on the grammar."""
    found = set()
    for token in range(END):
        text = VOCABULARY.tokens[token] or b""
        if removed.startswith(text):
            found.add(token)
        elif text.startswith(removed):
            matcher = compiled.matcher()
            assert not given or matcher.advance_bytes(given)
            if matcher.advance_bytes(text[len(removed):]):
                found.add(token)
    return found


SOURCES = [Regex("[ab:/]*c"), Regex(".*"), Choice(["://x", ":", "bc", "é", "\u00e9x"]), Regex("( |x)+"),
           JsonSchema({"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]})]  # fmt: skip


@pytest.mark.parametrize("source", SOURCES, ids=lambda one: repr(one)[:30])
@pytest.mark.parametrize("removed", [b":", b"http", b"a", b"\xc3", b" ", b"no", b'"', b"\xff", b"b"])
def test_the_mask_is_what_agrees_with_the_bytes(source: Any, removed: bytes) -> None:
    compiled = Compiler(VOCABULARY).compile(source)
    healing = Healing(removed, VOCABULARY, compiled.matcher())
    wanted = by_trying(removed, compiled, b"")
    assert allowed(healing) == wanted
    for token in range(END + 1):
        other = healing.fork()
        assert other.advance(token) == (token in wanted)
        assert other.left == (removed[len(VOCABULARY.tokens[token] or b""):] if token in wanted else removed)
    free = Healing(removed, VOCABULARY, None)
    assert allowed(free) == {token for token in range(END) if removed.startswith(VOCABULARY.tokens[token] or b"-")
                             or (VOCABULARY.tokens[token] or b"").startswith(removed)}  # fmt: skip


@pytest.mark.parametrize("source", SOURCES, ids=lambda one: repr(one)[:30])
def test_a_budget_holds_for_what_is_written_again_too(source: Any) -> None:
    compiled = Compiler(VOCABULARY).compile(source)
    for seed in range(40):
        chance = random.Random(seed)
        removed = chance.choice([b"http:", b"abc", b": ", b'{"a'])
        budget = needed_tokens(compiled) + 1 + chance.randrange(4)
        try:
            matcher: Any = Healing(removed, VOCABULARY, budgeted(compiled, budget))
        except BudgetError:
            continue
        written, tokens = b"", 0
        while not matcher.is_finished:
            choice = chance.choice(sorted(allowed(matcher)))
            assert matcher.advance(choice)
            matcher = following(matcher)
            written += VOCABULARY.tokens[choice] or b""
            tokens += choice != END
        assert tokens <= budget
        check = compiled.matcher()
        assert written.startswith(removed)
        assert (written == removed or check.advance_bytes(written[len(removed):])) and check.is_accepting


def test_too_small_a_budget_is_named() -> None:
    compiled = Compiler(VOCABULARY).compile(Regex("abcabc"))
    with pytest.raises(BudgetError, match="a budget of 3 tokens is too small: 4 are needed"):
        Healing(b"http:/", VOCABULARY, budgeted(compiled, 3))


def test_only_what_could_go_on_is_taken_off() -> None:
    def taken(text: str, first: int = 0) -> bytes:
        kept, removed = take_off(cut(text), VOCABULARY, first)
        assert VOCABULARY.decode(kept) + removed == text.encode()
        return removed

    assert taken("x no") == b"no"
    assert taken("x http") == b""  # no token begins so and goes on
    assert taken("x http:") == b":"
    assert taken("x :") == b":"
    assert taken("zz") == b""
    assert taken("a") == b"a"
    assert taken("a", 1) == b""
    assert take_off([END, ord("a")], VOCABULARY, 0) == ([END], b"a")
    assert take_off([ord("a"), END], VOCABULARY, 0) == ([ord("a"), END], b"")


class Writer:
    """Goes on with a text, in the longest tokens; behind tokens that its text does not have, it writes x."""

    def __init__(self, text: str) -> None:
        self.wanted = [*cut(text), END]

    def forward(self, ids: Sequence[int]) -> Any:
        import torch

        row = torch.zeros(END + 1)
        row[self.wanted[len(ids)] if list(ids) == self.wanted[:len(ids)] and len(ids) < len(self.wanted) else ord("x")] = 9.0
        return row


def model(text: str) -> Model:
    return Model(Writer(text), vocabulary=VOCABULARY)


def test_a_raw_prompt_that_ends_inside_a_token_is_healed() -> None:
    wanted = "see http://abc"
    result = model(wanted).generate("see http:/", raw=True, max_tokens=12)
    assert (result.text, result.healed) == ("/abc", ":/")
    assert VOCABULARY.decode(result.tokens) == b"://abc"
    unhealed = model(wanted).generate("see http:/", raw=True, max_tokens=3, heal=False)
    assert (unhealed.text, unhealed.healed) == ("xxx", "")
    assert model(wanted).generate("see http:/", Regex("[/a]*bc"), raw=True).value == "/abc"
    assert model(wanted).generate("see http:/", Regex("[/a]*bc"), raw=True, strategy=beam(2)).value == "/abc"


def test_what_is_written_again_is_no_output() -> None:
    result = model("see http://abc").generate("see http:/", raw=True, stop="/")
    assert (result.text, result.finish_reason) == ("", "stop")
    assert model("see http://abc").generate("see http:/", raw=True, stop=":").text == "/abc"


class Person(BaseModel):
    name: str
    age: int


TEXT = "Ada Lovelace, 36, wrote the first program."


@pytest.fixture(scope="module")
def embedded() -> Model:
    return load_model()  # type: ignore[no-any-return]


def test_a_prefix_begins_the_output_and_is_healed(embedded: Model) -> None:
    prefix = '{"name": "Ada Lov'
    healed = embedded.generate(TEXT, Person, prefix=prefix)
    assert (healed.value, healed.healed) == (Person(name="Ada Lovelace", age=36), "Lov")
    assert healed.text.startswith(prefix)
    assert (prefix + embedded.vocabulary.decode(healed.tokens).decode()[len("Lov"):]) == healed.text
    assert set(healed.confidence or ()) == {"$.name", "$.age"}
    assert embedded.generate(TEXT, Person, prefix=prefix, heal=False).healed == ""
    parts = list(embedded.stream(TEXT, Person, prefix=prefix))
    assert "".join(part.piece for part in parts) == healed.text == parts[-1].text


def test_prefixes_that_no_output_has_are_refused(embedded: Model) -> None:
    with pytest.raises(GenerationError, match=r"""character 3: no output .* '{"n' comes 'xx'"""):
        embedded.generate(TEXT, Person, prefix='{"nxx')
    with pytest.raises(BudgetError, match="too small"):
        embedded.generate(TEXT, Person, prefix='{"name": "Ada', max_tokens=3)
    for seed in range(5):
        made = embedded.generate(TEXT, Person, prefix='{"name": "Ad', max_tokens=12, temperature=1.5, seed=seed)
        assert len(made.tokens) <= 12


def test_what_a_raw_prompt_cannot_have_is_refused(embedded: Model) -> None:
    with pytest.raises(GenerationError, match="a conversation and raw=True do not go together"):
        embedded.generate([{"role": "user", "content": "a"}], raw=True)
    with pytest.raises(GenerationError, match="retries and raw=True"):
        embedded.generate("a", Person, raw=True, retry=2)
    with pytest.raises(GenerationError, match="the prompt is empty"):
        embedded.generate("", raw=True)


def test_masks_of_a_wide_vocabulary_are_the_tokens_tried(embedded: Model) -> None:
    compiled = embedded.compile(Person)
    for given, removed in ((b'{"name": "A', b'"A'), (b'{"na', b"na"), (b'{"name": "', b' "')):
        inner = compiled.matcher()
        assert inner.advance_bytes(given)
        found = np.zeros(embedded.vocabulary.size, dtype=bool)
        found[list(allowed(Healing(removed, embedded.vocabulary, inner)))] = True
        for token, text in enumerate(embedded.vocabulary.tokens):
            wanted = bool(text) and removed.startswith(text or b"")
            if text and not wanted and text.startswith(removed):
                ahead = inner.fork()
                wanted = ahead.advance_bytes(text[len(removed):])
            assert found[token] == wanted, text
