"""What `archive add` is given: files, folders, patterns, zips and tars of SBOMs, lists of those."""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from sbommatch.archive.extract import Source
from sbommatch.errors import FeedError, UnreadableError
from sbommatch.problem import Problem
from sbommatch.sbom.read import DOCUMENT_SUFFIXES, STDIN, decompressed, find_files
from sbommatch.supply.archives import members, tar_members
from sbommatch.supply.packed import UnpackError, is_tar, unpacked

LIST_LIMIT_BYTES = 256 << 20
"""A list of paths; of a million there are some 100 MB."""

PACKED_MAGICS = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd")
ZIP_MAGIC = b"PK\x03\x04"

Found = Source | UnreadableError


def sources(paths: Iterable[str], list_file: str | None = None) -> Iterator[Found]:
    """The documents, one by one, those of `list_file` last; what cannot be read comes as the error in its place.

    `-` is standard input: a list of paths, or a document itself where it begins as one does.
    """
    for path in paths:
        yield from _standard_input() if path == STDIN else _of([path])
    if list_file is not None:
        yield from _listed(list_file)


def _listed(list_file: str) -> Iterator[Found]:
    try:
        if list_file == STDIN:
            data = sys.stdin.buffer.read(LIST_LIMIT_BYTES)
        else:
            with Path(list_file).open("rb") as stream:
                data = stream.read(LIST_LIMIT_BYTES)
    except OSError as exc:
        yield UnreadableError(f"{list_file}: the list cannot be read: {exc.strerror}")
        return
    yield from _of(_lines(data))


def _lines(data: bytes) -> Iterator[str]:
    for line in data.split(b"\n"):
        if text := line.strip(b"\r"):
            yield text.decode("utf-8", "surrogateescape")


def _standard_input() -> Iterator[Found]:
    data = sys.stdin.buffer.read()
    first = data.split(b"\n", 1)[0].strip()
    if first and not first.startswith((b"{", b"<", b"SPDXVersion", b"\xef\xbb\xbf", *PACKED_MAGICS)):
        yield from _of(_lines(data))
        return
    try:
        yield Source(STDIN, data=decompressed(data, STDIN))
    except UnreadableError as exc:
        yield exc


def _of(paths: Iterable[str]) -> Iterator[Found]:
    for found in find_files(paths):
        if isinstance(found, UnreadableError):
            yield found
        else:
            yield from _file(found.path, is_from_folder=found.is_from_folder)


def _file(path: str, *, is_from_folder: bool) -> Iterator[Found]:
    """The file itself, or what is in it where it is a zip or a tar, packed or not. What cannot be opened is left to the reader."""
    try:
        with Path(path).open("rb") as stream:
            magic = stream.read(512)
            stream.seek(0)
            if magic.startswith(ZIP_MAGIC):
                yield from _members(path, members(stream, path, DOCUMENT_SUFFIXES))
                return
            if magic[257:].startswith(b"ustar") or magic.startswith(PACKED_MAGICS):
                with unpacked(stream) as content:
                    if is_tar(content):
                        yield from _members(path, tar_members(content, path, DOCUMENT_SUFFIXES))
                        return
    except (OSError, UnpackError):
        pass
    except FeedError as exc:
        yield UnreadableError(str(exc))
        return
    yield Source(path, is_from_folder)


def _members(path: str, found: Iterable[tuple[str, bytes | Problem | None]]) -> Iterator[Found]:
    for name, content in found:
        where = f"{path}/{name}"
        if isinstance(content, Problem):
            yield UnreadableError(f"{where}: {content.message}")
            continue
        assert content is not None, "no member is passed over"
        try:
            yield Source(where, is_from_folder=True, data=decompressed(content, where))
        except UnreadableError as exc:
            yield exc
