"""Identifiers made from content: the same content gives the same identifier, on every machine and on every day."""

import hashlib
from collections.abc import Iterable

from sbomgen.model import TrackedPackage

_NAMESPACE = bytes.fromhex("4f0a3c1e9d5b5c7fb2a86e1d70c39a44")
"""Of the UUIDs that documents are named by: made up once, and never to be changed."""


NAMESPACE_MARK = "\x7f"
"""Stands in a document where its own name is due until the content is known; no text in it has this character, since `clean` writes it as
`\\x7f`."""


def content_id(config_digest: str | None, packages: Iterable[TrackedPackage]) -> str:
    """`sha256:…` over the config digest and the packages: PURL, root, whether visible, and the layer that brought it in.

    It is equal over all forms of the same image: none of these depends on the manifest, on tags, on the source's name or on how the
    layers are compressed. Where there is no config (a folder) it is that of the packages alone.
    """
    # No field holds a NUL: PURLs are percent-encoded, and paths cannot. So no two different lists join to the same text.
    records = sorted(f"{found.purl}\0{found.package.root}\0{found.visible:d}\0{found.layer}" for found in packages)
    joined = "\0".join((config_digest or "", *records))
    return f"sha256:{hashlib.sha256(joined.encode('utf-8', 'surrogatepass')).hexdigest()}"


def content_uuid(content: bytes) -> str:
    """A UUID of version 5 (RFC 9562, section 5.5) that names a document by its bytes."""
    digest = bytearray(hashlib.sha1(_NAMESPACE + hashlib.sha256(content).digest(), usedforsecurity=False).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x50
    digest[8] = digest[8] & 0x3F | 0x80
    text = digest.hex()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def named_by_content(document: bytes, content: bytes | None = None) -> bytes:
    """The document with `NAMESPACE_MARK` replaced by `urn:uuid:…`, the UUID of its content: the document itself, or another form of it."""
    return document.replace(NAMESPACE_MARK.encode(), f"urn:uuid:{content_uuid(content or document)}".encode())


def short_digest(text: str) -> str:
    """16 hexadecimal digits that tell `text` from any other in a document."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
