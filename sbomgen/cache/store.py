"""A bounded folder of small files that many processes read and write at once, and any of them may be killed at any moment.

A file is written aside and renamed, and begins with a checksum over its name and content: what is torn, damaged, or put under another name
is taken for absent, and replaced. Nothing is ever locked. Where there is too much, what was used longest ago goes.
"""

import hashlib
import os
import re
import stat
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

MAX_BYTES = 1 << 30
"""Of all files on the disk: some 5,000 layers of a distribution's packages."""

MAX_FILE_BYTES = 256 << 20
"""Of one file: a hundred times the longest record seen."""

KEPT_SHARE = 0.9
"""Of `MAX_BYTES`, after a clean-up: so that the next file does not need another."""

CLEAN_UP_BYTES = 64 << 20
"""Written by one process before it looks whether there is too much; it looks once more at its end."""

ABANDONED_S = 3600
"""After that time a file that was not finished belongs to a process that was killed."""

_MAGIC = b"sbomgen\1"
_HEADER_BYTES = len(_MAGIC) + hashlib.sha256().digest_size
_NAME = re.compile(r"[0-9a-f]{64}\.[a-z]+")
_ASIDE = re.compile(rf"\.{_NAME.pattern}\.[0-9a-f]{{16}}\.part")


class Usage(Struct, frozen=True):
    """What a store holds, by the kind of file."""

    files: dict[str, int]
    """By kind."""
    size_bytes: int
    """On the disk."""


class _Kept(Struct, frozen=True, order=True):
    used_ns: int
    name: str
    size_bytes: int


class Store:
    """Contents by kind and key. A folder that cannot be used loses nothing but time: `failure` says why."""

    def __init__(self, folder: Path, max_bytes: int = MAX_BYTES) -> None:
        self.folder = folder
        self.failure: str | None = None
        """Why the last content could not be kept."""
        self._max_bytes = max_bytes
        self._written_bytes = 0

    def get(self, kind: str, key: str) -> bytes | None:
        """What was kept under a key; it counts as used now."""
        name = _name(kind, key)
        path = self.folder / name
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
            with open(descriptor, "rb") as file:  # noqa: PTH123  # of a descriptor
                status = os.fstat(descriptor)
                if not stat.S_ISREG(status.st_mode) or status.st_size > MAX_FILE_BYTES:
                    return None
                content = file.read()
            with suppress(OSError):  # in a folder that is not ours to write to
                os.utime(path)
        except FileNotFoundError:
            return None
        except OSError as exc:
            self.failure = _reason(exc)
            return None
        kept = content[_HEADER_BYTES:]
        return kept if content[:_HEADER_BYTES] == _header(name, kept) else None

    def put(self, kind: str, key: str, content: bytes) -> None:
        """Keep a content under a key, in place of what is there."""
        if len(content) > MAX_FILE_BYTES - _HEADER_BYTES:
            return
        name = _name(kind, key)
        aside = self.folder / f".{name}.{os.urandom(8).hex()}.part"
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            try:
                with open(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as file:  # noqa: PTH123
                    file.write(_header(name, content))
                    file.write(content)
                aside.replace(self.folder / name)
            finally:
                aside.unlink(missing_ok=True)
        except OSError as exc:
            self.failure = _reason(exc)
            return
        self._written_bytes += len(content)
        if self._written_bytes > CLEAN_UP_BYTES:
            self.clean_up()

    def clean_up(self) -> None:
        """Remove what was used longest ago as far as there is too much, if anything was written; and what killed processes left."""
        if not self._written_bytes:
            return
        self._written_bytes = 0
        kept = sorted(self._files())
        total = sum(file.size_bytes for file in kept)
        if total <= self._max_bytes:
            return
        for file in kept:
            if total <= self._max_bytes * KEPT_SHARE:
                break
            self._remove(file.name)
            total -= file.size_bytes

    def usage(self) -> Usage:
        """What there is."""
        files: dict[str, int] = {}
        size_bytes = 0
        for file in self._files():
            kind = file.name.partition(".")[2]
            files[kind] = files.get(kind, 0) + 1
            size_bytes += file.size_bytes
        return Usage(dict(sorted(files.items())), size_bytes)

    def clear(self) -> Usage:
        """Remove everything that is this store's, and nothing else that lies in its folder; what there was."""
        usage = self.usage()
        for file in self._files():
            self._remove(file.name)
        return usage

    def _files(self) -> Iterator[_Kept]:
        """The finished files. Those that were left unfinished are removed on the way."""
        try:
            entries = list(os.scandir(self.folder))
        except OSError:
            return
        now = time.time()
        for entry in entries:
            try:
                status = entry.stat(follow_symlinks=False)
            except OSError:
                continue  # another process was faster
            if _NAME.fullmatch(entry.name):
                yield _Kept(status.st_mtime_ns, entry.name, max(status.st_size, status.st_blocks * 512))
            elif _ASIDE.fullmatch(entry.name) and status.st_mtime < now - ABANDONED_S:
                self._remove(entry.name)

    def _remove(self, name: str) -> None:
        with suppress(OSError):  # it is gone already, or stays as it is
            (self.folder / name).unlink()


def _name(kind: str, key: str) -> str:
    return f"{hashlib.sha256(key.encode('utf-8', 'surrogateescape')).hexdigest()}.{kind}"


def _header(name: str, content: bytes) -> bytes:
    checksum = hashlib.sha256(name.encode())
    checksum.update(content)
    return _MAGIC + checksum.digest()


def _reason(exc: OSError) -> str:
    return exc.strerror or str(exc)
