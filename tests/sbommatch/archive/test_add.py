"""Adding: whole, once, in any number of processes at a time."""

import gzip
import io
import os
import signal
import subprocess
import sys
import tarfile
import time
import zipfile
from pathlib import Path

import pytest
import zstandard

from sbommatch.archive import segment
from sbommatch.archive.add import Meta, add
from sbommatch.archive.archive import open_archive
from sbommatch.archive.inputs import sources
from sbommatch.archive.model import Extract, Refusal
from sbommatch.archive.workers import FEW_SOURCES, extracts
from tests.benchmarks.measure import once, python
from tests.sbommatch.archive.made import CONTENT, ask, silent, store
from tests.sbommatch.cli.sboms import ALPINE_OPENSSL, FLASK_UNKNOWN, JINJA_HIGH, sbom

COUNTS = (
    "SELECT (SELECT count(*) FROM documents), (SELECT count(*) FROM occurrences), (SELECT count(DISTINCT coordinate_id) FROM coordinates)"
)


def made(folder: Path, count: int, *purls: str) -> Path:
    folder.mkdir()
    for number in range(count):
        sbom(folder / f"{number}.json", *(purls or (JINJA_HIGH, f"pkg:pypi/only{number}@1.0")))
    return folder


def test_what_documents_share_is_stored_once(tmp_path: Path) -> None:
    added = store(tmp_path / "A", made(tmp_path / "sboms", 3))
    assert (added.added, added.known, added.refused) == (3, 0, 0)
    assert ask(tmp_path / "A", COUNTS) == [(3, 6, 4)]


def test_the_same_bytes_are_stored_once(tmp_path: Path) -> None:
    first = sbom(tmp_path / "a.json", JINJA_HIGH)
    (tmp_path / "b.json").write_bytes(first.read_bytes())
    (tmp_path / "c.json.gz").write_bytes(gzip.compress(first.read_bytes()))
    assert store(tmp_path / "A", first, tmp_path / "b.json").added == 1
    again = store(tmp_path / "A", tmp_path / "c.json.gz", labels={"team": "web"})
    assert (again.added, again.known) == (0, 1)
    assert ask(tmp_path / "A", "SELECT path, labels::VARCHAR FROM documents") == [(str(first), "{}")]


def test_a_bad_document_does_not_stop_the_others(tmp_path: Path) -> None:
    folder = made(tmp_path / "sboms", 2)
    (folder / "1a.json").write_text("{")
    (folder / "note.json").write_text('{"no": "SBOM"}')
    refused: list[Refusal] = []

    def report(answer: Extract | Refusal) -> None:
        refused.extend([answer] if isinstance(answer, Refusal) else [])

    added = store(tmp_path / "A", folder, tmp_path / "missing.json", report=report)
    assert (added.added, added.refused, added.notes) == (2, 2, 1)
    assert [one.is_note for one in refused] == [False, True, False]
    assert "there is no such file" in refused[2].message


def test_members_of_zips_and_tars_are_documents(tmp_path: Path) -> None:
    bodies = {name: sbom(tmp_path / name, f"pkg:pypi/{name}@1").read_bytes() for name in ("a.json", "b.json", "c.json", "d.json")}
    with zipfile.ZipFile(tmp_path / "some.zip", "w") as archive:
        archive.writestr("x/a.json", bodies["a.json"])
        archive.writestr("x/broken.json", "{")
        archive.writestr("x/read.me", "no SBOM")
    for name, packed in (("b.json", lambda data: data), ("c.json", gzip.compress), ("d.json", zstandard.compress)):
        stream = io.BytesIO()
        with tarfile.open(fileobj=stream, mode="w") as archive_:
            member = tarfile.TarInfo(f"./{name}.gz")
            body = gzip.compress(bodies[name])
            member.size = len(body)
            archive_.addfile(member, io.BytesIO(body))
        (tmp_path / f"{name}.tar").write_bytes(packed(stream.getvalue()))
    added = store(tmp_path / "A", tmp_path / "some.zip", *(tmp_path / f"{name}.json.tar" for name in "bcd"))
    assert (added.added, added.refused) == (4, 1)
    paths = [path for (path,) in ask(tmp_path / "A", "SELECT path FROM documents ORDER BY path")]
    assert paths == sorted([f"{tmp_path}/some.zip/x/a.json", *(f"{tmp_path}/{name}.json.tar/{name}.json.gz" for name in "bcd")])


