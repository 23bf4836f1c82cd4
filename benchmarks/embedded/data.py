"""Makes the examples that the embedded model learns from and is measured on.

In: a random generator and the side of the split (`held=True` for the evaluation). Out: an `Example`: a JSON Schema, the
type's name, a prompt and the answer. The one idea: everything is made, nothing is gathered; names and numbers are
drawn afresh for every example, half of them invented, so the only way to be right is to read the text and copy.
A further task is one more function under `@task`, here or in a file of its own (`sql_tasks`, `tool_tasks`).
Caveat: made English is narrow English.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import bindings
import values
import words
from kinds import KINDS, Kind
from label_texts import MORE
from labelling import INTENTS, SENTIMENTS, TOPICS, Labelling
from shapes import Shapes, choose, compose, load, sentence
from values import Field
from words import invented, number

from structgen.generation.instructions import render_instructions

__all__ = ["TASKS", "Example", "instructions", "make", "render", "task", "weigh"]


@dataclass(frozen=True)
class Example:
    """One question and its answer. `text` is the part of the prompt that the values come from.

    `told`: the instructions, where they are not those of the schema; `written`: the answer's text, where it is not its JSON;
    `database`: a script that makes the database a query is asked of.
    """

    task: str
    name: str
    schema: Mapping[str, Any]
    prompt: str
    text: str
    answer: Any
    description: str | None = None
    told: str | None = None
    written: str | None = None
    database: str = ""


Task = Callable[[random.Random, bool], Example]
TASKS: dict[str, tuple[Task, float]] = {}
_HELD_WEIGHTS = {"person": 5.0, "order": 1.3, "payment": 1.2, "record": 3.0, "copy": 0.3} | {"sql": 0.0, "tools": 0.0}
_HELD_WEIGHTS |= dict.fromkeys(
    ("event", "contact", "booking", "review", "product", "flight", "meeting", "candidate"), 1.0
)
"""The mix of the evaluation, which stays as it is whatever is trained more."""


def task(name: str, weight: float) -> Callable[[Task], Task]:
    """Registers a maker of examples with its weight in the mix."""

    def register(maker: Task) -> Task:
        TASKS[name] = (maker, weight)
        return maker

    return register


def make(rng: random.Random, held: bool = False, only: str | None = None) -> Example:
    """One example of the mix, or of the task `only`."""
    if only is None:
        weights = [_HELD_WEIGHTS.get(name, weight) if held else weight for name, (_, weight) in TASKS.items()]
        only = rng.choices(list(TASKS), weights)[0]
    return TASKS[only][0](rng, held)


def weigh(mix: Mapping[str, float]) -> None:
    """Other weights for some of the tasks that are trained."""
    for name, weight in mix.items():
        if name not in TASKS or not weight >= 0:
            raise SystemExit(f"{name}={weight:g} is no weight of a task; the tasks are {', '.join(TASKS)}")
        TASKS[name] = (TASKS[name][0], weight)


def instructions(example: Example) -> str:
    """What the model is told before the prompt; empty for a prompt that says all."""
    if example.told is not None:
        return example.told
    return render_instructions(example.schema, example.name, example.description)


def render(example: Example) -> tuple[str, str]:
    """What the model reads and what it shall write, in the chat format of the tokenizer's template."""
    told = instructions(example)
    answer = json.dumps(example.answer, ensure_ascii=False) if example.written is None else example.written
    said = f"{told}\n\n{example.prompt}" if told else example.prompt
    return f"<|user|>\n{said}<|assistant|>\n", f"{answer}<|end|>"


# Sentences


_SLOT = re.compile(r"\{(\w+)\}|<(\w+)>")


SHAPES: dict[str, Shapes] = {kind.names[0]: load(kind.names[0]) for kind in KINDS}


def seen_template(rng: random.Random, kind: Kind, changed: bool = True) -> str:
    """A sentence of the training side: a listed one or one put together, now and then with words replaced."""
    if rng.random() < 0.15:
        text, free = choose(rng, rng.choice(kind.seen)), True
    else:
        text, free = compose(rng, SHAPES[kind.names[0]])
    return reworded(rng, text) if free and changed and rng.random() < 0.45 else text


