"""From what the user names to an opened image: every form, every choice, and every error that says what to do."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from sbomgen.errors import DigestMismatchError, SbomgenError, UnreadableError, UsageError
from sbomgen.image import index as index_module
from sbomgen.image import oci, oci_images, reference
from sbomgen.image.blobs import open_blobs
from sbomgen.image.index import ImageIndex, ManifestKind, default_platform
from sbomgen.image.layer import scan_layer
from sbomgen.image.manifest import HistoryMatch, Image, Layer, chain_ids
from sbomgen.image.reference import list_images, open_image
from sbomgen.image.remote import NotHereError, OpenOptions, RemoteName
from sbomgen.image.source import StoredImages
from sbomgen.image.sources import docker_archive
from sbomgen.image.sources.oci_layout import OciLayout
from tests.sbomgen.image.fakes import corrupt_copies
from tests.support.images import (
    OCI_INDEX,
    OCI_MANIFEST,
    HistorySpec,
    ImageSpec,
    LayerSpec,
    compress,
    docker_files,
    file,
    files,
    oci_files,
    sha256,
    to_json,
    write_archive,
    write_docker_archive,
    write_folder,
    write_oci_archive,
    write_oci_layout,
)

BASE = LayerSpec((file("etc/os-release", "ID=alpine\n"),), created_by="ADD rootfs /")
APP = LayerSpec((file("app/a.txt", "a"),), created_by="COPY app /app # buildkit")
HISTORY = (
    HistorySpec(BASE.created_by),
    HistorySpec("ENV A=1", empty_layer=True),
    HistorySpec(APP.created_by),
    HistorySpec("CMD x", empty_layer=True),
)
DEMO = ImageSpec(
    (BASE, APP), HISTORY, tags=("example.org/demo:1",), labels={"a": "b"}, annotations={"org.opencontainers.image.base.name": "alpine:3.20"}
)
ARM = ImageSpec((BASE,), tags=("example.org/demo:1",), platform="linux/arm64/v8")
OTHER = ImageSpec((APP,), tags=("example.org/other:2", "example.org/other:latest"))


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests run on amd64, whatever the machine is."""
    monkeypatch.setattr(index_module, "default_platform", lambda: "linux/amd64")


def opened(source: str | Path, platform: str | None = None) -> Image:
    with open_image(str(source), OpenOptions(platform=platform)) as image:
        for layer in image.layers:
            assert stored(layer)
        return image


def stored(layer: Layer) -> bytes:
    with layer.open() as stream:
        return stream.read()


def all_forms(folder: Path) -> dict[str, Path]:
    return {
        "docker-archive old": write_docker_archive(DEMO, folder / "old.tar"),
        "docker-archive skopeo": write_docker_archive(DEMO, folder / "skopeo.tar", "skopeo"),
        "docker-archive 25": write_docker_archive(DEMO, folder / "docker25.tar", "docker25"),
        "docker-archive gzip": write_docker_archive(DEMO, folder / "old.tar.gz", compression="gzip"),
        "docker-archive zstd": write_docker_archive(DEMO, folder / "old.tar.zst", compression="zstd"),
        "docker-archive xz": write_docker_archive(DEMO, folder / "docker25.tar.xz", "docker25", "xz"),
        "oci-dir": write_oci_layout(DEMO, folder / "layout"),
        "oci-dir zstd": write_oci_layout(DEMO, folder / "layout-zstd", "zstd"),
        "oci-dir plain": write_oci_layout(DEMO, folder / "layout-plain", "none"),
        "oci-archive": write_oci_archive(DEMO, folder / "oci.tar"),
        "oci-archive without dots": write_oci_archive(DEMO, folder / "oci2.tar", dot_names=False),
    }


