"""``FreeText``, ``Then`` and ``Tags``: free text as a source of grammars, before a structure or with structures in it.

In: closing tags, triggers, and any types or sources. Out, from ``to_grammar``: the exact grammar. Free text may hold
anything that can be written, but not what ends it: from where a trigger is complete on, only what belongs to it can come.
A token may run over such a place where what is behind it fits. Tokens that are special in the vocabulary never occur.

``read`` gives the parts back as values; it takes only text that the grammar allows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from structgen.errors import ReadError, SchemaError
from structgen.formats.json.source import JsonSchema
from structgen.formats.tagged.free import check_count, check_word, text_until, text_without
from structgen.formats.tagged.parts import Part, Render, as_part, json_end, located
from structgen.grammar.build import alt, literal, repeat, seq
from structgen.grammar.combine import Parts, branches
from structgen.grammar.nodes import Grammar, Node
from structgen.limits import Limits

__all__ = ["FreeText", "Part", "Tag", "Tagged", "Tags", "Then", "check_count", "located", "text_without"]

_ENDS_TRIED = 1000
"""Closing tags at which a structure that is not JSON is tried to end."""


@dataclass(frozen=True, slots=True)
class FreeText:
    """Any text of ``min_chars`` to ``max_chars`` characters, without the words of ``without``.

    ``until``: the text ends with this word, where it first occurs, and it is not counted. At ``max_chars`` the word is
    all that can come, so that thinking ends in time. The value is the text before the word.
    """

    until: str | None = None
    _: Any = None
    min_chars: int = 0
    max_chars: int | None = None
    without: tuple[str, ...] = ()

    def __init__(
        self, until: str | None = None, *, min_chars: int = 0, max_chars: int | None = None, without: Iterable[str] = ()
    ) -> None:
        words = (without,) if isinstance(without, str) else tuple(without)
        if until is not None:
            check_word(until, "FreeText(until=…)")
        for word in words:
            check_word(word, "FreeText(without=…)")
        check_count(min_chars, "FreeText(min_chars=…)")
        check_count(max_chars, "FreeText(max_chars=…)")
        if max_chars is not None and max_chars < min_chars:
            raise SchemaError(f"FreeText(min_chars={min_chars}, max_chars={max_chars}) runs backwards")
        if until is not None and any(word in until for word in words):
            raise SchemaError(f"FreeText(until={until!r}) can never end", because="a word of `without` occurs in it")
        for name, value in (
            ("until", until),
            ("_", None),
            ("min_chars", min_chars),
            ("max_chars", max_chars),
            ("without", words),
        ):
            object.__setattr__(self, name, value)

    def to_grammar(self, limits: Limits) -> Grammar:
        """The grammar of the texts."""
        return Grammar(self.node(), pruned=True)

    def instructions(self, render: Render) -> str:
        """What a model is told: how the free text has to end."""
        return f"Write free text, and then {self.until}" if self.until is not None else ""

    def node(self) -> Node:
        """The language of the texts."""
        if self.until is None:
            return text_without(self.without, self.min_chars, self.max_chars)
        return text_until(self.until, self.without, self.min_chars, self.max_chars)

    def read(self, text: str) -> str:
        """The text before ``until``; ``ReadError`` for a text that is not allowed."""
        end = self.end_in(text)
        if end != len(text):
            raise ReadError(f"{self.until!r} is not the end of the text", position=f"character {end}")
        return text[: end - len(self.until or "")]

    def end_in(self, text: str, start: int = 0) -> int:
        """Where the free text ends that begins at ``start``, ``until`` included."""
        found = len(text) if self.until is None else text.find(self.until, start)
        if found < 0:
            raise ReadError(f"the text does not reach {self.until!r}", position=f"character {len(text)}")
        end = found + len(self.until or "")
        for word in self.without:
            at = text.find(word, start, end)
            if at >= 0:
                raise ReadError(f"{word!r} occurs in free text", position=f"character {at}")
        if found - start < self.min_chars or (self.max_chars is not None and found - start > self.max_chars):
            raise ReadError(
                f"the free text has {found - start} characters",
                position=f"character {start}",
                because=f"{self.min_chars} to {self.max_chars} were asked for",
            )
        return end


@dataclass(frozen=True, slots=True, eq=False)
class Then:
    """Parts one after another: free text up to a word, literal texts, and at last anything.

        Then("<think>", FreeText(until="</think>", max_chars=2000), Person)

    The value is a tuple of the parts' values, literal texts left out.
    """

    parts: tuple[Any, ...]

    def __init__(self, *parts: Any) -> None:
        if not parts:
            raise SchemaError("Then(…) has no parts")
        for number, part in enumerate(parts):
            last = number == len(parts) - 1
            if isinstance(part, str):
                check_word(part, f"part {number} of Then(…)")
            elif not last and (not isinstance(part, FreeText) or part.until is None):
                raise SchemaError(
                    f"part {number} of Then(…) is {type(part).__name__}, and more follows",
                    because="where it ends could not be told when the text is read",
                    instead="put FreeText(until=…) and literal texts first, and one type or source last",
                )
        object.__setattr__(
            self,
            "parts",
            tuple(
                part if isinstance(part, (str, FreeText)) else as_part(part, f"part {number}")
                for number, part in enumerate(parts)
            ),
        )

    def to_grammar(self, limits: Limits) -> Grammar:
        """The grammar of the whole."""
        parts = Parts()
        nodes: list[Node] = []
        for number, part in enumerate(self.parts):
            if isinstance(part, Part):
                nodes.append(part.add_to(parts, limits, f"part {number}"))
            else:
                nodes.append(literal(part) if isinstance(part, str) else part.node())
        return parts.grammar(seq(*nodes))

    def instructions(self, render: Render) -> str:
        """What a model is told of the parts, in their order; literal texts, which only it could write, are left out."""
        told = [
            part.words(render) if isinstance(part, Part) else part.instructions(render)
            for part in self.parts
            if not isinstance(part, str)
        ]
        return "\n".join(filter(None, told))

    def read(self, text: str) -> tuple[Any, ...]:
        """The values of the parts; ``ReadError`` where the text is not allowed."""
        at, values = 0, []
        for part in self.parts:
            if isinstance(part, str):
                if not text.startswith(part, at):
                    raise ReadError(f"{part!r} is missing", position=f"character {at}")
                at += len(part)
            elif isinstance(part, FreeText):
                end = part.end_in(text, at)
                values.append(text[at : end - len(part.until or "")])
                at = end
            else:
                values.append(part.read(text[at:]))
                at = len(text)
        if at != len(text):
            raise ReadError("there is more text behind the last part", position=f"character {at}")
        return tuple(values)


@dataclass(frozen=True, slots=True, eq=False)
class Tag:
    """A structure in free text: ``begin``, then what ``content`` allows (a type or source), then ``end``."""

    begin: str
    content: Any
    end: str


@dataclass(frozen=True, slots=True, eq=False)
class Tagged:
    """A structure as it was read: the tag's ``begin``, its ``value``, and the ``text`` of the content."""

    begin: str
    value: Any
    text: str


