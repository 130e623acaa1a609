"""Stand-ins for what lies around the layer reader: catalogers that quote what they read, layers over bytes, streams that dribble."""

import io
import os
import random
from collections.abc import Iterator
from contextlib import contextmanager

from sbomgen.evidence import EvidenceFile, Fact, FactType, ImageView, Proof, Wants
from sbomgen.image.dispatch import Dispatch
from sbomgen.image.layer import read_layer, scan_layer
from sbomgen.image.manifest import HistoryMatch, Layer
from sbomgen.layerscan import LayerScan
from sbomgen.model import Edge, Package, Problem, ProblemCode
from tests.support.images import LayerSpec


class Quote(Fact, frozen=True):
    """What a file held, and what the cataloger was told about it."""

    text: str
    mode: int
    head: bytes


class Quoter:
    """Quotes every file that it wants; says so where it begins with `BAD`."""

    version: int = 1
    title = "quotes"
    emits = "nothing"
    proof = Proof.FIXTURE
    fact_type: FactType = Quote

    def __init__(self, name: str, wants: Wants, limit_bytes: int = 1 << 30) -> None:
        self.name = name
        self.wants = wants
        self.limit_bytes = limit_bytes
        self.reads: list[str] = []

    def read(self, file: EvidenceFile) -> Iterator[Quote | Problem]:
        self.reads.append(file.path)
        with file.open(self.limit_bytes) as stream:
            content = stream.read()
        assert len(content) == file.size_bytes
        assert content.startswith(file.head)
        if content.startswith(b"BAD"):
            yield Problem(ProblemCode.BAD_RECORD, file.path, "is bad", loss=True)
        else:
            yield Quote(content[:1000].decode("utf-8", "surrogateescape"), file.mode, file.head)

    def assemble(self, view: ImageView) -> Iterator[Package | Edge | Problem]:
        return iter(())


TEXTS = Quoter("texts", Wants(suffixes=frozenset({".txt"})))


def memory_layer(blob: bytes, diff_id: str, digest: str | None = None, index: int = 0) -> Layer:
    """A layer whose blob is at hand."""
    return Layer(
        index=index,
        diff_id=diff_id,
        chain_id=diff_id,
        digest=digest,
        blob_size_bytes=len(blob),
        media_type=None,
        history=None,
        history_match=HistoryMatch.UNKNOWN,
        open=lambda: io.BytesIO(blob),
    )


def scan(spec: LayerSpec, *catalogers: Quoter) -> LayerScan:
    """A layer scanned, by catalogers that want `.txt` files unless others are given."""
    return scan_layer(memory_layer(spec.tar, spec.diff_id), catalogers or (TEXTS,))


def read(spec: LayerSpec, *catalogers: Quoter) -> LayerScan:
    """What reading the layer gives, as it is cached."""
    return read_layer(memory_layer(spec.tar, spec.diff_id), Dispatch(catalogers or (TEXTS,)))


def quotes(record: LayerScan, cataloger: str = "texts") -> dict[str, str]:
    """What a cataloger quoted, by path."""
    return {file.path: file.facts[0].text for file in record.facts[cataloger] if file.facts}


class Dribble(io.RawIOBase):
    """A stream that gives a few bytes at a time, as a pipe may."""

    def __init__(self, content: bytes, size: int) -> None:
        super().__init__()
        self._stream = io.BytesIO(content)
        self._size = size

    def read(self, size: int | None = -1) -> bytes:
        return self._stream.read(self._size if size is None or size < 0 else min(size, self._size))


def corrupt_copies(content: bytes, count: int, seed: int) -> Iterator[bytes]:
    """Copies with one to three bytes changed at random; the same seed gives the same copies."""
    generator = random.Random(seed)
    for _ in range(count):
        copy = bytearray(content)
        for _ in range(generator.randint(1, 3)):
            copy[generator.randrange(len(copy))] ^= generator.randrange(1, 256)
        yield bytes(copy)


@contextmanager
def nobody() -> Iterator[None]:
    """As a user who may read nothing that is not everybody's: for root nothing is unreadable."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)