def test_an_image_is_the_same_in_every_form(tmp_path: Path) -> None:
    for form, path in all_forms(tmp_path).items():
        source = f"{form.partition(' ')[0]}:{path}"
        for image in (opened(path), opened(source), opened(f"{source}:example.org/demo:1"), opened(f"{path}:1")):
            assert image.config_digest == sha256(DEMO.config), form
            assert image.references == ("example.org/demo:1",), form
            assert image.config.platform == "linux/amd64"
            assert image.config.labels == {"a": "b"}
            assert [layer.diff_id for layer in image.layers] == [BASE.diff_id, APP.diff_id]
            assert [layer.chain_id for layer in image.layers] == list(chain_ids((BASE.diff_id, APP.diff_id)))
            assert [layer.history and layer.history.created_by for layer in image.layers] == [BASE.created_by, APP.created_by]
            assert {layer.history_match for layer in image.layers} == {HistoryMatch.EXACT}
        assert opened(source).source == source


def test_what_only_manifests_know_is_known_where_there_are_manifests(tmp_path: Path) -> None:
    forms = all_forms(tmp_path)
    for form in ("oci-dir", "oci-archive", "docker-archive 25"):
        image = opened(forms[form])
        assert image.manifest_digest is not None
        assert image.annotations["org.opencontainers.image.base.name"] == "alpine:3.20"
        assert all(layer.digest and layer.media_type and layer.blob_size_bytes for layer in image.layers)
    old = opened(forms["docker-archive old"])
    assert (old.manifest_digest, [layer.digest for layer in old.layers]) == (None, [None, None])
    assert [layer.blob_size_bytes for layer in old.layers] == [len(BASE.tar), len(APP.tar)]


def test_a_layer_that_stands_twice_is_found_through_its_link(tmp_path: Path) -> None:
    image = ImageSpec((BASE, APP, BASE))
    with open_image(str(write_docker_archive(image, tmp_path / "x.tar"))) as opened_image:
        assert [stored(layer) for layer in opened_image.layers] == [BASE.tar, APP.tar, BASE.tar]


def test_archives_may_hold_compressed_layers_and_configs_without_an_ending(tmp_path: Path) -> None:
    """go-containerregistry (crane, ko, Jib in its form) names configs `sha256:HEX` and layers `HEX.tar.gz`."""
    config = sha256(DEMO.config)
    manifest: list[dict[str, Any]] = [{"Config": config, "RepoTags": ["demo:1"], "Layers": ["a.tar.gz", "b.tar.zst"]}]
    layers = {"a.tar.gz": compress(BASE.tar, "gzip"), "b.tar.zst": compress(APP.tar, "zstd")}
    path = write_archive(files({config: DEMO.config, "manifest.json": to_json(manifest)} | layers), tmp_path / "x.tar")
    with open_image(str(path)) as image:
        assert [len(scan_layer(layer, ()).entries) for layer in image.layers] == [1, 1]


def test_layers_are_unknown_to_a_history_of_another_length(tmp_path: Path) -> None:
    image = opened(write_oci_layout(ImageSpec((BASE, APP), HISTORY[:2]), tmp_path / "x"))
    assert [(layer.history, layer.history_match) for layer in image.layers] == [(None, HistoryMatch.UNKNOWN)] * 2
    assert [entry.empty_layer for entry in image.config.history] == [False, True]


def test_nulls_of_real_producers_are_nothing(tmp_path: Path) -> None:
    config = json.loads(DEMO.config) | {"history": None, "config": None, "created": None, "variant": None}
    image = opened(write_folder(rebuilt(to_json(config)), tmp_path))
    assert (image.config.history, image.config.labels, image.config.created) == ((), {}, None)
    assert {layer.history_match for layer in image.layers} == {HistoryMatch.UNKNOWN}


def rebuilt(new_config: bytes | None = None, /, **changes: object) -> dict[str, bytes]:
    """The layout of DEMO with another config, or a manifest with other fields."""
    contents = oci_files(DEMO)
    index = json.loads(contents["index.json"])
    manifest = json.loads(contents[blob(index["manifests"][0]["digest"])])
    config = DEMO.config if new_config is None else new_config
    contents[blob(sha256(config))] = config
    manifest["config"] |= {"digest": sha256(config)}
    content = to_json({key: value for key, value in (manifest | changes).items() if value is not None})
    contents[blob(sha256(content))] = content
    index["manifests"][0]["digest"] = sha256(content)
    return contents | {"index.json": to_json(index)}


def blob(digest: str) -> str:
    return "blobs/" + digest.replace(":", "/")


# Platforms, tags and digests


