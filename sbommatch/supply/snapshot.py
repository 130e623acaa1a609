"""Snapshots: the state of a feed in local files, as the feed publishes it or as a snapshot folder.

Feeds publish folders, single files, zips and tars, packed by gzip, bzip2, xz or zstd or not; what a file is, its first bytes tell.

A snapshot folder is the files plus `snapshot.json`: {feed, captured_at, files: [{path, sha256, url}]}; its digests are checked before
anything is read. Nothing is unpacked to disk. A file that cannot be read is a problem and the others are read; an archive whose directory
is broken is an error.
"""

import re
import zlib
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from hashlib import file_digest, sha256
from pathlib import Path, PurePosixPath

import msgspec
from msgspec import Struct

from sbommatch.errors import DigestError, FeedError, UsageError
from sbommatch.problem import Problem, ProblemCode
from sbommatch.supply.archives import FILE_LIMIT_BYTES, Skip, members, skip_nothing, tar_members
from sbommatch.supply.packed import PACKED_ENDINGS, UnpackError, is_tar, unpacked

MANIFEST = "snapshot.json"

FILES_LIMIT = 2_000_000
"""Files of a folder; all ecosystems of OSV together have some hundred thousand records."""

ARCHIVE_ENDINGS = (".zip", ".tar", ".tgz", ".tbz2", ".txz", ".tzst")

FILES_NAMED_LIMIT = 5
"""Paths that an error message lists."""


class SnapshotFile(Struct, frozen=True):
    """One file that a snapshot holds, an archive's members among them."""

    where: str
    """For people: `all.zip: PYSEC-2021-1.json`."""
    name: str
    """Inside the snapshot, whatever the snapshot itself is called; goes into its digest."""
    content: bytes


class Snapshot(Struct, frozen=True, kw_only=True):
    """A feed's state in local files, opened but not yet read."""

    feed: str
    path: Path
    files: tuple[Path, ...]
    """Relative to `path`, sorted; empty where `path` is the one file."""
    captured_at: datetime | None
    """Given by the user, else stated by `snapshot.json`; UTC."""
    url: str | None = None
    """Where it came from, as `snapshot.json` states."""


class _ManifestFile(Struct):
    path: str
    sha256: str
    url: str | None = None


class _Manifest(Struct):
    feed: str
    captured_at: str
    files: tuple[_ManifestFile, ...]


def parse_date(text: str) -> datetime | None:
    """A date, or a time of RFC 3339, in UTC; None for anything else.

    >>> parse_date("2026-08-21T14:33:04+02:00")
    datetime.datetime(2026, 8, 21, 12, 33, 4, tzinfo=datetime.timezone.utc)
    """
    if not DATE.fullmatch(text):
        return None
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


DATE = re.compile(r"\d{4}-\d{2}-\d{2}([Tt ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?([Zz]|[+-]\d{2}:\d{2})?)?")


def open_snapshot(feed: str, path: Path, captured_at: datetime | None = None) -> Snapshot:
    """The snapshot at `path`, its digests checked where it states some.

    Raises FeedError where there is nothing to read, DigestError where a file is not the one stated, UsageError where it is another feed's.
    """
    if not path.exists():
        raise FeedError(f"{feed}: {path} does not exist")
    if not path.is_dir():
        return Snapshot(feed=feed, path=path, files=(), captured_at=captured_at)
    if (path / MANIFEST).exists():
        return _open_with_manifest(feed, path, captured_at)
    files = tuple(sorted(file.relative_to(path) for file in _walk(path)))
    if not files:
        raise FeedError(f"{feed}: {path} holds no file")
    return Snapshot(feed=feed, path=path, files=files, captured_at=captured_at)


def _walk(folder: Path) -> Iterator[Path]:
    """The folder's files; hidden ones and what hangs below hidden folders are nobody's feed. Raises FeedError past the limit."""
    for count, path in enumerate(folder.rglob("*")):
        if count > FILES_LIMIT:
            raise FeedError(f"{folder}: more than {FILES_LIMIT} files")
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts):
            yield path


def _open_with_manifest(feed: str, path: Path, captured_at: datetime | None) -> Snapshot:
    manifest, stated_at = _read_manifest(path / MANIFEST)
    if manifest.feed != feed:
        raise UsageError(f"{path}: its {MANIFEST} says that it is a snapshot of {manifest.feed}, not of {feed}")
    for file in manifest.files:
        _verify(path, file)
    return Snapshot(
        feed=feed,
        path=path,
        files=tuple(sorted(Path(file.path) for file in manifest.files)),
        captured_at=captured_at or stated_at,
        url=next((file.url for file in manifest.files if file.url), None),
    )


def stated(folder: Path) -> tuple[str, datetime]:
    """The feed and the moment that the `snapshot.json` in a folder states. Raises FeedError where it cannot be read."""
    manifest, captured_at = _read_manifest(folder / MANIFEST)
    return manifest.feed, captured_at


