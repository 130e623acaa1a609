"""SQLite's write-ahead log (https://www.sqlite.org/fileformat2.html, section 4): what rpm wrote and has not yet put into its database.

The log is a header and frames, each one page. A frame counts where its salts are the header's and the checksum over all before it is
right, and where a frame that ends a transaction is not before it: exactly as SQLite recovers a log after a crash.
"""

from struct import Struct as Layout

from msgspec import Struct

from sbomgen.rpmdb.blobs import RpmdbError
from sbomgen.rpmdb.sqlite import PAGE_SIZES

MAGIC = {0x377F0682: "<", 0x377F0683: ">"}
"""The byte order in which the checksums take the words; all fields are big-endian."""

VERSION = 3007000

TABLE_PAGES = frozenset({0, 5, 13})
"""First bytes of the pages that a table can need: of its tree, and of overflow pages, which begin with the number of the next page (it
would be above 16,777,215 for another first byte). Those of indexes, more than half of rpm's, are not kept."""

_HEADER = Layout(">8I")
_FRAME = Layout(">6I")
_WORD = 0xFFFFFFFF


class Log(Struct, frozen=True, array_like=True):
    """The pages that a log puts in the place of its database's."""

    page_bytes: int
    pages: dict[int, bytes]
    """By number, as the last transaction left them; without those that are no table's."""


def read_log(body: bytes) -> Log | None:
    """The committed pages; None where there are none. Raises `RpmdbError` where it is no log: SQLite takes no notice of such a file."""
    if not body:
        return None
    if len(body) < _HEADER.size:
        raise RpmdbError("", "ends within its header")
    magic, version, page_bytes, _, *salts, first, second = _HEADER.unpack_from(body)
    order = MAGIC.get(magic)
    if order is None or version != VERSION or page_bytes not in PAGE_SIZES:
        raise RpmdbError("", "is no write-ahead log")
    checksum = _checksum(order, body[: _HEADER.size - 8], (0, 0))
    if checksum != (first, second):
        raise RpmdbError("", "has another checksum than it states")
    return _replay(body, page_bytes, tuple(salts), (order, checksum))


def _replay(body: bytes, page_bytes: int, salts: tuple[int, ...], state: tuple[str, tuple[int, int]]) -> Log | None:
    order, checksum = state
    committed: dict[int, bytes] = {}
    written: dict[int, bytes] = {}
    size_pages = 0
    for offset in range(_HEADER.size, len(body) - _FRAME.size - page_bytes + 1, _FRAME.size + page_bytes):
        number, size_after, salt1, salt2, first, second = _FRAME.unpack_from(body, offset)
        page = body[offset + _FRAME.size : offset + _FRAME.size + page_bytes]
        checksum = _checksum(order, page, _checksum(order, body[offset : offset + 8], checksum))
        if not number or (salt1, salt2) != salts or checksum != (first, second):
            break
        written[number] = page
        if size_after:
            committed |= written
            written.clear()
            size_pages = size_after
    kept = {number: page for number, page in committed.items() if number <= size_pages and (number == 1 or page[0] in TABLE_PAGES)}
    return Log(page_bytes, kept) if kept else None


def _checksum(order: str, body: bytes, before: tuple[int, int]) -> tuple[int, int]:
    """Section 4.2, "Checksum algorithm"."""
    first, second = before
    words = iter(Layout(f"{order}{len(body) // 4}I").unpack(body))
    for even, odd in zip(words, words, strict=True):
        first = first + even + second & _WORD
        second = second + odd + first & _WORD
    return first, second
