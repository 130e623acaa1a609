"""A streaming reader of tar files: made for layers, where the standard library's costs more than decompression.

It reads what the container runtimes read, which is what Go's archive/tar reads: ustar with its prefix, GNU long names, pax headers (`path`,
`linkpath`, `size`, `GNU.sparse.*`), base-256 numbers, sparse files of all forms. Global pax headers apply to nothing, as in Go. Header
checksums are verified.
"""

import struct
import zlib
from collections.abc import Callable, Iterator

from sbomgen.errors import UnreadableError
from sbomgen.evidence import HEAD_BYTES, EvidenceUnreadableError
from sbomgen.image.compression import ByteStream
from sbomgen.image.entries import MAX_PATH_CHARACTERS, MAX_PATH_DEPTH, Skipped, TarEntry, why_unfit
from sbomgen.image.paths import root_relative
from sbomgen.image.sparse import (
    LENGTH_KEY,
    MAP_KEY,
    OFFSET_KEY,
    SparseBody,
    SparseError,
    check_map,
    has_sparse_map,
    map_of_body,
    map_of_header,
    map_of_records,
)
from sbomgen.layerscan import HARDLINK, EntryKind

BLOCK_BYTES = 512

CHUNK_BYTES = 512 << 10
"""Read from the stream at a time; the size of a piece of decompressed data."""

SEEK_BYTES = 64 << 10
"""What is longer than this is seeked over where the stream can: beneath it, reading costs less than a system call."""

MAX_ENTRIES = 2_000_000
"""Headers in one tar. The largest images known hold some 600 000 files; an entry costs about 300 bytes of memory."""

MAX_EXTENDED_BYTES = 1 << 20
"""Of one pax or GNU long-name header: the bound of Go's archive/tar."""

MAX_NAMES_BYTES = 512 << 20
"""Of all names, link targets and extended headers of one tar together: 250 bytes for each of `MAX_ENTRIES`."""

MAX_NUMBER = (1 << 63) - 1
"""Of a size: what Go's archive/tar takes."""

_ZERO_BLOCK = bytes(BLOCK_BYTES)
_ADLER_MODULUS = 65521
_HEADER = struct.Struct("100s8s16x12s12x8xc100s6s2x64x16x155s12x")
"""name, mode, size, type, linkname, magic, prefix (POSIX.1-1988, ustar)."""
_CHECKSUM = slice(148, 156)

_KINDS = {
    b"0": EntryKind.FILE,
    b"\0": EntryKind.FILE,
    b"7": EntryKind.FILE,
    b"S": EntryKind.FILE,
    b"1": EntryKind.HARDLINK,
    b"2": EntryKind.SYMLINK,
    b"3": EntryKind.OTHER,
    b"4": EntryKind.OTHER,
    b"5": EntryKind.DIRECTORY,
    b"D": EntryKind.DIRECTORY,
    b"6": EntryKind.OTHER,
}
_WITHOUT_BODY = frozenset((b"1", b"2", b"3", b"4", b"5", b"6"))
"""Whatever size their header gives: so does Go (isHeaderOnlyType)."""
_EXTENDED = frozenset((b"x", b"g", b"L", b"K"))
_NO_NAMES = frozenset(("", ".", ".."))


def checksum_holds(block: bytes) -> bool:
    """Whether a block is a tar header: the sum of its bytes, those of the checksum itself taken as spaces, is what it says."""
    field = block[_CHECKSUM]
    try:
        stored = int(field.strip(b"\0 "), 8)
    except ValueError:
        return False
    # Half an Adler-32 is such a sum, at a tenth of the price.
    summed = (zlib.adler32(block) & 0xFFFF) - (zlib.adler32(field) & 0xFFFF)
    if (summed + 8 * 0x20 - stored) % _ADLER_MODULUS == 0:
        return True
    # Old SunOS tars added signed bytes; Go takes them too.
    signed_sum: int = sum(struct.unpack("512b", block)) - sum(struct.unpack("8b", field)) + 8 * 0x20
    return stored == signed_sum


