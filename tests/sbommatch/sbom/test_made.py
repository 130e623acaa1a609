"""PURLs that are made where none is stated: of what is known, and only where that identifies."""

import json
from typing import Any

import pytest

from sbommatch.problem import ProblemCode
from sbommatch.purl import parse_purl
from sbommatch.sbom._made import PURL_TYPES, made_purl
from sbommatch.sbom.component import Component, ComponentLayer, DistroStatement
from sbommatch.sbom.read import read_document
from tests.sbommatch.sbom.made import cyclonedx, spdx

DEBIAN = DistroStatement("debian", "12")


def made(package_type: str, name: str, version: str | None = "1-1", group: str | None = None, *distros: DistroStatement) -> str | None:
    component = Component(ref="r", type="library", name=name, group=group, version=version, package_type=package_type)
    purl = made_purl(component, distros)
    assert purl is None or parse_purl(purl).type == package_type
    return purl


@pytest.mark.parametrize(
    ("purl", "expected"),
    [
        (made("deb", "libc6", "1:2.36-9+deb12u4", None, DEBIAN), "pkg:deb/debian/libc6@1:2.36-9%2Bdeb12u4?distro=debian-12"),
        (made("deb", "libc6", "2.36-9"), "pkg:deb/libc6@2.36-9"),
        (made("deb", "libc6", "2.36-9", None, DEBIAN, DistroStatement("debian", "11")), "pkg:deb/libc6@2.36-9"),
        (made("deb", "libc6", "2.36-9", None, DEBIAN, DEBIAN), "pkg:deb/debian/libc6@2.36-9?distro=debian-12"),
        (made("apk", "musl", None, None, DistroStatement("wolfi")), "pkg:apk/wolfi/musl"),
        (made("rpm", "bash", "4.4.19-10.el8", None, DistroStatement("rhel", "8.6")), "pkg:rpm/rhel/bash@4.4.19-10.el8?distro=rhel-8.6"),
        (made("rpm", "bash", "4.4.19"), None),
        (made("maven", "a", "1", "org.b"), "pkg:maven/org.b/a@1"),
        (made("maven", "org.b:a", "1"), "pkg:maven/org.b/a@1"),
        (made("maven", "a", "1"), None),
        (made("npm", "@angular/core", "1"), "pkg:npm/%40angular/core@1"),
        (made("npm", "core", "1", "@angular"), "pkg:npm/%40angular/core@1"),
        (made("golang", "github.com/a/b", "v1"), "pkg:golang/github.com/a/b@v1"),
        (made("pypi", "a/b ?#", "1"), "pkg:pypi/a%2Fb%20%3F%23@1"),
        (made("pypi", "", "1"), None),
    ],
)
def test_a_purl_says_what_is_known(purl: str | None, expected: str | None) -> None:
    assert purl == expected


def test_all_types_are_types() -> None:
    assert all(parse_purl(f"pkg:{type_}/a").type == type_ for type_ in PURL_TYPES.values())


@pytest.mark.parametrize("name", ["syft:package:type", "aquasecurity:trivy:PkgType"])
def test_properties_name_the_kind_and_it_is_noted(name: str) -> None:
    document = cyclonedx(
        {"name": "a", "version": "1", "properties": [{"name": name, "value": "gem"}]},
        {"name": "b", "version": "1", "purl": "pkg:npm/b@1", "properties": [{"name": name, "value": "gem"}]},
        {"name": "c", "version": "1", "properties": [{"name": name, "value": "binary"}]},
    )
    assert [(each.purl, each.purl_from) for each in document.components] == [
        ("pkg:gem/a@1", "made"),
        ("pkg:npm/b@1", "stated"),
        (None, None),
    ]
    assert [(each.code, each.loss) for each in document.problems] == [(ProblemCode.NO_PURL, False)]
    assert document.problems[0].message == "1 components state no PURL: one is made of their kind, name, version and distribution"


def test_a_type_that_only_syft_knows_is_that_of_apk() -> None:
    assert (
        cyclonedx({"name": "musl", "purl": "pkg:alpine/musl@1?distro=alpine-3.16.2"}).components[0].purl
        == "pkg:apk/musl@1?distro=alpine-3.16.2"
    )


def tern_layer(number: int, *lines: str) -> dict[str, Any]:
    return {
        "SPDXID": f"SPDXRef-layer{number}",
        "name": f"b{number}",
        "checksums": [{"algorithm": "SHA256", "checksumValue": f"d{number}"}],
        "comment": f"Layer {number}:\n" + "".join(f"\tinfo: {line} \n" for line in lines),
    }


def related(left: str, type_: str, right: str) -> dict[str, str]:
    return {"spdxElementId": f"SPDXRef-{left}", "relationshipType": type_, "relatedSpdxElement": f"SPDXRef-{right}"}


def test_tern_says_layers_methods_and_sources_in_words() -> None:
    document = spdx(
        {"SPDXID": "SPDXRef-image", "name": "app"},
        tern_layer(
            1,
            "Layer created by commands: ADD x in /",
            "Found 'Distroless - Debian GNU/Linux 11 (bullseye)' in /etc/os-release.",
            "Retrieved package metadata using dpkg default method.",
        ),
        tern_layer(2, "Retrieved package metadata using pip default method.", "Retrieved package metadata using gem default method."),
        {"SPDXID": "SPDXRef-zlib1g", "name": "zlib1g", "versionInfo": "1:1.2.11-2"},
        {"SPDXID": "SPDXRef-zlib", "name": "zlib", "versionInfo": "1:1.2.11-1"},
        {"SPDXID": "SPDXRef-idna", "name": "idna", "versionInfo": "1"},
        creationInfo={"creators": ["Tool: tern-2.11.0"]},
        relationships=[
            related("DOCUMENT", "DESCRIBES", "image"),
            related("layer1", "CONTAINS", "zlib1g"),
            related("layer2", "CONTAINS", "idna"),
            related("zlib1g", "GENERATED_FROM", "zlib"),
        ],
    )
    assert document.distros == (DistroStatement("debian", "11"),)
    assert document.layers == (ComponentLayer(0, "sha256:d1", "sha256:b1", "ADD x in /"), ComponentLayer(1, "sha256:d2", "sha256:b2"))
    zlib1g, source, idna = document.components[2:]
    assert (zlib1g.purl, zlib1g.purl_from, zlib1g.layer) == ("pkg:deb/debian/zlib1g@1:1.2.11-2?distro=debian-11", "made", 0)
    assert (zlib1g.source_name, zlib1g.source_version) == ("zlib", "1:1.2.11-1")
    assert (source.purl, idna.purl, idna.layer) == (None, None, 1)


def test_comments_of_other_producers_are_no_layers() -> None:
    layer = tern_layer(1, "Found 'Debian GNU/Linux 11' in /etc/os-release.")
    assert not read_document(json.dumps({"spdxVersion": "SPDX-2.3", "packages": [layer]}).encode(), "x").layers
