"""Makes the examples that the embedded model learns from and is measured on.

In: a random generator and the side of the split (`held=True` for the evaluation). Out: an `Example`: a JSON Schema, the
type's name, a prompt and the answer. The one idea: everything is made, nothing is gathered; names and numbers are
drawn afresh for every example, half of them invented, so the only way to be right is to read the text and copy.
A further task (SQL, tool calls) is one more function under `@task`. Caveat: made English is narrow English.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import values
import words
from kinds import KINDS, Kind
from labelling import INTENTS, SENTIMENTS, TOPICS, Labelling
from values import Field
from words import invented, number

from structgen.generation.instructions import render_instructions

__all__ = ["TASKS", "Example", "make", "render", "task"]


@dataclass(frozen=True)
class Example:
    """One question and its answer. `text` is the part of the prompt that the values come from."""

    task: str
    name: str
    schema: Mapping[str, Any]
    prompt: str
    text: str
    answer: Any
    description: str | None = None


Task = Callable[[random.Random, bool], Example]
TASKS: dict[str, tuple[Task, float]] = {}


def task(name: str, weight: float) -> Callable[[Task], Task]:
    """Registers a maker of examples with its weight in the mix."""

    def register(maker: Task) -> Task:
        TASKS[name] = (maker, weight)
        return maker

    return register


def make(rng: random.Random, held: bool = False, only: str | None = None) -> Example:
    """One example of the mix, or of the task `only`."""
    if only is None:
        only = rng.choices(list(TASKS), [weight for _, weight in TASKS.values()])[0]
    return TASKS[only][0](rng, held)


def render(example: Example) -> tuple[str, str]:
    """What the model reads and what it shall write, in the chat format of the tokenizer's template."""
    told = render_instructions(example.schema, example.name, example.description)
    return f"<|user|>\n{told}\n\n{example.prompt}<|assistant|>\n", json.dumps(example.answer, ensure_ascii=False) + "<|end|>"


# Sentences


_CHOICE = re.compile(r"\[([^\[\]]*)\]")
_SLOT = re.compile(r"\{(\w+)\}|<(\w+)>")


def choose(rng: random.Random, template: str) -> str:
    """The template with each `[a|b]` decided, the inner ones first."""
    while "[" in template:
        template = _CHOICE.sub(lambda found: rng.choice(found[1].split("|")), template)
    return template


_WORD = re.compile(r"\{\w+\}|<\w+>|[A-Za-z][a-z]+")
_CUES = frozenset(
    words.listed(
    """from to by at in of for with without and or the a an is are was were not no on as years year old aged age born
    name city email mail phone tel price cost total order date time hour company job item quantity customer pounds
    dollars euros nights night guests people breakfast room table flight gate seat page pages stars rating wrote
    written works work lives live author title publisher paid sent pays received ordered bought sold each who
    i my she he we it you"""
    )
)


def reworded(rng: random.Random, template: str) -> str:
    """The template with some of its words replaced by others, real or invented, those that say who is who kept.

    Without it the model learns the few hundred templates by heart (83 % of the fields of seen wordings, 59 % of
    unseen ones) and takes an unknown word beside a name for a part of the name.
    """

    def one(found: re.Match[str]) -> str:
        word = found[0]
        if not word[0].isalpha() or word.lower() in _CUES or rng.random() > 0.4:
            return word
        way = rng.random()
        if way < 0.45:
            other = rng.choice(_POOL)
        elif way < 0.6:
            other = rng.choice(words.VERBS).split()[0]
        elif way < 0.8:
            other = invented(rng, False) + rng.choice(("", "ed", "s", "ing", "ly"))
        else:
            other = f"{word.lower()} {rng.choice(_POOL)}"
        return other[0].upper() + other[1:] if word[0].isupper() else other

    made = _WORD.sub(one, template)
    if rng.random() < 0.2:
        made = f"{rng.choice(_LEADS)} {made}" if made[0] in "{<" else made
    return made


