"""Decompression of layers and archives: the magic decides, never the media type, because registries and tools get media types wrong.

gzip (RFC 1952, several members too: estargz has one for each file) by isal, zstd (RFC 8878, several and skippable frames) by zstandard,
xz and bzip2 by the standard library. A stream that ends early, is corrupt or grows without measure raises `UnreadableError`.
"""

import re
from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import IO, Protocol, cast

from msgspec import Struct

from sbomgen.errors import UnreadableError

INPUT_BYTES = 64 << 10
"""Read at a time: what follows the end of a gzip member is copied once for each member, so more costs where there are many."""

OUTPUT_BYTES = 512 << 10
"""Decompressed at a time: fits the second-level cache, where hashing and walking find it; with smaller pieces threads wait more often."""

MAX_MEMBERS = 1_000_000
"""Members of one gzip, xz or bzip2 stream: estargz writes one for each file; a stream of empty members would cost 5 µs for 20 bytes."""

MAX_ZSTD_BLOCKS = 10_000_000
"""Blocks of one zstd stream: an ordinary one holds 128 KiB, an empty one costs 3 bytes."""

MAX_WINDOW_BYTES = 128 << 20
"""Memory that a zstd or xz stream may ask for: what `zstd --ultra -22` needs, and the default bound of the zstd program."""

_MAGIC_BYTES = 10


class Limits(Struct, frozen=True):
    """How much may come out of a compressed stream."""

    total_bytes: int
    """At the most."""
    free_bytes: int
    """Up to here any ratio is taken."""
    ratio: int
    """Beyond `free_bytes`: bytes out for one byte in."""


LAYER_LIMITS = Limits(total_bytes=256 << 30, free_bytes=8 << 30, ratio=200)
"""Layers: the largest known hold model weights of some 100 GiB, and a layer may hold gigabytes of zeros (a swap or disk file)."""

ARCHIVE_LIMITS = Limits(total_bytes=64 << 30, free_bytes=1 << 30, ratio=200)
"""Archives, which are decompressed into a temporary file: the disk is the user's."""


class Compression(StrEnum):
    """What a stream is compressed with."""

    NONE = "none"
    GZIP = "gzip"
    ZSTD = "zstd"
    XZ = "xz"
    BZIP2 = "bzip2"


class ByteStream(Protocol):
    """What is needed of a stream to read it once."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes; fewer only says that they came in a smaller piece, none that the stream has ended."""
        ...


_MAGIC = (
    (Compression.GZIP, re.compile(rb"\x1f\x8b\x08", re.DOTALL)),
    (Compression.ZSTD, re.compile(rb"(?:\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18)", re.DOTALL)),
    (Compression.XZ, re.compile(rb"\xfd7zXZ\x00", re.DOTALL)),
    # The block's magic too: the header of a plain tar may begin with a file name that begins with BZh9.
    (Compression.BZIP2, re.compile(rb"BZh[1-9](?:\x31\x41\x59\x26\x53\x59|\x17\x72\x45\x38\x50\x90)", re.DOTALL)),
)


def sniff(head: bytes) -> Compression:
    """The compression whose magic stands at the head of a stream (ten bytes suffice)."""
    return next((compression for compression, magic in _MAGIC if magic.match(head)), Compression.NONE)


class Decompressed:
    """A stream that is decompressed while it is read.

    `read` gives pieces of at most `OUTPUT_BYTES`; it raises `UnreadableError` where the stored stream is truncated, corrupt, or goes
    beyond the limits.
    """

    def __init__(self, raw: ByteStream, limits: Limits) -> None:
        self._limits = limits
        self._source = _Source(raw)
        self.compression = sniff(self._source.head())
        self.size_bytes = 0
        """Decompressed so far."""
        self._pieces = _DECODERS[self.compression](self._source)
        self._rest = b""

    def read(self, size: int = -1, /) -> bytes:
        """The next piece, of at most `size` bytes; the whole rest where `size` is negative."""
        if size < 0:
            return b"".join(iter(lambda: self.read(OUTPUT_BYTES), b""))
        piece = self._rest or self._next_piece()
        self._rest = piece[size:] if len(piece) > size else b""
        return piece[:size] if self._rest else piece

    def _next_piece(self) -> bytes:
        piece = next(self._pieces, b"")
        self.size_bytes += len(piece)
        self._check_limits()
        return piece

    def _check_limits(self) -> None:
        limits = self._limits
        if self.size_bytes > limits.total_bytes:
            raise UnreadableError(f"decompresses to more than {limits.total_bytes:,} bytes, which is the limit")
        if self.size_bytes > limits.free_bytes and self.size_bytes > limits.ratio * self._source.size_bytes:
            raise UnreadableError(
                f"a decompression bomb: {self._source.size_bytes:,} bytes became more than {self.size_bytes:,} (over {limits.ratio} times)"
            )


def open_decompressed(raw: ByteStream, limits: Limits | None = None) -> Decompressed:
    """A forward-only stream of what `raw`, read from where it stands, holds under its compression, if any; by default a layer.

    The caller closes `raw`.
    """
    return Decompressed(raw, limits or LAYER_LIMITS)


class _Source:
    """The stored stream: remembers what was sniffed, counts, and turns the errors of the operating system into ours."""

    def __init__(self, raw: ByteStream) -> None:
        self._raw = raw
        self._head = b""
        self.size_bytes = 0

    def head(self) -> bytes:
        while len(self._head) < _MAGIC_BYTES and (piece := self._read(INPUT_BYTES)):
            self._head += piece
        return self._head

    def read(self, size: int = INPUT_BYTES, /) -> bytes:
        piece, self._head = self._head or self._read(size), b""
        self.size_bytes += len(piece)
        return piece

    def _read(self, size: int) -> bytes:
        try:
            return self._raw.read(size)
        except OSError as exc:
            raise UnreadableError(f"cannot be read: {exc.strerror or exc}") from exc


