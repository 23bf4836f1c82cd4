"""Grammars written in Lark's notation, read as grammars without a lexer.

In: a grammar text. Out: a ``Grammar``. The text is parsed by the lark package's own reader of grammars; its trees are
taken before repetitions are expanded, so ``~2..5`` stays one repetition. Rules and terminals mean the texts they spell,
put together as they stand: no longest match, no ``%ignore``, so white space is written as rules.

Terminals of the grammars that lark ships can be imported (``%import common.INT``); no other file is read. What has
another meaning without a lexer is refused by name and line: ``%ignore``, ``%declare``, ``%override``, ``%extend``,
templates, priorities. Aliases and the modifiers ``? ! _`` shape lark's trees and not the language, so they are accepted.
Rules may be left-recursive and ambiguous: see ``left_recursion``.
"""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from structgen.errors import GrammarSyntaxError, LimitExceededError, StructgenError
from structgen.grammar.build import alt, choices, literal, optional, repeat, seq
from structgen.grammar.left_recursion import without_left_recursion
from structgen.grammar.nodes import MAX_CODE_POINT, Alt, Chars, Grammar, Node, Ref, Repeat, Seq, Str, Text
from structgen.grammar.regex import parse_regex
from structgen.grammar.unicode import equal_ignoring_case, union
from structgen.limits import Limits

if TYPE_CHECKING:
    from lark import Token, Tree

_REFUSED = {
    "ignore": ("%ignore", "there is no lexer that could skip it", "write white space as a rule where it may stand"),
    "declare": ("%declare", "a declared terminal has no text", "define the terminal"),
    "override": ("%override", "it changes an import", "define the rule once"),
    "extend": ("%extend", "it changes an import", "define the rule once"),
}
_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[nrtf\\\"])")
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t", "f": "\f", "\\": "\\", '"': '"'}
_REGEX_FLAGS = {"i": re.I, "m": re.M, "s": re.S, "u": re.U, "x": re.X}


def read_lark(text: str, *, start: str = "start", name: str = "grammar", limits: Limits | None = None) -> Grammar:
    """The grammar of a text in Lark's notation, from the rule ``start`` on; ``name`` stands in error positions.

    Raises ``GrammarSyntaxError`` with name:line:column, and needs the package lark.
    """
    known = limits if limits is not None else Limits()
    if len(text) > known.regex_bytes:
        raise LimitExceededError(f"the grammar has {len(text)} characters", limit="regex_bytes")
    return _Reader(name, known).read(_parse(text, name), start)


def _parse(text: str, name: str) -> Tree[Any]:
    try:
        from lark.exceptions import LarkError
        from lark.load_grammar import _parse_grammar
    except ImportError as error:
        raise StructgenError("reading Lark grammars needs the package lark",
                             instead="pip install lark") from error
    try:
        tree: Tree[Any] = _parse_grammar(text, name)  # type: ignore[no-untyped-call]
    except LarkError as error:
        place = re.search(r"line (\d+),? col(?:umn)? (\d+)", str(error))
        position = f"{name}:{place[1]}:{place[2]}" if place else name
        raise GrammarSyntaxError(str(error).split("\n", 1)[0], position=position) from error
    return tree


