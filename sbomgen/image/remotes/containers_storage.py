"""`containers-storage:[ROOT@]NAME`: an image in the storage folder of Podman, Buildah, CRI-O or skopeo, without the engine."""

from collections.abc import Iterator
from contextlib import contextmanager

from sbomgen.image.remote import OpenOptions, RemoteName
from sbomgen.image.source import StoredImages


class ContainersStorageRemote:
    """Never asked for plain names: the engine itself is, which knows what else belongs to its storage."""

    name = "containers-storage"
    schemes: tuple[str, ...] = ("containers-storage",)
    plain = False

    @contextmanager
    def open(self, name: RemoteName, options: OpenOptions) -> Iterator[StoredImages]:
        """The image that the storage has under a name, digest or id."""
        from sbomgen.image.engines.containers_storage import ROOT, ROOTLESS, ContainersStorage
        from sbomgen.image.engines.storage import open_storage, parts_of

        root, wanted = parts_of(name, (ROOT, ROOTLESS.expanduser()))
        with open_storage(ContainersStorage(root), wanted, name, options) as images:
            yield images
