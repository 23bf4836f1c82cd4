"""SQL in which values have kinds: what PostgreSQL holds against a query beside its names.

In: a ``Catalog`` that says the type of every column. Out: the grammar of the statements over it in which a number stands
where PostgreSQL wants a number: ``grammars/sql/postgres_typed.lark`` says how. The one idea: to the names in scope a
column of another kind is another attribute, so that ``column_number`` and its like are lists of attributes, and the kinds of
the results of a query are attributes of it, by which the queries that UNION joins to it are held.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache

from structgen.formats.sql.catalog import Catalog, Column, Dialect
from structgen.formats.sql.names import Naming, any_of, marked
from structgen.grammar.build import EMPTY, NEVER, alt, literal, optional, repeat, seq
from structgen.grammar.names import Do
from structgen.grammar.nodes import And, Grammar, Named, Node, Not, Ref, Repeat, Seq, Step, Text
from structgen.grammar.rewrite import rewritten
from structgen.limits import Limits

_KINDS = {
    "integer": "integer", "int": "integer", "int4": "integer", "smallint": "integer", "int2": "integer", "serial": "integer",
    "smallserial": "integer", "bigint": "exact", "int8": "exact", "bigserial": "exact", "numeric": "exact",
    "decimal": "exact",
    "real": "number", "float4": "number", "double precision": "number", "float8": "number", "float": "number",
    "text": "text", "varchar": "text", "character varying": "text", "char": "text", "character": "text", "bpchar": "text",
    "boolean": "truth", "bool": "truth", "date": "day", "timestamp": "stamp", "timestamptz": "stamp",
    "timestamp without time zone": "stamp", "timestamp with time zone": "stamp", "interval": "span",
}  # fmt: skip
_HOLDS = {
    "number": ("integer", "exact", "number"), "exact": ("integer", "exact"), "integer": ("integer",), "text": ("text",),
    "truth": ("truth",), "time": ("day", "stamp", "time"), "day": ("day",), "stamp": ("stamp",), "span": ("span",),
    "other": ("other",),
}  # fmt: skip
"""The kinds of columns that each kind of value may be."""
_GIVES = {"number": "exact", "text": "text", "truth": "truth", "time": "time", "span": "span", "other": "other"}
"""The kind of column that a result with a name of its own is to the query around it."""
_CASTS = {"number": "::numeric", "exact": "::numeric", "integer": "::integer", "text": "::text", "truth": "::boolean",
          "time": "::timestamp", "day": "::date", "stamp": "::timestamp", "span": "::interval"}  # fmt: skip
_TEXTS = ("label", "name", "key", "type", "category", "status")
_TIMES = ("year", "month", "day")
_FOLLOWED = 4
"""Results whose kinds are kept for the queries behind UNION; those further on may be of any kind there."""
_GROUPABLE = 4
"""The first results of a query that groups, among which may be others than aggregates."""
_GROUPED = ("grouped", "grouped_titled", "grouped_next")
_LISTS = ("listed_items", "titled_items", "distinct_items", "next_items")
_LISTED = (
    "listed_item", "item_of", "distinct_item", "titled_item", "given_item", "next_item", "total_item", "grouped_item",
    "grouped_column", "total_titled", "titled_value", "titled_column", "total_next", "next_value", "kinds", "solids",
    "kinds_then", "kinds_else", "kinds_cast", *(f"{kind}_{of}" for kind in _GIVES for of in ("end", "titled", "grouped")),
)  # fmt: skip
"""Templates that mark kinds, and are another rule for each place in a list."""


def kind_of(type_name: str) -> str:
    """The kind of a type as a database or DDL spells it; empty for no type."""
    plain = re.sub(r"\([^()]*\)", "", type_name).lower()
    plain = " ".join(plain.split())
    return _KINDS.get(plain, "other") if plain else ""


def untyped(catalog: Catalog) -> str:
    """A column whose type is not known, as ``table.column``; empty where there is none."""
    columns = ((table.name, column) for table in catalog.tables for column in table.columns)
    return next((f"{table}.{column.name}" for table, column in columns if not column.type.strip()), "")


def typed(dialect: Dialect, start: str, catalog: Catalog, limits: Limits) -> Grammar:
    """The grammar of the statements over a catalogue in which nothing is ``untyped``."""
    return _Typed(marked(f"{dialect}_typed", start, True), dialect, catalog, limits).run()


class _Typed(Naming):
    def kind(self, column: Column) -> str:
        return kind_of(column.type)

    def kinds_of_result(self, name: str) -> tuple[str, ...]:
        if name in _TEXTS:
            return ("text",)
        prefix, _, base = name.partition("_")
        if prefix in ("min", "max") and base:
            found = [kind for one, kind in self.columns if one == base]
            return tuple(_GIVES[of] for of in _GIVES if any(kind in _HOLDS[of] for kind in found))
        return ("exact", "time") if name in _TIMES else ("exact",)

    @property
    def _row(self) -> int:
        """The attribute that every query around which there is another gives: its whole row. So every source of it has one
        that may be any kind of value."""
        return len(self.columns)

    def further_rules(self, rules: Mapping[str, Node]) -> dict[str, Node]:
        made: dict[str, Node] = {"nothing": NEVER}
        pairs = [(name, kind, number) for (name, kind), number in self.columns.items()]
        qualifier, dot = rules["qualifier"], literal(".")

        def column(loose: Do, attribute: Do, kinds: Iterable[str], wanted: str = "") -> Node:
            found = [(name, number) for name, kind, number in pairs if kind in kinds]
            if not wanted:
                return alt([self._named(loose, found), seq(qualifier, dot, self._named(attribute, found))])
            behind = {number: EMPTY if kind in kinds else cast(kind, wanted) for _, kind, number in pairs}
            row = Named((literal("*::text"),), (Step(int(attribute), self._row),), (cast("text", wanted),))
            return alt([self._named(loose, found), seq(qualifier, dot, alt([self._named(attribute, every, behind), row]))])

        @cache
        def cast(given: str, wanted: str) -> Node:
            return literal(_cast(given, wanted))

        every = [(name, number) for name, _, number in pairs]
        for kind, kinds in _HOLDS.items():
            made[f"column_{kind}"] = column(Do.LOOSE, Do.ATTRIBUTE, kinds, "" if kind == "other" else kind)
        made["column_beside"] = column(Do.LOOSE, Do.ATTRIBUTE, _HOLDS["other"], "other")
        made["give_row"] = Step(int(Do.GIVES), self._row)
        for kind, given in _GIVES.items():
            made[f"column_{kind}_given"] = column(Do.LOOSE_GIVEN, Do.ATTRIBUTE_GIVEN, _HOLDS[kind])
            names = [(name, number) for name, of, number in pairs if of == given]
            body = rules["plain_name"]
            plain = body.body if isinstance(body, Text) else body
            other = Text(And((plain, Not(any_of([name for name, _ in names]))))) if names else Text(plain)
            made[f"name_{kind}"] = alt([self._named(Do.GIVES, names), other])
            made[f"target_{kind}"] = self._named(Do.LOOSE, [(name, number) for name, of, number in pairs[: self._n_columns]
                                                            if of in _HOLDS[kind]])
        different = list(dict.fromkeys(name for name, _, _ in pairs))
        first = self._row + 1
        self._aliases(made, different, first, rules)
        columns = [self._named(Do.REFER, every), seq(qualifier, dot, self._named(Do.REFER, every))]
        made["key_named"] = alt(columns)
        return {**made, **_Unrolled(rules, first + 2 * len(different)).run()}

    def _aliases(self, made: dict[str, Node], names: list[str], first: int, rules: Mapping[str, Node]) -> None:
        """Names of results, and those of results without aggregates, which GROUP BY may refer to."""
        aliases = [(name, first + number) for number, name in enumerate(names)]
        grouped = [(name, number + len(names)) for name, number in aliases]
        other = rules["result_name"].options[-1]  # type: ignore[attr-defined]
        made["result_name"] = alt([self._named(Do.GIVES, aliases), other])
        made["grouped_name"] = alt([self._named(Do.GIVES, grouped), other])
        made["grouped_key"] = self._named(Do.REFER, grouped)
        every = [(name, number) for (name, _), number in self.columns.items()]
        made["result_reference"] = alt([self._named(Do.REFER, one) for one in (every, aliases, grouped)])


class _Unrolled:
    """Lists of results in which every place has rules of its own, with steps that say and ask for its kind."""

    def __init__(self, rules: Mapping[str, Node], first: int) -> None:
        self._rules, self._first = rules, first
        self._made: dict[str, Node] = {}

    def run(self) -> dict[str, Node]:
        for name, body in self._rules.items():
            if name in _GROUPED:
                assert isinstance(body, Seq)
                self._made[name] = self._grouped(*body.parts[:8])
            elif _template(name) in _LISTS:
                assert isinstance(body, Seq) and isinstance(body.parts[1], Repeat) and isinstance(body.parts[1].body, Seq)
                item, further = body.parts[0], seq(*body.parts[1].body.parts[:-1])
                rest = repeat(seq(further, self._at(item, None)))
                for place in range(_FOLLOWED, 0, -1):
                    here = self._at(item, place)
                    rest = optional(seq(further, here, rest)) if place > 1 else seq(here, rest)
                self._made[name] = rest
        return self._made

    def _grouped(self, total: Node, value: Node, column: Node, further: Node, end: Node, alias: Node, name: Node,
                 comma: Node) -> Node:
        """A list of results in a query that groups: what must be grouped is known by its places."""
        rest = repeat(seq(further, self._at(total, None)))

        def ended(places: tuple[int, ...], has_column: bool) -> Node:
            if not places:
                return end
            names = alt([alias, name]) if has_column else alias  # no name without a column: none could be written
            keys: list[Node] = []
            for place in places:
                keys += [comma, alt([literal(str(place)), names])]
            return seq(Ref("group_by"), *keys[1:], Ref("group_end"))

        def behind(place: int, places: tuple[int, ...], has_column: bool) -> Node:
            if place > _GROUPABLE:
                return seq(rest, ended(places, has_column))
            return alt([seq(further, item(place, places, has_column)), ended(places, has_column)])

        def item(place: int, places: tuple[int, ...], has_column: bool) -> Node:
            at = place if place <= _FOLLOWED else None
            ways = [(total, places, has_column), (value, (*places, place), has_column), (column, (*places, place), True)]
            return alt([seq(self._at(one, at), behind(place + 1, grouped, named)) for one, grouped, named in ways])

        return item(1, (), False)

    def _at(self, node: Node, place: int | None) -> Node:
        """A node in an item at this place; None: further on."""
        if not isinstance(node, Ref):
            return node
        what, _, kind = node.rule.partition("_")
        if what in ("give", "like") and kind in _GIVES:
            if place is None:
                return EMPTY
            number = self._first + place * len(_GIVES) + list(_GIVES).index(kind)
            return Step(int(Do.GIVES if what == "give" else Do.REFER), number)
        if _template(node.rule) not in _LISTED:
            return node
        name = f"{node.rule}@{place or 'rest'}"
        if name not in self._made:
            self._made[name] = EMPTY
            self._made[name] = _changed(self._rules[node.rule], lambda part: self._at(part, place))
        return Ref(name)


def _cast(given: str, wanted: str) -> str:
    """What makes a column of one kind a value of another, whatever PostgreSQL says of it when it runs."""
    if wanted == "other":
        return ""
    groups = ("number", "exact", "integer"), ("time", "day", "stamp")
    direct = given == "text" or any(given in group and wanted in group for group in groups)
    return ("" if direct or wanted == "text" else "::text") + _CASTS[wanted]


def _template(rule: str) -> str:
    return rule.partition("{")[0]


def _changed(node: Node, change: Callable[[Node], Node]) -> Node:
    return rewritten(Grammar(node), change).start
