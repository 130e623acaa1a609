"""Sparse members of a tar, in every form that GNU tar writes, and as Go's archive/tar reads them."""

import io
import shutil
import subprocess
from pathlib import Path

import pytest

from sbomgen.evidence import EvidenceUnreadableError
from sbomgen.image import sparse as sparse_module
from sbomgen.image.entries import TarEntry
from sbomgen.image.sparse import SparseBody, SparseError, SparseMap, check_map, has_sparse_map, map_of_body, map_of_records
from sbomgen.image.tar import BLOCK_BYTES, TarStream
from tests.sbomgen.image.test_tar import END, Header, padded, pax, read

FORMS = {
    "oldgnu": ("--format=oldgnu",),
    "gnu": ("--format=gnu",),
    "0.0": ("--format=pax", "--sparse-version=0.0"),
    "0.1": ("--format=pax", "--sparse-version=0.1"),
    "1.0": ("--format=pax", "--sparse-version=1.0"),
}
HOLE = 1 << 20
PATTERNS = {
    "a hole before and behind": [(HOLE, b"data")],
    "data at both ends": [(0, b"begin" * 900), (3 * HOLE, b"end")],
    "more pieces than a header holds": [(number * 128 << 10, b"%04d" % number * 1024) for number in range(1, 60)],
    "nothing but a hole": [],
}


def written(path: Path, pieces: list[tuple[int, bytes]], size_bytes: int = 8 * HOLE) -> bytes:
    """A file with holes, and what it holds."""
    with path.open("wb") as file:
        for offset, piece in pieces:
            file.seek(offset)
            file.write(piece)
        file.truncate(size_bytes)
    return path.read_bytes()


@pytest.mark.skipif(shutil.which("tar") is None, reason="tar is not installed")
@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("form", FORMS)
def test_what_gnu_tar_stores_is_put_together(tmp_path: Path, form: str, pattern: str) -> None:
    name = "n" * 120
    content = written(tmp_path / name, PATTERNS[pattern])
    (tmp_path / "next").write_bytes(b"next")
    if (tmp_path / name).stat().st_blocks * 512 > len(content) // 2:
        pytest.skip("this file system has no holes")
    tar = subprocess.run(["tar", "-cS", *FORMS[form], name, "next"], cwd=tmp_path, check=True, capture_output=True).stdout
    (entry, body), (following, rest) = read(tar)
    assert (entry.path, entry.sparse, entry.size_bytes, body == content) == (name, True, len(content), True)
    assert (following.path, following.sparse, rest) == ("next", False, b"next")
    assert len(tar) < len(content) // 2


def sparse_member(numbers: str, body: bytes, **records: str) -> bytes:
    """A member whose map is in pax records, 100 bytes long."""
    count = str(len(numbers.split(",")) // 2)
    fields = {"GNU.sparse.size": "100", "GNU.sparse.numblocks": count, "GNU.sparse.map": numbers} | records
    header = pax(*((key, value.encode()) for key, value in fields.items()), ("size", str(len(body)).encode()))
    return header + Header().block() + padded(body) + Header(name=b"next").block() + END


def test_a_body_is_read_in_pieces_of_any_size() -> None:
    whole = bytes(10) + b"ab" + bytes(8) + b"cd" + bytes(78)
    for size in (1, 3, 1000):
        stream = TarStream(io.BytesIO(sparse_member("10,2,20,2", b"abcd")))
        next(iter(stream))
        assert stream.head() == whole[:64]
        assert b"".join(iter(lambda: stream.read(size), b"")) == whole  # noqa: B023


def first(content: bytes) -> tuple[TarEntry, bytes | str]:
    """The first of two members, its body or why there is none; the second is read in any case."""
    stream = TarStream(io.BytesIO(content))
    entries = iter(stream)
    entry = next(entries)
    try:
        body: bytes | str = stream.read_all()
    except EvidenceUnreadableError as exc:
        body = str(exc)
    assert [one.path for one in entries] == ["next"]
    return entry, body


def in_body(text: bytes, body: bytes = b"", **records: str) -> bytes:
    fields = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": "real", "GNU.sparse.realsize": "100"} | records
    content = padded(text) + body
    header = pax(*((key, value.encode()) for key, value in fields.items()), ("size", str(len(content)).encode()))
    return header + Header().block() + padded(content) + Header(name=b"next").block() + END


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (sparse_member("10,4,12,2", b"abcdef"), "its pieces overlap"),
        (sparse_member("20,2,10,2", b"abcd"), "its pieces overlap"),
        (sparse_member("98,4", b"abcd"), "reach beyond its end"),
        (sparse_member("10,2", b"abcd"), "4 bytes are stored of pieces of 2"),
        (sparse_member("10,8", b"abcd"), "4 bytes are stored of pieces of 8"),
        (sparse_member("10,-2", b"abcd"), "no number"),
        (sparse_member("10,0x2", b"ab"), "no number"),
        (sparse_member("10,2,", b"ab"), "no number"),
        (sparse_member("10,2", b"ab", **{"GNU.sparse.numblocks": "2"}), "another than stated"),
        (sparse_member("10,2", b"ab", **{"GNU.sparse.size": "9" * 30}), "no number"),
        (in_body(b"1\n10\n4\n", b"abc"), "3 bytes are stored of pieces of 4"),
        (in_body(b"2\n10\n2\n", b"ab"), "does not end"),
        (in_body(b"x\n"), "no number"),
        (in_body(b""), "does not end"),
        (in_body(b"1" * 600), "does not end"),
        (in_body(b"9" * 17 + b"\n"), "does not end"),
    ],
)
def test_a_map_that_cannot_be_costs_its_own_file_alone(content: bytes, reason: str) -> None:
    entry, body = first(content)
    assert entry.sparse
    assert isinstance(body, str)
    assert "is a sparse file that cannot be put together" in body
    assert reason in body


