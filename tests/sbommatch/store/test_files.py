"""Pointers, locks and what a killed writer leaves."""

import os
import re
import signal
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from sbommatch.errors import DatabaseError, UsageError
from sbommatch.store.files import checksum_file, publish, read_pointer, writing
from sbommatch.store.open import open_database
from sbommatch.store.queries import candidates
from tests.sbommatch.store.made import below, build_osv, lookup, osv, write_zip

PROJECT = Path(__file__).resolve().parents[3]

OLD = osv("X-1", events=below("2.0"))
NEW = osv("X-2", events=below("3.0"))


def records(pointer: Path) -> list[str]:
    """What the database that the pointer names says of demo 1.0."""
    with open_database(pointer) as database:
        return [row.record for row in candidates(database, [lookup("pypi", "demo", "1.0")])]


def test_the_pointer_is_one_line_of_json_that_names_the_database(tmp_path: Path) -> None:
    result = build_osv(tmp_path, OLD)
    assert result.database == tmp_path / f"db-{result.status.digest}.duckdb"
    assert (tmp_path / "pointer.json").read_bytes() == b'{"database":"%s"}\n' % result.database.name.encode()
    assert read_pointer(tmp_path / "pointer.json") == result.database
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        ".pointer.json.lock", result.database.name, f"{result.database.name}.sha256", "osv-pypi.zip", "pointer.json"
    ]  # fmt: skip


def test_the_checksum_beside_the_database_is_the_files(tmp_path: Path) -> None:
    result = build_osv(tmp_path, OLD)
    line = checksum_file(result.database).read_text()
    assert line == f"{sha256(result.database.read_bytes()).hexdigest()}  {result.database.name}\n"


def test_the_folder_is_made(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "osv-pypi.zip", [OLD])
    pointer = tmp_path / "a" / "b" / "sbommatch.json"
    with writing(pointer) as aside:
        assert aside.parent == pointer.parent
        assert pointer.parent.is_dir()
    assert path.exists()


def test_a_new_database_leaves_the_old_one_to_its_readers(tmp_path: Path) -> None:
    old = build_osv(tmp_path, OLD)
    with open_database(tmp_path / "pointer.json") as reader:
        new = build_osv(tmp_path, NEW)
        assert [row.record for row in candidates(reader, [lookup("pypi", "demo", "1.0")])] == ["X-1"]
    assert records(tmp_path / "pointer.json") == ["X-2"]
    assert records(old.database) == ["X-1"]
    assert old.database != new.database


def test_the_same_again_takes_the_place_of_an_equal_database(tmp_path: Path) -> None:
    first = build_osv(tmp_path, OLD)
    with open_database(first.database) as reader:
        second = build_osv(tmp_path, OLD)
        assert [row.record for row in candidates(reader, [lookup("pypi", "demo", "1.0")])] == ["X-1"]
    assert (second.database, second.status.digest) == (first.database, first.status.digest)
    assert records(tmp_path / "pointer.json") == ["X-1"]


def test_a_damaged_database_of_the_same_digest_is_replaced(tmp_path: Path) -> None:
    result = build_osv(tmp_path, OLD)
    result.database.write_bytes(b"damaged")
    build_osv(tmp_path, OLD)
    assert records(tmp_path / "pointer.json") == ["X-1"]


def test_one_writer_at_a_time_and_the_other_is_told_who(tmp_path: Path) -> None:
    pointer = tmp_path / "pointer.json"
    with writing(pointer) as aside:
        aside.write_bytes(b"half")
        with (
            pytest.raises(DatabaseError, match=rf"process {os.getpid()} \(since \d{{4}}-.*Z\) is writing it") as raised,
            writing(pointer),
        ):
            pass
        assert aside.exists()
    assert raised.value.exit_code == 4
    with writing(pointer):
        pass


def test_whatever_ends_a_build_leaves_no_trace(tmp_path: Path) -> None:
    pointer = tmp_path / "pointer.json"
    with pytest.raises(KeyboardInterrupt), writing(pointer) as aside:
        aside.write_bytes(b"half")
        aside.with_name(aside.name + ".wal").write_bytes(b"x")
        aside.with_name(aside.name + ".spill").mkdir()
        raise KeyboardInterrupt
    assert [path.name for path in tmp_path.iterdir()] == [".pointer.json.lock"]


def test_another_pointers_files_are_left_alone(tmp_path: Path) -> None:
    with writing(tmp_path / "db.json") as other:
        other.write_bytes(b"half")
        with writing(tmp_path / "db") as aside:
            aside.write_bytes(b"half")
        assert other.exists()
        assert sorted(path.name for path in tmp_path.iterdir()) == [other.name, ".db.json.lock", ".db.lock"]


@pytest.mark.parametrize("content", ["[ignore]\n", '{"database": "../etc/x"}', '{"database": ""}', '{"database": 7}', "x" * 10_000, ""])
def test_a_file_that_is_no_pointer_is_not_overwritten(tmp_path: Path, content: str) -> None:
    pointer = tmp_path / "pointer.json"
    pointer.write_text(content)
    with pytest.raises(UsageError, match="is not overwritten"), writing(pointer):
        pass
    assert pointer.read_text() == content


def test_a_database_is_not_overwritten_by_a_pointer(tmp_path: Path) -> None:
    result = build_osv(tmp_path, OLD)
    with pytest.raises(UsageError, match="it is a database and is not overwritten"), writing(result.database):
        pass


def test_a_folder_that_cannot_be_written_is_wrong_usage(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="cannot be written"), writing(tmp_path / "file" / "pointer.json"):
        pass
    aside = tmp_path / "aside"
    with pytest.raises(UsageError, match="cannot be written: No such file"):
        publish(aside, tmp_path / "pointer.json", "0")


KILLED = """
import sys
from pathlib import Path

from sbommatch.store import files
from sbommatch.store.build import build
from sbommatch.supply.sources import sources_of

moments = iter(range(100))
flush = files._flush

def stop(path):
    flush(path)
    if next(moments) == int(sys.argv[3]):
        print("now", flush=True)
        sys.stdin.read()

files._flush = stop
build(sources_of(["osv-pypi=" + sys.argv[1] + "@2026-08-21"]), Path(sys.argv[2]))
"""


@pytest.mark.parametrize(("moment", "left"), [(0, "X-1"), (1, "X-1"), (2, "X-1"), (3, "X-1"), (4, "X-2")])
def test_kill_9_leaves_the_old_or_the_new(tmp_path: Path, moment: int, left: str) -> None:
    pointer = tmp_path / "pointer.json"
    build_osv(tmp_path, OLD)
    path = write_zip(tmp_path / "new.zip", [NEW])
    command = [sys.executable, "-c", KILLED, str(path), str(pointer), str(moment)]
    with subprocess.Popen(command, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"now\n"
        with pytest.raises(DatabaseError, match=f"process {process.pid} "):
            build_osv(tmp_path, OLD)
        process.kill()
    assert process.returncode == -signal.SIGKILL
    assert records(pointer) == [left]
    build_osv(tmp_path, NEW)
    assert records(pointer) == ["X-2"]
    assert not [path for path in tmp_path.iterdir() if re.search(r"\.(part|new|wal)$", path.name)]
