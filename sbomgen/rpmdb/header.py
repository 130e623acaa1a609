"""rpm's header, the record of one package (lib/header.c, docs/manual/hregions.md), as its databases hold it.

    number of entries | bytes of data | entries: tag, type, offset, count | data        all big-endian

The entries that came with the package are its immutable region; what rpm added when it installed it (file states, install time) follows
behind. An entry there takes the place of one of the same tag in the region, so the last of a tag counts.
"""

from collections.abc import Iterator, Sequence
from stat import S_ISDIR
from struct import Struct as Layout

from msgspec import Struct

from sbomgen.rpmdb.blobs import BLOB_LIMIT_BYTES, RpmdbError

ENTRIES_LIMIT = 65_535
"""Entries of one header: as many as rpm takes (HEADER_TAGS_MAX)."""

LIST_LIMIT = 1_000_000
"""Elements of one entry: the longest real ones, the files of the kernel's sources, are some 100,000."""

PATHS_LIMIT_BYTES = 32 << 20
"""The files of one package with their folders: those of the kernel's sources have 7 MiB; a made-up header names a long folder a million
times."""

GHOST = 1 << 6
"""Flag of a file that the package only claims: its bytes were not in it."""

INSTALLED = 0
"""State of a file that is there; in all others it was left out or another package's took its place."""

NAME, VERSION, RELEASE, EPOCH, SUMMARY, VENDOR, LICENCE, URL, ARCH = 1000, 1001, 1002, 1003, 1004, 1011, 1014, 1020, 1022
SIGNATURE_MD5, SHA256_HEADER = 261, 273
OLD_FILENAMES, FILE_STATES, FILE_MODES, FILE_FLAGS, SOURCE_RPM = 1027, 1029, 1030, 1037, 1044
PROVIDE_NAME, REQUIRE_NAME, DIR_INDEXES, BASENAMES, DIRNAMES, MODULARITY_LABEL = 1047, 1049, 1116, 1117, 1118, 5096

_READ = frozenset(
    {
        *(NAME, VERSION, RELEASE, EPOCH, SUMMARY, VENDOR, LICENCE, URL, ARCH, SIGNATURE_MD5, SHA256_HEADER),
        *(OLD_FILENAMES, FILE_STATES, FILE_MODES, FILE_FLAGS, SOURCE_RPM),
        *(PROVIDE_NAME, REQUIRE_NAME, DIR_INDEXES, BASENAMES, DIRNAMES, MODULARITY_LABEL),
    }
)
_NUMBERS = {1: ("B", 1), 2: ("B", 1), 3: ("H", 2), 4: ("I", 4), 5: ("Q", 8)}
"""Types of numbers, in `struct`'s letters, and their size in bytes."""

_INT32, _STRING, _BINARY, _STRINGS, _I18N_STRINGS = 4, 6, 7, 8, 9
_TEXTS = frozenset({_STRING, _STRINGS, _I18N_STRINGS})
_START = Layout(">2I")
_ENTRY = Layout(">4I")


class Header(Struct, frozen=True, kw_only=True):
    """What a header says of its package; bytes where it need not be UTF-8, empty where it says nothing."""

    name: bytes
    version: bytes
    release: bytes
    epoch: int | None
    arch: bytes
    source_rpm: bytes
    vendor: bytes
    licence: bytes
    url: bytes
    summary: bytes
    """In the C locale."""
    module: bytes
    md5: bytes
    """Of header and payload, as 16 bytes."""
    sha256: bytes
    """Of the header, in hexadecimal."""
    requires: tuple[bytes, ...]
    provides: tuple[bytes, ...]
    files: tuple[bytes, ...]
    """Files and links that came with the package and are installed, root-relative; no folders, no ghosts."""


def parse_header(blob: bytes) -> Header:
    """The header in a blob; raises `RpmdbError` where any part that is looked at makes no sense, as rpm does."""
    tags = _Tags(blob)
    epoch = tags.numbers(EPOCH)
    return Header(
        name=tags.text(NAME),
        version=tags.text(VERSION),
        release=tags.text(RELEASE),
        epoch=epoch[0] if epoch else None,
        arch=tags.text(ARCH),
        source_rpm=tags.text(SOURCE_RPM),
        vendor=tags.text(VENDOR),
        licence=tags.text(LICENCE),
        url=tags.text(URL),
        summary=tags.text(SUMMARY),
        module=tags.text(MODULARITY_LABEL),
        md5=tags.binary(SIGNATURE_MD5),
        sha256=tags.text(SHA256_HEADER),
        requires=tuple(dict.fromkeys(tags.texts(REQUIRE_NAME))),
        provides=tuple(dict.fromkeys(tags.texts(PROVIDE_NAME))),
        files=tuple(_files(tags)),
    )


