"""Every substring of a text as an automaton, in space linear in the text.

In: the text, and for pieces of whole words the places where they may begin and end. Out: its suffix automaton, over
characters (``suffix_automaton``) or, spelled in bytes, as a ``Dfa`` (``compile_substrings``). Source: Blumer et al., The
smallest automaton recognizing the subwords of a text, Theoretical Computer Science 40 (1985). It may have a few more
states than the minimal automaton of the substrings, but never more than two per character of the text.

Pieces that begin at some places only: a state stands for the texts with one set of places where they end, and these sets
are nested as in the full automaton, as long as equal texts have equal places inside. So the construction stays the same,
but the start takes part in a step only where a piece may begin there. A state accepts where a piece may end at one of
its places, that is where it, or a state that links to it, was the newest at such a place.
"""

from __future__ import annotations

from collections.abc import Callable

from structgen.automaton.dfa_bytes import finish
from structgen.automaton.dfa_form import Dfa, Edge, Edges, merge_edges, saturate

_BEGIN, _END = 1, 2


def suffix_automaton(text: str, places: bytes | None = None) -> tuple[list[dict[str, int]], list[bool]]:
    """Per state the moves by character, and whether it accepts; state 0 is the start, and each leads to one that does."""
    places = bytes((_BEGIN | _END,)) * (len(text) + 1) if places is None else places
    moves: list[dict[str, int]] = [{}]
    link, length, accept = [-1], [0], [True]
    last = 0
    for place, character in enumerate(text):
        lowest = 0 if places[place] & _BEGIN else 1
        if last < lowest:
            continue  # no text began yet
        current = len(moves)
        moves.append({})
        length.append(length[last] + 1)
        link.append(0)
        accept.append(bool(places[place + 1] & _END))
        state = last
        while state >= lowest and character not in moves[state]:
            moves[state][character] = current
            state = link[state]
        if state >= lowest:
            target = moves[state][character]
            if length[target] == length[state] + 1:
                link[current] = target
            else:
                clone = len(moves)
                moves.append(dict(moves[target]))
                length.append(length[state] + 1)
                link.append(link[target])
                accept.append(False)
                link[target] = link[current] = clone
                while state >= lowest and moves[state].get(character) == target:
                    moves[state][character] = clone
                    state = link[state]
        last = current
    for state in sorted(range(1, len(moves)), key=length.__getitem__, reverse=True):
        accept[link[state]] |= accept[state]
    alive = list(accept)
    for state in leaves_first(moves):
        moves[state] = step = {character: target for character, target in moves[state].items() if alive[target]}
        alive[state] |= bool(step)
    return moves, accept


def compile_substrings(source: str, places: bytes | None = None) -> Dfa:
    """The automaton of every substring of ``source``, or of those from place to place, the empty one included."""
    moves, accepts = suffix_automaton(source, places)
    size = len(moves)
    edges: list[Edges] = [()] * size
    longest, count, shortest = [0] * size, [int(one) for one in accepts], [0] * size
    accept = [0 if one else -1 for one in accepts]
    between: dict[Edges, int] = {}

    def inner_state(row: Edges) -> int:
        number = between.get(row)
        if number is None:
            number = between[row] = len(edges)
            edges.append(row)
            accept.append(-1)
            shortest.append(min(shortest[target] for _, _, target in row))
            longest.append(max(longest[target] for _, _, target in row))
            count.append(saturate(sum((high - low + 1) * count[target] for low, high, target in row)))
        return number

    for state in leaves_first(moves):
        step = moves[state]
        if step:
            longest[state] = 1 + max(longest[target] for target in step.values())
            shortest[state] = 0 if accepts[state] else 1 + min(shortest[target] for target in step.values())
            count[state] = saturate(accepts[state] + sum(count[target] for target in step.values()))
        edges[state] = _spelled(step, inner_state)
    return finish(edges, accept, (shortest, longest, count))


def _spelled(step: dict[str, int], inner_state: Callable[[Edges], int]) -> Edges:
    """The moves of a state by bytes: from the last byte to the first, characters that share their beginning meet."""
    row: list[Edge] = []
    wide: dict[bytes, int] = {}
    for character, target in step.items():
        if character < "\x80":
            row.append((ord(character), ord(character), target))
        else:
            wide[character.encode()] = target
    while wide:
        longest_spelling = max(map(len, wide))
        if longest_spelling == 1:
            row.extend((spelling[0], spelling[0], target) for spelling, target in wide.items())
            break
        ends: dict[bytes, list[Edge]] = {}
        for spelling in [spelling for spelling in wide if len(spelling) == longest_spelling]:
            ends.setdefault(spelling[:-1], []).append((spelling[-1], spelling[-1], wide.pop(spelling)))
        for beginning, last_bytes in ends.items():
            wide[beginning] = inner_state(merge_edges(last_bytes))
    return merge_edges(row)


def leaves_first(moves: list[dict[str, int]]) -> list[int]:
    """States so that each comes after those it leads to."""
    order: list[int] = []
    waiting = [len(set(step.values())) for step in moves]
    sources: list[list[int]] = [[] for _ in moves]
    for state, step in enumerate(moves):
        for target in set(step.values()):
            sources[target].append(state)
    ready = [state for state, number in enumerate(waiting) if not number]
    while ready:
        state = ready.pop()
        order.append(state)
        for source in sources[state]:
            waiting[source] -= 1
            if not waiting[source]:
                ready.append(source)
    return order
