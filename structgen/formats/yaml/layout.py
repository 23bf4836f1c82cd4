"""From the JSON texts of a schema to its YAML texts: the same values in another notation.

In: the grammar that ``JsonSchema`` makes, in which every list is an ``Items`` node (or, where items are counted, a rule
that spells brackets and commas), every map a ``Members`` node and every string a ``Text`` in JSON's quotes. Out: a grammar
of block-style YAML. So whatever JSON enforces is enforced here, by the same nodes.

Indentation is no matter of context-free rules, so every node is written once per *level*, the number of containers around
it, and once per *place*: behind a key a container begins on the next line, behind a dash on the same. Rules that refer to
themselves are written down to ``max_depth`` levels; below, only their empty containers are left. Equal nodes at equal
levels are one node.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Literal

from structgen.errors import UnsupportedSchemaError
from structgen.formats.yaml.quoting import block, canonical, flow, spelled
from structgen.grammar.build import ANY_TEXT, EMPTY, NEVER, alt, proved, seq
from structgen.grammar.nodes import Alt, Chars, Grammar, Items, Members, Node, Ref, Repeat, Seq, Str, Text

Place = Literal["root", "key", "dash"]
INDENT = 2
MAX_NAME = 1000
"""Characters of a name as it is written; behind 1,024 no reader looks for a colon (YAML 1.2, section 7.4)."""
INLINE_DEPTH = 30
"""Containers written within nodes on Python's stack; what nests deeper becomes a rule."""
_OPEN, _COMMA = "[", ","
_SPACE, _DASH, _COLON, _END = Str(" "), Str("-"), Str(":"), Str("\n")
_NO_ITEMS, _NO_MEMBERS = Str("[]"), Str("{}")


def line_break(level: int) -> Node:
    """A line break and the indentation of a level."""
    return Str("\n" + " " * (INDENT * level))


_ANY: dict[tuple[int, int], Layout] = {}
"""Any value, by its JSON node, which lives as long as the process, and depth."""
_COMMON = "any"


