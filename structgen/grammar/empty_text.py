"""Which nodes hold the empty text, what they hold beside it, and with which rules their texts may begin.

In: nodes and the rules that they refer to. Out: sets of rule names, and nodes without the empty text. Lists and maps hold
never the empty text, because their delimiters are none.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace

from structgen.grammar.build import NEVER, alt, repeat, seq
from structgen.grammar.nodes import (
    Alt,
    And,
    Items,
    Members,
    Node,
    Not,
    Ref,
    Repeat,
    Seq,
    Step,
    Str,
    Substrings,
    Text,
    Words,
)
from structgen.grammar.ordered import Ordered


def is_nullable(node: Node, nullable: Collection[str]) -> bool:
    """Whether the empty text belongs to a node; ``nullable`` are the rules to which it belongs."""
    if isinstance(node, Ref):
        return node.rule in nullable
    if isinstance(node, Seq | And):
        return all(is_nullable(part, nullable) for part in node.parts)
    if isinstance(node, Alt):
        return any(is_nullable(option, nullable) for option in node.options)
    if isinstance(node, Repeat):
        return node.min == 0 or is_nullable(node.body, nullable)
    if isinstance(node, Text):
        return node.encoding == "raw" and node.min_length == 0 and is_nullable(node.body, nullable)
    if isinstance(node, Not):
        return not is_nullable(node.body, nullable)
    if isinstance(node, Ordered):
        return node.empty
    return isinstance(node, Substrings | Words | Step) or (isinstance(node, Str) and not node.text)


def nullable_rules(rules: Mapping[str, Node]) -> set[str]:
    """The rules to which the empty text belongs: a least fixpoint with a work list, linear in the rules' uses."""
    users: dict[str, list[str]] = {}
    for name, node in rules.items():
        for used in references(node):
            users.setdefault(used, []).append(name)
    found: set[str] = set()
    work = list(rules)
    while work:
        name = work.pop()
        if name not in found and is_nullable(rules[name], found):
            found.add(name)
            work.extend(users.get(name, ()))
    return found


def nonempty(node: Node, nullable: Collection[str], nonempty_rule: Callable[[str], Node],
             charge: Callable[[int], None]) -> Node:
    """The texts of a node but the empty one; ``nonempty_rule`` makes the node of a nullable rule's other texts."""
    if not is_nullable(node, nullable):
        return node
    if isinstance(node, Ref):
        return nonempty_rule(node.rule)
    if isinstance(node, Alt):
        options = [nonempty(option, nullable, nonempty_rule, charge) for option in node.options]
        return alt(option for option in options if option is not NEVER)
    if isinstance(node, Seq):
        options = []
        for i, part in enumerate(node.parts):  # the first part that is not empty, and whatever follows it
            charge(len(node.parts) - i)
            options.append(seq(nonempty(part, nullable, nonempty_rule, charge), *node.parts[i + 1 :]))
        return alt(option for option in options if option is not NEVER)
    if isinstance(node, Repeat):  # a body that may be empty meets any lower bound
        body = nonempty(node.body, nullable, nonempty_rule, charge)
        return NEVER if body is NEVER or node.max == 0 else repeat(body, 1, node.max)
    text = node if isinstance(node, Text) else Text(node)
    return NEVER if text.max_length == 0 else replace(text, min_length=1)


def first_rules(node: Node, nullable: Collection[str]) -> set[str]:
    """The rules with which a text of the node may begin, behind parts that may be empty too."""
    if isinstance(node, Ref):
        return {node.rule}
    found: set[str] = set()
    for part in (node.open,) if isinstance(node, Items | Members) else _parts(node):
        found |= first_rules(part, nullable)
        if isinstance(node, Seq) and not is_nullable(part, nullable):
            break
    return found


def references(node: Node) -> set[str]:
    """The rules that a node refers to, at any depth."""
    found: set[str] = set()
    stack, seen = [node], set()
    while stack:
        here = stack.pop()
        if id(here) not in seen:
            seen.add(id(here))
            if isinstance(here, Ref):
                found.add(here.rule)
            stack.extend(_parts(here))
    return found


def components(edges: Mapping[str, Iterable[str]]) -> list[list[str]]:
    """The strongly connected components of a graph (Tarjan 1972, without recursion), those that others lead to first."""
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    open_: dict[str, None] = {}
    found: list[list[str]] = []
    for root in edges:
        if root in order:
            continue
        order[root] = low[root] = len(order)
        open_[root] = None
        stack = [(root, iter(edges[root]))]
        while stack:
            name, rest = stack[-1]
            for other in rest:
                if other not in order:
                    order[other] = low[other] = len(order)
                    open_[other] = None
                    stack.append((other, iter(edges[other])))
                    break
                if other in open_:
                    low[name] = min(low[name], order[other])
            else:
                stack.pop()
                if stack:
                    low[stack[-1][0]] = min(low[stack[-1][0]], low[name])
                if low[name] == order[name]:
                    component: list[str] = []
                    while not component or component[-1] != name:
                        component.append(open_.popitem()[0])
                    found.append(component[::-1])
    return found


def _parts(node: Node) -> tuple[Node, ...]:
    if isinstance(node, Seq | And):
        return node.parts
    if isinstance(node, Alt):
        return node.options
    if isinstance(node, Repeat | Text | Not):
        return (node.body,)
    if isinstance(node, Items):
        return (node.open, node.close, node.comma, *node.prefix, *(() if node.rest is None else (node.rest,)))
    if isinstance(node, Members):
        other = () if node.other is None else (node.other,)
        return (node.open, node.close, node.colon, node.comma, *node.values, *other,
                *(value for _, value in node.classes))
    return ()
