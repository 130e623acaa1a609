"""Reads a folder as `TarStream` reads a tar: the same entries, in the order of their names, without owners.

Nothing is followed: symbolic links are entries, and every folder and file is opened beneath the folder that holds it, so that no link, and
no tree that changes meanwhile, leads out of the root. A file is opened when its body or its beginning is asked for; devices, sockets and
pipes never are. Several names of one file are several files. What the kernel makes up (`/proc`, `/sys`) is passed over.
"""

import os
import stat
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Self

from sbomgen.errors import UnreadableError
from sbomgen.evidence import HEAD_BYTES, EvidenceUnreadableError
from sbomgen.image.compression import LAYER_LIMITS
from sbomgen.image.entries import Skipped, TarEntry, why_unfit
from sbomgen.image.tar import MAX_ENTRIES, MAX_NAMES_BYTES
from sbomgen.layerscan import EntryKind

MAX_READ_BYTES = LAYER_LIMITS.total_bytes
"""Of all bodies together, as of a layer: a folder of holes takes no room and long to read."""

VIRTUAL_FILE_SYSTEMS = frozenset((
    "autofs", "binfmt_misc", "bpf", "cgroup", "cgroup2", "configfs", "debugfs", "devpts", "devtmpfs", "efivarfs", "fusectl", "hugetlbfs",
    "mqueue", "proc", "pstore", "rpc_pipefs", "securityfs", "selinuxfs", "sysfs", "tracefs",
))  # fmt: skip
"""File systems that store nothing: what they show is made up when it is read, may block, and belongs to no image."""

_MOUNTS = Path("/proc/self/mountinfo")
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_KINDS = {stat.S_IFREG: EntryKind.FILE, stat.S_IFDIR: EntryKind.DIRECTORY, stat.S_IFLNK: EntryKind.SYMLINK}


