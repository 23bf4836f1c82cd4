"""Blobs on disk by name: what is dear to compute and small to keep, such as a vocabulary's trie.

In come a key and bytes; the same bytes come back, or None. A cache is a folder the caller chose; nothing is ever
written without one. An entry is a file with a versioned header, its own key, its length and a checksum: a file that is
cut, changed, of another version or another key's is a miss. Entries are plain bytes and are never unpickled.

Caveat: the checksum tells damage, not malice. Do not point a cache at a folder that others may write.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import struct
import tempfile
from pathlib import Path

# Raise it when the meaning of any stored blob changes: every older file is then a miss and ages out.
FORMAT_VERSION = 1

_MAGIC = b"structgen cache\0"
_HEADER = struct.Struct("<16sIIQ32s")  # magic, version, key length, data length, sha256(key + data)
_SUFFIX, _PARTIAL = ".blob", ".partial"


class DiskCache:
    """Named blobs in a folder, together at most ``max_bytes``; the least recently used go first.

    Several processes may use one folder: files appear whole, by renaming. What cannot be written (a full disk, a
    read-only folder) is not kept and nothing else happens, since a cache only saves time.
    """

    def __init__(self, folder: str | os.PathLike[str], *, max_bytes: int = 1 << 30) -> None:
        self.folder = Path(folder)
        self.max_bytes = max_bytes

    def get(self, key: str) -> bytes | None:
        """The bytes last put under this key, or None."""
        path = self._path(key)
        try:
            blob = path.read_bytes()
        except OSError:
            return None
        data = _unpacked(blob, key.encode())
        with contextlib.suppress(OSError):
            if data is None:
                path.unlink()
            else:
                os.utime(path)  # used now, so evicted last
        return data

    def put(self, key: str, data: bytes) -> bool:
        """Keep these bytes; False if they could not be written or are larger than the whole cache."""
        name = key.encode()
        blob = _HEADER.pack(_MAGIC, FORMAT_VERSION, len(name), len(data), _checksum(name, data)) + name + data
        if len(blob) > self.max_bytes:
            return False
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._evict(len(blob))
            self._write(self._path(key), blob)
        except OSError:
            return False
        return True

    def _path(self, key: str) -> Path:
        return self.folder / (hashlib.sha256(b"%d\0" % FORMAT_VERSION + key.encode()).hexdigest() + _SUFFIX)

    def _write(self, path: Path, blob: bytes) -> None:
        descriptor, temporary = tempfile.mkstemp(dir=self.folder, suffix=_PARTIAL)
        try:
            with open(descriptor, "wb") as file:
                file.write(blob)
            os.replace(temporary, path)
        except OSError:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise

    def _evict(self, room: int) -> None:
        """Remove the least recently used files, also those a killed process left, until ``room`` more bytes fit."""
        entries = []
        for path in (*self.folder.glob("*" + _SUFFIX), *self.folder.glob("*" + _PARTIAL)):
            with contextlib.suppress(OSError):  # another process removed it
                status = path.stat()
                entries.append((status.st_mtime_ns, status.st_size, path))
        total = sum(size for _, size, _ in entries)
        for _, size, path in sorted(entries):
            if total + room <= self.max_bytes:
                break
            with contextlib.suppress(OSError):
                path.unlink()
            total -= size


def cache_key(vocabulary_hash: str, name: str) -> str:
    """The key of a blob that belongs to one vocabulary; the format version is part of every file's name and header."""
    return f"{vocabulary_hash}/{name}"


def _checksum(name: bytes, data: bytes) -> bytes:
    digest = hashlib.sha256(name)
    digest.update(data)
    return digest.digest()


def _unpacked(blob: bytes, name: bytes) -> bytes | None:
    if len(blob) < _HEADER.size:
        return None
    magic, version, name_length, data_length, checksum = _HEADER.unpack_from(blob)
    data = blob[_HEADER.size + name_length :]
    if (magic, version, name_length, data_length) != (_MAGIC, FORMAT_VERSION, len(name), len(data)):
        return None
    if blob[_HEADER.size : _HEADER.size + name_length] != name or checksum != _checksum(name, data):
        return None
    return data
