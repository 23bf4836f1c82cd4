"""Removes left recursion from a grammar: the same texts, with rules that read something before they call themselves.

In: a grammar whose rules may begin with themselves, directly, through other rules, or behind parts that may be empty.
Out: a grammar of the same language in which none does, so that an engine may call rules by pushing frames. Lists and
maps, texts and every rule that is not left-recursive stay as they are.

Each rule ``i`` of a cycle, without the empty text, is ``X_i = B_i | X_1 M_1i | … | X_n M_ni``: bases that begin with no
rule of the cycle, and what may follow a text that does. What is exact about such equations is used step by step:

1. An empty step makes one rule the other (``expr: sum | NAME``), so both have the same bases; ``a: a`` disappears.
2. A rule that does not follow itself is put where it stands (``sum: expr "+" expr``), as long as little is copied.
3. One rule alone is a chain of operands: ``S: S a S | S c | d S | b`` holds the same texts as ``S: d* b c* [a S]``. Its
   calls are tail calls, so the stack stays flat and an ambiguous ``expr: expr "+" expr`` is read in one way.
4. Several rules go through the left-corner transform (Rosenkrantz and Lewis, 1970): a text of ``X_g`` is some ``B_j``
   followed by steps that lead from ``j`` to ``g``, new rules ``j→g: M_jk k→g``, all tail calls again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace

from structgen.errors import LimitExceededError
from structgen.grammar.build import EMPTY, NEVER, alt, optional, repeat, seq
from structgen.grammar.empty_text import components, first_rules, is_nullable, nonempty, nullable_rules, references
from structgen.grammar.nodes import Alt, Grammar, Node, Ref, Repeat, Seq
from structgen.limits import Limits

_SUBSTITUTED = 16
"""Alternatives that putting a rule where it stands may make; beyond it the left-corner transform copies less."""


def without_left_recursion(grammar: Grammar, limits: Limits) -> Grammar:
    """The same language without left recursion; the grammar itself where there is none.

    Raises ``LimitExceededError`` (``grammar_states``) if the rules that replace it grow beyond that.
    """
    nullable = nullable_rules(grammar.rules)
    first = {name: first_rules(node, nullable) & grammar.rules.keys() for name, node in grammar.rules.items()}
    cycles = [names for names in components(first) if len(names) > 1 or names[0] in first[names[0]]]
    return _Transform(grammar, nullable, limits).run(cycles) if cycles else grammar


class _Transform:
    """Rules made on demand, from the start node on: what nobody uses any more is not made."""

    def __init__(self, grammar: Grammar, nullable: set[str], limits: Limits) -> None:
        self._grammar, self._nullable, self._limits = grammar, nullable, limits
        self._left = limits.grammar_states
        self._place = ""
        self._makers: dict[str, Callable[[], Node]] = {}
        self._source: dict[str, str] = {name: name for name in grammar.rules}
        for name, body in grammar.rules.items():
            self._makers[name] = lambda body=body: body  # type: ignore[misc]
            if name in nullable:
                self._define(_nonempty(name), name, lambda body=body: self._nonempty(body))  # type: ignore[misc]

    def run(self, cycles: list[list[str]]) -> Grammar:
        for names in cycles:
            self._place = self._grammar.origins.get(names[0], names[0])
            self._cycle(names)
        rules: dict[str, Node] = {}
        work = list(references(self._grammar.start))
        while work:
            name = work.pop()
            if name not in rules and name in self._makers:
                self._place = self._grammar.origins.get(self._source[name], name)
                rules[name] = self._makers[name]()
                work.extend(references(rules[name]))
        origins = {name: self._grammar.origins[self._source[name]] for name in rules
                   if self._source[name] in self._grammar.origins}
        return replace(self._grammar, rules=rules, origins=origins)

    def _define(self, name: str, source: str, maker: Callable[[], Node]) -> None:
        self._makers[name], self._source[name] = maker, source

    def _charge(self, nodes: int) -> None:
        self._left -= nodes
        if self._left < 0:
            raise LimitExceededError("the left recursion needs too many rules to be replaced", limit="grammar_states",
                                     position=self._place, instead="write the repetition with * or +")

    def _nonempty(self, node: Node) -> Node:
        return nonempty(node, self._nullable, lambda name: Ref(_nonempty(name)), self._charge)

    # -- one cycle ------------------------------------------------------------------------------------------------

    def _cycle(self, names: list[str]) -> None:
        """Gives every rule of a left-recursive component its new body.

        ``bases[i]`` are the texts of rule ``i`` that begin with no rule of the cycle, ``steps[j][i]`` what may follow a
        text of ``j`` to make one of ``i``; neither bases nor the texts of a step hold the empty text. A step that would
        be empty makes every text of ``j`` one of ``i``: a unit, resolved at once.
        """
        inside = set(names)
        bases: dict[str, list[Node]] = {}
        steps: dict[str, dict[str, list[Node]]] = {name: {} for name in names}
        units: dict[str, list[str]] = {name: [] for name in names}
        for name in names:
            base, suffixes = self._split(self._grammar.rules[name], inside)
            bases[name] = _alternatives(base)
            for first, suffix in suffixes:
                units[first] += [name] if is_nullable(suffix, self._nullable) else []
                step = self._nonempty(suffix)
                if step is not NEVER:
                    steps[first].setdefault(name, []).extend(_alternatives(step))
        bases, steps = self._without_units(names, bases, steps, units)
        left = self._substituted(names, bases, steps)
        for name in left:
            self._solve(name, self._chain(name, bases, steps) if len(left) == 1 else self._corner(name, left, bases, steps))

    def _without_units(self, names: list[str], bases: dict[str, list[Node]], steps: dict[str, dict[str, list[Node]]],
                       units: dict[str, list[str]]) -> tuple[dict[str, list[Node]], dict[str, dict[str, list[Node]]]]:
        """What leads to a rule leads to those that it may simply be as well."""
        closed_bases: dict[str, list[Node]] = {name: [] for name in names}
        closed: dict[str, dict[str, list[Node]]] = {name: {} for name in names}
        leading: dict[str, list[tuple[str, list[Node]]]] = {name: [] for name in names}
        for first, after in steps.items():
            for target, found in after.items():
                leading[target].append((first, found))
        for name in names:
            for target in _closure(name, units):
                self._charge(len(bases[name]) + 1)
                closed_bases[target] += bases[name]
                for first, found in leading[name]:
                    self._charge(len(found))
                    closed[first].setdefault(target, []).extend(found)
        return closed_bases, closed

    def _substituted(self, names: list[str], bases: dict[str, list[Node]],
                     steps: dict[str, dict[str, list[Node]]]) -> list[str]:
        """Replaces rules that no step leads back to at once by what they stand for; the rules that are left."""
        left = list(names)
        for name in names[::-1]:
            before = [other for other in left if name in steps[other]]
            ways = sum(len(steps[other][name]) for other in before) + len(bases[name])
            after = {target: found for target, found in steps[name].items() if target in left}
            if name in before or len(left) == 1 or ways * sum(map(len, after.values())) > _SUBSTITUTED:
                continue
            left.remove(name)
            own = [*bases[name], *(seq(self._whole(other), step) for other in before for step in steps[other][name])]
            self._solve(name, lambda own=own: alt(own))  # type: ignore[misc]
            for target, found in after.items():
                for step in found:
                    bases[target] += [seq(base, step) for base in bases[name]]
                    for other in before:
                        steps[other].setdefault(target, []).extend(seq(first, step) for first in steps[other][name])
        return left

    def _whole(self, name: str) -> Ref:
        """The texts of a rule but the empty one."""
        return Ref(_nonempty(name) if name in self._nullable else name)

    def _solve(self, name: str, maker: Callable[[], Node]) -> None:
        """Gives a rule its texts but the empty one."""
        self._define(self._whole(name).rule, name, maker)
        if name in self._nullable:
            self._makers[name] = lambda: optional(Ref(_nonempty(name)))

    def _chain(self, name: str, bases: dict[str, list[Node]],
               steps: dict[str, dict[str, list[Node]]]) -> Callable[[], Node]:
        """A rule that begins only with itself, as operands with infixes between them."""
        prefixes, operands = self._by_end(name, bases[name])
        infixes, postfixes = self._by_end(name, steps[name].get(name, []))
        operand = seq(repeat(alt(prefixes)), alt(operands), repeat(alt(postfixes)))
        whole = seq(operand, optional(seq(alt(infixes), self._whole(name)))) if infixes else operand
        return lambda: whole

    def _by_end(self, name: str, options: list[Node]) -> tuple[list[Node], list[Node]]:
        """What stands before the rule in the options that end with it, and the options that do not."""
        ending: list[Node] = []
        others: list[Node] = []
        for option in options:
            parts = option.parts if isinstance(option, Seq) else (option,)
            if isinstance(parts[-1], Ref) and parts[-1].rule in (name, _nonempty(name)):
                ending.append(seq(*parts[:-1]))
                if name in self._nullable and parts[-1].rule == name and len(parts) > 1:
                    others.append(ending[-1])
            else:
                others.append(option)
        return ending, others

    def _corner(self, goal: str, names: list[str], bases: dict[str, list[Node]],
                steps: dict[str, dict[str, list[Node]]]) -> Callable[[], Node]:
        """A rule of a cycle of several: a base, then steps that lead to the rule."""
        def path(here: str) -> Node:
            name = f"{here}→{goal}"
            if name not in self._makers:
                self._define(name, here, lambda: steps_from(here))
            return Ref(name)

        def steps_from(here: str) -> Node:
            found: list[Node] = [EMPTY] if here == goal else []
            for target in names:
                self._charge(1 + len(steps[here].get(target, ())))
                found += [seq(step, path(target)) for step in steps[here].get(target, ())]
            return alt(found)

        def whole() -> Node:
            self._charge(len(names))
            return alt(seq(alt(bases[name]), path(name)) for name in names if bases[name])

        return whole

    def _split(self, node: Node, inside: Collection[str]) -> tuple[Node, list[tuple[str, Node]]]:
        """The texts of a node but the empty one: those that begin with no rule of a cycle, and for each way to begin
        with a (not empty) text of such a rule what follows it."""
        if not first_rules(node, self._nullable) & set(inside):
            return self._nonempty(node), []
        if isinstance(node, Ref):
            return NEVER, [(node.rule, EMPTY)]
        if isinstance(node, Alt):
            bases: list[Node] = []
            suffixes: list[tuple[str, Node]] = []
            for option in node.options:
                base, found = self._split(option, inside)
                bases += [] if base is NEVER else [base]
                suffixes += found
            return alt(bases), suffixes
        if isinstance(node, Repeat):
            once = node.body
            empty = is_nullable(once, self._nullable)
            again = repeat(once, 0 if empty else max(node.min - 1, 0), None if node.max is None else node.max - 1)
            return self._followed(self._split(once, inside), again)
        assert isinstance(node, Seq)
        bases, suffixes = [], []
        for i, part in enumerate(node.parts):
            self._charge(len(node.parts) - i)
            base, found = self._followed(self._split(part, inside), seq(*node.parts[i + 1 :]))
            bases += [] if base is NEVER else [base]
            suffixes += found
            if not is_nullable(part, self._nullable):
                break
        return alt(bases), suffixes

    def _followed(self, split: tuple[Node, list[tuple[str, Node]]], rest: Node) -> tuple[Node, list[tuple[str, Node]]]:
        base, suffixes = split
        self._charge(1 + len(suffixes))
        return seq(base, rest), [(first, seq(suffix, rest)) for first, suffix in suffixes]


def _nonempty(name: str) -> str:
    """The name of a rule's texts but the empty one; no reader gives names with a plus."""
    return f"{name}+"


def _alternatives(node: Node) -> list[Node]:
    """The alternatives of a node, flat."""
    if isinstance(node, Alt):
        return [found for option in node.options for found in _alternatives(option)]
    return [node]


def _closure(here: str, edges: dict[str, list[str]]) -> list[str]:
    """What is reached from ``here``, itself first."""
    seen, work = {here: None}, [here]
    while work:
        for other in edges[work.pop()]:
            if other not in seen:
                seen[other] = None
                work.append(other)
    return list(seen)
