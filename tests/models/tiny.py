"""Small models of real architectures with random weights and real tokenizers, saved as folders."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from vocabulary.families import byte_fallback_bpe, byte_level, wrapped

TEMPLATE = ("{%- for message in messages -%}{{ '<|user|>\n' + message['content'] }}{%- endfor -%}"
            "{%- if add_generation_prompt -%}{{ '<|assistant|>\n' }}{%- endif -%}")
SIZES = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4,
         "num_key_value_heads": 2, "max_position_embeddings": 512}

KINDS = ["llama", "llama-sentencepiece", "qwen2", "mistral", "gpt2"]


def save(kind: str, folder: Path) -> Path:
    """A model folder: weights from a fixed seed, tokenizer, for ``llama`` a chat template, for ``qwen2`` padding."""
    import torch

    torch.manual_seed(7)
    tokenizer = tokenizer_of(kind)
    model = _model(kind, len(tokenizer))
    model.generation_config.eos_token_id = [tokenizer.eos_token_id]
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def tokenizer_of(kind: str) -> Any:
    """The tokenizer that belongs to a kind of model."""
    if kind == "llama-sentencepiece":
        return wrapped(byte_fallback_bpe(), eos_token="</s>", bos_token="<s>")
    tokenizer = wrapped(byte_level(), eos_token="<|endoftext|>")
    if kind == "llama":
        tokenizer.chat_template = TEMPLATE
    return tokenizer


def _model(kind: str, vocabulary: int) -> Any:
    from transformers import (
        GPT2Config,
        GPT2LMHeadModel,
        LlamaConfig,
        LlamaForCausalLM,
        MistralConfig,
        MistralForCausalLM,
        Qwen2Config,
        Qwen2ForCausalLM,
    )

    if kind == "gpt2":
        return GPT2LMHeadModel(GPT2Config(vocab_size=vocabulary, n_positions=512, n_embd=32, n_layer=2, n_head=4))
    if kind == "qwen2":  # logits wider than the tokenizer, as Qwen's are
        return Qwen2ForCausalLM(Qwen2Config(vocab_size=vocabulary + 37, **SIZES))
    if kind == "mistral":
        return MistralForCausalLM(MistralConfig(vocab_size=vocabulary, sliding_window=64, **SIZES))
    return LlamaForCausalLM(LlamaConfig(vocab_size=vocabulary, **SIZES))
