"""A folder of files that many processes use at once: what is read is what was written, or nothing."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sbomgen.cache import store as store_module
from sbomgen.cache.store import Store, Usage

FIRST, SECOND = b"first" * 100, b"second" * 100


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "cache")


def only_file(store: Store) -> Path:
    (path,) = store.folder.iterdir()
    return path


def test_a_content_comes_back_under_its_kind_and_key(store: Store) -> None:
    assert store.get("layer", "a") is None
    store.put("layer", "a", FIRST)
    store.put("layer", "b", SECOND)
    store.put("layer", "b", b"")
    assert (store.get("layer", "a"), store.get("layer", "b"), store.get("verified", "a")) == (FIRST, b"", None)
    assert store.failure is None


def test_a_torn_file_is_taken_for_absent_and_replaced(store: Store) -> None:
    store.put("layer", "a", FIRST)
    path = only_file(store)
    whole = path.read_bytes()
    for size in range(0, len(whole), 7):
        path.write_bytes(whole[:size])
        assert store.get("layer", "a") is None
    store.put("layer", "a", FIRST)
    assert store.get("layer", "a") == FIRST


def test_a_changed_byte_is_noticed_wherever_it_stands(store: Store) -> None:
    store.put("layer", "a", FIRST)
    path = only_file(store)
    whole = path.read_bytes()
    for position in range(len(whole)):
        path.write_bytes(whole[:position] + bytes((whole[position] ^ 1,)) + whole[position + 1 :])
        assert store.get("layer", "a") is None


def test_a_file_under_another_name_is_refused(store: Store) -> None:
    store.put("layer", "a", FIRST)
    path = only_file(store)
    store.put("layer", "b", SECOND)
    path.replace(next(other for other in store.folder.iterdir() if other != path))
    assert store.get("layer", "b") is None


@pytest.mark.parametrize("kind", ["link", "folder", "pipe", "sparse giant"])
def test_what_is_no_file_of_ours_is_not_read(store: Store, kind: str) -> None:
    store.put("layer", "a", FIRST)
    path = only_file(store)
    target = path.rename(store.folder / "elsewhere")
    if kind == "link":
        path.symlink_to(target)
    elif kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        with path.open("wb") as file:
            file.truncate(store_module.MAX_FILE_BYTES + 1)
    assert store.get("layer", "a") is None


def test_a_content_beyond_the_limit_is_not_kept(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "MAX_FILE_BYTES", 100)
    store.put("layer", "a", FIRST)
    assert store.usage() == Usage({}, 0)


def test_what_was_used_longest_ago_goes_first(tmp_path: Path) -> None:
    store = Store(tmp_path, max_bytes=10 * 4096)
    for number in range(10):
        store.put("layer", str(number), bytes(4000))
        os.utime(max(tmp_path.iterdir(), key=lambda path: path.stat().st_mtime_ns), (number, number))
    assert store.get("layer", "0") is not None, "it counts as used now"
    store.put("layer", "10", bytes(4000))
    store.clean_up()
    assert [number for number in range(11) if store.get("layer", str(number)) is None] == [1, 2]
    assert store.usage().size_bytes <= 9 * 4096


def test_one_process_does_not_write_without_end_before_it_looks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "CLEAN_UP_BYTES", 10_000)
    store = Store(tmp_path, max_bytes=20_000)
    for number in range(100):
        store.put("layer", str(number), bytes(4000))
        assert store.usage().size_bytes <= 20_000 + 3 * 4096


def test_what_killed_processes_left_is_removed_when_it_is_old(store: Store) -> None:
    store.put("layer", "a", FIRST)
    name = only_file(store).name
    old, fresh = (store.folder / f".{name}.{digit * 16}.part" for digit in "01")
    old.write_bytes(b"half")
    fresh.write_bytes(b"half")
    long_ago = time.time() - store_module.ABANDONED_S - 60
    os.utime(old, (long_ago, long_ago))
    assert store.usage().files == {"layer": 1}
    assert (old.exists(), fresh.exists()) == (False, True)


def test_clearing_leaves_what_is_not_ours(store: Store) -> None:
    store.put("layer", "a", FIRST)
    store.put("verified", "a", FIRST)
    (store.folder / "notes.txt").write_text("mine")
    assert store.clear().files == {"layer": 1, "verified": 1}
    assert [path.name for path in store.folder.iterdir()] == ["notes.txt"]
    assert store.usage() == Usage({}, 0)


def test_the_folder_is_the_users_alone(store: Store) -> None:
    store.put("layer", "a", FIRST)
    assert store.folder.stat().st_mode & 0o777 == 0o700
    assert only_file(store).stat().st_mode & 0o777 == 0o600


def test_a_folder_that_cannot_be_used_is_said_and_nothing_more(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    store = Store(tmp_path / "file" / "cache")
    store.put("layer", "a", FIRST)
    assert store.get("layer", "a") is None
    assert store.failure == "Not a directory"
    assert (store.usage(), store.clear()) == (Usage({}, 0), Usage({}, 0))


BUSY = """
import sys
from pathlib import Path
from sbomgen.cache.store import Store
store, mine, rounds = Store(Path(sys.argv[1])), sys.argv[2], int(sys.argv[3])
for number in range(rounds):
    key = str(number % 5)
    content = store.get("layer", key)
    assert content is None or (len(content) == 200_001 and content == content[:1] * 200_001), (key, content[:50])
    store.put("layer", key, mine.encode() * 200_001)
    if number % 50 == 49:
        store.clear()
assert store.failure is None, store.failure
"""


def busy(folder: Path, mine: str, rounds: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", BUSY, str(folder), mine, str(rounds)], stderr=subprocess.PIPE)


def test_eight_processes_at_once_read_whole_contents(tmp_path: Path) -> None:
    processes = [busy(tmp_path, mine, 100) for mine in "abcdefgh"]
    for process in processes:
        _, stderr = process.communicate()
        assert (process.returncode, stderr) == (0, b"")


def kill_at_random(folder: Path, kills: int, seed: int) -> None:
    """Kill a process that writes, again and again, and look at what it leaves."""
    generator = random.Random(seed)
    for _ in range(kills):
        with busy(folder, "x", 1_000_000) as process:
            time.sleep(0.05 + generator.random() * 0.1)
            process.send_signal(signal.SIGKILL)
        store = Store(folder)
        for key in "01234":
            assert store.get("layer", key) in {None, b"x" * 200_001}
            store.put("layer", key, b"x" * 200_001)
            assert store.get("layer", key) == b"x" * 200_001


def test_a_process_killed_at_any_moment_leaves_whole_contents(tmp_path: Path) -> None:
    kill_at_random(tmp_path, 6, seed=1)


@pytest.mark.long
def test_two_hundred_processes_killed_at_any_moment_leave_whole_contents(tmp_path: Path) -> None:
    kill_at_random(tmp_path, 200, seed=2)
