"""Tokens: what bytes each token id writes, read from any tokenizer."""

from structgen.vocabulary.cache import DiskCache
from structgen.vocabulary.vocabulary import Vocabulary

__all__ = ["DiskCache", "Vocabulary"]