def _read_manifest(path: Path) -> tuple[_Manifest, datetime]:
    try:
        manifest = msgspec.json.decode(path.read_bytes(), type=_Manifest)
    except (OSError, ValueError, RecursionError) as exc:
        raise FeedError(f"{path}: cannot be read: {exc}") from exc
    captured_at = parse_date(manifest.captured_at)
    if captured_at is None:
        raise FeedError(f"{path}: captured_at {manifest.captured_at!r} is no date")
    if not manifest.files:
        raise FeedError(f"{path}: it lists no file")
    return manifest, captured_at


def _verify(folder: Path, file: _ManifestFile) -> None:
    """Raises DigestError unless the file has the digest stated, FeedError where it cannot be read or lies elsewhere."""
    pure = PurePosixPath(file.path)
    target = folder / pure
    if pure.is_absolute() or ".." in pure.parts or not target.resolve().is_relative_to(folder.resolve()):
        raise FeedError(f"{folder / MANIFEST}: {file.path!r} is no path inside the folder")
    try:
        with target.open("rb") as stream:
            digest = file_digest(stream, "sha256").hexdigest()
    except OSError as exc:
        raise FeedError(f"{target}: listed in {MANIFEST} and cannot be read: {exc.strerror}") from exc
    if digest != file.sha256.removeprefix("sha256:").lower():
        raise DigestError(f"{target}: sha256 is {digest}, {MANIFEST} says {file.sha256}: the snapshot is not used; fetch it again")


def read_files(snapshot: Snapshot, suffixes: tuple[str, ...], skip: Skip = skip_nothing) -> Iterator[SnapshotFile | Problem]:
    """The files that a format of these suffixes reads, sorted by name, but those to skip; members of zips are then not even unpacked.

    Raises FeedError where an archive is broken, or where there is no such file.
    """
    if not snapshot.files:
        yield from _read(snapshot.path, "", suffixes, skip)
        return
    wanted = [file for file in snapshot.files if file.name != MANIFEST and _is_wanted(f"/{file.as_posix()}", suffixes)]
    if not wanted:
        named = ", ".join(map(str, snapshot.files[:FILES_NAMED_LIMIT]))
        raise FeedError(
            f"{snapshot.path} holds no file of the kind that the feed publishes ({', '.join(suffixes)}, an archive), but {named}"
        )
    for file in wanted:
        yield from _read(snapshot.path / file, file.as_posix(), suffixes, skip)


def _is_wanted(name: str, suffixes: tuple[str, ...]) -> bool:
    for ending in PACKED_ENDINGS:
        name = name.removesuffix(ending)
    return name.endswith((*suffixes, *ARCHIVE_ENDINGS))


def _read(path: Path, name: str, suffixes: tuple[str, ...], skip: Skip) -> Iterator[SnapshotFile | Problem]:
    """One file of the disk, told by its first bytes: an archive's members, or the document itself.

    `name` is its path in the snapshot; empty where it is all there is.
    """
    where = name or path.name

    def skip_member(member: str, crc32: int, size_bytes: int) -> bool:
        return skip(f"{name}/{member}", crc32, size_bytes)

    try:
        with path.open("rb") as stream:
            if stream.read(2) == b"PK":
                yield from _members(members(stream, str(path), suffixes, skip_member), where, name)
                return
            if path.suffix == ".zip":
                raise FeedError(f"{path}: it is no zip archive; fetch it again")
            stream.seek(0)
            with unpacked(stream) as content:
                if is_tar(content):
                    yield from _members(tar_members(content, str(path), suffixes), where, name)
                    return
                document = content.read(FILE_LIMIT_BYTES + 1)
    except UnpackError as exc:
        yield Problem(ProblemCode.INPUT_UNREADABLE, where, f"damaged: {exc}", loss=True)
    except OSError as exc:
        yield Problem(ProblemCode.INPUT_UNREADABLE, where, f"cannot be read: {exc.strerror or exc}", loss=True)
    else:
        if len(document) > FILE_LIMIT_BYTES:
            yield Problem(ProblemCode.LIMIT_REACHED, where, f"over {FILE_LIMIT_BYTES} bytes", loss=True)
        elif not skip(where, zlib.crc32(document), len(document)):
            yield SnapshotFile(where, where, document)


def _members(found: Iterable[tuple[str, bytes | Problem]], where: str, name: str) -> Iterator[SnapshotFile | Problem]:
    for member, content in found:
        yield content if isinstance(content, Problem) else SnapshotFile(f"{where}: {member}", f"{name}/{member}", content)


def snapshot_digest(files: Iterable[tuple[str, str]]) -> str:
    """Hexadecimal SHA-256 over sorted lines `DIGEST  NAME`, of (name, SHA-256 of the content): equal for equal files anywhere."""
    return sha256("".join(sorted(f"{digest}  {name}\n" for name, digest in files)).encode("utf-8", "surrogateescape")).hexdigest()
