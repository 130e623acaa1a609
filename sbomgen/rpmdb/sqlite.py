"""SQLite's file format (https://www.sqlite.org/fileformat2.html), as far as rpm's table `Packages` (hnum, blob) needs it.

A table is a tree of pages; its leaves hold the rows in the order of their numbers, and what is too long for a leaf goes on on a chain of
overflow pages. Page 1 is the root of the schema, the table that names the root pages of all others.

A database that rpm is not done with has a write-ahead log beside it, whose pages stand for the database's own (`sbomgen.rpmdb.wal`). A
cataloger gets one file at a time, so the two meet later: what is kept of the database is the rows and the tree that holds them (`Tree`, a
few bytes a row), and `merge` walks that tree with the log's pages in it. Rows whose pages the log has come from it; of all others the tree
says which are still there. That suffices because rpm never uses a row's number again: a row that is rewritten in place (its file states
changed) is the same package.
"""

import struct
from collections.abc import Callable, Iterator, Mapping

from msgspec import Struct

from sbomgen.rpmdb.blobs import BLOB_LIMIT_BYTES, Blob, Damage, RpmdbError, limited

MAGIC = b"SQLite format 3\0"
PAGE_SIZES = tuple(1 << bits for bits in range(9, 17))
"""All that SQLite knows, in bytes."""

COLUMNS_LIMIT = 5
"""Columns of a row that are looked at: as many as the schema has."""

DEPTH_LIMIT = 20
"""Levels of a tree, as in SQLite (BTCURSOR_MAX_DEPTH)."""

TABLE = b"packages"

_SCHEMA_ROOT = 1
_FILE_HEADER_BYTES = 100
_UTF_8 = (0, 1)
"""Text encodings; 0 stands in a database without any table yet."""

_INTERIOR, _LEAF = 5, 13
_INTEGER_BYTES = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8, 7: 8}
_HEADER = struct.Struct(">16xH2xB")
_ENCODING = struct.Struct(">56xI")
_PAGE = struct.Struct(">3xH")
_NUMBER = struct.Struct(">I")
_VARINT_BYTES = 9


class TablePage(Struct, frozen=True, array_like=True, omit_defaults=True):
    """A page of the tree without its contents."""

    number: int
    children: tuple[int, ...] = ()
    rows: tuple[int, ...] = ()


class Tree(Struct, frozen=True, array_like=True):
    """What `merge` has to know of a database."""

    page_bytes: int
    usable_bytes: int
    """Of a page: SQLite can leave some at its end to extensions."""
    root: int
    """Page of the table `Packages`; 0 where the database has none (yet)."""
    pages: tuple[TablePage, ...]


class _Cell(Struct, frozen=True):
    """A row as a leaf has it."""

    row: int
    size_bytes: int
    local: bytes
    overflow: int
    """First page of the rest; 0 where there is none."""


_Page = tuple[TablePage, list[_Cell]]
_PageOf = Callable[[int], bytes]


def read_database(body: bytes) -> Iterator[Blob | Damage | Tree]:
    """The header blobs in the order of their numbers, what is damaged, and at last the tree.

    Raises `RpmdbError` where the file's header says that nothing can be read.
    """
    page_bytes, usable_bytes = _sizes(body)
    return _read(_Table(_pages_of(body, page_bytes), usable_bytes), page_bytes, usable_bytes)


def _read(table: "_Table", page_bytes: int, usable_bytes: int) -> Iterator[Blob | Damage | Tree]:
    root = 0
    pages: list[TablePage] = []
    for found in limited(table.rows(_SCHEMA_ROOT)):
        if isinstance(found, Blob):
            root = _root_in(found.body) or root
        elif isinstance(found, Damage):
            yield found
    rows: Iterator[TablePage | Blob | Damage] = limited(table.headers(root)) if root else iter(())
    for row in rows:
        if isinstance(row, TablePage):
            pages.append(row)
        else:
            yield row
    yield Tree(page_bytes, usable_bytes, root, tuple(pages))


def _pages_of(body: bytes, page_bytes: int) -> _PageOf:
    def page_of(number: int) -> bytes:
        page = body[(number - 1) * page_bytes : number * page_bytes]
        if number < 1 or len(page) < page_bytes:
            raise RpmdbError(f"page {number}", "is not in the file")
        return page

    return page_of


