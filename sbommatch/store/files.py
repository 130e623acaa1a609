"""Database files: written aside by one writer at a time, put in place by a pointer, never changed after.

    sbommatch.json             the pointer, one line: {"database": "db-<digest>.duckdb"}
    db-<digest>.duckdb         the database; old ones stay for those who read them, until they are deleted
    db-<digest>.duckdb.sha256  its checksum, as `sha256sum --check` reads it
    .sbommatch.json.lock       held by the writer
    .sbommatch.json.PID.part   a database that is being written; what spills out of memory stands beside it

Each step leaves either the old state or the new one, whenever the process ends; what a killed writer left is removed by the next one.
"""

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from hashlib import file_digest
from pathlib import Path
from shutil import rmtree

import msgspec
from msgspec import Struct

from sbommatch.errors import DatabaseError, UsageError

POINTER_LIMIT_BYTES = 4096
"""A pointer is one line; what is larger is none."""

DATABASE_NAME = re.compile(r"db-([0-9a-f]{64})\.duckdb")

DATABASE_MAGIC = b"DUCK"
MAGIC_AT = 8
"""Where DuckDB's files have their magic bytes."""


class _Pointer(Struct):
    database: str


def is_database(path: Path) -> bool:
    """Whether a file is a DuckDB database, by its first bytes. Raises OSError."""
    with path.open("rb") as stream:
        return stream.read(MAGIC_AT + len(DATABASE_MAGIC))[MAGIC_AT:] == DATABASE_MAGIC


def read_pointer(path: Path) -> Path:
    """The database that a pointer names, in the pointer's own folder.

    Raises DatabaseError where it is no pointer, OSError where it cannot be read.
    """
    with path.open("rb") as stream:
        line = stream.read(POINTER_LIMIT_BYTES)
    try:
        name = msgspec.json.decode(line, type=_Pointer).database
    except (ValueError, RecursionError) as exc:
        raise DatabaseError(
            f"{path}: neither a feed database nor a pointer to one; name another with --db, or make one with `sbommatch db build`"
        ) from exc
    if not name or Path(name).name != name:
        raise DatabaseError(f"{path}: it points to {name!r}, which is no file in its folder; `sbommatch db build` makes a new one")
    return path.parent / name


@contextmanager
def writing(pointer: Path) -> Iterator[Path]:
    """Where to write the database that `publish` will put in place; gone when the block ends.

    There is one writer at a time: DatabaseError names the other one. Raises UsageError where `pointer` is a file of another kind, or
    its folder cannot be written.
    """
    _check_is_free(pointer)
    try:
        pointer.parent.mkdir(parents=True, exist_ok=True)
        lock = os.open(pointer.with_name(f".{pointer.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError as exc:
        raise UsageError(f"{pointer}: cannot be written: {exc.strerror}") from exc
    try:
        _lock(lock, pointer)
        _remove_leftovers(pointer)
        try:
            yield pointer.with_name(f".{pointer.name}.{os.getpid()}.part")
        finally:
            _remove_leftovers(pointer)
    finally:
        os.close(lock)


def _check_is_free(pointer: Path) -> None:
    """Raises UsageError where the file is not ours to replace."""
    if not pointer.exists():
        return
    try:
        taken = is_database(pointer)
        if not taken:
            read_pointer(pointer)
    except DatabaseError as exc:
        raise UsageError(f"{pointer}: it is no pointer to a feed database and is not overwritten; name another file with --db") from exc
    except OSError as exc:
        raise UsageError(f"{pointer}: cannot be read: {exc.strerror}") from exc
    if taken:
        raise UsageError(f"{pointer}: it is a database and is not overwritten; name the pointer beside it with --db")


def _lock(descriptor: int, pointer: Path) -> None:
    """Raises DatabaseError naming the process that holds it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as exc:
        holder = os.pread(descriptor, 200, 0).decode("utf-8", "replace").strip() or "another process"
        raise DatabaseError(f"{pointer}: {holder} is writing it; wait for it to end") from exc
    with suppress(OSError):  # a full disk is told of where it matters: who holds the lock is a courtesy to others
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"process {os.getpid()} (since {datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ})\n".encode(), 0)


def _remove_leftovers(pointer: Path) -> None:
    """What a build writes aside: this one's, and that of writers who were killed, since the lock says that no other is at work."""
    ours = re.compile(rf"\.{re.escape(pointer.name)}\.\d+\.(part(\..*)?|new)")
    for path in pointer.parent.iterdir():
        if ours.fullmatch(path.name):
            if path.is_dir():
                rmtree(path)
            else:
                path.unlink(missing_ok=True)


def publish(aside: Path, pointer: Path, digest: str) -> Path:
    """Makes a closed database the one that the pointer names, and gives its path. Raises UsageError where the folder cannot be written."""
    database = pointer.with_name(f"db-{digest}.duckdb")
    replacement = pointer.with_name(f".{pointer.name}.{os.getpid()}.new")
    try:
        _flush(aside)
        replacement.write_text(f"{checksum(aside)}  {database.name}\n")
        _flush(replacement)
        checksum_file(database).unlink(missing_ok=True)  # rather none than another's, if this is the end
        aside.replace(database)  # of an equal database that stood there its readers keep what they opened
        replacement.replace(checksum_file(database))
        _flush(pointer.parent)
        replacement.write_bytes(msgspec.json.encode(_Pointer(database.name)) + b"\n")
        _flush(replacement)
        replacement.replace(pointer)
        _flush(pointer.parent)
    except OSError as exc:
        raise UsageError(f"{pointer}: cannot be written: {exc.strerror}") from exc
    finally:
        replacement.unlink(missing_ok=True)
    return database


def checksum(path: Path) -> str:
    """Hexadecimal SHA-256 of a file. Raises OSError."""
    with path.open("rb") as stream:
        return file_digest(stream, "sha256").hexdigest()


def checksum_file(database: Path) -> Path:
    """Where a database's checksum is kept."""
    return database.with_name(f"{database.name}.sha256")


def databases_beside(pointer: Path) -> tuple[Path, ...]:
    """All database files in the pointer's folder, sorted by name. Raises DatabaseError where it cannot be read."""
    try:
        return tuple(sorted(path for path in pointer.parent.iterdir() if DATABASE_NAME.fullmatch(path.name)))
    except OSError as exc:
        raise DatabaseError(f"{pointer.parent}: cannot be read: {exc.strerror}") from exc


def pointed_to(pointer: Path) -> Path | None:
    """The database that the pointer names, there or not; None where there is no pointer. Raises DatabaseError where it is no pointer."""
    try:
        return read_pointer(pointer)
    except FileNotFoundError:
        return None
    except OSError as exc:
        raise DatabaseError(f"{pointer}: cannot be read: {exc.strerror}") from exc


def _flush(path: Path) -> None:
    """To the disk itself; of a folder the names in it."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
