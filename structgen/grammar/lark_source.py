"""What is checked in a text in Lark's notation before lark itself makes a parser of it.

In: the text. Out: where its rules and terminals are defined, or an error: what is not supported, files that it may not
read, and grammars that lark would write out to too many alternatives.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

from structgen.errors import GrammarSyntaxError, LimitExceededError, StructgenError
from structgen.grammar.embedded import take_embedded
from structgen.grammar.ordered import read_ordered
from structgen.limits import Limits

_REPEATED_AT_ONCE = 50
"""lark writes smaller repetitions out, and splits larger ones into rules."""


def parse_source(text: str, name: str) -> Any:
    """lark's tree of a grammar text; errors with name:line:column."""
    try:
        from lark.exceptions import LarkError
        from lark.load_grammar import _parse_grammar
    except ImportError as error:
        raise StructgenError("reading Lark grammars needs the package lark", instead="pip install lark") from error
    try:
        return _parse_grammar(text, name)  # type: ignore[no-untyped-call]
    except LarkError as error:
        place = re.search(r"line (\d+),? col(?:umn)? (\d+)", str(error))
        position = f"{name}:{place[1]}:{place[2]}" if place else name
        expected: Any = getattr(error, "accepts", None) or getattr(error, "expected", ())
        names = sorted(expected)
        because = f"expected {' or '.join(map(_spelled, names))}" if names else None
        raise GrammarSyntaxError(str(error).split("\n", 1)[0], position=position, because=because) from error


def _spelled(terminal: str) -> str:
    """A terminal of lark's own notation in words."""
    from lark.load_grammar import TERMINALS

    sign = str(TERMINALS.get(terminal, "")).replace("\\", "")
    return "the end of the line" if terminal == "_NL" else sign if 0 < len(sign) < 3 else terminal.strip("_").lower()


def shipped_folder() -> Path:
    """Where lark keeps the grammars that it ships."""
    import lark

    return Path(lark.__file__ or "").parent / "grammars"


def check_source(text: str, name: str, import_paths: tuple[str, ...], limits: Limits) -> dict[str, str]:
    """Where rules and terminals are defined; refuses what lark could not or may not read."""
    if len(text) > limits.regex_bytes:
        raise LimitExceededError(f"the grammar has {len(text)} characters", limit="regex_bytes")
    lone = re.search("[\ud800-\udfff]", text)
    if lone:
        line, column = text.count("\n", 0, lone.start()) + 1, lone.start() - text.rfind("\n", 0, lone.start())
        raise GrammarSyntaxError("a lone surrogate has no spelling in UTF-8", position=f"{name}:{line}:{column}")
    _, schemas = take_embedded(text, name)
    if schemas:
        raise GrammarSyntaxError("%json is not supported beside one of lark's lexers",
                                 position=next(iter(schemas.values())).position, because="lark does not know it",
                                 instead="pass lexer=None")
    return _Check(name, import_paths, limits).run(parse_source(text, name))


