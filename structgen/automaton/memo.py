"""Automata of texts, remembered by node object: determinising is most of what a pattern costs.

In: a regular node and bounds of length. Out: its automaton, made once while the node is in use. Front ends give the same
node object for the same pattern, so equal patterns of different schemas meet here.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock

from structgen.automaton.dfa import Dfa, compile_labelled, compile_language, compile_text
from structgen.grammar.build import ANY_TEXT
from structgen.grammar.nodes import Alt, And, Node, Not
from structgen.limits import Limits

Language = tuple[Dfa, int, int | None]
"""An automaton, and the least and greatest length still to be counted."""
Key = tuple[tuple[int, ...], int, int | None]
"""Numbers of node objects, and the bounds asked for; -1: no bounds, -2: labels."""


class Memo:
    """Automata of node objects, the least recently used of them dropped; a node is kept alive while it is in here."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._lock = Lock()  # compilers share the memo, and may run in several threads
        self._kept: OrderedDict[Key, tuple[tuple[Node, ...], Language | None]] = OrderedDict()

    def language(self, body: Node, minimum: int, maximum: int | None, limits: Limits) -> Language | None:
        """The automaton of a text and the bounds of its length that a counter beside it must keep: the interval test is
        exact on it. None where no text belongs to it."""
        return self._found(minimum, maximum, (body,), lambda: compile_text(body, minimum, maximum, limits))

    def unrolled(self, body: Node, limits: Limits) -> Dfa | None:
        """The automaton with every length in its states: its count of texts is exact, and it needs no counter."""
        def compiled() -> Language | None:
            dfa = compile_language(body, limits)
            return None if dfa is None else (dfa, 0, None)

        found = self._found(-1, None, (body,), compiled)
        return None if found is None else found[0]

    def labelled(self, bodies: tuple[Node, ...], limits: Limits) -> Dfa | None:
        """The automaton of several languages, each text labelled with the first one it belongs to."""
        def compiled() -> Language | None:
            dfa = compile_labelled(tuple(enumerate(without_first(bodies))), limits)
            return None if dfa is None else (dfa, 0, None)

        found = self._found(-2, None, bodies, compiled)
        return None if found is None else found[0]

    def _found(self, minimum: int, maximum: int | None, bodies: tuple[Node, ...],
               compiled: Callable[[], Language | None]) -> Language | None:
        key = (tuple(map(id, bodies)), minimum, maximum)
        with self._lock:
            hit = self._kept.get(key)
            if hit is not None:
                self._kept.move_to_end(key)
                return hit[1]
        found = compiled()
        with self._lock:
            self._kept[key] = (bodies, found)
            if len(self._kept) > self._size:
                self._kept.popitem(last=False)
        return found


def without_first(bodies: tuple[Node, ...]) -> list[Node]:
    """The bodies less what each of them says of earlier ones: a text of those is labelled with them in any case. So what is
    in none of many patterns is any text at the end of the list, and nothing is complemented."""
    earlier, found = set[int](), list[Node]()
    for body in bodies:
        parts = body.parts if isinstance(body, And) else (body,)
        kept = tuple([part for part in parts if not (isinstance(part, Not) and _is_one_of(part.body, earlier))])
        found.append(body if len(kept) == len(parts) else ANY_TEXT if not kept else kept[0] if len(kept) == 1 else And(kept))
        earlier.add(id(body))
    return found


def _is_one_of(node: Node, known: set[int]) -> bool:
    return id(node) in known or (isinstance(node, Alt) and bool(node.options) and
                                 all(id(option) in known for option in node.options))
