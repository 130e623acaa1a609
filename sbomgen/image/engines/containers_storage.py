"""The storage folder of Podman, Buildah, CRI-O and skopeo (`/var/lib/containers/storage`).

Source: github.com/containers/storage, docs and images.go, layers.go: `DRIVER-images/images.json`, `DRIVER-layers/layers.json`, and the
storage drivers for where a layer's files are. Documents of an image are files below `DRIVER-images/ID`; a name that is not of letters,
digits, `.`, `-` and `_` alone stands there as `=` and its base64.
"""

import base64
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from msgspec import Struct

from sbomgen.errors import UnreadableError
from sbomgen.image.blobs import FolderBlobs, read_bounded
from sbomgen.image.engines.storage import MAX_CATALOGUE_BYTES, SplitLayer, StorageImage
from sbomgen.image.manifest import ImageConfig
from sbomgen.image.oci import MAX_DOCUMENT_BYTES, MAX_LAYERS, decode

ROOT = Path("/var/lib/containers/storage")
ROOTLESS = Path("~/.local/share/containers/storage")

FOLDERS = {"overlay": "overlay/{}/diff", "vfs": "vfs/dir/{}", "btrfs": "btrfs/subvolumes/{}"}
"""By storage driver, where a layer's files are; other drivers keep them where no folder shows them."""

_ID = re.compile(r"[0-9a-f]{64}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_T = TypeVar("_T")


class _Image(Struct, frozen=True, rename="kebab"):
    id: str
    digest: str | None = None
    names: tuple[str, ...] | None = None
    layer: str | None = None
    """The topmost."""
    big_data_names: tuple[str, ...] | None = None
    big_data_digests: dict[str, str] | None = None


class _Layer(Struct, frozen=True):
    id: str
    parent: str | None = None


class ContainersStorage:
    """The images of one storage driver."""

    form = "containers-storage"

    def __init__(self, root: Path) -> None:
        self._blobs = FolderBlobs(root)
        self.location = f"the storage {root}"
        drivers = [driver for driver in FOLDERS if f"{driver}-images/images.json" in self._blobs]
        if not drivers:
            raise UnreadableError(
                f"{root}: no containers-storage with one of the drivers {', '.join(FOLDERS)}: save the image with `podman save`, or ask "
                "the engine itself: podman:NAME"
            )
        self._driver = drivers[0]
        self._images: dict[str, _Image] = {}  # by config digest

    def images(self) -> Iterator[StorageImage]:
        """Those with a config: a manifest list is kept as an image too, but is none."""
        for image in self._catalogue("images", tuple[_Image, ...]):
            config_digest = next((name for name in image.big_data_names or () if _DIGEST.fullmatch(name)), None)
            if config_digest is not None and _ID.fullmatch(image.id):
                self._images[config_digest] = image
                digests = {image.digest, *(image.big_data_digests or {}).values()} - {None}
                yield StorageImage(references=image.names or (), digests=tuple(sorted(map(str, digests))), config_digest=config_digest)

    def config(self, image: StorageImage) -> bytes:
        """The config."""
        encoded = base64.b64encode(image.config_digest.encode()).decode()
        return self._document(image, f"={encoded}")

    def manifest(self, image: StorageImage) -> bytes | None:
        """The manifest."""
        return self._document(image, "manifest")

    def layers(self, image: StorageImage, config: ImageConfig) -> Sequence[SplitLayer]:
        """By their parents."""
        parents = {layer.id: layer.parent for layer in self._catalogue("layers", tuple[_Layer, ...])}
        chain: list[str] = []
        current = self._images[image.config_digest].layer
        while current and len(chain) < MAX_LAYERS:
            if current not in parents or not _ID.fullmatch(current):
                raise UnreadableError(f"{self.location}: layer {current[:80]!r} is not there; an additional image store may have it")
            chain.append(current)
            current = parents[current]
        if len(chain) != len(config.diff_ids):
            raise UnreadableError(f"{self.location}: the image has {len(chain)} layers, and its config {len(config.diff_ids)} diff_ids")
        return [self._layer(layer_id) for layer_id in chain[::-1]]

    def _layer(self, layer_id: str) -> SplitLayer:
        root = self._blobs.root
        return SplitLayer(root / f"{self._driver}-layers/{layer_id}.tar-split.gz", root / FOLDERS[self._driver].format(layer_id))

    def _document(self, image: StorageImage, name: str) -> bytes:
        folder = f"{self._driver}-images/{self._images[image.config_digest].id}"
        return read_bounded(self._blobs, f"{folder}/{name}", MAX_DOCUMENT_BYTES)

    def _catalogue(self, what: str, kind: type[_T]) -> _T:
        name = f"{self._driver}-{what}/{what}.json"
        return decode(read_bounded(self._blobs, name, MAX_CATALOGUE_BYTES), kind, f"{self.location}: {name}")
