"""Makers of field values: how a value stands in a text, and what it is in the answer.

In: a random generator and the side of the split. Out: `(words, value)`. The one idea: whatever is a plain string in
the answer stands verbatim in the text, so that copying is all there is to learn; dates, numbers, booleans and labels
are the conversions. Caveat: `Field.names` hold the words a key may have; the first is the slot's name in templates.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import words
from words import invented, number, pick

__all__ = [
    "BOOLEAN",
    "DATE",
    "INTEGER",
    "NUMBER",
    "STRING",
    "Field",
    "Maker",
    "booleans",
    "city",
    "code",
    "company",
    "country",
    "date",
    "deed",
    "email",
    "event",
    "goods",
    "integers",
    "job",
    "labels",
    "listing",
    "person",
    "phone",
    "phrase",
    "price",
    "skill",
    "time",
]

Maker = Callable[[random.Random, bool], tuple[str, Any]]

STRING: dict[str, Any] = {"type": "string"}
INTEGER: dict[str, Any] = {"type": "integer"}
NUMBER: dict[str, Any] = {"type": "number"}
BOOLEAN: dict[str, Any] = {"type": "boolean"}
DATE: dict[str, Any] = {"type": "string", "format": "date"}


@dataclass(frozen=True)
class Field:
    """A field: the names its key may have, its schema, its value's maker, and documentation it may carry."""

    names: tuple[str, ...]
    schema: Mapping[str, Any]
    make: Maker
    docs: tuple[str, ...] = ()


def given(rng: random.Random, held: bool) -> str:
    if rng.random() < 0.5:
        return pick(rng, words.FIRST, held)
    return invented(rng, held, like=words.FIRST).capitalize()


def family(rng: random.Random, held: bool) -> str:
    way = rng.random()
    name = pick(rng, words.LAST, held) if way < 0.45 else invented(rng, held, like=words.LAST).capitalize()
    if way > 0.95:
        name = rng.choice(("van ", "de ", "von ", "Mc", "O'", "al-", "de la ")) + name
    elif way > 0.92:
        name += "-" + invented(rng, held, like=words.LAST).capitalize()
    return name


def person(rng: random.Random, held: bool) -> tuple[str, str]:
    way = rng.random()
    name = given(rng, held)
    if way < 0.22:
        return name, name
    if way < 0.27:
        name += " " + rng.choice("ABCDEFGHJKLMNPRSTW") + "."
    elif way < 0.33:
        name += " " + given(rng, held)
    name += " " + family(rng, held)
    return name, name


def city(rng: random.Random, held: bool) -> tuple[str, str]:
    way = rng.random()
    if way < 0.55:
        name = pick(rng, words.CITIES, held)
    else:
        name = invented(rng, held, like=words.CITIES).capitalize()
        if way > 0.95:
            name = rng.choice(("New ", "Port ", "San ", "Saint ", "North ", "El ")) + name
        elif way > 0.88:
            name += rng.choice(("ville", "town", "burg", "ford", " Falls", " Beach", "ton", " Bay"))
    return name, name


def country(rng: random.Random, held: bool) -> tuple[str, str]:
    if rng.random() < 0.6:
        name = pick(rng, words.COUNTRIES, held)
    else:
        name = invented(rng, held).capitalize() + rng.choice(("ia", "land", "istan", "a", ""))
    return name, name


def job(rng: random.Random, held: bool) -> tuple[str, str]:
    way = rng.random()
    if way < 0.65:
        name = pick(rng, words.JOBS, held)
    elif way < 0.8:
        name = (
            rng.choice(words.NOUNS) + " " + rng.choice(("engineer", "designer", "seller", "inspector", "maker", "manager"))
        )
    else:
        name = invented(rng, held) + rng.choice(("er", "ist", "or", "", "ian", " maker"))
    return name, name


def skill(rng: random.Random, held: bool) -> tuple[str, str]:
    name = pick(rng, words.SKILLS, held) if rng.random() < 0.6 else invented(rng, held)
    return name, name


def company(rng: random.Random, held: bool) -> tuple[str, str]:
    name = invented(rng, held, like=words.LAST).capitalize() if rng.random() < 0.7 else pick(rng, words.LAST, held)
    name += rng.choice(("", "", " Ltd", " Inc", " Labs", " & Sons", " GmbH", " Systems", " Foods", " Group", " Air", "soft"))
    return name, name


def goods(rng: random.Random, held: bool) -> tuple[str, str]:
    """A thing one buys: `steel kettle`, `blick`, `Zorbo X2`."""
    way = rng.random()
    name = pick(rng, words.GOODS, held) if way < 0.65 else invented(rng, held)
    if rng.random() < 0.4:
        name = rng.choice(words.ADJECTIVES) + " " + name
    if way > 0.9:
        name = invented(rng, held).capitalize() + rng.choice(("", " Pro", " Mini", " X" + str(rng.randint(1, 9)), " 3000"))
    return name, name


def event(rng: random.Random, held: bool) -> tuple[str, str]:
    """A title in capitals: `Spring Concert`, `Zandor Days`."""
    first = rng.choice(
        (
            rng.choice(words.listed("Spring Summer Autumn Winter Annual Jazz Open Night Street Book Science City River")),
            invented(rng, held).capitalize(),
            pick(rng, words.CITIES, held),
            rng.choice(words.NOUNS).capitalize(),
        )
    )
    last = rng.choice(
        words.listed("Festival Concert Fair Conference Summit Workshop Gala Marathon Meetup Show Days Market Party Forum")
    )
    name = f"{first} {last}" if rng.random() < 0.8 else f"{first} {invented(rng, held).capitalize()} {last}"
    return name, name


