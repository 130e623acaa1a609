"""Reads a layer: once as a stream, verified as it goes, each file handed to the catalogers that want it.

It is read once more where a wanted name turned out to be a hard link to a body that stands under a name which nobody wants (pnpm's store,
hard-linked package databases), as far as the last such body.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence

from msgspec import structs

from sbomgen.errors import DigestMismatchError, UnreadableError
from sbomgen.evidence import Cataloger
from sbomgen.image.blobs import Window, window_of
from sbomgen.image.bodies import Spool
from sbomgen.image.compression import OUTPUT_BYTES, ByteStream, Compression, open_decompressed
from sbomgen.image.dispatch import Dispatch
from sbomgen.image.manifest import Layer
from sbomgen.image.table import LayerTable
from sbomgen.image.tar import TarStream
from sbomgen.image.walk import FolderWalk
from sbomgen.layerscan import LayerScan
from sbomgen.model import Problem

Stopped = Callable[[], bool]
"""Whether nobody waits for the layer any more; asked at each piece that is read."""


class StoppedError(Exception):
    """Reading a layer ended early because it was asked to."""


def scan_layer(layer: Layer, catalogers: Sequence[Cataloger]) -> LayerScan:
    """What `read_layer` gives, its problems those of `placed_problems`."""
    scan = read_layer(layer, Dispatch(catalogers))
    return structs.replace(scan, problems=tuple(placed_problems(layer, scan)))


def placed_problems(layer: Layer, scan: LayerScan) -> Iterator[Problem]:
    """All problems of a layer's scan; their `where` begins with `layer INDEX: `."""
    for problem in scan.all_problems:
        yield structs.replace(problem, where=f"layer {layer.index}: {problem.where}")


def read_layer(layer: Layer, dispatch: Dispatch, stopped: Stopped = lambda: False) -> LayerScan:
    """The record of a layer. Of a folder there is nothing to verify.

    Raises `DigestMismatchError` where the blob has another digest than the manifest says, or its tar another than the config;
    `UnreadableError` (which leaves it to the caller to name the layer) where it cannot be opened, decompressed or read as a tar;
    `StoppedError`.
    """
    table = LayerTable(dispatch)
    if layer.folder is not None:
        with Spool() as spool, FolderWalk(layer.folder) as walk:
            table.read(walk, spool)
        return table.scan(None, None)
    with Spool() as spool:

        def read(tar: TarStream, window: Window | None) -> None:
            spool.tar = window
            table.read(tar, spool)

        size_bytes = _read_verified(layer, read, stopped)
        spool.tar = None
        bodies = table.linked_bodies()
        if bodies:
            with layer.open() as raw:
                table.read_linked(TarStream(open_decompressed(raw)), bodies, spool)
    return table.scan(layer.diff_id, size_bytes)


def verify_layer(layer: Layer, stopped: Stopped = lambda: False) -> None:
    """Read a layer's bytes for their digests alone; raises what `read_layer` raises."""
    _read_verified(layer, lambda _tar, _window: None, stopped)


def _read_verified(layer: Layer, read: Callable[[TarStream, Window | None], None], stopped: Stopped) -> int:
    """Have a layer's tar read, then whatever follows it, and verify both digests; the size of the uncompressed tar in bytes."""
    assert layer.diff_id is not None, "folders alone have none"
    with layer.open() as raw:
        stored = _Hashed(raw, layer.digest or layer.diff_id, stopped)
        expected = layer.digest
        try:
            stream = open_decompressed(stored)
            content = _Hashed(stream, layer.diff_id, stopped)
            tar_bytes: ByteStream = content
            if stream.compression is Compression.NONE and content.algorithm == stored.algorithm:
                content, tar_bytes, expected = stored, stream, layer.digest or layer.diff_id
            read(TarStream(tar_bytes), window_of(raw) if stream.compression is Compression.NONE else None)
            _drain(tar_bytes)
        except UnreadableError as exc:
            # Damage shows first as a broken stream; the digest says whether these are the image's bytes at all.
            _drain(stored)
            _verify(layer, "blob", expected, stored.digest, exc)
            raise
    _verify(layer, "blob", layer.digest, stored.digest)
    _verify(layer, "uncompressed tar", layer.diff_id, content.digest)
    return stream.size_bytes


class _Hashed:
    """A stream whose bytes are hashed as they are read, by the algorithm of a digest."""

    def __init__(self, stream: ByteStream, like: str, stopped: Stopped) -> None:
        self.algorithm = _algorithm(like)
        self._stream = stream
        self._stopped = stopped
        self._hash = hashlib.new(self.algorithm)

    def read(self, size: int, /) -> bytes:
        if self._stopped():
            raise StoppedError
        piece = self._stream.read(size)
        self._hash.update(piece)
        return piece

    @property
    def digest(self) -> str:
        """Of what was read so far."""
        return f"{self.algorithm}:{self._hash.hexdigest()}"


def _algorithm(digest: str) -> str:
    return digest.partition(":")[0]


def _drain(stream: ByteStream) -> None:
    while stream.read(OUTPUT_BYTES):
        pass


def _verify(layer: Layer, what: str, expected: str | None, actual: str, cause: UnreadableError | None = None) -> None:
    if expected is not None and actual != expected:
        detail = f" ({cause})" if cause else ""
        raise DigestMismatchError(
            f"layer {layer.index}: the {what} has digest {actual}, but the image says {expected}{detail}; fetch the image again"
        ) from cause
