"""OCI image layouts, in a folder or a tar of one (OCI image-spec, image-layout.md)."""

from collections.abc import Mapping
from typing import BinaryIO

from sbomgen.errors import UnreadableError
from sbomgen.image.blobs import Blobs, read_bounded
from sbomgen.image.index import ImageIndex
from sbomgen.image.oci import MAX_DOCUMENT_BYTES, Descriptor, check_digest, read_document
from sbomgen.image.oci_images import NamedDescriptor, OciImages

INDEX_NAME = "index.json"

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

    def read(self, blobs: Blobs, source: str) -> OciImages:
        """The images of the layout."""
        return layout_images(blobs, source, self.scheme_of(blobs) or self.name, {})


def layout_images(blobs: Blobs, source: str, form: str, tags: Mapping[str, tuple[str, ...]]) -> OciImages:
    """The images of a layout, called so; `tags`, by config digest, take the place of the references that its index gives."""
    where = f"{blobs.location}: {INDEX_NAME}"
    top = read_document(read_bounded(blobs, INDEX_NAME, MAX_DOCUMENT_BYTES), where)
    references: dict[str, list[str]] = {}
    descriptors: dict[str, Descriptor] = {}
    for descriptor in top.manifests or ():
        descriptors.setdefault(check_digest(descriptor.digest, where), descriptor)
        references.setdefault(descriptor.digest, []).extend(_references(descriptor))
    tops = tuple(NamedDescriptor(descriptor, tuple(dict.fromkeys(references[digest]))) for digest, descriptor in descriptors.items())
    return OciImages(LayoutStore(blobs), ImageIndex(source=source, form=form, manifests=()), tops, tags)


class LayoutStore:
    """The blobs of a layout, each named by its digest."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs
        self.location = blobs.location

    def name_of(self, digest: str) -> str:
        """Its name in the layout."""
        return f"{self.location}: {_blob_name(digest)}"

    def __contains__(self, digest: str) -> bool:
        return _blob_name(digest) in self._blobs

    def is_listed_unread(self, descriptor: Descriptor) -> bool:
        """No: they are all at hand."""
        return False

    def manifest(self, digest: str) -> bytes:
        """A manifest or index."""
        return read_bounded(self._blobs, _blob_name(digest), MAX_DOCUMENT_BYTES)

    config = manifest

    def blob(self, digest: str, limit_bytes: int) -> bytes | None:
        """Any blob."""
        return read_bounded(self._blobs, _blob_name(digest), limit_bytes) if digest in self else None

    def open_layer(self, layer: Descriptor) -> BinaryIO:
        """A layer as stored."""
        if layer.digest not in self:
            raise UnreadableError(f"{_blob_name(layer.digest)} is missing ({layer.media_type}): foreign layers have to be fetched too")
        return self._blobs.open(_blob_name(layer.digest))

    def fetch_layer(self, layer: Descriptor) -> None:
        """It is here."""


def _references(descriptor: Descriptor) -> list[str]:
    annotations = descriptor.annotations or {}
    return [annotations[name] for name in _NAME_ANNOTATIONS if annotations.get(name)][:1]


def _blob_name(digest: str) -> str:
    """Where a blob stands; the digest has been checked, so that it cannot lead anywhere else."""
    return "blobs/" + digest.replace(":", "/")
