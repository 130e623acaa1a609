"""Packed files: gzip, bzip2, xz and zstd, told by their first bytes and read as a stream, so that no bomb is ever whole in memory."""

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, Any, cast

PACKED_ENDINGS = (".gz", ".bz2", ".xz", ".zst")

BUFFER_BYTES = 1 << 20

ZSTD_STEP_BYTES = 1 << 10
"""Packed bytes at a time: four of them can stand for a block of 128 KiB, so that a step comes to 32 MiB at most."""

ZSTD_WINDOW_BYTES = 1 << 27
"""What `zstd --long` asks for."""

TAR_MAGIC = b"ustar"
TAR_MAGIC_AT = 257


class UnpackError(Exception):
    """Why packed bytes cannot be unpacked."""


def _gzip(stream: IO[bytes]) -> IO[bytes]:
    from gzip import GzipFile

    return cast("IO[bytes]", GzipFile(fileobj=stream))


def _bzip2(stream: IO[bytes]) -> IO[bytes]:
    from bz2 import BZ2File

    return cast("IO[bytes]", BZ2File(stream))


def _xz(stream: IO[bytes]) -> IO[bytes]:
    from lzma import LZMAFile

    return cast("IO[bytes]", LZMAFile(stream))


class _Zstd(io.RawIOBase):
    """zstd frames, one after the other; the library's own reader says nothing of a frame that ends early."""

    def __init__(self, stream: IO[bytes]) -> None:
        from zstandard import ZstdDecompressor

        self._stream = stream
        self._decompressor = ZstdDecompressor(max_window_size=ZSTD_WINDOW_BYTES)
        self._frame = self._decompressor.decompressobj()
        self._packed = self._ready = b""
        self._inside = False

    def read(self, size: int = -1, /) -> bytes:
        while not self._ready:
            self._packed = self._packed or self._stream.read(ZSTD_STEP_BYTES)
            if not self._packed:
                if self._inside:
                    raise UnpackError("it ends within a zstd frame")
                return b""
            self._ready = self._frame.decompress(self._packed)
            self._packed, self._inside = self._frame.unused_data, not self._frame.eof
            if self._frame.eof:
                self._frame = self._decompressor.decompressobj()
        piece, self._ready = self._ready[:size], self._ready[size:]
        return piece


def _zstd(stream: IO[bytes]) -> IO[bytes]:
    return cast("IO[bytes]", _Zstd(stream))


_UNPACKERS: tuple[tuple[bytes, Callable[[IO[bytes]], IO[bytes]]], ...] = (
    (b"\x1f\x8b", _gzip),
    (b"BZh", _bzip2),
    (b"\xfd7zXZ\x00", _xz),
    (b"\x28\xb5\x2f\xfd", _zstd),
)


class _Unpacked(io.RawIOBase):
    """A stream whose faults are all of one kind."""

    def __init__(self, inner: IO[bytes]) -> None:
        self._inner = inner

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        try:
            piece = self._inner.read(len(buffer))
        except Exception as exc:  # each of the four libraries has errors of its own for damaged bytes
            raise UnpackError(str(exc) or type(exc).__name__) from exc
        buffer[: len(piece)] = piece
        return len(piece)

    def close(self) -> None:
        self._inner.close()
        super().close()


@contextmanager
def unpacked(stream: IO[bytes]) -> Iterator["io.BufferedReader[Any]"]:
    """The content of a stream, unpacked once if it is packed; can be peeked into. Reading raises UnpackError where it is damaged."""
    magic = stream.read(6)
    stream.seek(0)
    unpacker = next((unpacker for first, unpacker in _UNPACKERS if magic.startswith(first)), None)
    if unpacker is None:
        yield io.BufferedReader(cast("io.RawIOBase", stream), BUFFER_BYTES)
        return
    with io.BufferedReader(_Unpacked(unpacker(stream)), BUFFER_BYTES) as content:
        yield content


def is_tar(content: "io.BufferedReader[Any]") -> bool:
    """Whether a stream is a tar, by its first header."""
    return content.peek(TAR_MAGIC_AT + len(TAR_MAGIC))[TAR_MAGIC_AT:].startswith(TAR_MAGIC)