_LEADS = ("Then", "So", "Now", "Here", "Perhaps", "Indeed,", "Again", "Yes,", "Well,", "As planned,", "In short,", "Later")
_POOL = sorted(
    {
        word.lower()
        for kind in KINDS
        for template in kind.seen
        for word in re.findall(r"(?<![{<\w])[A-Za-z][a-z]{2,}(?![\w}>])", template)
    }
    - _CUES
)


def filler(rng: random.Random, held: bool, kind: str) -> str:
    """Words for a `<filler>`."""
    made: dict[str, Callable[[], str]] = {
        "deed": lambda: values.deed(rng, held),
        "when": lambda: rng.choice(
            (
                "last year",
                "yesterday",
                "on " + rng.choice(words.WEEKDAYS),
                "in " + rng.choice(words.MONTHS),
                "today",
                "last week",
                "in " + str(number(rng, 1700, 2030, held)),
                "this morning",
                "long ago",
                "last summer",
            )
        ),
        "city": lambda: values.city(rng, held)[0],
        "noun": lambda: rng.choice(words.NOUNS) if rng.random() < 0.7 else invented(rng, held),
        "adj": lambda: rng.choice(words.ADJECTIVES),
        "number": lambda: str(rng.randint(2, 40)),
        "year": lambda: str(number(rng, 1700, 2030, held)),
    }
    text = made[kind.lower()]()
    return text[0].upper() + text[1:] if kind[0].isupper() else text


def fill(rng: random.Random, held: bool, template: str, said: Mapping[str, str]) -> str:
    """The template with its slots filled; `a` becomes `an` before a vowel."""

    def one(found: re.Match[str]) -> str:
        return said[found[1]] if found[1] is not None else filler(rng, held, found[2])

    text, at = "", 0
    for found in _SLOT.finditer(template):
        piece, word = template[at : found.start()], one(found)
        if re.search(r"\b[Aa] $", piece) and word[:1].lower() in "aeiou":
            piece = piece[:-1] + "n "
        text += piece + word
        at = found.end()
    return text + template[at:]


_NOISE = (
    "The weather was <adj>.",
    "<When>, somebody <deed>.",
    "It was <when>.",
    "Nobody <deed>.",
    "The <adj> <noun> is here.",
    "More on page <number>.",
    "The <noun> was <adj>.",
    "We <deed> <when>.",
    "Thank you.",
    "Please note this.",
)
_PROMPTS = (
    "Extract the {name}: {text}",
    "Who is this about? {text}",
    "Text: {text}",
    "What does this say? {text}",
    "{text}\nExtract the data.",
    "Read this: {text}",
    "Extract the {name} from this text: {text}",
    "Fill in the fields. {text}",
    "Extract the fields from the text.\n{text}",
    "{text} What are the facts?",
    "Extract: {text}",
    "Find the {name} in: {text}",
    '"{text}"',
    "Input: {text}",
    "Sentence: {text}",
    "Who is it, and how old? {text}",
    "Extract the information.\n\n{text}",
)
_PROMPTS_HELD = ("Please get the {name} out of this: {text}", "Which {name} is described here? {text}")


def prompt(rng: random.Random, held: bool, text: str, name: str) -> str:
    """The text as a user may put it: half of the time bare."""
    if rng.random() < 0.5:
        return text
    pattern = rng.choice(_PROMPTS_HELD if held else _PROMPTS)
    return pattern.replace("{name}", name.lower()).replace("{text}", text)


# Extraction


def spell(rng: random.Random, key: str) -> str:
    """A key as some people spell it."""
    way = rng.random()
    if way < 0.06:
        head, *tail = key.split("_")
        return head + "".join(part.capitalize() for part in tail)
    return key


def property_of(rng: random.Random, field: Field) -> dict[str, Any]:
    schema = dict(field.schema)
    if field.docs and rng.random() < 0.25:
        schema["description"] = rng.choice(field.docs)
    if "enum" in schema:
        schema["enum"] = rng.sample(list(schema["enum"]), len(schema["enum"]))
    return schema


def optional(schema: dict[str, Any]) -> dict[str, Any]:
    doc = {"description": schema.pop("description")} if "description" in schema else {}
    return {"anyOf": [schema, {"type": "null"}], "default": None, **doc}


