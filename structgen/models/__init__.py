"""Models to generate with: the embedded default, and loaders for others."""

from structgen.models.loader import EMBEDDED, load_model

__all__ = ["EMBEDDED", "load_model"]