class TarStream:
    """Iterate for the entries; until the next one is asked for, `head` and `read` give the current one's body.

    Reads `stream` forward only. `seek_over`, where the stream can do it, moves on by a number of bytes and says whether there were as many.
    Raises `UnreadableError`, with the entry's number and offset, where the tar is truncated, damaged or beyond a limit. What follows the
    end of the archive is left unread.
    """

    def __init__(self, stream: ByteStream, seek_over: Callable[[int], bool] | None = None) -> None:
        self.skipped = Skipped()
        self._stream = stream
        self._seek_over = seek_over
        self._buffer = b""
        self._buffer_offset = 0  # where the buffer begins in the stream
        self._position = 0  # in the buffer
        self._body_left = 0
        self._padding = 0
        self._header_count = 0
        self._header_offset = 0
        self._names_bytes = 0
        self._path = ""
        self._raw_folder = ""
        self._folder: str | None = ""  # what `root_relative` makes of it
        self._sparse: SparseBody | SparseError | None = None  # the body of a sparse file, or why there is none
        self._pax: dict[bytes, bytes] = {}
        self._long: dict[bytes, bytes] = {}

    def __iter__(self) -> Iterator[TarEntry]:
        while block := self._next_header():
            if entry := self._entry(block):
                yield entry

    def head(self) -> bytes:
        """The first `HEAD_BYTES` bytes of the body, or all of a shorter one; `read` gives them again. To be called before it."""
        if self._sparse is not None:
            return self._put_together(self._sparse).head(HEAD_BYTES)
        size = min(self._body_left, HEAD_BYTES)
        if self._position + size > len(self._buffer) and not self._fill(size):
            raise self._truncated()
        return self._buffer[self._position : self._position + size]

    def read(self, size: int, /) -> bytes:
        """The next piece of the body, of at most `size` bytes; nothing at its end."""
        return self._stored(size) if self._sparse is None else self._put_together(self._sparse).read(size)

    def _stored(self, size: int) -> bytes:
        """The same of what is stored: of a sparse file its pieces."""
        if not self._body_left:
            return b""
        if self._position == len(self._buffer) and not self._fill(1):
            raise self._truncated()
        piece = self._buffer[self._position : self._position + min(size, self._body_left)]
        self._position += len(piece)
        self._body_left -= len(piece)
        return piece

    def read_all(self) -> bytes:
        """The rest of the body; the caller has looked at the entry's size."""
        return b"".join(iter(lambda: self.read(CHUNK_BYTES), b""))

    def _next_header(self) -> bytes:
        """The next header block; none at the end: two blocks of zeros, or the stream ends where a header may begin."""
        position = self._position + self._body_left + self._padding
        block = self._buffer[position : position + BLOCK_BYTES]
        if len(block) == BLOCK_BYTES:
            self._header_count += 1
            self._header_offset = self._buffer_offset + position
            self._body_left = 0
            self._position = position + BLOCK_BYTES
        else:
            self._skip_body()
            self._header_count += 1
            self._header_offset = self._buffer_offset + self._position
            block = self._block()
        if block and checksum_holds(block) and self._header_count <= MAX_ENTRIES:
            return block
        return self._no_header(block)

    def _no_header(self, block: bytes) -> bytes:
        """What to make of a block that cannot be taken for a header: the end, or an error."""
        if not block or (block == _ZERO_BLOCK and self._block() in {_ZERO_BLOCK, b""}):
            return b""
        if block == _ZERO_BLOCK:
            raise self._error("a block of zeros stands in its place")
        if not checksum_holds(block):
            raise self._error("this is no tar header (its checksum is wrong)")
        raise self._error(f"more than {MAX_ENTRIES:,} entries, which is the limit")

    def _entry(self, block: bytes) -> TarEntry | None:
        """The entry of a header; None for extended headers, which are remembered, and for entries that are passed over."""
        name, raw_mode, raw_size, kind_byte, link, magic, prefix = _HEADER.unpack(block)
        size_bytes = self._number(raw_size)
        self._sparse = None
        if kind_byte in _EXTENDED:
            self._remember(kind_byte, size_bytes)
            return None
        name = name.partition(b"\0")[0]
        if magic == b"ustar\0" and prefix[0]:
            name = prefix.partition(b"\0")[0] + b"/" + name
        link = link.partition(b"\0")[0] if link[0] else b""
        sparse: dict[bytes, bytes] = {}
        if self._pax or self._long:
            name, link, size_bytes, sparse = self._merge(name, link, size_bytes)
        if kind_byte == b"\0" and name.endswith(b"/"):
            kind_byte = b"5"  # how directories were spelled before they had a type
        if kind_byte in _WITHOUT_BODY:
            size_bytes, sparse = 0, {}
        self._body_left, self._padding = size_bytes, -size_bytes % BLOCK_BYTES
        if sparse or kind_byte == b"S":
            size_bytes = self._begin_sparse(block, sparse)
        names = self._names(name, link, kind_byte)
        if names is None:
            return None
        return TarEntry(*names, size_bytes, raw_mode, self._buffer_offset + self._position, self._sparse is not None)

    def _names(self, raw_name: bytes, raw_link: bytes, kind_byte: bytes) -> tuple[str, str, str, EntryKind, str] | None:
        """Path, folder, name, kind and link target; None where they are not fit for use, which is noted."""
        self._account(len(raw_name) + len(raw_link))
        self._path = raw_path = raw_name.decode("utf-8", "surrogateescape")
        (path, folder, name), kind = self._place(raw_path), _KINDS.get(kind_byte)
        if path and not raw_link and kind is not None and kind is not HARDLINK and len(path) <= MAX_PATH_DEPTH:
            return path, folder, name, kind, ""
        link = raw_link.decode("utf-8", "surrogateescape")
        target = root_relative(link) if kind is HARDLINK else link
        if reason := why_unfit(path, kind, target):
            self.skipped.add(raw_path, reason)
            return None
        assert path is not None
        assert kind is not None
        assert target is not None
        return path, folder, name, kind, target

    def _place(self, raw_path: str) -> tuple[str | None, str, str]:
        """What `root_relative` makes of a path, its folder and its name; the folder is looked at once for all that follow in it."""
        raw_folder, _, name = raw_path.rstrip("/").rpartition("/")
        if name in _NO_NAMES:
            path = root_relative(raw_path)
            folder, _, name = (path or "").rpartition("/")
            return path, folder, name
        if raw_folder != self._raw_folder:
            self._raw_folder, self._folder = raw_folder, root_relative(raw_folder)
        if not self._folder:
            return name if self._folder is not None else None, "", name
        return f"{self._folder}/{name}", self._folder, name

    def _remember(self, kind_byte: bytes, size_bytes: int) -> None:
        """Keep an extended header for the entry that follows it; of two of a kind the last one counts."""
        if size_bytes > MAX_EXTENDED_BYTES:
            raise self._error(f"an extended header of {size_bytes:,} bytes, more than {MAX_EXTENDED_BYTES:,}")
        self._account(size_bytes)
        self._body_left, self._padding = size_bytes, -size_bytes % BLOCK_BYTES
        body = self.read_all()
        if kind_byte == b"x":
            self._pax = self._records(body)
        elif kind_byte != b"g":
            self._long[kind_byte] = body.partition(b"\0")[0]

    def _records(self, body: bytes) -> dict[bytes, bytes]:
        """The records of a pax header: `LENGTH KEY=VALUE` and a line feed (POSIX.1-2001, pax Extended Header)."""
        records = {}
        pieces = []  # of a sparse file, in version 0.0: the only keys that stand there more than once
        position = 0
        while position < len(body):
            space = body.find(b" ", position, position + 20)
            digits = body[position:space] if space > 0 else b""
            end = position + int(digits) if digits.isdigit() else 0
            key, equals, value = body[space + 1 : end - 1].partition(b"=")
            if not position < space < end <= len(body) or body[end - 1] != ord("\n") or not equals:
                raise self._error("a damaged pax header")
            if key in {OFFSET_KEY, LENGTH_KEY}:
                pieces.append(value)
            records[key] = value
            position = end
        return records | {MAP_KEY: b",".join(pieces)} if pieces else records

    def _merge(self, name: bytes, link: bytes, size_bytes: int) -> tuple[bytes, bytes, int, dict[bytes, bytes]]:
        """Name, link target and stored size as the extended headers before the entry have them, and the records of a sparse file."""
        pax, long_names = self._pax, self._long
        self._pax, self._long = {}, {}
        sparse = pax if has_sparse_map(pax) else {}
        name = long_names.get(b"L") or sparse.get(b"GNU.sparse.name") or pax.get(b"path") or name
        link = long_names.get(b"K") or pax.get(b"linkpath") or link
        if b"\0" in name or b"\0" in link:
            raise self._error("a damaged pax header: a zero byte in a name")
        if raw_size := pax.get(b"size"):
            size_bytes = self._decimal(raw_size)
        return name, link, size_bytes, sparse

    def _begin_sparse(self, header: bytes, records: dict[bytes, bytes]) -> int:
        """Read the map of a sparse file; the size of the file. What is wrong with it is said when the body is asked for."""
        stored = self._body_left
        try:
            found = map_of_records(records, stored) if records else map_of_header(header, self._map_block, self._number)
            numbers = map_of_body(self._body_block) if found.numbers is None else found.numbers
            check_map(found.size_bytes, numbers, self._body_left)
        except SparseError as exc:
            self._sparse = exc
            return stored
        self._sparse = SparseBody(found.size_bytes, numbers, self._stored)
        return found.size_bytes

    @staticmethod
    def _put_together(sparse: SparseBody | SparseError) -> SparseBody:
        if isinstance(sparse, SparseError):
            raise EvidenceUnreadableError(f"is a sparse file that cannot be put together: {sparse}")
        return sparse

    def _map_block(self) -> bytes:
        block = self._block()
        if not block:
            raise self._truncated()
        return block

    def _body_block(self) -> bytes:
        """The next block of the body, or the rest of it."""
        size = min(self._body_left, BLOCK_BYTES)
        if self._position + size > len(self._buffer) and not self._fill(size):
            raise self._truncated()
        return self._stored(size)

    def _number(self, field: bytes) -> int:
        """A size: octal digits between spaces and zeros, or base-256 where the first bit is set (GNU); nothing at all is 0."""
        digits = field.rstrip(b"\0 ")
        if not digits.isdigit():
            if field[0] & 0x80:
                value = int.from_bytes(field, "big") & ((1 << (8 * len(field) - 1)) - 1)
                if field[0] & 0x40 or value > MAX_NUMBER:
                    raise self._error("its size is negative or beyond all measure")
                return value
            digits = digits.lstrip(b"\0 ").partition(b"\0")[0]
        if digits.strip(b"01234567"):
            raise self._error(f"its size is no number: {field!r}")
        return int(digits or b"0", 8)

    def _decimal(self, digits: bytes) -> int:
        if not digits.isdigit() or len(digits) > len(str(MAX_NUMBER)) or int(digits) > MAX_NUMBER:
            raise self._error(f"a damaged pax header: a size of {digits[:20]!r}")
        return int(digits)

    def _block(self) -> bytes:
        """The next block; nothing where the stream ends."""
        if self._position + BLOCK_BYTES > len(self._buffer) and not self._fill(BLOCK_BYTES):
            if self._position == len(self._buffer):
                return b""
            raise self._error("the tar is truncated in its header")
        block = self._buffer[self._position : self._position + BLOCK_BYTES]
        self._position += BLOCK_BYTES
        return block

    def _fill(self, size: int) -> bool:
        """Have that many bytes in the buffer; False where the stream ends before."""
        rest = self._buffer[self._position :]
        self._buffer_offset += self._position
        self._position = 0
        while len(rest) < size and (piece := self._stream.read(CHUNK_BYTES)):
            rest = rest + piece if rest else piece
        self._buffer = rest
        return len(rest) >= size

    def _skip_body(self) -> None:
        """Go to the block after the body; the padding of the last one may be missing."""
        left = self._body_left + self._padding
        self._body_left = 0
        if self._position + left <= len(self._buffer):
            self._position += left
            return
        left -= len(self._buffer) - self._position
        self._buffer_offset += len(self._buffer)
        self._buffer, self._position = b"", 0
        if self._seek_over is not None and left > SEEK_BYTES:
            if not self._seek_over(left - self._padding):
                raise self._truncated()
            self._buffer_offset += left - self._padding
            left = self._padding
        while left > len(piece := self._stream.read(CHUNK_BYTES)):
            if not piece and left > self._padding:
                raise self._truncated()
            if not piece:
                return
            left -= len(piece)
            self._buffer_offset += len(piece)
        self._buffer, self._position = piece, left

    def _account(self, names_bytes: int) -> None:
        self._names_bytes += names_bytes
        if self._names_bytes > MAX_NAMES_BYTES:
            raise self._error(f"more than {MAX_NAMES_BYTES:,} bytes of names, which is the limit")

    def _truncated(self) -> UnreadableError:
        return self._error("the tar is truncated in its body")

    def _error(self, message: str) -> UnreadableError:
        last = f" (the last name read is {self._path[:MAX_PATH_CHARACTERS]!r})" if self._path else ""
        return UnreadableError(f"tar entry {self._header_count:,} at byte {self._header_offset:,}{last}: {message}")
