"""How probable every label of a choice is.

In: a session after the prompt, and the labels as texts. Out: a probability for each, which sum to 1. Every label is
spelled in the tokenizer's own tokens and the whole spelling is scored; so the result is what the model says about the
labels, not about the first token of each.

Caveat: other ways to cut a label into tokens are not counted; models give them next to nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch

from structgen.generation.session import Session
from structgen.generation.spelling import spell
from structgen.vocabulary import Vocabulary

__all__ = ["label_probabilities"]


def label_probabilities(session: Session, logits: torch.Tensor, prompt_length: int, labels: Sequence[str],
                        vocabulary: Vocabulary) -> list[float] | None:
    """The probability of each label; None where a label cannot be spelled. The session is left as it was."""
    spellings = [spell(label, vocabulary) for label in labels]
    if any(spelling is None for spelling in spellings):
        return None
    # A label that begins another one is told from it only by ending.
    ends = any(a != b and b.startswith(a) for a in labels for b in labels)
    scores = [_score(session, logits, prompt_length, spelling or [], vocabulary, ends) for spelling in spellings]
    found = torch.softmax(torch.tensor(scores, dtype=torch.float64), 0)
    return [float(value) for value in found] if bool(torch.isfinite(found).all()) else None


def _score(session: Session, logits: torch.Tensor, prompt_length: int, ids: Sequence[int], vocabulary: Vocabulary,
           ends: bool) -> float:
    read = list(ids) if ends else list(ids[:-1])
    rows = [logits, *(session.extend(read) if read else ())]
    session.truncate(prompt_length)
    told = [torch.log_softmax(row[:vocabulary.size].double(), 0) for row in rows]
    score = math.fsum(float(told[place][token]) for place, token in enumerate(ids))
    if ends:
        score += float(torch.logsumexp(told[-1][list(vocabulary.eos_token_ids)], 0))
    return score
