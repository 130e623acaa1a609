"""Tars of sparse members, in each form that GNU tar writes: made by hand, so that a fuzzer can do without the program."""

import io
import tarfile
from collections.abc import Mapping, Sequence

BLOCK_BYTES = 512
FORMS = ("oldgnu", "0.0", "0.1", "1.0")


def sparse_tar(bodies: Mapping[str, bytes], forms: Sequence[str] = FORMS) -> bytes:
    """The files, each of them in two pieces and in the next of the forms."""
    members = (_member(path, body, forms[number % len(forms)]) for number, (path, body) in enumerate(bodies.items()))
    return b"".join(members) + bytes(2 * BLOCK_BYTES)


def _member(path: str, body: bytes, form: str) -> bytes:
    half = len(body) // 2
    numbers = (0, half, half, len(body) - half)
    if form == "oldgnu":
        return _old(path, body, numbers)
    records = {"GNU.sparse.name": path, "GNU.sparse.size": str(len(body)), "GNU.sparse.numblocks": "2"}
    if form == "1.0":
        records |= {"GNU.sparse.major": "1", "GNU.sparse.minor": "0"}
        return _posix(path, records, _padded("".join(f"{number}\n" for number in (2, *numbers)).encode()) + body)
    if form == "0.1":
        return _posix(path, records | {"GNU.sparse.map": ",".join(map(str, numbers))}, body)
    first, second = ({"GNU.sparse.offset": str(numbers[at]), "GNU.sparse.numbytes": str(numbers[at + 1])} for at in (0, 2))
    return _posix(path, records, body, _records(first) + _records(second))


def _posix(path: str, records: Mapping[str, str], stored: bytes, more: bytes = b"") -> bytes:
    extended = tarfile.TarInfo("PaxHeaders/x")
    content = _records(records) + more
    extended.type, extended.size = tarfile.XHDTYPE, len(content)
    info = tarfile.TarInfo(f"GNUSparseFile.1/{path[-60:]}")
    info.size = len(stored)
    return extended.tobuf(tarfile.USTAR_FORMAT) + _padded(content) + info.tobuf(tarfile.USTAR_FORMAT) + _padded(stored)


def _records(records: Mapping[str, str]) -> bytes:
    stream = io.BytesIO()
    for key, value in records.items():
        text = f" {key}={value}\n"
        length = len(text) + 2
        stream.write(f"{length + (length > 99)}{text}".encode())
    return stream.getvalue()


def _old(path: str, body: bytes, numbers: Sequence[int]) -> bytes:
    """The second piece stands in a block that continues the header."""
    info = tarfile.TarInfo(path[-100:])
    info.type, info.size = tarfile.GNUTYPE_SPARSE, len(body)
    header = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    slots = [b"%011o\0%011o\0" % tuple(numbers[at : at + 2]) for at in (0, 2)]
    header[386:410], header[482], header[483:495] = slots[0], 1, b"%011o\0" % len(body)
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header) + _padded(slots[1]) + _padded(body)


def _padded(content: bytes) -> bytes:
    return content + bytes(-len(content) % BLOCK_BYTES)
