"""lark's own object for a grammar text, and lark's failures as errors of structgen's.

In: a grammar text and lark's options. Out: a ``lark.Lark``, which keeps its rules, terminals, lexers and tables.

Unless ``strict`` asks for them, lark's lexers look for no colliding terminals: lark only logs what it finds, takes a third
of its time to find it, and fails with an AttributeError where interegular reads none of the patterns.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from copy import copy
from functools import cache
from os.path import join
from typing import Any

from structgen.errors import GrammarSyntaxError, LimitExceededError


def made_by_lark(
    text: str, options: dict[str, Any], name: str, import_paths: tuple[str, ...], places: Mapping[str, str]
) -> Any:
    """The object; raises ``GrammarSyntaxError`` with name:line:column where lark says where, or with the line of the
    definition that it names (``places``)."""
    from lark import Lark
    from lark.exceptions import LarkError

    options = dict(options)
    if not options.get("strict"):
        options["_plugins"] = _lexers()
    if import_paths:
        options["source_path"] = join(import_paths[0], name)
    try:
        return Lark(text, import_paths=list(import_paths), **options)
    except LarkError as error:
        parts = [[first, *sorted(more)] for first, *more in (one.split("\n") for one in str(error).split("\n\n"))]
        what, *more = min(parts)  # lark takes some of its lists from sets
        because = " ".join(" ".join(more[:8]).split()) or None
        raise GrammarSyntaxError(what.strip(), position=_position(what, name, places), because=because) from error
    except re.error as error:
        raise no_pattern(error, name) from error
    except AttributeError as error:
        if not options.get("strict"):
            raise
        raise GrammarSyntaxError(
            "strict=True cannot compare the terminals",
            position=name,
            because="interegular, which lark asks, reads none of their patterns",
            instead="pass strict=False",
        ) from error
    except (OSError, AssertionError) as error:
        raise GrammarSyntaxError(f"a grammar that is imported cannot be read: {error}", position=name) from error
    except RecursionError as error:
        raise LimitExceededError("the grammar is nested too deeply", limit="regex_depth", position=name) from error


def _position(message: str, name: str, places: Mapping[str, str]) -> str:
    """Where a message of lark's points to."""
    place = re.search(r"line (\d+),? col(?:umn)? (\d+)", message)
    if place:
        return f"{name}:{place[1]}:{place[2]}"
    named = [one for one in re.findall(r"(?:['(]|rule |token |in )(\w+)", message) if one in places]
    return places[named[-1]] if named else name


def no_pattern(error: re.error, name: str) -> GrammarSyntaxError:
    """The error where lark puts patterns together and what comes out is none."""
    return GrammarSyntaxError(
        f"lark cannot put the patterns of the terminals together: {error}",
        position=name,
        because=f"they become {error.pattern!r:.200}" if error.pattern else None,
        instead="write flags behind a pattern or as (?i:…), and leave groups without names",
    )


class _Unasked:
    """Stands for interegular's comparator: as many collisions are known as lark shows."""

    def count_marked_pairs(self) -> int:
        return sys.maxsize


@cache
def _lexers() -> dict[str, type]:
    from lark.lexer import BasicLexer, ContextualLexer

    class Basic(BasicLexer):
        """lark's lexer, which checks its terminals but does not compare them."""

        def __init__(self, conf: Any, comparator: object = None) -> None:
            conf = copy(conf)
            conf.skip_validation = False
            super().__init__(conf, _Unasked())

    class Contextual(ContextualLexer):
        """lark's lexers for each state, made of these."""

        BasicLexer = Basic

        def __init__(self, conf: Any, *rest: Any, **more: Any) -> None:
            conf = copy(conf)
            conf.skip_validation = True
            super().__init__(conf, *rest, **more)

    return {"BasicLexer": Basic, "ContextualLexer": Contextual}
