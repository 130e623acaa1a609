import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sbomgen.catalogers._wheel_sboms import COMPONENTS_LIMIT, NAME_LIMIT_CHARS, Component, WheelSbomError, read_components
from sbomgen.model import Hash


def cyclonedx(*components: Any) -> bytes:
    return json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.5", "components": components}).encode()


def spdx(*packages: Any) -> bytes:
    return json.dumps({"spdxVersion": "SPDX-2.3", "packages": packages}).encode()


@pytest.mark.parametrize(
    ("stated", "component"),
    [
        (
            {
                "name": "ahash",
                "version": "0.8.12",
                "purl": "pkg:cargo/ahash@0.8.12",
                "licenses": [{"expression": "MIT OR Apache-2.0"}],
                "hashes": [{"alg": "SHA-256", "content": "AB"}],
            },
            Component("cargo", "ahash", "0.8.12", (), ("MIT OR Apache-2.0",), (Hash("SHA-256", "ab"),)),
        ),
        (
            {"name": "h", "version": "1", "purl": "pkg:cargo/h@1?vcs_url=git%2Bhttps://x/h%40c&arch=x"},
            Component("cargo", "h", "1", (("vcs_url", "git+https://x/h@c"),)),
        ),
        (
            {"name": "FreeType", "version": "2.14.3", "licenses": [{"license": {"id": "FTL"}}]},
            Component("generic", "FreeType", "2.14.3", (), ("FTL",)),
        ),
        (
            {"name": "libXau", "version": "1.0.9-3.el8", "purl": "pkg:rpm/almalinux/libXau@1.0.9-3.el8#ac77"},
            Component("generic", "libXau", "1.0.9-3.el8"),
        ),
        ({"name": "core", "version": "1", "purl": "pkg:npm/%40angular/core@1"}, Component("npm", "@angular/core", "1")),
        ({"name": "a", "version": "1", "purl": "pkg:maven/g.h/a@1"}, Component("maven", "g.h:a", "1")),
    ],
)
def test_a_component_keeps_its_purl_if_it_is_none_of_a_distribution(stated: dict[str, Any], component: Component) -> None:
    assert read_components(cyclonedx(stated, stated)) == ((component,), 0)


@pytest.mark.parametrize(
    "stated",
    [
        {"name": "pybind11"},
        {"name": "pybind11", "version": "2", "scope": "excluded"},
        {"name": "PIL._avif", "version": "13.0.0", "purl": "pkg:pypi/pillow@13.0.0#c-ext/PIL._avif"},
        {"name": "libz.so", "version": "1", "type": "file"},
        {"name": "a" * (NAME_LIMIT_CHARS + 1), "version": "1"},
    ],
)
def test_what_has_no_version_is_excluded_or_is_a_part_is_no_component(stated: dict[str, Any]) -> None:
    assert read_components(cyclonedx(stated)) == ((), 0)


def test_spdx_says_the_same() -> None:
    reference = {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": "pkg:cargo/a@1"}
    packages = {"name": "a", "versionInfo": "1", "externalRefs": [reference], "licenseDeclared": "MIT"}, {"name": "z", "versionInfo": "2"}
    assert read_components(spdx(*packages, {"name": "z", "versionInfo": 3})) == (
        (Component("cargo", "a", "1", (), ("MIT",)), Component("generic", "z", "2")),
        1,
    )


def test_a_bad_component_costs_itself_and_too_many_are_counted() -> None:
    good = {"name": "a", "version": "1"}
    assert read_components(cyclonedx({"name": 1}, good, "x")) == ((Component("generic", "a", "1"),), 2)
    assert read_components(cyclonedx(*[good] * (COMPONENTS_LIMIT + 3)))[1] == 3


@pytest.mark.parametrize("body", [b"", b"{", b"{}", b"[]", b"[" * 100_000, b'{"components": 1, "bomFormat": "CycloneDX"}', b"\xff"])
def test_what_is_no_such_document_is_refused(body: bytes) -> None:
    with pytest.raises(WheelSbomError):
        read_components(body)


@given(st.text(max_size=60))
def test_no_purl_makes_the_reader_raise(purl: str) -> None:
    read_components(cyclonedx({"name": "a", "version": "1", "purl": "pkg:" + purl}))
