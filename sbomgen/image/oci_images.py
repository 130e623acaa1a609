"""Images behind OCI indexes, wherever their blobs are: an index names manifests and further indexes, a manifest a config and layers.

Source: OCI image-spec, image-index.md and manifest.md; Docker's manifest lists and manifests of schema 2 have the same shape.
"""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import BinaryIO, Protocol

from msgspec import Struct, structs

from sbomgen.errors import UnreadableError
from sbomgen.image.index import ImageIndex, ListedManifest, ManifestKind
from sbomgen.image.manifest import Image, nothing_to_fetch
from sbomgen.image.oci import (
    INDEX_TYPES,
    Descriptor,
    Document,
    check_digest,
    is_attestation,
    read_config,
    read_document,
    read_platform,
    verify,
    why_no_image,
)
from sbomgen.image.source import StoredLayer, make_image

MAX_INDEX_DEPTH = 4
"""Indexes within indexes: multi-platform images have one, an index of such images two."""

MAX_MANIFESTS = 10_000
"""Descriptors looked at, over all nested indexes: indexes that name one another grow without bound."""


class OciStore(Protocol):
    """Where manifests, configs and layers are; every digest that it is asked for has been checked to be one."""

    location: str
    """For messages."""

    def name_of(self, digest: str) -> str:
        """For messages: a blob as one finds it there."""
        ...

    def __contains__(self, digest: str) -> bool:
        """Whether a manifest or config that an index or manifest names is there, as far as it can be told without a request."""
        ...

    def is_listed_unread(self, descriptor: Descriptor) -> bool:
        """Whether a manifest is listed by what its descriptor says, and read when it is chosen: where reading takes a request."""
        ...

    def manifest(self, digest: str) -> bytes:
        """A manifest or index; raises `UnreadableError`. Its digest need not be verified."""
        ...

    def config(self, digest: str) -> bytes:
        """A config; raises `UnreadableError`. Its digest need not be verified."""
        ...

    def open_layer(self, layer: Descriptor) -> BinaryIO:
        """A layer as stored; raises `UnreadableError`."""
        ...

    def fetch_layer(self, layer: Descriptor) -> None:
        """Begin to fetch a layer, where it has to be fetched."""
        ...

    def blob(self, digest: str, limit_bytes: int) -> bytes | None:
        """A manifest or blob of at most so many bytes; None where it is not there. Its digest need not be verified."""
        ...


class NamedDescriptor(Struct, frozen=True):
    """What a source names at its top, with its tags."""

    descriptor: Descriptor
    references: tuple[str, ...]


