"""Zip archives and gzip files, whole, damaged and hostile."""

import io
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Mapping
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sbommatch.errors import FeedError
from sbommatch.problem import Problem, ProblemCode
from sbommatch.supply import archives
from sbommatch.supply.archives import members, tar_members


def zipped(files: Mapping[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return stream.getvalue()


def read(archive: bytes, *suffixes: str) -> dict[str, bytes | str]:
    """Content by name; the message where there is none."""
    found = members(io.BytesIO(archive), "all.zip", suffixes or (".json",))
    return {name: content.message if isinstance(content, Problem) else content for name, content in found}


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_members_come_sorted_and_whole(compression: int) -> None:
    large = bytes(range(256)) * 1000
    archive = zipped({"b.json": large, "a.json": b"{}", "README.md": b"x", "folder/c.json": b""}, compression)
    assert list(read(archive).items()) == [("a.json", b"{}"), ("b.json", large), ("folder/c.json", b"")]


def test_a_large_member_is_inflated_in_bounded_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "SMALL_BYTES", 10)
    content = bytes(range(256)) * 100
    assert read(zipped({"a.json": content})) == {"a.json": content}


def test_a_prefix_before_the_archive_does_not_matter() -> None:
    assert read(b"#!/bin/sh\n" + zipped({"a.json": b"{}"})) == {"a.json": b"{}"}


def test_a_damaged_member_does_not_end_the_archive() -> None:
    archive = bytearray(zipped({"a.json": b"{}" * 500, "b.json": b"[]" * 500}))
    at = archive.index(b"a.json") + len("a.json")
    archive[at : at + 4] = b"\xff\xff\xff\xff"
    found = read(bytes(archive))
    assert str(found["a.json"]).startswith("damaged")
    assert found["b.json"] == b"[]" * 500


def test_a_wrong_checksum_is_damage() -> None:
    archive = zipped({"a.json": b"{}"}, zipfile.ZIP_STORED).replace(b"{}", b"[]")
    assert read(archive) == {"a.json": "damaged: its size or checksum is not the one stated"}


def patched(field: int, value: int, size: int = 4) -> bytes:
    """An archive of one member whose directory entry says something else at an offset of APPNOTE 4.3.12."""
    archive = bytearray(zipped({"a.json": b"{}" * 100}))
    at = archive.index(b"PK\x01\x02") + field
    archive[at : at + size] = struct.pack("<I", value)[:size]
    return bytes(archive)


@pytest.mark.parametrize(
    ("archive", "message"),
    [
        (patched(24, 10), "damaged"),
        (patched(24, 10 << 20), "unpacks to"),
        (patched(24, 0xFFFFFFF0), "the limit is"),
        (patched(8, 1, 2), "it is encrypted"),
        (patched(10, 12, 2), "compression method 12"),
        (patched(42, 1), "no local header"),
    ],
    ids=["size understated", "ratio", "size", "encrypted", "bzip2", "wrong place"],
)
def test_hostile_members_are_losses_of_their_own(archive: bytes, message: str) -> None:
    assert message in str(read(archive)["a.json"])


def test_a_member_that_grows_past_what_it_states_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "SMALL_BYTES", 0)
    archive = zipped({"a.json": bytes(1 << 20)})
    at = archive.index(b"PK\x01\x02") + 24
    assert "damaged" in str(read(archive[:at] + struct.pack("<I", 1000) + archive[at + 4 :])["a.json"])


@pytest.mark.parametrize("limit", ["MEMBERS_LIMIT", "ARCHIVE_LIMIT_BYTES"])
def test_limits_of_the_whole_archive_are_errors(monkeypatch: pytest.MonkeyPatch, limit: str) -> None:
    monkeypatch.setattr(archives, limit, 1)
    with pytest.raises(FeedError, match="the limit is 1"):
        read(zipped({"a.json": b"{}", "b.json": b"{}"}))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_members_of_one_name_are_an_error() -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("a.json", b"1")
        archive.writestr("a.json", b"2")
    with pytest.raises(FeedError, match="two members of one name"):
        read(stream.getvalue())