class _Tags:
    """The entries of a header."""

    def __init__(self, blob: bytes) -> None:
        if len(blob) < _START.size:
            raise RpmdbError("", "is shorter than any header")
        entries, data_bytes = _START.unpack_from(blob)
        data_start = _START.size + entries * _ENTRY.size
        if entries > ENTRIES_LIMIT or data_bytes > BLOB_LIMIT_BYTES:
            raise RpmdbError("", f"has {entries:,} entries and {data_bytes:,} bytes: rpm takes {ENTRIES_LIMIT:,} and {BLOB_LIMIT_BYTES:,}")
        if data_start + data_bytes != len(blob):
            raise RpmdbError("", f"is {len(blob):,} bytes long where it says {data_start + data_bytes:,}")
        self._data = blob[data_start:]
        stated = _ENTRY.iter_unpack(blob[_START.size : data_start])
        self._entries = {tag: (kind, offset, count) for tag, kind, offset, count in stated if tag in _READ}

    def _entry(self, tag: int, kind: int) -> tuple[int, int, int]:
        """Type, offset and count of an entry; of an absent one the type is `kind` and the count 0."""
        entry = self._entries.get(tag, (kind, 0, 0))
        if entry[2] > LIST_LIMIT:
            raise RpmdbError("", f"has an entry (tag {tag}) of {entry[2]:,} elements: no more than {LIST_LIMIT:,} are read")
        return entry

    def text(self, tag: int) -> bytes:
        """The first string."""
        return next(iter(self.texts(tag)), b"")

    def texts(self, tag: int) -> list[bytes]:
        kind, offset, count = self._entry(tag, _STRINGS)
        if kind not in _TEXTS or offset > len(self._data):
            raise _misplaced(tag)
        texts = self._data[offset:].split(b"\0", count)
        if len(texts) <= count:
            raise _misplaced(tag)
        return texts[:count]

    def numbers(self, tag: int) -> tuple[int, ...]:
        kind, offset, count = self._entry(tag, _INT32)
        letter, size_bytes = _NUMBERS.get(kind, ("", 0))
        if not letter or offset + count * size_bytes > len(self._data):
            raise _misplaced(tag)
        return Layout(f">{count}{letter}").unpack_from(self._data, offset)

    def binary(self, tag: int) -> bytes:
        kind, offset, count = self._entry(tag, _BINARY)
        if kind != _BINARY or offset + count > len(self._data):
            raise _misplaced(tag)
        return self._data[offset : offset + count]


def _misplaced(tag: int) -> RpmdbError:
    return RpmdbError("", f"has an entry (tag {tag}) of another type or place than it can have")


def _files(tags: _Tags) -> Iterator[bytes]:
    """The paths, from folders and names (since rpm 4) or whole."""
    names = tags.texts(BASENAMES)
    folders = [folder.lstrip(b"/") for folder in tags.texts(DIRNAMES)]
    indexes = tags.numbers(DIR_INDEXES)
    if len(indexes) != len(names) or (indexes and max(indexes) >= len(folders)):
        raise RpmdbError("", "has file names without a folder")
    if sum(len(folders[index]) for index in indexes) > PATHS_LIMIT_BYTES:
        raise RpmdbError("", f"has files whose folders have more than {PATHS_LIMIT_BYTES:,} bytes")
    paths = [folders[index] + name for index, name in zip(indexes, names, strict=True)]
    paths = paths or [path.lstrip(b"/") for path in tags.texts(OLD_FILENAMES)]
    modes, flags, states = (_of_each(paths, tags.numbers(tag)) for tag in (FILE_MODES, FILE_FLAGS, FILE_STATES))
    for path, mode, flag, state in zip(paths, modes, flags, states, strict=True):
        if state == INSTALLED and not flag & GHOST and not S_ISDIR(mode) and path and b"\n" not in path:
            yield path


def _of_each(paths: Sequence[bytes], numbers: Sequence[int]) -> Sequence[int]:
    """A number for each path: the stated ones, or 0 where the header has none."""
    if numbers and len(numbers) != len(paths):
        raise RpmdbError("", "has lists of files that differ in length")
    return numbers or [0] * len(paths)