@pytest.mark.parametrize("writer", [write_oci_layout, write_oci_archive])
@pytest.mark.parametrize(
    ("platform", "expected"),
    [(None, DEMO), ("linux/amd64", DEMO), ("linux/x86_64", DEMO), ("linux/arm64", ARM), ("linux/arm64/v8", ARM), ("linux/aarch64", ARM)],
)
def test_the_platform_chooses_among_the_images_of_an_index(tmp_path: Path, writer: Any, platform: str | None, expected: ImageSpec) -> None:
    path = writer((DEMO, ARM), tmp_path / "x", nested=True)
    assert opened(path, platform).config_digest == sha256(expected.config)
    assert opened(f"{path}:example.org/demo:1", platform).config_digest == sha256(expected.config)


def test_images_of_one_tag_and_several_platforms_need_no_nested_index(tmp_path: Path) -> None:
    path = write_oci_layout((DEMO, ARM), tmp_path / "x")
    assert opened(path).config.platform == "linux/amd64"
    assert opened(path, "linux/arm64").config.platform == "linux/arm64/v8"


def test_the_only_image_is_taken_whatever_its_platform(tmp_path: Path) -> None:
    assert opened(write_oci_layout(ARM, tmp_path / "x", nested=True)).config.platform == "linux/arm64/v8"
    assert opened(write_docker_archive(ARM, tmp_path / "x.tar")).config.platform == "linux/arm64/v8"


@pytest.mark.parametrize("platform", ["linux/s390x", "windows/amd64", "linux/arm64/v9"])
def test_a_platform_that_is_not_there_is_wrong_usage_with_the_choices(tmp_path: Path, platform: str) -> None:
    with pytest.raises(UsageError, match=f"has no image for {platform}\n.*linux/amd64.*\n.*linux/arm64/v8"):
        opened(write_oci_layout((DEMO, ARM), tmp_path / "x", nested=True), platform)


@pytest.mark.parametrize("platform", ["amd64", "linux", "linux/", "linux/amd64/v1/x", "LINUX/amd64", ""])
def test_what_is_no_platform_is_wrong_usage(tmp_path: Path, platform: str) -> None:
    with pytest.raises(UsageError, match="is not a platform"):
        opened(write_oci_layout(DEMO, tmp_path / "x"), platform)


def test_several_that_fit_are_wrong_usage_with_the_choices(tmp_path: Path) -> None:
    six, seven = (ImageSpec((BASE,), platform=f"linux/arm/{variant}") for variant in ("v6", "v7"))
    path = write_oci_layout((six, seven), tmp_path / "x", nested=True)
    with pytest.raises(UsageError, match=r"several images that fit: .*\n.*v6.*\n.*v7"):
        opened(path, "linux/arm")
    assert opened(path, "linux/arm/v7").config.variant == "v7"


MANY = {
    "old": lambda folder: write_docker_archive((DEMO, OTHER), folder / "x.tar"),
    "docker25": lambda folder: write_docker_archive((DEMO, OTHER), folder / "x.tar", "docker25"),
    "oci": lambda folder: write_oci_layout((DEMO, OTHER), folder / "x"),
}


@pytest.mark.parametrize("form", MANY)
def test_of_several_images_one_must_be_named(tmp_path: Path, form: str) -> None:
    path = MANY[form](tmp_path)
    with pytest.raises(UsageError, match="holds several images: say which one") as caught:
        opened(path)
    lines = str(caught.value).splitlines()[1:]
    assert len(lines) == 2
    for line, expected in zip(lines, (DEMO, OTHER), strict=True):
        assert opened(line.split()[0]).config_digest == sha256(expected.config), "what the message lists can be asked for"
    for choice in ("other:2", "other:latest", "example.org/other", "2", f"@{sha256(OTHER.config)}"):
        named = f"{path}{choice}" if choice.startswith("@") else f"{path}:{choice}"
        if choice.startswith("other:"):
            named = f"{path}:example.org/{choice}"
        assert opened(named).config_digest == sha256(OTHER.config)
        assert opened(named).references == OTHER.tags
    with pytest.raises(UsageError, match=r"has no image 'nothing:1'\n.*example.org/demo:1"):
        opened(f"{path}:nothing:1")


