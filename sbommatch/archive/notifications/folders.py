"""Files for others to take away: each is there whole or not at all, and none is ever written over."""

import errno
import os
from contextlib import suppress
from pathlib import Path

from sbommatch.errors import UsageError

NO_LINKS = frozenset((errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK))
"""How file systems without hard links (FAT, on the stick that crosses the air gap) say so."""


def put(folder: Path, name: str, content: bytes) -> None:
    """Puts a file into a folder, on the disk when this returns; one of that name that is there stays.

    Raises UsageError where the folder is absent or cannot be written.
    """
    target, aside = folder / name, folder / f".{name}.part"
    try:
        if os.path.lexists(target):
            return
        aside.unlink(missing_ok=True)  # of a process that was killed
        with aside.open("xb") as stream:  # never through a link that somebody put there
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        _move(aside, target)
        _flush(folder)
    except OSError as exc:
        why = "there is no such folder" if isinstance(exc, FileNotFoundError) else exc.strerror
        raise UsageError(f"{folder}: cannot be written: {why}") from exc
    finally:
        with suppress(OSError):
            aside.unlink(missing_ok=True)


def _move(aside: Path, target: Path) -> None:
    """By a link, which fails where a rename would write over what is there."""
    try:
        os.link(aside, target)
    except FileExistsError:
        pass
    except OSError as exc:
        if exc.errno not in NO_LINKS:
            raise
        if not os.path.lexists(target):
            aside.rename(target)


def _flush(folder: Path) -> None:
    """The names in it, to the disk itself."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