def assemble(
    rng: random.Random, fields: Mapping[str, Field], found: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """A schema over a few of the fields, in any order, and its value; fields that were not told are null."""
    told = list(found)
    chosen = rng.sample(told, rng.randint(1 if rng.random() < 0.3 else min(2, len(told)), len(told)))
    if rng.random() < 0.6:
        chosen.sort(key=list(fields).index)
    absent = [slot for slot in fields if slot not in found]
    missing = rng.choice(absent) if absent and rng.random() < 0.2 else None
    if missing is not None:
        chosen.insert(rng.randint(0, len(chosen)), missing)
    properties: dict[str, Any] = {}
    answer: dict[str, Any] = {}
    required = []
    for slot in chosen:
        key = spell(rng, rng.choice(fields[slot].names))
        if key in properties or (key == "years" and "years" in fields and slot != "years"):
            key = slot
        if key in properties:
            continue
        schema = property_of(rng, fields[slot])
        if slot == missing or rng.random() < 0.08:
            schema = optional(schema)
        else:
            required.append(key)
        properties[key] = schema
        answer[key] = found.get(slot)
    return {"type": "object", "properties": properties, "required": required}, answer


def extraction(rng: random.Random, held: bool, kind: Kind) -> Example:
    """A sentence that tells of one thing, and a type that asks for some of it."""
    while True:
        template = choose(rng, rng.choice(kind.unseen if held else kind.seen))
        slots = list(dict.fromkeys(found[1] for found in _SLOT.finditer(template) if found[1]))
        if slots:
            break
    if not held and rng.random() < 0.5:
        template = reworded(rng, template)
    made = {slot: kind.fields[slot].make(rng, held) for slot in slots}
    text = fill(rng, held, template, {slot: said for slot, (said, _) in made.items()})
    if rng.random() < 0.15:
        noise = fill(rng, held, rng.choice(_NOISE), {})
        text = f"{noise} {text}" if rng.random() < 0.5 else f"{text} {noise}"
    schema, answer = assemble(rng, kind.fields, {slot: value for slot, (_, value) in made.items()})
    name = rng.choice(kind.names)
    return Example(kind.names[0].lower(), name, schema, prompt(rng, held, text, name), text, answer)


def _register(kind: Kind) -> None:
    task(kind.names[0].lower(), kind.weight)(lambda rng, held: extraction(rng, held, kind))


for _kind in KINDS:
    _register(_kind)


_RECORD_SEEN = (
    "The {key} is {value}.",
    "{Key}: {value}.",
    "Its {key} is {value}.",
    "The {key} was {value}.",
    "{Key} = {value}.",
    "We know the {key}: {value}.",
    "{value} is the {key}.",
    "It has the {key} {value}.",
    "The {key} of it is {value}.",
    "As {key} we noted {value}.",
    "The {key}, {value}, is known.",
)
_RECORD_UNSEEN = (
    "For the {key} they gave {value}.",
    "{value} was entered as {key}.",
    "Regarding the {key}, it is {value}.",
)
_RECORD_VALUES: tuple[tuple[Mapping[str, Any], values.Maker], ...] = (
    (values.STRING, values.person),
    (values.STRING, values.city),
    (values.STRING, values.code),
    (values.STRING, lambda rng, held: (lambda word: (word, word))(invented(rng, held).capitalize())),
    (values.INTEGER, values.integers(1, 9999)),
    (values.INTEGER, values.integers(1, 99)),
    (values.NUMBER, lambda rng, held: (lambda value: (str(value), value))(round(rng.uniform(0.1, 99), 1))),
    (values.STRING, values.email),
    (values.STRING, values.company),
)


@task("record", 3.0)
def record(rng: random.Random, held: bool) -> Example:
    """Keys with invented names: what stands beside a key's words is its value."""
    told: dict[str, tuple[Mapping[str, Any], str, Any]] = {}
    for _ in range(rng.randint(1, 4)):
        schema, maker = rng.choice(_RECORD_VALUES)
        said, value = maker(rng, held)
        key = rng.choice(words.NOUNS) if rng.random() < 0.5 else invented(rng, held)
        if rng.random() < 0.25:
            key = rng.choice(words.ADJECTIVES) + "_" + key
        told[key] = (schema, said, value)
    parts = []
    for key, (_, said, _) in told.items():
        shown = key.replace("_", " ")
        pattern = rng.choice(_RECORD_UNSEEN if held else _RECORD_SEEN)
        if not held and rng.random() < 0.5:
            pattern = reworded(rng, pattern)
        said_key = pattern.replace("{key}", shown).replace("{Key}", shown[0].upper() + shown[1:])
        parts.append(said_key.replace("{value}", said))
    rng.shuffle(parts)
    text = " ".join(parts)
    keys = rng.sample(list(told), rng.randint(1, len(told)))
    properties = {key: dict(told[key][0]) for key in keys}
    schema = {"type": "object", "properties": properties, "required": keys}
    name = (invented(rng, held) if rng.random() < 0.6 else rng.choice(words.NOUNS)).capitalize()
    return Example("record", name, schema, prompt(rng, held, text, name), text, {key: told[key][2] for key in keys})


@task("copy", 0.3)
def copy(rng: random.Random, held: bool) -> Example:
    """The whole text once more, or its words: the first thing to learn."""
    makers = (
        values.person,
        values.city,
        values.phrase,
        values.email,
        values.code,
        values.goods,
        values.integers(1, 9999),
    )
    parts = [str(rng.choice(makers)(rng, held)[0]) for _ in range(rng.randint(1, 5))]
    parts = [invented(rng, held) if rng.random() < 0.3 else part for part in parts]
    if rng.random() < 0.5:
        key, answer, schema = rng.choice(("text", "words", "copy")), " ".join(parts), dict(values.STRING)
    else:
        key, answer, schema = (
            rng.choice(("items", "parts", "list")),
            parts,
            {"type": "array", "items": {"type": "string"}},
        )
    text = " ".join(parts) if isinstance(answer, str) else ", ".join(parts)
    name = rng.choice(("Echo", "Copy", "Text", "List"))
    return Example(
        "copy", name, {"type": "object", "properties": {key: schema}, "required": [key]}, text, text, {key: answer}
    )


# Classification


def classification(rng: random.Random, held: bool, labelling: Labelling) -> Example:
    """A text and the label that fits it, the labels being some of those known, in any order and wording."""
    chosen = rng.sample(list(labelling.texts), rng.randint(2, min(labelling.most, len(labelling.texts))))
    wording = {label: rng.choice((label, *labelling.synonyms.get(label, ()))) for label in chosen}
    true = rng.choice(chosen)
    seen, unseen = labelling.texts[true]
    text = choose(rng, rng.choice(unseen if held else seen))
    text = fill(
        rng,
        held,
        text,
        {"thing": rng.choice(words.GOODS), "name": values.given(rng, held), "place": values.city(rng, held)[0]},
    )
    text = text[0].upper() + text[1:]
    labels = list(wording.values())
    name = rng.choice(labelling.names)
    question = rng.choice(labelling.questions)
    shown = text if rng.random() < 0.5 else f"{question} {text}"
    if rng.random() < 0.75:
        return Example(labelling.names[0].lower(), name, {"enum": labels}, shown, text, wording[true])
    key = rng.choice(("label", name.lower(), "category", "answer"))
    schema = {"type": "object", "properties": {key: {"enum": labels}}, "required": [key]}
    return Example(labelling.names[0].lower(), name, schema, shown, text, {key: wording[true]})


@task("sentiment", 1.2)
def sentiment(rng: random.Random, held: bool) -> Example:
    return classification(rng, held, SENTIMENTS)


@task("topic", 0.8)
def topic(rng: random.Random, held: bool) -> Example:
    return classification(rng, held, TOPICS)


@task("intent", 0.8)
def intent(rng: random.Random, held: bool) -> Example:
    return classification(rng, held, INTENTS)


if __name__ == "__main__":
    _rng = random.Random(1)
    for _index in range(30):
        print(*render(make(_rng, held=_index >= 20)), sep="", end="\n\n")
