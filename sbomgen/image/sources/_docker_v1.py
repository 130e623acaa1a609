"""What `docker save` wrote before Docker 1.10 (Docker image specification v1): `repositories`, and a folder for each layer.

`repositories` names the topmost layer of each tag; `ID/json` has the layer's parent and instruction, `ID/layer.tar` its contents. There is
no config, no diff_id and no digest: the diff_ids are computed when an image is opened, which reads its layers once more.
"""

import hashlib
import re
from functools import partial

from msgspec import Struct

from sbomgen.errors import UnreadableError
from sbomgen.image.blobs import Blobs, read_bounded
from sbomgen.image.compression import OUTPUT_BYTES, open_decompressed
from sbomgen.image.index import ImageIndex, ListedManifest, ManifestKind
from sbomgen.image.manifest import HistoryEntry, Image, ImageConfig
from sbomgen.image.oci import MAX_DOCUMENT_BYTES, MAX_LAYERS, Execution, Platform, decode
from sbomgen.image.source import StoredLayer, make_image

REPOSITORIES_NAME = "repositories"

MAX_IMAGES = 1000
"""In one archive."""

_ID = re.compile(r"[0-9a-f]{64}")


class _Command(Struct, frozen=True, rename="pascal"):
    cmd: tuple[str, ...] | None = None


class _Layer(Struct, frozen=True):
    """`ID/json`: a layer, and the image that ends with it."""

    parent: str | None = None
    created: str | None = None
    architecture: str | None = None
    os: str | None = None
    container_config: _Command | None = None
    config: Execution | None = None


class DockerV1Images:
    """The images of such an archive."""

    def __init__(self, blobs: Blobs, source: str, form: str) -> None:
        self._blobs = blobs
        self._tops: dict[tuple[str, ...], str] = {}
        tags: dict[str, list[str]] = {}
        for repository, ids in self._repositories().items():
            for tag, top in ids.items():
                tags.setdefault(top, []).append(f"{repository}:{tag}")
        if len(tags) > MAX_IMAGES:
            raise UnreadableError(f"{blobs.location}: {REPOSITORIES_NAME}: {len(tags):,} images, more than {MAX_IMAGES:,}")
        listed = tuple(self._listed(top, tuple(references)) for top, references in tags.items())
        self.index = ImageIndex(source=source, form=form, manifests=listed)

    def image(self, manifest: ListedManifest) -> Image:
        """One of the listed images."""
        chain = self._chain(self._tops[manifest.references])
        top = chain[-1][1]
        names = [f"{one}/layer.tar" for one, _ in chain]
        config = ImageConfig(
            architecture=top.architecture or "",
            os=top.os or "",
            created=top.created,
            diff_ids=tuple(map(self._diff_id, names)),
            history=tuple(HistoryEntry(layer.created, _instruction(layer)) for _, layer in chain),
            labels=(top.config.labels if top.config else None) or {},
        )
        layers = [StoredLayer(None, self._blobs.size_bytes(name), None, partial(self._blobs.open, name)) for name in names]
        return make_image(self.index, manifest, config, layers)

    def blob(self, digest: str, limit_bytes: int) -> bytes | None:
        """Nothing: nothing here is named by its digest."""
        return None

    def _repositories(self) -> dict[str, dict[str, str]]:
        where = f"{self._blobs.location}: {REPOSITORIES_NAME}"
        return decode(read_bounded(self._blobs, REPOSITORIES_NAME, MAX_DOCUMENT_BYTES), dict[str, dict[str, str]], where)

    def _listed(self, top: str, references: tuple[str, ...]) -> ListedManifest:
        self._tops[references] = top
        layer = self._layer(top)
        return ListedManifest(
            kind=ManifestKind.IMAGE,
            digest=None,
            config_digest=None,
            media_type=None,
            size_bytes=None,
            platform=str(Platform(layer.architecture, layer.os)) or None,
            references=references,
        )

    def _chain(self, top: str) -> list[tuple[str, _Layer]]:
        """Ids and documents of the layers, bottom first."""
        chain: dict[str, _Layer] = {}
        current: str | None = top
        while current:
            if current in chain or len(chain) == MAX_LAYERS:
                raise UnreadableError(f"{self._blobs.location}: {top}: more than {MAX_LAYERS:,} layers, or a layer is its own parent")
            chain[current] = self._layer(current)
            current = chain[current].parent
        return list(chain.items())[::-1]

    def _layer(self, layer_id: str) -> _Layer:
        where = f"{self._blobs.location}: layer {layer_id[:80]!r}"
        if not _ID.fullmatch(layer_id):
            raise UnreadableError(f"{where}: is no layer id: 64 hexadecimal digits are")
        return decode(read_bounded(self._blobs, f"{layer_id}/json", MAX_DOCUMENT_BYTES), _Layer, where)

    def _diff_id(self, name: str) -> str:
        content = hashlib.sha256()
        with self._blobs.open(name) as stored:
            stream = open_decompressed(stored)
            while piece := stream.read(OUTPUT_BYTES):
                content.update(piece)
        return f"sha256:{content.hexdigest()}"


def _instruction(layer: _Layer) -> str:
    return " ".join((layer.container_config.cmd if layer.container_config else None) or ())