class FolderWalk:
    """Iterate for the entries; until the next one is asked for, `head` and `read` give the current one's body. Once, in its context.

    Raises `UnreadableError` where the root cannot be listed or a limit is passed. What lies below and cannot be listed is `skipped`, as a
    loss; a body that cannot be read raises `EvidenceUnreadableError`.
    """

    def __init__(self, root: Path) -> None:
        self.skipped = Skipped()
        self._root = root
        self._virtual = virtual_devices()
        self._folders: list[_Folder] = []  # from the root to where the walk is
        self._count = 0
        self._names_bytes = 0
        self._read_bytes = 0
        self._name = ""
        self._file = -1
        self._position = 0
        self._size_bytes = 0

    def __enter__(self) -> Self:
        try:
            self._descend("", os.open(self._root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
        except OSError as exc:
            raise UnreadableError(f"{self._root}: cannot be listed: {exc.strerror}") from exc
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._close_file()
        while self._folders:
            os.close(self._folders.pop().descriptor)

    def __iter__(self) -> Iterator[TarEntry]:
        while self._folders:
            folder = self._folders[-1]
            name = next(folder.names, None)
            if name is None:
                os.close(self._folders.pop().descriptor)
                continue
            path = folder.path + name
            try:
                status = os.stat(name, dir_fd=folder.descriptor, follow_symlinks=False)
                entry = self._entry(folder, name, path, status)
            except FileNotFoundError:
                continue  # it was removed meanwhile: then it is not there
            except OSError as exc:
                self.skipped.add(path, f"it cannot be looked at ({exc.strerror})", loss=True)
                continue
            if entry is not None:
                yield entry
                self._close_file()
                if entry.kind is EntryKind.DIRECTORY:
                    self._enter(folder, name, path, status)

    def head(self) -> bytes:
        """The first `HEAD_BYTES` bytes of the body, or all of a shorter one."""
        return self._pread(HEAD_BYTES, 0) if self._size_bytes else b""

    def read(self, size: int, /) -> bytes:
        """The next piece of the body, of at most `size` bytes; nothing at its end. What has grown is read as long as it was."""
        wanted = min(size, self._size_bytes - self._position)
        piece = self._pread(wanted, self._position) if wanted else b""
        if wanted and not piece:
            raise EvidenceUnreadableError("it became shorter while it was read")
        self._position += len(piece)
        self._read_bytes += len(piece)
        if self._read_bytes > MAX_READ_BYTES:
            raise UnreadableError(f"{self._root}: more than {MAX_READ_BYTES:,} bytes to read, which is the limit")
        return piece

    def read_all(self) -> bytes:
        """The rest of the body; the caller has looked at the entry's size."""
        return b"".join(iter(lambda: self.read(self._size_bytes), b""))

    def _entry(self, folder: "_Folder", name: str, path: str, status: os.stat_result) -> TarEntry | None:
        kind = _KINDS.get(stat.S_IFMT(status.st_mode), EntryKind.OTHER)
        link = os.readlink(name, dir_fd=folder.descriptor) if kind is EntryKind.SYMLINK else ""
        self._account(len(path) + len(link))
        if reason := why_unfit(path, kind, link):
            self.skipped.add(path, reason)
            return None
        self._name, self._position, self._size_bytes = name, 0, status.st_size
        size_bytes = status.st_size if kind is EntryKind.FILE else 0
        return TarEntry(path, folder.path[:-1], name, kind, link, size_bytes, b"%o" % stat.S_IMODE(status.st_mode), self._count)

    def _enter(self, folder: "_Folder", name: str, path: str, status: os.stat_result) -> None:
        """Go on with a folder, unless it cannot be listed or shows what the kernel makes up."""
        if status.st_dev != folder.device and status.st_dev in self._virtual:
            self.skipped.add(path, "it is a virtual file system")
            return
        try:
            self._descend(f"{path}/", os.open(name, _FOLDER, dir_fd=folder.descriptor))
        except OSError as exc:
            self.skipped.add(path, f"the folder cannot be listed ({exc.strerror})", loss=True)

    def _descend(self, path: str, descriptor: int) -> None:
        try:
            with os.scandir(descriptor) as listing:
                names = [found.name for found in islice(listing, MAX_ENTRIES + 1)]
            self._folders.append(_Folder(path, descriptor, iter(sorted(names)), os.fstat(descriptor).st_dev))
        except OSError:
            os.close(descriptor)
            raise

    def _pread(self, size: int, position: int) -> bytes:
        try:
            if self._file < 0:
                self._file = os.open(self._name, _FILE, dir_fd=self._folders[-1].descriptor)
                if not stat.S_ISREG(os.fstat(self._file).st_mode):
                    raise EvidenceUnreadableError("it is no file any more")
            return os.pread(self._file, size, position)
        except OSError as exc:
            raise EvidenceUnreadableError(f"it cannot be read ({exc.strerror})") from exc

    def _close_file(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _account(self, names_bytes: int) -> None:
        self._count += 1
        self._names_bytes += names_bytes
        if self._count > MAX_ENTRIES or self._names_bytes > MAX_NAMES_BYTES:
            raise UnreadableError(
                f"{self._root}: more than {MAX_ENTRIES:,} files or {MAX_NAMES_BYTES:,} bytes of names, which are the limits"
            )


class _Folder:
    """A folder on the way from the root to where the walk is."""

    __slots__ = ("descriptor", "device", "names", "path")

    def __init__(self, path: str, descriptor: int, names: Iterator[str], device: int) -> None:
        self.path = path
        """With the slash at its end; empty for the root."""
        self.descriptor = descriptor
        self.names = names
        self.device = device


def virtual_devices() -> frozenset[int]:
    """The device numbers of mounted file systems that store nothing; none where the system does not list its mounts.

    Source: proc_pid_mountinfo(5): the third field is `MAJOR:MINOR`, the first after the lone hyphen the type.
    """
    try:
        lines = _MOUNTS.read_bytes().splitlines()
    except OSError:
        return frozenset()
    found = set()
    for line in lines:
        mount, _, super_block = line.partition(b" - ")
        if super_block.split(b" ")[0].decode("ascii", "replace") in VIRTUAL_FILE_SYSTEMS:
            major, _, minor = mount.split(b" ")[2].partition(b":")
            found.add(os.makedev(int(major), int(minor)))
    return frozenset(found)
