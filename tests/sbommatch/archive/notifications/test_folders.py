"""Spool folders: whole files, and none written over."""

import errno
import os
from pathlib import Path

import pytest

from sbommatch.archive.notifications.folders import put
from sbommatch.errors import UsageError


def test_a_file_that_is_there_stays_as_it_is(tmp_path: Path) -> None:
    put(tmp_path, {"a": b"first"})
    put(tmp_path, {"a": b"second"})
    assert (tmp_path / "a").read_bytes() == b"first"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_what_a_killed_process_left_is_in_nobodys_way(tmp_path: Path) -> None:
    (tmp_path / ".a.part").write_bytes(b"hal")
    put(tmp_path, {"a": b"whole"})
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a": b"whole"}


def test_nothing_is_written_through_a_link_that_somebody_put_there(tmp_path: Path) -> None:
    spool, victim = tmp_path / "spool", tmp_path / "victim"
    spool.mkdir()
    victim.write_bytes(b"theirs")
    (spool / ".a.part").symlink_to(victim)
    (spool / "b").symlink_to(victim)
    put(spool, {"a": b"ours"})
    put(spool, {"b": b"ours"})
    assert victim.read_bytes() == b"theirs"
    assert (spool / "a").read_bytes() == b"ours"


def test_a_file_system_without_links_serves_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_link(*_: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_link)
    put(tmp_path, {"a": b"first"})
    put(tmp_path, {"a": b"second"})
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a": b"first"}


def test_one_that_appears_meanwhile_is_not_written_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fsync = os.fsync

    def meanwhile(descriptor: int) -> None:
        (tmp_path / "a").write_bytes(b"theirs")
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", meanwhile)
    put(tmp_path, {"a": b"ours"})
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a": b"theirs"}


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EROFS])
def test_a_full_disk_is_said_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UsageError, match=f"cannot be written: {os.strerror(code)}"):
        put(tmp_path, {"a": b"ours"})
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    """It may be the place of a stick that is not plugged in."""
    with pytest.raises(UsageError, match="there is no such folder"):
        put(tmp_path / "stick", {"a": b"ours"})
    assert not (tmp_path / "stick").exists()
