"""Event files: JSON lines, plain or compressed, from a file or stdin, in pieces of whole lines."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Final, cast

import click
import zstandard

from sla_engine.limits import MIB

_PIECE_BYTES: Final = 32 * MIB
_GZIP: Final = b"\x1f\x8b"
_ZSTANDARD: Final = b"\x28\xb5\x2f\xfd"
_BROKEN: Final = (EOFError, gzip.BadGzipFile, zlib.error, zstandard.ZstdError)


def pieces(path: str) -> Iterator[bytes]:
    """The file's bytes, each piece ending with a line; `-` is stdin. Compression is recognised."""
    with _opened(path) as stream:
        rest = b""
        while piece := _read(stream, path):
            piece = rest + piece
            end = piece.rfind(b"\n") + 1
            if end:
                yield piece[:end]
            rest = piece[end:]
            if len(rest) > 2 * _PIECE_BYTES:
                raise click.ClickException(
                    f"{path}: a line of more than {2 * _PIECE_BYTES} bytes; give JSON lines"
                )
        if rest:
            yield rest


@contextmanager
def _opened(path: str) -> Iterator[IO[bytes]]:
    if path == "-":
        stream = cast(io.RawIOBase, click.get_binary_stream("stdin"))
        yield _decompressed(io.BufferedReader(stream))
        return
    try:
        file = open(path, "rb")
    except OSError as error:
        raise click.FileError(path, error.strerror) from error
    with file:
        yield _decompressed(file)


def _decompressed(buffered: io.BufferedReader) -> IO[bytes]:
    head = buffered.peek(4)[:4]
    if head.startswith(_GZIP):
        return cast(IO[bytes], gzip.GzipFile(fileobj=buffered))
    if head == _ZSTANDARD:
        reader = zstandard.ZstdDecompressor()
        return cast(IO[bytes], reader.stream_reader(buffered, read_across_frames=True))
    return buffered


def _read(stream: IO[bytes], path: str) -> bytes:
    try:
        return stream.read(_PIECE_BYTES)
    except _BROKEN as error:
        raise click.ClickException(f"{path}: broken compression: {error}") from error
    except OSError as error:
        raise click.FileError(path, error.strerror or str(error)) from error
