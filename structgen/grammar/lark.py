"""Grammars written in Lark's notation, read as grammars without a lexer.

In: a grammar text. Out: a ``Grammar``. The text is parsed by the lark package's own reader of grammars; its trees are
taken before repetitions are expanded, so ``~2..5`` stays one repetition. Rules and terminals mean the texts they spell,
put together as they stand, in every way: what lark accepts with ``parser="earley", lexer="dynamic_complete"``. Rules may
be left-recursive and ambiguous (see ``left_recursion``); templates are written out; aliases, priorities and the modifiers
``? ! _`` choose among lark's trees and not among texts, so they are accepted. Terminals of the grammars that lark ships
can be imported (``%import common.INT``); no other file is read.

``%ignore`` puts what it names behind every terminal and in front of the text. A lexer would skip as much as it can, so it
is exact where no terminal may begin inside what is ignored (white space), and refused by name otherwise (comments up to
the end of a line). Refused by name and line too: ``%declare``, ``%override``, ``%extend``. ``%json {…}`` puts the texts of a
JSON Schema where a rule could stand (``embedded``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from structgen.errors import GrammarSyntaxError, LimitExceededError, StructgenError
from structgen.grammar.build import EMPTY, alt, choices, literal, optional, repeat, seq
from structgen.grammar.embedded import BEGINNINGS, Embed, take_embedded, under
from structgen.grammar.first_chars import first_chars, inner_chars, is_run, overlap
from structgen.grammar.left_recursion import without_left_recursion
from structgen.grammar.nodes import MAX_CODE_POINT, Alt, Chars, Grammar, Node, Ref, Repeat, Seq, Str, Text
from structgen.grammar.regex import parse_regex
from structgen.grammar.unicode import equal_ignoring_case, union
from structgen.limits import Limits

if TYPE_CHECKING:
    from lark import Token, Tree

_REFUSED = {
    "declare": ("%declare", "a declared terminal has no text", "define the terminal"),
    "override": ("%override", "it changes an import", "define the rule once"),
    "extend": ("%extend", "it changes an import", "define the rule once"),
}
_GREEDY = ("that takes a lexer, which skips as much as it can",
           "ignore white space only, and write comments as a rule where they may stand")
_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[nrtf\\\"])")
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t", "f": "\f", "\\": "\\", '"': '"'}
_REGEX_FLAGS = {"i": re.I, "m": re.M, "s": re.S, "u": re.U, "x": re.X}


def read_lark(text: str, *, start: str = "start", name: str = "grammar", limits: Limits | None = None,
              embed: Embed | None = None) -> Grammar:
    """The grammar of a text in Lark's notation, from the rule ``start`` on; ``name`` stands in error positions, ``embed``
    reads the schemas of ``%json {…}``.

    Raises ``GrammarSyntaxError`` with name:line:column, and needs the package lark.
    """
    known = limits if limits is not None else Limits()
    if len(text) > known.regex_bytes:
        raise LimitExceededError(f"the grammar has {len(text)} characters", limit="regex_bytes")
    text, schemas = take_embedded(text, name)
    if schemas and embed is None:
        raise GrammarSyntaxError("%json is not supported here", position=next(iter(schemas.values())).position,
                                 because="nobody reads schemas for this grammar", instead="use structgen.Lark")
    made = {place: under(embed(one.schema), place + "/") for place, one in schemas.items()} if embed else {}
    return _Reader(name, known, made).read(_parse(text, name), start)


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

    def __init__(self, name: str, limits: Limits, schemas: Mapping[str, Grammar] | None = None) -> None:
        self._name, self._limits, self._schemas = name, limits, schemas or {}
        self._terms: dict[str, Tree[Any]] = {}
        self._rules: dict[str, Tree[Any]] = {}
        self._origins: dict[str, str] = {}
        self._known: dict[str, Node] = {}
        self._open: set[str] = set()
        self._place = name
        self._ignore: list[Tree[Any]] = []
        self._ignored: Node = EMPTY
        self._terminals: dict[str, tuple[object, Node]] = {}
        self._inside = 0
        """Above 0 inside a terminal, whose parts stand without anything between them."""
        self._templates: dict[str, tuple[list[str], Tree[Any]]] = {}
        self._instances: dict[tuple[str, ...], str] = {}
        self._waiting: list[tuple[str, str, dict[str, Node]]] = []
        self._arguments: dict[str, Node] = {}

    def read(self, tree: Tree[Any], start: str) -> Grammar:
        """Every definition, then every rule."""
        for statement in tree.children:
            self._define(statement)
        ignored = self._read_ignored()
        if start not in self._rules:
            raise GrammarSyntaxError(f"the start rule {start!r} is not defined", position=self._name)
        rules: dict[str, Node] = {}
        for rule, body in self._rules.items():
            self._place = self._origins[rule]
            rules[rule] = self._options(body, 0)
        while self._waiting:
            rule, template, self._arguments = self._waiting.pop()
            self._place = self._origins[rule] = self._origins[template]
            rules[rule] = self._options(self._templates[template][1], 0)
        self._check_ignored()
        unenforced: tuple[str, ...] = ()
        for one in self._schemas.values():
            rules.update(one.rules)
            unenforced += one.unenforced
        whole = Grammar(seq(ignored, Ref(start)), rules, origins=self._origins, unenforced=unenforced)
        return without_left_recursion(whole, self._limits)

    # -- what is ignored ------------------------------------------------------------------------------------------

    def _read_ignored(self) -> Node:
        """What may stand behind every terminal: any number of the ignored texts."""
        if not self._ignore:
            return EMPTY
        self._inside += 1
        options = [_regular(self._options(tree, 0)) for tree in self._ignore]
        self._inside -= 1
        token = next(self._ignore[0].scan_values(lambda _: True), None)
        if any(map(_refers, options)):
            self._fail("a rule cannot be ignored", token)
        for one in options:
            others = [other for other in options if not (is_run(one) and is_run(other))]
            if any(overlap(inner_chars(one), first_chars(other)) for other in others):
                self._fail("%ignore is not supported where one ignored text may begin inside another", token, *_GREEDY)
        self._ignored = Text(repeat(alt(options)))
        return self._ignored

    def _check_ignored(self) -> None:
        """Whether skipping less than a lexer would skip can never begin a terminal."""
        if isinstance(self._ignored, Text):
            inner = inner_chars(self._ignored.body)
            for name, (token, node) in self._terminals.items():
                if overlap(first_chars(node), inner):
                    self._fail(f"%ignore is not supported where {name} may begin inside what is ignored", token,
                               *_GREEDY)

    def _spaced(self, name: str, token: object, node: Node) -> Node:
        """A terminal as it stands in a rule."""
        if self._inside or self._ignored is EMPTY:
            return node
        self._terminals.setdefault(name, (token, node))
        return seq(node, self._ignored)

    # -- definitions ----------------------------------------------------------------------------------------------

    def _fail(self, what: str, token: object, because: str | None = None, instead: str | None = None) -> NoReturn:
        line, column = getattr(token, "line", None), getattr(token, "column", None)
        position = self._place if line is None else f"{self._name}:{line}:{column}"
        raise GrammarSyntaxError(what, position=position, because=because, instead=instead)

    def _define(self, statement: Tree[Any]) -> None:
        kind = str(statement.data)
        if kind == "import":
            self._import(statement)
            return
        if kind == "ignore":
            self._ignore.append(statement.children[0])
            return
        if kind in _REFUSED:
            what, because, instead = _REFUSED[kind]
            self._fail(f"{what} is not supported", next(statement.scan_values(lambda _: True), None), because, instead)
        if kind == "term":
            self._define_once(statement.children[0], statement, self._terms)
            return
        _, token, parameters, _, body = statement.children
        if parameters is not None and parameters.children:
            self._define_once(token, statement, {})
            self._templates[str(token)] = [str(parameter) for parameter in parameters.children], body
        else:
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
        if token in self._origins:
            self._fail(f"{token} is defined twice", token, f"it is first defined at {self._origins[token]}")
        known[str(token)] = definition.children[-1]
        self._origins[str(token)] = f"{self._name}:{token.line}"

    def _options(self, tree: Tree[Any], depth: int) -> Node:
        if depth > self._limits.regex_depth:
            raise LimitExceededError("the groups of the grammar are nested too deeply", limit="regex_depth",
                                     position=self._name)
        options = [self._expansion(child.children[0] if child.data == "alias" else child, depth) for child in tree.children]
        words = [option.parts[0] for option in options if isinstance(option, Seq) and len(option.parts) == 2
                 and option.parts[1] is self._ignored and isinstance(option.parts[0], Str)]
        if len(words) > 1:  # one place behind them all, whatever word it was
            options = [option for option in options if not (isinstance(option, Seq) and option.parts[:1]
                                                            and option.parts[0] in words and len(option.parts) == 2)]
            options.append(seq(choices(words), self._ignored))
        return choices(options)

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
            return self._spaced(str(child.children[0]), child.children[0], self._literal(child.children[0]))
        if kind == "range":
            low, high = (self._unescaped(token[1:-1], token) for token in child.children)
            if len(low) != 1 or len(high) != 1 or low > high:
                self._fail("a range goes from one character to a later one", child.children[0])
            return self._spaced(f"{low}..{high}", child.children[0], Chars(union([(ord(low), ord(high))])))
        if kind == "template_usage":
            return self._instance(child.children[0], child.children[1:], depth)
        symbol = child.name if hasattr(child, "name") else str(child)
        if symbol in self._arguments and self._template(child) is None:
            return self._arguments[symbol]
        if symbol in self._rules:
            return Ref(symbol)
        if symbol in self._terms:
            return self._spaced(symbol, child, self._terminal(symbol, child, depth))
        if symbol in self._schemas:
            if self._inside:
                self._fail("%json cannot stand in a terminal", child, instead="put it into a rule")
            self._terminals.setdefault(symbol, (child, BEGINNINGS))
            return seq(self._schemas[symbol].start, self._ignored)
        if symbol in self._templates:
            self._fail(f"the template {symbol} stands without its arguments", child)
        self._fail(f"{symbol} is not defined", child)

    def _instance(self, symbol: Any, given: list[Any], depth: int) -> Node:
        """The rule of a template with these arguments, the same for the same ones."""
        name = self._template(symbol) or (symbol.name if hasattr(symbol, "name") else str(symbol))
        if name not in self._templates:
            self._fail(f"the template {name} is not defined", symbol)
        parameters = self._templates[name][0]
        if len(parameters) != len(given):
            self._fail(f"the template {name} takes {len(parameters)} arguments, not {len(given)}", symbol)
        arguments = [self._argument(one.children[0], depth + 1) for one in given]
        key = (name, *map(repr, arguments))
        if key not in self._instances:
            if len(self._instances) >= self._limits.grammar_states // 100:
                raise LimitExceededError("the templates of the grammar have too many instances", limit="grammar_states",
                                         position=self._place)
            self._instances[key] = f"{name}{{{len(self._instances)}}}"
            self._waiting.append((self._instances[key], name, dict(zip(parameters, arguments, strict=True))))
        return Ref(self._instances[key])

    def _argument(self, given: Any, depth: int) -> Node:
        """An argument; a template may be one, for the places where it is given arguments of its own."""
        template = None if hasattr(given, "data") else self._template(given)
        return Ref(template) if template else self._value(given, depth)

    def _template(self, symbol: Any) -> str | None:
        """The template of a name, or that a parameter of this name stands for."""
        name = symbol.name if hasattr(symbol, "name") else str(symbol)
        found = self._arguments.get(name)
        if found is not None:
            name = found.rule if isinstance(found, Ref) else ""
        return name if name in self._templates else None

    def _terminal(self, symbol: str, token: object, depth: int) -> Node:
        """A terminal stands for its texts, so it may refer to other terminals, but not to itself or to rules."""
        if symbol not in self._known:
            if symbol in self._open:
                self._fail(f"the terminal {symbol} refers to itself", token, instead="make it a rule")
            self._open.add(symbol)
            self._inside += 1
            kept, self._arguments = self._arguments, {}
            node = self._options(self._terms[symbol], depth + 1)
            self._arguments = kept
            self._inside -= 1
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