def merge(tree: Tree, log: Mapping[int, bytes]) -> Iterator[Blob | int | Damage]:
    """The rows of a database with the pages of its log: the blob where the log has it all, else the number of a row of the database.

    Raises `RpmdbError` where neither has the table, or they do not belong together.
    """
    if any(len(page) != tree.page_bytes for page in log.values()):
        raise RpmdbError("", "has pages of another size than its log")
    stated = {page.number: page for page in tree.pages if page.number not in log}
    own_rows = frozenset(row for page in tree.pages for row in page.rows)

    def page_of(number: int) -> bytes:
        if number in log:
            return log[number]
        raise RpmdbError(f"page {number}", "is neither in the log nor in the database's tree")

    table = _Table(page_of, tree.usable_bytes)
    root = tree.root
    for found in limited(table.rows(_SCHEMA_ROOT)) if _SCHEMA_ROOT in log else ():
        # Pages of the schema that the log does not have are as they were.
        root = (_root_in(found.body) if isinstance(found, Blob) else 0) or root
    if not root:
        raise RpmdbError("", "has no table Packages")
    return limited(table.merged(root, stated, own_rows))


def _sizes(body: bytes) -> tuple[int, int]:
    """The size of a page, and what of it is used."""
    if len(body) < _FILE_HEADER_BYTES:
        raise RpmdbError("", "ends within its header")
    page_bytes, reserved_bytes = _HEADER.unpack_from(body)
    page_bytes = 1 << 16 if page_bytes == 1 else page_bytes
    (encoding,) = _ENCODING.unpack_from(body)
    if page_bytes not in PAGE_SIZES or page_bytes - reserved_bytes < 480:
        raise RpmdbError("", f"has pages of {page_bytes} bytes, {reserved_bytes} of them reserved: SQLite makes no such")
    if encoding not in _UTF_8:
        raise RpmdbError("", "has text in UTF-16, which rpm does not write")
    return page_bytes, page_bytes - reserved_bytes


class _Table:
    """Walks trees. No page is used twice, so that no tree and no chain has a loop, and a small file has no endless contents."""

    def __init__(self, page_of: _PageOf, usable_bytes: int) -> None:
        self._page_of = page_of
        self._usable_bytes = usable_bytes
        self._used: set[int] = set()

    def rows(self, root: int) -> Iterator[TablePage | Blob | Damage]:
        """Each page of a table, followed by its rows: the number and the whole record."""
        for found in self._walk(root, self._parse):
            if isinstance(found, Damage):
                yield found
                continue
            page, cells = found
            yield page
            for cell in cells:
                try:
                    yield Blob(cell.row, self._record(cell))
                except RpmdbError as exc:
                    yield Damage(f"row {cell.row}", str(exc))

    def headers(self, root: int) -> Iterator[TablePage | Blob | Damage]:
        """The same, with the header of each row in place of the record."""
        for found in self.rows(root):
            yield _blob_in(found) if isinstance(found, Blob) else found

    def merged(self, root: int, stated: Mapping[int, TablePage], own_rows: frozenset[int]) -> Iterator[Blob | int | Damage]:
        """Like `rows`, with rows of pages in `stated` by their numbers."""

        def parse(number: int) -> _Page:
            return (stated[number], []) if number in stated else self._parse(number)

        for found in self._walk(root, parse):
            if isinstance(found, Damage):
                yield found
                continue
            page, cells = found
            if not cells:
                yield from page.rows
            for cell in cells:
                try:
                    yield _blob_in(Blob(cell.row, self._record(cell)))
                except RpmdbError as exc:
                    yield cell.row if cell.row in own_rows else Damage(f"row {cell.row}", str(exc))

    def _walk(self, root: int, parse: Callable[[int], _Page]) -> Iterator[_Page | Damage]:
        levels = [iter((root,))]
        while levels:
            number = next(levels[-1], None)
            if number is None:
                levels.pop()
                continue
            try:
                self._use(number)
                page, cells = parse(number)
            except RpmdbError as exc:
                yield exc.damage
                continue
            yield page, cells
            if page.children and len(levels) == DEPTH_LIMIT:
                yield Damage(f"page {number}", f"has pages below it, but no tree has more than {DEPTH_LIMIT} levels")
                continue
            levels.append(iter(page.children))

    def _use(self, number: int) -> None:
        if number in self._used:
            raise RpmdbError(f"page {number}", "is used twice")
        self._used.add(number)

    def _parse(self, number: int) -> _Page:
        body = self._page_of(number)
        try:
            return _parse(number, body[: self._usable_bytes])
        except (struct.error, IndexError) as exc:
            raise RpmdbError(f"page {number}", "has contents beyond its end") from exc

    def _record(self, cell: _Cell) -> bytes:
        """The row's whole record."""
        pieces, missing, number = [cell.local], cell.size_bytes - len(cell.local), cell.overflow
        while number:
            page = self._page_of(number)
            self._use(number)
            piece = page[4 : min(self._usable_bytes, 4 + missing)]
            pieces.append(piece)
            missing -= len(piece)
            (number,) = _NUMBER.unpack_from(page)
            if not missing and number:
                raise RpmdbError(f"page {number}", "goes on behind the row's end")
        if missing:
            raise RpmdbError("", f"lacks {missing:,} of its {cell.size_bytes:,} bytes")
        return b"".join(pieces)


