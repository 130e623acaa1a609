"""A folder with a root file system: unpacked images, chroots, mounted disks, the machine itself. It has one layer, and no digest at all."""

import os
from pathlib import Path
from typing import BinaryIO

from sbomgen.errors import UnreadableError
from sbomgen.image.blobs import Blobs, FolderBlobs
from sbomgen.image.index import ImageIndex, ListedManifest, ManifestKind
from sbomgen.image.manifest import HistoryMatch, Image, ImageConfig, Layer

_SIGNS = ("etc/os-release", "usr/lib/os-release", "usr/bin", "usr/lib", "var/lib/dpkg", "var/lib/rpm", "lib/apk")
"""What a root file system has, any of them; other folders are taken for one only where the user says so."""


class RootFolder:
    """Any folder with one of the `_SIGNS`."""

    name = "dir"
    schemes: tuple[str, ...] = ("dir",)

    def scheme_of(self, blobs: Blobs) -> str | None:
        """By what stands in it."""
        return self.name if isinstance(blobs, FolderBlobs) and any(_has(blobs.root, sign) for sign in _SIGNS) else None

    def read(self, blobs: Blobs, source: str) -> "RootFolderImage":
        """The one image that it is."""
        assert isinstance(blobs, FolderBlobs)
        return RootFolderImage(blobs.root, source)


ROOT_FOLDER = RootFolder()


class RootFolderImage:
    """The folder as an image of one layer."""

    def __init__(self, root: Path, source: str) -> None:
        self._root = root
        only = ListedManifest(kind=ManifestKind.IMAGE, digest=None, config_digest=None, media_type=None, size_bytes=None, platform=None)
        self.index = ImageIndex(source=source, form=RootFolder.name, manifests=(only,))

    def image(self, manifest: ListedManifest) -> Image:
        """The folder."""
        layer = Layer(
            index=0,
            diff_id=None,
            chain_id=None,
            digest=None,
            blob_size_bytes=None,
            media_type=None,
            history=None,
            history_match=HistoryMatch.UNKNOWN,
            open=self._no_blob,
            folder=self._root,
        )
        return Image(
            source=self.index.source,
            references=(),
            manifest_digest=None,
            config_digest=None,
            config=ImageConfig(),
            annotations={},
            layers=(layer,),
        )

    def blob(self, digest: str, limit_bytes: int) -> bytes | None:
        """Nothing: nothing here has a digest."""
        return None

    def _no_blob(self) -> BinaryIO:
        raise UnreadableError(f"{self._root}: is a folder, which is walked and not opened")


def _has(root: Path, name: str) -> bool:
    """Whether something of this name stands beneath the root; links that lead out of it are not followed."""
    folder, _, last = name.rpartition("/")
    path = os.path.realpath(root / folder)
    return Path(path).is_relative_to(root) and os.path.lexists(os.path.join(path, last))  # noqa: PTH118  # Path has no lexists