def phrase(rng: random.Random, held: bool) -> tuple[str, str]:
    """Two or three small words, some of them invented."""
    parts = [invented(rng, held) if rng.random() < 0.4 else rng.choice(words.NOUNS) for _ in range(rng.randint(1, 2))]
    if rng.random() < 0.6:
        parts.insert(0, rng.choice(words.ADJECTIVES))
    return " ".join(parts), " ".join(parts)


def deed(rng: random.Random, held: bool) -> str:
    """What somebody did, for filler: `wrote the first program`."""
    verb = rng.choice(words.VERBS) if rng.random() < 0.85 else invented(rng, held) + "ed"
    noun = rng.choice(words.NOUNS) if rng.random() < 0.8 else invented(rng, held)
    adjective = rng.choice(words.ADJECTIVES) + " " if rng.random() < 0.4 else ""
    article = rng.choice(("the", "the", "a", "their", "one more", "an early", "that", "several"))
    return f"{verb} {article} {adjective}{noun}" + ("s" if article == "several" else "")


def integers(low: int, high: int, *, spelt: bool = False) -> Maker:
    """Integers of a range; `spelt` writes some small ones as words."""

    def make(rng: random.Random, held: bool) -> tuple[str, int]:
        top = high if rng.random() < 0.6 else min(high, low + 30)
        value = number(rng, low, top, held)
        if spelt and value < len(words.NUMBER_WORDS) and rng.random() < 0.25:
            return words.NUMBER_WORDS[value], value
        if value >= 1000 and high > 3000 and rng.random() < 0.4:
            return f"{value:,}", value
        return str(value), value

    return make


def price(rng: random.Random, held: bool) -> tuple[str, float]:
    whole = number(rng, 1, rng.choice((20, 100, 999)), held)
    cents = rng.choice((0, 0, rng.randint(1, 9) * 10 + rng.randint(1, 9)))
    value: float = whole if not cents else float(f"{whole}.{cents}")
    text = rng.choice(("${}", "${}", "€{}", "£{}", "{} dollars", "{} euros", "{} EUR", "{} pounds")).format(value)
    return text, value


def date(rng: random.Random, held: bool) -> tuple[str, str]:
    year, month, day = number(rng, 1950, 2035, held), rng.randint(1, 12), rng.randint(1, 28)
    name = words.MONTHS[month - 1]
    iso = f"{year}-{month:02}-{day:02}"
    ending = {1: "st", 2: "nd", 3: "rd", 21: "st", 22: "nd", 23: "rd"}.get(day, "th")
    way = rng.random()
    if way < 0.2:
        return iso, iso
    if way < 0.55:
        return f"{name} {day}, {year}", iso
    if way < 0.85:
        return f"{day} {name} {year}", iso
    return f"{name} {day}{ending}, {year}", iso


def time(rng: random.Random, held: bool) -> tuple[str, str]:
    way = rng.random()
    if way < 0.5:
        text = f"{rng.randint(0, 23):02}:{rng.choice((0, 15, 30, 45, rng.randint(0, 59))):02}"
    else:
        text = f"{rng.randint(1, 12)}{rng.choice((' ', ''))}{rng.choice(('am', 'pm'))}"
    return text, text


def phone(rng: random.Random, held: bool) -> tuple[str, str]:
    digits = "".join(rng.choice("0123456789") for _ in range(7))
    text = rng.choice(
        (
            f"555-{digits[:4]}",
            f"+{digits[:2]} {digits[2:]}",
            f"0{digits[:2]} {digits[2:]}",
            f"({digits[:3]}) {digits[3:]}",
            f"0{digits}",
        )
    )
    return text, text


def email(rng: random.Random, held: bool) -> tuple[str, str]:
    user, host = given(rng, held).lower(), invented(rng, held)
    if rng.random() < 0.4:
        user += rng.choice((".", "_", "-", "")) + invented(rng, held)
    text = f"{user}@{rng.choice((host, 'example', 'mail'))}.{rng.choice(('com', 'org', 'net', 'io', 'de', 'co.uk'))}"
    return text, text


def code(rng: random.Random, held: bool) -> tuple[str, str]:
    """A number on a ticket: `KX-4821`, `B12`."""
    letters = "".join(rng.choice("ABCDEFGHJKLMNPQRSTUVWXYZ") for _ in range(rng.randint(1, 3)))
    digits = "".join(rng.choice("0123456789") for _ in range(rng.randint(2, 5)))
    text = letters + rng.choice(("", "-", "")) + digits
    return text, text


def labels(phrases: Mapping[str, tuple[str, ...]]) -> Maker:
    """Values of an enum, each with the words that mean it."""

    def make(rng: random.Random, held: bool) -> tuple[str, str]:
        value = rng.choice(list(phrases))
        return rng.choice(phrases[value]), value

    return make


def booleans(yes: tuple[str, ...], no: tuple[str, ...]) -> Maker:
    def make(rng: random.Random, held: bool) -> tuple[str, bool]:
        value = rng.random() < 0.5
        return rng.choice(yes if value else no), value

    return make


def listing(item: Maker, low: int = 1, high: int = 4) -> Maker:
    """Several items, as English lists them."""

    def make(rng: random.Random, held: bool) -> tuple[str, list[Any]]:
        pairs = [item(rng, held) for _ in range(rng.randint(low, high))]
        texts = [text for text, _ in pairs]
        joined = texts[0]
        if len(texts) > 1:
            comma = "," if len(texts) > 2 and rng.random() < 0.3 else ""
            joined = ", ".join(texts[:-1]) + f"{comma} and {texts[-1]}"
        return joined, [value for _, value in pairs]

    return make
