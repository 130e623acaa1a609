import io
import struct
import tempfile
import zipfile
from pathlib import Path
from typing import Any, NoReturn

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sbomgen.catalogers import _zip_archive
from sbomgen.catalogers._zip_archive import CHUNK_BYTES, NAME_LIMIT_BYTES, Archive, ArchiveError, ArchiveLimitError, Member
from sbomgen.errors import UnreadableError
from tests.support.jars import DATE, jar

LARGE = bytes(range(256)) * 8192
"""2 MiB that deflate well."""
END = b"PK\5\6"


def members_of(body: bytes) -> dict[str, Member]:
    return {member.name: member for member in Archive(io.BytesIO(body)).members(lambda _: True)}


def contents_of(body: bytes) -> dict[str, bytes]:
    archive = Archive(io.BytesIO(body))
    return {member.name: archive.read(member, 1 << 30) for member in archive.members(lambda _: True)}


def opened(body: bytes, name: str) -> bytes:
    archive = Archive(io.BytesIO(body))
    (member,) = archive.members(lambda found: found == name.encode())
    with archive.open(member) as stream:
        return stream.read()


@pytest.mark.parametrize("stored", [False, True])
def test_members_are_read_whether_stored_or_deflated(stored: bool) -> None:
    files: dict[str, bytes | str] = {"a": b"", "b/c": b"x", "large": LARGE}
    assert contents_of(jar(files, stored)) == files
    assert opened(jar(files, stored), "large") == LARGE


@pytest.mark.parametrize("failing", ["make", "write", "seek"])
def test_a_full_disk_says_what_to_do(monkeypatch: pytest.MonkeyPatch, failing: str) -> None:
    class Full(io.BytesIO):
        def write(self, piece: Any) -> int:
            return super().write(bytes(piece)) if failing != "write" else no_room()

        def seek(self, offset: int, whence: int = 0) -> int:
            return no_room()

        def close(self) -> None:
            super().close()
            no_room()

    def no_room() -> NoReturn:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(_zip_archive, "MEMORY_BYTES", 1)
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda prefix: no_room() if failing == "make" else Full())
    with pytest.raises(UnreadableError, match=r"no room for a large archive .*\(No space left on device\): make room, or set TMPDIR"):
        opened(jar({"large": LARGE}), "large")


@given(files=st.dictionaries(st.text("abc/", min_size=1, max_size=8), st.binary(max_size=300), max_size=5), stored=st.booleans())
@settings(max_examples=50, deadline=None)
def test_what_zipfile_writes_is_read(files: dict[str, bytes], stored: bool) -> None:
    assert contents_of(jar(files, stored)) == files


def test_a_script_before_the_archive_and_a_comment_after_it_are_passed_over() -> None:
    buffer = io.BytesIO(b"#!/bin/sh\nexec java -jar $0\n" + jar({"a": b"1"}))
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.comment = b"built by hand"
    assert contents_of(buffer.getvalue()) == {"a": b"1"}
    assert contents_of(b"\0" * 70_000 + jar({"a": b"1"})) == {"a": b"1"}


def test_an_archive_in_the_zip64_form_is_read() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive, archive.open(zipfile.ZipInfo("a", DATE), "w", force_zip64=True) as member:
        member.write(b"1")
    body = buffer.getvalue()
    directory = body.index(b"PK\1\2")
    end = body.index(END)
    # The sizes and the offset move to the extra field, the directory's place to a zip64 end record.
    entry = bytearray(body[directory:end])
    entry[20:28] = struct.pack("<2L", 0xFFFFFFFF, 0xFFFFFFFF)
    entry[30:32] = struct.pack("<H", 28)
    entry[42:46] = struct.pack("<L", 0xFFFFFFFF)
    extra = struct.pack("<2H3Q", 1, 24, 1, 1, 0)
    entry = entry[:47] + extra
    end64 = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, 1, 1, len(entry), directory)
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, directory + len(entry), 1)
    narrow = END + struct.pack("<4H2LH", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    wide = body[:directory] + bytes(entry) + end64 + locator + narrow
    assert contents_of(wide) == {"a": b"1"}
    assert contents_of(b"prefix" + wide) == {"a": b"1"}
    with pytest.raises(ArchiveError, match="zip64"):
        Archive(io.BytesIO(wide.replace(b"PK\6\6", b"PK\0\0")))


def test_the_last_of_two_members_of_one_name_counts() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a", b"first")
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("a", b"second")
    assert contents_of(buffer.getvalue()) == {"a": b"second"}


def test_names_need_not_be_utf_8() -> None:
    body = jar({"aXb.jar": b"1"}).replace(b"aXb.jar", b"a\xe9b.jar")
    assert list(members_of(body)) == ["a\\xe9b.jar"]


GOOD = jar({"a": LARGE[:5000], "b": b"1"})


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no archive",
        GOOD[:-1],
        GOOD[: len(GOOD) // 2],
        GOOD[: GOOD.index(END) + 10],
        END + b"\0" * 17,
        END + struct.pack("<4H2LH", 0, 0, 1, 1, 46, 0, 0),
        GOOD[GOOD.index(b"PK\1\2") + 1 :],
        GOOD.replace(b"PK\1\2", b"PK\1\3", 1),
    ],
)
def test_what_is_no_archive_is_refused(body: bytes) -> None:
    with pytest.raises(ArchiveError):
        members_of(body)


