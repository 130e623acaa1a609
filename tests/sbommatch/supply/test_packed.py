"""Packed files: every packing, damaged ones, and archives inside them."""

import bz2
import gzip
import io
import lzma
import tarfile
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
import zstandard

from sbommatch.errors import FeedError
from sbommatch.problem import Problem, ProblemCode
from sbommatch.supply import snapshot
from sbommatch.supply.snapshot import open_snapshot, read_files

DOCUMENT = b"{}" * 100_000
PACKERS: dict[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": zstandard.ZstdCompressor().compress,
    "": bytes,
}
every_packing = pytest.mark.parametrize("ending", PACKERS)


def tar_of(content: bytes) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        entry = tarfile.TarInfo("feed/a.json")
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    return stream.getvalue()


def read(path: Path) -> list[tuple[str, bytes] | Problem]:
    files = read_files(open_snapshot("demo", path), (".json",))
    return [file if isinstance(file, Problem) else (file.where, file.content) for file in files]


@every_packing
def test_a_packed_document_is_read_whether_named_alone_or_in_a_folder(tmp_path: Path, ending: str) -> None:
    (path := tmp_path / f"all.json{ending}").write_bytes(PACKERS[ending](DOCUMENT))
    assert read(path) == read(tmp_path) == [(path.name, DOCUMENT)]


@every_packing
def test_a_packed_tar_is_read(tmp_path: Path, ending: str) -> None:
    (path := tmp_path / f"feed.tar{ending}").write_bytes(PACKERS[ending](tar_of(DOCUMENT)))
    assert read(path) == read(tmp_path) == [(f"{path.name}: feed/a.json", DOCUMENT)]


def test_gzip_and_zstd_of_several_members_are_one_document(tmp_path: Path) -> None:
    for ending in (".gz", ".zst"):
        (path := tmp_path / f"a.json{ending}").write_bytes(PACKERS[ending](b"{") + PACKERS[ending](b"}"))
        assert read(path) == [(path.name, b"{}")]


@pytest.mark.parametrize("ending", [ending for ending in PACKERS if ending])
@pytest.mark.parametrize("damage", ["truncated", "garbage", "magic alone"])
def test_a_damaged_document_is_a_loss(tmp_path: Path, ending: str, damage: str) -> None:
    packed = PACKERS[ending](bytes(range(256)) * 40)
    damaged = {"truncated": packed[: len(packed) * 2 // 3], "garbage": packed[:10] + b"\xff" * 50, "magic alone": packed[:6]}[damage]
    (path := tmp_path / f"a.json{ending}").write_bytes(damaged)
    [problem] = read(path)
    assert isinstance(problem, Problem)
    assert (problem.code, problem.where, problem.loss) == (ProblemCode.INPUT_UNREADABLE, path.name, True)


@pytest.mark.parametrize("ending", [ending for ending in PACKERS if ending])
def test_a_damaged_archive_is_refused(tmp_path: Path, ending: str) -> None:
    packed = PACKERS[ending](tar_of(Random(1).randbytes(4 << 20)))
    (path := tmp_path / f"feed.tar{ending}").write_bytes(packed[: len(packed) * 3 // 4])
    with pytest.raises(FeedError, match="the archive is broken"):
        read(path)


def test_a_bomb_is_a_loss_at_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot, "FILE_LIMIT_BYTES", 1000)
    for ending, pack in PACKERS.items():
        (path := tmp_path / f"a.json{ending}").write_bytes(pack(bytes(1001)))
        [problem] = read(path)
        assert isinstance(problem, Problem)
        assert problem.code is ProblemCode.LIMIT_REACHED
        path.write_bytes(pack(bytes(1000)))
        assert read(path) == [(path.name, bytes(1000))]
