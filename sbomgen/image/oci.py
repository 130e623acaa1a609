"""The JSON documents of images, OCI's and Docker's: foreign bytes in, typed values out.

Source: OCI image-spec, image-index.md, manifest.md, config.md. Fields that real producers write as null are taken as absent; whatever else
does not fit raises `UnreadableError`.
"""

import hashlib
import re
from typing import TypeVar

import msgspec
from msgspec import Struct, field

from sbomgen.decoders import json_decoder
from sbomgen.errors import DigestMismatchError, UnreadableError
from sbomgen.image.manifest import HistoryEntry, HistoryMatch, ImageConfig

MAX_DOCUMENT_BYTES = 8 << 20
"""Of an index, manifest or config: registries take manifests of 4 MiB (distribution-spec), the longest configs seen have 1 MiB."""

MAX_LAYERS = 4096
"""Of one image: storage drivers stop at 128, image builders without one at some 500."""

INDEX_TYPES = frozenset(("application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json"))
CONFIG_TYPES = frozenset(("application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json"))
SCHEMA1_TYPES = frozenset(
    ("application/vnd.docker.distribution.manifest.v1+json", "application/vnd.docker.distribution.manifest.v1+prettyjws")
)
OCTETS = "application/octet-stream"
"""What early Docker engines wrote for the type of a config."""

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")
_T = TypeVar("_T")


class Platform(Struct, frozen=True):
    """What a descriptor says an image runs on."""

    architecture: str | None = None
    os: str | None = None
    variant: str | None = None

    def __str__(self) -> str:
        """`OS/ARCH[/VARIANT]`; empty where neither is stated."""
        return "/".join(part for part in (self.os, self.architecture, self.variant) if part)


class Descriptor(Struct, frozen=True, rename="camel"):
    """A reference to a blob by its digest."""

    digest: str = ""
    media_type: str | None = None
    size: int | None = None
    platform: Platform | None = None
    annotations: dict[str, str] | None = None
    artifact_type: str | None = None


class Document(Struct, frozen=True, rename="camel"):
    """An index or a manifest: which of them shows in its fields, since its media type may be absent."""

    schema_version: int | None = None
    media_type: str | None = None
    manifests: tuple[Descriptor, ...] | None = None
    config: Descriptor | None = None
    layers: tuple[Descriptor, ...] | None = None
    blobs: tuple[Descriptor, ...] | None = None
    """Of an artifact manifest, which OCI 1.1 withdrew before its release."""
    fs_layers: tuple[dict[str, str], ...] | None = None
    """Of a Docker schema 1 manifest."""
    artifact_type: str | None = None
    annotations: dict[str, str] | None = None


class _History(Struct, frozen=True):
    created: str | None = None
    created_by: str | None = None
    comment: str | None = None
    empty_layer: bool | None = None


class _Rootfs(Struct, frozen=True):
    diff_ids: tuple[str, ...] | None = None


class Execution(Struct, frozen=True):
    """What a config says on running the image, as far as it is used."""

    labels: dict[str, str] | None = field(default=None, name="Labels")


class _Config(Struct, frozen=True):
    architecture: str | None = None
    os: str | None = None
    variant: str | None = None
    created: str | None = None
    config: Execution | None = None
    rootfs: _Rootfs | None = None
    history: tuple[_History, ...] | None = None


def decode(content: bytes, kind: type[_T], where: str) -> _T:
    """A JSON document as a value of a type; `where` begins the error."""
    try:
        return json_decoder(kind).decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise UnreadableError(f"{where}: not the JSON it should be: {exc}") from exc


def digest_of(content: bytes, like: str = "sha256:") -> str:
    """The digest of bytes, by the algorithm of another digest."""
    algorithm = like.partition(":")[0]
    return f"{algorithm}:{hashlib.new(algorithm, content).hexdigest()}"


