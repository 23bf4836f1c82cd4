"""Numbers and dates that are taken from a text; strings are tested with the masks."""

from __future__ import annotations

import datetime
from typing import Annotated, Any

import pydantic
import pytest

from structgen.compiler import Compiler
from structgen.errors import UnsatisfiableError
from structgen.schema.from_text import FromText
from structgen.schema.scalars import all_dates, all_numbers
from structgen.vocabulary import Vocabulary

TEXT = "On 03/04/2024 Ada (36) paid $1,234.50 for twenty-one lamps; QL61 is no number. It was due on May 7, 2023."
BYTES = Vocabulary([*(bytes([byte]) for byte in range(256)), None], 256)


def test_numbers_of_a_text_are_found_in_digits_and_words() -> None:
    assert set(all_numbers(TEXT)) >= {36, 1234.5, 21, 2024, 7}
    assert 61 not in all_numbers(TEXT)
    assert all_numbers("nothing here") == []


def test_dates_of_a_text_have_every_reading() -> None:
    assert set(all_dates(TEXT)) == {"2024-04-03", "2024-03-04", "2023-05-07"}


def accepts(output_type: Any, text: str) -> bool:
    matcher = Compiler(BYTES).compile(output_type).matcher()
    return bool(matcher.advance_bytes(text.encode()) and matcher.is_accepting)


class Sale(pydantic.BaseModel):
    amount: Annotated[float, FromText(TEXT)]
    count: Annotated[int, FromText(TEXT)]
    day: Annotated[datetime.date, FromText(TEXT)]


def sale(amount: str = "1234.5", count: int = 21, day: str = "2024-03-04") -> str:
    return f'{{"amount": {amount}, "count": {count}, "day": "{day}"}}'


def test_masks_and_checks_hold_numbers_and_dates_to_the_text() -> None:
    assert accepts(Sale, sale())
    assert Sale.model_validate_json(sale()).count == 21
    for wrong in (sale(amount="1234"), sale(count=22), sale(day="2024-03-05")):
        assert not accepts(Sale, wrong)
        with pytest.raises(pydantic.ValidationError, match="does not occur in the given text"):
            Sale.model_validate_json(wrong)


def test_a_text_without_numbers_has_no_value_but_null() -> None:
    class Maybe(pydantic.BaseModel):
        count: Annotated[int, FromText("none")] | None

    assert accepts(Maybe, '{"count": null}')
    assert not accepts(Maybe, '{"count": 1}')
    with pytest.raises(UnsatisfiableError):
        Compiler(BYTES).compile(Annotated[int, FromText("none")])


def test_bounds_and_the_text_hold_together() -> None:
    assert accepts(Annotated[int, FromText("3 or 30"), pydantic.Field(gt=10)], "30")
    assert not accepts(Annotated[int, FromText("3 or 30"), pydantic.Field(gt=10)], "3")
