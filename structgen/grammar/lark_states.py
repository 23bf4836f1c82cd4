"""A grammar by the states of lark's LALR parser: which rule begins in which state, and which lexer reads behind a token.

In: lark's analysis of a grammar. Out: plain rules (``Rules``). A contextual lexer sees the terminals that the parser's
state accepts, so a rule must know its state. Two things keep that small: lexers are *merged* where the terminals that one
of them has more can never match where one of the other's matches, and rules that mean the same in two states are one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from structgen.grammar.ordered import Atomic, First, Group, IfGroup, Loop, One, Row, Tree
from structgen.grammar.unicode import Ranges, union

Symbol = str | tuple[str, int] | frozenset[str]
"""A rule, or a terminal with the lexer behind it, or terminals of which the next token is none."""


@dataclass(frozen=True, slots=True)
class Rules:
    """Rules by name, each as its alternatives; the start rule, and the lexer of the first token."""

    start: str
    first: int
    rules: Mapping[str, list[tuple[Symbol, ...]]]


class States:
    """The states of an LALR parser."""

    def __init__(self, analysis: Any, rules: Iterable[Any], start: str) -> None:
        self._table, self._start = analysis.parse_table.states, start
        self._first = analysis.lr0_start_states[start]
        self._states = analysis.lr0_itemsets
        self._numbers = {id(state): number for number, state in enumerate(self._states)}
        self._rules: dict[str, list[Any]] = defaultdict(list)
        for rule in rules:
            self._rules[rule.origin.name].append(rule)

    def accepted(self) -> list[frozenset[str]]:
        """The names of the terminals that each state accepts, without repetitions."""
        found = {frozenset(self._table[state.closure]) for state in self._states}
        return sorted(found, key=lambda one: (-len(one), sorted(one)))

    def rules(self, lexer_of: Callable[[frozenset[str]], int]) -> Rules:
        """The rules by the states in which they begin; ``lexer_of`` gives the lexer of a state by what it accepts."""
        bodies: dict[str, list[tuple[Symbol, ...]]] = {}
        work = [(self._first, self._start)]
        while work:
            state, origin = work.pop()
            name = self._name(state, origin)
            if name not in bodies:
                bodies[name] = [self._path(state, rule, work, lexer_of) for rule in self._rules[origin]]
        first = lexer_of(frozenset(self._table[self._first.closure]))
        return _distinct(Rules(self._name(self._first, self._start), first, bodies))

    def _name(self, state: Any, origin: str) -> str:
        return f"{origin}@{self._numbers[id(state)]}"

    def _path(self, state: Any, rule: Any, work: list[tuple[Any, str]],
              lexer_of: Callable[[frozenset[str]], int]) -> tuple[Symbol, ...]:
        """One alternative, from a state on. Where the table gives a token to something else than this rule's end, the
        next token is none of those."""
        parts: list[Symbol] = []
        for symbol in rule.expansion:
            following = state.transitions[symbol]
            if symbol.is_term:
                parts.append((symbol.name, lexer_of(frozenset(self._table[following.closure]))))
            else:
                parts.append(self._name(state, symbol.name))
                work.append((state, symbol.name))
            state = following
        actions = self._table[state.closure]
        others = [la.name for la, rules in state.lookaheads.items() if rule in rules and actions[la.name][1] != rule]
        return (*parts, frozenset(others)) if others else tuple(parts)


def _distinct(made: Rules) -> Rules:
    """The same language, with one rule for those that mean the same: the coarsest partition by what they consist of."""
    block: dict[str, Any] = {name: name.rsplit("@", 1)[0] for name in made.rules}
    count = 0
    while count != len(set(block.values())):
        count = len(set(block.values()))
        known: dict[Any, int] = {}
        block = {name: known.setdefault((block[name], *(tuple([block[one] if isinstance(one, str) else one for one in body])
                                                        for body in options)), len(known))
                 for name, options in made.rules.items()}
    kept: dict[Any, str] = {}
    for name in made.rules:
        kept.setdefault(block[name], name)

    def renamed(symbol: Symbol) -> Symbol:
        return kept[block[symbol]] if isinstance(symbol, str) else symbol

    rules = {name: [tuple(map(renamed, body)) for body in made.rules[name]] for name in kept.values()}
    return Rules(kept[block[made.start]], made.first, rules)


def merged(sets: Iterable[frozenset[str]], trees: Mapping[str, Tree]) -> dict[frozenset[str], frozenset[str]]:
    """Sets of terminals put together where that changes no token: for each set the one that it became part of.

    Terminals of which no text can match both where they stand do not see each other, whatever their order.
    """
    first = {name: _first(tree)[0] for name, tree in trees.items()}
    words = {name: _word(tree) for name, tree in trees.items()}
    known: dict[tuple[str, str], bool] = {}

    def meet(one: str, other: str) -> bool:
        key = (one, other) if one < other else (other, one)
        found = known.get(key)
        if found is None:
            a, b = words[one], words[other]
            found = known[key] = _overlap(first[one], first[other]) if a is None or b is None else (
                a.startswith(b) or b.startswith(a))
        return found

    groups: list[frozenset[str]] = []
    member: dict[frozenset[str], int] = {}
    for names in sets:
        for number, group in enumerate(groups):
            if not any(meet(one, other) for one in names - group for other in group) and not any(
                    meet(one, other) for one in group - names for other in names):
                groups[number] = group | names
                member[names] = number
                break
        else:
            member[names] = len(groups)
            groups.append(names)
    return {names: groups[number] for names, number in member.items()}


def _first(tree: Tree) -> tuple[Ranges, bool]:
    """The characters with which a match may begin, or more of them, and whether it may be empty."""
    if isinstance(tree, One):
        return tree.ranges, False
    if isinstance(tree, Row):
        found: Ranges = ()
        for part in tree.parts:
            ranges, empty = _first(part)
            found = union((*found, *ranges))
            if not empty:
                return found, False
        return found, True
    if isinstance(tree, First | IfGroup):
        options = tree.options if isinstance(tree, First) else (tree.yes, tree.no)
        parts = [_first(option) for option in options]
        return union(pair for ranges, _ in parts for pair in ranges), any(empty for _, empty in parts)
    if isinstance(tree, Loop):
        ranges, empty = _first(tree.body)
        return ranges, empty or tree.min == 0
    if isinstance(tree, Atomic | Group):
        return _first(tree.body)
    return (), True


def _word(tree: Tree) -> str | None:
    """The text of a terminal that has one only."""
    parts = tree.parts if isinstance(tree, Row) else (tree,)
    if all(isinstance(part, One) and len(part.ranges) == 1 and part.ranges[0][0] == part.ranges[0][1] for part in parts):
        return "".join([chr(part.ranges[0][0]) for part in parts if isinstance(part, One)])
    return None


def _overlap(one: Ranges, other: Ranges) -> bool:
    return any(low <= high_ and low_ <= high for low, high in one for low_, high_ in other)


__all__ = ["Rules", "States", "Symbol", "merged"]