def test_docker_hub_names_are_known_by_their_short_forms(tmp_path: Path) -> None:
    path = write_docker_archive((ImageSpec((BASE,), tags=("alpine:latest",)), OTHER), tmp_path / "x.tar")
    for name in ("alpine", "alpine:latest", "docker.io/library/alpine:latest", "library/alpine"):
        assert opened(f"{path}:{name}").references == ("alpine:latest",)


def test_digests_of_manifest_index_and_config_name_an_image(tmp_path: Path) -> None:
    path = write_oci_layout((DEMO, ARM), tmp_path / "x", nested=True)
    image = opened(path, "linux/arm64")
    (index_digest,) = list_images(str(path)).manifests[0].indexes
    for digest in (image.manifest_digest, image.config_digest):
        assert opened(f"oci-dir:{path}@{digest}").config_digest == image.config_digest
    assert opened(f"{path}@{index_digest}", "linux/arm64").config_digest == image.config_digest


def test_untagged_images_are_named_by_their_digests(tmp_path: Path) -> None:
    path = write_docker_archive((ImageSpec((BASE,)), ImageSpec((APP,))), tmp_path / "x.tar")
    with pytest.raises(UsageError, match="several images") as caught:
        opened(path)
    assert opened(str(caught.value).splitlines()[2].split()[0]).layers[0].diff_id == APP.diff_id


def test_paths_may_hold_colons(tmp_path: Path) -> None:
    path = write_docker_archive(DEMO, tmp_path / "a:b@c.tar")
    assert opened(path).source == str(path)
    assert opened(f"docker-archive:{path}:1").config_digest == sha256(DEMO.config)


# Listings


def test_a_listing_has_every_manifest_with_its_kind(tmp_path: Path) -> None:
    index = list_images(str(write_oci_layout((DEMO, ARM), tmp_path / "x", nested=True)))
    assert (index.form, index.source) == ("oci-dir", str(tmp_path / "x"))
    assert [(m.kind, m.platform, m.present) for m in index.manifests] == [
        (ManifestKind.IMAGE, "linux/amd64", True),
        (ManifestKind.IMAGE, "linux/arm64/v8", True),
        (ManifestKind.ATTESTATION, "unknown/unknown", True),
    ]
    assert all(
        m.digest and m.size_bytes and m.media_type == OCI_MANIFEST and m.references == ("example.org/demo:1",) for m in index.manifests
    )
    assert index.manifests[2].annotations["vnd.docker.reference.type"] == "attestation-manifest"


def test_a_listing_of_an_old_archive_knows_configs_and_tags(tmp_path: Path) -> None:
    index = list_images(f"docker-archive:{write_docker_archive((DEMO, OTHER), tmp_path / 'x.tar')}")
    assert [(m.digest, m.config_digest, m.platform, m.references) for m in index.manifests] == [
        (None, sha256(spec.config), "linux/amd64", spec.tags) for spec in (DEMO, OTHER)
    ]
    assert index.form == "docker-archive"


def test_an_image_with_several_tags_is_listed_once(tmp_path: Path) -> None:
    assert [m.references for m in list_images(str(write_oci_layout(OTHER, tmp_path / "x"))).manifests] == [OTHER.tags]


def test_platforms_that_were_not_stored_are_listed_but_not_taken(tmp_path: Path) -> None:
    contents = oci_files((DEMO, ARM), nested=True)
    manifests = list_images(str(write_folder(contents, tmp_path / "whole"))).manifests
    del contents[blob(manifests[0].digest or "")]
    path = write_folder(contents, tmp_path / "partial")
    assert [m.present for m in list_images(str(path)).manifests] == [False, True, True]
    assert opened(path).config.platform == "linux/arm64/v8"
    del contents[blob(manifests[1].digest or "")]
    with pytest.raises(UnreadableError, match=r"names images whose manifests are not stored here: .*linux/amd64 sha256:"):
        opened(write_folder(contents, tmp_path / "none"))


