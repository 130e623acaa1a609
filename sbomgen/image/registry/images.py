"""The images that a name means in a registry: manifests when they are listed or chosen, layers when they are read."""

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from typing import BinaryIO

from sbomgen.errors import DigestMismatchError, UnreadableError
from sbomgen.image.index import ImageIndex
from sbomgen.image.oci import Descriptor, check_digest, digest_of
from sbomgen.image.oci_images import NamedDescriptor, OciImages
from sbomgen.image.registry.auth import Authorizer
from sbomgen.image.registry.client import MANIFEST_TYPES, Client
from sbomgen.image.registry.credentials import Credentials, from_options, stored_credentials
from sbomgen.image.registry.downloads import MAX_BLOB_BYTES, Downloads
from sbomgen.image.registry.endpoints import Endpoint, endpoints
from sbomgen.image.registry.names import ImageName
from sbomgen.image.registry.transport import Transport
from sbomgen.image.remote import NotHereError, OpenOptions

MAX_MANIFESTS_READ = 200
"""Of one index, with those of nested ones: where it does not state the platforms, each is a request or two."""


@contextmanager
def open_registry(name: ImageName, source: str, options: OpenOptions) -> Iterator[OciImages]:
    """The images that a name means; raises `NotHereError`, `NetworkError`, `UnreadableError` and `DigestMismatchError`."""

    def credentials(endpoint: Endpoint) -> Credentials | None:
        given = from_options(options) if endpoint.own else None
        return given or stored_credentials(endpoint.registry, endpoint.repository, os.environ, options.say)

    with closing(Transport()) as transport:
        client = Client(name, endpoints(name, options, os.environ), transport, Authorizer(transport, credentials))
        with closing(Downloads(client.blob_pieces)) as downloads:
            transport.pause = downloads.pause
            store = RegistryStore(client, downloads)
            index = ImageIndex(source=source, form="registry", manifests=(), one_name=True)
            yield OciImages(store, index, (NamedDescriptor(store.top(), (str(name),)),), {})


class RegistryStore:
    """The blobs of one repository."""

    def __init__(self, client: Client, downloads: Downloads) -> None:
        self.location = str(client.name)
        self._client = client
        self._downloads = downloads
        self._top: tuple[str, bytes] = ("", b"")
        self._config: tuple[str, bytes] = ("", b"")
        """The last one that was read: an image that is listed by its config is mostly the one that is chosen."""
        self._read = 0

    def top(self) -> Descriptor:
        """Of the manifest or index that the name means, which is asked for."""
        name = self._client.name
        manifest = self._client.manifest(name.reference)
        digest = name.digest or manifest.stated_digest or digest_of(manifest.content)
        actual = digest_of(manifest.content, check_digest(digest, f"{name}: Docker-Content-Digest"))
        if actual != digest:
            raise DigestMismatchError(f"{name}: the manifest has digest {actual}, but is named {digest}; ask again, or another mirror")
        self._top = (digest, manifest.content)
        return Descriptor(digest=digest, media_type=manifest.media_type or None, size=len(manifest.content))

    def name_of(self, digest: str) -> str:
        """The image's name, and the digest."""
        return f"{self.location}: {digest}"

    def __contains__(self, digest: str) -> bool:
        return True

    def is_listed_unread(self, descriptor: Descriptor) -> bool:
        """Those whose platform the index states: registries count requests for manifests, and only one is wanted of an index."""
        return bool(str(descriptor.platform or "")) and descriptor.media_type in MANIFEST_TYPES

    def manifest(self, digest: str) -> bytes:
        """A manifest or index."""
        if digest == self._top[0]:
            return self._top[1]
        self._read += 1
        if self._read > MAX_MANIFESTS_READ:
            raise UnreadableError(f"{self.location}: more than {MAX_MANIFESTS_READ} manifests whose platform its index does not state")
        return self._client.manifest(digest).content

    def config(self, digest: str) -> bytes:
        """A config."""
        if digest != self._config[0]:
            self._config = (digest, self._client.document(digest).content)
        return self._config[1]

    def blob(self, digest: str, limit_bytes: int) -> bytes | None:
        """A blob, else a manifest: registries keep them apart."""
        for read in (self._client.document, self._client.manifest):
            with suppress(NotHereError):
                return read(digest, limit_bytes).content
        return None

    def open_layer(self, layer: Descriptor) -> BinaryIO:
        """A layer as stored, which may still be on its way."""
        size_bytes = layer.size if layer.size is not None else -1
        if not 0 <= size_bytes <= MAX_BLOB_BYTES:
            raise UnreadableError(f"{layer.digest}: its manifest states {size_bytes:,} bytes; 0 to {MAX_BLOB_BYTES:,} are fetched")
        return self._downloads.open(layer.digest, size_bytes)

    def fetch_layer(self, layer: Descriptor) -> None:
        """Begins to fetch a layer, unless opening it is an error anyway."""
        if layer.size is not None and 0 <= layer.size <= MAX_BLOB_BYTES:
            self._downloads.begin(layer.digest, layer.size)
