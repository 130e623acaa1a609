"""The record of one layer: everything later stages need, so that a layer is read once per machine.

It depends on the uncompressed tar alone (diff_id), on the catalogers' versions and on the options that matter; it carries nothing of the
compressed form.
A scan that a limit or an error cut short (`complete` false) must not be stored.
"""

from enum import StrEnum
from typing import Any

from msgspec import Struct

from sbomgen.model import Problem

LAYER_SCAN_FORMAT = 1
"""Raised whenever the record's layout or the meaning of a field changes."""


class EntryKind(StrEnum):
    """What a tar entry is, as far as the fold cares."""

    FILE = "f"
    DIRECTORY = "d"
    SYMLINK = "l"
    HARDLINK = "h"
    OTHER = "o"


class LayerEntry(Struct, frozen=True, array_like=True):
    """One path that the layer wrote."""

    path: str
    kind: EntryKind
    size_bytes: int = 0
    link: str = ""
    """Target of a symbolic link as written, of a hard link root-relative."""


class FileFacts(Struct, frozen=True, array_like=True):
    """What one cataloger read in one file."""

    path: str
    facts: tuple[Any, ...]
    """Of the cataloger's `fact_type`; builtin arrays until decoded."""


class LayerScan(Struct, frozen=True, kw_only=True):
    """What one layer holds."""

    format: int = LAYER_SCAN_FORMAT
    diff_id: str | None
    """None of a folder, which is no tar: such a record is not stored."""
    size_bytes: int | None
    """Of the uncompressed tar."""
    entries: tuple[LayerEntry, ...]
    """Every path the layer wrote, in the tar's order; of duplicates the last alone; whiteout markers are not among them."""
    whiteouts: tuple[str, ...] = ()
    """Paths the layer removes from the layers below."""
    opaque: tuple[str, ...] = ()
    """Folders whose contents in the layers below are hidden."""
    facts: dict[str, tuple[FileFacts, ...]]
    """By cataloger name, in the tar's order."""
    problems: tuple[Problem, ...] = ()
    complete: bool = True