def test_attestations_are_never_taken_for_images(tmp_path: Path) -> None:
    contents = oci_files(DEMO, nested=True)
    top = json.loads(contents["index.json"])
    nested = json.loads(contents[blob(top["manifests"][0]["digest"])])
    attestation = nested["manifests"][1]
    for number, descriptor in enumerate((attestation, attestation | {"annotations": None}, attestation | {"platform": None})):
        only = contents | {"index.json": to_json(top | {"manifests": [descriptor]})}
        with pytest.raises(UnreadableError, match="no image inside: attestation sha256:"):
            opened(write_folder(only, tmp_path / str(number)))


# Documents that are not what they should be


@pytest.mark.parametrize("what", ["config", "manifest", "index"])
def test_a_document_with_another_digest_than_its_name_is_refused(tmp_path: Path, what: str) -> None:
    contents = oci_files((DEMO, ARM), nested=True)
    index_digest = json.loads(contents["index.json"])["manifests"][0]["digest"]
    manifest_digest = json.loads(contents[blob(index_digest)])["manifests"][0]["digest"]
    name = blob({"config": sha256(DEMO.config), "manifest": manifest_digest, "index": index_digest}[what])
    contents[name] = contents[name].replace(b"}", b" }", 1)
    with pytest.raises(DigestMismatchError, match=f"{name}: the content has digest sha256:[0-9a-f]*, but is named sha256:") as caught:
        opened(write_folder(contents, tmp_path))
    assert caught.value.exit_code == 6


def test_a_config_with_another_digest_than_its_name_is_refused_in_an_old_archive(tmp_path: Path) -> None:
    path = write_docker_archive(DEMO, tmp_path / "x.tar")
    path.write_bytes(path.read_bytes().replace(b'"PATH=/usr/bin"', b'"PATH=/usr/sin"'))
    with pytest.raises(DigestMismatchError):
        opened(path)


def test_sha512_digests_are_verified_too(tmp_path: Path) -> None:
    contents = oci_files(DEMO)
    index = json.loads(contents["index.json"])
    manifest = contents[blob(index["manifests"][0]["digest"])]
    digest = f"sha512:{hashlib.sha512(manifest).hexdigest()}"
    index["manifests"][0]["digest"] = digest
    contents |= {"index.json": to_json(index), blob(digest): manifest}
    assert opened(write_folder(contents, tmp_path)).manifest_digest == digest
    contents[blob(digest)] += b" "
    with pytest.raises(DigestMismatchError):
        opened(write_folder(contents, tmp_path))


@pytest.mark.parametrize(
    "digest", ["sha256:../../../etc/passwd", "sha256:" + "A" * 64, "md5:" + "0" * 32, "sha256", "", "../secret", "sha256:" + "0" * 63 + "/"]
)
def test_what_is_no_digest_is_never_a_path(tmp_path: Path, digest: str) -> None:
    index = {"schemaVersion": 2, "manifests": [{"digest": digest, "mediaType": OCI_MANIFEST, "size": 1}]}
    with pytest.raises(UnreadableError, match="is not a sha256 or sha512 digest"):
        opened(write_folder({"index.json": to_json(index)}, tmp_path))


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "a/../../secret"])
def test_names_in_an_old_archive_lead_nowhere_else(tmp_path: Path, name: str) -> None:
    (tmp_path / "secret").write_bytes(DEMO.config)
    manifest: list[dict[str, Any]] = [{"Config": name, "RepoTags": None, "Layers": []}]
    with pytest.raises(UnreadableError, match="there is no such file in the archive"):
        opened(write_archive(files({"manifest.json": to_json(manifest)}), tmp_path / "x.tar"))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"schemaVersion": 1, "fsLayers": [{"blobSum": "sha256:0"}]}, "a Docker schema 1 manifest, which is not supported: pull and save"),
        ({"mediaType": "application/vnd.docker.distribution.manifest.v1+prettyjws"}, "a Docker schema 1 manifest"),
        ({"config": None, "layers": None, "artifactType": "application/x", "blobs": []}, "an artifact manifest of type application/x"),
        (
            {"config": {"mediaType": "application/vnd.oci.empty.v1+json", "digest": sha256(b"{}"), "size": 2}},
            "config of type application/vnd.oci.empty",
        ),
        (
            {"layers": [{"mediaType": "application/vnd.in-toto+json", "digest": sha256(b""), "size": 0}]},
            "content of type application/vnd.in-toto",
        ),
    ],
)
def test_what_is_no_image_is_refused_with_a_clear_word(tmp_path: Path, changes: dict[str, Any], reason: str) -> None:
    path = write_folder(rebuilt(**changes), tmp_path)
    with pytest.raises(UnreadableError, match=f"no image inside: .*{reason}"):
        opened(path)
    assert [manifest.kind for manifest in list_images(str(path)).manifests] == [ManifestKind.ARTIFACT]