class _Decoder(Protocol):
    """The interface that the decompressors of isal, lzma and bz2 share."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


def _plain(source: _Source) -> Iterator[bytes]:
    return iter(lambda: source.read(OUTPUT_BYTES), b"")


def _gzip(source: _Source) -> Iterator[bytes]:
    from isal import igzip_lib

    error = cast("type[Exception]", igzip_lib.IsalError)  # isal's stubs call it an instance
    return _members(source, lambda: igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP), error)


def _xz(source: _Source) -> Iterator[bytes]:
    import lzma

    return _members(source, lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=MAX_WINDOW_BYTES), lzma.LZMAError)


def _bzip2(source: _Source) -> Iterator[bytes]:
    import bz2

    return _members(source, bz2.BZ2Decompressor, OSError)


def _members(source: _Source, new_decoder: Callable[[], _Decoder], error: type[Exception]) -> Iterator[bytes]:
    """The members of a stream one after another; zeros after the last one are padding (gzip(1), xz(1)), anything else is an error."""
    compressed = source.read()
    for _ in range(MAX_MEMBERS):
        decoder = new_decoder()
        while not decoder.eof:
            if decoder.needs_input and not compressed and not (compressed := source.read()):
                raise UnreadableError("truncated: the compressed stream ends early")
            try:
                piece = decoder.decompress(compressed, OUTPUT_BYTES)
            except (error, EOFError) as exc:
                raise UnreadableError(f"the compressed stream is corrupt: {exc}") from exc
            compressed = b""
            if piece:
                yield piece
        compressed = decoder.unused_data
        while not (compressed := compressed.lstrip(b"\0")):
            if not (compressed := source.read()):
                return
    raise UnreadableError(f"more than {MAX_MEMBERS:,} members in one compressed stream")


def _zstd(source: _Source) -> Iterator[bytes]:
    import zstandard

    followed = _FollowedZstd(source)
    reader = zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW_BYTES).stream_reader(
        cast("IO[bytes]", followed), read_size=INPUT_BYTES, read_across_frames=True, closefd=False
    )
    while True:
        try:
            piece = reader.read(OUTPUT_BYTES)
        except zstandard.ZstdError as exc:
            raise UnreadableError(f"the compressed stream is corrupt: {exc}") from exc
        if not piece:
            break
        yield piece
    if not followed.complete:
        raise UnreadableError("truncated: the compressed stream ends early")


class _FollowedZstd:
    """A zstd stream whose frame and block headers (RFC 8878, section 3.1) are followed as it is read.

    The library does not say whether a stream ended where a frame ends; this does.
    """

    def __init__(self, source: _Source) -> None:
        self._source = source
        self._blocks = 0
        self._skip = 0
        self._header = b""
        self._need = 4
        self._checksum_bytes = 0
        self._parse: Callable[[bytes], None] = self._frame

    @property
    def complete(self) -> bool:
        """Whether what was read so far ends with a frame."""
        return self._parse == self._frame and not self._header and not self._skip

    def read(self, size: int, /) -> bytes:
        piece = self._source.read(size)
        position, end = 0, len(piece)
        while position < end:
            if self._skip:
                step = min(self._skip, end - position)
                self._skip -= step
            else:
                step = min(self._need - len(self._header), end - position)
                self._header += piece[position : position + step]
                if len(self._header) == self._need:
                    header, self._header = self._header, b""
                    self._parse(header)
            position += step
        return piece

    def _expect(self, parse: Callable[[bytes], None], need: int) -> None:
        self._parse, self._need = parse, need

    def _frame(self, magic: bytes) -> None:
        if magic == b"\x28\xb5\x2f\xfd":
            self._expect(self._descriptor, 1)
        elif magic[1:] == b"\x2a\x4d\x18" and magic[0] >> 4 == 5:
            self._expect(self._skippable, 4)
        else:
            raise UnreadableError("the compressed stream is corrupt: no zstd frame where one should begin")

    def _skippable(self, size: bytes) -> None:
        self._skip = int.from_bytes(size, "little")
        self._expect(self._frame, 4)

    def _descriptor(self, descriptor: bytes) -> None:
        flags = descriptor[0]
        single_segment = flags >> 5 & 1
        window_bytes = 1 - single_segment
        dictionary_bytes = (0, 1, 2, 4)[flags & 3]
        content_size_bytes = (single_segment, 2, 4, 8)[flags >> 6]
        self._checksum_bytes = 4 * (flags >> 2 & 1)
        self._skip = window_bytes + dictionary_bytes + content_size_bytes
        self._expect(self._block, 3)

    def _block(self, header: bytes) -> None:
        self._blocks += 1
        if self._blocks > MAX_ZSTD_BLOCKS:
            raise UnreadableError(f"more than {MAX_ZSTD_BLOCKS:,} blocks in one zstd stream")
        bits = int.from_bytes(header, "little")
        is_last, kind, size = bits & 1, bits >> 1 & 3, bits >> 3
        self._skip = 1 if kind == 1 else size  # kind 1: one byte, repeated `size` times
        if is_last:
            self._skip += self._checksum_bytes
            self._expect(self._frame, 4)


_DECODERS: dict[Compression, Callable[[_Source], Iterator[bytes]]] = {
    Compression.NONE: _plain,
    Compression.GZIP: _gzip,
    Compression.ZSTD: _zstd,
    Compression.XZ: _xz,
    Compression.BZIP2: _bzip2,
}