@pytest.mark.parametrize(
    "archive",
    [b"PK", b"PK\x03\x04", zipped({"a.json": b"{}"})[:-10], zipped({"a.json": b"{}"})[:30]],
    ids=["2 bytes", "4 bytes", "no end", "a head"],
)
def test_a_broken_directory_is_an_error(archive: bytes) -> None:
    with pytest.raises(FeedError, match=r"all\.zip: the archive is broken"):
        read(archive)


@given(st.integers(0, 400), st.binary(min_size=1, max_size=4))
@settings(max_examples=40, deadline=None)
def test_damage_anywhere_raises_our_error_at_most(at: int, noise: bytes) -> None:
    archive = bytearray(zipped({"a.json": b'{"id": "X-1"}' * 10, "b.json": b"{}"}))
    at %= len(archive)
    archive[at : at + len(noise)] = noise
    with suppress(FeedError):
        read(bytes(archive))


def test_the_judge_of_these_tests_is_the_standard_library() -> None:
    assert zlib.crc32(b"{}") == zipfile.ZipFile(io.BytesIO(zipped({"a.json": b"{}"}))).infolist()[0].CRC


def tarred(files: Mapping[str, bytes], *others: tarfile.TarInfo) -> io.BytesIO:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for entry in others:
            archive.addfile(entry)
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    stream.seek(0)
    return stream


def test_files_of_a_tar_come_in_its_order_and_nothing_else_does() -> None:
    link, folder = tarfile.TarInfo("link.json"), tarfile.TarInfo("folder.json")
    link.type, link.linkname, folder.type = tarfile.SYMTYPE, "/etc/passwd", tarfile.DIRTYPE
    stream = tarred({"./b.json": b"2", "folder/a.json": b"1", "README.md": b"x"}, link, folder)
    assert list(tar_members(stream, "all.tar", (".json",))) == [("b.json", b"2"), ("folder/a.json", b"1")]


@pytest.mark.parametrize("size", [100, 512, 700, 1600])
def test_a_truncated_tar_is_refused(size: int) -> None:
    stream = io.BytesIO(tarred({"a.json": bytes(range(256)) * 8, "b.json": b"2"}).getvalue()[:size])
    with pytest.raises(FeedError, match=r"all\.tar: the archive is broken: .*; fetch it again"):
        list(tar_members(stream, "all.tar", (".json",)))


def test_a_large_file_of_a_tar_is_a_loss_and_the_others_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "FILE_LIMIT_BYTES", 10)
    [(_, large), small] = tar_members(tarred({"a.json": bytes(11), "b.json": b"2"}), "all.tar", (".json",))
    assert isinstance(large, Problem)
    assert (large.code, large.where, large.loss) == (ProblemCode.LIMIT_REACHED, "all.tar: a.json", True)
    assert small == ("b.json", b"2")


@pytest.mark.parametrize(("limit", "value"), [("MEMBERS_LIMIT", 1), ("ARCHIVE_LIMIT_BYTES", 1)])
def test_a_tar_over_a_limit_is_refused(monkeypatch: pytest.MonkeyPatch, limit: str, value: int) -> None:
    monkeypatch.setattr(archives, limit, value)
    with pytest.raises(FeedError, match="over"):
        list(tar_members(tarred({"a.json": b"1", "b.json": b"2"}), "all.tar", (".json",)))


def test_members_to_skip_are_asked_for_by_what_the_directory_says_and_not_unpacked() -> None:
    archive = zipped({"a.json": b"aa", "b.json": b"b", "c.txt": b"c"})
    asked: list[tuple[str, int, int]] = []

    def skip(name: str, crc32: int, size_bytes: int) -> bool:
        asked.append((name, crc32, size_bytes))
        return name == "a.json"

    assert list(members(io.BytesIO(archive), "all.zip", (".json",), skip)) == [("b.json", b"b")]
    assert asked == [("a.json", zlib.crc32(b"aa"), 2), ("b.json", zlib.crc32(b"b"), 1)]