def damaged(place: int, replacement: bytes) -> bytes:
    return GOOD[:place] + replacement + GOOD[place + len(replacement) :]


ENTRY = GOOD.index(b"PK\1\2")


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (damaged(0, b"XX"), "not where the directory says"),
        (damaged(40, b"\xff" * 20), "inflated"),
        (damaged(ENTRY + 8, b"\1"), "encrypted"),
        (damaged(ENTRY + 10, b"\14"), "method 12"),
        (damaged(ENTRY + 10, b"\0"), "not where"),
        (damaged(ENTRY + 24, struct.pack("<L", 4999)), "4,999 bytes"),
        (damaged(ENTRY + 24, struct.pack("<L", 5001)), "5,001 bytes"),
        (damaged(ENTRY + 20, struct.pack("<L", 1 << 30)), "not where"),
        (damaged(ENTRY + 20, struct.pack("<L", 3)), "5,000 bytes"),
        (damaged(ENTRY + 42, struct.pack("<L", 1 << 30)), "cut short"),
    ],
)
def test_a_damaged_member_is_refused_and_the_others_are_read(body: bytes, why: str) -> None:
    archive = Archive(io.BytesIO(body))
    first, second = archive.members(lambda _: True)
    with pytest.raises(ArchiveError, match=why):
        archive.read(first, 1 << 20)
    with pytest.raises(ArchiveError, match=why), archive.open(first):
        pass
    assert archive.read(second, 1 << 20) == b"1"


@given(place=st.integers(0, len(GOOD) - 1), byte=st.binary(min_size=1, max_size=4))
@settings(max_examples=200, deadline=None)
def test_damage_raises_nothing_but_its_own_error(place: int, byte: bytes) -> None:
    body = damaged(place, byte)[: len(GOOD)]
    try:
        archive = Archive(io.BytesIO(body))
        for member in archive.members(lambda _: True):
            assert len(archive.read(member, 1 << 20)) == member.size_bytes
    except ArchiveError:
        pass


def test_a_member_over_the_caller_s_limit_is_refused() -> None:
    archive = Archive(io.BytesIO(GOOD))
    with pytest.raises(ArchiveLimitError, match="5,000 bytes"):
        archive.read(archive.members(lambda name: name == b"a")[0], 4999)


def test_a_directory_over_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_zip_archive, "DIRECTORY_LIMIT_BYTES", 10)
    with pytest.raises(ArchiveLimitError, match="directory"):
        Archive(io.BytesIO(GOOD))


def test_more_members_than_the_limit_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_zip_archive, "MEMBERS_LIMIT", 1)
    archive = Archive(io.BytesIO(GOOD))
    assert len(archive.members(lambda name: name == b"a")) == 1
    with pytest.raises(ArchiveLimitError, match="more than 1 members"):
        archive.members(lambda _: True)


def test_a_name_over_the_limit_is_passed_over() -> None:
    assert list(members_of(jar({"x" * (NAME_LIMIT_BYTES + 1): b"", "y" * NAME_LIMIT_BYTES: b"", "a": b""}))) == [
        "y" * NAME_LIMIT_BYTES,
        "a",
    ]


def test_a_large_member_may_not_inflate_beyond_the_ratio(monkeypatch: pytest.MonkeyPatch) -> None:
    body = jar({"a": bytes(3 << 20)})
    assert len(opened(body, "a")) == 3 << 20
    monkeypatch.setattr(_zip_archive, "RATIO_FREE_BYTES", 1 << 20)
    with pytest.raises(ArchiveLimitError, match="inflates more than 100 times"):
        opened(body, "a")


def test_a_member_that_inflates_to_more_than_it_states_stops_there() -> None:
    body = jar({"a": bytes(64 << 20)})
    lying = body.replace(struct.pack("<L", 64 << 20), struct.pack("<L", 1000))
    with pytest.raises(ArchiveError, match="1,000 bytes"):
        opened(lying, "a")


def test_a_large_deflated_member_goes_to_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_zip_archive, "MEMORY_BYTES", 1000)
    large = LARGE[: 3 * CHUNK_BYTES + 1]
    assert opened(jar({"a": large}), "a") == large


def test_real_archives_are_read_as_zipfile_reads_them(shared_data: Path) -> None:
    paths = [*shared_data.glob("packagedbs/aquasecurity+trivy/**/*.jar"), *shared_data.glob("packagedbs/anchore+syft/**/*.hpi")]
    assert len(paths) >= 6
    for path in paths:
        with zipfile.ZipFile(path) as expected:
            assert contents_of(path.read_bytes()) == {name: expected.read(name) for name in expected.namelist()}, path.name
