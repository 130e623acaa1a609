"""Berkeley DB's hash databases, as far as rpm uses them (libdb 3 to 5, `dbinc/db_page.h`).

Page 0 describes the database. Pages of buckets hold pairs of items, key and value by turns, packed from the page's end; a value that is too
long for its page stands on a chain of overflow pages. Keys are header numbers of 4 bytes; number 0 is rpm's own counter.

The pages are read in their order and not bucket by bucket: each that is in use says what it is, and one that is not is marked as free.
"""

from collections.abc import Iterator
from struct import Struct as Layout
from typing import Literal

from msgspec import Struct

from sbomgen.rpmdb.blobs import BLOB_LIMIT_BYTES, Blob, Damage, RpmdbError, limited

MAGIC = 0x061561
VERSIONS = range(7, 11)
"""Of the hash format, from libdb 3.1 (Red Hat Linux 7) to 5.3."""

PAGE_SIZES = tuple(1 << bits for bits in range(9, 17))
"""All that libdb knows, in bytes."""

COUNTER = 0
"""The number under which rpm keeps the last one it gave."""

_META_BYTES = 72
_META = "16x2I3B5xI"
_HEADER = "16xI2HxB"
_HEADER_BYTES = 26
_HASH_PAGES = frozenset({2, 13})
"""Unsorted, as all were before format 9, and sorted."""

_META_PAGE = 8
_OVERFLOW_PAGE = 7
_ITEM_IN_PAGE = 1
_KEY_BYTES = 5
"""The kind of the item and the number."""

_ITEM_ON_OVERFLOW = 3
_OVERFLOW_ITEM_BYTES = 12


class _Header(Struct, frozen=True):
    """The fields of a page's header that matter here."""

    next: int
    entries: int
    offset: int
    """Of overflow pages: how many bytes of the value stand on it."""
    kind: int


def is_hash_database(body: bytes) -> bool:
    """Whether the file begins as Berkeley DB's hash databases do, in either byte order."""
    return body[12:16] in {MAGIC.to_bytes(4, "little"), MAGIC.to_bytes(4, "big")}


def read_database(body: bytes) -> Iterator[Blob | Damage]:
    """The header blobs, and what is damaged; raises `RpmdbError` where the first page says that nothing can be read."""
    return limited(_Database(body).read())


class _Database:
    """A file whose first page makes sense."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._byteorder: Literal["little", "big"] = "little" if body[12:16] == MAGIC.to_bytes(4, "little") else "big"
        self._sign = "<" if self._byteorder == "little" else ">"
        self._header = Layout(self._sign + _HEADER)
        self._used: set[int] = set()
        if len(body) < _META_BYTES:
            raise RpmdbError("", "ends within its first page")
        version, self._page_bytes, encryption, kind, flags, self._last_page = Layout(self._sign + _META).unpack_from(body)
        if version not in VERSIONS or kind != _META_PAGE:
            raise RpmdbError("", f"is in Berkeley DB's hash format {version}, which is not known")
        if self._page_bytes not in PAGE_SIZES:
            raise RpmdbError("", f"has pages of {self._page_bytes} bytes, which Berkeley DB does not make")
        if encryption or flags:
            raise RpmdbError("", "has encrypted, checksummed or partitioned pages, which rpm does not make")

    def read(self) -> Iterator[Blob | Damage]:
        in_file = len(self._body) // self._page_bytes - 1
        for number in range(1, min(self._last_page, in_file) + 1):
            header, page = self._page(number)
            if header.kind in _HASH_PAGES:
                yield from self._pairs(number, self._items(header, page))
        if self._last_page > in_file:
            yield Damage("", f"ends after page {in_file} of {self._last_page}")

    def _page(self, number: int) -> tuple[_Header, bytes]:
        page = self._body[number * self._page_bytes : (number + 1) * self._page_bytes]
        if not 0 < number <= self._last_page or len(page) < self._page_bytes:
            raise RpmdbError(f"page {number}", "is not in the file")
        return _Header(*self._header.unpack_from(page)), page

    def _items(self, header: _Header, page: bytes) -> Iterator[bytes]:
        """The items of a page, from its end to its beginning; one that is not where it must be is empty: items do not overlap."""
        index_end = _HEADER_BYTES + 2 * header.entries
        entries = header.entries if index_end <= len(page) else 0
        end = len(page)
        for start in Layout(f"{self._sign}{entries}H").unpack_from(page, _HEADER_BYTES):
            if index_end <= start < end:
                yield page[start:end]
                end = start
            else:
                yield b""

    def _pairs(self, number: int, items: Iterator[bytes]) -> Iterator[Blob | Damage]:
        for key in items:
            value = next(items, b"")
            if len(key) != _KEY_BYTES or key[0] != _ITEM_IN_PAGE:
                yield Damage(f"page {number}", "has a key that is no header's number")
                continue
            header = int.from_bytes(key[1:], self._byteorder)
            if header == COUNTER:
                continue
            try:
                yield Blob(header, self._value(value))
            except RpmdbError as exc:
                yield Damage(f"page {number}: header {header}", str(exc))

    def _value(self, item: bytes) -> bytes:
        if item[:1] == bytes([_ITEM_IN_PAGE]):
            return item[1:]
        if item[:1] == bytes([_ITEM_ON_OVERFLOW]) and len(item) == _OVERFLOW_ITEM_BYTES:
            first, size_bytes = Layout(f"{self._sign}4x2I").unpack(item)
            return self._overflow(first, size_bytes)
        raise RpmdbError("", "is kept in a way that rpm does not use")

    def _overflow(self, number: int, size_bytes: int) -> bytes:
        """The value on a chain of overflow pages; no page serves two values, so that no chain ends in itself."""
        if size_bytes > BLOB_LIMIT_BYTES:
            raise RpmdbError("", f"says that it has {size_bytes:,} bytes: no header has more than {BLOB_LIMIT_BYTES:,}")
        pieces: list[bytes] = []
        missing = size_bytes
        while number:
            header, page = self._page(number)
            if number in self._used:
                raise RpmdbError(f"page {number}", "belongs to another value")
            self._used.add(number)
            if header.kind != _OVERFLOW_PAGE or not 0 < header.offset <= min(missing, len(page) - _HEADER_BYTES):
                raise RpmdbError(f"page {number}", "is no overflow page of this value")
            pieces.append(page[_HEADER_BYTES : _HEADER_BYTES + header.offset])
            missing -= header.offset
            number = header.next
        if missing:
            raise RpmdbError("", f"lacks {missing:,} of its {size_bytes:,} bytes")
        return b"".join(pieces)
