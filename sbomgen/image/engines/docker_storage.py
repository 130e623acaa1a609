"""Docker's storage folder (`/var/lib/docker`), as its classic image store keeps it; its containerd image store is another.

Source: github.com/moby/moby, image/fs.go and reference/store.go (`image/DRIVER/imagedb`, `repositories.json`), layer/filestore.go
(`image/DRIVER/layerdb/sha256/CHAIN_ID`), and the storage drivers for where a layer's files are.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec import Struct

from sbomgen.errors import UnreadableError
from sbomgen.image.blobs import FolderBlobs, read_bounded
from sbomgen.image.engines.storage import MAX_CATALOGUE_BYTES, SplitLayer, StorageImage
from sbomgen.image.manifest import ImageConfig, chain_ids
from sbomgen.image.oci import MAX_DOCUMENT_BYTES, check_digest, decode

ROOT = Path("/var/lib/docker")
ROOTLESS = Path("~/.local/share/docker")

FOLDERS = {
    "overlay2": "overlay2/{}/diff",
    "fuse-overlayfs": "fuse-overlayfs/{}/diff",
    "vfs": "vfs/dir/{}",
    "btrfs": "btrfs/subvolumes/{}",
    "aufs": "aufs/diff/{}",
}
"""By storage driver, where a layer's files are; other drivers keep them where no folder shows them."""

MAX_ID_BYTES = 200
"""Of a file that holds an id."""

_CACHE_ID = re.compile(rb"[0-9a-z]+")


class _Repositories(Struct, frozen=True, rename="pascal"):
    repositories: dict[str, dict[str, str]] = {}
    """By repository: config digests by reference."""


class DockerStorage:
    """The images of one storage driver."""

    form = "docker-storage"

    def __init__(self, root: Path) -> None:
        self._blobs = FolderBlobs(root)
        self.location = f"Docker's storage {root}"
        drivers = [driver for driver in FOLDERS if f"image/{driver}/repositories.json" in self._blobs]
        if not drivers:
            raise UnreadableError(
                f"{root}: no storage of Docker's classic image store with one of the drivers {', '.join(FOLDERS)}: save the image with "
                "`docker save`, or ask the engine itself: docker:NAME"
            )
        self._driver = drivers[0]

    def images(self) -> Iterator[StorageImage]:
        """Those with a name and those without."""
        content = read_bounded(self._blobs, f"image/{self._driver}/repositories.json", MAX_CATALOGUE_BYTES)
        named: dict[str, list[str]] = {}
        for references in decode(content, _Repositories, self.location).repositories.values():
            for reference, config_digest in references.items():
                named.setdefault(check_digest(config_digest, self.location), []).append(reference)
        for unnamed in self._configs():
            named.setdefault(check_digest(f"sha256:{unnamed}", self.location), [])
        for config_digest, names in named.items():
            yield StorageImage(
                references=tuple(name for name in names if "@" not in name),
                digests=tuple(name.rpartition("@")[2] for name in names if "@" in name),
                config_digest=config_digest,
            )

    def _configs(self) -> list[str]:
        folder = self._blobs.root / f"image/{self._driver}/imagedb/content/sha256"
        try:
            return sorted(path.name for path in folder.iterdir())
        except OSError as exc:
            raise UnreadableError(f"{folder}: cannot be listed: {exc.strerror}") from exc

    def config(self, image: StorageImage) -> bytes:
        """The config."""
        name = image.config_digest.replace(":", "/")
        return read_bounded(self._blobs, f"image/{self._driver}/imagedb/content/{name}", MAX_DOCUMENT_BYTES)

    def manifest(self, image: StorageImage) -> None:
        """Not kept."""

    def layers(self, image: StorageImage, config: ImageConfig) -> Sequence[SplitLayer]:
        """By their chain ids."""
        return [self._layer(chain_id) for chain_id in chain_ids(config.diff_ids)]

    def _layer(self, chain_id: str) -> SplitLayer:
        name = f"image/{self._driver}/layerdb/{chain_id.replace(':', '/')}"
        cache_id = read_bounded(self._blobs, f"{name}/cache-id", MAX_ID_BYTES)
        if not _CACHE_ID.fullmatch(cache_id):
            raise UnreadableError(f"{self.location}: {name}/cache-id: is no id")
        root = self._blobs.root
        return SplitLayer(root / name / "tar-split.json.gz", root / FOLDERS[self._driver].format(cache_id.decode()))