def _parse(number: int, page: bytes) -> _Page:
    """Raises `struct.error` or `IndexError` where something points behind the page."""
    start = _FILE_HEADER_BYTES if number == _SCHEMA_ROOT else 0
    kind = page[start]
    (count,) = _PAGE.unpack_from(page, start)
    if kind == _INTERIOR:
        (last,) = _NUMBER.unpack_from(page, start + 8)
        pointers = struct.Struct(f">{count}H").unpack_from(page, start + 12)
        return TablePage(number, (*(_NUMBER.unpack_from(page, pointer)[0] for pointer in pointers), last)), []
    if kind == _LEAF:
        cells = [_cell(page, pointer) for pointer in struct.Struct(f">{count}H").unpack_from(page, start + 8)]
        if sum(len(cell.local) for cell in cells) > len(page):
            raise RpmdbError(f"page {number}", "has rows that overlap")
        return TablePage(number, rows=tuple([cell.row for cell in cells])), cells
    raise RpmdbError(f"page {number}", "is no page of a table")


def _cell(page: bytes, offset: int) -> _Cell:
    """Section 1.6, "Cell payload overflow pages"."""
    size_bytes, offset = _varint(page, offset)
    row, offset = _varint(page, offset)
    usable = len(page)
    if size_bytes > BLOB_LIMIT_BYTES + usable:
        raise RpmdbError(f"row {row}", f"says that it has {size_bytes:,} bytes: no header has more than {BLOB_LIMIT_BYTES:,}")
    if size_bytes <= usable - 35:
        return _Cell(row, size_bytes, page[offset : offset + size_bytes], 0)
    least = (usable - 12) * 32 // 255 - 23
    local = least + (size_bytes - least) % (usable - 4)
    if local > usable - 35:
        local = least
    (overflow,) = _NUMBER.unpack_from(page, offset + local)
    return _Cell(row, size_bytes, page[offset : offset + local], overflow)


def _varint(body: bytes, offset: int) -> tuple[int, int]:
    r"""A number of up to nine bytes, and the offset behind it; raises `IndexError` where it is cut short.

    >>> _varint(b"\x81\x00", 0)
    (128, 2)
    """
    value = 0
    for position in range(offset, offset + _VARINT_BYTES - 1):
        byte = body[position]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, position + 1
    return value << 8 | body[offset + _VARINT_BYTES - 1], offset + _VARINT_BYTES


def _columns(record: bytes) -> list[int | bytes | None]:
    """The first columns of a record; raises `IndexError` where it is cut short. Section 2.1, "Record format"."""
    end, offset = _varint(record, 0)
    columns: list[int | bytes | None] = []
    start = end
    while offset < end and len(columns) < COLUMNS_LIMIT:
        serial, offset = _varint(record, offset)
        size_bytes = (serial - 12) // 2 if serial >= 12 else _INTEGER_BYTES.get(serial, 0)
        value = record[start : start + size_bytes]
        start += size_bytes
        if serial >= 12:
            columns.append(value)
        else:
            columns.append(serial - 8 if serial in {8, 9} else int.from_bytes(value, "big") if value else None)
    return columns


def _root_in(record: bytes) -> int:
    """The root page that a row of the schema (type, name, table, root, sql) states for `Packages`; 0 for any other row."""
    try:
        columns = _columns(record)
    except IndexError:
        return 0
    if len(columns) < 4 or columns[0] != b"table" or not isinstance(columns[1], bytes) or columns[1].lower() != TABLE:
        return 0
    return columns[3] if isinstance(columns[3], int) else 0


def _blob_in(row: Blob) -> Blob | Damage:
    """The header in a row of `Packages` (hnum, blob); hnum is the row's number and not repeated in the record."""
    try:
        columns = _columns(row.body)
    except IndexError:
        columns = []
    header = columns[1] if len(columns) > 1 else None
    return Blob(row.number, header) if isinstance(header, bytes) else Damage(f"row {row.number}", "has no header")
