"""Scalars read from plain text: a label, a number, a boolean, a date or a pattern, as it stands or in an answer around it.

In: a text and the schema of a scalar. Out: candidates: what stands behind a mark such as "Answer:", in a box or in bold
letters, what JSON the text holds, and last the text itself. What a candidate means for the type, and whether it means only
one thing, is ``coerce``'s part: a label is found in a sentence where it is the only one and nobody denies it.

A pattern is taken from a fence, from ``/…/flags``, from ``r"…"`` or from back quotes, and is compiled: one that does not
compile is refused with the position of what is wrong with it.
"""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

from structgen.errors import ReadError, SchemaError
from structgen.formats.base import Candidate, Format, Found, format_named
from structgen.formats.extract import Region, fence_at, regions
from structgen.schema.kinds import Kind, kind_of

__all__ = ["FORMAT"]

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_MARK = re.compile(
    r"(?:\b(?:final|correct|my|the|best)\s{1,3}){0,3}\b(?:answer|label|category|class|classification|result|verdict|choice|decision|"
    r"sentiment|output|prediction|value|total|date|regex|pattern)\b[ \t*_]*(?:is|would be|:|=)[ \t]*:?[ \t]*"
    r"(?P<answer>[^\n]{1,200})", re.IGNORECASE)
_BOXED = re.compile(r"\\boxed\{(?:\\text\{)?(?P<answer>[^{}\n]{1,200})\}")
_BOLD = re.compile(r"\*\*(?P<answer>[^*\n]{1,200})\*\*")
_HASHES = re.compile(r"^[ \t]*####[ \t]*(?P<answer>[^\n]{1,200})", re.MULTILINE)
_QUOTES = "\"'`*_\u201c\u201d\u2018\u2019()[]"
_FENCE = re.compile(r"^[ \t]*(?:`{3,}|~{3,})", re.MULTILINE)
_SLASHED = re.compile(r"(?<![\w/])/(?P<pattern>(?:[^/\\\n]|\\.)+)/(?P<flags>[a-z]{0,8})(?![\w/])")
_RAW = re.compile(r"(?:re\.compile\(\s*)?\br(?P<quote>[\"'])(?P<pattern>(?:(?!(?P=quote))[^\\\n]|\\.)*)(?P=quote)"
                  r"(?:\s*,\s*(?P<flags>re\.\w{1,12}(?:\s*\|\s*re\.\w{1,12}){0,8}))?")
_TICKED = re.compile(r"`(?P<pattern>[^`\n]+)`")
_QUOTED = re.compile(r"[\"'](?P<pattern>[^\n]*)[\"']")
_JS_GROUP = re.compile(r"\(\?<(?=[A-Za-z_])")
_FLAGS = {"i": "i", "m": "m", "s": "s", "x": "x", "u": "", "g": "", "y": ""}
_NAMED_FLAGS = {"DOTALL": "s", "VERBOSE": "x"}
_BELOW = re.compile(r"(?m:^)[^\n]*:[ \t]*\n\s*(?P<pattern>[^\n]*[^\s:])\s*\Z")
"""A pattern on the last line, below one that announces it."""
MAX_MARKS = 50
MAX_FENCES = 1_000
"""Code fences of an answer that holds one scalar."""
MAX_PATTERN = 10_000
"""Characters of a pattern; the compiler of ``re`` is recursive."""


