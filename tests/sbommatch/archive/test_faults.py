"""What can go wrong with an archive: each with a word that says where and what to do, and nothing lost by it."""

import json
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sbommatch.archive.archive import MANIFEST
from tests.sbommatch.archive.made import CONTENT, ask, store
from tests.sbommatch.cli.sboms import JINJA_HIGH, sbom
from tests.support.run import Ran, run


@pytest.fixture
def path(archive_of: Callable[[int], Path]) -> Path:
    return archive_of(1)


def archive(*arguments: str | Path) -> Ran:
    return run("sbommatch", "archive", *arguments)


def file_of(path: Path, table: str) -> Path:
    [found] = [file for file in (path / table).rglob("*.parquet") if "_delta_log" not in file.parts]
    return found


def newest_log(path: Path, table: str) -> Path:
    return max((path / table / "_delta_log").glob("*.json"))


def named(path: Path) -> str:
    [(digest,)] = ask(path, "SELECT sha256 FROM documents")
    return str(digest)


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-20])


def flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[4:60] = bytes(56)
    file.write_bytes(content)


def foreign(path: Path) -> None:
    shutil.rmtree(path / "coordinates")
    shutil.copytree(path / "occurrences", path / "coordinates")


FAULTS: list[tuple[str, Callable[[Path], object], str]] = [
    ("no archive", shutil.rmtree, "there is no archive"),
    ("no manifest", lambda path: (path / MANIFEST).unlink(), "there is no archive"),
    ("a damaged manifest", lambda path: cut(path / MANIFEST), "is no archive, or damaged"),
    (
        "a newer format",
        lambda path: (path / MANIFEST).write_text('{"archive": "sbommatch", "format": 99}'),
        "written in format 99 by a newer sbommatch",
    ),
    ("a missing table", lambda path: shutil.rmtree(path / "occurrences"), "occurrences: the table is missing"),
    ("a foreign table", foreign, "coordinates: is no table of an archive"),
    ("a damaged log", lambda path: newest_log(path, "documents").write_text('{"add": {"pa'), "documents: the table cannot be read"),
    ("a log that ends early", lambda path: newest_log(path, "occurrences").unlink(), "rows of stored documents are missing: 0 of 3"),
    ("a missing file", lambda path: file_of(path, "coordinates").unlink(), "a file of the archive cannot be read"),
    ("a truncated file", lambda path: cut(file_of(path, "occurrences")), "is cut short or changed"),
    ("a damaged file", lambda path: flip(file_of(path, "documents")), "cannot be read, it may be damaged"),
]


@pytest.mark.parametrize(("fault", "said"), [fault[1:] for fault in FAULTS], ids=[fault[0] for fault in FAULTS])
def test_a_damaged_archive_is_said_to_be(path: Path, fault: Callable[[Path], object], said: str) -> None:
    fault(path)
    for command in ("list", "compact"):
        ran = archive(command, path)
        assert (ran.code, ran.stdout) == (3, b"")
        assert said in ran.stderr
        assert str(path) in ran.stderr


def test_a_changed_document_is_not_given_out(path: Path) -> None:
    blobs = file_of(path, "blobs")
    content = blobs.read_bytes()
    at = content.index(b"\x28\xb5\x2f\xfd") + 30
    blobs.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
    ran = archive("export", path, named(path))
    assert (ran.code, ran.stdout) == (3, b"")
    assert "damaged" in ran.stderr or "not what was stored" in ran.stderr


def test_a_folder_of_other_things_becomes_no_archive(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.jpg").touch()
    ran = archive("add", tmp_path / "photos", sbom(tmp_path / "a.json", JINJA_HIGH))
    assert ran.code == 2
    assert "cat.jpg" in ran.stderr
    assert [file.name for file in (tmp_path / "photos").iterdir()] == ["cat.jpg"]


def test_making_an_archive_can_begin_again(path: Path) -> None:
    (path / MANIFEST).unlink()  # as if it had been interrupted there
    shutil.rmtree(path / "blobs")
    shutil.rmtree(path / "documents")
    assert store(path, path.parent / "0.json").added == 1


FULL = """
import resource, sys
from sbommatch.cli import main
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), resource.RLIM_INFINITY))
sys.argv[1:] = sys.argv[2:]
main()
"""


@pytest.mark.parametrize("limit_bytes", [300, 1_500, 4_000])
def test_a_full_disk_keeps_what_was_added_before(path: Path, limit_bytes: int) -> None:
    """Files that may not grow beyond a limit fail as they do on a full disk."""
    assert resource.RLIM_INFINITY  # the limit is of the process that adds
    before = ask(path, CONTENT)
    more = sbom(path.parent / "b.json", *(f"pkg:pypi/p{number}-{number**7 % 10**9}@{number}" for number in range(2_000)))
    command = [sys.executable, "-c", FULL, str(limit_bytes), "archive", "add", path, more]
    ran = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    assert ran.returncode == 2, ran.stderr
    assert "cannot be written" in ran.stderr
    assert len(ran.stderr.splitlines()) == 1, "no panic of a library's thread beside it"
    assert ask(path, CONTENT) == before
    assert store(path, more).added == 1


def test_a_clock_that_goes_back_loses_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1000000000")
    store(path, sbom(path.parent / "b.json", "pkg:pypi/b@1"))
    before = ask(path, CONTENT)
    assert archive("compact", path).code == 0
    assert ask(path, CONTENT) == before
    listed = json.loads(archive("list", path, "-o", "json").stdout)
    assert min(one["added_at"][:4] for one in listed["documents"]) == "2001"
