"""`registry:NAME`, and plain names: an image in a registry (`sbomgen.image.registry`)."""

from collections.abc import Iterator
from contextlib import contextmanager

from sbomgen.errors import NetworkError
from sbomgen.image.registry.names import parse_name
from sbomgen.image.remote import OpenOptions, RemoteName
from sbomgen.image.source import StoredImages


class RegistryRemote:
    """Docker Hub where the name has no registry."""

    name = "registry"
    schemes: tuple[str, ...] = ("registry",)
    plain = True

    @contextmanager
    def open(self, name: RemoteName, options: OpenOptions) -> Iterator[StoredImages]:
        """The images that a name means, one for each platform."""
        image_name = parse_name(name.name)
        if options.offline:
            missing = "" if name.scheme else "there is no such file or folder, and "
            raise NetworkError(f"{name.source}: {missing}--offline forbids to ask the registry for {image_name}")
        options.say(f"{name.source}: registry {image_name}")
        from sbomgen.image.registry.images import open_registry  # with urllib3: only where it is needed

        with open_registry(image_name, name.source, options) as images:
            yield images
