"""An archive on disk: a folder with a manifest, a lock, and the tables.

Everybody holds the lock shared while at work; what is dead is deleted only under the lock held alone, so that nobody's rows or files
vanish while they are written or read. It goes with the process that holds it, however that ends.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import msgspec
from msgspec import Struct

from sbommatch.archive.tables import TABLES, create
from sbommatch.errors import ArchiveError, UsageError

FORMAT = 1
"""Raised with every change of the tables that an older release cannot read."""

MANIFEST = "sbommatch-archive.json"
MANIFEST_LIMIT_BYTES = 10_000
LOCK = ".lock"


class _Manifest(Struct):
    archive: str
    format: int


class Archive:
    """An archive that is open: somebody is at work in it."""

    def __init__(self, path: Path, lock: int) -> None:
        self.path = path
        self._lock = lock

    @contextmanager
    def alone(self) -> Iterator[bool]:
        """Whether nobody else is at work in the archive; where so, nobody can begin to be while this lasts."""
        is_alone = True
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            is_alone = False
        try:
            yield is_alone
        finally:
            fcntl.flock(self._lock, fcntl.LOCK_SH)


@contextmanager
def open_archive(path: Path, *, make: bool = False) -> Iterator[Archive]:
    """The archive in a folder; with `make` an empty or absent folder becomes one.

    Raises ArchiveError where there is none, or it is of a newer format, UsageError where it cannot be made.
    """
    if find_spec("deltalake") is None:
        raise UsageError("archives need the library deltalake: pip install 'sbompair[archive]'")
    if make:
        _make(path)
    _check(path)
    try:
        lock = os.open(path / LOCK, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as exc:
        raise ArchiveError(f"{path}: its file {LOCK} cannot be opened: {exc.strerror}; an empty one will do") from exc
    try:
        fcntl.flock(lock, fcntl.LOCK_SH)
        yield Archive(path, lock)
    finally:
        os.close(lock)


def _make(path: Path) -> None:
    """The manifest is written last: a folder without one is no archive, and making one can begin again."""
    ours = {MANIFEST, LOCK, *(table.name for table in TABLES)}
    try:
        path.mkdir(parents=True, exist_ok=True)
        if (path / MANIFEST).exists():
            return
        strange = sorted(one.name for one in path.iterdir() if one.name not in ours and not one.name.startswith(f".{MANIFEST}"))
        if strange:
            raise UsageError(f"{path}: is no archive, and not empty: it holds {strange[0]}; name a folder of its own")
        (path / LOCK).touch()
        for table in TABLES:
            create(table, path)
        aside = path / f".{MANIFEST}.{os.getpid()}"
        aside.write_bytes(msgspec.json.encode({"archive": "sbommatch", "format": FORMAT}) + b"\n")
        aside.replace(path / MANIFEST)
    except OSError as exc:
        raise UsageError(f"{path}: cannot be written: {exc.strerror}") from exc


def _check(path: Path) -> None:
    try:
        with (path / MANIFEST).open("rb") as stream:
            manifest = msgspec.json.decode(stream.read(MANIFEST_LIMIT_BYTES), type=_Manifest)
    except (FileNotFoundError, NotADirectoryError) as exc:
        raise ArchiveError(f"{path}: there is no archive; `sbommatch archive add {path} SBOM...` makes one") from exc
    except OSError as exc:
        raise ArchiveError(f"{path}: cannot be read: {exc.strerror}") from exc
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        raise ArchiveError(f"{path}: is no archive, or damaged: its {MANIFEST} cannot be read: {exc}") from exc
    if manifest.format > FORMAT:
        raise ArchiveError(f"{path}: written in format {manifest.format} by a newer sbommatch; this release reads format {FORMAT}")
