"""Images in the storage of an engine, read without the engine: what Docker's and Podman's have in common.

Both keep the documents of an image, a folder for each layer, and tar-split's record of the layer's tar (`tar_split`), so that layers are
verified as from any other source.
"""

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from sbomgen.errors import UnreadableError
from sbomgen.image.engines.tar_split import open_layer
from sbomgen.image.index import ImageIndex, ListedManifest, ManifestKind, full_reference
from sbomgen.image.manifest import Image, ImageConfig
from sbomgen.image.oci import digest_of, read_config, read_document, read_platform, verify
from sbomgen.image.remote import NotHereError, OpenOptions, RemoteName
from sbomgen.image.source import StoredImages, StoredLayer, make_image

MAX_CATALOGUE_BYTES = 64 << 20
"""Of a storage's list of images or layers: a machine with 100 000 layers has some 50 MiB."""

MIN_ID_DIGITS = 12
"""Of an id, as engines print it."""

_ID = re.compile(rf"(?:sha256:)?([0-9a-f]{{{MIN_ID_DIGITS},64}})")
_ROOT = re.compile(r"(?P<root>/[^@]*)@(?P<name>.*)")


class StorageImage(Struct, frozen=True, kw_only=True):
    """An image as a storage lists it."""

    references: tuple[str, ...]
    digests: tuple[str, ...]
    """What names it besides: of its config, manifest, index."""
    config_digest: str


class SplitLayer(Struct, frozen=True):
    """Where a layer is."""

    record: Path
    folder: Path


class Storage(Protocol):
    """The storage of one engine. All its methods raise `UnreadableError`."""

    form: str
    location: str

    def images(self) -> Iterable[StorageImage]:
        """All that it lists."""
        ...

    def config(self, image: StorageImage) -> bytes:
        """The config, not verified."""
        ...

    def manifest(self, image: StorageImage) -> bytes | None:
        """The manifest, if it is kept."""
        ...

    def layers(self, image: StorageImage, config: ImageConfig) -> Sequence[SplitLayer]:
        """Bottom first."""
        ...


def parts_of(name: RemoteName, usual: Sequence[Path]) -> tuple[Path, str]:
    """Folder and image of `[ROOT@]NAME`; without ROOT the first of the usual folders that exists.

    Raises `NotHereError` where there is none, `UnreadableError` where it may not be read.
    """
    match = _ROOT.fullmatch(name.name)
    folders = [Path(match["root"])] if match else usual
    for folder in folders:
        try:
            os.listdir(folder)  # noqa: PTH208  # only whether it can be done
        except FileNotFoundError:
            continue
        except OSError as exc:
            raise UnreadableError(f"{name.source}: {folder}: {exc.strerror}; storage of root or of other users is read as root") from exc
        return folder, match["name"] if match else name.name
    raise NotHereError(f"{name.source}: there is no {' or '.join(map(str, folders))}; name the folder: {name.scheme}:/FOLDER@NAME")


@contextmanager
def open_storage(storage: Storage, wanted: str, name: RemoteName, options: OpenOptions) -> Iterator[StoredImages]:
    """The image that a storage has under a name, digest or id. Raises `NotHereError` where it has none."""
    listed = list(storage.images())
    meant = [image for image in listed if _names(image, wanted)]
    if not meant:
        known = ", ".join(sorted({reference for image in listed for reference in image.references})[:20])
        raise NotHereError(f"{name.source}: {storage.location} has no image {wanted!r}; it has {known or 'none with a name'}")
    options.say(f"{name.source}: {storage.location}")
    yield _StorageImages(storage, name.source, meant)


def _names(image: StorageImage, wanted: str) -> bool:
    """Whether a name, digest or id means an image; a short name is Docker Hub's, or one that was built here."""
    digest = wanted.rpartition("@")[2]
    if digest.startswith("sha256:") and digest in {image.config_digest, *image.digests}:
        return True
    if (id_ := _ID.fullmatch(wanted)) and image.config_digest.startswith(f"sha256:{id_[1]}"):
        return True
    full = {full_reference(wanted), full_reference(f"localhost/{wanted}")}
    return any(full_reference(reference) in full for reference in image.references)


class _StorageImages:
    """Some of the images of a storage."""

    def __init__(self, storage: Storage, source: str, images: Sequence[StorageImage]) -> None:
        self._storage = storage
        self._images = {image.config_digest: image for image in images}
        self.index = ImageIndex(source=source, form=storage.form, manifests=tuple(map(self._listed, self._images.values())))

    def image(self, manifest: ListedManifest) -> Image:
        """One of them."""
        image = self._images[manifest.config_digest or ""]
        config = read_config(self._config(image), None, f"{self._storage.location}: config {image.config_digest}")
        layers = [
            StoredLayer(None, None, None, partial(open_layer, layer.record, layer.folder)) for layer in self._storage.layers(image, config)
        ]
        return make_image(self.index, manifest, config, layers)

    def blob(self, digest: str, limit_bytes: int) -> bytes | None:
        """Nothing but what `image` gives: no other blob is kept under its digest."""
        return None

    def _listed(self, image: StorageImage) -> ListedManifest:
        where = f"{self._storage.location}: config {image.config_digest}"
        content = self._storage.manifest(image)
        document = read_document(content, where) if content else None
        if content is None or document is None or document.config is None or document.config.digest != image.config_digest:
            content = document = None
        return ListedManifest(
            kind=ManifestKind.IMAGE,
            digest=digest_of(content) if content else None,
            config_digest=image.config_digest,
            media_type=document.media_type if document else None,
            size_bytes=len(content) if content else None,
            platform=str(read_platform(self._config(image), where)) or None,
            references=image.references,
            annotations=(document.annotations if document else None) or {},
        )

    def _config(self, image: StorageImage) -> bytes:
        return verify(self._storage.config(image), image.config_digest, f"{self._storage.location}: config")
