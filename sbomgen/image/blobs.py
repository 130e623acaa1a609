"""Where the files of a stored image are: a folder, or a tar whose headers are indexed once and whose bodies are read in place.

A tar that is compressed, or comes through a pipe, is first decompressed into an unlinked temporary file of bounded size. No name leads out
of the folder or the tar.
"""

import io
import os
import posixpath
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Protocol, cast

from sbomgen.errors import UnreadableError
from sbomgen.image.compression import ARCHIVE_LIMITS, OUTPUT_BYTES, ByteStream, Compression, Decompressed, open_decompressed
from sbomgen.image.paths import root_relative
from sbomgen.image.tar import BLOCK_BYTES, TarStream, checksum_holds
from sbomgen.layerscan import EntryKind

MAX_LINKS = 8
"""Links followed from a name in an archive to a body: `docker save` and skopeo write one."""

_WHAT = (
    (b"\x7fELF", 0, "an ELF executable"),
    (b"PK\x03\x04", 0, "a zip file"),
    (b"hsqs", 0, "a squashfs file system"),
    (b"SIF_MAGIC", 32, "a Singularity image"),
    (b"!<arch>\n", 0, "a Debian package or an ar archive"),
    (b"\xed\xab\xee\xdb", 0, "an RPM package"),
    (b"QFI\xfb", 0, "a qcow2 disk"),
    (b"{", 0, "a JSON document"),
    (b"[", 0, "a JSON document"),
    (b"<", 0, "an XML or HTML document"),
)


class Blobs(Protocol):
    """Files by name; names are relative, with `/`."""

    location: str
    """For messages: the folder or archive as the user named it."""
    is_folder: bool

    def __contains__(self, name: str) -> bool:
        """Whether there is such a file."""
        ...

    def size_bytes(self, name: str) -> int:
        """Of the file as stored; raises `UnreadableError` where there is none."""
        ...

    def open(self, name: str) -> BinaryIO:
        """The file as stored, at its beginning; raises `UnreadableError`. Streams of one archive may be read side by side."""
        ...

    def identity(self, name: str) -> str | None:
        """What the file's bytes can be known by another time without reading them; None where nothing tells."""
        ...


def read_bounded(blobs: Blobs, name: str, limit_bytes: int) -> bytes:
    """A whole small file."""
    size_bytes = blobs.size_bytes(name)
    if size_bytes > limit_bytes:
        raise UnreadableError(
            f"{blobs.location}: {name}: {size_bytes:,} bytes, more than the {limit_bytes:,} that such a document may have"
        )
    with blobs.open(name) as stream:
        return stream.read(limit_bytes)


@contextmanager
def open_blobs(path: Path) -> Iterator[Blobs]:
    """The files of the folder or archive at a path; raises `UnreadableError` where it is neither."""
    location = str(path)
    if path.is_dir():
        yield FolderBlobs(path)
        return
    with _open_file(path, location) as file:
        stream = open_decompressed(file, ARCHIVE_LIMITS)
        head = _tar_head(stream, location)
        if stream.compression is Compression.NONE and stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            yield TarBlobs(file, location, _identity(file))
            return
        with _spooled(head, stream, location, _identity(file)) as blobs:
            yield blobs


@contextmanager
def spooled_blobs(raw: ByteStream, location: str) -> Iterator["TarBlobs"]:
    """The files of an archive that can be read but once: what an engine sends."""
    stream = open_decompressed(raw, ARCHIVE_LIMITS)
    with _spooled(_tar_head(stream, location), stream, location, None) as blobs:
        yield blobs


class FolderBlobs:
    """The files of a folder. Links are followed only inside of it."""

    is_folder = True

    def __init__(self, folder: Path) -> None:
        self.location = str(folder)
        self.root = Path(os.path.realpath(folder))

    def __contains__(self, name: str) -> bool:
        path = self._path(name)
        return path is not None and os.path.isfile(path)  # noqa: PTH113  # Path.is_file raises where a folder cannot be entered

    def size_bytes(self, name: str) -> int:
        """Of the file as stored."""
        with self.open(name) as stream:
            return os.fstat(stream.fileno()).st_size

    def open(self, name: str) -> BinaryIO:
        """The file as stored."""
        where = f"{self.location}: {name}"
        path = self._path(name)
        if path is None:
            raise UnreadableError(f"{where}: leads out of the folder: refused")
        if not path.is_file():
            raise UnreadableError(f"{where}: there is no such file; is the folder complete?")
        return _open_file(path, where)

    def identity(self, name: str) -> str | None:
        """That of the file."""
        with self.open(name) as stream:
            return _identity(stream)

    def _path(self, name: str) -> Path | None:
        relative = root_relative(name)
        path = Path(os.path.realpath(self.root / relative)) if relative else None
        return path if path and path.is_relative_to(self.root) else None


