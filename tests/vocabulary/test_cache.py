from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from structgen.vocabulary import DiskCache
from structgen.vocabulary.cache import cache_key


def only_file(folder: Path) -> Path:
    (path,) = folder.iterdir()
    return path


def test_cache_gives_back_what_was_put(tmp_path: Path) -> None:
    cache = DiskCache(tmp_path / "new" / "folder")
    assert cache.get("trie") is None
    for data in (b"", b"\0", os.urandom(100_000)):
        assert cache.put("trie", data)
        assert cache.get("trie") == data
    assert DiskCache(tmp_path / "new" / "folder").get("trie") == data


def test_cache_keeps_keys_apart(tmp_path: Path) -> None:
    cache = DiskCache(tmp_path)
    keys = [cache_key("a" * 64, "trie"), cache_key("b" * 64, "trie"), cache_key("a" * 64, "../../bases"), "ключ"]
    for key in keys:
        cache.put(key, key.encode())
    assert [cache.get(key) for key in keys] == [key.encode() for key in keys]
    assert all(path.parent == tmp_path for path in tmp_path.rglob("*"))


@settings(max_examples=200)
@given(position=st.integers(0, 10_000), change=st.integers(1, 255), cut=st.booleans())
def test_cache_a_damaged_file_is_a_miss(
    tmp_path_factory: pytest.TempPathFactory, position: int, change: int, cut: bool
) -> None:
    folder = tmp_path_factory.mktemp("cache")
    cache = DiskCache(folder)
    cache.put("trie", bytes(range(256)))
    path = only_file(folder)
    blob = bytearray(path.read_bytes())
    position %= len(blob)
    if cut:
        del blob[position:]
    else:
        blob[position] ^= change
    path.write_bytes(blob)
    assert cache.get("trie") is None
    assert not path.exists()
    assert cache.put("trie", b"again") and cache.get("trie") == b"again"


def test_cache_longer_file_and_other_key_s_file_are_misses(tmp_path: Path) -> None:
    cache = DiskCache(tmp_path)
    cache.put("trie", b"abc")
    path = only_file(tmp_path)
    path.write_bytes(path.read_bytes() + b"x")
    assert cache.get("trie") is None
    cache.put("other", b"abc")
    only_file(tmp_path).rename(path)
    assert cache.get("trie") is None


def test_cache_another_format_version_is_a_miss(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = DiskCache(tmp_path)
    cache.put("trie", b"abc")
    monkeypatch.setattr("structgen.vocabulary.cache.FORMAT_VERSION", 2)
    assert cache.get("trie") is None


def test_cache_evicts_the_least_recently_used(tmp_path: Path) -> None:
    cache = DiskCache(tmp_path, max_bytes=3500)
    for age, key in enumerate("abc"):
        cache.put(key, bytes(1000))
        os.utime(cache._path(key), (age, age))
    assert cache.get("a") is not None  # used now, so "b" is the oldest
    assert cache.put("d", bytes(1000))
    assert [key for key in "abcd" if cache.get(key) is not None] == ["a", "c", "d"]


def test_cache_counts_and_evicts_what_a_killed_process_left(tmp_path: Path) -> None:
    left = tmp_path / "left.partial"
    left.write_bytes(bytes(3000))
    os.utime(left, (0, 0))
    assert DiskCache(tmp_path, max_bytes=3500).put("trie", bytes(1000))
    assert not left.exists()


def test_cache_does_not_keep_what_is_larger_than_itself(tmp_path: Path) -> None:
    cache = DiskCache(tmp_path, max_bytes=1000)
    cache.put("small", b"abc")
    assert not cache.put("large", bytes(1000))
    assert cache.get("small") == b"abc"


def test_cache_that_cannot_be_written_keeps_nothing_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    cache = DiskCache(tmp_path / "file")
    assert not cache.put("trie", b"abc")
    assert cache.get("trie") is None


def test_cache_leaves_no_partial_files(tmp_path: Path) -> None:
    cache = DiskCache(tmp_path)
    for _ in range(3):
        cache.put("trie", b"abc")
    assert [path.suffix for path in tmp_path.iterdir()] == [".blob"]