def test_a_map_in_the_body_is_no_part_of_the_file() -> None:
    entry, body = first(in_body(b"1\n10\n4\n", b"abcd"))
    assert (entry.path, entry.size_bytes, body) == ("real", 100, bytes(10) + b"abcd" + bytes(86))


@pytest.mark.parametrize(
    "records",
    [
        {"GNU.sparse.major": "2", "GNU.sparse.minor": "0", "GNU.sparse.name": "real", "GNU.sparse.realsize": "100"},
        {"GNU.sparse.major": "", "GNU.sparse.minor": "", "GNU.sparse.map": "", "GNU.sparse.realsize": "100"},
    ],
)
def test_what_go_does_not_know_for_sparse_is_a_file_as_it_stands(records: dict[str, str]) -> None:
    header = pax(*((key, value.encode()) for key, value in records.items()))
    entry, body = first(header + Header(size=b"00000000003\0").block() + padded(b"abc") + Header(name=b"next").block() + END)
    assert (entry.path, entry.sparse, entry.size_bytes, body) == ("name", False, 3, b"abc")


def test_a_link_has_no_body_to_be_sparse() -> None:
    header = pax(("GNU.sparse.size", b"100"), ("GNU.sparse.numblocks", b"0"), ("GNU.sparse.map", b"0,0"))
    entry, body = first(header + Header(type=b"2", link=b"to").block() + Header(name=b"next").block() + END)
    assert (entry.sparse, entry.size_bytes, body) == (False, 0, b"")


def test_a_map_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sparse_module, "MAX_MAP_BYTES", 2 * BLOCK_BYTES)
    with pytest.raises(SparseError, match="more than 1,024 bytes"):
        map_of_body(lambda: b"900\n" + bytes(BLOCK_BYTES - 4))
    assert map_of_body(lambda: (b"1\n2\n3\n" + bytes(600))[:BLOCK_BYTES]) == (2, 3)
    with pytest.raises(SparseError, match="more than 1,024 bytes"):
        sparse_module.map_of_header(b"\1" * BLOCK_BYTES, lambda: b"\1" * BLOCK_BYTES, lambda _field: 0)


def test_a_hole_beyond_measure_is_read_piece_by_piece() -> None:
    body = SparseBody(1 << 60, (), lambda _size: b"")
    assert len(body.head(64)) == 64
    assert len(body.read(1 << 40)) == sparse_module.HOLE_BYTES


def test_pieces_may_be_empty_and_there_may_be_none() -> None:
    records = {b"GNU.sparse.major": b"0", b"GNU.sparse.minor": b"1", b"GNU.sparse.numblocks": b"0"}
    assert map_of_records(records, 7) == SparseMap(7, ())
    check_map(7, (0, 3, 3, 0, 5, 2), 5)
    assert not has_sparse_map({b"GNU.sparse.major": b"0"})
