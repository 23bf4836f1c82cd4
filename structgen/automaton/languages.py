"""The automata behind the nodes of a grammar: what a text, the keys of a map and the unique items of a list may be.

In: nodes. Out: automata, remembered by node object (``memo``). Both ways of lowering, ``automaton.lower`` and the native
one, ask here, so that the same node is the same automaton.
"""

from __future__ import annotations

from dataclasses import replace

from structgen.automaton.dfa import Dfa, compile_names
from structgen.automaton.memo import Language, Memo
from structgen.automaton.tables import INFINITE, NameSet
from structgen.errors import UnsupportedSchemaError
from structgen.grammar.build import ANY_TEXT
from structgen.grammar.nodes import Alt, And, Members, Node, Repeat, Text
from structgen.limits import Limits

_MEMO = Memo(4096)
_STEPS_A_NAME = 2_000
"""Of the budget of an automaton of many names: 5,000 columns of a database take 3 million steps, a tenth of a second."""


def text_language(body: Node, minimum: int, maximum: int | None, limits: Limits) -> Language | None:
    """The automaton of a text and the bounds of its length still to be counted; None where no text belongs to it."""
    return _MEMO.language(body, minimum, maximum, limits)


OtherKinds = list[tuple[Node | None, Node]]
"""The names that a map does not list, by kind: what they look like (None: any), and their value."""


def other_kinds(node: Members) -> OtherKinds:
    """The kinds of names beside the listed ones; those without a possible value left out."""
    kinds = ((node.other_name, node.other), *node.classes)
    return [(name, value) for name, value in kinds if value is not None and not is_never(value)]


def key_language(node: Members, kinds: OtherKinds, limits: Limits) -> tuple[Dfa | NameSet | None, int, int]:
    """The automaton of the keys of a map, how many names the languages of the kinds hold, and how many of those are
    listed."""
    others, listed, other_dfa = INFINITE if kinds else 0, 0, None
    names = tuple([name for name, _ in kinds if name is not None])
    if names:
        other_dfa = _MEMO.unrolled(names[0], limits) if len(kinds) == 1 else _MEMO.labelled(names, limits)
        others = 0 if other_dfa is None else other_dfa.texts
    if other_dfa is not None:
        listed = sum(other_dfa.accepts(name) for name in node.names)
    elif (node.names or others) and not _need_checks(node.names, limits):
        return NameSet(node.names, others > 0), others, 0
    return compile_names(node.names, others > 0, other_dfa, limits), others, listed


def names_language(node: Node, limits: Limits) -> Dfa | None:
    """The automaton of the names that a node holds, as the keys of a map have it; None if there are none."""
    return _MEMO.unrolled(node, limits)


def named_language(texts: tuple[Node, ...], limits: Limits) -> Dfa | None:
    """The automaton of some names, each text labelled with the number of its name. How many there are, whoever lists them
    has bounded; each has a share of the steps of its own."""
    return _MEMO.labelled(texts, replace(limits, dfa_steps=limits.dfa_steps + _STEPS_A_NAME * len(texts)))


def proof_language(names: tuple[str, ...], kinds: list[Node | None], most: int | None, limits: Limits) -> Dfa:
    """The automaton of the keys that may prove something: ``names``, which never do, and behind them others, more of them
    than the ``most`` members that there may be."""
    language = _MEMO.labelled(tuple([ANY_TEXT if kind is None else kind for kind in kinds]), limits)
    keys = compile_names(names, True, language, limits)
    count = 0 if language is None else language.count[language.start]
    if keys is None or (count < INFINITE and (most is None or count <= most + len(names))):
        raise UnsupportedSchemaError("a map waits for a member whose names may all be taken",
                                     because="there are no more such names than members allowed, so the wait could be vain",
                                     instead="list these names in Members.names, as the JSON front end does")
    return keys


def is_never(node: Node) -> bool:
    """Whether this is the impossible node: see ``grammar.build.NEVER``."""
    return type(node) is Alt and not node.options


def _need_checks(names: tuple[str, ...], limits: Limits) -> bool:
    """Whether names need the checks of ``compile_names``: beyond the limit, or with surrogates."""
    text = "".join(names)
    return len(text) > limits.grammar_states // 4 or not text.isascii()


def item_languages(node: Node, limits: Limits) -> list[tuple[str, Dfa, int, int | None]]:
    """The texts that a unique item may be, one automaton per encoding, so that equal items are equal texts."""
    groups: dict[str, list[Text]] = {}
    for option in node.options if type(node) is Alt else (node,):
        if type(option) is not Text:
            raise UnsupportedSchemaError("unique items that are not scalars cannot be enforced while generating",
                                         keyword="uniqueItems", because="equal values have unboundedly many "
                                         "spellings", instead='pass on_unsupported="validate"')
        groups.setdefault(option.encoding, []).append(option)
    found = []
    for encoding, options in groups.items():
        if len(options) == 1 and options[0].body is ANY_TEXT and options[0].max_length != 0:
            bounds = (options[0].min_length, options[0].max_length)
            bodies: Node = ANY_TEXT
        else:
            bounds = (0, None)
            bodies = Alt(tuple(_with_length(option) for option in options))
        dfa = _MEMO.unrolled(bodies, limits)
        if dfa is not None and bounds != (0, 0):
            found.append((encoding, dfa, *bounds))
    return found


def _with_length(option: Text) -> Node:
    """An item's language with its length bounds folded in, so that the number of its texts is exact."""
    if option.min_length == 0 and option.max_length is None:
        return option.body
    return And((option.body, Repeat(ANY_TEXT.body, option.min_length, option.max_length)))


__all__ = ["Language", "OtherKinds", "is_never", "item_languages", "key_language", "named_language", "names_language",
           "other_kinds", "proof_language", "text_language"]
