"""`podman:NAME`, and plain names: an image that Podman has, through its socket."""

import os
from contextlib import AbstractContextManager

from sbomgen.image.engines.engine import podman
from sbomgen.image.remote import OpenOptions, RemoteName
from sbomgen.image.source import StoredImages


class PodmanRemote:
    """Podman on this machine."""

    name = "podman"
    schemes: tuple[str, ...] = ("podman",)
    plain = True

    def open(self, name: RemoteName, options: OpenOptions) -> AbstractContextManager[StoredImages]:
        """The image that Podman has under a name or id."""
        from sbomgen.image.engines.api import open_engine  # with http.client: only where it is needed

        return open_engine(podman(os.environ), name, options)
