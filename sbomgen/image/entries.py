"""The entries of a tar or folder, as both are read, and which of them cannot be used."""

from collections.abc import Iterator
from typing import Protocol

from msgspec import Struct

from sbomgen.layerscan import EntryKind

MAX_PATH_CHARACTERS = 4096
"""PATH_MAX of Linux: nothing longer can be unpacked, or is quoted in messages."""

MAX_PATH_DEPTH = 256
"""Folders in a path: twice what the deepest node_modules seen have, and an eighth of what `MAX_PATH_CHARACTERS` would hold."""

MAX_SKIPPED = 100
"""Skipped entries that are named one by one; the others are counted."""


class TarEntry(Struct, frozen=True, gc=False):
    """One entry of a tar."""

    path: str
    """Root-relative, without `.`, `..` and outer slashes; empty for the root itself."""
    folder: str
    """The path without its last part: one text for entries of one folder that follow one another."""
    name: str
    """The path's last part."""
    kind: EntryKind
    link: str
    """Target of a symbolic link as written, of a hard link root-relative."""
    size_bytes: int
    """Of the body; of a sparse file the size it would have."""
    raw_mode: bytes
    offset: int
    """Where the body begins in the stream."""
    sparse: bool = False
    """The body is stored as a map and pieces, out of which `read` makes what the file holds."""

    @property
    def mode(self) -> int:
        """Permission bits; 0 where the header has no number there."""
        try:
            return int(self.raw_mode.strip(b" \0"), 8)
        except ValueError:
            return 0


class SkippedEntry(Struct, frozen=True):
    """An entry that was passed over, and why."""

    path: str
    reason: str
    loss: bool = False
    """Something may have been in it that belongs into the inventory."""


class Skipped:
    """Entries that were passed over: the first `MAX_SKIPPED` of them, the others counted."""

    def __init__(self) -> None:
        self.entries: list[SkippedEntry] = []
        self.count = 0
        self.loss = False
        """Of any of them."""

    def add(self, path: str, reason: str, *, loss: bool = False) -> None:
        """One more."""
        self.count += 1
        self.loss = self.loss or loss
        if self.count <= MAX_SKIPPED:
            self.entries.append(SkippedEntry(path[:MAX_PATH_CHARACTERS], reason, loss))


class EntryStream(Protocol):
    """The entries of a tar or folder, and the body of the current one: what `TarStream` and `FolderWalk` are to a `LayerTable`."""

    skipped: Skipped

    def __iter__(self) -> Iterator[TarEntry]: ...

    def head(self) -> bytes:
        """The first `HEAD_BYTES` bytes of the body, or all of a shorter one; `read` gives them again. To be called before it."""
        ...

    def read(self, size: int, /) -> bytes:
        """The next piece of the body, of at most `size` bytes; nothing at its end."""
        ...

    def read_all(self) -> bytes:
        """The rest of the body; the caller has looked at the entry's size."""
        ...


def why_unfit(path: str | None, kind: EntryKind | None, target: str | None) -> str | None:
    """Why an entry with these names cannot be used, if so; None stands for a name that leads out of the root."""
    if kind is None:
        return "its type is unknown"
    if path is None:
        return "its name leads out of the image"
    if not path and kind is not EntryKind.DIRECTORY:
        return "it has no name"
    if target is None or (kind is EntryKind.HARDLINK and not target):
        return "its link leads out of the image"
    if max(len(path), len(target)) > MAX_PATH_CHARACTERS:
        return f"its name has more than {MAX_PATH_CHARACTERS:,} characters"
    if path.count("/") > MAX_PATH_DEPTH:
        return f"its name has more than {MAX_PATH_DEPTH} folders"
    return None
