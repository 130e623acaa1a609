"""Blobs are fetched side by side, read while they come, and again later."""

import errno
import threading
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from sbomgen.errors import NetworkError, UnreadableError
from sbomgen.image.registry.downloads import MAX_FETCHES, Download, Downloads


def test_a_blob_is_read_while_it_comes() -> None:
    go_on = threading.Event()

    def fetch(_digest: str, _size: int) -> Iterator[bytes]:
        yield b"first"
        assert go_on.wait(10)
        yield b" second"

    with closing(Downloads(fetch)) as downloads, downloads.open("sha256:x", 12) as stream:
        assert stream.read(100) == b"first"
        go_on.set()
        assert stream.read(3) == b" se"
        assert stream.read() == b"cond"
        with downloads.open("sha256:x", 12) as again:
            assert again.read() == b"first second"


def test_fetches_run_side_by_side_and_no_more_than_are_allowed() -> None:
    together = threading.Barrier(MAX_FETCHES, timeout=10)
    running, most = set[str](), 0
    lock = threading.Lock()

    def fetch(digest: str, _size: int) -> Iterator[bytes]:
        nonlocal most
        with lock:
            running.add(digest)
            most = max(most, len(running))
        together.wait()
        yield digest.encode()
        with lock:
            running.discard(digest)

    names = [f"sha256:{number}" for number in range(2 * MAX_FETCHES)]
    with closing(Downloads(fetch)) as downloads:
        for name in names:
            downloads.begin(name, 8)
        bodies = []
        for name in names:
            with downloads.open(name, 8) as stream:
                bodies.append(stream.read())
    assert bodies == [name.encode() for name in names]
    assert most <= MAX_FETCHES


@pytest.mark.parametrize("error", [NetworkError("gone"), ZeroDivisionError("ours")])
def test_what_a_fetch_raises_is_raised_after_the_bytes_before_it(error: Exception) -> None:
    def fetch(_digest: str, _size: int) -> Iterator[bytes]:
        yield b"some"
        raise error

    with closing(Downloads(fetch)) as downloads, downloads.open("sha256:x", 8) as stream:
        assert stream.read(4) == b"some"
        with pytest.raises(type(error), match=str(error)):
            stream.read(4)


def test_a_full_disk_is_an_error_that_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Download, "_append", full)
    no_room = pytest.raises(UnreadableError, match=r"no room for a layer .*\(No space left on device\): make room, or set TMPDIR")
    with closing(Downloads(lambda *_: iter([b"x"]))) as downloads, downloads.open("sha256:x", 1) as stream, no_room:
        stream.read()


def test_the_end_leaves_no_thread_that_could_end() -> None:
    with closing(Downloads(lambda *_: iter([b"x"]))) as downloads:
        for number in range(MAX_FETCHES):
            downloads.begin(f"sha256:{number}", 1)
    assert not [thread for thread in threading.enumerate() if thread.name == "sbomgen-fetch"]
