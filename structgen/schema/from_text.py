"""A value that must be taken from a given text: a string that occurs in it verbatim, a number or date that it says.

In: the text, and whether words may be cut. Out: metadata for ``Annotated``, which pydantic turns into a keyword of the JSON
Schema (``x-structgen-from-text`` or ``x-structgen-words-from-text``, so that the mask follows the text; for numbers and
dates an ``enum`` of those in the text) and into a check of the value (so that text written without a mask is held to the
same rule).

Caveats: strings are compared character by character, upper and lower case and white space included; the empty string
occurs in every text, so add ``min_length=1`` where it is not wanted. Numbers are found in digits and in English words,
dates in ISO form, with English names of months, and as 03/04/2024, which is taken for two dates.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from structgen.errors import SchemaError
from structgen.schema.scalars import all_dates, all_numbers
from structgen.schema.words import KEYWORD, WORDS_KEYWORD, is_piece, places_of

__all__ = ["FromText"]


@dataclass(frozen=True)
class FromText:
    """``Annotated[str, FromText(text)]``: a string that occurs verbatim in ``text``; of an ``int``, ``float`` or ``date``:
    one that the text says.

    ``whole_words``: it cuts no word of the text in two, and neither begins nor ends with white space. A word is a run of
    letters, digits, marks and underscores; Chinese, Japanese and other scripts without spaces may be cut anywhere.
    """

    source: str
    whole_words: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.source, str):
            raise SchemaError(f"FromText takes the text itself as a str, not {type(self.source).__name__}")
        if not isinstance(self.whole_words, bool):
            raise SchemaError(f"whole_words is True or False, not {self.whole_words!r:.40}")

    def check(self, value: str) -> str:
        """``value`` if it occurs in the text, else pydantic's error."""
        if value not in self.source:
            raise PydanticCustomError("from_text", "the string does not occur in the given text")
        if self.whole_words and not is_piece(value, self.source, places_of(self.source)):
            raise PydanticCustomError("from_text", "the string cuts a word of the given text in two, or ends in white space")
        return value

    def __get_pydantic_core_schema__(self, source_type: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        schema = handler(source_type)
        kind = _kind(schema)
        if kind not in ("str", "int", "float", "date"):
            raise SchemaError(
                f"FromText annotates {source_type!r}, which is not a string, number or date",
                instead="annotate the str itself: list[Annotated[str, FromText(text)]]",
            )
        check = self.check if kind == "str" else self.check_date if kind == "date" else self.check_number
        return core_schema.no_info_after_validator_function(check, schema)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        found = handler(schema)
        kind = _kind(schema)
        if kind == "str":
            return {**found, WORDS_KEYWORD if self.whole_words else KEYWORD: self.source}
        values: list[Any] = all_dates(self.source) if kind == "date" else all_numbers(self.source)
        if kind == "int":
            values = [value for value in values if isinstance(value, int)]
        return {**found, "enum": values} if values else {**found, "not": {}}

    def check_number(self, value: float) -> float:
        """``value`` if the text says it, else pydantic's error."""
        if value not in all_numbers(self.source):
            raise PydanticCustomError("from_text", "the number does not occur in the given text")
        return value

    def check_date(self, value: date) -> date:
        """``value`` if the text says it, else pydantic's error."""
        if value.isoformat() not in all_dates(self.source):
            raise PydanticCustomError("from_text", "the date does not occur in the given text")
        return value


def _kind(schema: Mapping[str, Any]) -> Any:
    """The type of a core schema, perhaps inside validators."""
    while schema.get("type") in ("function-after", "function-before", "function-wrap"):
        schema = schema["schema"]
    return schema.get("type")
