"""Mask engines behind one small interface, so that one loop measures all of them through their public APIs.

In: token bytes and an end id. An engine compiles a schema, then per output: ``reset``, and per token ``fill`` (the
bitmask, int32 words) and ``take`` (False: not allowed). Peers are imported only when they are asked for.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Tokens:
    """A vocabulary as plain data: what each id writes (None: special), the end id, and how a text is cut."""

    texts: Sequence[bytes | None]
    end: int
    encode: Callable[[str], list[int]]

    @property
    def words(self) -> int:
        return (len(self.texts) + 31) // 32


def tekken() -> Tokens:
    """Mistral's Tekken vocabulary (131,072 tokens), from the file that comes with mistral_common."""
    from pathlib import Path

    import mistral_common

    from structgen import Vocabulary

    file = Path(mistral_common.__file__).parent / "data" / "tekken_240911.json"
    vocabulary = Vocabulary.from_mistral(file)
    return Tokens(vocabulary.tokens, vocabulary.eos_token_ids[0], vocabulary.encode)


class Engine(ABC):
    """What the loop needs of an engine; ``row`` is the mask that ``fill`` wrote last."""

    package = "structgen"
    row: Any

    @abstractmethod
    def __init__(self, tokens: Tokens) -> None: ...

    @abstractmethod
    def compile(self, schema: Any) -> None: ...

    @abstractmethod
    def reset(self) -> None: ...

    @abstractmethod
    def fill(self) -> None: ...

    @abstractmethod
    def take(self, token: int) -> bool: ...

    def allows(self, token: int) -> bool:
        return bool(int(self.row[token >> 5]) >> (token & 31) & 1)

    def memory_bytes(self) -> int | None:
        """Bytes that the compiled schema holds, where the engine tells."""
        return None


class Structgen(Engine):
    engine: Any = "native"

    def __init__(self, tokens: Tokens) -> None:
        from structgen import Compiler, Vocabulary

        self.compiler = Compiler(Vocabulary(list(tokens.texts), [tokens.end]), engine=self.engine)
        self.out = np.zeros((1, tokens.words), dtype=np.int32)
        self.row = self.out[0]

    def compile(self, schema: Any) -> None:
        from structgen import JsonSchema

        self.grammar = self.compiler.compile(JsonSchema(schema, whitespace="flexible", property_order="any"))
        self.matcher = self.grammar.matcher()

    def reset(self) -> None:
        self.matcher.reset()

    def fill(self) -> None:
        self.matcher.fill_mask(self.out)

    def take(self, token: int) -> bool:
        return bool(self.matcher.advance(token))

    def memory_bytes(self) -> int | None:
        return int(self.grammar.memory_bytes())


class StructgenPython(Structgen):
    engine = "python"


class _Tokenizer:
    """What llguidance asks of a tokenizer."""

    bos_token_id = None

    def __init__(self, tokens: Tokens) -> None:
        self.eos_token_id = tokens.end
        self.special_token_ids = [number for number, text in enumerate(tokens.texts) if text is None]
        self.tokens = [b"\xff[%d]" % number if text is None else text for number, text in enumerate(tokens.texts)]
        self._encode = tokens.encode

    def __call__(self, text: str | bytes) -> list[int]:
        return self._encode(text.decode("utf-8", "replace") if isinstance(text, bytes) else text)


class Llguidance(Engine):
    package = "llguidance"

    def __init__(self, tokens: Tokens) -> None:
        import llguidance
        from llguidance.numpy import allocate_token_bitmask, fill_next_token_bitmask

        self.matchers, self._fill = llguidance.LLMatcher, fill_next_token_bitmask
        self.tokenizer = llguidance.LLTokenizer(llguidance.TokenizerWrapper(_Tokenizer(tokens)))
        self.out = allocate_token_bitmask(1, self.tokenizer.vocab_size)
        self.row = self.out[0]

    def compile(self, schema: Any) -> None:
        self.first = self.matchers(self.tokenizer, self.matchers.grammar_from_json_schema(json.dumps(schema)))
        if self.first.is_error():
            raise ValueError(self.first.get_error())
        self.matcher = self.first.deep_copy()

    def reset(self) -> None:
        self.matcher = self.first.deep_copy()

    def fill(self) -> None:
        self._fill(self.matcher, self.out, 0)

    def take(self, token: int) -> bool:
        return self.allows(token) and bool(self.matcher.consume_token(token))


class Xgrammar(Engine):
    """With any white space and not strict: the setting that means what JSON Schema means."""

    package = "xgrammar"

    def __init__(self, tokens: Tokens) -> None:
        import xgrammar

        texts = [b"<special_%d>" % i if text is None else text for i, text in enumerate(tokens.texts)]
        info = xgrammar.TokenizerInfo(
            texts, vocab_type=xgrammar.VocabType.RAW, vocab_size=len(texts), stop_token_ids=[tokens.end]
        )
        self.compiler = xgrammar.GrammarCompiler(info, max_threads=1, cache_enabled=False)
        self.matchers = xgrammar.GrammarMatcher
        self.out = xgrammar.allocate_token_bitmask(1, len(texts))
        self.row = self.out[0].numpy()

    def compile(self, schema: Any) -> None:
        self.compiled = self.compiler.compile_json_schema(json.dumps(schema), any_whitespace=True, strict_mode=False)
        self.matcher = self.matchers(self.compiled)

    def reset(self) -> None:
        self.matcher = self.matchers(self.compiled)

    def fill(self) -> None:
        self.matcher.fill_next_token_bitmask(self.out)

    def take(self, token: int) -> bool:
        return bool(self.matcher.accept_token(token))

    def memory_bytes(self) -> int | None:
        return int(self.compiled.memory_size_bytes)


class OutlinesCore(Engine):
    package = "outlines_core"

    def __init__(self, tokens: Tokens) -> None:
        import outlines_core
        from outlines_core import json_schema

        ids: dict[bytes, list[int]] = {}
        for number, text in enumerate(tokens.texts):
            if text:
                ids.setdefault(text, []).append(number)
        self.core, self.schemas = outlines_core, json_schema
        self.vocabulary = outlines_core.Vocabulary(tokens.end, ids)
        self.row = np.zeros(tokens.words, dtype=np.int32)

    def compile(self, schema: Any) -> None:
        pattern = self.schemas.build_regex_from_schema(json.dumps(schema), whitespace_pattern=r"[ \n\t]*")
        self.index = self.core.Index(pattern, self.vocabulary)
        self.matcher = self.core.Guide(self.index)

    def reset(self) -> None:
        self.matcher = self.core.Guide(self.index)

    def fill(self) -> None:
        self.matcher.write_mask_into(self.row.ctypes.data, self.row.size, self.row.itemsize)

    def take(self, token: int) -> bool:
        if not self.allows(token):
            return False
        self.matcher.advance(token, return_tokens=False)
        return True


ENGINES: dict[str, type[Engine]] = {
    "structgen": Structgen,
    "structgen-python": StructgenPython,
    "llguidance": Llguidance,
    "xgrammar": Xgrammar,
    "outlines-core": OutlinesCore,
}


def installed() -> list[str]:
    """The engines that can run here."""
    from structgen.matching.native_engine import AVAILABLE

    return [
        name for name, engine in ENGINES.items() if find_spec(engine.package) and (name != "structgen" or AVAILABLE)
    ]
