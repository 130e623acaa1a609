"""The layer cache: a layer is read once for each version of each cataloger, and its bytes are verified once.

A record is kept under diff_id and format; in it the facts of each cataloger stand with its version, so that a changed cataloger reads the
layer again, and no other does. Which cataloger is asked for is a user's choice; no other option changes what is read in a layer.

That stored bytes are those of a diff_id is kept too: under the blob's digest, or, for a part of a local archive, under device, inode, size
and times. Bytes verified so are not opened again. Another archive with the same layer is read once more, for its digest alone.
"""

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from sbomgen.cache.store import Store
from sbomgen.errors import UnreadableError
from sbomgen.evidence import Cataloger
from sbomgen.image.dispatch import Dispatch
from sbomgen.image.layer import Stopped, read_layer, verify_layer
from sbomgen.image.manifest import Layer
from sbomgen.image.record import LayerRecord, decode_record, encode_record, make_record, scan_of
from sbomgen.layerscan import LAYER_SCAN_FORMAT, LayerScan

RECORDS = "layer"
VERIFIED = "verified"
"""The kinds of files."""

MAX_RECORD_BYTES = 1 << 30
"""Of a decompressed record: those of the largest layers seen have 10 MB."""

_LEVEL = 1
"""Of zstd: a tenth of the size, for less time than the disk would need for the rest."""


class LayerCache:
    """What was read before. It may be used by several threads and processes at once.

    With `verify` every layer is read again, and `on_difference` called for one whose record does not say what is in it.
    """

    def __init__(self, store: Store, *, verify: bool = False, on_difference: Callable[[Layer], None] = lambda _: None) -> None:
        self._store = store
        self._verify = verify
        self._on_difference = on_difference

    def read(self, layer: Layer, catalogers: Sequence[Cataloger], stopped: Stopped = lambda: False) -> LayerScan:
        """What `read_layer` gives; raises what it raises. A folder is read each time."""
        if layer.diff_id is None:
            return read_layer(layer, Dispatch(catalogers), stopped)
        record, known, missing = self._known(layer.diff_id, catalogers)
        if known is not None and not missing and not self._verify:
            if not self._is_verified(layer):
                verify_layer(layer, stopped)
                self._keep_verified(layer)
            return known
        wanted = catalogers if self._verify or known is None else missing
        scan = read_layer(layer, Dispatch(wanted), stopped)
        self._keep_verified(layer)
        if scan.complete:
            self._keep(layer.diff_id, make_record(scan, wanted, record))
        if self._verify and known is not None and not _agree(scan, known):
            self._on_difference(layer)
        facts = {**(known.facts if known else {}), **scan.facts}
        return replace(scan, facts={cataloger.name: facts[cataloger.name] for cataloger in catalogers})

    def has(self, layer: Layer) -> bool:
        """Whether the layer's bytes are known, so that they need hardly be opened."""
        return not self._verify and self._is_verified(layer)

    def close(self) -> None:
        """Make room, if something was written."""
        self._store.clean_up()

    def _known(self, diff_id: str, catalogers: Sequence[Cataloger]) -> tuple[LayerRecord | None, LayerScan | None, Sequence[Cataloger]]:
        """The record of a layer, what it says for those catalogers whose facts it has, and the others."""
        content = self._store.get(RECORDS, _record_key(diff_id))
        try:
            record = decode_record(_decompressed(content)) if content is not None else None
            if record is None or record.diff_id != diff_id:
                return None, None, catalogers
            missing = record.missing(catalogers)
            return record, scan_of(record, [cataloger for cataloger in catalogers if cataloger not in missing]), missing
        except UnreadableError:
            return None, None, catalogers  # it is made anew, and takes the place of this one

    def _keep(self, diff_id: str, record: LayerRecord) -> None:
        import zstandard

        content = encode_record(record)
        if len(content) <= MAX_RECORD_BYTES:
            self._store.put(RECORDS, _record_key(diff_id), zstandard.compress(content, _LEVEL))

    def _is_verified(self, layer: Layer) -> bool:
        key = _verified_key(layer)
        return key is not None and self._store.get(VERIFIED, key) == (layer.diff_id or "").encode()

    def _keep_verified(self, layer: Layer) -> None:
        key = _verified_key(layer)
        if key is not None and layer.diff_id is not None:
            self._store.put(VERIFIED, key, layer.diff_id.encode())


def _agree(scan: LayerScan, known: LayerScan) -> bool:
    """Whether a layer holds what its record says, for the catalogers whose facts the record has."""
    return replace(scan, facts={name: scan.facts[name] for name in known.facts}) == known


def _record_key(diff_id: str) -> str:
    return f"{diff_id} {LAYER_SCAN_FORMAT}"


def _verified_key(layer: Layer) -> str | None:
    return layer.digest or layer.identity


def _decompressed(content: bytes) -> bytes:
    import zstandard

    try:
        if zstandard.frame_content_size(content) > MAX_RECORD_BYTES:
            raise UnreadableError("a stored layer record is longer than any can be; clear the cache")
        return zstandard.decompress(content)
    except zstandard.ZstdError as exc:
        raise UnreadableError(f"a stored layer record cannot be decompressed: {exc}; clear the cache") from exc