class Layout:
    """Writes one grammar."""

    def __init__(self, grammar: Grammar, max_depth: int, *, share: bool = True) -> None:
        self._grammar, self._max_depth = grammar, max_depth
        self._recursive = recursive_rules(grammar.rules)
        self._values: dict[tuple[int, int, Place, bool], Node] = {}
        self._blocks: dict[tuple[int, int, bool], tuple[Node, Node]] = {}
        self._keep: list[Node] = []
        self._named: dict[tuple[str, int, Place | None], str] = {}
        self._queue: list[tuple[str, int, Place | None]] = []
        self._rules: dict[str, Node] = {}
        self._origins: dict[str, str] = {}
        self._depth = 0
        self._common: Node | None = None
        self._has_any = False
        if grammar.common is not None and share:
            self._take_any(grammar.rules[grammar.common])

    def _take_any(self, node: Node) -> None:
        """Any value at every level, written once for all grammars."""
        key = (id(node), self._max_depth)
        known = _ANY.get(key)
        if known is None:
            name = str(self._grammar.common)
            other = Layout(Grammar(Ref(name), {name: node}), self._max_depth, share=False)
            for level in range(self._max_depth, -1, -1):  # from within, so that nothing nests
                for place in ("dash", "key", "root"):
                    other._value(node, level, place, True)
            known = _ANY[key] = other
        self._values.update(known._values)
        self._blocks.update(known._blocks)
        self._common = known._values[id(node), 0, "root", True]

    def grammar(self) -> Grammar:
        """The whole grammar; every line ends in a line break, the last too."""
        given = self._grammar
        start = self._value(given.start, 0, "root", False)
        while self._queue:
            rule, level, place = key = self._queue.pop()
            body, bounded = given.rules[rule], rule in self._recursive
            self._rules[self._named[key]] = self._rounds(body, level, bounded) if place is None else \
                self._value(body, level, place, bounded)
        common = None
        if not self._rules and self._has_any and self._common is not None:
            common, self._rules[_COMMON] = _COMMON, self._common
        return Grammar(seq(start, _END), self._rules, given.unenforced, self._origins, common,
                       common is not None or not self._rules, given.why_empty)

    # --- values -------------------------------------------------------------------------------------------------------

    def _value(self, node: Node, level: int, place: Place, bounded: bool) -> Node:
        """The value behind a key, behind a dash or alone, with ``level`` containers around it. ``bounded``: it belongs to a
        rule that refers to itself."""
        key = (id(node), level, place, bounded)
        known = self._values.get(key)
        if known is None:
            self._keep.append(node)
            known = self._values[key] = self._written(node, level, place, bounded)
        return known

    def _written(self, node: Node, level: int, place: Place, bounded: bool) -> Node:
        before = EMPTY if place == "root" else _SPACE
        options: list[Node] = []
        for option in node.options if isinstance(node, Alt) else (node,):
            if isinstance(option, Alt):
                options.append(self._value(option, level, place, bounded))
            elif isinstance(option, Ref) and not _is_flat(self._grammar.rules[option.rule]):
                options.append(self._reference(option.rule, level, place))
            elif isinstance(option, Members | Items | Seq):
                empty, block_ = self._container(option, level, bounded)
                options += [seq(before, empty), seq(line_break(level) if place == "key" else before, block_)]
            elif isinstance(option, Text) and option.encoding != "raw":
                options.append(flow(option, "" if place == "root" else " "))
                if option.body is ANY_TEXT and option.max_length is None and option.min_length <= 1:
                    options.append(seq(before, block(INDENT * max(level, 1))))
            else:
                if isinstance(option, Ref):
                    self._copy_flat(option.rule)
                options.append(seq(before, option))
        return alt(one for one in options if one is not NEVER)

    def _reference(self, rule: str, level: int, place: Place) -> Node:
        key = (rule, level, place)
        self._has_any = self._has_any or rule == self._grammar.common
        if key not in self._named and self._depth < INLINE_DEPTH:
            return self._value(self._grammar.rules[rule], level, place, rule in self._recursive)
        return self._rule(*key)

    def _rule(self, rule: str, level: int, place: Place | None) -> Ref:
        key = (rule, level, place)
        name = self._named.get(key)
        if name is None:
            name = self._named[key] = f"{rule}.{place or 'items'}.{level}"
            self._origins[name] = self._grammar.origins.get(rule, "#")
            self._queue.append(key)
        return Ref(name)

    def _copy_flat(self, rule: str) -> None:
        """Rules of the digits of numbers, which are the same anywhere."""
        waiting = [rule]
        while waiting:
            name = waiting.pop()
            if name not in self._rules:
                body = self._rules[name] = self._grammar.rules[name]
                waiting.extend(target for target, _ in _references(body, False))

    # --- containers ---------------------------------------------------------------------------------------------------

    def _container(self, node: Members | Items | Seq, level: int, bounded: bool) -> tuple[Node, Node]:
        """The empty container, and those that hold something, from their first key or dash on; NEVER where there is none."""
        key = (id(node), level, bounded)
        known = self._blocks.get(key)
        if known is None:
            self._keep.append(node)
            ends = bounded and level >= self._max_depth
            self._depth += 1
            if isinstance(node, Members):
                known = self._map(node, level, bounded, ends)
            elif isinstance(node, Items):
                known = self._list(node, level, bounded, ends)
            else:
                known = self._counted(node, level, bounded, ends)
            self._depth -= 1
            self._blocks[key] = known
        return known

    def _map(self, node: Members, level: int, bounded: bool, ends: bool) -> tuple[Node, Node]:
        empty = NEVER if node.min_count or any(node.required) or node.awaited else _NO_MEMBERS
        if ends or node.max_count == 0:
            return empty, NEVER
        values = tuple([self._value(value, level + 1, "key", bounded) for value in node.values])
        other = None if node.other is None else self._value(node.other, level + 1, "key", bounded)
        classes = tuple([(_names(name), self._value(value, level + 1, "key", bounded)) for name, value in node.classes])
        proofs = tuple([(bits, _names(name), self._value(value, level + 1, "key", bounded))
                        for bits, name, value in node.proofs])
        possible = [value for value in values if value is not NEVER]
        has_others = any(value is not None and value is not NEVER for value in (other, *(value for _, value in classes)))
        if any(must and value is NEVER for must, value in zip(node.required, values, strict=True)) or \
                (not has_others and len(possible) < max(1, node.min_count)) or \
                proved(proof for proof in proofs if proof[2] is not NEVER) != node.awaited:
            return empty, NEVER
        return empty, replace(
            node, open=EMPTY, close=EMPTY, colon=_COLON, comma=line_break(level), names=tuple(map(_listed_name, node.names)),
            values=values, other=other, other_name=None if other is None else _names(node.other_name), classes=classes,
            min_count=max(1, node.min_count), proofs=proofs, key_encoding="raw")

    def _list(self, node: Items, level: int, bounded: bool, ends: bool) -> tuple[Node, Node]:
        empty = NEVER if node.min_count else _NO_ITEMS
        if ends or node.max_count == 0:
            return empty, NEVER
        most = node.max_count
        prefix: list[Node] = []
        for item in node.prefix[:most]:
            prefix.append(self._value(item, level + 1, "dash", bounded))
            if prefix[-1] is NEVER:
                most = len(prefix) - 1
                del prefix[-1]
                break
        rest = node.rest
        if rest is not None and (most is None or most > len(prefix)):
            rest = _unique(rest) if node.unique else self._value(rest, level + 1, "dash", bounded)
        if rest is None or rest is NEVER or (most is not None and most <= len(prefix)):
            rest, most = None, len(prefix) if most is None else min(most, len(prefix))
        if most is not None and most < max(1, node.min_count):
            return empty, NEVER
        dash = seq(_DASH, _SPACE) if node.unique else _DASH
        return empty, Items(dash, EMPTY, seq(line_break(level), dash), tuple(prefix), rest, max(1, node.min_count), most,
                            node.unique)

    # --- lists whose items are counted: rules that spell the brackets ---------------------------------------------------

    def _counted(self, node: Seq, level: int, bounded: bool, ends: bool) -> tuple[Node, Node]:
        """``[`` and then ``]`` or the rule of the first item."""
        body = node.parts[1]
        options = body.options if isinstance(body, Alt) else (body,)
        empty = _NO_ITEMS if any(isinstance(option, Str) for option in options) else NEVER
        if ends:
            return empty, NEVER
        return empty, alt(seq(_DASH, self._rule(option.rule, level, None)) for option in options if isinstance(option, Ref))

    def _rounds(self, node: Node, level: int, bounded: bool) -> Node:
        """An item and what comes behind it."""
        if isinstance(node, Alt):
            return alt(one for one in (self._rounds(option, level, bounded) for option in node.options) if one is not NEVER)
        assert isinstance(node, Seq)
        item, behind = _first_item(node)
        return seq(self._value(item, level + 1, "dash", bounded), self._behind(behind, level))

    def _behind(self, node: Node, level: int) -> Node:
        if isinstance(node, Alt):
            return alt(self._behind(option, level) for option in node.options)
        if isinstance(node, Str):
            return EMPTY
        assert isinstance(node, Seq) and isinstance(node.parts[1], Ref)
        return seq(line_break(level), _DASH, self._rule(node.parts[1].rule, level, None))


