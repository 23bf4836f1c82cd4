"""A table from a type: every cell is what the row says, and the text reads back as rows.

    python examples/csv_rows.py

In: a text and a row type. Out: CSV with a header, and the rows as values of the type. How well the rows fit the text is
up to the model; that each is a row of the type is not.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field

import structgen as sg


class Item(BaseModel):
    """One line of an order."""

    name: Annotated[str, Field(pattern="^[A-Z][a-z ,]{2,12}$")]
    count: Annotated[int, Field(ge=1, le=99)]
    colour: Literal["red", "blue", "green"] | None


TABLE = sg.Csv(Item, min_rows=1, max_rows=3)
TEXT = "Please send me three red lamps and one blue chair."


def main(text: str = TEXT) -> str:
    """The table that the model writes."""
    return str(sg.load_model().generate(text, TABLE, max_tokens=120).value)


if __name__ == "__main__":
    table = main()
    print(table)
    items = TABLE.read(table)
    assert 1 <= len(items) <= 3
    assert all(isinstance(item, Item) for item in items)
    assert TABLE.read('name,count,colour\n"Lamp, tall",3,red\nChair,1,\n')[1].colour is None
