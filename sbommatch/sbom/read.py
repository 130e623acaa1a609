"""SBOMs from bytes, files, folders and standard input: format by content, compression by magic, everything bounded."""

import codecs
import hashlib
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import nullcontext
from io import BytesIO
from pathlib import Path
from typing import NamedTuple, Protocol, TypeVar, cast

from msgspec import DecodeError
from msgspec.structs import replace

from sbommatch.errors import UnreadableError
from sbommatch.problem import Problem, ProblemCode
from sbommatch.sbom import READERS
from sbommatch.sbom._reader import Opening, Problems, Source
from sbommatch.sbom._sniff import described, opening_of, refused
from sbommatch.sbom._wrapped import MAX_WRAPPERS, unwrapped
from sbommatch.sbom.component import Document

MAX_DOCUMENT_BYTES = 512 * 2**20
"""Size of a document, uncompressed: the largest known are around 200 MB, and reading takes three times the size in memory."""

MAX_OBJECTS = 5_000_000
"""JSON objects in a document: a component takes 400 bytes of memory however short its text is; real objects have 100 bytes of text."""

STDIN = "-"

DOCUMENT_SUFFIXES = (".json", ".jsonld", ".xml", ".spdx", ".tag", ".rdf", ".yaml", ".yml", ".gz", ".zst")
_ARCHIVE_SUFFIXES = (".tar.gz", ".tar.zst")
"""Of a folder's files the first are read, but for the second: archives with SBOMs in them are not."""

_PATTERN = re.compile(r"[*?[]")

_CHUNK_BYTES = 2**20
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_UNMARKED = (("utf-16-le", re.compile(rb"(?:[\t-~]\0){2}")), ("utf-16-be", re.compile(rb"(?:\0[\t-~]){2}")))
"""What UTF-16 begins with where no mark tells: two characters of ASCII, as every format of SBOM does."""

_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"


Found = TypeVar("Found")
"""What a file is read as."""


class Readable(Protocol):
    """What is read of files, pipes and decompressors."""

    def read(self, size: int, /) -> bytes:
        """At most so many bytes; none at the end."""
        ...


class NoSbomError(UnreadableError):
    """A file that is no SBOM at all, in no format known."""


def read_document(data: bytes, path: str) -> Document:
    """The document in these bytes; `path` names it in messages.

    What is wrong inside becomes a problem of the document. Raises `UnreadableError` where nothing can be read: malformed JSON, a
    format that is not built yet, a file over the limits; `NoSbomError` where it is no SBOM.
    """
    source = source_of(data, path)
    try:
        return _read(source)
    except UnicodeDecodeError as error:
        # One bad byte in one name: the others can still be read.
        problems = Problems(path)
        problems.loss(ProblemCode.BAD_RECORD, "", f"is no UTF-8 ({error.reason}); bytes that are none are read as U+FFFD")
        repaired = source.text.decode("utf-8", "replace").encode()
        return _read(Source(path, source.sha256, repaired, problems, is_utf8=True))


def source_of(data: bytes, path: str) -> Source:
    """A document on its way into a reader. Raises `UnreadableError` for one over the limit."""
    if len(data) > MAX_DOCUMENT_BYTES:
        raise UnreadableError(f"{path}: larger than {MAX_DOCUMENT_BYTES} bytes")
    text, is_utf8 = _utf8(data, path)
    return Source(path, hashlib.sha256(data).hexdigest(), text, Problems(path), is_utf8)


def open_documents(paths: Iterable[str]) -> Iterator[Document | Problem | UnreadableError]:
    """The documents of files, folders, patterns and standard input (`-`), one by one, in the order given; of folders and patterns by path.

    Of a folder the files with suffixes of SBOMs are read, at any depth, links to folders not followed. A pattern (`sboms/**/*.json`)
    is what a shell would have made of it. What cannot be read comes as the error in its place, so that the caller can go on; a
    folder's file that is no SBOM at all comes as a problem, a note.
    """
    return opened(paths, read_document)


def opened(paths: Iterable[str], read: Callable[[bytes, str], Found]) -> Iterator[Found | Problem | UnreadableError]:
    """Likewise for what `read` reads; it raises `NoSbomError` for a file that is none of its kind."""
    for found in find_files(paths):
        if isinstance(found, UnreadableError):
            yield found
            continue
        result = _open(found.path, read)
        if found.is_from_folder and isinstance(result, NoSbomError):
            yield Problem(ProblemCode.INPUT_UNREADABLE, found.path, str(result).removeprefix(f"{found.path}: "), loss=False)
        else:
            yield result


class FoundFile(NamedTuple):
    """A file that a path stands for."""

    path: str
    is_from_folder: bool


def find_files(paths: Iterable[str]) -> Iterator[FoundFile | UnreadableError]:
    """The files of `open_documents`, in its order, not yet opened; an error in the place of a folder that cannot be listed or has none."""
    for path in paths:
        for name in _matches(path) if is_pattern(path) else [path]:
            if name != STDIN and Path(name).is_dir():
                yield from _in_folder(name)
            else:
                yield FoundFile(name, is_from_folder=False)


def names_several(paths: Sequence[str]) -> bool:
    """Whether these may be several documents: more than one path, a folder, or a pattern."""
    return len(paths) > 1 or any(is_pattern(path) or Path(path).is_dir() for path in paths)


def is_pattern(path: str) -> bool:
    """Whether a path is none itself, but stands for others: the shell found nothing for it, or was not asked."""
    return _PATTERN.search(path) is not None and not Path(path).exists()


