"""NDB, rpm's own database (lib/backend/ndb/rpmpkg.c): pages of slots, each naming the blocks of one header. Little-endian throughout.

header    RpmP | version | generation | pages of slots | next number        32 bytes, and counted among the slots
slot      Slot | number | first block | blocks                              16 bytes; first block 0: free
blob      BlbS | number | generation | size, the header, padding, Adler-32 of all before it | size | BlbE
"""

from collections.abc import Iterator
from itertools import islice
from struct import Struct as Layout
from zlib import adler32

from sbomgen.rpmdb.blobs import Blob, Damage, RpmdbError, limited

MAGIC = b"RpmP"
VERSION = 0
BLOCK_BYTES = 16
PAGE_BYTES = 4096

_HEADER_SLOTS = 2
_SLOT_MAGIC = b"Slot"
_HEADER = Layout("<4s4I")
_SLOT = Layout("<4s3I")
_BLOB_HEAD = Layout("<4s3I")
_BLOB_TAIL = Layout("<2I4s")


def read_database(body: bytes) -> Iterator[Blob | Damage]:
    """The header blobs, and what is damaged; raises `RpmdbError` where the first page says that nothing can be read."""
    if len(body) < PAGE_BYTES:
        raise RpmdbError("", "ends within its first page")
    _, version, _, pages, _ = _HEADER.unpack_from(body)
    if version != VERSION:
        raise RpmdbError("", f"is NDB's format {version}, which is not known")
    return limited(_read(body, pages))


def _read(body: bytes, pages: int) -> Iterator[Blob | Damage]:
    slots_end = min(pages, len(body) // PAGE_BYTES) * PAGE_BYTES
    if pages * PAGE_BYTES > slots_end:
        yield Damage("", f"ends within its {pages:,} pages of slots")
    unclaimed_bytes = len(body) - slots_end
    for index, slot in enumerate(islice(_SLOT.iter_unpack(body[:slots_end]), _HEADER_SLOTS, None), start=_HEADER_SLOTS):
        magic, number, block, blocks = slot
        if magic != _SLOT_MAGIC:
            yield Damage(f"slot {index}", "is damaged")
        elif block:
            # Blobs do not overlap: what claims more than the file has would make a small file yield gigabytes.
            unclaimed_bytes -= blocks * BLOCK_BYTES
            where = f"slot {index}: header {number}"
            if unclaimed_bytes < 0 or block * BLOCK_BYTES < slots_end:
                yield Damage(where, "claims blocks that are others'")
                continue
            try:
                yield Blob(number, _blob(body[block * BLOCK_BYTES : (block + blocks) * BLOCK_BYTES], number, blocks * BLOCK_BYTES))
            except RpmdbError as exc:
                yield Damage(where, str(exc))


def _blob(blocks: bytes, number: int, size_bytes: int) -> bytes:
    """The header in its blocks."""
    if len(blocks) < size_bytes:
        raise RpmdbError("", "ends after the file does")
    if size_bytes < _BLOB_HEAD.size + _BLOB_TAIL.size:
        raise RpmdbError("", "has no blocks")
    head_magic, stated, _, blob_bytes = _BLOB_HEAD.unpack_from(blocks)
    checksum, tail_bytes, tail_magic = _BLOB_TAIL.unpack_from(blocks, size_bytes - _BLOB_TAIL.size)
    fits = 0 <= size_bytes - _BLOB_HEAD.size - _BLOB_TAIL.size - blob_bytes < BLOCK_BYTES
    if (head_magic, tail_magic, stated, tail_bytes) != (b"BlbS", b"BlbE", number, blob_bytes) or not fits:
        raise RpmdbError("", "is not where its slot says")
    if checksum != adler32(blocks[: -_BLOB_TAIL.size]):
        raise RpmdbError("", "has another checksum than it states")
    return blocks[_BLOB_HEAD.size : _BLOB_HEAD.size + blob_bytes]
