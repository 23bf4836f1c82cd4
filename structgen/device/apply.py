"""Forbids tokens: writes -inf into a row of logits wherever the row's mask has a 0 bit.

In come logits of any float type on any device and the int32 masks that matchers fill; the logits are changed in place.
The one idea: a mask is nearly always almost empty (a keyword, a bracket) or almost full (inside a string), so a row is
handled by its exceptions. On the CPU the native engine goes over the row once, by words of the mask, and touches only what
it writes; where there is none, numpy saves few allowed tokens and writes them back over -inf, overwrites few forbidden
ones, and blends only what is neither. On CUDA the bits are read in place (`triton_apply`).

One float32 row of 131,072 tokens on one thread of an EPYC with other work on it, medians of `benchmarks/apply_mask.py`, µs:

                          1 allowed    1 % allowed    half allowed    30 forbidden
    apply_mask                   15             31              90              20
    unpackbits, masked_fill_    125            119             573             225
    shifts, masked_fill_        218            227             775             390

Behind a pass of a model no cache holds anything of this: there it takes 66 µs for a few allowed tokens, of which 43 are what
filling the row takes in any way; the numpy form takes 300.

Caveats: autograd does not see the change. A mask has no room for columns at and beyond 32 times its words: they are
forbidden. The unused bits of a mask's last word are taken as they are; matchers leave them 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from structgen.errors import GenerationError
from structgen.matching.native_engine import forbid

# -inf as an integer of the same width: numpy knows no bfloat16, and moving bits is all that is needed here.
_INTEGER_OF = {
    torch.float16: (torch.int16, 0xFC00 - (1 << 16)),
    torch.bfloat16: (torch.int16, 0xFF80 - (1 << 16)),
    torch.float32: (torch.int32, 0xFF800000 - (1 << 32)),
    torch.float64: (torch.int64, 0xFFF0000000000000 - (1 << 64)),
}

_BITS_OF_OCTET = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1, bitorder="little").astype(bool)
_KEEP_OF = {
    np.dtype(integer): np.where(_BITS_OF_OCTET, integer(-1), integer(0)) for integer in (np.int16, np.int32, np.int64)
}
"""[256, 8] for each width: all ones where the bit of the octet is 1, else 0."""

_BLOCK_OCTETS = 4096
"""32,768 logits: 128 KiB of float32, which the second-level cache holds."""
_SMALL_COLUMNS = 8192
"""Up to here one pass over the whole batch beats choosing a way for each row."""
_FEW_WORDS = 16
"""A row has few exceptions if at most one word in this many holds any."""


def apply_mask(logits: torch.Tensor, mask: torch.Tensor, *, rows: Sequence[int] | torch.Tensor | None = None) -> None:
    """Write -inf over every logit whose bit in ``mask`` is 0, in place.

    ``logits``: float16, bfloat16, float32 or float64 of shape [B, V'], rows and columns strided as they like, on any
    device. ``mask``: int32 of shape [n, words]; bit ``i % 32`` of word ``i // 32`` is token ``i``. Columns from
    ``32 * words`` on are forbidden; bits from ``V'`` on are ignored.

    ``rows``: row k of ``mask`` belongs to row ``rows[k]`` of ``logits``, and rows not listed stay as they are; without
    it the masks belong to the rows in order and n must be B. A tensor of rows on an accelerator is not checked, because
    that would wait for the device.

    A mask on the CPU for logits elsewhere is copied to them without waiting if it lies in pinned memory: then it must
    not change before the device has come that far.
    """
    if rows is None and forbid is not None and _apply_natively(logits, mask, None):
        return
    _check(logits, mask, rows)
    if mask.shape[0] == 0 or logits.shape[1] == 0:
        return
    logits = logits.detach()
    if logits.device.type == "cpu":
        _apply_on_cpu(logits, mask.cpu(), None if rows is None else [int(row) for row in rows])
        return
    mask = mask.to(logits.device, non_blocking=mask.device.type == "cpu" and mask.is_pinned())
    index = None if rows is None else torch.as_tensor(rows, dtype=torch.int64).to(logits.device)
    kernel = _triton_kernel() if logits.device.type == "cuda" else None
    if kernel is None:
        apply_mask_with_torch(logits, mask, index)
    else:
        kernel(logits, mask, index)


def apply_mask_with_torch(logits: torch.Tensor, mask: torch.Tensor, rows: torch.Tensor | None = None) -> None:
    """The same in plain torch operations, for any device; all arguments on that device, ``rows`` int64."""
    known = min(logits.shape[1], 32 * mask.shape[1])
    bits = torch.tensor([1, 2, 4, 8, 16, 32, 64, 128], dtype=torch.uint8, device=mask.device)
    octets = mask.contiguous().view(torch.uint8).unsqueeze(-1)
    forbidden = (octets & bits).eq_(0).view(torch.bool).view(mask.shape[0], -1)[:, :known]
    if rows is None:
        logits[:, :known].masked_fill_(forbidden, float("-inf"))
        logits[:, known:] = float("-inf")
        return
    changed = torch.full_like(logits[:1], float("-inf")).expand(len(rows), -1).contiguous()
    changed[:, :known] = logits[rows, :known].masked_fill_(forbidden, float("-inf"))
    logits.index_copy_(0, rows, changed)


def _apply_natively(logits: torch.Tensor, mask: torch.Tensor, rows: Sequence[int] | None) -> bool:
    """The native engine's one pass over each row; False where there is none, or the tensors are not as it wants them.

    Looks at as little as it can: after a model's pass no code and no data of this step is in a cache, and what is asked of a
    tensor costs more than the masking of a row."""
    known = _INTEGER_OF.get(logits.dtype)
    if forbid is None or known is None or mask.dtype is not torch.int32 or not (logits.is_cpu and mask.is_cpu):
        return False
    sizes, words, strides, steps = logits.shape, mask.shape, logits.stride(), mask.stride()
    if len(sizes) != 2 or len(words) != 2 or strides[1] != 1 or steps[1] != 1 or (rows is None and sizes[0] != words[0]):
        return False
    forbid(logits.data_ptr(), known[0].itemsize, sizes[1], strides[0], mask.data_ptr(), words[1], steps[0],
           range(words[0]) if rows is None else rows, known[1] % (1 << 64))
    return True


def _apply_on_cpu(logits: torch.Tensor, mask: torch.Tensor, rows: list[int] | None) -> None:
    if _apply_natively(logits, mask, rows):
        return
    integer, minus_infinity = _INTEGER_OF[logits.dtype]
    values: NDArray[Any] = logits.view(integer).numpy()
    words: NDArray[np.int32] = mask.numpy()
    known = min(values.shape[1], 32 * words.shape[1])
    if values.shape[1] > known:
        values[slice(None) if rows is None else rows, known:] = minus_infinity
    places = list(range(len(words))) if rows is None else rows
    if known <= _SMALL_COLUMNS:
        allowed = np.unpackbits(_octets(words), axis=1, count=known, bitorder="little").view(np.bool_)
        if rows is None:
            np.putmask(values[:, :known], ~allowed, minus_infinity)
        else:
            chosen = values[rows, :known]
            np.putmask(chosen, ~allowed, minus_infinity)
            values[rows, :known] = chosen
        return
    few = max(1, words.shape[1] // _FEW_WORDS)
    for row, place in zip(words, places, strict=True):
        if np.count_nonzero(row) <= few:
            _keep_few(values[place, :known], row, minus_infinity)
        elif np.count_nonzero(~row) <= few:
            _forbid_few(values[place, :known], row, minus_infinity)
        else:
            _blend(values[place, :known], row, minus_infinity)


def _keep_few(values: NDArray[Any], row: NDArray[np.int32], minus_infinity: int) -> None:
    allowed = _set_bits(row, len(values))
    kept = values[allowed]
    values.fill(minus_infinity)
    values[allowed] = kept


def _forbid_few(values: NDArray[Any], row: NDArray[np.int32], minus_infinity: int) -> None:
    values[_set_bits(~row, len(values))] = minus_infinity


def _blend(values: NDArray[Any], row: NDArray[np.int32], minus_infinity: int) -> None:
    """Without a branch: a branch on each bit is guessed wrong half the time where bits are mixed.

    In blocks, whose scratch stays in the cache; fresh memory for a whole row costs more than the work.
    """
    keep_of = _KEEP_OF[values.dtype]
    octets = _octets(row)
    scratch = np.empty((_BLOCK_OCTETS, 8), values.dtype)
    for start in range(0, -(-len(values) // 8), _BLOCK_OCTETS):
        block = values[8 * start : 8 * (start + _BLOCK_OCTETS)]
        chosen = octets[start : start + _BLOCK_OCTETS]
        keep = np.take(keep_of, chosen, axis=0, out=scratch[: len(chosen)], mode="clip").reshape(-1)[: len(block)]
        block ^= minus_infinity
        block &= keep
        block ^= minus_infinity


def _set_bits(row: NDArray[np.int32], end: int) -> NDArray[np.int64]:
    """The positions of the 1 bits of ``row`` below ``end``, ascending."""
    words = np.flatnonzero(row != 0)  # three times as fast as on the integers
    places = np.flatnonzero(np.unpackbits(_octets(row[words]), bitorder="little"))
    found: NDArray[np.int64] = (words[places >> 5] << 5) | (places & 31)
    return found[: int(np.searchsorted(found, end))]


def _octets(words: NDArray[np.int32]) -> NDArray[np.uint8]:
    """Little-endian bytes, so that bit order and byte order agree on every machine."""
    return np.ascontiguousarray(words, dtype="<i4").view(np.uint8)


def _triton_kernel() -> Any:
    try:
        from structgen.device.triton_apply import apply_mask_with_triton
    except ImportError:
        return None
    return apply_mask_with_triton


def _check(logits: torch.Tensor, mask: torch.Tensor, rows: Sequence[int] | torch.Tensor | None) -> None:
    if logits.dim() != 2 or logits.dtype not in _INTEGER_OF:
        raise GenerationError(
            f"logits of shape {list(logits.shape)} and type {logits.dtype} cannot be masked",
            instead="pass float16, bfloat16, float32 or float64 logits of shape [batch, vocabulary]",
        )
    if mask.dim() != 2 or mask.dtype != torch.int32:
        raise GenerationError(
            f"a mask of shape {list(mask.shape)} and type {mask.dtype} is not a bit mask",
            instead="pass an int32 mask of shape [batch, ceil(vocabulary / 32)]",
        )
    wanted = logits.shape[0] if rows is None else len(rows)
    if mask.shape[0] != wanted:
        raise GenerationError(
            f"{mask.shape[0]} mask rows do not fit {wanted} rows of logits",
            instead="pass one mask row for each row of logits, or name their rows with rows=",
        )
    if rows is None or (isinstance(rows, torch.Tensor) and rows.device.type != "cpu"):
        return
    for row in rows:
        if not 0 <= int(row) < logits.shape[0]:
            raise GenerationError(f"row {int(row)} is outside the {logits.shape[0]} rows of logits")
