"""Grammars in Lark's notation with the parser and the lexer that lark itself would run.

In: a grammar text and lark's options ``parser``, ``lexer``, ``start``, ``strict``. Out: a ``Grammar`` with a
``lexing``, of exactly the texts that ``lark.Lark`` with these options parses. lark reads the grammar and makes its rules,
its terminals with their order, its lexers and, for LALR, its tables; what comes out is taken as it is.

* ``lexer="basic"``: one lexer; ``"contextual"``: one for each state of the LALR parser, which sees the terminals that the
  state accepts. So each rule is cut by the states that it is met in, and a token knows the state behind it.
* ``parser="lalr"``: where a state could shift or reduce, lark shifts: a reduction demands that the next token is none
  that the table gives to something else.
* ``lexer="dynamic"`` (Earley): each terminal is tried by itself wherever it may come, with the one match that ``re``
  finds; ``"dynamic_complete"``: also with those that it would find in a shorter text.

Refused by name: ``%declare`` (its tokens come from a program), back-references in terminals, files that are not named.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from copy import copy
from typing import Any, Literal

from structgen.errors import GrammarSyntaxError, LimitExceededError, SchemaError
from structgen.grammar.build import EMPTY, alt, repeat, seq
from structgen.grammar.empty_text import components, first_rules, nullable_rules
from structgen.grammar.lark_made import made_by_lark, no_pattern
from structgen.grammar.lark_source import check_source
from structgen.grammar.lark_states import States, Symbol, merged
from structgen.grammar.left_recursion import without_left_recursion
from structgen.grammar.lexing import END, Lexer, Lexing, NextIsNot, Terminal, Token
from structgen.grammar.nodes import Alt, Grammar, Node, Ref, Repeat, Seq
from structgen.grammar.ordered import Behind, First, Loop, One, Row, Tree, numbers_groups, read_ordered
from structgen.limits import Limits

LexerName = Literal["auto", "basic", "contextual", "dynamic", "dynamic_complete"]
ParserName = Literal["earley", "lalr"]
_LEXERS = {"earley": ("dynamic", "basic", "dynamic_complete"), "lalr": ("contextual", "basic")}
"""lark's lexers for each of its parsers, its own choice first."""


def read_lark_lexed(text: str, *, start: str = "start", parser: ParserName = "earley", lexer: LexerName = "auto",
                    strict: bool = False, name: str = "grammar", import_paths: tuple[str, ...] = (),
                    limits: Limits | None = None) -> Grammar:
    """The grammar of the texts that lark parses with these options.

    ``import_paths``: the only folders, beside lark's own grammars, from which ``%import`` may read. Raises
    ``GrammarSyntaxError`` with name:line:column where lark says where.
    """
    if parser not in _LEXERS:
        raise SchemaError(f"there is no parser {parser!r}", instead='use "earley" or "lalr"')
    if lexer == "auto":
        lexer = _LEXERS[parser][0]  # type: ignore[assignment]
    if lexer not in _LEXERS[parser]:
        raise SchemaError(f"parser={parser!r} has no lexer {lexer!r}", because="lark has none",
                          instead="use " + " or ".join(map(repr, _LEXERS[parser])))
    known = limits if limits is not None else Limits()
    places = check_source(text, name, import_paths, known)
    options = {"parser": parser, "lexer": lexer, "start": start, "strict": strict}
    made = made_by_lark(text, options, name, import_paths, places)
    if len(made.terminals) > known.threads:  # each of them could be open at once
        raise LimitExceededError(f"the grammar has {len(made.terminals):,} terminals", limit="threads", position=name,
                                 because="a lexer tries each of them", instead="pass lexer=None")
    reader = _Reader(made, places, lexer, name, known)
    grammar = reader.lalr(start) if parser == "lalr" else reader.plain(start)
    found = without_left_recursion(grammar, known)
    _check_left(found, name)
    return found