class TarBlobs:
    """The regular files of an uncompressed tar, which is a real file; of several of one name the last counts, links are followed inside."""

    is_folder = False

    def __init__(self, file: BinaryIO, location: str, identity: str | None) -> None:
        self.location = location
        self._identity = identity
        self._file = file
        self._bodies: dict[str, tuple[int, int]] = {}
        self._links: dict[str, str] = {}
        self._sparse: set[str] = set()
        self._index()

    def __contains__(self, name: str) -> bool:
        return self._find(name) is not None

    def names(self) -> tuple[str, ...]:
        """Of the regular files, in the tar's order."""
        return tuple(self._bodies)

    def size_bytes(self, name: str) -> int:
        """Of the file as stored."""
        return self._body(name)[1]

    def open(self, name: str) -> BinaryIO:
        """The file as stored."""
        return cast("BinaryIO", Window(self._file, *self._body(name)))

    def identity(self, name: str) -> str | None:
        """That of the archive, and where in it the file stands."""
        offset, size_bytes = self._body(name)
        return f"{self._identity}:{offset}+{size_bytes}" if self._identity else None

    def _body(self, name: str) -> tuple[int, int]:
        found = self._find(name)
        if found is None and name in self._sparse:
            raise UnreadableError(f"{self.location}: {name}: is stored as a sparse file; make the archive anew, without --sparse")
        if found is None:
            raise UnreadableError(f"{self.location}: {name}: there is no such file in the archive; is it complete?")
        return self._bodies[found]

    def _find(self, name: str) -> str | None:
        path = root_relative(name)
        for _ in range(MAX_LINKS):
            if path is None or path in self._bodies:
                return path
            path = self._links.get(path)
        return None

    def _index(self) -> None:
        self._file.seek(0)
        try:
            for entry in TarStream(self._file, self._seek_over):
                self._bodies.pop(entry.path, None)
                self._links.pop(entry.path, None)
                if entry.sparse:
                    self._sparse.add(entry.path)
                elif entry.kind is EntryKind.FILE:
                    self._bodies[entry.path] = (entry.offset, entry.size_bytes)
                elif target := self._target(entry.kind, entry.path, entry.link):
                    self._links[entry.path] = target
        except UnreadableError as exc:
            raise UnreadableError(f"{self.location}: {exc}") from exc

    @staticmethod
    def _target(kind: EntryKind, path: str, link: str) -> str | None:
        """What a link points at, root-relative; None for what is no link, or leads out of the archive."""
        if kind is EntryKind.HARDLINK:
            return link
        return root_relative(posixpath.join(posixpath.dirname(path), link)) if kind is EntryKind.SYMLINK else None

    def _seek_over(self, size_bytes: int) -> bool:
        end = self._file.tell() + size_bytes
        self._file.seek(end)
        return end <= os.fstat(self._file.fileno()).st_size


