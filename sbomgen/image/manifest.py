"""An opened image: what its manifest and config say, and how to get at the bytes of its layers."""

import hashlib
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO

from msgspec import Struct

from sbomgen.model import Problem


class HistoryEntry(Struct, frozen=True):
    """One entry of the config's history."""

    created: str | None = None
    created_by: str = ""
    comment: str = ""
    empty_layer: bool = False


class ImageConfig(Struct, frozen=True, kw_only=True):
    """The parts of an OCI or Docker image config that are used."""

    architecture: str = ""
    os: str = ""
    variant: str = ""
    created: str | None = None
    """RFC 3339, as the config states it."""
    diff_ids: tuple[str, ...] = ()
    history: tuple[HistoryEntry, ...] = ()
    labels: dict[str, str] = {}

    @property
    def platform(self) -> str:
        """`OS/ARCH[/VARIANT]`; empty where the config says neither."""
        return "/".join(part for part in (self.os, self.architecture, self.variant) if part)


class HistoryMatch(StrEnum):
    """Whether layers and history entries could be paired."""

    EXACT = "exact"
    UNKNOWN = "unknown"


def nothing_to_fetch() -> None:
    """Where layers are at hand."""


class Layer(Struct, frozen=True, kw_only=True):
    """One layer of an image, bottom first."""

    index: int
    diff_id: str | None
    """`sha256:…` of the uncompressed tar; None of a folder, which is no tar."""
    chain_id: str | None
    """Identifies the stack up to this layer, as the OCI image specification defines it; None of a folder."""
    digest: str | None
    """`sha256:…` of the blob as stored; None where the source has none (a docker-archive's plain tar)."""
    blob_size_bytes: int | None
    media_type: str | None
    history: HistoryEntry | None
    history_match: HistoryMatch
    open: Callable[[], BinaryIO]
    """Opens the blob as stored, compressed or not; raises `UnreadableError`. The caller closes it. Called from several threads."""
    identity: str | None = None
    """Names the stored bytes where there is no digest to name them: a part of a local file that nobody has written to since."""
    folder: Path | None = None
    """The layer itself where it is a folder: then there is no blob to open."""
    fetch: Callable[[], None] = nothing_to_fetch
    """Says that the layer will be opened: from a registry it is fetched from now on, beside others. Never needed, never waits."""


class DockerfileLines(Struct, frozen=True):
    """The lines of a Dockerfile that made a layer."""

    path: str
    start: int
    end: int


class BuildProvenance(Struct, frozen=True, kw_only=True):
    """What the builder attests about the image."""

    dockerfile: tuple[DockerfileLines | None, ...]
    """For each layer."""
    base_name: str | None
    """The image that `FROM` names, with its digest; None where it stands on none."""
    base_last_layer: int | None
    """Index of that image's topmost layer."""


class Image(Struct, frozen=True, kw_only=True):
    """An image of one platform."""

    source: str
    """As the user named it."""
    references: tuple[str, ...]
    """Tags that the source gives it: `alpine:3.20`."""
    manifest_digest: str | None
    config_digest: str | None
    """None where there is no config: a folder, an archive of Docker before 1.10."""
    config: ImageConfig
    annotations: dict[str, str]
    layers: tuple[Layer, ...]
    provenance: BuildProvenance | None = None
    problems: tuple[Problem, ...] = ()
    """Notes on what stands beside the image and could not be read."""


def chain_ids(diff_ids: tuple[str, ...]) -> tuple[str, ...]:
    """The chain id of each layer: the first diff_id, then `sha256(CHAIN " " DIFF_ID)` (OCI image-spec, config.md, Layer ChainID)."""
    chained: list[str] = []
    for diff_id in diff_ids:
        chained.append(f"sha256:{hashlib.sha256(f'{chained[-1]} {diff_id}'.encode()).hexdigest()}" if chained else diff_id)
    return tuple(chained)
