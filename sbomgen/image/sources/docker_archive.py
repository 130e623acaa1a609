"""What `docker save` writes, and podman, skopeo, Bazel and others in its form (Docker image specification v1.2, Combined Image JSON).

Before Docker 25 a tar holds a config and plain layer tars, which `manifest.json` names. Since Docker 25 it is an OCI layout besides: then
the OCI index is read, which knows manifests and digests, and `manifest.json` gives the tags.
"""

import re
from functools import partial

from msgspec import Struct

from sbomgen.errors import UnreadableError
from sbomgen.image.blobs import Blobs, read_bounded
from sbomgen.image.index import ImageIndex, ListedManifest, ManifestKind
from sbomgen.image.manifest import Image
from sbomgen.image.oci import MAX_DOCUMENT_BYTES, Descriptor, decode, digest_of, read_config, read_platform, verify
from sbomgen.image.source import StoredImages, StoredLayer, make_image
from sbomgen.image.sources._docker_v1 import MAX_IMAGES, REPOSITORIES_NAME, DockerV1Images
from sbomgen.image.sources.oci_layout import INDEX_NAME, layout_images

MANIFEST_NAME = "manifest.json"

_NAMED_BY_DIGEST = re.compile(r"(?:.*[/:])?([0-9a-f]{64})(?:\.json)?")


class DockerArchive:
    """A tar with a `manifest.json`, or of Docker before 1.10 with `repositories` alone."""

    name = "docker-archive"
    schemes: tuple[str, ...] = ("docker-archive",)

    def scheme_of(self, blobs: Blobs) -> str | None:
        """By these names; a folder with a `manifest.json` is what skopeo's `dir:` writes, and something else."""
        return self.name if not blobs.is_folder and (MANIFEST_NAME in blobs or REPOSITORIES_NAME in blobs) else None

    def read(self, blobs: Blobs, source: str) -> StoredImages:
        """The images of the archive, by its OCI index where that has any."""
        if MANIFEST_NAME not in blobs:
            return DockerV1Images(blobs, source, self.name)
        entries = _entries(blobs)
        if INDEX_NAME in blobs:
            layout = layout_images(blobs, source, self.name, _tags(entries))
            if any(manifest.kind is ManifestKind.IMAGE and manifest.present for manifest in layout.index.manifests):
                return layout
        return DockerImages(blobs, source, entries)


class _Entry(Struct, frozen=True, rename="pascal"):
    """An image in `manifest.json`: names of files in the archive, and its tags."""

    config: str
    layers: tuple[str, ...] | None = None
    """Null where the image has none."""
    repo_tags: tuple[str, ...] | None = None
    layer_sources: dict[str, Descriptor] | None = None
    """By diff_id."""


class DockerImages:
    """The images of an archive without an OCI index."""

    def __init__(self, blobs: Blobs, source: str, entries: tuple[_Entry, ...]) -> None:
        self._blobs = blobs
        self._by_config: dict[str, _Entry] = {}
        self.index = ImageIndex(source=source, form=DockerArchive.name, manifests=tuple(map(self._listed, entries)))

    def image(self, manifest: ListedManifest) -> Image:
        """One of the listed images."""
        entry = self._by_config[manifest.config_digest or ""]
        names = entry.layers or ()
        config = read_config(self._config(entry), len(names), f"{self._blobs.location}: {entry.config}")
        sources = entry.layer_sources or {}
        layers = [
            StoredLayer(
                None,
                self._blobs.size_bytes(name) if name in self._blobs else None,
                sources[diff_id].media_type if diff_id in sources else None,
                partial(self._blobs.open, name),
                identity=self._blobs.identity(name) if name in self._blobs else None,
            )
            for name, diff_id in zip(names, config.diff_ids, strict=True)
        ]
        return make_image(self.index, manifest, config, layers)

    def blob(self, digest: str, limit_bytes: int) -> bytes | None:
        """Nothing: files have other names here, and configs and layers are all there is."""
        return None

    def _listed(self, entry: _Entry) -> ListedManifest:
        content = self._config(entry)
        config_digest = digest_of(content)
        self._by_config[config_digest] = entry
        return ListedManifest(
            kind=ManifestKind.IMAGE,
            digest=None,
            config_digest=config_digest,
            media_type=None,
            size_bytes=None,
            platform=str(read_platform(content, f"{self._blobs.location}: {entry.config}")) or None,
            references=entry.repo_tags or (),
        )

    def _config(self, entry: _Entry) -> bytes:
        """A config document; where its name is a digest, it has that digest."""
        content = read_bounded(self._blobs, entry.config, MAX_DOCUMENT_BYTES)
        named = _NAMED_BY_DIGEST.fullmatch(entry.config)
        return verify(content, f"sha256:{named[1]}", f"{self._blobs.location}: {entry.config}") if named else content


def _entries(blobs: Blobs) -> tuple[_Entry, ...]:
    where = f"{blobs.location}: {MANIFEST_NAME}"
    entries = decode(read_bounded(blobs, MANIFEST_NAME, MAX_DOCUMENT_BYTES), tuple[_Entry, ...], where)
    if len(entries) > MAX_IMAGES:
        raise UnreadableError(f"{where}: {len(entries):,} images, more than {MAX_IMAGES:,}")
    return entries


def _tags(entries: tuple[_Entry, ...]) -> dict[str, tuple[str, ...]]:
    """The tags of each image, by config digest, as far as configs are named by theirs."""
    named = ((_NAMED_BY_DIGEST.fullmatch(entry.config), entry.repo_tags) for entry in entries)
    return {f"sha256:{name[1]}": tags for name, tags in named if name and tags}