class _Check:
    def __init__(self, name: str, import_paths: tuple[str, ...], limits: Limits) -> None:
        self._name, self._import_paths, self._limits = name, import_paths, limits
        self._most = limits.grammar_states // 20

    def run(self, tree: Any) -> dict[str, str]:
        places: dict[str, str] = {}
        ways = 0
        for statement in tree.children:
            kind = str(statement.data)
            if kind in ("override", "extend"):
                (statement,) = statement.children
                kind = str(statement.data)
            if kind == "declare":
                self._fail("%declare is not supported", next(statement.scan_values(lambda _: True), None),
                           "the tokens of a declared terminal come from a program", "define the terminal")
            elif kind == "import":
                self._import(statement)
            elif kind in ("rule", "term"):
                token = next(_tokens(statement, "RULE", "TERMINAL"))
                places.setdefault(str(token), f"{self._name}:{token.line}")
                for pattern in _tokens(statement, "REGEXP"):
                    self._pattern(pattern)
                for part in statement.find_data("range"):
                    self._range(part)
                for word in _tokens(statement, "STRING"):
                    self._unescaped(word)
                if kind == "rule":
                    ways += self._ways(statement.children[-1], 0)
                    self._within(ways, token)
                else:
                    self._ways(statement.children[-1], 0)
        return places

    def _fail(self, what: str, token: Any, because: str | None = None, instead: str | None = None) -> NoReturn:
        line = getattr(token, "line", None)
        raise GrammarSyntaxError(what, position=self._name if line is None else f"{self._name}:{line}:{token.column}",
                                 because=because, instead=instead)

    def _import(self, statement: Any) -> None:
        path = statement.children[0]
        names = [str(one) for one in path.children]
        shipped = sorted(file.stem for file in shipped_folder().glob("*.lark"))
        if self._import_paths or (path.data == "import_lib" and names[0] in shipped):
            return
        self._fail("only the grammars that lark ships can be imported", path.children[0],
                   "a grammar text reads no other file",
                   f"import from {', '.join(shipped)}, or name the folders: import_paths=[…]")

    def _range(self, tree: Any) -> None:
        low, high = (self._unescaped(token) for token in tree.children)
        if len(low) != 1 or len(high) != 1 or low > high or tree.children[0][-1] == "i" or tree.children[1][-1] == "i":
            self._fail("a range goes from one character to a later one, both without flags", tree.children[0])

    def _unescaped(self, token: Any) -> str:
        from lark.exceptions import GrammarError
        from lark.load_grammar import eval_escaping

        text = token[1 : token.rindex('"')]
        try:
            return str(eval_escaping(text))  # type: ignore[no-untyped-call]
        except GrammarError as error:
            self._fail(f"an escape in {token} is not known", token, str(error.args[-1]))

    def _pattern(self, token: Any) -> None:
        """Refuses a pattern where it stands."""
        end = token.rfind("/")
        if "l" in token[end:]:
            self._fail(f"the flag l of {token} is not supported", token, "Python knows it in patterns of bytes only")
        flags = sum({"i": re.I, "m": re.M, "s": re.S, "x": re.X}.get(letter, 0) for letter in token[end + 1 :])
        try:
            read_ordered(token[1:end], flags=flags, limits=self._limits)
        except GrammarSyntaxError as error:
            place = "" if error.position is None else f", {error.position}"
            position = f"{self._name}:{token.line}:{token.column}"
            raise GrammarSyntaxError(f"in {token}{place}: {error.what}", position=position, because=error.because,
                                     instead=error.instead) from error

    def _within(self, ways: int, token: Any) -> int:
        if ways > self._most:
            line = getattr(token, "line", None)
            raise LimitExceededError(f"lark writes this out to more than {self._most:,} alternatives",
                                     limit="grammar_states", position=self._name if line is None else f"{self._name}:{line}",
                                     instead="give what is optional or repeated a rule of its own")
        return ways

    def _ways(self, tree: Any, depth: int) -> int:
        """How many alternatives lark makes of a part of a rule; saturates above the limit."""
        if depth > 3 * self._limits.regex_depth:
            raise LimitExceededError("the groups of the grammar are nested too deeply", limit="regex_depth",
                                     position=self._name)
        kind = str(getattr(tree, "data", ""))
        below = [one for one in getattr(tree, "children", ()) if hasattr(one, "data")]
        if kind == "expansion":
            found = 1
            for one in below:
                found = min(found * self._ways(one, depth + 1), self._most + 1)
            return found
        if kind == "expr":
            return self._repeated(tree.children, depth)
        found = sum(self._ways(one, depth + 1) for one in below) if kind in ("expansions", "maybe") else max(
            [1, *(self._ways(one, depth + 1) for one in below)])
        return min(found + (kind == "maybe"), self._most + 1)

    def _repeated(self, children: Any, depth: int) -> int:
        inner, operator = self._ways(children[0], depth + 1), str(children[1])
        if operator != "~":
            return inner + 1 if operator == "?" else 2
        least, most = int(children[2]), int(children[-1])
        if least > most or least < 0:
            self._fail(f"the bounds ~{least}..{most} run backwards", children[2])
        if most > self._most:
            raise LimitExceededError(f"{most:,} repetitions are asked for", limit="grammar_states",
                                     position=f"{self._name}:{children[2].line}")
        found = 0
        for times in range(least, most + 1) if most < _REPEATED_AT_ONCE else ():
            found = min(found + min(inner, self._most + 1) ** times, self._most + 1)
        return max(found, 2)


def _tokens(tree: Any, *kinds: str) -> Iterator[Any]:
    """The tokens of some kinds in a part of lark's tree."""
    found: Iterator[Any] = tree.scan_values(lambda one: getattr(one, "type", "") in kinds)
    return found