@dataclass(frozen=True, slots=True, eq=False)
class Tags:
    """Free text with structures in it: where a trigger occurs, its tags are all that can follow.

        Tags({"<call>": (Call, "</call>"), "<note>": (Note, "</note>")})
        Tags([Tag("<fn=add>", Add, "</fn>"), Tag("<fn=sub>", Sub, "</fn>")], triggers=["<fn="])

    A trigger is the beginning of tags, by default each tag's whole ``begin``; where it first occurs in free text it ends
    that, whatever was meant. ``at_least_one``: the output cannot end before a tag is complete. ``stop_after_first``: it
    ends with the first tag. ``max_tags``: free text without triggers is all that can follow that many. ``max_chars``
    bounds each stretch of free text, triggers not counted.

    The value is a list of texts (none of them empty) and ``Tagged``.
    """

    tags: tuple[Tag, ...]
    triggers: tuple[str, ...]
    at_least_one: bool
    stop_after_first: bool
    max_tags: int | None
    max_chars: int | None
    contents: tuple[Part, ...]

    def __init__(
        self,
        tags: Mapping[str, tuple[Any, str]] | Iterable[Tag],
        triggers: Iterable[str] | None = None,
        *,
        at_least_one: bool = False,
        stop_after_first: bool = False,
        max_tags: int | None = None,
        max_chars: int | None = None,
    ) -> None:
        found = _tags(tags)
        words = tuple(dict.fromkeys(tag.begin for tag in found)) if triggers is None else _words(triggers)
        check_count(max_tags, "Tags(max_tags=…)", least=1)
        check_count(max_chars, "Tags(max_chars=…)")
        _check_triggers(found, words)
        contents = tuple(as_part(tag.content, f"tag {tag.begin!r}") for tag in found)
        for name, value in (
            ("tags", found),
            ("triggers", words),
            ("at_least_one", bool(at_least_one)),
            ("stop_after_first", bool(stop_after_first)),
            ("max_tags", max_tags),
            ("max_chars", max_chars),
            ("contents", contents),
        ):
            object.__setattr__(self, name, value)

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> Tags:
        """Tags in the notation of inference servers: ``{"structures": [{"begin", "schema", "end"}], "triggers": […]}``,
        alone or as ``{"type": "structural_tag", …}``; ``schema`` is a JSON Schema."""
        if not isinstance(given, Mapping):
            raise SchemaError(f"structural tags are a dict, not {type(given).__name__}")
        _only(given, {"type", "structures", "triggers"}, "#")
        if given.get("type", "structural_tag") != "structural_tag":
            raise SchemaError(f'"type" is {given["type"]!r}', position="#/type", instead='write "structural_tag"')
        structures = given.get("structures")
        if not isinstance(structures, (list, tuple)) or not isinstance(given.get("triggers"), (list, tuple)):
            raise SchemaError('"structures" and "triggers" must be lists', position="#")
        tags = []
        for number, one in enumerate(structures):
            where = f"#/structures/{number}"
            if not isinstance(one, Mapping) or {"begin", "end"} - one.keys():
                raise SchemaError('a structure needs "begin" and "end"', position=where)
            _only(one, {"begin", "schema", "end"}, where)
            schema = one.get("schema", True)
            tags.append(Tag(one["begin"], JsonSchema(True if schema is None else schema), one["end"]))
        return cls(tags, given["triggers"])

    def to_grammar(self, limits: Limits) -> Grammar:
        """The grammar of the whole."""
        parts = Parts()
        options: dict[str, list[tuple[str, Node]]] = {trigger: [] for trigger in self.triggers}
        for tag, content in zip(self.tags, self.contents, strict=True):
            trigger = _trigger_of(tag.begin, self.triggers)
            node = content.add_to(parts, limits, f"tag {tag.begin!r}")
            options[trigger].append((tag.begin[len(trigger) :], seq(node, literal(tag.end))))
        one = parts.rule(
            "tag",
            alt(
                [
                    seq(text_until(trigger, self.triggers, most=self.max_chars), branches(found))
                    for trigger, found in options.items()
                ]
            ),
        )
        free = text_without(self.triggers, most=self.max_chars)
        if self.stop_after_first:
            return parts.grammar(one if self.at_least_one else alt((one, free)))
        return parts.grammar(seq(repeat(one, int(self.at_least_one), self.max_tags), free))

    def instructions(self, render: Render) -> str:
        """What a model is told of each tag."""
        told = [
            (f"Between {tag.begin.strip()} and {tag.end.strip()}", part.words(render))
            for tag, part in zip(self.tags, self.contents, strict=True)
        ]
        return "\n".join(f"{place}: {words}" if words else place for place, words in told)

    def read(self, text: str) -> list[str | Tagged]:
        """The stretches of free text and the structures, in order; ``ReadError`` where the text is not allowed."""
        found: list[str | Tagged] = []
        at = count = 0
        while True:
            ends = [(place + len(trigger), trigger) for trigger in self.triggers if (place := text.find(trigger, at)) >= 0]
            end, trigger = min(ends, default=(len(text), ""))
            before = text[at : end - len(trigger)]
            if self.max_chars is not None and len(before) > self.max_chars:
                raise ReadError(
                    f"{len(before)} characters of free text",
                    position=f"character {at}",
                    because=f"max_chars={self.max_chars}",
                )
            found += [before] * bool(before)
            if not trigger:
                break
            tagged, at = self._tagged(text, end - len(trigger), trigger)
            count += 1
            found.append(tagged)
            if self.stop_after_first or (self.max_tags is not None and count > self.max_tags):
                break
        if at < len(text) and self.stop_after_first and count:
            raise ReadError("there is more text behind the first tag", position=f"character {at}")
        if self.max_tags is not None and count > self.max_tags:
            raise ReadError(f"there are more than {self.max_tags} tags", position=f"character {at}")
        if self.at_least_one and not count:
            raise ReadError("there is no tag in the text", because="at least one was asked for")
        return found

    def _tagged(self, text: str, start: int, trigger: str) -> tuple[Tagged, int]:
        """The structure whose trigger is at ``start``, and where it ends; the first tag that fits."""
        refused: ReadError | None = None
        for tag, content in zip(self.tags, self.contents, strict=True):
            if not tag.begin.startswith(trigger) or not text.startswith(tag.begin, start):
                continue
            try:
                return _content(text, start + len(tag.begin), tag, content)
            except ReadError as error:
                refused = ReadError(
                    error.what, position=f"character {start}, {error.position or tag.begin}", because=error.because
                )
        raise refused or ReadError(
            f"no tag begins as the text does behind {trigger!r}",
            position=f"character {start}",
            because=f"the text there is {text[start : start + 60]!r}",
        )