@pytest.mark.parametrize(
    ("config", "error"),
    [
        (b"{", "not the JSON it should be"),
        (b"[]", "not the JSON it should be"),
        (b'{"os": "\xff"}', "not the JSON it should be"),
        (b'{"x": ' + b"[" * 100_000, "not the JSON it should be"),
        (b"{}", "0 diff_ids, but the manifest has 2 layers"),
        (to_json({"rootfs": {"diff_ids": ["sha256:x", "sha256:y"]}}), "'sha256:x' is not a sha256"),
        (to_json({"rootfs": {"diff_ids": [1, 2]}}), r"Expected `str`, got `int` - at `\$.rootfs.diff_ids"),
    ],
)
def test_a_config_that_is_none_is_an_error_that_says_where(tmp_path: Path, config: bytes, error: str) -> None:
    with pytest.raises(UnreadableError, match=f"config sha256:.*{error}"):
        opened(write_folder(rebuilt(config), tmp_path))


def test_an_image_may_have_no_layers(tmp_path: Path) -> None:
    nothing = ImageSpec((), tags=("nothing:1",))
    contents = rebuilt(nothing.config, layers=[])
    assert opened(write_folder(contents, tmp_path / "layout")).layers == ()
    assert opened(write_docker_archive(nothing, tmp_path / "old.tar")).layers == ()
    manifest: list[dict[str, Any]] = [{"Config": "config.json", "RepoTags": None, "Layers": None}]
    old = files({"config.json": nothing.config, "manifest.json": to_json(manifest)})
    assert opened(write_archive(old, tmp_path / "null.tar")).layers == ()


def test_what_is_an_index_and_a_manifest_at_once_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match="it is an index and a manifest at once"):
        opened(write_folder(rebuilt(manifests=[]), tmp_path))


def test_documents_are_bounded(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match="more than the 8,388,608"):
        opened(write_folder(rebuilt(DEMO.config + b" " * oci.MAX_DOCUMENT_BYTES), tmp_path))


def test_layers_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oci, "MAX_LAYERS", 1)
    with pytest.raises(UnreadableError, match="2 layers, more than 1"):
        opened(write_oci_layout(DEMO, tmp_path))


def test_images_of_an_archive_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docker_archive, "MAX_IMAGES", 1)
    with pytest.raises(UnreadableError, match="2 images, more than 1"):
        opened(write_docker_archive((DEMO, OTHER), tmp_path / "x.tar"))


