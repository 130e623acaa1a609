"""`sbomgen scan` of several images: all platforms, lists of sources, and files that must not be overwritten."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.images import (
    OCI_LAYER,
    ImageSpec,
    LayerSpec,
    file,
    oci_files,
    sha256,
    to_json,
    write_docker_archive,
    write_folder,
    write_oci_layout,
)  # fmt: skip
from tests.support.run import Ran, run

PLATFORMS = ("linux/amd64", "linux/arm64/v8", "linux/s390x")


def image(name: str, platform: str = "linux/amd64", version: str = "1.0") -> ImageSpec:
    metadata = f"Name: demo\nVersion: {version}\n"
    layer = LayerSpec((file("usr/lib/python3/dist-packages/demo.dist-info/METADATA", metadata), file("etc/hostname", platform)))
    return ImageSpec((layer,), tags=(name,), platform=platform)


@pytest.fixture
def index(tmp_path: Path) -> Path:
    return write_oci_layout([image("shop/app:1", platform) for platform in PLATFORMS], tmp_path / "index", nested=True)


def scan(*arguments: str | Path) -> Ran:
    return run("sbomgen", *arguments, "--no-cache")


def test_all_platforms_give_a_document_each(index: Path, tmp_path: Path) -> None:
    ran = scan(index, "--platform", "all", "-o", "cyclonedx-json", "-o", f"spdx-json={tmp_path}/out/")
    assert ran.code == 2, "the folder does not exist"
    (tmp_path / "out").mkdir()
    ran = scan(index, "--platform", "all", "-o", "cyclonedx-json", "-o", f"spdx-json={tmp_path}/out/")
    assert ran.code == 0, ran.stderr
    documents = [json.loads(line) for line in ran.stdout.splitlines()]
    properties = [{one["name"]: one["value"] for one in document["metadata"]["component"]["properties"]} for document in documents]
    assert [one["sbomgen:image:platform"] for one in properties] == list(PLATFORMS)
    assert len(list((tmp_path / "out").iterdir())) == 3
    assert "3 images of 1 sources read" in ran.stderr


def test_each_document_of_all_is_that_of_its_platform_alone(index: Path) -> None:
    together = scan(index, "--platform", "all", "-o", "cyclonedx-json").stdout.splitlines()
    alone = [json.loads(scan(index, "--platform", platform, "-o", "cyclonedx-json").stdout) for platform in PLATFORMS]
    assert [json.loads(line) for line in together] == alone


def test_one_image_is_all_there_is_of_a_form_without_platforms(tmp_path: Path) -> None:
    archive = write_docker_archive(image("app:1"), tmp_path / "app.tar")
    ran = scan(archive, "--platform", "all", "-o", "purls")
    assert (ran.code, ran.text) == (0, "pkg:pypi/demo@1.0\n")


@pytest.mark.parametrize("command", ["layers", "inspect"])
def test_other_commands_want_one_platform(index: Path, command: str) -> None:
    ran = run("sbomgen", command, index, "--platform", "all")
    assert ran.code == 2
    assert "one platform has to be chosen here" in ran.stderr


def test_a_list_names_sources_and_one_that_cannot_be_read_does_not_stop_the_others(tmp_path: Path) -> None:
    first = write_docker_archive(image("a:1", version="1"), tmp_path / "a.tar")
    second = write_docker_archive(image("b:1", version="2"), tmp_path / "b.tar")
    names = tmp_path / "list"
    names.write_text(f"# images\n{first}\n\n  {tmp_path}/none.tar\n{second}\n")
    ran = scan("--from-file", names, "-o", "purls")
    assert ran.code == 5
    assert ran.text == "pkg:pypi/demo@1\npkg:pypi/demo@2\n"
    assert "none.tar: there is no such file" in ran.stderr
    assert "2 images of 3 sources read, 1 not read" in ran.stderr
    assert "images of" not in scan("--from-file", names, "-o", "purls", "-q").stderr


@pytest.mark.parametrize(("content", "code"), [("", 2), ("# none\n", 2), (None, 3)])
def test_a_list_that_names_nothing_or_is_not_there_is_refused(tmp_path: Path, content: str | None, code: int) -> None:
    if content is not None:
        (tmp_path / "list").write_text(content)
    ran = scan("--from-file", tmp_path / "list")
    assert ran.code == code
    assert "list" in ran.stderr


def test_no_source_at_all_is_wrong_usage() -> None:
    ran = run("sbomgen", "scan")
    assert ran.code == 2
    assert "SOURCE" in ran.stderr


def test_two_images_of_one_name_do_not_overwrite_each_other(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    sources = [write_docker_archive(image("app:1", version=version), tmp_path / f"{version}.tar") for version in ("1", "2")]
    ran = scan(*sources, "-o", f"cyclonedx-json={tmp_path}/out/")
    assert ran.code == 2
    assert "put {digest} or {platform} in its name" in ran.stderr
    assert scan(*sources, "-o", f"cyclonedx-json={tmp_path}/out/{{digest}}.json").code == 0
    assert len(list((tmp_path / "out").glob("*.json"))) == 3


def layout_with(second_layer: dict[str, Any], present: bool) -> dict[str, bytes]:
    """The files of a layout whose second layer's descriptor has other fields, and whose blob may be absent."""
    spec = ImageSpec((*image("demo:1").layers, LayerSpec((file("app/x", "x"),))), tags=("demo:1",))
    contents = oci_files(spec)
    index = json.loads(contents["index.json"])
    manifest = json.loads(contents.pop(blob_name(index["manifests"][0]["digest"])))
    if not present:
        del contents[blob_name(manifest["layers"][1]["digest"])]
    manifest["layers"][1] |= second_layer
    content = to_json(manifest)
    index["manifests"][0] |= {"digest": sha256(content), "size": len(content)}
    return contents | {blob_name(sha256(content)): content, "index.json": to_json(index)}


