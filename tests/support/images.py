"""Images built by code: say what the layers hold, get a docker-archive, an OCI layout or a tar of one.

    spec = ImageSpec(
        layers=(
            LayerSpec((file("etc/os-release", "ID=alpine\n"), symlink("lib", "usr/lib")), created_by="ADD rootfs /"),
            LayerSpec((whiteout("etc/motd"), *files({"app/a.txt": "a", "app/b.txt": "b"})), created_by="COPY app /app # buildkit"),
        ),
        tags=("demo:1",),
    )
    write_docker_archive(spec, tmp_path / "demo.tar")

The same spec gives the same bytes: times are fixed, documents have sorted keys, gzip carries no time. Entries stand in the tar in the
order given, because order is what tests are about; parent folders are not made up. `docker_files` and `oci_files` give what the writers
write, name by name, for tests that spoil a blob first; `write_folder` and `write_archive` then write them.
"""

import bz2
import gzip
import hashlib
import io
import json
import lzma
import tarfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

Compression = Literal["none", "gzip", "zstd", "xz", "bzip2"]
DockerLayout = Literal["old", "skopeo", "docker25"]

EPOCH = 1_700_000_000
"""Modification time of every entry, seconds."""
CREATED = "2023-11-14T22:13:20Z"
"""The same instant, as configs spell it."""

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar"
REF_NAME = "org.opencontainers.image.ref.name"


@dataclass(frozen=True)
class Entry:
    """One tar entry; made by the functions below."""

    path: str
    type: bytes = tarfile.REGTYPE
    body: bytes = b""
    link: str = ""
    mode: int = 0o644


def file(path: str, body: str | bytes = b"", mode: int = 0o644) -> Entry:
    """A regular file; text becomes UTF-8."""
    return Entry(path, body=body.encode() if isinstance(body, str) else body, mode=mode)


def files(bodies: Mapping[str, str | bytes]) -> tuple[Entry, ...]:
    """Several regular files, by path."""
    return tuple(file(path, body) for path, body in bodies.items())


def folder(path: str) -> Entry:
    """A directory."""
    return Entry(path, tarfile.DIRTYPE, mode=0o755)


def symlink(path: str, target: str) -> Entry:
    """A symbolic link; the target is written as given."""
    return Entry(path, tarfile.SYMTYPE, link=target, mode=0o777)


def hardlink(path: str, target: str) -> Entry:
    """A hard link; the target is relative to the image's root."""
    return Entry(path, tarfile.LNKTYPE, link=target)


def whiteout(path: str) -> Entry:
    """The marker that removes `path` from the layers below."""
    head, _, name = path.rpartition("/")
    return file(f"{head}/.wh.{name}" if head else f".wh.{name}")


def opaque(path: str) -> Entry:
    """The marker that hides what the layers below have in the folder `path`."""
    return file(f"{path}/.wh..wh..opq" if path else ".wh..wh..opq")


@dataclass(frozen=True)
class LayerSpec:
    """One layer: entries in the tar's order, and the history entry that made it."""

    entries: tuple[Entry, ...]
    created_by: str = "RUN /bin/sh -c something # buildkit"
    tar_format: int = tarfile.PAX_FORMAT

    @cached_property
    def tar(self) -> bytes:
        """The uncompressed tar."""
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w", format=self.tar_format) as archive:
            for entry in self.entries:
                info = tarfile.TarInfo(entry.path)
                info.type, info.linkname, info.mode, info.mtime, info.size = entry.type, entry.link, entry.mode, EPOCH, len(entry.body)
                archive.addfile(info, io.BytesIO(entry.body))
        return buffer.getvalue()

    @property
    def diff_id(self) -> str:
        """`sha256:…` of the uncompressed tar."""
        return sha256(self.tar)


@dataclass(frozen=True)
class HistorySpec:
    """One entry of a config's history."""

    created_by: str
    empty_layer: bool = False