def test_a_broken_zip_is_refused_alone(tmp_path: Path) -> None:
    (tmp_path / "bad.zip").write_bytes(b"PK\x03\x04 and no more")
    assert store(tmp_path / "A", tmp_path / "bad.zip", sbom(tmp_path / "a.json", JINJA_HIGH)).refused == 1
    assert ask(tmp_path / "A", COUNTS) == [(1, 1, 1)]


def test_several_processes_store_what_one_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    folder = made(tmp_path / "sboms", 3 * FEW_SOURCES)
    (folder / "7a.json").write_text("{")
    with zipfile.ZipFile(tmp_path / "more.zip", "w") as archive:
        for number in range(30):
            archive.writestr(
                f"{number}.json", sbom(tmp_path / "one.json", *(f"pkg:npm/p{number}-{place}@1.0" for place in range(300))).read_bytes()
            )
    given = [str(folder), str(tmp_path / "more.zip"), str(tmp_path / "missing.json")]
    for processes in (1, 2):
        with open_archive(tmp_path / str(processes), make=True) as opened:
            added = add(opened, extracts(sources(given), processes=processes), Meta(), silent)
        assert (added.added, added.refused) == (3 * FEW_SOURCES + 30, 2)
    assert ask(tmp_path / "1", CONTENT) == ask(tmp_path / "2", CONTENT)


def test_additions_are_written_as_they_are_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segment, "DOCUMENTS_AT_ONCE", 2)
    store(tmp_path / "A", made(tmp_path / "sboms", 5))
    assert ask(tmp_path / "A", COUNTS) == [(5, 10, 6)]
    assert ask(tmp_path / "A", "SELECT count(DISTINCT segment) FROM documents") == [(1,)]


def test_flags_and_owners_stand_in_the_occurrence(tmp_path: Path) -> None:
    os_package = {
        "type": "library",
        "bom-ref": "os",
        "name": "python3-requests",
        "purl": "pkg:deb/debian/python3-requests@2.28.1-1?distro=debian-12",
    }
    twin: dict[str, object] = {
        "type": "library",
        "bom-ref": "twin",
        "name": "requests",
        "version": "2.28.1",
        "purl": "pkg:pypi/requests@2.28.1",
    }
    twin |= {"properties": [{"name": "sbomgen:owned_by", "value": "os"}, {"name": "sbomgen:visible", "value": "false"}]}
    file = {"type": "file", "bom-ref": "file", "name": "/etc/passwd"}
    askable = {"type": "file", "bom-ref": "askable", "name": "x", "purl": "pkg:pypi/x@1"}
    document = sbom(tmp_path / "a.json", components=[file, twin, os_package, askable])
    store(tmp_path / "A", document)
    rows = ask(tmp_path / "A", "SELECT position, hidden, counted, owner FROM occurrences ORDER BY position")
    assert rows == [(1, True, True, 2), (2, False, True, None), (3, False, False, None)]