def blob_name(digest: str) -> str:
    return "blobs/" + digest.replace(":", "/")


FOREIGN = {"mediaType": "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", "urls": ["https://example.com/layer"]}


@pytest.mark.parametrize(
    ("fields", "present", "reason"),
    [
        pytest.param({}, False, "is missing", id="absent"),
        pytest.param(FOREIGN, False, "foreign layers have to be fetched too", id="foreign"),
        pytest.param({"mediaType": f"{OCI_LAYER}.nondistributable.v1.tar+gzip"}, False, "is missing", id="not to be distributed"),
        pytest.param({"mediaType": f"{OCI_LAYER}+gzip+encrypted"}, True, "is encrypted", id="encrypted"),
    ],
)
def test_a_layer_that_is_not_there_to_be_read_is_said_everywhere(
    tmp_path: Path, fields: dict[str, Any], present: bool, reason: str
) -> None:
    path = write_folder(layout_with(fields, present), tmp_path / "layout")
    ran = scan(path, "-o", "cyclonedx-json", "-o", f"spdx-json={tmp_path}/x.spdx.json", "-o", f"purls={tmp_path}/purls")
    assert ran.code == 5
    assert "lost: " in ran.stderr
    assert reason in ran.stderr
    assert (tmp_path / "purls").read_text() == "pkg:pypi/demo@1.0\n", "the rest is read"
    (composition,) = ran.json["compositions"]
    assert composition["aggregate"] == "incomplete"
    layers = [one["value"].split() for one in ran.json["metadata"]["component"]["properties"] if one["name"] == "sbomgen:image:layer"]
    assert [layer[3] == "-" for layer in layers] == [False, True]
    assert "incomplete: a part of the image could not be read; layer 1 was not read: " in (tmp_path / "x.spdx.json").read_text()
    told = run("sbomgen", "layers", path, "-o", "json", "--no-cache")
    assert told.code == 5
    assert [layer["read"] for layer in told.json["layers"]] == ["full", "not_read"]
    assert reason in told.json["layers"][1]["reason"]
    assert "NOT READ: " in run("sbomgen", "layers", path, "--no-cache").text
