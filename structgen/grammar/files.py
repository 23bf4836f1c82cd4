"""Shipped grammar files by name.

In: a name such as ``json``. Out: its ``Grammar``. Names are words joined by slashes, so that none of them leaves the
folder of the grammars.
"""

from __future__ import annotations

import re
from functools import lru_cache

from structgen.errors import StructgenError
from structgen.grammar.lark import read_lark
from structgen.grammar.location import grammars_folder
from structgen.grammar.nodes import Grammar

_NAME = re.compile(r"[a-z0-9_]{1,40}(?:/[a-z0-9_]{1,40}){0,2}")


@lru_cache(maxsize=16)
def grammar(name: str) -> Grammar:
    """A shipped grammar: ``"json"`` is any JSON text (RFC 8259). Read once per process."""
    folder = grammars_folder()
    path = folder / f"{name}.lark"
    if not _NAME.fullmatch(name) or not path.is_file():
        names = sorted(str(known.relative_to(folder).with_suffix("")) for known in folder.rglob("*.lark"))
        raise StructgenError(f"there is no grammar named {name!r}", instead="choose one of " + ", ".join(names))
    return read_lark(path.read_text(encoding="utf-8"), name=path.name)