def _first_item(node: Seq) -> tuple[Node, Node]:
    """The item at the beginning of a round, and what follows it."""
    first = node.parts[0]
    size = 2 if isinstance(first, Str) and first.text == _OPEN else 1
    return seq(*node.parts[:size]), seq(*node.parts[size:])


def _unique(node: Node) -> Node:
    """Items that must differ, each value in one spelling."""
    if isinstance(node, Alt):
        return alt(map(_unique, node.options))
    assert isinstance(node, Text)
    return node if node.encoding == "raw" else Text(canonical(node))


def _listed_name(name: str) -> str:
    found = spelled(name)
    if len(found) > MAX_NAME:
        raise UnsupportedSchemaError(f"the name {name[:20]!r}… is too long for YAML", keyword="properties",
                                     because=f"the colon must come within {MAX_NAME:,} characters",
                                     instead="use a shorter name")
    return found


def _names(node: Node | None) -> Node:
    return canonical(Text(ANY_TEXT if node is None else node))


# --- rules ------------------------------------------------------------------------------------------------------------

def _is_flat(node: Node) -> bool:
    """Whether the body of a rule spells the digits of a number."""
    if isinstance(node, Seq | Alt):
        return any(map(_is_flat, node.parts if isinstance(node, Seq) else node.options))
    return isinstance(node, Chars)


def _references(node: Node, nested: bool) -> Iterator[tuple[str, bool]]:
    """The rules that a node refers to, and whether each reference stands within a container of its own."""
    waiting = [(node, nested)]
    while waiting:
        here, inside = waiting.pop()
        if isinstance(here, Ref):
            yield here.rule, inside
        elif isinstance(here, Members):
            children = (*here.values, here.other, *(value for _, value in here.classes), *(one[2] for one in here.proofs))
            waiting.extend((child, True) for child in children if child is not None)
        elif isinstance(here, Items):
            waiting.extend((child, True) for child in (*here.prefix, here.rest) if child is not None)
        elif isinstance(here, Alt):
            waiting.extend((option, inside) for option in here.options)
        elif isinstance(here, Repeat):
            waiting.append((here.body, inside))
        elif isinstance(here, Seq):
            for number, part in enumerate(here.parts):
                before = here.parts[number - 1] if number else None
                is_next = isinstance(before, Str) and before.text in (_OPEN, _COMMA)
                waiting.append((part, inside if is_next or (number and isinstance(part, Alt)) else True))


def recursive_rules(rules: Mapping[str, Node]) -> frozenset[str]:
    """The rules that come back to themselves through a container (components of more than themselves, after Tarjan)."""
    edges = {name: list(_references(body, False)) for name, body in rules.items()}
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    open_: list[str] = []
    component: dict[str, int] = {}
    for root in rules:
        if root in order:
            continue
        path = [(root, iter(edges[root]))]
        order[root] = low[root] = len(order)
        open_.append(root)
        while path:
            name, targets = path[-1]
            for target, _ in targets:
                if target not in order:
                    order[target] = low[target] = len(order)
                    open_.append(target)
                    path.append((target, iter(edges[target])))
                    break
                if target not in component:
                    low[name] = min(low[name], order[target])
            else:
                path.pop()
                if path:
                    low[path[-1][0]] = min(low[path[-1][0]], low[name])
                if low[name] == order[name]:
                    while name not in component:
                        component[open_.pop()] = order[name]
    looped = {component[name] for name in rules for target, nested in edges[name]
              if nested and component[target] == component[name]}
    return frozenset(name for name in rules if component[name] in looped)