class OciImages:
    """The images of a store. `tags`, by config digest, take the place of the references that the index gives."""

    def __init__(self, store: OciStore, index: ImageIndex, tops: tuple[NamedDescriptor, ...], tags: Mapping[str, tuple[str, ...]]) -> None:
        self._store = store
        self._tags = tags
        self._documents: dict[str, Document | None] = {}
        self._seen = 0
        listed = tuple(manifest for top in tops for manifest in self._walk(top.descriptor, top.references, ()))
        self.index = structs.replace(index, manifests=listed)

    def image(self, manifest: ListedManifest) -> Image:
        """One of the listed images."""
        where = f"{self._store.location}: manifest {manifest.digest}"
        document = self._document(manifest.digest or "")
        reason = why_no_image(document) if document else manifest.reason
        if document is None or document.config is None or reason:
            raise UnreadableError(f"{where}: {reason or 'it is not stored here'}")
        config_digest = document.config.digest
        descriptors = document.layers or ()
        config = read_config(self._config(config_digest), len(descriptors), f"{where}: config {config_digest}")
        layers = [self._layer(layer, where) for layer in descriptors]
        annotations = {**manifest.annotations, **(document.annotations or {})}
        manifest = structs.replace(manifest, annotations=annotations, config_digest=config_digest)
        return make_image(self.index, manifest, config, layers)

    def blob(self, digest: str, limit_bytes: int) -> bytes | None:
        """A manifest or blob by its digest."""
        content = self._store.blob(check_digest(digest, self._store.location), limit_bytes)
        return None if content is None else verify(content, digest, self._store.name_of(digest))

    def _layer(self, layer: Descriptor, where: str) -> StoredLayer:
        return StoredLayer(
            check_digest(layer.digest, where),
            layer.size,
            layer.media_type,
            partial(self._open_layer, layer),
            nothing_to_fetch if _is_encrypted(layer) else partial(self._store.fetch_layer, layer),
        )

    def _open_layer(self, layer: Descriptor) -> BinaryIO:
        if _is_encrypted(layer):
            raise UnreadableError(f"{layer.digest} is encrypted ({layer.media_type}): decrypt the image first")
        return self._store.open_layer(layer)

    def _walk(self, descriptor: Descriptor, references: tuple[str, ...], indexes: tuple[str, ...]) -> Iterator[ListedManifest]:
        """A manifest, or those of a nested index."""
        where = f"{self._store.location}: index {indexes[-1]}" if indexes else f"{self._store.location}: its index"
        self._seen += 1
        if self._seen > MAX_MANIFESTS or len(indexes) > MAX_INDEX_DEPTH:
            raise UnreadableError(f"{where}: indexes nested over {MAX_INDEX_DEPTH} deep, or of more than {MAX_MANIFESTS:,} manifests")
        check_digest(descriptor.digest, where)
        unread = is_attestation(descriptor) or self._store.is_listed_unread(descriptor)
        document = None if unread else self._document(descriptor.digest)
        if document is None or document.manifests is None:
            yield self._listed(descriptor, document, references, indexes)
            return
        for child in document.manifests:
            yield from self._walk(child, references, (*indexes, descriptor.digest))

    def _listed(
        self, descriptor: Descriptor, document: Document | None, references: tuple[str, ...], indexes: tuple[str, ...]
    ) -> ListedManifest:
        kind, reason = self._kind(descriptor, document)
        is_image = kind is ManifestKind.IMAGE
        config_digest = document.config.digest if is_image and document and document.config else None
        return ListedManifest(
            kind=kind,
            digest=descriptor.digest,
            config_digest=config_digest,
            media_type=descriptor.media_type or (document.media_type if document else None),
            size_bytes=descriptor.size,
            platform=str(descriptor.platform or "") or self._stated_platform(config_digest),
            references=self._tags.get(config_digest or "", references),
            annotations=descriptor.annotations or {},
            indexes=indexes,
            present=descriptor.digest in self._store,
            reason=reason,
        )

    def _kind(self, descriptor: Descriptor, document: Document | None) -> tuple[ManifestKind, str | None]:
        """What a manifest is of, and why it is no image that can be read."""
        if is_attestation(descriptor):
            return ManifestKind.ATTESTATION, None
        if document is not None:
            reason = why_no_image(document)
            return (ManifestKind.ARTIFACT if reason else ManifestKind.IMAGE), reason
        if descriptor.artifact_type is not None:
            return ManifestKind.ARTIFACT, f"an artifact manifest of type {descriptor.artifact_type}"
        if self._store.is_listed_unread(descriptor):
            return ManifestKind.IMAGE, None
        absent = "an index" if descriptor.media_type in INDEX_TYPES else "a manifest"
        return ManifestKind.IMAGE, f"{absent} that is named, but not stored here"

    def _stated_platform(self, config_digest: str | None) -> str | None:
        if config_digest is None or config_digest not in self._store:
            return None
        return str(read_platform(self._config(config_digest), f"{self._store.location}: config {config_digest}")) or None

    def _document(self, digest: str) -> Document | None:
        """A manifest or index; None where the store does not have it."""
        if digest not in self._documents:
            where = self._store.name_of(digest)
            present = digest in self._store
            self._documents[digest] = read_document(verify(self._store.manifest(digest), digest, where), where) if present else None
        return self._documents[digest]

    def _config(self, digest: str) -> bytes:
        content = self._store.config(check_digest(digest, self._store.location))
        return verify(content, digest, self._store.name_of(digest))


def _is_encrypted(layer: Descriptor) -> bool:
    return "encrypted" in (layer.media_type or "")