def _content(text: str, start: int, tag: Tag, content: Part) -> tuple[Tagged, int]:
    """A structure's value: JSON ends where it ends, anything else before the first closing tag at which it can."""
    if content.is_json:
        end = json_end(text, start)
        while text[end : end + 1] in tuple(" \t\r\n") and not text.startswith(tag.end, end):
            end += 1
        if not text.startswith(tag.end, end):
            raise ReadError(f"{tag.end!r} is missing", position=f"character {end}")
        return Tagged(tag.begin, content.read(text[start:end]), text[start:end]), end + len(tag.end)
    refused = ReadError(f"{tag.end!r} is missing", position=f"character {len(text)}")
    end = text.find(tag.end, start)
    for _ in range(_ENDS_TRIED):
        if end < 0:
            break
        try:
            return Tagged(tag.begin, content.read(text[start:end]), text[start:end]), end + len(tag.end)
        except ReadError as error:
            refused = error
        end = text.find(tag.end, end + 1)
    raise refused


def _tags(given: Any) -> tuple[Tag, ...]:
    pairs = (
        [Tag(begin, *rest) if isinstance(rest, tuple) and len(rest) == 2 else rest for begin, rest in given.items()]
        if isinstance(given, Mapping)
        else list(given)
    )
    for number, tag in enumerate(pairs):
        if not isinstance(tag, Tag):
            raise SchemaError(
                f"tag {number} is {type(tag).__name__}",
                instead='write {"<begin>": (type or source, "<end>")}, or a list of Tag',
            )
        check_word(tag.begin, f"the beginning of tag {number}")
        check_word(tag.end, f"the end of tag {tag.begin!r}", may_be_empty=True)
    if not pairs:
        raise SchemaError("Tags(…) has no tags", instead="use FreeText() for text without any")
    return tuple(pairs)


