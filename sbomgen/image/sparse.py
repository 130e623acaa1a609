"""Sparse members of a tar: stored are the pieces of a file that hold something, and a map that says where they stand in it.

GNU tar has four forms of the map (its manual, "Storing Sparse Files"): in the header and blocks after it (`oldgnu`), in pax records (0.0,
0.1), before the body (1.0). What is held against a map is what Go's archive/tar does: pieces follow one another, lie within the file, and
are stored to the last byte.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

from msgspec import Struct

MAX_MAP_BYTES = 1 << 20
"""Of one map: the bound of Go's archive/tar."""

HOLE_BYTES = 512 << 10
"""Zeros made at a time."""

OFFSET_KEY, LENGTH_KEY, MAP_KEY = b"GNU.sparse.offset", b"GNU.sparse.numbytes", b"GNU.sparse.map"
_VERSION_KEYS = (b"GNU.sparse.major", b"GNU.sparse.minor")
_IN_RECORDS, _IN_BODY = ((b"0", b"0"), (b"0", b"1")), (b"1", b"0")
_SIZE_KEYS = (b"GNU.sparse.size", b"GNU.sparse.realsize")
_TOO_LONG = 19
"""Digits of numbers that may be greater than Go's, which have 63 bits: no file is as large as what 18 can say."""

_SLOT_BYTES = 24
_HEADER_SLOTS, _HEADER_CONTINUES, _HEADER_SIZE = slice(386, 482), 482, slice(483, 495)
_BLOCK_SLOTS, _BLOCK_CONTINUES = slice(0, 504), 504

Number = Callable[[bytes], int]
"""A number field of a tar header."""


class SparseError(ValueError):
    """The map contradicts itself or what is stored."""


class SparseMap(Struct, frozen=True):
    """What the headers of a sparse member say of it."""

    size_bytes: int
    """Of the file, holes and all."""
    numbers: tuple[int, ...] | None
    """Offset and length of each piece in turn; None where they stand before the body."""


def has_sparse_map(records: Mapping[bytes, bytes]) -> bool:
    """Whether pax records are those of a sparse member, in a form that is known."""
    version = tuple(records.get(key, b"") for key in _VERSION_KEYS)
    return version in (*_IN_RECORDS, _IN_BODY) or (not any(version) and bool(records.get(MAP_KEY)))


def map_of_records(records: Mapping[bytes, bytes], stored_bytes: int) -> SparseMap:
    """The map of such records; raises `SparseError`."""
    stated = next((records[key] for key in _SIZE_KEYS if records.get(key)), None)
    size_bytes = _numbers([stated])[0] if stated else stored_bytes
    if tuple(records.get(key) for key in _VERSION_KEYS) == _IN_BODY:
        return SparseMap(size_bytes, None)
    numbers = _numbers(records[MAP_KEY].split(b",")) if records.get(MAP_KEY) else ()
    if _numbers([records.get(b"GNU.sparse.numblocks", b"")]) != (len(numbers) / 2,):
        raise SparseError("its number of pieces is another than stated")
    return SparseMap(size_bytes, numbers)


def map_of_header(header: bytes, next_block: Callable[[], bytes], number: Number) -> SparseMap:
    """The map of a header of type `S` and the blocks that continue it, all of which are read; raises `SparseError` at too many."""
    numbers = [*_slots(header[_HEADER_SLOTS], number)]
    continues = header[_HEADER_CONTINUES]
    for _ in range(0, MAX_MAP_BYTES, len(header)):
        if not continues:
            return SparseMap(number(header[_HEADER_SIZE]), tuple(numbers))
        block = next_block()
        numbers += _slots(block[_BLOCK_SLOTS], number)
        continues = block[_BLOCK_CONTINUES]
    raise SparseError(f"its map has more than {MAX_MAP_BYTES:,} bytes")


def _slots(slots: bytes, number: Number) -> Iterator[int]:
    """Offset and length of each slot that is in use: the first empty one ends them."""
    for start in range(0, len(slots), _SLOT_BYTES):
        if not slots[start]:
            return
        yield number(slots[start : start + 12])
        yield number(slots[start + 12 : start + _SLOT_BYTES])


def map_of_body(read_block: Callable[[], bytes]) -> tuple[int, ...]:
    """The numbers before a body, of which whole blocks are read: how many pieces, then each one's offset and length, a line for each."""
    text = bytearray()
    lines, wanted = 0, 1
    while lines < wanted:
        block = read_block()
        if not block or len(text) > MAX_MAP_BYTES:
            raise SparseError(f"its map does not end, or has more than {MAX_MAP_BYTES:,} bytes")
        text += block
        lines += block.count(b"\n")
        if wanted == 1 and lines:
            wanted += 2 * _numbers([bytes(text).partition(b"\n")[0]])[0]
    return _numbers(bytes(text).split(b"\n", wanted)[1:wanted])


def _numbers(texts: Sequence[bytes]) -> tuple[int, ...]:
    if not all(text.isdigit() and len(text) < _TOO_LONG for text in texts):
        raise SparseError("its map has what is no number")
    return tuple(map(int, texts))


class SparseBody:
    """What a sparse member holds, read forward. `stored` gives the next of the stored bytes, at most as many as asked for."""

    def __init__(self, size_bytes: int, numbers: Sequence[int], stored: Callable[[int], bytes]) -> None:
        self._pieces = _pieces(size_bytes, numbers, stored)
        self._rest = b""

    def head(self, size: int) -> bytes:
        """The first bytes, as many or all there are; `read` gives them again."""
        while len(self._rest) < size and (piece := next(self._pieces, b"")):
            self._rest += piece
        return self._rest[:size]

    def read(self, size: int) -> bytes:
        """The next piece, of at most `size` bytes; nothing at the end."""
        piece = self._rest or next(self._pieces, b"")
        self._rest = piece[size:]
        return piece[:size]


def check_map(size_bytes: int, numbers: Sequence[int], stored_bytes: int) -> None:
    """Raises `SparseError` unless pieces follow one another within the file, and are what is stored."""
    end = 0
    for offset, length in zip(numbers[::2], numbers[1::2], strict=True):
        if offset < end:
            raise SparseError("its pieces overlap")
        end = offset + length
    if end > size_bytes:
        raise SparseError("its pieces reach beyond its end")
    if sum(numbers[1::2]) != stored_bytes:
        raise SparseError(f"{stored_bytes:,} bytes are stored of pieces of {sum(numbers[1::2]):,}")


def _pieces(size_bytes: int, numbers: Sequence[int], stored: Callable[[int], bytes]) -> Iterator[bytes]:
    position = 0
    for offset, length in (*zip(numbers[::2], numbers[1::2], strict=True), (size_bytes, 0)):
        while position < offset:
            yield bytes(min(offset - position, HOLE_BYTES))
            position += min(offset - position, HOLE_BYTES)
        while position < offset + length and (piece := stored(offset + length - position)):
            yield piece
            position += len(piece)
