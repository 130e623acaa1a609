"""The record of one layer: everything later stages need, so that a layer is read once per machine.

It depends on the uncompressed tar alone (diff_id) and on the catalogers' versions; it carries nothing of the compressed form, nor of
the layer's place in an image.
A scan that a limit or an error cut short (`complete` false) must not be stored.
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import Any, Generic, TypeVar

from msgspec import Struct

from sbomgen.model import Problem

LAYER_SCAN_FORMAT = 4
"""Raised whenever the record's layout or the meaning of a field changes, and when the tar reader gives other paths or bodies of a tar."""

T = TypeVar("T")


class EntryKind(StrEnum):
    """What a tar entry is, as far as the fold cares; one character each."""

    FILE = "f"
    DIRECTORY = "d"
    SYMLINK = "l"
    HARDLINK = "h"
    OTHER = "o"


FILE, DIRECTORY, SYMLINK, HARDLINK = EntryKind.FILE, EntryKind.DIRECTORY, EntryKind.SYMLINK, EntryKind.HARDLINK
"""For what is done a hundred thousand times: until Python 3.12 a member of an enumeration is found by a call."""


class LayerEntry(Struct, frozen=True, gc=False):
    """One path that the layer wrote."""

    path: str
    kind: EntryKind
    size_bytes: int = 0
    link: str = ""
    """Target of a symbolic link as written, of a hard link root-relative."""


class Run(Struct, frozen=True, array_like=True, gc=False):
    """Entries of one folder that follow one another in the tar: nearly all do, and so a layer is kept and folded by the folder."""

    folder: str
    names: tuple[str, ...]
    kinds: str
    """An `EntryKind` for each name."""
    sizes: tuple[int, ...]
    """Bytes, for each name."""
    links: tuple[str, ...] = ()
    """Targets, for each name; empty where none of them is a link."""


class FileFacts(Struct, Generic[T], frozen=True, array_like=True):
    """What one cataloger read in one file."""

    path: str
    facts: tuple[T, ...]
    """Of the cataloger's `fact_type`."""
    problems: tuple[Problem, ...] = ()


class LayerScan(Struct, frozen=True, kw_only=True):
    """What one layer holds."""

    diff_id: str | None
    """None of a folder, which is no tar: such a record is not stored."""
    size_bytes: int | None
    """Of the uncompressed tar."""
    runs: tuple[Run, ...]
    """Every path the layer wrote, in the tar's order; of duplicates the last alone; whiteout markers are not among them."""
    whiteouts: tuple[str, ...] = ()
    """Paths the layer removes from the layers below."""
    opaque: tuple[str, ...] = ()
    """Folders whose contents in the layers below are hidden."""
    facts: dict[str, tuple[FileFacts[Any], ...]]
    """By cataloger name, in the tar's order; those of files in caches, too, for a layer above may link to them."""
    problems: tuple[Problem, ...] = ()
    """Of the tar itself; those of its files stand with their facts."""
    complete: bool = True

    @property
    def entries(self) -> tuple[LayerEntry, ...]:
        """The same paths one by one."""
        return tuple(entry for run in self.runs for entry in entries_of(run))

    @property
    def all_problems(self) -> Iterator[Problem]:
        """Those of the tar, then those of its files by cataloger; what two catalogers say of one file stands there twice."""
        yield from self.problems
        for files in self.facts.values():
            for file in files:
                yield from file.problems


def entries_of(run: Run) -> Iterator[LayerEntry]:
    """The entries of a run one by one."""
    links = run.links or ("",) * len(run.names)
    prefix = f"{run.folder}/" if run.folder else ""
    for name, kind, size_bytes, link in zip(run.names, run.kinds, run.sizes, links, strict=True):
        yield LayerEntry(prefix + name, EntryKind(kind), size_bytes, link)
