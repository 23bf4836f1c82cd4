"""One type, two formats: the same order as YAML and its lines as CSV, each right by construction.

    python examples/yaml_and_csv.py

In: a text and a type. Out: what the model writes as YAML and as CSV, and both as values of the type. How well they fit the
text is up to the model; that each is a value of the type, to any reader of YAML and of CSV, is not.
"""

from __future__ import annotations

import csv
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, Field

import structgen as sg


class Item(BaseModel):
    """One line of an order."""

    name: Annotated[str, Field(pattern="^[a-z]{3,12}$")]
    count: Annotated[int, Field(ge=1, le=99)]
    colour: Literal["red", "blue", "green"] | None


class Order(BaseModel):
    """An order with its lines."""

    paid: Literal["yes", "no"]
    items: Annotated[list[Item], Field(min_length=1, max_length=2)]


TEXT = "Please send me three red lamps and one blue chair. I have paid."
AS_YAML, AS_CSV = sg.Yaml(Order), sg.Csv(Item, min_rows=1, max_rows=2)


def main(text: str = TEXT) -> tuple[str, str]:
    """The order as YAML, and its lines as CSV."""
    model = sg.load_model()
    return (model.generate(text, AS_YAML, max_tokens=160).text,
            model.generate(text, AS_CSV, max_tokens=160).text)


if __name__ == "__main__":
    order_text, table = main()
    print(order_text, table, sep="\n")
    order, items = AS_YAML.read(order_text), AS_CSV.read(table)
    assert isinstance(order, Order) and yaml.safe_load(order_text) == order.model_dump()  # "yes" is a text to it, too
    assert all(isinstance(item, Item) for item in items) and len(list(csv.reader(table.splitlines()))) == len(items) + 1
    known = Order(paid="no", items=[Item(name="lamp", count=3, colour=None)])
    assert AS_YAML.write(known) == 'paid: "no"\nitems:\n  - name: lamp\n    count: 3\n    colour: null\n'
