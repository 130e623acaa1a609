"""`containerd:[NAMESPACE@]NAME`: an image that containerd has, exported by its own client."""

from contextlib import AbstractContextManager

from sbomgen.image.remote import OpenOptions, RemoteName
from sbomgen.image.source import StoredImages


class ContainerdRemote:
    """containerd on this machine; never asked for plain names, since it takes a program to."""

    name = "containerd"
    schemes: tuple[str, ...] = ("containerd",)
    plain = False

    def open(self, name: RemoteName, options: OpenOptions) -> AbstractContextManager[StoredImages]:
        """The image that containerd has under a name."""
        from sbomgen.image.engines.containerd import open_containerd  # with subprocess: only where it is needed

        return open_containerd(name, options)
