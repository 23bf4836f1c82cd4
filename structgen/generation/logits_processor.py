"""Holds every row of a ``transformers.generate`` call to its grammar.

In come, at each step, the token ids so far and the scores of the next; out go the scores with -inf for every token that
the row's grammar does not allow. The one idea: a row is known by what it has generated. ``generate`` moves beams
between rows, duplicates and drops them, and calls again from an earlier length when it drafts tokens; so the matcher of
a row is the one whose tokens the row continues, advanced by one token and forked where several rows continue it.

What this relies on, read in transformers 5.23 and tested with it:

* The first call marks the end of the prompt: all later columns are generated. Left padding is part of the prompt.
* A row that ends before the others is filled with the pad token: once a row has ended it may hold any token.
* Greedy search, sampling, beam search, ``num_return_sequences`` and assisted generation whose drafts pass through the
  processors (an assistant model with the same tokenizer, prompt lookup) call it with batches as described here.
  Continuous batching does not, and is refused.
* Beam *sampling* may pick tokens of probability 0 when fewer tokens are allowed than it must draw. Those beams have
  the score -inf and are given no way on; they are never an error and never a result.

Caveats: end tokens end a row only if ``generate`` knows them, so its ``eos_token_id`` must list the vocabulary's. Ids
that only the model or only ``generate`` takes for end tokens are not allowed by the masks. Not thread-safe.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from enum import Enum
from typing import TYPE_CHECKING, Any

import numpy as np

from structgen.errors import GenerationError
from structgen.generation.budget import BudgetedMatcher, budgeted
from structgen.matching.compiled import fill_masks

if TYPE_CHECKING:
    import torch

    from structgen.compiler import CompiledGrammar
    from structgen.vocabulary import Vocabulary

_NORMALISED = 1e-3
"""Scores whose exponentials sum to 1 this closely are log probabilities: float32 sums over 10^6 tokens err by 1e-5."""


class _Row(Enum):
    """What a row is once it has no matcher."""

    FREE = "no grammar"
    ENDED = "ended: end and pad tokens only"
    DEAD = "a beam of probability 0: nothing"


class LogitsProcessor:
    """A logits processor for ``transformers.generate``: ``model.generate(…, logits_processor=[LogitsProcessor(c)])``.

    ``compiled``: one compiled grammar for all rows, or a list with one for each prompt of the batch, None for a prompt
    without a grammar. Where ``generate`` expands prompts to beams or several sequences, each prompt's rows share its
    grammar. All grammars must have the same vocabulary; the model's scores may be wider (or narrower) than it.

    ``pad_token_id``: what ``generate`` writes after the end of a row. Needed only where it ends rows that the grammar
    does not (``stop_strings``) and pads them with another token than an end token.

    ``max_tokens``: the text of every row is complete after so many tokens at most; an end token comes behind it if there is
    room. Pass ``generate`` the same number as ``max_new_tokens``, or more. ``BudgetError`` where no output is so short.

    ``in_place``: write into the scores given instead of a copy: saves 512 KB per row at 131,072 tokens, but then
    ``output_logits=True`` returns masked logits.

    A processor may serve one ``generate`` call after the other, with any batch; the start of a new one is recognised by
    its prompts. If a prompt continues what was just generated, call ``reset`` before, or make a new processor.

    Raises ``GenerationError`` when a row holds a token that was not allowed, when other processors leave a row
    nothing, and when the rows cannot be told from those of another call.
    """

    def __init__(self, compiled: CompiledGrammar | Sequence[CompiledGrammar | None], *,
                 pad_token_id: int | None = None, max_tokens: int | None = None, in_place: bool = False) -> None:
        self._grammars = list(compiled) if isinstance(compiled, Sequence) else [compiled]
        self._vocabulary = _common_vocabulary(self._grammars)
        self._pad_token_id, self._in_place = pad_token_id, in_place
        self._budgets = [grammar if grammar is None or max_tokens is None else budgeted(grammar, max_tokens)
                         for grammar in self._grammars]
        ends = () if self._vocabulary is None else self._vocabulary.eos_token_ids
        self._end_ids = frozenset(ends if pad_token_id is None else (*ends, pad_token_id))
        self._mask: torch.Tensor | None = None
        self._mask_is_pinned = False
        self.reset()

    def reset(self) -> None:
        """Forget the call in progress: the next one begins a new ``generate``."""
        self._last: torch.Tensor | None = None
        self._prompt_length = 0
        self._rows: list[Any] = []  # a matcher or a _Row for each row of the batch
        self._prompts: list[int] = []  # which of the grammars each row has
        self._is_beam_search = False

    @property
    def supports_continuous_batching(self) -> bool:
        """Refuses: answering False would make transformers drop the grammar and go on with a warning."""
        raise GenerationError(
            "structgen's LogitsProcessor cannot be used with continuous batching",
            because="it gives processors one packed row of tokens of several requests, and no request's own history",
            instead="call model.generate",
        )

    def __call__(self, input_ids: torch.LongTensor, scores: torch.Tensor) -> torch.Tensor:
        """The scores [B, V'] for the rows ``input_ids`` [B, T], with -inf for the tokens that are not allowed."""
        try:
            self._follow(input_ids, scores)
            return self._masked(scores)
        except Exception:
            self.reset()  # matchers have moved by now, so that nothing could go on from here
            raise

    # Which matcher belongs to which row.

    def _follow(self, input_ids: torch.Tensor, scores: torch.Tensor) -> None:
        import torch

        last = self._last
        if last is not None and input_ids.shape == (last.shape[0], last.shape[1] + 1) and \
                torch.equal(input_ids[:, :-1], last):
            self._advance(range(len(input_ids)), input_ids[:, -1].tolist())
        elif last is None or self._begins_anew(input_ids, last):
            self._begin(input_ids, scores)
        else:
            self._rejoin(input_ids, last)
        # A copy: a caller that keeps its ids in one buffer would change what is compared with at the next step.
        self._last = input_ids.clone()

    def _begins_anew(self, input_ids: torch.Tensor, last: torch.Tensor) -> bool:
        """Whether this is another ``generate``: other prompts, or tokens that were never passed here one by one."""
        import torch

        start, length = self._prompt_length, input_ids.shape[1]
        if length <= start or length > last.shape[1] + 1:
            return True
        if input_ids.shape[0] == last.shape[0]:
            return not torch.equal(input_ids[:, :start], last[:, :start])
        known = {row.tobytes() for row in last.cpu().numpy()}
        return not all(row[:-1].tobytes() in known for row in input_ids.cpu().numpy())

    def _begin(self, input_ids: torch.Tensor, scores: torch.Tensor) -> None:
        batch, prompts = input_ids.shape[0], len(self._grammars)
        if batch % prompts:
            raise GenerationError(
                f"a batch of {batch} rows cannot be shared by {prompts} grammars",
                because="every prompt has as many rows: its beams or its returned sequences",
                instead="pass one grammar for all rows, or a list with one grammar (or None) for each prompt",
            )
        self.reset()
        self._prompt_length = input_ids.shape[1]
        self._prompts = [row // (batch // prompts) for row in range(batch)]
        self._rows = [self._fresh(prompt) for prompt in self._prompts]
        # Beam search scores log probabilities, the other ways raw logits.
        self._is_beam_search = batch > 1 and bool((scores.float().logsumexp(-1).abs() < _NORMALISED).all())

    def _fresh(self, prompt: int) -> Any:
        made = self._budgets[prompt]
        if made is None:
            return _Row.FREE
        return made.fork() if isinstance(made, BudgetedMatcher) else made.matcher()

    def _rejoin(self, input_ids: torch.Tensor, last: torch.Tensor) -> None:
        """Rows have moved or gone (beams), or the call goes back to an earlier length (drafts were dropped)."""
        rows, before = input_ids.cpu().numpy(), last.cpu().numpy()
        length = rows.shape[1] - 1
        # Beams stay in the rows of their prompt: that tells apart equal rows of different grammars.
        fixed = len(rows) == len(before)
        wanted = [(prompt if fixed else -1, row[:-1].tobytes())
                  for prompt, row in zip(self._prompts if fixed else [-1] * len(rows), rows, strict=True)]
        places = {(prompt if fixed else -1, row[:length].tobytes()): place
                  for place, (prompt, row) in enumerate(zip(self._prompts, before, strict=True))}
        unknown = [row for row, key in enumerate(wanted) if key not in places]
        if unknown:
            raise GenerationError(
                f"row {unknown[0]} does not continue any row of the step before",
                because="its prompt begins with the prompts of the step before, so that this may be another "
                        "`generate`, or the same one with other tokens",
                instead="call reset() before a second generate, or make a new LogitsProcessor for it",
            )
        if not fixed and len(self._grammars) > 1:
            raise GenerationError(
                f"{len(before)} rows have become {len(rows)}, and which grammar is whose cannot be told",
                instead="keep the batch together, or use one grammar for all rows",
            )
        if length == before.shape[1]:
            self._is_beam_search = True
            self._advance([places[key] for key in wanted], rows[:, -1].tolist())
            return
        self._rows = [self._fresh(prompt) for prompt in self._prompts]
        for column in range(self._prompt_length, length + 1):
            self._advance(range(len(rows)), rows[:, column].tolist())

    def _advance(self, places: Sequence[int], tokens: Sequence[int]) -> None:
        """Row i continues the row that was at ``places[i]`` with ``tokens[i]``."""
        waiting = Counter(places)
        moved: list[Any] = []
        for row, (place, token) in enumerate(zip(places, tokens, strict=True)):
            matcher = self._rows[place]
            waiting[place] -= 1
            if not isinstance(matcher, _Row):
                matcher = self._advanced(row, matcher.fork() if waiting[place] else matcher, token)
            moved.append(matcher)
        self._prompts = [self._prompts[place] for place in places]
        self._rows = moved

    def _advanced(self, row: int, matcher: Any, token: int) -> Any:
        known = 0 <= token < matcher.vocabulary.size
        if known and matcher.advance(token):
            return _Row.ENDED if matcher.is_finished else matcher
        if token in self._end_ids:
            # Forbidden here, so it was not chosen: `generate` has stopped the row for another reason and pads it.
            return _Row.ENDED
        if self._is_beam_search:
            return _Row.DEAD
        raise GenerationError(
            f"row {row}: token {token} was generated where it is not allowed",
            because=matcher.explain(token),
            instead="remove the logits processor that forces tokens; or, where generate stopped this row for another "
                    f"reason and pads it, pass pad_token_id={token}",
        )

    # Masks.

    def _masked(self, scores: torch.Tensor) -> torch.Tensor:
        from structgen.device.apply import apply_mask

        if scores.dim() != 2 or scores.shape[0] != len(self._rows):
            raise GenerationError(f"scores of shape {list(scores.shape)} do not fit {len(self._rows)} rows of tokens")
        bound = [row for row, state in enumerate(self._rows) if state is not _Row.FREE]
        if not bound:
            return scores
        mask = self._filled([self._rows[row] for row in bound], scores)
        scores = scores if self._in_place else _copy(scores)
        apply_mask(scores, mask, rows=None if len(bound) == len(self._rows) else bound)
        self._check_choice(scores, bound)
        return scores

    def _filled(self, states: list[Any], scores: torch.Tensor) -> torch.Tensor:
        """A mask row for each state. The buffer is used again at the next step; by then the device has read it,
        because comparing the token ids waits for the tokens that were chosen with it."""
        import torch

        assert self._vocabulary is not None  # a row is bound by a grammar, which has one
        words = -(-self._vocabulary.size // 32)
        if self._mask is None or self._mask.shape[0] < len(states) or self._mask_is_pinned != scores.is_cuda:
            self._mask = torch.zeros(len(states), words, dtype=torch.int32, pin_memory=scores.is_cuda)
            self._mask_is_pinned = scores.is_cuda
        mask = self._mask[: len(states)]
        fill_masks([None if isinstance(state, _Row) else state for state in states], mask)
        for row, state in enumerate(states):
            if isinstance(state, _Row):
                mask[row] = 0
                if state is _Row.ENDED:
                    _allow(mask[row].numpy(), self._end_ids)
        return mask

    def _check_choice(self, scores: torch.Tensor, bound: list[int]) -> None:
        """Raises if a row has no token left: softmax would give NaN, and argmax a token that is not allowed."""
        best = scores.numpy().max(axis=1) if scores.device.type == "cpu" and scores.element_size() >= 4 \
            else scores.amax(dim=1).float().cpu().numpy()
        empty = [row for row in bound if best[row] == -np.inf]
        if not empty or (self._is_beam_search and len(empty) < len(self._rows)):
            return
        row, state = empty[0], self._rows[empty[0]]
        if isinstance(state, _Row):
            raise GenerationError(
                f"row {row}: no token is left", because="no end token has a score" if state is _Row.ENDED else
                "every beam has a token that is not allowed",
                instead="remove the logits processors that force or exclude tokens",
            )
        allowed = state.allowed_tokens()
        outside = bool(len(allowed)) and int(allowed[0]) >= scores.shape[1]
        raise GenerationError(
            f"row {row}: none of the {len(allowed)} allowed tokens is left",
            because=f"the model has only {scores.shape[1]} scores and they are beyond" if outside else
            "another logits processor excludes them all (min_new_tokens, bad_words_ids, no_repeat_ngram_size …)",
            instead="make the vocabulary from the model's own tokenizer" if outside else
            "remove that processor, or widen the grammar",
        )


def _copy(scores: torch.Tensor) -> torch.Tensor:
    import torch

    if scores.device.type != "cpu" or scores.dtype != torch.float32:
        return scores.clone()
    # On one thread: torch's threads wait milliseconds for each other where another process holds a core.
    return torch.from_numpy(scores.detach().numpy().copy())


def _allow(words: Any, ids: frozenset[int]) -> None:
    for token in ids:
        if token >> 5 < len(words):
            words[token >> 5] |= np.uint32(1 << (token & 31)).astype(np.int32)


def _common_vocabulary(grammars: Sequence[CompiledGrammar | None]) -> Vocabulary | None:
    if not grammars:
        raise GenerationError("an empty list of grammars", instead="pass one grammar or None for each prompt")
    found = [grammar.vocabulary for grammar in grammars if grammar is not None]
    for other in found[1:]:
        if other is not found[0] and (other.tokens, other.eos_token_ids) != (found[0].tokens, found[0].eos_token_ids):
            raise GenerationError("the grammars of one batch are compiled for different vocabularies",
                                  instead="compile all of them with one Compiler")
    return found[0] if found else None
