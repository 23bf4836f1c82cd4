"""What of a wrong answer was right, so that asking again keeps it.

In: the error of an attempt, with the text that the model wrote. Out: the paths that are wrong, as the validator told them,
and a schema in which everything else is fixed. The one idea: a JSON value that fails at ``$.age`` is a schema of its own
with ``const`` everywhere but there, and goes beside the type's schema as one more ``allOf``; so the mask writes what was
valid, without asking the model (``forced``), and the model has a say only in what is wrong.

Caveats: only JSON under a schema has paths. What is wrong may be elsewhere than the path says (an end before a start): where
the same path has failed ``PATIENCE`` times more, what is around it is let go too, a level each time. Whoever asks a server
gets what should stay in words only; in any case ``held`` says what has stayed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from structgen.errors import GenerationError, ReadError
from structgen.generation.target import Target
from structgen.schema.python_types import load_json

__all__ = ["Kept", "kept_of"]

Path = tuple[str | int, ...]
PATIENCE = 2
_STEP = re.compile(r"""\[(?P<index>\d+)\]|\[(?P<quoted>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')\]|\.(?P<name>[^.\[]+)""")


@dataclass(frozen=True)
class Kept:
    """A value of which some parts are wrong; ``told``: the paths as they were told, ``again``: how often before, too."""

    value: Any
    told: frozenset[Path]
    again: int = 0

    @property
    def wrong(self) -> frozenset[Path]:
        """The paths of what is to be written anew."""
        return frozenset(path[:max(0, len(path) - self.again // PATIENCE)] for path in self.told)

    def paths(self) -> tuple[str, ...]:
        """The JSONPath of each part that stays, as large as it can be."""
        return tuple(_shown(path) for path, _ in _right(self.value, self.wrong, ()))

    def held(self, text: str) -> tuple[str, ...]:
        """The paths among these at which another answer has the same value."""
        try:
            other = load_json(text)
        except ReadError:
            return ()
        return tuple(_shown(path) for path, value in _right(self.value, self.wrong, ()) if _same(_at(other, path), value))

    def target(self, target: Target) -> Target | None:
        """The target with everything fixed that stays; None where nothing does, or the target has no schema."""
        from structgen.formats.json.source import JsonSchema

        source = target.source
        if not isinstance(source, JsonSchema) or not self.paths():
            return None
        schema = load_json(source.schema.decode() if isinstance(source.schema, bytes) else source.schema) \
            if isinstance(source.schema, (str, bytes)) else source.schema
        if not isinstance(schema, Mapping):
            return None
        both = {**schema, "allOf": [*schema.get("allOf", ()), _fixed(self.value, self.wrong)]}
        return replace(target, source=replace(source, schema=both), key=None, labels=())


def kept_of(error: GenerationError, earlier: Kept | None = None) -> Kept | None:
    """What an attempt's error leaves standing; None where there is no JSON text, or no place in it that is wrong."""
    if error.text is None:
        return None
    try:
        value = load_json(error.text)
    except ReadError:
        return None
    told = frozenset(_told(error, value))
    if not told:
        return None
    return Kept(value, told, earlier.again + 1 if earlier is not None and earlier.told == told else 0)


def _told(error: BaseException, value: Any) -> Iterator[Path]:
    """Every path that a validator named: pydantic's all of them, of others the one in the error's position."""
    from pydantic import ValidationError

    position = getattr(error, "position", None)
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ValidationError):
            for problem in cause.errors(include_url=False, include_context=False, include_input=False):
                yield _in_value(problem["loc"], value, problem["type"] == "missing")
            return
        cause = cause.__cause__
    if isinstance(position, str) and position.startswith("$"):
        found = _read(position[1:], value)
        if found is not None:
            yield found


def _in_value(location: Sequence[str | int], value: Any, missing: bool) -> Path:
    """pydantic's location without what is no member: names of unions' members, of functions, ``[key]``."""
    path: list[str | int] = []
    for place, step in enumerate(location):
        inner = _at(value, (step,))
        if inner is not _NOTHING:
            path.append(step)
            value = inner
        elif missing and place == len(location) - 1 and isinstance(value, dict):
            path.append(step)
    return tuple(path)


def _read(position: str, value: Any) -> Path | None:
    """A JSONPath's steps in a value; names with dots are told by the names that are there."""
    path: list[str | int] = []
    step: str | int
    while position:
        names = [name for name in value if position[1:].startswith(name)] if isinstance(value, dict) else []
        ends = [name for name in names if position[0] == "." and position[len(name) + 1:len(name) + 2] in ("", ".", "[")]
        found = _STEP.match(position)
        if ends:
            longest = max(ends, key=len)
            step, position = longest, position[1 + len(longest):]
        elif found is None:
            return None
        else:
            index, quoted, name = found.group("index", "quoted", "name")
            step = int(index) if index is not None else name if quoted is None else _unquoted(quoted)
            position = position[found.end():]
        path.append(step)
        value = _at(value, (step,))
    return tuple(path)


def _unquoted(text: str) -> str:
    if text[0] == "'":
        return re.sub(r"\\(.)", r"\1", text[1:-1])
    return str(json.loads(text))


class _Nothing:
    """What is not there; no value of JSON."""


_NOTHING = _Nothing()


def _at(value: Any, path: Path) -> Any:
    for step in path:
        known = step in value if isinstance(value, dict) else isinstance(value, list) and \
            isinstance(step, int) and 0 <= step < len(value)
        if not known:
            return _NOTHING
        value = value[step]
    return value


def _same(one: Any, other: Any) -> bool:
    return other is not _NOTHING and json.dumps(one, sort_keys=True, default=repr) == json.dumps(other, sort_keys=True)


def _inside(wrong: frozenset[Path], step: str | int) -> frozenset[Path]:
    return frozenset(path[1:] for path in wrong if path[0] == step)


def _right(value: Any, wrong: frozenset[Path], path: Path) -> Iterator[tuple[Path, Any]]:
    """The largest parts that have nothing wrong in them."""
    if not wrong:
        yield path, value
    elif () not in wrong:
        members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        for step, one in members:
            yield from _right(one, _inside(wrong, step), (*path, step))


def _fixed(value: Any, wrong: frozenset[Path]) -> dict[str, Any]:
    """A schema for everything that has all that is right, and anything where something is wrong."""
    if not wrong:
        return {"const": value}
    if () in wrong:
        return {}
    if isinstance(value, dict):
        members = {name: _fixed(one, _inside(wrong, name)) for name, one in value.items()}
        return {"type": "object", "properties": members, "required": [name for name, one in members.items() if one]}
    if isinstance(value, list):
        items = [_fixed(one, _inside(wrong, place)) for place, one in enumerate(value)]
        return {"type": "array", "prefixItems": items, "minItems": len(items), "maxItems": len(items)}
    return {}


def _shown(path: Path) -> str:
    return "$" + "".join(f"[{json.dumps(step, ensure_ascii=False)}]" if isinstance(step, int) or not step.isidentifier()
                         else f".{step}" for step in path)
