"""Free text with structures in it: every mask against a scanner that knows no automaton, and the texts read back."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from laws.walks import ENGINES, compile_all, compiler, same_mask, sample, tokenized
from oracle import VOCABULARY, expected_tokens, split_utf8
from pydantic import BaseModel

from structgen import (
    Choice,
    Compiler,
    FreeText,
    Grammar,
    JsonSchema,
    ReadError,
    Regex,
    SchemaError,
    StructgenError,
    Tag,
    Tagged,
    Tags,
    Then,
    UnsatisfiableError,
    UnsupportedSchemaError,
    Vocabulary,
)

BYTES = Vocabulary([*(bytes([byte]) for byte in range(256)), None], [256])
COMPILERS = [Compiler(BYTES, engine=engine) for engine in ENGINES]  # type: ignore[arg-type]


def accepts(source: Any, text: str) -> bool:
    found = set()
    for one in COMPILERS:
        matcher = one.compile(source).matcher()
        found.add(bool(matcher.advance_bytes(text.encode()) and matcher.is_accepting))
    assert len(found) == 1
    return found.pop()


def reads(source: Any, text: str) -> bool:
    try:
        source.read(text)
    except ReadError:
        return False
    return True


# --- masks ------------------------------------------------------------------------------------------------------------


@dataclass
class Scanner:
    """Tags whose structures are listed whole: looks for the first trigger, then for what the text can be there."""

    wholes: list[str]
    triggers: list[str]
    at_least_one: bool = False
    stop: bool = False
    most: int = 10**9
    chars: int = 10**9

    def is_prefix(self, text: bytes) -> bool:
        return self._scan(text)[0]

    def is_complete(self, text: bytes) -> bool:
        return self._scan(text)[1]

    def _scan(self, text: bytes) -> tuple[bool, bool]:
        """Whether the text can go on to a complete one, and whether it is one."""
        count = 0
        while True:
            over = (count and self.stop) or count > self.most
            ends = [(at + len(word), word) for word in map(str.encode, self.triggers) if (at := text.find(word)) >= 0]
            if over or not ends:
                break
            end, trigger = min(ends)
            before = split_utf8(text[: end - len(trigger)])
            if before[0] is None or before[1] or len(before[0]) > self.chars or count == self.most:
                return False, False
            rest = text[end - len(trigger) :]
            wholes = [whole for whole in map(str.encode, self.wholes) if whole.startswith(trigger)]
            done = [whole for whole in wholes if rest.startswith(whole)]
            if not done:
                return any(whole.startswith(rest) for whole in wholes), False
            assert len(done) == 1, "the lists of this test are prefix-free"
            text, count = rest[len(done[0]) :], count + 1
        if over:
            return not text and count <= self.most, not text and count <= self.most
        whole, tail = split_utf8(text)
        if whole is None:
            return False, False
        length, may_end = len(whole) + bool(tail), count > 0 or not self.at_least_one
        fits = length <= self.chars
        begun = count < self.most and any(self._begins(text, word.encode()) for word in self.triggers)
        return (fits and (may_end or count < self.most)) or begun, fits and not tail and may_end

    def _begins(self, text: bytes, word: bytes) -> bool:
        """Whether the text ends in the beginning of a trigger, with free text before it."""
        for size in range(len(word)):
            before = split_utf8(text[: len(text) - size])
            if text.endswith(word[:size]) and before[0] is not None and not before[1] and len(before[0]) <= self.chars:
                return True
        return False


def tags(pairs: dict[str, tuple[list[str], str]], triggers: list[str] | None = None, **options: Any) -> Any:
    """Tags over lists of texts, and their scanner."""
    source = Tags({begin: (Choice(texts), end) for begin, (texts, end) in pairs.items()}, triggers, **options)
    wholes = [begin + text + end for begin, (texts, end) in pairs.items() for text in texts]
    names = {"at_least_one": "at_least_one", "stop_after_first": "stop", "max_tags": "most", "max_chars": "chars"}
    return source, Scanner(wholes, list(triggers or pairs), **{names[key]: value for key, value in options.items()})


NUMBERS = ["1", "12", "-1", "100"]
CASES: dict[str, Callable[[], Any]] = {
    "one tag": lambda: tags({"ab": (NUMBERS, ";")}),
    "a trigger that overlaps itself": lambda: tags({"aa": (NUMBERS, ";"), "ba": (["x", "y"], "b")}),
    "an end of nothing": lambda: tags({"xy": (["ab", "b"], "")}),
    "two triggers": lambda: tags({"ab": (NUMBERS, ";"), "xyz": (["é", "漢字"], "y")}),
    "tags of one trigger": lambda: tags({"foo": (NUMBERS, ";"), "foobar": (["x"], ""), "fob": (["y"], "y")}, ["fo"]),
    "at least one": lambda: tags({"ab": (NUMBERS, ";")}, at_least_one=True),
    "stop after the first": lambda: tags({"ab": (NUMBERS, ";")}, stop_after_first=True),
    "exactly one": lambda: tags({"ab": (NUMBERS, ";")}, stop_after_first=True, at_least_one=True),
    "at most two": lambda: tags({"ab": (NUMBERS, ";")}, max_tags=2),
    "little free text": lambda: tags({"ab": (NUMBERS, ";")}, max_chars=3),
    "no free text": lambda: tags({"ab": (NUMBERS, ";")}, max_chars=0, at_least_one=True),
    "beyond ASCII": lambda: tags({"é": (["漢", "éé"], "漢")}, max_chars=4),
}


@pytest.mark.parametrize("name", CASES)
def test_masks_are_those_of_a_scanner(name: str) -> None:
    source, judge = CASES[name]()
    grammars = compile_all(source)
    chance = random.Random(name)
    ours = [
        token
        for token, text in enumerate(VOCABULARY.tokens)
        if text and any(text in part.encode() or part.encode() in text for part in (*judge.wholes, *judge.triggers))
    ]
    states = 0
    for _ in range(8):
        matchers, path = [grammar.matcher() for grammar in grammars], b""
        for _ in range(12):
            allowed = same_mask(matchers, path)
            assert allowed == expected_tokens(judge, path), f"behind {path!r}"
            states += 1
            likely = [token for token in allowed if token in ours]
            texts = [token for token in allowed if VOCABULARY.tokens[token]]
            if not texts:
                break
            token = chance.choice(likely if likely and chance.random() < 0.8 else texts)
            assert all(matcher.advance(token) for matcher in matchers)
            path += VOCABULARY.tokens[token] or b""
    assert states > 20


@pytest.mark.parametrize("name", CASES)
def test_samples_read_back(name: str) -> None:
    source, judge = CASES[name]()
    chance, found = random.Random(name), set()
    for grammar in compile_all(source):
        for _ in range(6):
            text = sample(grammar.matcher(), chance, 25, 60)
            assert text is not None and judge.is_complete(text)
            parts = source.read(text.decode())
            assert "".join(one if isinstance(one, str) else _whole(source, one) for one in parts) == text.decode()
            assert grammar.matcher().validate(tokenized(text, chance)) > 0 or not text
            found.update(type(one) for one in parts)
    assert found <= {str, Tagged} and found


def _whole(source: Tags, one: Tagged) -> str:
    return one.begin + one.text + next(tag.end for tag in source.tags if tag.begin == one.begin)


def test_special_tokens_never_come_in_free_text() -> None:
    tokens = [*(bytes([byte]) for byte in range(256)), None, None, b"<call>"]
    vocabulary = Vocabulary(tokens, [256])
    for engine in ENGINES:
        matcher = Compiler(vocabulary, engine=engine).compile(FreeText()).matcher()  # type: ignore[arg-type]
        assert set(matcher.allowed_tokens().tolist()) & {256, 257, 258} == {256, 258}


def test_a_token_may_run_over_a_trigger_into_what_fits() -> None:
    tokens = [*(bytes([byte]) for byte in range(256)), None, b'a<t>{"', b'a<t>["', b"1}</t>b", b"1}</t>b<t>1"]
    for engine in ENGINES:
        compiled = Compiler(Vocabulary(tokens, [256]), engine=engine).compile(  # type: ignore[arg-type]
            Tags({"<t>": (JsonSchema({"type": "object", "properties": {"a": {"const": 1}}}), "</t>")})
        )
        matcher = compiled.matcher()
        assert matcher.advance(257) and not compiled.matcher().advance(258)
        assert matcher.advance_bytes(b'a":') and matcher.fork().advance(259) and not matcher.advance(260)


# --- texts ------------------------------------------------------------------------------------------------------------


class Person(BaseModel):
    name: str
    age: int


CALLS = Tags({"<p>": (Person, "</p>"), "<n>": (Regex("[0-9]+"), "</n>")})
ADA = '{"name": "</p>", "age": 36}'


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("", True),
        ("any text < <p </p>", True),
        (f"<p>{ADA}</p>", True),
        (f"so: <p>{ADA}</p> and <n>12</n>.", True),
        ("<p>", False),
        ("<n>x</n>", False),
        ("<n>1", False),
        (f"<p>{ADA}", False),
        (f"<p>{ADA}</n>", False),
        ('<p>{"name": "a"}</p>', False),
        (f"<p>{ADA}</p><p>", False),
        ("<<n>1</n>", True),
        ("<n<n>1</n></n>", True),
    ],
    ids=str,
)
def test_tags_take_and_read_the_same_texts(text: str, right: bool) -> None:
    assert (accepts(CALLS, text), reads(CALLS, text)) == (right, right)


def test_tags_are_read_as_values() -> None:
    found = CALLS.read(f"so: <p>{ADA}</p> and <n>12</n>.")
    assert [one if isinstance(one, str) else one.value for one in found] == [
        "so: ",
        Person(name="</p>", age=36),
        " and ",
        "12",
        ".",
    ]


@pytest.mark.parametrize(
    ("text", "right"),
    [
        (f"<think>hm</think>{ADA}", True),
        (f"<think></think>{ADA}", True),
        (f"<think><think></think>{ADA}", True),
        (f"<think>0123456789</think>{ADA}", True),
        (f"<think>0123456789a</think>{ADA}", False),
        (f"<think>hm</think></think>{ADA}", False),
        (f"<think>hm</think>{ADA} ", False),
        (f"<think>hm{ADA}", False),
        (f"hm</think>{ADA}", False),
        ("<think>hm</think>", False),
    ],
    ids=str,
)
def test_thinking_comes_first(text: str, right: bool) -> None:
    source = Then("<think>", FreeText(until="</think>", max_chars=10), JsonSchema(Person.model_json_schema()))
    strict = right or text.endswith(" ")  # white space around JSON is not what the mask writes, and is JSON
    assert (accepts(source, text), reads(source, text)) == (right, strict)


def test_thinking_and_the_value_come_back() -> None:
    source = Then(FreeText(until="\n\n"), Person)
    assert source.read(f"She is 36.\n\n{ADA}") == ("She is 36.", Person(name="</p>", age=36))


def test_at_the_budget_only_the_closing_tag_can_come() -> None:
    for one in COMPILERS:
        matcher = one.compile(Then(FreeText(until="</t>", max_chars=4), Choice(["yes", "no"]))).matcher()
        assert matcher.advance_bytes(b"abcd") and matcher.forced_tokens() == list(b"</t>")


@pytest.mark.parametrize(
    ("source", "texts", "others"),
    [
        (FreeText(), ["", "a\n\x00é😀"], []),
        (FreeText(min_chars=2, max_chars=3), ["ab", "é😀é"], ["a", "abcd"]),
        (FreeText("END"), ["END", "EEND", "ab END"], ["", "EN", "ENDEND", "END "]),
        (FreeText("END", max_chars=2), ["END", "abEND"], ["abcEND"]),
        (FreeText(without=["no", "never"]), ["n o", "neve"], ["no", "anon", "nevernever"]),
        (FreeText("END", without=["no"]), ["aEND"], ["noEND", "END no"]),
    ],
    ids=str,
)
def test_free_text(source: FreeText, texts: list[str], others: list[str]) -> None:
    for text in (*texts, *others):
        assert (accepts(source, text), reads_free(source, text)) == (text in texts, text in texts), text


def reads_free(source: FreeText, text: str) -> bool:
    return reads(source, text)


# --- the notation of servers, and what is refused -----------------------------------------------------------------------


def test_structural_tags_of_servers() -> None:
    number = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"], "additionalProperties": False}
    given = {
        "type": "structural_tag",
        "structures": [
            {"begin": "<function=add>", "schema": number, "end": "</function>"},
            {"begin": "<function=no>", "schema": None, "end": "</function>"},
        ],
        "triggers": ["<function="],
    }
    source = Tags.from_dict(given)
    right = 'x <function=add>{"a": 1}</function> <function=no>[null]</function>'
    assert accepts(source, right) and len(source.read(right)) == 4
    for wrong in ('<function=add>{"a": "1"}</function>', "<function=sub>{}</function>", "<function="):
        assert not accepts(source, wrong) and not reads(source, wrong)


NO_TEXT = Regex("(?!a)a")
REFUSED: dict[str, tuple[Callable[[], Any], type[StructgenError], str]] = {
    "no tags": (lambda: Tags({}), SchemaError, "has no tags"),
    "a trigger in a trigger": (lambda: Tags({"<a>": (Person, ""), "x<a>": (Person, "")}), SchemaError, "never be reached"),
    "a trigger of no tag": (lambda: Tags({"<a>": (Person, "")}, ["<a>", "<b"]), SchemaError, "no tag begins with"),
    "a tag of no trigger": (
        lambda: Tags({"<a>": (Person, ""), "<b>": (Person, "")}, ["<a"]),
        SchemaError,
        "begins with no trigger",
    ),
    "an empty trigger": (lambda: Tags({"": (Person, "")}), SchemaError, "not empty"),
    "no pair": (lambda: Tags({"<a>": Person}), SchemaError, "tag 0 is"),  # type: ignore[dict-item]
    "a dict": (lambda: Tags({"<a>": ({"type": "string"}, "")}), SchemaError, "tag '<a>': this is a dict"),
    "nothing in a tag": (lambda: Tags({"<a>": (NO_TEXT, ""), "<b>": (Person, "")}), UnsatisfiableError, "tag '<a>'"),
    "a keyword in a tag": (
        lambda: Tags({"<a>": (JsonSchema({"type": "string", "format": "idn-hostname"}), "")}),
        UnsupportedSchemaError,
        "tag '<a>', #",
    ),
    "free text first": (lambda: Then(FreeText(), Person), SchemaError, "part 0"),
    "a structure first": (lambda: Then(Person, "x"), SchemaError, "part 0"),
    "nothing to do": (lambda: Then(), SchemaError, "no parts"),
    "bounds backwards": (lambda: FreeText(min_chars=3, max_chars=2), SchemaError, "backwards"),
    "a bound that is no number": (lambda: FreeText(max_chars=2.5), SchemaError, "2.5"),  # type: ignore[arg-type]
    "an end that cannot come": (lambda: FreeText("end", without=["n"]), SchemaError, "can never end"),
    "a surrogate": (lambda: FreeText("\ud800"), SchemaError, "surrogates"),
    "a misspelled key": (lambda: Tags.from_dict({"structures": [], "trigers": []}), SchemaError, "'trigers'"),
    "a structure without an end": (
        lambda: Tags.from_dict({"structures": [{"begin": "<"}], "triggers": ["<"]}),
        SchemaError,
        "#/structures/0",
    ),
    "another type": (lambda: Tags.from_dict({"type": "json", "structures": [], "triggers": []}), SchemaError, "'json'"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_meant_is_refused_by_name(name: str) -> None:
    make, kind, words = REFUSED[name]
    with pytest.raises(kind) as refused:
        compiler("python").compile(make())
    assert words in str(refused.value)


@pytest.mark.parametrize("tag", [Tag("<a>", Grammar(FreeText().node()), "</a>"), Tag("<a>", FreeText("</a>"), "")])
def test_free_text_between_tags(tag: Tag) -> None:
    source = Tags([tag])
    for text in ("x<a>y</a>z", "<a></a>", "<a><a></a>"):
        assert accepts(source, text) and reads(source, text)
    assert not accepts(source, "<a>y") and not reads(source, "<a>y")


def test_many_closing_tags_are_read_in_bounded_time() -> None:
    source = Tags({"<n>": (Regex("[0-9]+"), ";")})
    with pytest.raises(ReadError):
        source.read("<n>" + ";" * 200_000)