class _Reader:
    """Reads scalars of one kind."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind

    def strict(self, text: str) -> Any:
        """The value of a text that is one as it stands; ``ValueError`` for any other."""
        kind = self.kind
        if kind.labels is not None and text in kind.labels and kind.is_text:
            return text
        if kind.format == "regex":
            if text[:1] == '"' and len(text) <= MAX_PATTERN:
                text = json.loads(text)
            elif text[:1] in ("/", "'", "<", "") or "\n" in text or "`" in text or _RAW.search(text) or _MARK.match(text):
                raise ValueError("not plainly a pattern")
            if not isinstance(text, str) or len(text) > MAX_PATTERN or not text.strip() or _compiled(text) is not None:
                raise ValueError("no pattern")
            return text
        if kind.labels is None and kind.format in ("date", "time", "date-time"):
            return text
        if kind.labels is None and kind.types == {"string"}:
            return text
        return format_named("json").strict(text)

    def candidates(self, text: str, typed: bool) -> Iterator[Candidate]:
        """The ways to read a text as a scalar."""
        if self.kind.format == "regex" and self.kind.labels is None:
            yield from _patterns(text)
            return
        for region in regions(text):
            yield from _marked(text, region)
        if text.count("```") + text.count("~~~") > 2 * MAX_FENCES:
            raise ReadError(f"more than {MAX_FENCES} code fences around one value", position=f"offset {_fence_in(text)}",
                            instead="read the part that holds the answer")
        for candidate in format_named("json").candidates(text, typed):
            if not candidate.is_answer:  # a text needs no quotes here
                candidate.found = [one for one in candidate.found if one.kind != "unquoted-string"]
            yield candidate


def _fence_in(text: str) -> int:
    """Where the first mark of a fence stands."""
    return min(at for at in (text.find("```"), text.find("~~~")) if at >= 0)


def _marked(text: str, region: Region) -> Iterator[Candidate]:
    """What stands behind a mark or in one."""
    bold = list(_BOLD.finditer(text, region.start, region.end)) if "**" in text else []
    found = [bold[0]] if len(bold) == 1 else []
    for pattern in (_MARK, _HASHES, _BOXED):
        marks = [one for _, one in zip(range(MAX_MARKS), pattern.finditer(text, region.start, region.end), strict=False)]
        found += marks[-1:]  # a model's last word
    for one in found:
        answer = one["answer"].strip().strip(_QUOTES).strip().rstrip(".!,;").strip(_QUOTES).strip()
        if not answer:
            continue
        start = text.index(answer, one.start("answer"))
        end = start + len(answer)
        mark = Found("answer-mark", one.start(), one.group()[:100], "")
        yield Candidate(answer, [*_dropped(text, region, start, max(end, one.end()), one.start()), mark], (start, end))


def _dropped(text: str, region: Region, start: int, end: int, mark: int) -> list[Found]:
    """The repairs for what stands around an answer."""
    found: list[Found] = []
    if region.thinking:
        found.append(Found("thinking", region.thinking[0], text[slice(*region.thinking)], ""))
    before, after = text[region.start:mark], text[end:region.end]
    if before.strip():
        found.append(Found("surrounding-text", region.start, before, ""))
    if after.strip(" \t\r\n.!" + _QUOTES):
        found.append(Found("surrounding-text", end, after, ""))
    return found


# Patterns


def _patterns(text: str) -> Iterator[Candidate]:
    """The patterns that a text may hold; ``ReadError`` where none compiles."""
    failure: tuple[int, str] | None = None
    any_pattern = False
    for region in regions(text):
        for pattern, start, end, found in _written_patterns(text, region):
            if len(pattern) > MAX_PATTERN:
                raise ReadError(f"a pattern of more than {MAX_PATTERN} characters", position=f"offset {start}")
            for spelling in dict.fromkeys((pattern, _JS_GROUP.sub("(?P<", pattern))):
                problem = _compiled(spelling)
                if problem is None:
                    any_pattern = True
                    changed = [Found("pattern-dialect", start, pattern, spelling)] if spelling != pattern else []
                    mark = min((one.offset for one in found), default=start)
                    yield Candidate(spelling, [*_dropped(text, region, start, end, mark), *found, *changed], (start, end))
                    break
                failure = failure or (start + problem[0], problem[1])
        if any_pattern:
            return
    if failure is not None:
        raise ReadError(f"the pattern does not compile: {failure[1]}", position=f"offset {min(failure[0], len(text))}")


def _written_patterns(text: str, region: Region) -> Iterator[tuple[str, int, int, list[Found]]]:
    """Texts that are written as patterns, with where they stand and the repairs of taking them so."""
    start, end = region.start, region.end
    found: list[Found] = []
    fence = None
    if (opened := _FENCE.search(text, start, end)) is not None:
        fence = fence_at(text, opened.end() - len(opened.group().lstrip()), end)
    if fence is not None and text[fence.content:fence.end].strip():
        found.append(Found("code-fence", fence.start, text[fence.start:fence.content], ""))
        start, end = fence.content, fence.end
    inside = text[start:end].strip()
    start = text.index(inside, start) if inside else start
    end = start + len(inside)
    if inside[:1] == '"':
        try:
            value = json.loads(inside)
        except ValueError:
            value = None
        if isinstance(value, str):
            yield value, start, end, found
            return
    any_mark = False
    for kind, mark in (("string-prefix", _RAW), ("wrapper", _SLASHED), ("wrapper", _TICKED)):
        for one in mark.finditer(text, start, end):
            pattern = one["pattern"]
            notes = [*found, Found(kind, one.start(), one.group()[:100], pattern[:100])]
            if mark is _SLASHED:
                pattern = _with_flags(pattern.replace("\\/", "/"), one["flags"])
            elif mark is _RAW and one["flags"]:
                names = [name.strip().removeprefix("re.") for name in one["flags"].split("|")]
                pattern = _with_flags(pattern, "".join(_NAMED_FLAGS.get(name, name[:1].lower()) for name in names))
            any_mark = True
            yield pattern, one.start("pattern"), one.end(), notes
            break
        if any_mark:
            return
    if fence is None and "\n" in inside and (below := _BELOW.search(text, max(start, end - MAX_PATTERN), end)) is not None:
        yield below["pattern"], below.start("pattern"), below.end("pattern"), found
    elif quoted := _QUOTED.fullmatch(inside):
        yield quoted["pattern"], start + 1, end, [*found, Found("quote-style", start, inside[:1], "")]
    elif inside and ("\n" not in inside or fence is not None):
        marked = _MARK.match(inside)
        if marked is not None and marked["answer"].strip():
            answer = marked["answer"].strip()
            yield answer, start + inside.index(answer, marked.start("answer")), end, [
                *found, Found("answer-mark", start, inside[:marked.start("answer")], "")]
        else:
            yield inside, start, end, found


def _with_flags(pattern: str, flags: str) -> str:
    """A pattern that says its flags itself."""
    known = {_FLAGS[flag] for flag in flags if flag in _FLAGS} - {""}
    return (f"(?{''.join(sorted(known))})" if known else "") + pattern


def _compiled(pattern: str) -> tuple[int, str] | None:
    """What is wrong with a pattern, and where; None if it compiles."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            re.compile(pattern)
    except re.error as error:
        return error.pos or 0, error.msg
    except (RecursionError, OverflowError, ValueError) as error:
        return 0, str(error) or type(error).__name__
    return None


def write(value: Any) -> str:
    """A scalar as plain text."""
    if isinstance(value, re.Pattern):
        pattern = str(value.pattern)
        try:
            return pattern if _Reader(Kind({"string"}, format="regex")).strict(pattern) == pattern else json.dumps(pattern)
        except ValueError:
            return json.dumps(pattern)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, allow_nan=False)


def _embedded(text: str) -> tuple[Any, int]:
    found: tuple[Any, int] = format_named("json").embedded(text)
    return found


def _aimed(schema: Any, options: Mapping[str, Any]) -> Format:
    if options:
        raise SchemaError(f"read({next(iter(options))}=…) is not an option of the format text")
    return _format(Kind({"string"}) if schema is None else kind_of(schema, schema))


def _format(kind: Kind) -> Format:
    reader = _Reader(kind)
    return Format("text", reader.strict, reader.candidates, _embedded, write, _aimed)


FORMAT = _format(Kind({"string"}))
