"""Locks by which work that only one process may do is kept to one; they go with the process that holds them, however that ends."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from sbommatch.errors import ArchiveError, UsageError

WATCH_LOCK = ".watch.lock"
NOTIFY_LOCK = ".notify.lock"


@contextmanager
def held(archive: Path, name: str, doing: str) -> Iterator[None]:
    """Alone at some work in an archive. Raises ArchiveError that names the other process, and UsageError where nothing can be written."""
    try:
        descriptor = os.open(archive / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError as exc:
        raise UsageError(f"{archive}: cannot be written: {exc.strerror}") from exc
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            holder = os.pread(descriptor, 200, 0).decode("utf-8", "replace").strip() or "another process"
            raise ArchiveError(f"{archive}: {holder} is {doing} already") from exc
        with suppress(OSError):  # who holds the lock is a courtesy to others
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"process {os.getpid()} (since {datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ})\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)
