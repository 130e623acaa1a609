"""Files for others to take away: each is there whole or not at all, and none is ever written over."""

import errno
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from sbommatch.errors import UsageError

NO_LINKS = frozenset((errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK))
"""How file systems without hard links (FAT, on the stick that crosses the air gap) say so."""


def put(folder: Path, files: Mapping[str, bytes]) -> None:
    """Puts files into a folder, on the disk when this returns; those of these names that are there stay.

    All are written before the first is on the disk, and moved after the last is: a disk takes many at once for the price of a few. Raises
    UsageError where the folder is absent or cannot be written.
    """
    asides = {folder / f".{name}.part": folder / name for name in files if not os.path.lexists(folder / name)}
    try:
        for aside, target in asides.items():
            aside.unlink(missing_ok=True)  # of a process that was killed
            with aside.open("xb") as stream:  # never through a link that somebody put there
                stream.write(files[target.name])
        for aside in asides:
            _flush(aside)
        for aside, target in asides.items():
            _move(aside, target)
        _flush(folder)
    except OSError as exc:
        why = "there is no such folder" if isinstance(exc, FileNotFoundError) else exc.strerror
        raise UsageError(f"{folder}: cannot be written: {why}") from exc
    finally:
        for aside in asides:
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


def _flush(path: Path) -> None:
    """A file to the disk itself; of a folder the names in it."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
