"""Where the model goes on: the prompt's tokens, and an output that has been begun for it.

In: messages, a prefix of the output. Out: the tokens to read, and the bytes at their end that the model writes once more
(``healing``). A raw prompt is the text as it is, which the output goes on with; otherwise the model's turn begins behind the
chat template, and only a prefix can end inside a word.

Caveat: the first token of a raw prompt is never written again, since the model needs one to go on from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from structgen.errors import GenerationError
from structgen.generation.healing import take_off
from structgen.generation.prompt import Message, prompt_tokens, refuse_surrogates
from structgen.generation.spelling import spell
from structgen.vocabulary import Vocabulary

__all__ = ["Opening", "opening"]


@dataclass(frozen=True)
class Opening:
    """What the model reads, and how its output begins.

    ``tokens``: read. ``removed``: bytes at the end of what was given that the model writes once more (``healing``).
    ``prefix``: the given beginning of the output, which includes them where it is long enough.
    """

    tokens: list[int]
    removed: bytes = b""
    prefix: bytes = b""

    @property
    def given(self) -> str:
        """What of the prefix the model does not write itself."""
        return self.prefix[:max(0, len(self.prefix) - len(self.removed))].decode(errors="replace")

    @property
    def again(self) -> int:
        """Bytes at the beginning of what the model writes that are no part of the output: the end of a raw prompt."""
        return max(0, len(self.removed) - len(self.prefix))

    def text(self, written: bytes) -> bytes:
        """The output, prefix included, of which the model has written these bytes."""
        return self.prefix + written[len(self.removed):]


def opening(messages: Sequence[Message], tokenizer: Any, vocabulary: Vocabulary, *, prefix: str = "", raw: bool = False,
            heal: bool = True) -> Opening:
    """The prompt's tokens and those of the output's prefix; ``raw``: the prompt as it is, and the output goes on with it."""
    ids = prompt_tokens(messages, tokenizer, vocabulary, raw=raw)
    if not isinstance(prefix, str):
        raise GenerationError(f"the prefix is {type(prefix).__name__}, not str")
    refuse_surrogates(prefix, "prefix")
    first = 1 if raw else len(ids)
    if prefix:
        joined = prompt_tokens([{**messages[-1], "content": messages[-1]["content"] + prefix}], tokenizer, vocabulary,
                               raw=True) if raw else ids
        if raw and vocabulary.decode(joined).endswith(prefix.encode()):
            ids = joined
        else:
            spelled = spell(prefix, vocabulary)
            if spelled is None:
                raise GenerationError("the model's vocabulary cannot write the prefix", instead="leave it out")
            ids = [*ids, *spelled]
    if not heal or not (raw or prefix):
        return Opening(ids, b"", prefix.encode())
    return Opening(*take_off(ids, vocabulary, first), prefix.encode())
