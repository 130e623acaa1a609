"""Writes what the readers read: headers, and Berkeley DB, NDB and SQLite databases of them, sound or spoilt in one place."""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from struct import pack, unpack
from typing import Self
from zlib import adler32

from sbomgen.rpmdb import header as tags

Value = str | bytes | int | Sequence[str] | Sequence[int]
_HEADER_IMMUTABLE = 63


def entry(value: Value) -> tuple[int, int, bytes]:
    """Type, count and data of an entry: texts, lists of them, bytes, numbers of 32 bits."""
    if isinstance(value, str):
        return 6, 1, value.encode() + b"\0"
    if isinstance(value, bytes):
        return 7, len(value), value
    numbers = [value] if isinstance(value, int) else [number for number in value if isinstance(number, int)]
    if numbers:
        return 4, len(numbers), pack(f">{len(numbers)}I", *numbers)
    texts = [] if isinstance(value, int) else [text for text in value if isinstance(text, str)]
    return 8, len(texts), b"".join(text.encode() + b"\0" for text in texts)


def raw_header(entries: Iterable[tuple[int, int, int, bytes]]) -> bytes:
    """A header of entries: tag, type, count, data."""
    index, data = [], b""
    for tag, kind, count, body in entries:
        index.append(pack(">4I", tag, kind, len(data), count))
        data += body
    return pack(">2I", len(index), len(data)) + b"".join(index) + data


def header(name: str = "a", version: str = "1", release: str = "1", more: Mapping[int, Value] | None = None) -> bytes:
    """A header with its region marked as rpm does."""
    values: dict[int, Value] = {tags.NAME: name, tags.VERSION: version, tags.RELEASE: release, tags.ARCH: "x86_64", **(more or {})}
    region = (_HEADER_IMMUTABLE, 7, 16, pack(">4i", _HEADER_IMMUTABLE, 7, -16 * (len(values) + 1), 16))
    return raw_header([region, *((tag, *entry(value)) for tag, value in values.items())])


def files(*paths: str) -> dict[int, Value]:
    """The entries of a list of files."""
    folders = sorted({path.rpartition("/")[0] + "/" for path in paths})
    return {
        tags.BASENAMES: [path.rpartition("/")[2] for path in paths],
        tags.DIRNAMES: folders,
        tags.DIR_INDEXES: [folders.index(path.rpartition("/")[0] + "/") for path in paths],
    }


def bdb(blobs: Mapping[int, bytes], order: str = "<", page_bytes: int = 512) -> bytes:
    """A hash database with a page of buckets for every pair, and a value on overflow pages where it is too long for its page."""
    pages: list[bytes] = [b""]
    for number, blob in {0: pack(f"{order}I", len(blobs)), **blobs}.items():
        key, here = pack(f"{order}BI", 1, number), len(pages)
        if len(blob) < page_bytes // 2:
            pages.append(_bdb_bucket(order, page_bytes, here, (key, b"\1" + blob)))
        else:
            pages.append(_bdb_bucket(order, page_bytes, here, (key, pack(f"{order}B3x2I", 3, here + 1, len(blob)))))
            room = page_bytes - 26
            pieces = [blob[start : start + room] for start in range(0, len(blob), room)]
            for piece in pieces:
                following = len(pages) + 1 if piece is not pieces[-1] else 0
                pages.append((_bdb_header(order, len(pages), following, 1, len(piece), 7) + piece).ljust(page_bytes, b"\0"))
    meta = pack(f"{order}8xI3I2BBxII", 0, 0x061561, 9, page_bytes, 0, 8, 0, 0, len(pages) - 1)
    pages[0] = meta.ljust(page_bytes, b"\0")
    return b"".join(pages)


def _bdb_header(order: str, number: int, following: int, entries: int, offset: int, kind: int) -> bytes:
    return pack(f"{order}8xIIIHHBB", number, 0, following, entries, offset, 0, kind)


def _bdb_bucket(order: str, page_bytes: int, number: int, items: tuple[bytes, ...]) -> bytes:
    end, index, packed = page_bytes, b"", b""
    for item in items:
        end -= len(item)
        index, packed = index + pack(f"{order}H", end), item + packed
    start = _bdb_header(order, number, 0, len(items), end, 13) + index
    return start.ljust(end, b"\0") + packed