class _Reader:
    """lark's rules, terminals and lexers, as nodes."""

    def __init__(self, made: Any, places: Mapping[str, str], lexer: str, name: str, limits: Limits) -> None:
        self._made, self._places, self._lexer, self._name, self._limits = made, places, lexer, name, limits
        self._numbers = {terminal.name: number for number, terminal in enumerate(made.terminals)}
        self._numbers["$END"] = END
        self._lexers: dict[Lexer, int] = {}
        self._tokens: dict[tuple[str, int], Token] = {}
        self._terminals = tuple([Terminal(one.name, self._tree(one), one.name in made.ignore_tokens)
                                 for one in made.terminals])

    def plain(self, start: str) -> Grammar:
        """Every rule as it stands."""
        if self._lexer == "basic":
            self._read_lexer(self._made.parser.lexer)
        bodies: dict[str, list[Node]] = {}
        for rule in self._made.rules:
            parts = [self._token(one.name, 0) if one.is_term else Ref(one.name) for one in rule.expansion]
            bodies.setdefault(rule.origin.name, []).append(seq(*parts))
        return self._grammar(Ref(start), bodies)

    def _grammar(self, start: Node, bodies: Mapping[str, list[Node]], first: int = 0) -> Grammar:
        rules = {rule: alt(options) for rule, options in bodies.items()}
        origins = {rule: self._places[rule.split("@")[0]] for rule in rules if rule.split("@")[0] in self._places}
        dynamic = self._lexer.startswith("dynamic")
        lexing = Lexing(self._terminals, tuple(self._lexers), first, dynamic, self._lexer == "dynamic_complete")
        return Grammar(start, rules, origins=origins, lexing=lexing)

    def _token(self, terminal: str, after: int) -> Token:
        found = self._tokens.get((terminal, after))
        if found is None:
            found = self._tokens[terminal, after] = Token(self._numbers[terminal], after)
        return found

    def _tree(self, terminal: Any) -> Tree:
        pattern = terminal.pattern.to_regexp()
        if not self._lexer.startswith("dynamic") and numbers_groups(pattern):
            raise GrammarSyntaxError(f"a conditional of the terminal {terminal.name} asks for a group by its number",
                                     position=self._places.get(terminal.name, self._name),
                                     because="lark joins the patterns of all terminals, where groups have other numbers",
                                     instead="give the group a name: (?P<name>…) and (?(name)…)")
        try:
            tree = read_ordered(pattern, limits=self._limits)
        except GrammarSyntaxError as error:
            place = "" if error.position is None else f", {error.position}"
            raise GrammarSyntaxError(f"in the terminal {terminal.name}{place}: {error.what}",
                                     position=self._places.get(terminal.name, self._name), because=error.because,
                                     instead=error.instead) from error
        if self._lexer == "dynamic_complete" and not _looks_nowhere(tree):
            raise GrammarSyntaxError(f"the terminal {terminal.name} looks at what stands around it",
                                     position=self._places.get(terminal.name, self._name),
                                     because="dynamic_complete matches it in cut texts as well, where that is gone",
                                     instead='use lexer="dynamic", or write the terminal without assertions')
        return tree

    def _read_lexer(self, lexer: Any) -> int:
        """One of lark's lexers, as it would scan."""
        numbers = self._numbers
        try:
            scanner = lexer.scanner
        except re.error as error:
            raise no_pattern(error, self._name) from error
        order = tuple([numbers[one.name] for one in scanner.terminals])
        words = tuple([(numbers[owner], tuple([numbers[one.name] for one in callback.scanner.terminals]))
                       for owner, callback in lexer.callback.items()])
        return self._lexers.setdefault(Lexer(order, words), len(self._lexers))

    # -- LALR -----------------------------------------------------------------------------------------------------

    def lalr(self, start: str) -> Grammar:
        """Every rule for each state of lark's parser in which it may begin."""
        from lark.common import ParserConf
        from lark.parsers.lalr_analysis import LALR_Analyzer

        analysis: Any = LALR_Analyzer(ParserConf(self._made.rules, {}, [start]), debug=True)
        analysis.compute_lalr()
        states = States(analysis, self._made.rules, start)
        terminals = frozenset(self._numbers) - {"$END"}
        lexers: dict[frozenset[str], int] = {}
        if self._lexer == "contextual":
            ignored = frozenset(self._made.ignore_tokens)
            sets = [(accepted & terminals) | ignored for accepted in states.accepted()]
            trees = {name: self._terminals[self._numbers[name]].tree for name in terminals}
            try:
                lexers = {one: self._read_lexer(self._basic(group)) for one, group in merged(sets, trees).items()}
            except GrammarSyntaxError:  # names of groups that meet in what is merged only
                lexers = {one: self._read_lexer(self._basic(one)) for one in sets}
        else:
            ignored, number = frozenset(), self._read_lexer(self._made.parser.lexer)
            lexers = {accepted & terminals: number for accepted in states.accepted()}
        made = states.rules(lambda accepted: lexers[(accepted & terminals) | ignored])
        bodies = {name: [seq(*map(self._node, body)) for body in options] for name, options in made.rules.items()}
        return self._grammar(Ref(made.start), bodies, made.first)

    def _node(self, symbol: Symbol) -> Node:
        if isinstance(symbol, str):
            return Ref(symbol)
        if isinstance(symbol, frozenset):
            return NextIsNot(frozenset(self._numbers[name] for name in symbol))
        return self._token(*symbol)

    def _basic(self, names: frozenset[str]) -> Any:
        """lark's lexer for some terminals."""
        from lark.lexer import BasicLexer

        options = copy(self._made.lexer_conf)
        options.terminals = [one for one in self._made.terminals if one.name in names]
        options.skip_validation = True
        return BasicLexer(options)