def _words(triggers: Iterable[str]) -> tuple[str, ...]:
    words = (triggers,) if isinstance(triggers, str) else tuple(triggers)
    for word in words:
        check_word(word, "a trigger")
    return tuple(dict.fromkeys(words))


def _check_triggers(tags: tuple[Tag, ...], triggers: tuple[str, ...]) -> None:
    for trigger in triggers:
        for other in triggers:
            if other != trigger and other in trigger:
                raise SchemaError(
                    f"the trigger {trigger!r} can never be reached",
                    because=f"{other!r} is complete before it or with it",
                    instead="use the shorter one for both",
                )
        if not any(tag.begin.startswith(trigger) for tag in tags):
            raise SchemaError(f"no tag begins with the trigger {trigger!r}", because="nothing could follow it")
    for tag in tags:
        trigger = _trigger_of(tag.begin, triggers)
        if not trigger:
            raise SchemaError(
                f"the tag {tag.begin!r} begins with no trigger",
                because="it could never begin",
                instead=f"add one of its beginnings to triggers={list(triggers)}",
            )


def _trigger_of(begin: str, triggers: tuple[str, ...]) -> str:
    return next((trigger for trigger in triggers if begin.startswith(trigger)), "")


def _only(given: Mapping[str, Any], known: set[str], where: str) -> None:
    for key in given:
        if key not in known:
            raise SchemaError(f"{key!r} is not known here", position=where, because=f"known are {', '.join(sorted(known))}")
