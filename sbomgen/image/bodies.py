"""Bodies of files for the catalogers: small ones in memory, large ones in one unlinked file that each of them uses anew."""

import io
from types import TracebackType
from typing import BinaryIO, Self, cast

from sbomgen.errors import UnreadableError
from sbomgen.evidence import EvidenceTooLargeError
from sbomgen.image.blobs import Window, closing_quietly
from sbomgen.image.entries import EntryStream, TarEntry
from sbomgen.image.tar import CHUNK_BYTES

MEMORY_BYTES = 4 << 20
"""A larger body goes to the spool file, so that memory does not grow with the image."""

COPIED_BYTES = 64 << 10
"""A larger body of a plain tar on the disk is read where it lies: of executables and jars catalogers want a few places only."""

MAX_SPOOL_BYTES = 4 << 30
"""Of one body, and so of the spool file, which holds one at a time: larger than any executable or jar seen, less than a small disk has."""


class Spool:
    """Where large bodies are: one unlinked temporary file, made when it is first needed and gone when the context ends."""

    def __init__(self) -> None:
        self.tar: Window | None = None
        """The tar itself, where it lies on the disk as it is: then large bodies are read there."""
        self._file: BinaryIO | None = None

    def take(self, tar: EntryStream) -> BinaryIO:
        """Write the current body of a tar, over what was there before."""
        try:
            file = self._empty_file()
            while piece := tar.read(CHUNK_BYTES):
                file.write(piece)
            file.flush()
        except OSError as exc:
            raise UnreadableError(f"no room for a large file in a temporary one ({exc.strerror}): make room, or set TMPDIR") from exc
        return file

    def _empty_file(self) -> BinaryIO:
        if self._file is None:
            import tempfile

            self._file = cast("BinaryIO", tempfile.TemporaryFile(prefix="sbomgen-"))  # noqa: SIM115  # closed by __exit__
        self._file.seek(0)  # what a longer body left behind it is not cut off: the window knows where this one ends
        return self._file

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._file is not None:
            with closing_quietly(self._file):
                self._file = None


class Body:
    """The body that a tar or folder stands at. It is read when it is first opened, which must be while that stands there."""

    def __init__(self, entry: TarEntry, tar: EntryStream, spool: Spool) -> None:
        self.size_bytes = entry.size_bytes
        self.mode = entry.mode
        self.head = tar.head()
        self._tar = tar
        self._spool = spool
        in_place = spool.tar and entry.size_bytes > COPIED_BYTES and not entry.sparse
        self._place = spool.tar.part(entry.offset, entry.size_bytes) if spool.tar and in_place else None
        self._content: bytes | None = None
        self._spooled: BinaryIO | None = None

    def open(self, limit_bytes: int) -> BinaryIO:
        """A seekable stream with a position of its own; raises `EvidenceTooLargeError` beyond `limit_bytes` or `MAX_SPOOL_BYTES`."""
        limit_bytes = min(limit_bytes, MAX_SPOOL_BYTES)
        if self.size_bytes > limit_bytes:
            raise EvidenceTooLargeError(f"{self.size_bytes:,} bytes, more than the {limit_bytes:,} that are read of such a file")
        if self._place is not None:
            return cast("BinaryIO", io.BufferedReader(self._place.part(0, self.size_bytes)))
        if self.size_bytes > MEMORY_BYTES:
            self._spooled = self._spooled or self._spool.take(self._tar)
            return cast("BinaryIO", io.BufferedReader(Window(self._spooled, 0, self.size_bytes)))
        if self._content is None:
            self._content = self._tar.read_all()
        return io.BytesIO(self._content)


class LayerFile:
    """An `EvidenceFile`: a body under one of its names."""

    def __init__(self, path: str, body: Body) -> None:
        self.path = path
        self.size_bytes = body.size_bytes
        self.mode = body.mode
        self.head = body.head
        self.open = body.open
