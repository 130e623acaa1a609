"""What goes wrong around a database: damaged feeds, a full disk, sudden ends, several writers and readers at once."""

import bz2
import gzip
import os
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

from sbommatch.errors import FeedError, SbommatchError
from sbommatch.store.build import BuildOptions, build, update
from sbommatch.store.check import check_database
from sbommatch.store.open import open_database
from sbommatch.store.queries import coverage
from sbommatch.supply.sources import sources_of
from tests.sbommatch.store.made import below, osv, write_zip

PROJECT = Path(__file__).resolve().parents[3]
SEED = int(os.environ.get("SBOMPAIR_SEED", "1"))
RECORDS = 60


def state(fix: str, count: int = RECORDS) -> list[dict[str, Any]]:
    """A feed whose records all have the same fix."""
    return [osv(f"X-{number}", f"p{number}", events=below(fix), aliases=[f"CVE-2024-{number:04}"]) for number in range(count)]


def fixes(pointer: Path) -> list[str]:
    """Those that the standing rows have, and how many."""
    with open_database(pointer) as database:
        return [
            f"{count} {fix}" for fix, count in database.rows("SELECT fix, count(*) FROM affected WHERE last_snapshot IS NULL GROUP BY ALL")
        ]


def faults(pointer: Path) -> list[str]:
    return [fault for checked in check_database(pointer) for fault in checked.faults]


def start(*arguments: str | Path, preamble: str = "") -> "subprocess.Popen[str]":
    """`sbommatch db` in a process of its own, after some Python."""
    program = f"import sys\n{preamble}\nfrom sbommatch.cli import main\nsys.argv = ['sbommatch', 'db', *sys.argv[1:]]\nmain()"
    command = [sys.executable, "-c", program, *map(str, arguments)]
    return subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("opening", ["[", '{"a":', '{"id":"X-9","affected":[', '{"id":"X-9","affected":[{"ecosystem_specific":['])
def test_a_million_levels_of_json_are_one_loss(tmp_path: Path, opening: str) -> None:
    path = write_zip(tmp_path / "all.zip", [osv("X-1", events=below("1.0")), opening.encode() * 1_000_000])
    result = build(sources_of([f"osv-pypi={path}@2026-03-01"]), tmp_path / "pointer.json")
    assert ([loss.where for loss in result.losses], result.status.feeds[0].advisories) == (["all.zip: broken-1.json"], 1)


def damaged(content: bytes, rng: random.Random) -> bytes:
    """Cut short, or with a few bytes changed."""
    if rng.random() < 0.4:
        return content[: rng.randrange(len(content))]
    changed = bytearray(content)
    for _ in range(rng.randrange(1, 8)):
        changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)


@pytest.mark.parametrize("packing", ["zip", "gzip", "bzip2"])
def test_a_damaged_feed_is_an_error_or_a_loss_and_the_old_state_stays_or_the_new_is_whole(tmp_path: Path, packing: str) -> None:
    pointer = tmp_path / "pointer.json"
    update(sources_of([f"osv-pypi={write_zip(tmp_path / 'old.zip', state('1.0'))}@2026-03-01"]), pointer)
    one = msgspec.json.encode(osv("X-1", "p1", events=below("2.0")))
    sound = {
        "zip": write_zip(tmp_path / "new.zip", state("2.0")).read_bytes(),
        "gzip": gzip.compress(one, mtime=0),
        "bzip2": bz2.compress(one),
    }[packing]
    rng = random.Random(SEED)
    for day in range(2, 10):
        path = tmp_path / "damaged"
        path.write_bytes(damaged(sound, rng))
        try:
            result = update(sources_of([f"osv-pypi={path}@2026-03-{day:02}"]), pointer, BuildOptions(accept_shrink=True))
        except FeedError:
            continue
        assert result.status.feeds[0].advisories
    assert faults(pointer) == []


LIMITED = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({0}, {0}))"


@pytest.mark.parametrize("command", ["build", "update"])
@pytest.mark.parametrize("limit_bytes", [0, 4_096, 300_000, 1_500_000])
def test_a_full_disk_is_said_and_leaves_the_old_database(tmp_path: Path, command: str, limit_bytes: int) -> None:
    """A limit on the size of files stands for it: writing fails in the same places."""
    pointer = tmp_path / "pointer.json"
    update(sources_of([f"osv-pypi={write_zip(tmp_path / 'old.zip', state('1.0'))}@2026-03-01"]), pointer)
    new = write_zip(tmp_path / "new.zip", state("2.0"))
    before = sorted(path.name for path in tmp_path.iterdir())
    with start(command, f"osv-pypi={new}@2026-03-02", "--db", pointer, preamble=LIMITED.format(limit_bytes)) as process:
        _, errors = process.communicate(timeout=60)
    assert process.returncode in {2, 4}, errors
    assert "cannot be" in errors
    assert "Traceback" not in errors
    assert sorted(path.name for path in tmp_path.iterdir()) == before
    assert (fixes(pointer), faults(pointer)) == ([f"{RECORDS} 1.0"], [])


