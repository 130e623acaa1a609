"""The contract of the forms in which images are stored (`sbomgen.image.sources`), and what they share."""

from collections.abc import Callable, Sequence
from typing import BinaryIO, Protocol

from msgspec import Struct

from sbomgen.image.blobs import Blobs
from sbomgen.image.index import ImageIndex, ListedManifest
from sbomgen.image.manifest import Image, ImageConfig, Layer, chain_ids, nothing_to_fetch
from sbomgen.image.oci import pair_history


class StoredImages(Protocol):
    """What one source holds."""

    index: ImageIndex

    def image(self, manifest: ListedManifest) -> Image:
        """One of the listed images; raises `UnreadableError` and `DigestMismatchError`. Usable while the source is open."""
        ...

    def blob(self, digest: str, limit_bytes: int) -> bytes | None:
        """A manifest or blob by its digest, verified; None where the source does not have it, or not under a digest.

        Raises `UnreadableError` where it is larger than `limit_bytes`, `DigestMismatchError` where its bytes are others.
        """
        ...


class Source(Protocol):
    """One form of storing images. Add one: a module in `sbomgen/image/sources`, a line in its `SOURCES`, a test."""

    name: str
    """Unique, lower case."""
    schemes: tuple[str, ...]
    """Prefixes that ask for this form: `docker-archive`."""

    def scheme_of(self, blobs: Blobs) -> str | None:
        """The scheme that names these blobs, if they are of this form."""
        ...

    def read(self, blobs: Blobs, source: str) -> StoredImages:
        """List what is there; `source` is how the user named it. Raises `UnreadableError` and `DigestMismatchError`."""
        ...


class StoredLayer(Struct, frozen=True):
    """A layer as the source has it, before the config is known."""

    digest: str | None
    size_bytes: int | None
    media_type: str | None
    open: Callable[[], BinaryIO]
    fetch: Callable[[], None] = nothing_to_fetch
    identity: str | None = None
    """See `Layer.identity`."""


def make_image(index: ImageIndex, manifest: ListedManifest, config: ImageConfig, layers: Sequence[StoredLayer]) -> Image:
    """Layers, config and history put together; there is a diff_id for each layer."""
    match, history = pair_history(config)
    pairs = zip(layers, config.diff_ids, chain_ids(config.diff_ids), history, strict=True)
    return Image(
        source=index.source,
        references=manifest.references,
        manifest_digest=manifest.digest,
        config_digest=manifest.config_digest,
        config=config,
        annotations=manifest.annotations,
        layers=tuple(
            Layer(
                index=number,
                diff_id=diff_id,
                chain_id=chain_id,
                digest=layer.digest,
                blob_size_bytes=layer.size_bytes,
                media_type=layer.media_type,
                history=entry,
                history_match=match,
                open=layer.open,
                fetch=layer.fetch,
                identity=layer.identity,
            )
            for number, (layer, diff_id, chain_id, entry) in enumerate(pairs)
        ),
    )
