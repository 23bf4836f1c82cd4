"""How many tokens a value takes in each format, as a Markdown table.

    python benchmarks/tokens_per_value.py [--values 200] [--seed 0]

In: the types below, and random values of them. Out: for each type the mean number of tokens of one value as compact JSON, as
JSON with spaces and line breaks (``json.dumps(indent=2)``, which bounded white space allows), as YAML and, for lists of flat
rows, as CSV. Every text is checked to be accepted by the grammar of its format, so what is counted is what a mask allows.
Vocabulary: Tekken, 131,072 tokens; texts are split as its own tokenizer splits them.

Caveat: values are made of short English words; other texts change the numbers, hardly their order.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, TypeAdapter

from structgen import Compiler, Csv, JsonSchema, Vocabulary, Yaml
from structgen.schema.python_types import schema_of

WORDS = ("the", "a", "red", "lamp", "chair", "table", "large", "small", "wooden", "order", "street", "London", "Paris",
         "garden", "river", "house", "blue", "green", "of", "and")
NAMES = ("Ada Lovelace", "Alan Turing", "Grace Hopper", "Emmy Noether", "Kurt Gödel")


class Person(BaseModel):
    name: str
    age: int
    email: Annotated[str, Field(min_length=1)] | None


class Item(BaseModel):
    name: str
    count: int
    price: float
    colour: Literal["red", "blue", "green"]


class Order(BaseModel):
    number: int
    customer: Person
    items: list[Item]
    notes: list[str]
    paid: bool


class Config(BaseModel):
    service: str
    image: str
    replicas: int
    ports: list[int]
    env: dict[str, str]


class Values:
    """Random values of the types."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)

    def words(self, least: int, most: int) -> str:
        return " ".join(self.chance.choices(WORDS, k=self.chance.randint(least, most)))

    def person(self) -> Person:
        name = self.chance.choice(NAMES)
        mail = f"{name.split()[0].lower()}@example.com" if self.chance.random() < 0.7 else None
        return Person(name=name, age=self.chance.randint(18, 90), email=mail)

    def item(self) -> Item:
        return Item(name=self.words(1, 3), count=self.chance.randint(1, 99), price=self.chance.randint(100, 99_999) / 100,
                    colour=self.chance.choice(("red", "blue", "green")))

    def items(self) -> list[Item]:
        return [self.item() for _ in range(self.chance.randint(5, 15))]

    def people(self) -> list[Person]:
        return [self.person() for _ in range(self.chance.randint(5, 15))]

    def order(self) -> Order:
        return Order(number=self.chance.randint(1, 10**6), customer=self.person(), items=self.items()[:5],
                     notes=[self.words(3, 12) for _ in range(self.chance.randint(0, 3))], paid=self.chance.random() < 0.5)

    def config(self) -> Config:
        chance = self.chance
        return Config(service=self.words(1, 1), image=f"example.com/{chance.choice(WORDS)}:{chance.randint(1, 9)}.0",
                      replicas=chance.randint(1, 9), ports=chance.sample(range(80, 9000), chance.randint(1, 3)),
                      env={f"{word.upper()}_URL": f"http://{word}:80" for word in chance.sample(WORDS, 3)})


TYPES: list[tuple[str, Any, Callable[[Values], Any]]] = [
    ("a person: 3 scalars", Person, Values.person),
    ("an order: nested", Order, Values.order),
    ("a configuration: lists and maps", Config, Values.config),
    ("5 to 15 people", list[Person], Values.people),
    ("5 to 15 items", list[Item], Values.items),
]


def texts(tp: Any, value: Any) -> dict[str, tuple[Any, str]]:
    """For each format its source and the text of the value."""
    data = TypeAdapter(tp).dump_python(value, mode="json")
    schema = schema_of(tp).schema
    found: dict[str, tuple[Any, str]] = {
        "JSON compact": (JsonSchema(schema, whitespace="compact"),
                         json.dumps(data, separators=(",", ":"), ensure_ascii=False)),
        "JSON bounded": (JsonSchema(schema), json.dumps(data, indent=2, ensure_ascii=False)),
        "YAML": (Yaml(tp), Yaml(tp).write(value)),
    }
    if isinstance(data, list):
        row = tp.__args__[0]
        lines = [list(data[0]), *([cell(one) for one in row.values()] for row in data)]
        found["CSV"] = (Csv(row), "".join(",".join(line) + "\n" for line in lines))
    return found


def cell(value: Any) -> str:
    """A value as a cell; the texts above need no quotes."""
    return "" if value is None else value if isinstance(value, str) else json.dumps(value)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--values", type=int, default=200)
    options.add_argument("--seed", type=int, default=0)
    given = options.parse_args()
    vocabulary = tekken()
    compiler = Compiler(Vocabulary([*(bytes([byte]) for byte in range(256)), None], [256]))
    formats = ("JSON compact", "JSON bounded", "YAML", "CSV")
    print("| |", " | ".join(formats), "|\n|---|" + "---:|" * len(formats))
    for title, tp, make in TYPES:
        values, counts = Values(given.seed), dict.fromkeys(formats, 0)
        compiled: dict[str, Any] = {}
        for _ in range(given.values):
            for name, (source, text) in texts(tp, make(values)).items():
                if name not in compiled:
                    compiled[name] = compiler.compile(source)
                matcher = compiled[name].matcher()
                assert matcher.advance_bytes(text.encode()) and matcher.is_accepting, (name, text)
                counts[name] += len(vocabulary.encode(text))
        means = [f"{counts[name] / given.values:.1f}" if counts[name] else "" for name in formats]
        print(f"| {title} |", " | ".join(means), "|")


def tekken() -> Vocabulary:
    """Mistral's Tekken vocabulary, from the file that comes with mistral_common."""
    import mistral_common

    return Vocabulary.from_mistral(Path(mistral_common.__file__).parent / "data" / "tekken_240911.json")


if __name__ == "__main__":
    main()