@dataclass(frozen=True)
class ImageSpec:
    """An image of one platform. `history` None: one entry for each layer, from its `created_by`."""

    layers: tuple[LayerSpec, ...]
    history: tuple[HistorySpec, ...] | None = None
    tags: tuple[str, ...] = ()
    platform: str = "linux/amd64"
    labels: dict[str, str] = field(default_factory=dict)
    annotations: dict[str, str] = field(default_factory=dict)
    """Of the OCI manifest; a docker-archive has no place for them."""

    @cached_property
    def config(self) -> bytes:
        """The config document."""
        os_name, architecture, *variant = self.platform.split("/")
        history = self.history if self.history is not None else tuple(HistorySpec(layer.created_by) for layer in self.layers)
        document: dict[str, Any] = {
            "os": os_name,
            "architecture": architecture,
            "created": CREATED,
            "config": {"Env": ["PATH=/usr/bin"], "Labels": self.labels},
            "rootfs": {"type": "layers", "diff_ids": [layer.diff_id for layer in self.layers]},
            "history": [
                {"created": CREATED, "created_by": entry.created_by} | ({"empty_layer": True} if entry.empty_layer else {})
                for entry in history
            ],
        }
        return to_json(document | ({"variant": variant[0]} if variant else {}))


Images = ImageSpec | Sequence[ImageSpec]


def write_docker_archive(images: Images, path: Path, layout: DockerLayout = "old", compression: Compression = "none") -> Path:
    """Write what `docker save` writes: before Docker 25 (`old`), since (`docker25`), or skopeo's form with `HEX.tar` and links (`skopeo`).

    `compression` wraps the archive as a whole; the layers in it are plain tars.
    """
    entries = files(docker_files(images)) if layout == "docker25" else _old_docker_entries(_sequence(images), links=layout == "skopeo")
    return write_archive(entries, path, compression)


def write_oci_layout(images: Images, path: Path, compression: Compression = "gzip", *, nested: bool = False) -> Path:
    """Write an OCI layout into a folder; `nested` puts all images and an attestation behind one index, as multi-platform images have it."""
    return write_folder(oci_files(images, compression, nested=nested), path)


def write_oci_archive(
    images: Images, path: Path, compression: Compression = "gzip", *, nested: bool = False, dot_names: bool = True
) -> Path:
    """Write a tar of an OCI layout, with names that begin with `./` as `tar -C layout -c .` gives them, or without."""
    contents = oci_files(images, compression, nested=nested)
    if not dot_names:
        return write_archive(files(contents), path)
    folders = tuple(folder(name) for name in ("./", "./blobs", "./blobs/sha256"))
    return write_archive((*folders, *files({f"./{name}": body for name, body in contents.items()})), path)


def write_folder(contents: Mapping[str, bytes], path: Path) -> Path:
    """Write files, by name, into a folder."""
    for name, body in contents.items():
        target = path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(body)
    return path


def write_archive(entries: Iterable[Entry], path: Path, compression: Compression = "none") -> Path:
    """Write entries as a tar, compressed as a whole or not."""
    path.write_bytes(compress(LayerSpec(tuple(entries)).tar, compression))
    return path


def oci_files(images: Images, compression: Compression = "gzip", *, nested: bool = False) -> dict[str, bytes]:
    """The files of an OCI layout, by name."""
    blobs: dict[str, bytes] = {}
    descriptors = [descriptor for image in _sequence(images) for descriptor in _put_image(blobs, image, compression, named=not nested)]
    if nested:
        index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [*descriptors, _put_attestation(blobs, descriptors[0]["digest"])]}
        tags = _sequence(images)[0].tags or ("latest",)
        descriptors = [_put(blobs, to_json(index), OCI_INDEX) | _tag_annotations(tag) for tag in tags]
    top = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": descriptors}
    return dict(sorted(blobs.items())) | {"index.json": to_json(top), "oci-layout": to_json({"imageLayoutVersion": "1.0.0"})}


def docker_files(images: Images) -> dict[str, bytes]:
    """The files of a `docker save` since Docker 25, by name: an OCI layout of plain tars, and manifest.json."""
    images = _sequence(images)
    manifest = [
        {
            "Config": _blob_name(sha256(image.config)),
            "RepoTags": list(image.tags) or None,
            "Layers": [_blob_name(layer.diff_id) for layer in image.layers],
            "LayerSources": {
                layer.diff_id: {"mediaType": OCI_LAYER, "size": len(layer.tar), "digest": layer.diff_id} for layer in image.layers
            },
        }
        for image in images
    ]
    return oci_files(images, "none") | {"manifest.json": to_json(manifest)}