def check_digest(digest: str, where: str) -> str:
    """A digest fit for a file name and for verification: SHA-256 or SHA-512 in lower-case hexadecimal."""
    if not _DIGEST.fullmatch(digest):
        raise UnreadableError(f"{where}: {digest[:200]!r} is not a sha256 or sha512 digest")
    return digest


def verify(content: bytes, digest: str, where: str) -> bytes:
    """The bytes, if they have the digest that names them; else `DigestMismatchError`."""
    actual = digest_of(content, digest)
    if actual != digest:
        raise DigestMismatchError(f"{where}: the content has digest {actual}, but is named {digest}; fetch the image again")
    return content


def is_attestation(descriptor: Descriptor) -> bool:
    """Whether a descriptor names what BuildKit attests about an image, rather than an image."""
    platform = descriptor.platform
    nowhere = platform is not None and platform.os == platform.architecture == "unknown"
    return nowhere or "vnd.docker.reference.type" in (descriptor.annotations or {})


def why_no_image(document: Document) -> str | None:
    """Why a manifest is not that of an image that can be read; None where it is one."""
    if document.schema_version == 1 or document.fs_layers is not None or document.media_type in SCHEMA1_TYPES:
        return "a Docker schema 1 manifest, which is not supported: pull and save the image with a tool of today"
    if document.config is None:
        return f"an artifact manifest of type {document.artifact_type or document.media_type or 'unknown'}"
    if document.config.media_type not in CONFIG_TYPES | {OCTETS, None}:
        return f"an artifact with a config of type {document.config.media_type}"
    strange = next((layer.media_type for layer in document.layers or () if not _is_tar(layer.media_type)), None)
    return f"an artifact with content of type {strange}" if strange else None


def read_document(content: bytes, where: str) -> Document:
    """An index or a manifest. What claims to be both is refused: tools would disagree on what the image is (CVE-2021-41190)."""
    document = decode(content, Document, where)
    if document.manifests is not None and (document.config is not None or document.layers is not None):
        raise UnreadableError(f"{where}: it is an index and a manifest at once: refused")
    return document


def read_config(content: bytes, layer_count: int | None, where: str) -> ImageConfig:
    """A config document; there must be a diff_id for each layer, where these are counted elsewhere."""
    raw = decode(content, _Config, where)
    diff_ids = (raw.rootfs.diff_ids if raw.rootfs else None) or ()
    if layer_count is not None and len(diff_ids) != layer_count:
        raise UnreadableError(f"{where}: the config has {len(diff_ids)} diff_ids, but the manifest has {layer_count} layers")
    if len(diff_ids) > MAX_LAYERS:
        raise UnreadableError(f"{where}: {len(diff_ids):,} layers, more than {MAX_LAYERS:,}")
    return ImageConfig(
        architecture=raw.architecture or "",
        os=raw.os or "",
        variant=raw.variant or "",
        created=raw.created,
        diff_ids=tuple(check_digest(diff_id, where) for diff_id in diff_ids),
        history=tuple(
            HistoryEntry(entry.created, entry.created_by or "", entry.comment or "", bool(entry.empty_layer)) for entry in raw.history or ()
        ),
        labels=(raw.config.labels if raw.config else None) or {},
    )


def read_platform(content: bytes, where: str) -> Platform:
    """What a config says the image runs on."""
    return decode(content, Platform, where)


def pair_history(config: ImageConfig) -> tuple[HistoryMatch, tuple[HistoryEntry | None, ...]]:
    """The history entry of each layer: those that are not `empty_layer`, in order; none at all where the counts disagree."""
    entries = tuple(entry for entry in config.history if not entry.empty_layer)
    if len(entries) != len(config.diff_ids):
        return HistoryMatch.UNKNOWN, (None,) * len(config.diff_ids)
    return HistoryMatch.EXACT, entries


def _is_tar(media_type: str | None) -> bool:
    """Whether a layer's type says that it is a tar, or says nothing; its compression shows in its magic."""
    return media_type in {None, "", OCTETS, "application/gzip"} or "tar" in str(media_type)