def test_names_that_are_no_utf_8_are_stored(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.json"))
    sbom(path, JINJA_HIGH)
    store(tmp_path / "A", path)
    assert ask(tmp_path / "A", "SELECT path FROM documents") == [(f"{tmp_path}/caf\\xe9.json",)]


ADD = "import sys; from pathlib import Path; from tests.sbommatch.archive.made import store; print(store(*map(Path, sys.argv[1:])).added)"


def test_writers_at_the_same_time_store_everything_once(tmp_path: Path) -> None:
    folders = [made(tmp_path / name, 6, ALPINE_OPENSSL, f"pkg:pypi/{name}@1") for name in ("x", "y", "z")]
    for folder in folders:
        for number in range(6):
            sbom(folder / f"{number}.json", FLASK_UNKNOWN, f"pkg:pypi/shared{number}@1")  # the same bytes in each folder
            sbom(folder / f"own{number}.json", f"pkg:pypi/{folder.name}{number}@1")
    with open_archive(tmp_path / "A", make=True):
        pass
    running = [
        subprocess.Popen([sys.executable, "-c", ADD, tmp_path / "A", folder], stdout=subprocess.PIPE, text=True) for folder in folders
    ]
    added = [int(process.communicate(timeout=120)[0]) for process in running]
    assert sum(added) == 6 + 18
    assert ask(tmp_path / "A", "SELECT count(*), count(DISTINCT sha256) FROM documents") == [(24, 24)]


KILLED = """
import os, sys
from pathlib import Path
from sbommatch.archive import commits, segment, tables
from tests.sbommatch.archive.made import store
segment.DOCUMENTS_AT_ONCE = 2
calls = 0
append = segment.append
def dying(table, *rest):
    global calls
    calls += 1
    if calls == int(sys.argv[3]):
        os.kill(os.getpid(), 9)
    append(table, *rest)
segment.append = dying
add = commits.Commits.add
def dying_at_commit(self, rows):
    if sys.argv[3] == "commit":
        os.kill(os.getpid(), 9)
    return add(self, rows)
if sys.argv[3] == "commit":
    commits.Commits.add = dying_at_commit
    segment.append = append
store(Path(sys.argv[1]), Path(sys.argv[2]))
"""


@pytest.mark.parametrize(("moment", "stored"), [("1", 0), ("3", 0), ("commit", 0), ("5", 2)])
def test_a_killed_run_leaves_whole_additions(tmp_path: Path, moment: str, stored: int) -> None:
    folder = made(tmp_path / "sboms", 4)
    killed = subprocess.run([sys.executable, "-c", KILLED, tmp_path / "A", folder, moment], capture_output=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert ask(tmp_path / "A", COUNTS) == [(stored, 2 * stored, stored + bool(stored))]
    assert store(tmp_path / "A", folder).added == 4 - stored
    assert ask(tmp_path / "A", COUNTS) == [(4, 8, 5)]


def test_reading_processes_end_with_the_one_that_started_them(tmp_path: Path) -> None:
    folder = made(tmp_path / "sboms", 2 * FEW_SOURCES)
    script = (
        "import os, sys, time; from sbommatch.archive.inputs import sources; from sbommatch.archive.workers import extracts\n"
        "if __name__ == '__main__':\n"
        "    found = extracts(sources([sys.argv[1]]), processes=2); next(found)\n"
        "    import multiprocessing; print(*(one.pid for one in multiprocessing.active_children()), flush=True); os.kill(os.getpid(), 9)"
    )
    (tmp_path / "script.py").write_text(script)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    ran = subprocess.run([sys.executable, tmp_path / "script.py", folder], capture_output=True, text=True, env=environment, check=False)
    children = [int(pid) for pid in ran.stdout.split()]
    assert len(children) == 2, ran.stderr
    deadline = time.monotonic() + 20
    while any(map(_is_running, children)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(map(_is_running, children))


def _is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


BIG_PEAK_MIB = 2_500
"""Of adding a million components in one document of 66 MB; 1,720 were measured."""


@pytest.mark.long
def test_a_document_of_a_million_components_is_stored(tmp_path: Path) -> None:
    with (tmp_path / "big.json").open("w") as stream:
        stream.write('{"bomFormat":"CycloneDX","specVersion":"1.6","components":[')
        stream.write(",".join(f'{{"type":"library","name":"p{n}","purl":"pkg:npm/p{n % 300_000}@1.{n % 7}.0"}}' for n in range(1_000_000)))
        stream.write("]}")
    used = once(python("-m", "sbommatch", "archive", "add", str(tmp_path / "A"), str(tmp_path / "big.json")))
    assert used.peak_mib < BIG_PEAK_MIB
    assert ask(tmp_path / "A", "SELECT components FROM documents") == [(1_000_000,)]
    assert ask(tmp_path / "A", "SELECT count(*) FROM occurrences JOIN coordinates USING (segment, coordinate)") == [(1_000_000,)]