def compress(raw: bytes, compression: Compression) -> bytes:
    """One stream of the given compression."""
    return _COMPRESSORS[compression](raw)


def sha256(content: bytes) -> str:
    """The digest as images spell it: `sha256:HEX`."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def to_json(document: object) -> bytes:
    """A document in the one form that is used here."""
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()


def _zstd(raw: bytes) -> bytes:
    import zstandard  # most tests have no zstd layer

    return zstandard.compress(raw)


_COMPRESSORS: dict[Compression, Callable[[bytes], bytes]] = {
    "none": bytes,
    "gzip": lambda raw: gzip.compress(raw, 6, mtime=0),
    "zstd": _zstd,
    "xz": lzma.compress,
    "bzip2": bz2.compress,
}


def _sequence(images: Images) -> Sequence[ImageSpec]:
    return (images,) if isinstance(images, ImageSpec) else images


def _blob_name(digest: str) -> str:
    return "blobs/" + digest.replace(":", "/")


def _put(blobs: dict[str, bytes], content: bytes, media_type: str) -> dict[str, Any]:
    digest = sha256(content)
    blobs[_blob_name(digest)] = content
    return {"mediaType": media_type, "digest": digest, "size": len(content)}


def _put_image(blobs: dict[str, bytes], image: ImageSpec, compression: Compression, *, named: bool) -> list[dict[str, Any]]:
    """The descriptors of an image: one for each tag where they are named, else one with the platform."""
    suffix = "" if compression == "none" else f"+{compression}"
    manifest: dict[str, Any] = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": _put(blobs, image.config, OCI_CONFIG),
        "layers": [_put(blobs, compress(layer.tar, compression), OCI_LAYER + suffix) for layer in image.layers],
    }
    descriptor = _put(blobs, to_json(manifest | ({"annotations": image.annotations} if image.annotations else {})), OCI_MANIFEST)
    if named:
        return [descriptor | _tag_annotations(tag) for tag in image.tags] or [descriptor]
    os_name, architecture, *variant = image.platform.split("/")
    return [descriptor | {"platform": {"os": os_name, "architecture": architecture} | ({"variant": variant[0]} if variant else {})}]


def _tag_annotations(tag: str) -> dict[str, Any]:
    return {"annotations": {REF_NAME: tag.rpartition(":")[2], "io.containerd.image.name": tag}}


def _put_attestation(blobs: dict[str, bytes], subject: str) -> dict[str, Any]:
    """What BuildKit adds beside an image: a manifest of the platform unknown/unknown that is no image."""
    config = _put(blobs, to_json({"os": "unknown", "architecture": "unknown", "rootfs": {"type": "layers", "diff_ids": []}}), OCI_CONFIG)
    manifest = _put(blobs, to_json({"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": config, "layers": []}), OCI_MANIFEST)
    annotations = {"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": subject}
    return manifest | {"platform": {"os": "unknown", "architecture": "unknown"}, "annotations": annotations}


def _old_docker_entries(images: Sequence[ImageSpec], *, links: bool) -> tuple[Entry, ...]:
    """`ID/layer.tar` and a link to it where a layer stands twice; with `links` (skopeo) `HEX.tar` and a link `ID/layer.tar` to each."""
    entries: dict[str, Entry] = {}
    manifest = []
    for image in images:
        names = []
        for index, layer in enumerate(image.layers):
            own = f"{hashlib.sha256(f'{index} {layer.diff_id}'.encode()).hexdigest()}/layer.tar"
            plain = f"{layer.diff_id.removeprefix('sha256:')}.tar"
            first = plain if links else next((path for path, entry in entries.items() if entry.body == layer.tar), own)
            entries.setdefault(first, file(first, layer.tar))
            entries.setdefault(own, symlink(own, f"../{first}"))
            names.append(first if links else own)
        config = f"{hashlib.sha256(image.config).hexdigest()}.json"
        entries[config] = file(config, image.config)
        manifest.append({"Config": config, "RepoTags": list(image.tags) or None, "Layers": names})
    return (*entries.values(), file("manifest.json", to_json(manifest)))
