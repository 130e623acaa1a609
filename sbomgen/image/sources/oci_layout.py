"""OCI image layouts, in a folder or a tar of one (OCI image-spec, image-layout.md)."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import BinaryIO

import msgspec

from sbomgen.errors import UnreadableError
from sbomgen.image.blobs import Blobs, read_bounded
from sbomgen.image.index import ImageIndex, ListedManifest, ManifestKind
from sbomgen.image.manifest import Image
from sbomgen.image.oci import (
    INDEX_TYPES,
    MAX_DOCUMENT_BYTES,
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

INDEX_NAME = "index.json"

MAX_INDEX_DEPTH = 4
"""Indexes within indexes: multi-platform images have one, an index of such images two."""

MAX_MANIFESTS = 10_000
"""Descriptors looked at, over all nested indexes: indexes that name one another grow without bound."""

_NAME_ANNOTATIONS = ("io.containerd.image.name", "org.opencontainers.image.ref.name")
"""Where the reference of a descriptor stands, the fullest form first."""


class OciLayout:
    """`index.json` and `blobs/ALGORITHM/HEX`."""

    name = "oci-layout"
    schemes: tuple[str, ...] = ("oci-dir", "oci-archive")

    def scheme_of(self, blobs: Blobs) -> str | None:
        """By its `index.json`; the file `oci-layout` is not everywhere."""
        if INDEX_NAME not in blobs:
            return None
        return "oci-dir" if blobs.is_folder else "oci-archive"

    def read(self, blobs: Blobs, source: str) -> "OciImages":
        """The images of the layout."""
        return OciImages(blobs, source, self.scheme_of(blobs) or self.name, {})


class OciImages:
    """The images of a layout. `tags`, by config digest, take the place of the references that the index gives."""

    def __init__(self, blobs: Blobs, source: str, form: str, tags: Mapping[str, Sequence[str]]) -> None:
        self._blobs = blobs
        self._tags = tags
        self._documents: dict[str, Document | None] = {}
        self._seen = 0
        self.index = ImageIndex(source=source, form=form, manifests=tuple(self._listed_manifests()))

    def image(self, manifest: ListedManifest) -> Image:
        """One of the listed images."""
        where = f"{self._blobs.location}: manifest {manifest.digest}"
        document = self._documents[manifest.digest or ""]
        if document is None or document.config is None:
            raise UnreadableError(f"{where}: {manifest.reason or 'it is not stored here'}")
        config_digest = document.config.digest
        descriptors = document.layers or ()
        config = read_config(self._blob(config_digest), len(descriptors), f"{where}: config {config_digest}")
        layers = [
            StoredLayer(check_digest(layer.digest, where), layer.size, layer.media_type, partial(self._open_layer, layer))
            for layer in descriptors
        ]
        annotations = {**manifest.annotations, **(document.annotations or {})}
        return make_image(self.index, msgspec.structs.replace(manifest, annotations=annotations), config, layers)

    def _open_layer(self, layer: Descriptor) -> BinaryIO:
        if "encrypted" in (layer.media_type or ""):
            raise UnreadableError(f"{layer.digest} is encrypted ({layer.media_type}): decrypt the image first")
        name = _blob_name(layer.digest)
        if name not in self._blobs:
            raise UnreadableError(f"{self._blobs.location}: {name} is missing ({layer.media_type}): foreign layers have to be fetched too")
        return self._blobs.open(name)

    def _listed_manifests(self) -> Iterator[ListedManifest]:
        where = f"{self._blobs.location}: {INDEX_NAME}"
        top = read_document(read_bounded(self._blobs, INDEX_NAME, MAX_DOCUMENT_BYTES), where)
        references: dict[str, list[str]] = {}
        descriptors: dict[str, Descriptor] = {}
        for descriptor in top.manifests or ():
            descriptors.setdefault(descriptor.digest, descriptor)
            references.setdefault(descriptor.digest, []).extend(_references(descriptor))
        for digest, descriptor in descriptors.items():
            yield from self._walk(descriptor, tuple(dict.fromkeys(references[digest])), ())

    def _walk(self, descriptor: Descriptor, references: tuple[str, ...], indexes: tuple[str, ...]) -> Iterator[ListedManifest]:
        """A manifest, or those of a nested index."""
        where = f"{self._blobs.location}: index {indexes[-1] if indexes else INDEX_NAME}"
        self._seen += 1
        if self._seen > MAX_MANIFESTS or len(indexes) > MAX_INDEX_DEPTH:
            raise UnreadableError(f"{where}: indexes nested over {MAX_INDEX_DEPTH} deep, or of more than {MAX_MANIFESTS:,} manifests")
        check_digest(descriptor.digest, where)
        document = None if is_attestation(descriptor) else self._document(descriptor.digest)
        if document is None or document.manifests is None:
            yield self._listed(descriptor, document, references, indexes)
            return
        for child in document.manifests:
            yield from self._walk(child, references, (*indexes, descriptor.digest))

    def _listed(
        self, descriptor: Descriptor, document: Document | None, references: tuple[str, ...], indexes: tuple[str, ...]
    ) -> ListedManifest:
        kind, reason = _kind(descriptor, document)
        is_image = kind is ManifestKind.IMAGE
        config_digest = document.config.digest if is_image and document and document.config else None
        return ListedManifest(
            kind=kind,
            digest=descriptor.digest,
            config_digest=config_digest,
            media_type=descriptor.media_type or (document.media_type if document else None),
            size_bytes=descriptor.size,
            platform=str(descriptor.platform or "") or self._stated_platform(config_digest),
            references=tuple(self._tags.get(config_digest or "", references)),
            annotations=descriptor.annotations or {},
            indexes=indexes,
            present=_blob_name(descriptor.digest) in self._blobs,
            reason=reason,
        )

    def _stated_platform(self, config_digest: str | None) -> str | None:
        if config_digest is None or _blob_name(config_digest) not in self._blobs:
            return None
        return str(read_platform(self._blob(config_digest), f"{self._blobs.location}: config {config_digest}")) or None

    def _document(self, digest: str) -> Document | None:
        """A manifest or index; None where the layout does not have it."""
        if digest not in self._documents:
            where = f"{self._blobs.location}: {_blob_name(digest)}"
            self._documents[digest] = read_document(self._blob(digest), where) if _blob_name(digest) in self._blobs else None
        return self._documents[digest]

    def _blob(self, digest: str) -> bytes:
        """A document that is named by its digest, and has it."""
        name = _blob_name(check_digest(digest, self._blobs.location))
        return verify(read_bounded(self._blobs, name, MAX_DOCUMENT_BYTES), digest, f"{self._blobs.location}: {name}")


def _kind(descriptor: Descriptor, document: Document | None) -> tuple[ManifestKind, str | None]:
    """What a manifest is of, and why it is no image that can be read."""
    if is_attestation(descriptor):
        return ManifestKind.ATTESTATION, None
    if document is not None:
        reason = why_no_image(document)
        return (ManifestKind.ARTIFACT if reason else ManifestKind.IMAGE), reason
    if descriptor.artifact_type is not None:
        return ManifestKind.ARTIFACT, f"an artifact manifest of type {descriptor.artifact_type}"
    absent = "an index" if descriptor.media_type in INDEX_TYPES else "a manifest"
    return ManifestKind.IMAGE, f"{absent} that is named, but not stored here"


def _references(descriptor: Descriptor) -> list[str]:
    annotations = descriptor.annotations or {}
    return [annotations[name] for name in _NAME_ANNOTATIONS if annotations.get(name)][:1]


def _blob_name(digest: str) -> str:
    """Where a blob stands; the digest has been checked, so that it cannot lead anywhere else."""
    return "blobs/" + digest.replace(":", "/")