class _Reader:
    """Definitions by name while they become nodes."""

    def __init__(self, name: str, limits: Limits) -> None:
        self._name, self._limits = name, limits
        self._terms: dict[str, Tree[Any]] = {}
        self._rules: dict[str, Tree[Any]] = {}
        self._origins: dict[str, str] = {}
        self._known: dict[str, Node] = {}
        self._open: set[str] = set()
        self._place = name

    def read(self, tree: Tree[Any], start: str) -> Grammar:
        """Every definition, then every rule."""
        for statement in tree.children:
            self._define(statement)
        if start not in self._rules:
            raise GrammarSyntaxError(f"the start rule {start!r} is not defined", position=self._name)
        rules: dict[str, Node] = {}
        for rule, body in self._rules.items():
            self._place = self._origins[rule]
            rules[rule] = self._options(body, 0)
        return without_left_recursion(Grammar(Ref(start), rules, origins=self._origins), self._limits)

    def _fail(self, what: str, token: object, because: str | None = None, instead: str | None = None) -> NoReturn:
        line, column = getattr(token, "line", None), getattr(token, "column", None)
        position = self._place if line is None else f"{self._name}:{line}:{column}"
        raise GrammarSyntaxError(what, position=position, because=because, instead=instead)

    def _define(self, statement: Tree[Any]) -> None:
        kind = str(statement.data)
        if kind == "import":
            self._import(statement)
            return
        if kind in _REFUSED:
            what, because, instead = _REFUSED[kind]
            self._fail(f"{what} is not supported", next(statement.scan_values(lambda _: True), None), because, instead)
        if kind == "term":
            self._define_once(statement.children[0], statement, self._terms)
            return
        _, token, parameters, priority, _ = statement.children
        if parameters is not None and parameters.children:
            self._fail(f"the template {token} is not supported", token, instead="write the rule out")
        if priority.children:
            self._fail(f"the priority of {token} is not supported", token, "every reading is kept")
        self._define_once(token, statement, self._rules)

    def _import(self, statement: Tree[Any]) -> None:
        """Terminals of the grammars that lark ships, which are read from the package lark and nowhere else."""
        path, *rest = statement.children
        module: list[Any] = list(path.children)
        aliases: dict[Any, Any]
        if rest and hasattr(rest[0], "data"):
            aliases = {token: token for token in rest[0].children}
        else:
            aliases = {module[-1]: rest[0] if rest else module[-1]}
            module.pop()
        folder = Path(import_module("lark").__file__ or "").parent / "grammars"
        shipped = sorted(file.stem for file in folder.glob("*.lark"))
        if path.data != "import_lib" or len(module) != 1 or str(module[0]) not in shipped:
            self._fail("only the grammars that lark ships can be imported", path.children[0],
                       "a grammar text reads no other file", f"import from {', '.join(shipped)}, or copy the definitions")
        other = _Reader(f"{module[0]}.lark", self._limits)
        definitions = _parse((folder / f"{module[0]}.lark").read_text(encoding="utf-8"), other._name).children
        found = {str(one.children[0]): one for one in definitions if one.data == "term"}
        other._terms = {name: one.children[-1] for name, one in found.items()}
        for token, alias in aliases.items():
            if token not in found:
                self._fail(f"{module[0]} has no terminal {token}", token)
            self._define_once(alias, found[token], self._terms)
            self._known[str(alias)] = other._terminal(str(token), token, 0)

    def _define_once(self, token: Any, definition: Tree[Any], known: dict[str, Tree[Any]]) -> None:
        if definition.data == "term" and len(definition.children) == 3:
            self._fail(f"the priority of {token} is not supported", token, "there is no lexer to choose by it")
        if token in self._origins:
            self._fail(f"{token} is defined twice", token, f"it is first defined at {self._origins[token]}")
        known[str(token)] = definition.children[-1]
        self._origins[str(token)] = f"{self._name}:{token.line}"

    def _options(self, tree: Tree[Any], depth: int) -> Node:
        if depth > self._limits.regex_depth:
            raise LimitExceededError("the groups of the grammar are nested too deeply", limit="regex_depth",
                                     position=self._name)
        return choices([self._expansion(child.children[0] if child.data == "alias" else child, depth)
                        for child in tree.children])

    def _expansion(self, tree: Tree[Any], depth: int) -> Node:
        return seq(*[self._item(child, depth) for child in tree.children])

    def _item(self, tree: Tree[Any], depth: int) -> Node:
        kind = str(tree.data)
        if kind == "expr":
            return self._repeated(tree.children, depth)
        if kind == "maybe":
            return optional(self._options(tree.children[0], depth + 1))
        if kind == "expansions":
            return self._options(tree, depth + 1)
        if kind in ("expansion", "alias"):
            return self._expansion(tree.children[0] if kind == "alias" else tree, depth + 1)
        if kind == "value":
            return self._value(tree.children[0], depth)
        self._fail(f"{kind} is not supported", next(tree.scan_values(lambda _: True), None))

    def _repeated(self, children: list[Any], depth: int) -> Node:
        body, operator = self._item(children[0], depth), str(children[1])
        if operator == "~":
            least = int(children[2])
            most = int(children[3]) if len(children) > 3 else least
            if not 0 <= least <= most:
                self._fail(f"the bounds ~{least}..{most} run backwards", children[2])
            return repeat(body, least, most)
        return repeat(body, 1 if operator == "+" else 0, 1 if operator == "?" else None)

    def _value(self, child: Any, depth: int) -> Node:
        kind = str(getattr(child, "data", "symbol"))
        if kind == "literal":
            return self._literal(child.children[0])
        if kind == "range":
            low, high = (self._unescaped(token[1:-1], token) for token in child.children)
            if len(low) != 1 or len(high) != 1 or low > high:
                self._fail("a range goes from one character to a later one", child.children[0])
            return Chars(union([(ord(low), ord(high))]))
        if kind == "template_usage":
            self._fail("templates are not supported", child.children[0], instead="write the rule out")
        symbol = child.name if hasattr(child, "name") else str(child)
        if symbol in self._rules:
            return Ref(symbol)
        if symbol in self._terms:
            return self._terminal(symbol, child, depth)
        self._fail(f"{symbol} is not defined", child)

    def _terminal(self, symbol: str, token: object, depth: int) -> Node:
        """A terminal stands for its texts, so it may refer to other terminals, but not to itself or to rules."""
        if symbol not in self._known:
            if symbol in self._open:
                self._fail(f"the terminal {symbol} refers to itself", token, instead="make it a rule")
            self._open.add(symbol)
            node = self._options(self._terms[symbol], depth + 1)
            self._open.discard(symbol)
            if _refers(node):
                self._fail(f"the terminal {symbol} refers to a rule", token, instead="make it a rule")
            self._known[symbol] = node if isinstance(node, (Str, Text)) else Text(_regular(node))
        return self._known[symbol]

    def _literal(self, token: Token) -> Node:
        value = str(token)
        end = max(value.rfind('"'), value.rfind("/")) + 1
        body, letters = value[1:end - 1], value[end:]
        if token.type == "STRING":
            text = self._unescaped(body, token)
            if "i" not in letters:
                return literal(text)
            return seq(*[Chars(equal_ignoring_case(character, False)) for character in text])
        flags = 0
        for letter in letters:
            if letter not in _REGEX_FLAGS:
                self._fail(f"the flag {letter!r} is not supported", token)
            flags |= _REGEX_FLAGS[letter]
        try:
            return Text(parse_regex(body, flags=flags, limits=self._limits))
        except GrammarSyntaxError as error:
            raise GrammarSyntaxError(f"in /{body}/, {error.position}: {error.what}",
                                     position=f"{self._name}:{token.line}:{token.column}",
                                     because=error.because, instead=error.instead) from error

    def _unescaped(self, text: str, token: object) -> str:
        """The text of a string literal; a backslash before any other character stays."""
        def replaced(match: re.Match[str]) -> str:
            code = match[1]
            if code in _ESCAPED:
                return _ESCAPED[code]
            return chr(int(code[1:], 16)) if int(code[1:], 16) <= MAX_CODE_POINT else "\ud800"

        found = _ESCAPE.sub(replaced, text)
        if any(0xD800 <= ord(character) <= 0xDFFF for character in found):
            self._fail("a lone surrogate has no spelling in UTF-8" if "U" not in text else
                       "the text has a number that is no character", token)
        return found


def _below(node: Node) -> tuple[Node, ...]:
    if isinstance(node, Seq):
        return node.parts
    if isinstance(node, Alt):
        return node.options
    if isinstance(node, (Repeat, Text)):
        return (node.body,)
    return ()


def _refers(node: Node) -> bool:
    return isinstance(node, Ref) or any(_refers(part) for part in _below(node))


def _regular(node: Node) -> Node:
    """The node without the texts around its regular parts, to be one text as a whole."""
    if isinstance(node, Text):
        return _regular(node.body)
    if isinstance(node, Seq):
        return seq(*[_regular(part) for part in node.parts])
    if isinstance(node, Alt):
        return alt([_regular(option) for option in node.options])
    if isinstance(node, Repeat):
        return repeat(_regular(node.body), node.min, node.max)
    return node