def _looks_nowhere(tree: Tree, before: int = 0) -> bool:
    """Whether a terminal looks only at its own text; ``before``: so many characters of it come first at least."""
    if isinstance(tree, Behind):
        return tree.width <= before
    if isinstance(tree, Row):
        for part in tree.parts:
            if not _looks_nowhere(part, before):
                return False
            before += _least(part)
        return True
    if isinstance(tree, First):
        return all(_looks_nowhere(option, before) for option in tree.options)
    if isinstance(tree, Loop):
        return _looks_nowhere(tree.body, before)
    return isinstance(tree, One)


def _least(tree: Tree) -> int:
    """The least length of a match."""
    if isinstance(tree, Row):
        return sum(map(_least, tree.parts))
    if isinstance(tree, First):
        return min(map(_least, tree.options), default=0)
    return tree.min * _least(tree.body) if isinstance(tree, Loop) else int(isinstance(tree, One))


def _check_left(grammar: Grammar, name: str) -> None:
    """Refuses what is left of left recursion behind parts that are empty on a condition."""
    rules = {rule: _unconditional(node) for rule, node in grammar.rules.items()}
    nullable = nullable_rules(rules)
    first = {rule: first_rules(node, nullable) & rules.keys() for rule, node in rules.items()}
    for names in components(first):
        if len(names) > 1 or names[0] in first[names[0]]:
            raise GrammarSyntaxError(f"the rule {names[0].split('@')[0]} begins with itself behind a rule that may be empty",
                                     position=grammar.origins.get(names[0], name),
                                     because="a shift/reduce conflict decides whether it is",
                                     instead="write the rule so that lark finds no conflict in it (strict=True shows them)")


def _unconditional(node: Node) -> Node:
    if isinstance(node, Seq):
        return seq(*map(_unconditional, node.parts))
    if isinstance(node, Alt):
        return alt(map(_unconditional, node.options))
    if isinstance(node, Repeat):
        return repeat(_unconditional(node.body), node.min, node.max)
    return EMPTY if isinstance(node, NextIsNot) else node
