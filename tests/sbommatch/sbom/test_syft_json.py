"""Syft JSON of every schema."""

import base64
import json
from typing import Any

import pytest

from sbommatch.sbom.component import Component, ComponentLayer, DistroStatement, Document
from sbommatch.sbom.read import read_document


def syft(*artifacts: Any, **members: Any) -> Document:
    """A document with these artifacts, read."""
    return read_document(
        json.dumps({"artifacts": artifacts, "descriptor": {"name": "syft", "version": "1.18.1"}, **members}).encode(), "made"
    )


def artifact(**members: Any) -> Component:
    """The one artifact with these members, read."""
    (only,) = syft({"id": "1", "name": "a", "version": "1", **members}).components
    return only


def test_the_fields_of_an_artifact() -> None:
    read = artifact(
        type="deb",
        purl="pkg:deb/debian/a@1?distro=debian-12",
        cpes=["cpe:1", {"cpe": "cpe:2", "source": "nvd"}, "cpe:1", {}],
        locations=[{"path": "/var/lib/dpkg/status", "layerID": "sha256:x"}, {"path": "/usr/a"}],
        metadata={"source": "src", "sourceVersion": "1-2", "files": [{"path": "/x"}]},
    )
    assert (read.ref, read.type, read.name, read.version, read.package_type) == ("1", "library", "a", "1", "deb")
    assert (read.purl, read.purl_from, read.cpes) == ("pkg:deb/debian/a@1?distro=debian-12", "stated", ("cpe:1", "cpe:2"))
    assert (read.paths, read.source_name, read.source_version) == (("/var/lib/dpkg/status", "/usr/a"), "src", "1-2")


@pytest.mark.parametrize(
    ("metadata", "source"),
    [
        ({"source": "", "sourceVersion": ""}, (None, None)),
        ({"originPackage": "busybox"}, ("busybox", None)),
        ({"sourceRpm": "util-linux-2.32.1-42.el8_8.src.rpm"}, ("util-linux", "2.32.1-42.el8_8")),
        ({"source": "gcc-12", "sourceVersion": ""}, ("gcc-12", None)),
        (None, (None, None)),
    ],
)
def test_the_source_package(metadata: Any, source: tuple[str | None, str | None]) -> None:
    read = artifact(metadata=metadata)
    assert (read.source_name, read.source_version) == source


def test_an_rpm_has_a_module() -> None:
    assert artifact(metadata={"modularityLabel": "nodejs:12:8030"}).module == "nodejs:12:8030"


@pytest.mark.parametrize(
    ("distro", "statement"),
    [
        ({"name": "alpine", "version": "3.14.2", "idLike": ""}, DistroStatement("alpine", "3.14.2")),
        (
            {"prettyName": "Alpine Linux v3.16", "name": "Alpine Linux", "id": "alpine", "versionID": "3.16.3"},
            DistroStatement("alpine", "3.16.3"),
        ),
        ({"id": "rhel", "version": "8.6 (Ootpa)", "versionID": "8.6", "idLike": ["fedora"]}, DistroStatement("rhel", "8.6")),
        ({"id": "debian", "versionCodename": "trixie"}, DistroStatement("debian")),
        ({}, None),
        (None, None),
    ],
)
def test_the_distribution_is_the_documents(distro: Any, statement: DistroStatement | None) -> None:
    assert syft({"name": "a"}, distro=distro).distros == ((statement,) if statement else ())


CONFIG = {
    "os": "linux",
    "architecture": "arm64",
    "variant": "v8",
    "history": [{"created_by": "ADD x"}, {"created_by": "CMD", "empty_layer": True}, {"created_by": "RUN y"}],
}
IMAGE = {
    "userInput": "app:1",
    "imageID": "sha256:c",
    "manifestDigest": "sha256:m",
    "tags": ["app:1"],
    "repoDigests": ["app@sha256:m"],
    "layers": [{"digest": "sha256:l0"}, {"digest": "sha256:l1"}],
    "config": base64.b64encode(json.dumps(CONFIG).encode()).decode(),
}


@pytest.mark.parametrize("source", [{"type": "image", "target": IMAGE}, {"name": "app:1", "type": "image", "metadata": IMAGE}])
def test_the_image_with_its_layers_and_instructions(source: Any) -> None:
    document = syft({"name": "a", "locations": [{"path": "/x"}, {"path": "/y", "layerID": "sha256:l1"}]}, source=source)
    assert (document.subject.name, document.subject.config_digest, document.subject.platform) == ("app:1", "sha256:c", "linux/arm64/v8")
    assert (document.subject.manifest_digest, document.subject.references) == ("sha256:m", ("app:1", "app@sha256:m"))
    assert document.layers == (ComponentLayer(0, "sha256:l0", created_by="ADD x"), ComponentLayer(1, "sha256:l1", created_by="RUN y"))
    assert document.components[0].layer == 1


@pytest.mark.parametrize("config", ["%", "e30", base64.b64encode(b"no JSON").decode(), base64.b64encode(b'{"history": 3}').decode()])
def test_a_broken_config_costs_the_instructions(config: str) -> None:
    document = syft({"name": "a"}, source={"metadata": {**IMAGE, "config": config}})
    assert [each.created_by for each in document.layers] == [None, None]
    assert [each.loss for each in document.problems] in ([False], [])


def test_a_folder_is_a_subject_without_layers() -> None:
    document = syft({"name": "a"}, source={"type": "directory", "target": "/src/app"})
    assert (document.subject.name, document.layers) == ("/src/app", ())


def test_who_delivers_whom() -> None:
    document = syft(
        {"id": "1", "name": "python3"},
        {"id": "2", "name": "idna"},
        artifactRelationships=[
            {"parent": "1", "child": "2", "type": "ownership-by-file-overlap"},
            {"parent": "2", "child": "1", "type": "contains"},
        ],
    )
    assert [each.owned_by for each in document.components] == [None, "1"]


def test_schema_and_producer() -> None:
    document = syft({"name": "a"}, schema={"version": "16.0.24", "url": "x"})
    assert (document.format, document.spec_version, document.producer) == ("syft-json", "16.0.24", "syft 1.18.1")


def test_an_artifact_without_purl_gets_one_of_its_type() -> None:
    document = syft(
        {"name": "libc6", "version": "2.36-9", "type": "deb", "purl": ""},
        {"name": "b", "type": "binary"},
        distro={"id": "debian", "versionID": "12"},
    )
    assert [(each.purl, each.purl_from) for each in document.components] == [
        ("pkg:deb/debian/libc6@2.36-9?distro=debian-12", "made"),
        (None, None),
    ]