def nested_indexes(depth: int, width: int) -> dict[str, bytes]:
    """Indexes that each name the next one several times: width to the power of depth manifests."""
    contents: dict[str, bytes] = {}
    content = to_json({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": []})
    for _ in range(depth):
        contents[blob(sha256(content))] = content
        children = [{"mediaType": OCI_INDEX, "digest": sha256(content), "size": len(content)}] * width
        content = to_json({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": children})
    return contents | {"index.json": content}


@pytest.mark.parametrize(("depth", "width"), [(oci_images.MAX_INDEX_DEPTH + 3, 1), (oci_images.MAX_INDEX_DEPTH, 101)])
def test_nested_indexes_are_bounded(tmp_path: Path, depth: int, width: int) -> None:
    with pytest.raises(UnreadableError, match="indexes nested over 4 deep, or of more than 10,000"):
        opened(write_folder(nested_indexes(depth, width), tmp_path))


def test_an_index_without_images_says_so(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match="no image inside: its index is empty"):
        opened(write_folder(nested_indexes(2, 2), tmp_path))


def test_an_archive_whose_index_names_nothing_is_read_by_its_manifest_json(tmp_path: Path) -> None:
    contents = docker_files(DEMO) | {"index.json": to_json({"schemaVersion": 2, "manifests": None})}
    assert opened(write_archive(files(contents), tmp_path / "x.tar")).references == DEMO.tags


def test_a_layer_that_is_not_there_is_an_error_when_it_is_opened(tmp_path: Path) -> None:
    contents = oci_files(DEMO)
    with open_image(str(write_folder(contents, tmp_path))) as image:
        (tmp_path / blob(image.layers[1].digest or "")).unlink()
        assert stored(image.layers[0]).startswith(b"\x1f\x8b")
        with pytest.raises(UnreadableError, match="is missing"):
            image.layers[1].open()


def test_an_encrypted_layer_is_an_error_when_it_is_opened(tmp_path: Path) -> None:
    layers = [{"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip+encrypted", "digest": sha256(b""), "size": 0}] * 2
    with open_image(str(write_folder(rebuilt(layers=layers), tmp_path))) as image, pytest.raises(UnreadableError, match="is encrypted"):
        image.layers[0].open()


# Sources that are none


@pytest.mark.parametrize(
    "source",
    ["missing.tar", "missing.tar:1", "./alpine", "../alpine:3", "/alpine", "x/y.tgz", "docker-archive:missing.tar", "docker-archive:alpine",
     "oci-dir:missing:1", "oci-archive:", "", "a\0b", "x" * 5000, "Not A Name", "http://example.org/x"],
)  # fmt: skip
def test_a_file_that_does_not_exist_says_so_and_what_to_do(source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reference, "REMOTES", (FakeRemote("r", None),))
    with pytest.raises(UnreadableError, match=r"there is no such file or folder; an image that is elsewhere is named like alpine:3\.20"):
        opened(source)


class FakeRemote:
    """A remote that has one image, in a layout, or none."""

    def __init__(self, name: str, layout: Path | None, plain: bool = True) -> None:
        self.name = name
        self.schemes: tuple[str, ...] = (name,)
        self.plain = plain
        self.asked: list[RemoteName] = []
        self._layout = layout

    @contextmanager
    def open(self, name: RemoteName, options: OpenOptions) -> Iterator[StoredImages]:
        self.asked.append(name)
        if self._layout is None:
            raise NotHereError(f"{self.name} has no {name.source}")
        with open_blobs(self._layout) as blobs:
            yield OciLayout().read(blobs, name.source)


def test_a_plain_name_is_asked_of_the_remotes_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    layout = write_oci_layout(DEMO, tmp_path / "x")
    by_scheme, first, second, third = (
        FakeRemote("a", layout, plain=False), FakeRemote("b", None), FakeRemote("c", layout), FakeRemote("d", layout)
    )  # fmt: skip
    monkeypatch.setattr(reference, "REMOTES", (by_scheme, first, second, third))
    assert opened("alpine:3.20").source == "alpine:3.20"
    assert [remote.asked for remote in (by_scheme, first, second, third)] == [[], *[[RemoteName(None, "alpine:3.20")]] * 2, []]
    assert opened("a:alpine:3.20").source == "a:alpine:3.20"
    assert by_scheme.asked == [RemoteName("a", "alpine:3.20")]
    with pytest.raises(NotHereError, match="b has no b:alpine"):
        opened("b:alpine")
    monkeypatch.setattr(reference, "REMOTES", (first,))
    with pytest.raises(NotHereError, match="b has no alpine"):
        opened("alpine")


def test_what_exists_is_never_asked_of_a_remote(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """But for a folder without an image that happens to have the name of one: `python:3.12` beside the folder `python`."""
    remote = FakeRemote("r", write_oci_layout(OTHER, tmp_path / "remote"))
    monkeypatch.setattr(reference, "REMOTES", (remote,))
    monkeypatch.chdir(tmp_path)
    write_oci_layout(DEMO, tmp_path / "alpine")
    write_oci_layout(DEMO, tmp_path / "r:x")
    (tmp_path / "python").mkdir()
    assert opened("alpine").config_digest == opened("alpine:1").config_digest == opened("r:x").config_digest == sha256(DEMO.config)
    for source in ("python", "oci-dir:python:3.12", "./python:3.12"):
        with pytest.raises(UnreadableError, match="no image inside"):
            opened(source)
    with pytest.raises(UsageError, match=r"has no image '3\.20'"):
        opened("alpine:3.20")
    assert not remote.asked
    assert opened("python:latest").config_digest == sha256(OTHER.config)
    assert remote.asked == [RemoteName(None, "python:latest")]


@pytest.mark.parametrize(
    ("scheme", "form"),
    [("oci-dir", "old"), ("oci-archive", "old"), ("oci-dir", "docker25"), ("docker-archive", "layout"), ("oci-archive", "layout")],
)
def test_a_scheme_insists_on_its_form(tmp_path: Path, scheme: str, form: str) -> None:
    path = (
        write_oci_layout(DEMO, tmp_path / "x")
        if form == "layout"
        else write_docker_archive(DEMO, tmp_path / "x", "docker25" if form == "docker25" else "old")
    )
    with pytest.raises(UnreadableError, match=f"x: its form is (docker-archive|oci-dir), not {scheme}: name it so"):
        opened(f"{scheme}:{path}")


def test_an_archive_of_docker_25_is_an_oci_archive_too(tmp_path: Path) -> None:
    path = write_docker_archive(DEMO, tmp_path / "x", "docker25")
    assert list_images(f"oci-archive:{path}").form == "oci-archive"
    assert list_images(str(path)).form == "docker-archive"


@pytest.mark.parametrize(
    ("contents", "error"),
    [
        ({"etc/os-release": b""}, "a layer or a root file system alone is no image"),
        ({}, "the tar has neither manifest.json nor index.json, but nothing"),
    ],
)
def test_a_tar_that_is_no_image_says_what_it_is(tmp_path: Path, contents: dict[str, bytes], error: str) -> None:
    with pytest.raises(UnreadableError, match=f"x.tar: no image inside: .*{error}"):
        opened(write_archive(files(contents), tmp_path / "x.tar", "gzip"))


@pytest.mark.parametrize(
    ("contents", "error"),
    [
        ({"app/x": b""}, "the folder has no index.json and does not look like a root file system"),
        ({"manifest.json": b"{}"}, "what skopeo's dir: writes; copy it"),
    ],
)
def test_a_folder_that_is_no_image_says_what_it_is(tmp_path: Path, contents: dict[str, bytes], error: str) -> None:
    with pytest.raises(UnreadableError, match=error):
        opened(write_folder(contents, tmp_path))


@pytest.mark.parametrize("form", ["old", "docker25", "layout"])
def test_changed_bytes_of_the_documents_raise_nothing_but_our_errors(tmp_path: Path, form: str) -> None:
    contents = docker_files(DEMO)
    names = [name for name in contents if len(contents[name]) < 2000]
    for number, copy in enumerate(corrupt_copies(b"".join(contents[name] for name in names), 60, seed=5)):
        changed, position = dict(contents), 0
        for name in names:
            changed[name] = copy[position : position + len(contents[name])]
            position += len(contents[name])
        if form == "old":
            changed.pop("index.json")
        path = tmp_path / str(number)
        try:
            opened(write_folder(changed, path) if form == "layout" else write_archive(files(changed), path))
        except SbomgenError:
            continue


def test_this_machine_has_a_platform(monkeypatch: pytest.MonkeyPatch) -> None:
    assert default_platform().startswith("linux/")
    assert isinstance(ImageIndex(source="", form="", manifests=()), ImageIndex)


def test_importing_and_opening_loads_no_codec(tmp_path: Path) -> None:
    path = write_docker_archive(DEMO, tmp_path / "x.tar")
    heavy = "{'zstandard', 'isal', 'lzma', 'bz2', 'tempfile', 'tarfile', 'zipfile', 'json', 'random'}"
    program = f"""
import sys
before = set(sys.modules)
from sbomgen.image.reference import open_image
from sbomgen.image.layer import scan_layer
from sbomgen.image.overlay import Overlay
with open_image({str(path)!r}) as image:
    Overlay().apply(0, scan_layer(image.layers[0], ()))
print(sorted({heavy} & (set(sys.modules) - before)))
"""
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True).stdout.strip() == "[]"
