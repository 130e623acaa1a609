"""Decompression: what goes in comes out, whatever is broken is said, nothing grows without measure."""

import bz2
import gzip
import io
import lzma
import random
import struct

import pytest
import zstandard

from sbomgen.errors import UnreadableError
from sbomgen.image import compression
from sbomgen.image.compression import Compression, Limits, open_decompressed, sniff
from tests.sbomgen.image.fakes import Dribble, corrupt_copies

CONTENT = random.Random(1).randbytes(100_000) + bytes(200_000) + b"the end"
SKIPPABLE = struct.pack("<II", 0x184D2A53, 5) + b"abcde"


def halves(compress: object) -> bytes:
    assert callable(compress)
    first, second = compress(CONTENT[:1000]), compress(CONTENT[1000:])
    assert isinstance(first, bytes)
    assert isinstance(second, bytes)
    return first + second


def zstd_without_size(content: bytes) -> bytes:
    compressor = zstandard.ZstdCompressor(write_content_size=False, write_checksum=True).compressobj()
    return compressor.compress(content) + compressor.flush()


STREAMS = {
    "gzip": (Compression.GZIP, gzip.compress(CONTENT)),
    "gzip of two members": (Compression.GZIP, halves(gzip.compress)),
    "gzip with an empty member": (Compression.GZIP, gzip.compress(b"") + gzip.compress(CONTENT)),
    "gzip padded with zeros": (Compression.GZIP, gzip.compress(CONTENT) + bytes(100_000)),
    "zstd": (Compression.ZSTD, zstandard.compress(CONTENT)),
    "zstd without content size": (Compression.ZSTD, zstd_without_size(CONTENT)),
    "zstd of two frames": (Compression.ZSTD, halves(zstandard.compress)),
    "zstd with skippable frames": (Compression.ZSTD, SKIPPABLE + zstandard.compress(CONTENT) + SKIPPABLE),
    "xz": (Compression.XZ, lzma.compress(CONTENT)),
    "xz of two streams": (Compression.XZ, halves(lzma.compress) + bytes(8)),
    "bzip2": (Compression.BZIP2, bz2.compress(CONTENT)),
    "bzip2 of two streams": (Compression.BZIP2, halves(bz2.compress)),
    "plain": (Compression.NONE, CONTENT),
}


def read(stored: bytes, limits: Limits = compression.LAYER_LIMITS) -> bytes:
    return open_decompressed(io.BytesIO(stored), limits).read()


def outcome(stored: bytes) -> str:
    try:
        return f"{len(read(stored))} bytes"
    except UnreadableError as exc:
        return str(exc)


@pytest.mark.parametrize("name", STREAMS)
def test_what_went_in_comes_out(name: str) -> None:
    expected, stored = STREAMS[name]
    stream = open_decompressed(io.BytesIO(stored))
    assert stream.compression is expected
    assert stream.read() == CONTENT
    assert stream.size_bytes == len(CONTENT)
    assert stream.read(10) == b""


@pytest.mark.parametrize("name", STREAMS)
def test_a_stream_may_come_in_small_pieces(name: str) -> None:
    assert open_decompressed(Dribble(STREAMS[name][1], 777)).read() == CONTENT


@pytest.mark.parametrize("name", [name for name in STREAMS if name != "plain"])
def test_a_truncated_stream_is_no_stream(name: str) -> None:
    kind, stored = STREAMS[name]
    end = len(stored.rstrip(b"\0")) - 12
    for cut in [*range(12, end, end // 20), end, len(stored.rstrip(b"\0")) - 1]:
        if kind is Compression.ZSTD and cut == len(stored) - len(SKIPPABLE):
            continue
        if "two" in name and outcome(stored[:cut]) == "1000 bytes":
            continue  # a stream may end between two members
        assert "truncated" in outcome(stored[:cut])


@pytest.mark.parametrize("name", [name for name in STREAMS if name != "plain"])
def test_a_changed_byte_raises_nothing_but_our_error(name: str) -> None:
    for copy in corrupt_copies(STREAMS[name][1], 25, seed=7):
        assert outcome(copy)


@pytest.mark.parametrize("rest", [b"garbage" * 20, bytes(10) + b"garbage" * 20])
@pytest.mark.parametrize("name", ["gzip", "zstd", "xz", "bzip2"])
def test_what_follows_the_last_member_is_an_error(name: str, rest: bytes) -> None:
    with pytest.raises(UnreadableError, match="corrupt"):
        read(STREAMS[name][1] + rest)


@pytest.mark.parametrize("stored", [b"", b"a", b"\x1f\x8b", b"BZh9 is how this file name begins", b"\x28\xb5"])
def test_without_a_magic_a_stream_is_plain(stored: bytes) -> None:
    assert sniff(stored) is Compression.NONE
    assert read(stored) == stored


@pytest.mark.parametrize("name", STREAMS)
def test_the_decompressed_size_is_bounded(name: str) -> None:
    stored = STREAMS[name][1]
    assert read(stored, Limits(total_bytes=len(CONTENT), free_bytes=len(CONTENT), ratio=1))
    with pytest.raises(UnreadableError, match="more than 300,006 bytes, which is the limit"):
        read(stored, Limits(total_bytes=len(CONTENT) - 1, free_bytes=len(CONTENT), ratio=1))


def test_a_bomb_is_stopped_by_its_ratio() -> None:
    bomb = zstandard.compress(bytes(50 << 20))
    with pytest.raises(UnreadableError, match="decompression bomb"):
        read(bomb, Limits(total_bytes=1 << 40, free_bytes=1 << 20, ratio=200))
    assert len(read(bomb, Limits(total_bytes=1 << 40, free_bytes=64 << 20, ratio=200))) == 50 << 20


def test_the_number_of_members_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compression, "MAX_MEMBERS", 3)
    assert read(gzip.compress(b"a") * 3) == b"aaa"
    with pytest.raises(UnreadableError, match="more than 3 members"):
        read(gzip.compress(b"a") * 4)


def test_the_number_of_zstd_blocks_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compression, "MAX_ZSTD_BLOCKS", 3)
    with pytest.raises(UnreadableError, match="more than 3 blocks"):
        read(zstandard.compress(CONTENT * 2))


@pytest.mark.parametrize("compression_name", ["zstd", "xz"])
def test_the_memory_of_a_decompressor_is_bounded(compression_name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    parameters = zstandard.ZstdCompressionParameters(window_log=20)
    compressor = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    stored = {
        "zstd": compressor.compress(CONTENT * 3) + compressor.flush(),
        "xz": lzma.compress(CONTENT, filters=[{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 20}]),
    }[compression_name]
    assert read(stored)
    monkeypatch.setattr(compression, "MAX_WINDOW_BYTES", 1 << 17)
    with pytest.raises(UnreadableError, match=r"[mM]emory"):
        read(stored)


def test_an_error_of_the_operating_system_is_ours() -> None:
    class Broken(io.RawIOBase):
        def read(self, size: int | None = -1) -> bytes:
            raise OSError(5, "Input/output error")

    with pytest.raises(UnreadableError, match="cannot be read: Input/output error"):
        open_decompressed(Broken())