class Window(io.RawIOBase):
    """A part of a file as a seekable stream with a position of its own; the file stays open when the window is closed."""

    def __init__(self, file: BinaryIO, offset: int, size_bytes: int) -> None:
        super().__init__()
        self._file = file
        self._offset = offset
        self._size_bytes = size_bytes
        self._position = 0

    def readable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """Yes."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move; never before the beginning."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size_bytes}[whence]
        self._position = max(0, base + offset)
        return self._position

    def tell(self) -> int:
        """The position in the window."""
        return self._position

    def read(self, size: int | None = -1) -> bytes:
        """At most `size` bytes; the rest of the window where it is negative."""
        left = max(0, self._size_bytes - self._position)
        wanted = left if size is None or size < 0 else min(size, left)
        piece = os.pread(self._file.fileno(), wanted, self._offset + self._position)
        self._position += len(piece)
        return piece

    def readall(self) -> bytes:
        """The rest of the window."""
        return self.read()

    def part(self, offset: int, size_bytes: int) -> "Window":
        """A part of the window."""
        return Window(self._file, self._offset + offset, size_bytes)

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # typeshed's Buffer has no length
        """The same, into a buffer."""
        piece = self.read(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)


def window_of(stream: BinaryIO) -> Window | None:
    """A window on all of a stream that can be read anywhere at no cost; None where it is no file."""
    if isinstance(stream, Window):
        return stream
    if isinstance(stream, io.FileIO) and stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
        return Window(stream, 0, os.fstat(stream.fileno()).st_size)
    return None


def _open_file(path: Path, where: str) -> BinaryIO:
    """A regular file or pipe, unbuffered. Devices and sockets are refused: their reading may never end."""
    try:
        file = path.open("rb", buffering=0)
    except OSError as exc:
        raise UnreadableError(f"{where}: cannot be opened: {exc.strerror}") from exc
    mode = os.fstat(file.fileno()).st_mode
    if not stat.S_ISREG(mode) and not stat.S_ISFIFO(mode):
        file.close()
        raise UnreadableError(f"{where}: is neither a file nor a folder")
    return cast("BinaryIO", file)


def _identity(file: BinaryIO) -> str | None:
    """Where a file lies, and when it was last written; None for a pipe."""
    status = os.fstat(file.fileno())
    if not stat.S_ISREG(status.st_mode):
        return None
    return f"file:{status.st_dev}:{status.st_ino}:{status.st_size}:{status.st_mtime_ns}:{status.st_ctime_ns}"


def _tar_head(stream: Decompressed, location: str) -> bytes:
    """The first block of an archive, which must be a tar's."""
    head = b""
    try:
        while len(head) < BLOCK_BYTES and (piece := stream.read(BLOCK_BYTES - len(head))):
            head += piece
    except UnreadableError as exc:
        raise UnreadableError(f"{location}: {exc}") from exc
    if len(head) < BLOCK_BYTES or (any(head) and not checksum_holds(head)):
        raise UnreadableError(f"{location}: no image archive: {_what(head, stream.compression)}")
    return head


def _what(head: bytes, compression: Compression) -> str:
    """What a file is that is no tar, and what to do."""
    what = (
        next((what for magic, offset, what in _WHAT if head[offset : offset + len(magic)] == magic), "something else") if head else "empty"
    )
    within = "" if compression is Compression.NONE else f", compressed with {compression}"
    return f"it is {what}{within}; name what `docker save` or `skopeo copy` wrote, or an OCI layout"


@contextmanager
def _spooled(head: bytes, stream: Decompressed, location: str, identity: str | None) -> Iterator[TarBlobs]:
    """The files of a stream whose head has been read, by way of a temporary file."""
    with closing_quietly(_temporary_file(location)) as copy:
        _copy(head, stream, copy, location)
        yield TarBlobs(copy, location, identity)


def _temporary_file(location: str) -> BinaryIO:
    import tempfile

    try:
        return cast("BinaryIO", tempfile.TemporaryFile(prefix="sbomgen-"))
    except OSError as exc:
        raise _no_room(location, exc) from exc


@contextmanager
def closing_quietly(file: BinaryIO) -> Iterator[BinaryIO]:
    """A temporary file that is closed at the end, whatever that says: on a full disk closing fails once more, at what is left to write."""
    try:
        yield file
    finally:
        with suppress(OSError):
            file.close()


def _copy(head: bytes, stream: Decompressed, copy: BinaryIO, location: str) -> None:
    """Write the whole of a stream, whose head has been read, into a temporary file."""
    piece = head
    try:
        while piece:
            copy.write(piece)
            piece = stream.read(OUTPUT_BYTES)
        copy.flush()
    except UnreadableError as exc:
        raise UnreadableError(f"{location}: {exc}") from exc
    except OSError as exc:
        raise _no_room(location, exc) from exc


def _no_room(location: str, exc: OSError) -> UnreadableError:
    return UnreadableError(f"{location}: cannot be unpacked into a temporary file ({exc.strerror}): make room, or set TMPDIR")
