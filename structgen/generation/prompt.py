"""The request as the model's tokens: instructions, prompt, chat template.

In: the prompt, the target and the ``instructions`` option. Out: token ids. The type is told in the user's message,
``{instructions}`` then an empty line then ``{prompt}``, because every chat template has a user and not all have a
system; without a template the text stands as it is, with a line break after it.

Caveat: text of the prompt that spells a special token becomes that token, as everywhere with transformers' tokenizers.
"""

from __future__ import annotations

from typing import Any, Literal

from structgen.errors import GenerationError
from structgen.generation.instructions import render_instructions
from structgen.generation.target import Target
from structgen.vocabulary import Vocabulary

__all__ = ["Instructions", "prompt_text", "prompt_tokens"]

Instructions = Literal["auto"] | str | None


def prompt_text(prompt: str, target: Target, instructions: Instructions) -> str:
    """The user's message: what is wanted, and the prompt."""
    told = instructions
    if instructions == "auto":
        told = target.words if target.told is None else render_instructions(target.told, target.name)
    return f"{told}\n\n{prompt}" if told else prompt


def prompt_tokens(text: str, tokenizer: Any, vocabulary: Vocabulary) -> list[int]:
    """The message as tokens, in the model's chat template where it has one."""
    if not text.isascii() and any(0xD800 <= ord(character) <= 0xDFFF for character in text):
        raise GenerationError("the prompt has a lone surrogate", because="it has no spelling in UTF-8",
                              instead="decode the text with errors='replace'")
    if tokenizer is None:
        ids = vocabulary.encode(text)
    elif getattr(tokenizer, "chat_template", None):
        message = [{"role": "user", "content": text}]
        rendered = tokenizer.apply_chat_template(message, tokenize=False, add_generation_prompt=True)
        ids = list(tokenizer(rendered, add_special_tokens=False)["input_ids"])
    else:
        ids = list(tokenizer(f"{text}\n")["input_ids"])
    if not ids:
        raise GenerationError("the prompt is empty", because="the model needs a token to continue from",
                              instead="pass a prompt")
    return ids