def ndb(blobs: Mapping[int, bytes]) -> bytes:
    """One page of slots, then the blobs in their blocks."""
    slots, blocks, block = [pack("<4s7I", b"RpmP", 0, 1, 1, 0, 0, 0, 0)], b"", 4096 // 16
    for number, blob in blobs.items():
        count = -(-(len(blob) + 28) // 16)
        body = (pack("<4s3I", b"BlbS", number, 1, len(blob)) + blob).ljust(count * 16 - 12, b"\0")
        blocks += body + pack("<2I4s", adler32(body), len(blob), b"BlbE")
        slots.append(pack("<4s3I", b"Slot", number, block, count))
        block += count
    free = 4096 // 16 - len(slots) - 1
    return b"".join(slots) + pack("<4s3I", b"Slot", 0, 0, 0) * free + blocks


def wal(order: str, frames: Iterable[tuple[int, int, bytes]]) -> bytes:
    """A write-ahead log of frames: page number, pages of the database after a transaction's last frame or 0, page of 512 bytes."""
    body = pack(">6I", 0x377F0682 if order == "<" else 0x377F0683, 3007000, 512, 0, 1, 2)
    state = _wal_checksum(order, body, (0, 0))
    body += pack(">2I", *state)
    for number, size_after, page in frames:
        state = _wal_checksum(order, pack(">2I", number, size_after) + page, state)
        body += pack(">6I", number, size_after, 1, 2, *state) + page
    return body


def _wal_checksum(order: str, body: bytes, state: tuple[int, int]) -> tuple[int, int]:
    words = unpack(f"{order}{len(body) // 4}I", body)
    first, second = state
    for start in range(0, len(words), 2):
        first = (first + words[start] + second) % (1 << 32)
        second = (second + words[start + 1] + first) % (1 << 32)
    return first, second


class RpmdbSqlite:
    """A database made by SQLite itself, in WAL mode; `body` and `log` are its files as they are now, unfinished as after a crash."""

    def __init__(self, folder: Path, page_bytes: int = 512) -> None:
        self._path = folder / "rpmdb.sqlite"
        self._connection = sqlite3.connect(self._path, isolation_level=None)
        for statement in (
            f"PRAGMA page_size={page_bytes}",
            "PRAGMA journal_mode=WAL",
            "PRAGMA wal_autocheckpoint=0",
            "PRAGMA synchronous=OFF",
        ):
            self._connection.execute(statement).fetchall()

    def create(self) -> None:
        """The tables, with an index as rpm makes them, and others enough that the schema has more than a page."""
        self._connection.execute("CREATE TABLE 'Packages' (hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL)")
        for name in ("Name", "Basenames", "Providename", "Requirename", "Dirnames"):
            self._connection.execute(f"CREATE TABLE '{name}' (key 'TEXT' NOT NULL, hnum INTEGER NOT NULL, idx INTEGER NOT NULL)")
            self._connection.execute(f"CREATE INDEX '{name}_key_idx' ON '{name}'(key ASC)")

    def run(self, statement: str, values: Sequence[object] = ()) -> None:
        """One statement, with a transaction of its own unless one is open."""
        self._connection.execute(statement, values)

    def put(self, blobs: Mapping[int, bytes]) -> None:
        """Add or replace headers."""
        for number, blob in blobs.items():
            self.run("INSERT OR REPLACE INTO Packages VALUES (?, ?)", (number, blob))
            self.run("INSERT INTO Name VALUES (?, ?, 0)", (f"name {number}", number))

    def checkpoint(self) -> None:
        """Everything into the database; the log begins anew with the next transaction."""
        self.run("PRAGMA wal_checkpoint(RESTART)")

    @property
    def body(self) -> bytes:
        return self._path.read_bytes()

    @property
    def log(self) -> bytes:
        return self._path.with_name("rpmdb.sqlite-wal").read_bytes()

    def rows(self) -> dict[int, bytes]:
        """As SQLite has them."""
        return dict(self._connection.execute("SELECT hnum, blob FROM Packages ORDER BY hnum"))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()
