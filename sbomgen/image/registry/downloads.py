"""Blobs on their way: fetched side by side in the background into an unlinked file, read while they come, and again later.

What comes is verified where it is read (`sbomgen.image.layer`), as the bytes of any source are.
"""

import io
import os
import queue
import tempfile
import threading
from collections.abc import Callable, Iterator
from typing import BinaryIO, cast

from sbomgen.errors import UnreadableError

MAX_FETCHES = 4
"""At once: one more than Docker and containerd, for the first is read while it comes."""

MAX_BLOB_BYTES = 64 << 30
"""Of one blob, as its manifest states it: more than any layer seen, less than a large disk."""

CLOSE_TIMEOUT_S = 1.0
"""How long the end waits for a fetch that hangs."""

Fetch = Callable[[str, int], Iterator[bytes]]
"""The pieces of a blob, by digest and size in bytes."""


class Download:
    """One blob; its part of the file grows until it is done or has failed."""

    def __init__(self, file: BinaryIO, start: int, digest: str, size_bytes: int) -> None:
        self.digest = digest
        self.size_bytes = size_bytes
        self._file = file
        self._start = start
        self._changed = threading.Condition()
        self._written = 0
        self._done = False
        self._error: Exception | None = None

    def run(self, fetch: Fetch, is_cancelled: Callable[[], bool]) -> None:
        """Fetches it; what goes wrong is raised where it is read."""
        error: Exception | None = None
        try:
            for piece in fetch(self.digest, self.size_bytes):
                if is_cancelled():
                    break
                self._append(piece)
        except OSError as exc:
            error = no_room(exc)
        except Exception as exc:  # noqa: BLE001  not lost in a thread: whoever reads gets it
            error = exc
        self.end(error)

    def end(self, error: Exception | None) -> None:
        """Nothing more comes; the first end counts."""
        with self._changed:
            if not self._done:
                self._done, self._error = True, error
                self._changed.notify_all()

    def read_at(self, offset: int, size: int) -> bytes:
        """At most `size` bytes, as soon as there are any; none at the end. Raises what the fetch raised, after the bytes before it."""
        with self._changed:
            self._changed.wait_for(lambda: self._done or self._written > offset)
            if self._written <= offset:
                if self._error is not None:
                    raise self._error
                return b""
            available = self._written - offset
        return os.pread(self._file.fileno(), min(size, available), self._start + offset)

    def _append(self, piece: bytes) -> None:
        assert self._written + len(piece) <= self.size_bytes, "the bytes behind are another blob's"
        rest = memoryview(piece)
        with self._changed:  # so that nothing is written once `end` was called: the file may be closed then
            while rest and not self._done:
                count = os.pwrite(self._file.fileno(), rest, self._start + self._written)
                rest = rest[count:]
                self._written += count
            self._changed.notify_all()


class Downloads:
    """The blobs of one image, in one file; usable in the process that made it."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self._file: BinaryIO | None = None
        self._end = 0
        self._downloads: dict[str, Download] = {}
        self._waiting: queue.SimpleQueue[Download | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._cancelled = threading.Event()
        self._lock = threading.Lock()

    def begin(self, digest: str, size_bytes: int) -> Download:
        """Has a blob fetched, once; it waits for its turn behind those that were begun before. Raises `UnreadableError`."""
        with self._lock:
            if digest not in self._downloads:
                self._downloads[digest] = download = self._place(digest, size_bytes)
                self._waiting.put(download)
                if len(self._threads) < MAX_FETCHES:
                    self._threads.append(threading.Thread(target=self._work, name="sbomgen-fetch", daemon=True))
                    self._threads[-1].start()
            return self._downloads[digest]

    def open(self, digest: str, size_bytes: int) -> BinaryIO:
        """A blob as a stream, which waits for what has not come yet."""
        return cast("BinaryIO", _Reader(self.begin(digest, size_bytes)))

    def pause(self, seconds: float) -> None:
        """Waits, unless the end comes first."""
        self._cancelled.wait(seconds)

    def close(self) -> None:
        """Gives up what is on its way, and the file; a reader that is left gets an error."""
        self._cancelled.set()
        for _ in self._threads:
            self._waiting.put(None)
        for thread in self._threads:
            thread.join(CLOSE_TIMEOUT_S)
        for download in self._downloads.values():
            download.end(UnreadableError(f"{download.digest}: its image was closed"))
        if self._file is not None:
            self._file.close()

    def _place(self, digest: str, size_bytes: int) -> Download:
        """A part of the file, which takes room as it fills."""
        if self._file is None:
            try:
                self._file = cast("BinaryIO", tempfile.TemporaryFile(prefix="sbomgen-"))  # noqa: SIM115  # closed by `close`
            except OSError as exc:
                raise no_room(exc) from exc
        self._end += size_bytes
        return Download(self._file, self._end - size_bytes, digest, size_bytes)

    def _work(self) -> None:
        while (download := self._waiting.get()) is not None and not self._cancelled.is_set():
            download.run(self._fetch, self._cancelled.is_set)


def no_room(exc: OSError) -> UnreadableError:
    """What a temporary file that cannot be made or written is to the user."""
    return UnreadableError(f"no room for a layer in a temporary file ({exc.strerror}): make room, or set TMPDIR")


class _Reader(io.RawIOBase):
    """A download from its beginning."""

    def __init__(self, download: Download) -> None:
        super().__init__()
        self._download = download
        self._position = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1) -> bytes:
        if size is None or size < 0:
            return self.readall()
        piece = self._download.read_at(self._position, size)
        self._position += len(piece)
        return piece

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # typeshed's Buffer has no length
        piece = self.read(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)
