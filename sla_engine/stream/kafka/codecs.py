"""The compressions of Kafka's batches: gzip, snappy (plain and xerial), lz4, zstd.

Every decoder ends with an error, never with a loop or a crash, whatever bytes it is given.
"""

from __future__ import annotations

import zlib
from typing import Final

import cramjam

NONE: Final = 0
NAMES: Final = ("none", "gzip", "snappy", "lz4", "zstd")

UNPACKED_BYTES_MAX: Final = 256 * 1024 * 1024
"""A batch that unpacks to more is refused: some tens of KB could otherwise fill the memory."""

XERIAL_MAGIC: Final = b"\x82SNAPPY\x00"
XERIAL_HEADER_BYTES: Final = 16
GZIP_WINDOW: Final = 16 + zlib.MAX_WBITS


class CodecError(Exception):
    """The compressed bytes cannot be unpacked; the message says why."""


def decompress(codec: int, packed: memoryview) -> bytes:
    """The records of a batch whose attributes name `codec` (1 gzip, 2 snappy, 3 lz4, 4 zstd)."""
    try:
        if codec == 1:
            return _gzip(packed)
        if codec == 2:
            return _snappy(packed)
        if codec == 3:
            return _bounded(bytes(cramjam.lz4.decompress(packed)))
        if codec == 4:
            return _bounded(bytes(cramjam.zstd.decompress(packed)))
    except (cramjam.DecompressionError, zlib.error, ValueError, MemoryError) as error:
        raise CodecError(f"{NAMES[codec]}: {error}") from error
    raise CodecError(f"compression {codec} is not known")


def _bounded(data: bytes) -> bytes:
    if len(data) > UNPACKED_BYTES_MAX:
        raise CodecError(f"more than {UNPACKED_BYTES_MAX} bytes when unpacked")
    return data


def _gzip(packed: memoryview) -> bytes:
    stream = zlib.decompressobj(GZIP_WINDOW)
    data = stream.decompress(packed, UNPACKED_BYTES_MAX + 1)
    if len(data) <= UNPACKED_BYTES_MAX and not stream.eof:
        raise CodecError("gzip: the stream is cut off")
    return _bounded(data)


def _snappy(packed: memoryview) -> bytes:
    if bytes(packed[: len(XERIAL_MAGIC)]) != XERIAL_MAGIC:
        return _bounded(bytes(cramjam.snappy.decompress_raw(packed)))
    blocks: list[bytes] = []
    size = 0
    pos = XERIAL_HEADER_BYTES
    while pos < len(packed):
        length = int.from_bytes(packed[pos : pos + 4], "big", signed=True)
        pos += 4
        if length < 0 or length > len(packed) - pos:
            raise CodecError("snappy: a block is longer than the batch")
        blocks.append(bytes(cramjam.snappy.decompress_raw(packed[pos : pos + length])))
        size += len(blocks[-1])
        if size > UNPACKED_BYTES_MAX:
            raise CodecError(f"more than {UNPACKED_BYTES_MAX} bytes when unpacked")
        pos += length
    return b"".join(blocks)
