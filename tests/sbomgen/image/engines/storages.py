"""Storage folders of Docker and containers-storage, built by code: layers unpacked, with tar-split's records of their tars."""

import base64
import gzip
import hashlib
import io
import os
import tarfile
from pathlib import Path
from typing import Any

from sbomgen.image.manifest import chain_ids
from tests.support.images import OCI_CONFIG, OCI_LAYER, OCI_MANIFEST, ImageSpec, sha256, to_json, write_folder


def unpack(tar: bytes, folder: Path) -> bytes:
    """Write the files of a tar into a folder; the record of the rest."""
    folder.mkdir(parents=True)
    lines: list[dict[str, Any]] = []
    end = 0
    with tarfile.open(fileobj=io.BytesIO(tar)) as archive:
        for member in archive:
            lines.append({"type": 2, "payload": base64.b64encode(tar[end : member.offset_data]).decode(), "position": len(lines)})
            target = folder / member.name
            target.parent.mkdir(parents=True, exist_ok=True)
            if member.isdir():
                target.mkdir(exist_ok=True)
            elif member.isfile():
                target.write_bytes(tar[member.offset_data : member.offset_data + member.size])
            elif member.issym():
                target.symlink_to(member.linkname)
            end = member.offset_data + (member.size if member.isfile() else 0)
            lines.append(
                {"type": 1, **_name(member.name), "payload": None, "position": len(lines)} | ({"size": member.size} if member.size else {})
            )
    lines.append({"type": 2, "payload": base64.b64encode(tar[end:]).decode(), "position": len(lines)})
    return b"".join(to_json(line) + b"\n" for line in lines)


def _name(name: str) -> dict[str, str]:
    raw = os.fsencode(name)
    return {"name": name} if raw.isascii() else {"name": "", "name_raw": base64.b64encode(raw).decode()}


def write_docker_storage(image: ImageSpec, root: Path, driver: str = "overlay2", folder: str = "overlay2/{}/diff") -> Path:
    """Docker's, with one image."""
    digest = sha256(image.config)
    names = dict.fromkeys((*image.tags, f"shop/web@sha256:{'d' * 64}"), digest)
    files = {
        f"image/{driver}/repositories.json": to_json({"Repositories": {"shop/web": names}}),
        f"image/{driver}/imagedb/content/{digest.replace(':', '/')}": image.config,
    }
    for layer, chain_id in zip(image.layers, chain_ids(tuple(layer.diff_id for layer in image.layers)), strict=True):
        cache_id = hashlib.sha256(chain_id.encode()).hexdigest()
        name = f"image/{driver}/layerdb/{chain_id.replace(':', '/')}"
        files[f"{name}/cache-id"] = cache_id.encode()
        files[f"{name}/tar-split.json.gz"] = gzip.compress(unpack(layer.tar, root / folder.format(cache_id)))
    return write_folder(files, root)


def write_containers_storage(image: ImageSpec, root: Path, driver: str = "overlay", folder: str = "overlay/{}/diff") -> Path:
    """That of Podman, with one image and a manifest list."""
    digest = sha256(image.config)
    hexadecimal = digest.removeprefix("sha256:")
    manifest = to_json({
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": {"mediaType": OCI_CONFIG, "digest": digest, "size": len(image.config)},
        "layers": [{"mediaType": OCI_LAYER, "digest": layer.diff_id, "size": len(layer.tar)} for layer in image.layers],
        "annotations": image.annotations,
    })  # fmt: skip
    layers: list[dict[str, Any]] = []
    files = {}
    for number, layer in enumerate(image.layers):
        layer_id = hashlib.sha256(f"{number}".encode()).hexdigest()
        layers.append({"id": layer_id, "diff-digest": layer.diff_id} | ({"parent": layers[-1]["id"]} if layers else {}))
        files[f"{driver}-layers/{layer_id}.tar-split.gz"] = gzip.compress(unpack(layer.tar, root / folder.format(layer_id)))
    listed = {
        "id": hexadecimal, "digest": sha256(manifest), "names": list(image.tags), "layer": layers[-1]["id"] if layers else "",
        "big-data-names": [digest, "manifest"], "big-data-digests": {"manifest": sha256(manifest), digest: digest},
    }  # fmt: skip
    return write_folder(
        files | {
            f"{driver}-images/images.json": to_json([{"id": "f" * 64, "names": ["list:1"], "big-data-names": ["manifest"]}, listed]),
            f"{driver}-images/{hexadecimal}/manifest": manifest,
            f"{driver}-images/{hexadecimal}/={base64.b64encode(digest.encode()).decode()}": image.config,
            f"{driver}-layers/layers.json": to_json(layers),
        },
        root,
    )  # fmt: skip
