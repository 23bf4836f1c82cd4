"""The request as the model's tokens: instructions, prompt, chat template.

In: the prompt, the target and the ``instructions`` option. Out: token ids. The type is told in the user's message,
``{instructions}`` then an empty line then ``{prompt}``, because every chat template has a user and not all have a
system; without a template the text stands as it is, with a line break after it.

Text of a message that spells a special token (``<|end|>`` in somebody's e-mail) stays text: such a message is encoded apart,
with special tokens switched off, and put in its place in the rendered template.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from structgen.errors import GenerationError
from structgen.generation.instructions import render_instructions
from structgen.generation.target import Target
from structgen.vocabulary import Vocabulary

__all__ = ["Instructions", "Message", "Prompt", "conversation", "last_text", "prompt_text", "prompt_tokens",
           "refuse_surrogates"]

Instructions = Literal["auto"] | str | None
Message = Mapping[str, str]
"""``{"role": "user" | "assistant" | "system", "content": text}``"""
Prompt = str | Sequence[Message]
"""The user's text, or a conversation that ends with a message of the user's."""


def last_text(prompt: Any) -> str:
    """The user's last text; ``GenerationError`` for what is no prompt."""
    if isinstance(prompt, str):
        return prompt
    if not isinstance(prompt, Sequence) or isinstance(prompt, bytes):
        raise GenerationError(f"the prompt is {type(prompt).__name__}, not str")
    for message in prompt:
        if not isinstance(message, dict) or not isinstance(message.get("role"), str) or \
                not isinstance(message.get("content"), str):
            raise GenerationError(f"a message of the prompt is {message!r:.80}",
                                  instead='write {"role": "user", "content": "…"}')
    if not prompt or prompt[-1]["role"] != "user":
        raise GenerationError("the prompt does not end with a message of the user", instead='end with {"role": "user", …}')
    return str(prompt[-1]["content"])


def conversation(prompt: Prompt, target: Target, instructions: Instructions) -> list[Message]:
    """The messages, the last one with the instructions before it."""
    before: Sequence[Message] = () if isinstance(prompt, str) else prompt[:-1]
    return [*before, {"role": "user", "content": prompt_text(last_text(prompt), target, instructions)}]


def prompt_text(prompt: str, target: Target, instructions: Instructions) -> str:
    """The user's message: what is wanted, and the prompt."""
    told = instructions
    if instructions == "auto":
        told = target.words if target.told is None else render_instructions(target.told, target.name)
    return f"{told}\n\n{prompt}" if told else prompt


def refuse_surrogates(text: str, what: str) -> None:
    """Raises for a text that cannot be encoded."""
    if not text.isascii() and any(0xD800 <= ord(character) <= 0xDFFF for character in text):
        raise GenerationError(f"the {what} has a lone surrogate", because="it has no spelling in UTF-8",
                              instead="decode the text with errors='replace'")


def prompt_tokens(messages: Sequence[Message], tokenizer: Any, vocabulary: Vocabulary, *, raw: bool = False) -> list[int]:
    """A conversation as tokens, in the model's chat template where it has one; the model's turn is next. ``raw``: the text
    of one message, and nothing beside it."""
    plain = "\n".join(message["content"] for message in messages)
    refuse_surrogates(plain, "prompt")
    text = plain if raw else f"{plain}\n"
    if tokenizer is None:
        ids = vocabulary.encode(plain)
    elif getattr(tokenizer, "chat_template", None) and not raw:
        ids = _templated(messages, tokenizer)
    elif _special_in(plain, tokenizer):
        ids = [*_encoded(tokenizer, "", specials=True), *_encoded(tokenizer, text, specials=False)]
    else:
        ids = list(tokenizer(text)["input_ids"])
    if not ids:
        raise GenerationError("the prompt is empty", because="the model needs a token to continue from",
                              instead="pass a prompt")
    return ids


def _templated(messages: Sequence[Message], tokenizer: Any) -> list[int]:
    """The rendered template; messages that spell special tokens go in afterwards, as text."""
    apart = {f"\ue000{index}\ue001": message["content"] for index, message in enumerate(messages)
             if _special_in(message["content"], tokenizer)}
    names = {text: name for name, text in apart.items()}
    shown = [{**message, "content": names.get(message["content"], message["content"])} for message in messages]
    rendered = tokenizer.apply_chat_template(shown, tokenize=False, add_generation_prompt=True)
    ids: list[int] = []
    for name, text in apart.items():
        before, found, rendered = rendered.partition(name)
        if not found:
            raise GenerationError("the chat template drops or changes a message",
                                  because="a message that spells a special token must be put in as it is",
                                  instead="take the special tokens' texts out of the prompt")
        ids += [*_encoded(tokenizer, before, specials=True), *_encoded(tokenizer, text, specials=False)]
    return ids + _encoded(tokenizer, rendered, specials=True)


def _special_in(text: str, tokenizer: Any) -> bool:
    specials = {str(token.content) for token in getattr(tokenizer, "added_tokens_decoder", {}).values() if token.special}
    return any(token and token in text for token in specials | set(getattr(tokenizer, "all_special_tokens", ())))


def _encoded(tokenizer: Any, text: str, *, specials: bool) -> list[int]:
    """The tokens of a piece of text; without ``specials`` none of them is a special token."""
    ids = list(tokenizer(text, add_special_tokens=False, split_special_tokens=not specials)["input_ids"])
    if not specials and set(ids) & set(tokenizer.all_special_ids):
        raise GenerationError("the prompt spells a special token of the model",
                              because="its tokenizer cannot write it as text", instead="take it out of the prompt")
    return ids