_WORD = re.compile(r"\{\w+\}|<\w+>|[A-Za-z][a-z]+")
_CUES = frozenset(
    words.listed(
        """from to by at in of for with without and or the a an is are was were not no on as years year old aged age born
    name city email mail phone tel price cost total order date time hour company job item quantity customer pounds
    dollars euros nights night guests people breakfast room table flight gate seat page pages stars rating wrote
    written works work lives live author title publisher paid sent pays received ordered bought sold each who
    i my she he we it you sender receiver payer payee got gets give gives gave given wired handed lent owes owed charged
    billed invoiced collected accepted earned took asked thanks money back bill invoice reference ref origin destination
    start starts started begins leave leaves left leaving lands landed arrive arrives arrived comes coming goes going
    takes start end ends trip fly flies maker made makes brand kg weight weighs colour colours hotel guest stay stays
    skills experience knows role position employer employs works firm phone number address before after then not but
    star points verdict pieces units buyer client sum mail call calls dial ring topic subject agenda participants
    title doors day place venue home country born turned turns year read reads published"""
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
        if template.endswith(_PLAIN, 0, found.start()) or template.startswith(_PLAIN_NEXT, found.end()):
            return word
        way = rng.random()
        if way < 0.4:
            other = rng.choice(_POOL)
        elif way < 0.5:
            other = rng.choice(words.NOUNS if way < 0.45 else words.ADJECTIVES)
        elif way < 0.6:
            other = rng.choice(words.VERBS).split()[0]
        elif way < 0.8:
            other = invented(rng, False) + rng.choice(("", "ed", "s", "ing", "ly"))
        else:
            other = f"{word.lower()} {rng.choice(_POOL)}"
        return other[0].upper() + other[1:] if word[0].isupper() else other

    made = _WORD.sub(one, template)
    if rng.random() < 0.25 and made[0] in "{<":
        lead = rng.choice(_LEADS) if rng.random() < 0.7 else sentence(rng.choice(_POOL))
        made = f"{lead} {made}"
    return made


# Beside a value in small letters a strange word could be a part of it.
_PLAIN = tuple("{" + slot + "} " for slot in ("item", "topic", "job", "role", "skills", "product", "colors"))
_PLAIN_NEXT = tuple(" " + slot.rstrip() for slot in _PLAIN)
_LEADS = words.listed(
    """Then|So|Now|Here|Perhaps|Indeed,|Again|Yes,|Well,|As planned,|In short,|Later|Maybe|Today|Often|Soon|Never did|
Sure,|Once|Still,|Also|Even|Since then|Only|Just as|Though|Thus|Hence|Why,|Look,|See,|Dear me,|Funny that|Some say|
Most of all,|Did|Has|Would|Should|May|Let|If|When|Whenever|Until|Unless|Where|How|Whether|Both|Neither|Please,|Hello,|
Sorry,|Oh,|However,|Therefore,|Besides,|Instead,|Elsewhere,|Tonight|Tomorrow|Yesterday|Next week|Every day|Each time"""
)
_POOL = sorted(
    {
        word.lower()
        for kind in KINDS
        for template in (*kind.seen, *SHAPES[kind.names[0]].core, *SHAPES[kind.names[0]].flat)
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
        "name": lambda: values.person(rng, held)[0],
        "weekday": lambda: rng.choice(words.WEEKDAYS),
        "month": lambda: rng.choice(words.MONTHS),
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
    "Give me the {name} as JSON: {text}",
    "Turn this into a {name}: {text}",
    "Parse the following.\n\n{text}",
    "{text}\n\nReturn the {name}.",
    "Here is a text. {text}",
    "Here is the {name}:\n{text}",
    "I got this message: {text}",
    "Convert to JSON: {text}",
    "Make a {name} from these words: {text}",
    "Somebody wrote: {text}",
    "```\n{text}\n```",
    "Note the {name}. {text}",
    "Document: {text}\nTask: fill in the {name}.",
    "Take the fields of the {name} from the text below.\n{text}",
    "Read the mail and write down the {name}. {text}",
    "Tell me about the {name}. {text}",
    "What are the fields of this {name}? {text}",
    "Summarise as a {name}: {text}",
    "Text:\n{text}\n\nFields:",
    "{name}: {text}",
    "<text>{text}</text>",
    "Can you read the {name} in this? {text}",
    "My notes: {text} Now fill in the form.",
    "The text is '{text}'",
    "Work out the {name}: {text}",
)
_PROMPTS_HELD = ("Please get the {name} out of this: {text}", "Which {name} is described here? {text}")


def prompt(rng: random.Random, held: bool, text: str, name: str) -> str:
    """The text as a user may put it: half of the time bare."""
    if rng.random() < 0.5:
        return text
    pattern = rng.choice(_PROMPTS_HELD if held else _PROMPTS)
    if not held and rng.random() < 0.2:
        pattern = reworded(rng, pattern)
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
    rng: random.Random, fields: Mapping[str, Field], found: Mapping[str, Any], held: bool
) -> tuple[dict[str, Any], dict[str, Any]]:
    """A schema over a few of the fields, in any order, and its value; fields that were not told are null.

    In training half of them ask for all that is told: the same reading of a text then answers more questions.
    """
    told = list(found)
    if not held and rng.random() < 0.5:
        chosen = rng.sample(told, len(told))
    else:
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
        template = choose(rng, rng.choice(kind.unseen)) if held else seen_template(rng, kind)
        slots = list(dict.fromkeys(found[1] for found in _SLOT.finditer(template) if found[1]))
        if slots:
            break
    made = {slot: kind.fields[slot].make(rng, held) for slot in slots}
    text = fill(rng, held, template, {slot: said for slot, (said, _) in made.items()})
    if rng.random() < 0.15:
        noise = fill(rng, held, rng.choice(_NOISE), {})
        text = f"{noise} {text}" if rng.random() < 0.5 else f"{text} {noise}"
    schema, answer = assemble(rng, kind.fields, {slot: value for slot, (_, value) in made.items()}, held)
    name = rng.choice(kind.names)
    return Example(kind.names[0].lower(), name, schema, prompt(rng, held, text, name), text, answer)


def _register(kind: Kind) -> None:
    task(kind.names[0].lower(), kind.weight)(lambda rng, held: extraction(rng, held, kind))


for _kind in KINDS:
    _register(_kind)


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


Bound = tuple[str, tuple[Mapping[str, Any], str, Any]]


def bind_held(rng: random.Random, bound: Iterable[Bound]) -> str:
    """The sentences of the evaluation that bind the keys."""
    parts = []
    for key, (_, said, _) in bound:
        shown = key.replace("_", " ")
        pattern = rng.choice(_RECORD_UNSEEN)
        parts.append(pattern.replace("{key}", shown).replace("{Key}", sentence(shown)).replace("{value}", said))
    rng.shuffle(parts)
    return " ".join(parts)


def bind_seen(rng: random.Random, bound: Sequence[Bound]) -> str:
    """Sentences that bind the keys, one, two or three in each, now and then beside one that binds nothing."""
    parts, left = [], list(bound)
    while left:
        way = rng.random()
        size = 3 if len(left) > 2 and way < 0.2 else 2 if len(left) > 1 and way < 0.45 else 1
        group, left = left[:size], left[size:]
        pattern = sentence(choose(rng, rng.choice((bindings.ONE, bindings.TWO, bindings.MORE)[size - 1])))
        if rng.random() < 0.4:
            pattern = reworded(rng, pattern)
        said = {}
        for index, (key, (_, value, _)) in enumerate(group, 1):
            mark, shown = "" if index == 1 else str(index), key.replace("_", " ")
            said |= {f"key{mark}": shown, f"Key{mark}": sentence(shown), f"KEY{mark}": shown.upper(), f"value{mark}": value}
        parts.append(fill(rng, False, pattern, said))
    if rng.random() < 0.15:
        parts.insert(rng.randint(0, len(parts)), fill(rng, False, choose(rng, rng.choice(bindings.ASIDES)), {}))
    return rng.choice((" ", " ", " ", "\n")).join(parts)


@task("record", 5.0)
def record(rng: random.Random, held: bool) -> Example:
    """Keys with invented names: what stands beside a key's words is its value."""
    told: dict[str, tuple[Mapping[str, Any], str, Any]] = {}
    for _ in range(rng.randint(1, 4 if held else 6)):
        schema, maker = rng.choice(_RECORD_VALUES)
        said, value = maker(rng, held)
        key = rng.choice(words.NOUNS) if rng.random() < 0.5 else invented(rng, held)
        if rng.random() < 0.25:
            key = rng.choice(words.ADJECTIVES) + "_" + key
        told[key] = (schema, said, value)
    text = bind_held(rng, told.items()) if held else bind_seen(rng, rng.sample(list(told.items()), len(told)))
    keys = rng.sample(list(told), len(told) if not held and rng.random() < 0.5 else rng.randint(1, len(told)))
    properties = {key: dict(told[key][0]) for key in keys}
    schema = {"type": "object", "properties": properties, "required": keys}
    name = (invented(rng, held) if rng.random() < 0.6 else rng.choice(words.NOUNS)).capitalize()
    return Example("record", name, schema, prompt(rng, held, text, name), text, {key: told[key][2] for key in keys})


@task("copy", 0.1)
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
    more = MORE[labelling.names[0]].get(true, ())
    text = choose(rng, rng.choice(unseen if held else more if more and rng.random() < 0.6 else seen))
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
