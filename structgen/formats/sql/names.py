"""Puts the names of a database into the grammar of a dialect, and the steps that keep track of what is in scope.

In: the grammar of a dialect over any names, and a ``Catalog`` or None. Out: the grammar in which tables and columns are
those of the catalogue and every column belongs to a table of its query. The rules that name something become ``Named``
nodes, the rules ``mark_…`` become ``Step`` nodes; see ``grammar.names`` for what the steps do.

Aliases, names of common tables and names of results that may be referred to come from lists: what is listed can be
declared and used again, and a result may have any other name, which nothing refers to.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from itertools import count, groupby

from structgen.automaton.dfa import Dfa
from structgen.automaton.languages import text_language
from structgen.formats.sql.catalog import Catalog, Column, Dialect
from structgen.grammar.build import EMPTY, alt, literal, seq
from structgen.grammar.files import grammar
from structgen.grammar.names import NONE, Do, Names
from structgen.grammar.nodes import And, Chars, Grammar, Named, Node, Not, Ref, Step, Text
from structgen.grammar.rewrite import rewritten
from structgen.limits import Limits

_ALWAYS = {
    "mark_with": [(Do.OPEN, 0)], "mark_with_end": [(Do.CLOSE, 0)], "mark_open": [(Do.OPEN, 0)],
    "mark_open_one": [(Do.OPEN, 1)], "mark_open_source": [(Do.OPEN_SOURCE, 0)], "mark_close": [(Do.CLOSE, 0)],
    "mark_close_source": [(Do.CLOSE_HELD, 0)], "mark_next": [(Do.NEXT, 0)], "mark_compound": [(Do.COMPOUND, 0)],
    "mark_further": [(Do.FURTHER, 0)], "mark_star_may": [(Do.STAR, 0)],
    "mark_item": [(Do.RESULT, 0)], "mark_items": [(Do.RESULTS_END, 0)],
    "mark_star_of": [(Do.STAR, 2)], "mark_no_source": [(Do.NO_SOURCES, 0)], "mark_from": [(Do.SOURCES, 0)],
    "mark_sources": [(Do.SOURCES_END, 0)], "mark_target": [(Do.OPEN, 0), (Do.SOURCES, 0)],
    "mark_target_end": [(Do.CLOSE, 0)], "mark_row": [(Do.OPEN_ROW, 0)],
    "mark_row_end": [(Do.RESULTS_END, 0), (Do.CLOSE, 0)],
    "mark_inserted_query": [(Do.OPEN_LIKE, 0)], "mark_close_target": [(Do.CLOSE, 0), (Do.CLOSE, 0)],
}  # fmt: skip
_WITH_NAMES = {
    "mark_star": [(Do.STAR, 1)], "mark_more": [(Do.MORE, 0)], "mark_natural": [(Do.ALONE, 0)],
    "mark_own_name": [(Do.NAME, NONE)], "mark_alias": [(Do.RENAMED, 0)], "mark_common": [(Do.END_RELATION, 0)],
    "mark_more_common": [(Do.UNDECLARED, 0)], "mark_more_inserted": [(Do.UNGIVEN, 0)],
    "mark_target_name": [(Do.NAME, NONE), (Do.SOURCES_END, 0)],
}  # fmt: skip
_WITHOUT = {"mark_star": [(Do.STAR, 2)], "mark_target_name": [(Do.SOURCES_END, 0)]}
_ALIASES = (*(f"t{i}" for i in range(1, 10)), *"abcdefghijklmnopqrstuvwxyz", "sub", "subquery", "derived", "src", "x1", "x2")
COMMON = ("cte", "cte1", "cte2", "cte3", "base", "ranked", "totals", "counts", "filtered", "grouped", "stats", "summary",
           "averages", "recent", "result", "results", "joined", "aggregated", "top", "latest")
_RESULTS = ("n", "cnt", "count", "num", "number", "total", "amount", "avg", "average", "sum", "min", "max", "value", "rank",
            "rnk", "rn", "row_num", "ratio", "pct", "percentage", "share", "diff", "difference", "result", "label", "year",
            "month", "day", "name", "id", "key", "type", "category", "status", "frequency", "occurrences", "total_count")
_PREFIXES = ("avg", "min", "max", "sum", "total", "count", "num")
_LETTERS = 4000
"""Letters of the names of results that are made of columns' names, and of columns that may stand in quotes without need:
each letter is a state of an automaton, and a state is 10 us of compiling."""
_POSITIONS = 30


@lru_cache(maxsize=32)
def marked(file: str, start: str, with_names: bool) -> Grammar:
    """The grammar of a dialect with its marks as steps; shared by all databases."""
    steps = {**_ALWAYS, **(_WITH_NAMES if with_names else _WITHOUT)}
    found = grammar(f"sql/{file}", start)
    marks = {name: seq(*[Step(*step) for step in steps.get(name, ())]) if steps.get(name) else EMPTY
             for name in found.rules if name.startswith("mark_")}
    made = rewritten(found, lambda node: marks.get(node.rule, node) if isinstance(node, Ref) else node)
    return replace(made, rules={name: body for name, body in made.rules.items() if name not in marks},
                   names=Names((), ()))


def named(dialect: Dialect, start: str, catalog: Catalog, limits: Limits) -> Grammar:
    """The grammar of the statements over a catalogue."""
    return Naming(marked(dialect, start, True), dialect, catalog, limits).run()


class Naming:
    """Numbers for names and columns, and the nodes that spell them."""

    def __init__(self, found: Grammar, dialect: Dialect, catalog: Catalog, limits: Limits) -> None:
        self._grammar, self._dialect, self._catalog, self._limits = found, dialect, catalog, limits
        self._plain = _dfa_of(found, limits)
        self._spelled: dict[str, Node] = {}
        self.tables = [table.name for table in catalog.tables]
        self.columns: dict[tuple[str, str], int] = {}
        for table in catalog.tables:
            for column in table.columns:
                self._column(column.name, self.kind(column))
        self._spelling = {column.name.casefold(): column.name for table in catalog.tables for column in table.columns}
        self._n_columns = len(self.columns)
        self._known = {*self.tables, *(name for name, _ in self.columns)}
        taken = {name.casefold() for name in self.tables}
        self.aliases = self._fresh((*_ALIASES, *_initials(self.tables)), taken)
        spare = (f"x{i}" for i in count(3))  # a source always finds an alias: there are more than sources
        while len(self.aliases) <= Names((), ()).most:
            self.aliases += self._fresh([next(spare)], taken.union(self.aliases))
        self.common = self._fresh(COMMON, taken | set(self.aliases))
        self._few = sum(len(name) for name, _ in self.columns) <= _LETTERS // 4
        left = _LETTERS
        for name in self._fresh((*_RESULTS, *(f"{p}_{c}" for c, _ in list(self.columns) for p in _PREFIXES)), set()):
            left -= len(name)
            if left > 0:
                for kind in self.kinds_of_result(name):
                    self._column(name, kind)

    def kind(self, column: Column) -> str:
        """What columns are told apart by beside their names."""
        return ""

    def kinds_of_result(self, name: str) -> tuple[str, ...]:
        """The kinds of results that may have this name."""
        return ("",)

    def _column(self, name: str, kind: str) -> int:
        return self.columns.setdefault((name.casefold(), kind), len(self.columns))

    def _fresh(self, names: Iterable[str], taken: set[str]) -> list[str]:
        """The names that are plain, once each, but those that are taken."""
        return [name for name in dict.fromkeys(name.lower() for name in names)
                if name not in taken and self._is_plain(name)]

    def _is_plain(self, name: str) -> bool:
        """Whether a name may stand without quotes."""
        state = self._plain.start
        for byte in name.encode():
            state = next((to for low, high, to in self._plain.edges[state] if low <= byte <= high), -1)
            if state < 0:
                return False
        return self._plain.accept[state] >= 0

    def run(self) -> Grammar:
        relations = tuple(tuple(sorted(self.columns[column.name.casefold(), self.kind(column)] for column in table.columns))
                          for table in self._catalog.tables)
        n, a = len(self.tables), len(self.aliases)
        names = Names(relations, tuple(range(n)), declared=frozenset(range(n + a, n + a + len(self.common))))
        rules = {**self._grammar.rules, **self._rules(n, n + a)}
        return replace(self._grammar, rules={**rules, **self.further_rules(rules)}, names=names)

    def further_rules(self, rules: Mapping[str, Node]) -> dict[str, Node]:
        """Rules in the place of some of these."""
        return {}

    def _rules(self, first_alias: int, first_common: int) -> dict[str, Node]:
        every = [(name, number) for (name, _), number in self.columns.items()]
        own = every[: self._n_columns]
        tables = list(zip(self.tables, range(len(self.tables)), strict=True))
        aliases = list(zip(self.aliases, range(first_alias, first_common), strict=True))
        common = list(zip(self.common, range(first_common, first_common + len(self.common)), strict=True))
        qualifier = self._named(Do.QUALIFIER, [*tables, *aliases, *common])
        dot = literal(".")
        other = Text(And((_body(self._grammar.rules["plain_name"]), Not(any_of(name for name, _ in every)))))
        rules: dict[str, Node] = {
            "column": alt([self._named(Do.LOOSE, every), seq(qualifier, dot, self._named(Do.ATTRIBUTE, every))]),
            "result_column": alt([self._named(Do.LOOSE_GIVEN, every),
                                  seq(qualifier, dot, self._named(Do.ATTRIBUTE_GIVEN, every))]),
            "result_name": alt([self._named(Do.GIVES, every), other]),
            "result_reference": self._named(Do.REFER, every),
            "qualifier": qualifier,
            "source_table": alt([self._named(Do.RELATION, tables), self._named(Do.DECLARED, common)]),
            "target_table": self._named(Do.RELATION, tables),
            "dropped_table": alt([self._spell(name) for name in self.tables]),
            "column_of_target": self._named(Do.LOOSE, own),
            "inserted_column": self._named(Do.LOOSE_GIVEN, own),
            "alias": self._named(Do.NAME, aliases),
            "common_name": self._named(Do.BEGIN_RELATION, common),
            "common_recursive": Ref("common"),
            "position": positions(),
        }
        if "double_quoted" in self._grammar.rules:  # what names a column is no text
            quoted = seq(literal('"'), any_of(name for name, _ in every), literal('"'))
            rules["double_quoted"] = Text(And((_body(self._grammar.rules["double_quoted"]), Not(quoted))))
        return rules

    def _named(self, do: Do, names: Iterable[tuple[str, int]], behind: Mapping[int, Node] | None = None) -> Node:
        """One of some names, and what stands behind it; those that occur again, of another kind, are alternatives."""
        numbers: dict[str, list[int]] = {}
        for name, number in names:
            numbers.setdefault(name, []).append(number)
        layers = []
        while numbers:
            first = [found[0] for found in numbers.values()]
            steps = tuple([Step(int(do), what) for what in first])
            ways = tuple([behind[what] for what in first]) if behind else ()
            layers.append(Named(tuple([self._spell(name) for name in numbers]), steps, ways))
            numbers = {name: found[1:] for name, found in numbers.items() if len(found) > 1}
        return alt(layers)

    def _spell(self, name: str) -> Node:
        """A name as it may be written: plain in any case, and in quotes as the database spells it."""
        made = self._spelled.get(name)
        if made is None:
            made = self._spelled[name] = alt(list(self._spellings(self._spelling.get(name, name), name in self._known)))
        return made

    def _spellings(self, name: str, is_known: bool) -> Iterator[Node]:
        if self._is_plain(name) and (self._dialect != "postgres" or name == name.lower()):
            yield _folded(name)
            if not (self._few and is_known):
                return
        doubled = name.replace('"', '""')
        yield literal(f'"{doubled}"')
        if self._dialect == "sqlite":
            tick = name.replace("`", "``")
            yield literal(f"`{tick}`")
            if "]" not in name and not self._is_plain(name):
                yield literal(f"[{name}]")


def positions() -> Node:
    """The numbers of result columns."""
    return Named(tuple([literal(str(i)) for i in range(1, _POSITIONS + 1)]),
                 tuple([Step(int(Do.POSITION), i) for i in range(1, _POSITIONS + 1)]))


def _folded(name: str) -> Node:
    """A name without case, in ASCII as the dialects have it."""
    return seq(*[_letter(one) for one in name])


def any_of(names: Iterable[str]) -> Node:
    """Any of some names without case. What they begin with alike is written once: thousands of names in a row would each
    be looked at for every letter."""
    sorted_names = sorted({"".join(one.lower() if one.isascii() else one for one in name) for name in names})
    return _branches(sorted_names, 0)


def _branches(names: list[str], depth: int) -> Node:
    """The names of a sorted list behind their first ``depth`` letters, which they share."""
    if len(names) == 1:
        return _folded(names[0][depth:])
    first, last = names[0], names[-1]
    shared = depth
    while shared < len(first) and first[shared] == last[shared]:
        shared += 1
    ends = len(first) == shared
    groups = groupby(names[ends:], key=lambda name: name[shared])
    rest = alt([*([EMPTY] if ends else []), *(_branches(list(group), shared) for _, group in groups)])
    return seq(_folded(first[depth:shared]), rest)


@lru_cache(maxsize=1024)
def _letter(one: str) -> Node:
    if not (one.isascii() and one.isalpha()):
        return literal(one)
    return Chars(((ord(one.upper()),) * 2, (ord(one.lower()),) * 2))


def _initials(tables: Iterable[str]) -> Iterator[str]:
    """What people take for an alias of a table: the initials of its words, and its first letters."""
    for table in tables:
        words = re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+", table)
        initials = "".join(word[0] for word in words).lower()
        yield from (initials, *(f"{initials}{i}" for i in range(1, 4)), table[:3], table[:4], table.rstrip("s"))


def _body(node: Node) -> Node:
    return node.body if isinstance(node, Text) else node


def _dfa_of(found: Grammar, limits: Limits) -> Dfa:
    body = found.rules["plain_name"]
    language = text_language(_body(body), 0, None, limits)
    assert language is not None
    return language[0]