def _matches(pattern: str) -> list[str]:
    """The paths, sorted; the pattern itself where there are none, so that it is reported like any other missing file."""
    from glob import glob

    return sorted(glob(pattern, recursive=True)) or [pattern]  # noqa: PTH207  # it knows hidden files as shells do


def _in_folder(folder: str) -> Iterator[FoundFile | UnreadableError]:
    closed: list[OSError] = []
    files = sorted(_files(folder, closed))
    yield from (UnreadableError(f"{error.filename}: {error.strerror}") for error in closed)
    if not files and not closed:
        yield UnreadableError(f"{folder}: holds no file named {', '.join(f'*{suffix}' for suffix in DOCUMENT_SUFFIXES)}")
    yield from (FoundFile(path, is_from_folder=True) for path in files)


def _files(folder: str, closed: list[OSError]) -> Iterator[str]:
    """Paths of the files to read; folders that cannot be listed go to `closed`. Pipes and devices are passed over, broken links are not."""
    for root, _, names in os.walk(folder, onerror=closed.append):
        for name in names:
            if name.endswith(DOCUMENT_SUFFIXES) and not name.endswith(_ARCHIVE_SUFFIXES):
                path = Path(root, name)
                if path.is_file() or not path.exists():
                    yield str(path)


def _open(path: str, read: Callable[[bytes, str], Found]) -> Found | UnreadableError:
    try:
        return read(read_bytes(path), path)
    except UnreadableError as error:
        return error


def read_bytes(path: str) -> bytes:
    """What a file or standard input holds, unpacked. Raises `UnreadableError`."""
    try:
        with nullcontext(sys.stdin.buffer) if path == STDIN else Path(path).open("rb") as stream:
            data = _bounded(stream, path)
    except FileNotFoundError as error:
        raise UnreadableError(f"{path}: there is no such file; name an SBOM, a folder of SBOMs, or - for standard input") from error
    except OSError as error:
        raise UnreadableError(f"{path}: {error.strerror or error}") from error
    return decompressed(data, path)


def decompressed(data: bytes, path: str) -> bytes:
    """The bytes themselves, or what they hold if they begin as gzip or zstd do. Raises `UnreadableError`: damaged, or over the limit."""
    if data.startswith(_GZIP):
        return _gunzipped(data, path)
    if data.startswith(_ZSTD):
        return _unzstd(data, path)
    return data


def _gunzipped(data: bytes, path: str) -> bytes:
    import gzip

    from isal import igzip, isal_zlib

    gzip_file: type[gzip.GzipFile] = igzip.IGzipFile  # three times as fast, and untyped
    damaged = cast("type[Exception]", isal_zlib.error)  # isal's stubs call it an instance
    try:
        with gzip_file(fileobj=BytesIO(data)) as stream:
            return _bounded(stream, path)
    except (EOFError, OSError, damaged) as error:
        raise UnreadableError(f"{path}: damaged gzip: {error}") from error


def _unzstd(data: bytes, path: str) -> bytes:
    from zstandard import ZstdDecompressor, ZstdError

    try:
        with ZstdDecompressor().stream_reader(data, read_across_frames=True) as stream:
            return _bounded(stream, path)
    except ZstdError as error:
        raise UnreadableError(f"{path}: damaged zstd: {error}") from error


def _bounded(stream: Readable, path: str) -> bytes:
    """All of a stream; no more than a chunk over the limit is ever held."""
    chunks: list[bytes] = []
    size_bytes = 0
    while chunk := stream.read(_CHUNK_BYTES):
        size_bytes += len(chunk)
        if size_bytes > MAX_DOCUMENT_BYTES:
            raise UnreadableError(f"{path}: larger than {MAX_DOCUMENT_BYTES} bytes")
        chunks.append(chunk)
    return b"".join(chunks)


def _read(source: Source, wrappers: int = 0) -> Document:
    try:
        opening = opening_of(source.text)
        if opening.head and source.text.count(b"{") > MAX_OBJECTS:
            raise UnreadableError(f"{source.path}: holds more than {MAX_OBJECTS} JSON objects")
        for reader in READERS:
            if reader.recognises(opening):
                return reader.read(source)
        inner = unwrapped(opening.head, source) if opening.head and wrappers < MAX_WRAPPERS else None
        if inner is None:
            raise _refusal(source, opening)
    except DecodeError as error:
        raise UnreadableError(f"{source.path}: malformed JSON, perhaps cut short: {error}") from error
    except RecursionError as error:
        raise UnreadableError(f"{source.path}: nested more deeply than any SBOM is") from error
    return _read(replace(source, text=inner), wrappers + 1)


def _refusal(source: Source, opening: Opening) -> UnreadableError:
    if not opening.beginning:
        return UnreadableError(f"{source.path}: is empty, perhaps cut short")
    if opening.head and (found := refused(opening.head)):
        return UnreadableError(f"{source.path}: reading {found.name} is not built yet; {found.advice}")
    return NoSbomError(f"{source.path}: no SBOM, but {described(source.text, opening.head)}")


def _utf8(data: bytes, path: str) -> tuple[bytes, bool]:
    """The text in UTF-8 without its byte order mark, and whether a mark told its encoding.

    UTF-16 and UTF-32 occur: PowerShell writes them.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _recoded(data[len(mark) :], encoding, path), True
    for encoding, first in _UNMARKED:
        if first.match(data):
            return _recoded(data, encoding, path), True
    return data, False


def _recoded(data: bytes, encoding: str, path: str) -> bytes:
    try:
        return data if encoding == "utf-8" else data.decode(encoding).encode()
    except UnicodeError as error:
        raise UnreadableError(f"{path}: damaged {encoding}: {error}") from error