def killed_at_random(folder: Path, times: int) -> None:
    """Builds and updates that are killed at random moments; each time the database is the one before or the one after."""
    pointer, rng = folder / "pointer.json", random.Random(SEED)
    feeds = {fix: write_zip(folder / f"{fix}.zip", state(fix)) for fix in ("1.0", "2.0")}
    took_s = time.monotonic()
    with start("build", f"osv-pypi={feeds['1.0']}@2026-01-01", "--db", pointer) as process:
        process.communicate(timeout=60)
    took_s = time.monotonic() - took_s
    for number in range(times):
        stood, fix = fixes(pointer), rng.choice(("1.0", "2.0"))
        command = rng.choice(("build", "update"))
        moment = f"2026-02-01T00:{number // 60:02}:{number % 60:02}Z"
        with start(command, f"osv-pypi={feeds[fix]}@{moment}", "--db", pointer) as process:
            time.sleep(rng.uniform(0.2, 1.1) * took_s)
            process.kill()
            process.communicate(timeout=60)
        assert fixes(pointer) in (stood, [f"{RECORDS} {fix}"])
        assert faults(pointer) == []
    with start("update", f"osv-pypi={feeds['2.0']}@2026-03-01", "--db", pointer) as process:
        _, errors = process.communicate(timeout=60)
    assert (process.returncode, fixes(pointer)) == (0, [f"{RECORDS} 2.0"]), errors
    assert not [path.name for path in folder.iterdir() if ".part" in path.name or path.name.endswith(".new")]


def test_kill_9_at_any_moment_leaves_the_old_or_the_new(tmp_path: Path) -> None:
    killed_at_random(tmp_path, 5)


@pytest.mark.long
def test_kill_9_at_200_moments_leaves_the_old_or_the_new(tmp_path: Path) -> None:
    killed_at_random(tmp_path, 200)


ECOSYSTEMS = {
    "osv-go": ("example.org/m", "Go"),
    "osv-npm": ("left-pad", "npm"),
    "osv-crates.io": ("demo", "crates.io"),
    "osv-hex": ("demo", "Hex"),
}


def test_of_several_writers_each_is_done_or_told_and_nothing_is_lost(tmp_path: Path) -> None:
    pointer = tmp_path / "pointer.json"
    update(sources_of([f"osv-pypi={write_zip(tmp_path / 'pypi.zip', state('1.0'))}@2026-03-01"]), pointer)
    processes = {}
    for feed, (name, ecosystem) in ECOSYSTEMS.items():
        path = write_zip(tmp_path / f"{feed}.zip", [osv("Y-1", name, ecosystem, events=below("1.0.0"))])
        processes[feed] = start("update", f"{feed}={path}@2026-03-01", "--db", pointer)
    done = {"osv-pypi"}
    for feed, process in processes.items():
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0 or (process.returncode, "is writing it; wait for it to end" in errors) == (4, True), errors
        done |= {feed} if process.returncode == 0 else set()
    with open_database(pointer) as database:
        assert {feed.name for feed in coverage(database)} == done
    assert len(done) > 1
    assert faults(pointer) == []


READER = """
import sys
from pathlib import Path
from sbommatch.store.open import open_database

sys.stdin.readline()
while not Path(sys.argv[2]).exists():
    with open_database(Path(sys.argv[1])) as database:
        states = database.rows("SELECT fix, count(*) FROM affected WHERE last_snapshot IS NULL GROUP BY ALL")
        assert states in ([("1.0", 60)], [("2.0", 60)]), states
        print(states[0][0], flush=True)
"""


def test_eight_readers_see_the_old_or_the_new_whole(tmp_path: Path) -> None:
    pointer, end = tmp_path / "pointer.json", tmp_path / "end"
    update(sources_of([f"osv-pypi={write_zip(tmp_path / '0.zip', state('1.0'))}@2026-03-01"]), pointer)
    command = [sys.executable, "-c", READER, str(pointer), str(end)]
    readers = [subprocess.Popen(command, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(8)]
    for reader in readers:
        assert reader.stdin
        reader.stdin.write("go\n")
        reader.stdin.flush()
    for day in range(2, 6):
        path = write_zip(tmp_path / f"{day}.zip", state("1.0" if day % 2 else "2.0"))
        update(sources_of([f"osv-pypi={path}@2026-03-{day:02}"]), pointer)
    time.sleep(0.5)
    end.touch()
    answers = [reader.communicate(timeout=60)[0].split() for reader in readers]
    assert [reader.returncode for reader in readers] == [0] * 8
    assert {answer for seen in answers for answer in seen} == {"1.0", "2.0"}


def test_a_reader_of_a_deleted_database_is_told_what_to_do(tmp_path: Path) -> None:
    result = build(sources_of([f"osv-pypi={write_zip(tmp_path / 'a.zip', state('1.0'))}@2026-03-01"]), tmp_path / "pointer.json")
    result.database.unlink()
    with pytest.raises(SbommatchError, match="there is no feed database"):
        fixes(tmp_path / "pointer.json")
