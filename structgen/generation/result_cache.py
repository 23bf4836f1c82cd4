"""Answers that need not be generated twice.

In: what an answer depends on, as a text. Out: the answer's text and tokens, if they were made before. An SQLite file, so
that several processes may share it and a crash leaves it whole; the answers that were used longest ago go first when it is
full.

Caveats: only requests whose result is determined are kept, at temperature 0 or with a seed. What comes back is the value,
its text and tokens; a trace, candidates and confidence are not kept.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import time
from pathlib import Path
from typing import Any

from structgen.errors import GenerationError
from structgen.generation.sampling import require_whole

__all__ = ["ResultCache"]


class ResultCache:
    """``ResultCache(path)``; pass it to ``load_model(…)`` or ``Model(…)``, or use ``get`` and ``put``."""

    def __init__(self, path: str | Path, *, max_bytes: int = 256 * 2**20) -> None:
        require_whole("max_bytes", max_bytes)
        self.path, self.max_bytes = Path(path), max_bytes
        try:
            self._base = sqlite3.connect(self.path, timeout=30, check_same_thread=False, isolation_level=None)
            self._base.execute("PRAGMA journal_mode=WAL")
            self._base.execute("CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, answer TEXT NOT NULL, "
                               "size INTEGER NOT NULL, used REAL NOT NULL)")
        except sqlite3.Error as error:
            raise GenerationError(f"the cache {self.path} cannot be used", because=str(error),
                                  instead="name another file, or remove this one") from error

    @staticmethod
    def key(**parts: Any) -> str:
        """A digest of everything that an answer depends on."""
        text = json.dumps(parts, sort_keys=True, ensure_ascii=False, default=repr)
        return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()

    def get(self, key: str) -> Any:
        """The answer, or None."""
        found = self._base.execute("SELECT answer FROM answers WHERE key = ?", (key,)).fetchone()
        if found is None:
            return None
        self._base.execute("UPDATE answers SET used = ? WHERE key = ?", (time.time(), key))
        return json.loads(found[0])

    def put(self, key: str, answer: Any) -> None:
        """Keeps an answer; drops old ones where the cache is full."""
        text = json.dumps(answer)
        self._base.execute("INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?)",
                           (key, text, len(text) + len(key), time.time()))
        size = self.size()
        for old, bytes_ in self._base.execute("SELECT key, size FROM answers ORDER BY used").fetchall() \
                if size > self.max_bytes else ():
            self._base.execute("DELETE FROM answers WHERE key = ?", (old,))
            size -= bytes_
            if size <= self.max_bytes:
                break

    def size(self) -> int:
        """Bytes of the answers kept."""
        return int(self._base.execute("SELECT COALESCE(SUM(size), 0) FROM answers").fetchone()[0])

    def __len__(self) -> int:
        return int(self._base.execute("SELECT COUNT(*) FROM answers").fetchone()[0])

    def close(self) -> None:
        self._base.close()
