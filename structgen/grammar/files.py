"""Shipped grammar files by name.

In: a name such as ``json``. Out: its ``Grammar``. Names are words joined by slashes, so that none of them leaves the
folder of the grammars. In a folder with a ``core.lark`` every other file says only what differs: its definitions take the
place of the core's of the same name, so that a further dialect is one further file. ``a_b.lark`` differs from ``a.lark`` so.
"""

from __future__ import annotations

import re
from functools import lru_cache

from structgen.errors import StructgenError
from structgen.grammar.lark import read_lark
from structgen.grammar.location import grammars_folder
from structgen.grammar.nodes import Grammar
from structgen.grammar.rewrite import ascii_case

_NAME = re.compile(r"[a-z0-9_]{1,40}(?:/[a-z0-9_]{1,40}){0,2}")


_ASCII_CASE = ("sql/",)
"""Languages whose keywords know no letters beyond ASCII."""
_DEFINITION = re.compile(r"^[?!]?([A-Za-z_][A-Za-z0-9_]*)(?:\{[^}\n]*\})?(?:\.-?\d+)?[ \t]*:", re.M)


@lru_cache(maxsize=16)
def grammar(name: str, start: str = "start") -> Grammar:
    """A shipped grammar: ``"json"`` is any JSON text (RFC 8259), ``"sql/sqlite"`` a query. Read once per process."""
    found = read_lark(grammar_text(name), start=start, name=f"{name.rpartition('/')[2]}.lark")
    return ascii_case(found) if name.startswith(_ASCII_CASE) else found


def grammar_text(name: str) -> str:
    """The text of a shipped grammar, with what it takes over from its folder's core."""
    folder = grammars_folder()
    path = folder / f"{name}.lark"
    if not _NAME.fullmatch(name) or not path.is_file():
        names = sorted(str(known.relative_to(folder).with_suffix("")) for known in folder.rglob("*.lark"))
        raise StructgenError(f"there is no grammar named {name!r}", instead="choose one of " + ", ".join(names))
    text, core = path.read_text(encoding="utf-8"), path.with_name("core.lark")
    if core == path or not core.is_file():
        return text
    base = path.stem.rpartition("_")[0]
    return merged(grammar_text(f"{name.rpartition('/')[0]}/{base}") if base else core.read_text(encoding="utf-8"), text)


def merged(core: str, own: str) -> str:
    """The core's text with the definitions of another text in the place of its own."""
    definitions = dict(_definitions(own))
    parts = [definitions.pop(name, text) for name, text in _definitions(core)]
    return "".join([*parts, *definitions.values()])


def _definitions(text: str) -> list[tuple[str, str]]:
    """The definitions of a grammar text by name, each up to the next one; what stands in front of them is left out."""
    found = list(_DEFINITION.finditer(text))
    ends = [*(match.start() for match in found[1:]), len(text)]
    return [(match[1], text[match.start() : end] + "\n") for match, end in zip(found, ends, strict=False)]
