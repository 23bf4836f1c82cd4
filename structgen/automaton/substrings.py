"""Every substring of a text as an automaton, in space linear in the text.

In: the text. Out: its suffix automaton, over characters (``suffix_automaton``) or, spelled in bytes, as a ``Dfa`` in
which every state at a character boundary accepts (``compile_substrings``). Source: Blumer et al., The smallest
automaton recognizing the subwords of a text, Theoretical Computer Science 40 (1985). All states accept, so it may have
a few more states than the minimal automaton of the substrings, but never more than two per character of the text.
"""

from __future__ import annotations

from structgen.automaton.dfa_bytes import finish
from structgen.automaton.dfa_form import Dfa, Edge, Edges, merge_edges, saturate


def suffix_automaton(text: str) -> list[dict[str, int]]:
    """Per state the moves by character; state 0 is the start and every state accepts."""
    moves: list[dict[str, int]] = [{}]
    link, length = [-1], [0]
    last = 0
    for character in text:
        current = len(moves)
        moves.append({})
        length.append(length[last] + 1)
        link.append(0)
        state = last
        while state >= 0 and character not in moves[state]:
            moves[state][character] = current
            state = link[state]
        if state >= 0:
            target = moves[state][character]
            if length[target] == length[state] + 1:
                link[current] = target
            else:
                clone = len(moves)
                moves.append(dict(moves[target]))
                length.append(length[state] + 1)
                link.append(link[target])
                link[target] = link[current] = clone
                while state >= 0 and moves[state].get(character) == target:
                    moves[state][character] = clone
                    state = link[state]
        last = current
    return moves


def compile_substrings(source: str) -> Dfa:
    """The automaton of every substring of ``source``, the empty one included, cut between characters only."""
    moves = suffix_automaton(source)
    size = len(moves)
    edges: list[Edges] = [()] * size
    longest, count = [0] * size, [1] * size
    accept = [0] * size
    between: dict[Edges, int] = {}
    shortest = [0] * size

    def inner_state(row: Edges) -> int:
        number = between.get(row)
        if number is None:
            number = between[row] = len(edges)
            edges.append(row)
            accept.append(-1)
            shortest.append(0)
            longest.append(max(longest[target] for _, _, target in row))
            count.append(saturate(sum((high - low + 1) * count[target] for low, high, target in row)))
        return number

    for state in _leaves_first(moves):
        step = moves[state]
        if step:
            longest[state] = 1 + max(longest[target] for target in step.values())
            count[state] = saturate(1 + sum(count[target] for target in step.values()))
        row: list[Edge] = []
        wide: dict[bytes, int] = {}
        for character, target in step.items():
            if character < "\x80":
                row.append((ord(character), ord(character), target))
            else:
                wide[character.encode()] = target
        while wide:  # from the last byte to the first, characters that share their beginning meet in one state
            longest_spelling = max(map(len, wide))
            if longest_spelling == 1:
                row.extend((spelling[0], spelling[0], target) for spelling, target in wide.items())
                break
            ends: dict[bytes, list[Edge]] = {}
            for spelling in [spelling for spelling in wide if len(spelling) == longest_spelling]:
                ends.setdefault(spelling[:-1], []).append((spelling[-1], spelling[-1], wide.pop(spelling)))
            for beginning, last_bytes in ends.items():
                wide[beginning] = inner_state(merge_edges(last_bytes))
        edges[state] = merge_edges(row)
    return finish(edges, accept, (shortest, longest, count))


def _leaves_first(moves: list[dict[str, int]]) -> list[int]:
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
