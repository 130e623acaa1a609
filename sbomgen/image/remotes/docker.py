"""`docker:NAME`, and plain names: an image that Docker has, through its socket."""

import os
from contextlib import AbstractContextManager

from sbomgen.image.engines.engine import docker
from sbomgen.image.remote import OpenOptions, RemoteName
from sbomgen.image.source import StoredImages


class DockerRemote:
    """Docker on this machine."""

    name = "docker"
    schemes: tuple[str, ...] = ("docker",)
    plain = True

    def open(self, name: RemoteName, options: OpenOptions) -> AbstractContextManager[StoredImages]:
        """The image that Docker has under a name or id."""
        from sbomgen.image.engines.api import open_engine  # with http.client: only where it is needed

        return open_engine(docker(os.environ), name, options)
