"""``PartialReader``: the value of a text while it is being written.

In: the pieces of a stream. Out: the value so far, and which of its fields are finished. All pieces together cost one pass;
``finish`` reads the whole text once more, with every repair that needs to see what follows.
"""

from __future__ import annotations

from typing import Any, get_args

from structgen.errors import ReadError
from structgen.formats.base import Reading, growth_named
from structgen.formats.read import read

__all__ = ["PartialReader"]


class PartialReader:
    """Reads a text in pieces.

    ``value`` grows: fields that have appeared stay, lists and strings only get longer; its containers are changed in place,
    so copy what you keep. ``view()`` shows it as ``output_type`` with every field optional.
    """

    def __init__(self, output_type: Any = None, *, format: str = "json") -> None:
        self.output_type, self.format = output_type, format
        self._growth = growth_named(format)
        self._pieces: list[str] = []

    @property
    def value(self) -> Any:
        """The value so far; None before it has begun."""
        return self._growth.value

    @property
    def text(self) -> str:
        return "".join(self._pieces)

    def feed(self, piece: str) -> Any:
        """Reads the next piece; the value so far."""
        self._pieces.append(piece)
        self._growth.feed(piece)
        return self._growth.value

    def is_finished(self, *path: str | int) -> bool:
        """Whether the field at these keys has appeared and will not change: no keys, the whole value."""
        value = self.value
        for key in path:
            try:
                value = value[key]
            except (LookupError, TypeError):
                return False
        if value is None and not path:
            return False
        being_read = self._growth.open_path
        return being_read is None or being_read[:len(path)] != path

    def view(self) -> Any:
        """The value so far as the output type, unchecked: of a pydantic model an instance whose absent fields are None."""
        return self.value if self.output_type is None else _view(self.value, self.output_type)

    def finish(self) -> Reading:
        """The reading of the whole text; ``ReadError`` if it has no value of the type."""
        if not self._pieces:
            raise ReadError("no text was fed")
        return read(self.text, self.output_type, format=self.format)


def _view(value: Any, wanted: Any) -> Any:
    from pydantic import BaseModel

    if isinstance(value, dict):
        models = [one for one in (wanted, *get_args(wanted)) if isinstance(one, type) and issubclass(one, BaseModel)]
        if models:
            return _instance(value, models[0])
        inner = get_args(wanted)[-1:] or (None,)
        return {name: _view(item, inner[0]) for name, item in value.items()}
    if isinstance(value, list):
        inner = get_args(wanted)[:1] or (None,)
        return [_view(item, inner[0]) for item in value]
    return value


def _instance(value: dict[str, Any], model: Any) -> Any:
    fields: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        given = value.get(field.alias or name, value.get(name))
        fields[name] = _view(given, field.annotation)
    made = model.model_construct(**fields)
    made.__pydantic_fields_set__.intersection_update(name for name, field in model.model_fields.items()
                                                     if name in value or field.alias in value)
    return made
