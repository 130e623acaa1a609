"""What XMvn, which builds the Java packages of Fedora, Red Hat and SUSE, states of the archives that it installed.

The files are XMvn's own format METADATA (namespace `http://fedorahosted.org/xmvn/METADATA/`, versions 2 and 3), compressed by gzip or not.
"""

import re
import zlib
from collections.abc import Iterator

from sbomgen.catalogers._java_manifest import Coordinates, elements, identifier, version_of

XMVN_FOLDER = r"(?:.*/)?usr/share/maven-metadata"
XMVN_LIMIT_BYTES = 16 << 20
"""Of one package's metadata, unpacked too: some 10 KiB an archive."""

_ROOT = re.compile(r"(.*?)usr/share/maven-metadata/[^/]+")
_ARTIFACT = "metadata/artifacts/artifact"
_GZIP, _GZIP_WINDOW = b"\x1f\x8b", 31


def xmvn_archives(file_path: str, body: bytes) -> Iterator[tuple[str, Coordinates]]:
    """Path and coordinates of each file for which the metadata states both; nothing where they cannot be read, as XMvn itself does."""
    root = _ROOT.sub(r"\1", file_path)
    for stated in _artifacts(_unpacked(body)):
        group, name, version, path = (stated.get(f"{_ARTIFACT}/{element}", "") for element in ("groupId", "artifactId", "version", "path"))
        coordinates = Coordinates(identifier(group), identifier(name), version_of(version))
        if coordinates.is_complete and path:
            yield root + path.lstrip("/"), coordinates


def _artifacts(body: bytes) -> Iterator[dict[str, str]]:
    """The elements of each artifact by their path; those of its aliases and dependencies lie deeper."""
    stated: dict[str, str] = {}
    for path, text in elements(body, depth=4):
        if path == _ARTIFACT:
            yield stated
            stated = {}
        else:
            stated.setdefault(path, text)
    yield stated


def _unpacked(body: bytes) -> bytes:
    if not body.startswith(_GZIP):
        return body
    try:
        return zlib.decompressobj(_GZIP_WINDOW).decompress(body, XMVN_LIMIT_BYTES)
    except zlib.error:
        return b""
