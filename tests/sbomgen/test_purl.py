import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packageurl import PackageURL

from sbomgen.model import Distro, Package, SourcePackage
from sbomgen.purl import purl_of, source_purl

BOOKWORM = Distro("debian", "12")


def deb(name: str = "libssl3", version: str = "3.0.11-1~deb12u2", **more: Any) -> Package:
    return Package(type="deb", name=name, raw_version=version, **{"arch": "amd64", "distro": BOOKWORM, **more})


@pytest.mark.parametrize(
    ("package", "purl"),
    [
        (deb(), "pkg:deb/debian/libssl3@3.0.11-1~deb12u2?arch=amd64&distro=debian-12"),
        (
            deb(source=SourcePackage("openssl", "3.0.11-1~deb12u2")),
            "pkg:deb/debian/libssl3@3.0.11-1~deb12u2?arch=amd64&distro=debian-12&upstream=openssl",
        ),
        (
            deb(version="3.0.11-1+b1", source=SourcePackage("openssl", "3.0.11-1")),
            "pkg:deb/debian/libssl3@3.0.11-1%2Bb1?arch=amd64&distro=debian-12&upstream=openssl%403.0.11-1",
        ),
        (
            deb("attr", "1:2.5-1+b1", source=SourcePackage("attr", "1:2.5-1")),
            "pkg:deb/debian/attr@1:2.5-1%2Bb1?arch=amd64&distro=debian-12&upstream=attr%401:2.5-1",
        ),
        (deb("attr", "1:2.4", source=SourcePackage("attr", "1:2.4")), "pkg:deb/debian/attr@1:2.4?arch=amd64&distro=debian-12"),
        (deb("g++", "4:12", arch=None, distro=Distro("debian", None, None, "trixie")), "pkg:deb/debian/g%2B%2B@4:12?distro=debian-trixie"),
        (deb("a", "1", distro=Distro("kali")), "pkg:deb/kali/a@1?arch=amd64&distro=kali"),
        (deb("a", "1", distro=None), "pkg:deb/linux/a@1?arch=amd64"),
        (deb("a", "1/2", distro=Distro("a/b", "1 2")), "pkg:deb/a%2Fb/a@1%2F2?arch=amd64&distro=a%2Fb-1%202"),
        (
            Package(
                type="apk",
                name="musl-utils",
                raw_version="1.2.5-r0",
                arch="x86_64",
                distro=Distro("alpine", "3.20.3"),
                source=SourcePackage("musl"),
            ),
            "pkg:apk/alpine/musl-utils@1.2.5-r0?arch=x86_64&distro=alpine-3.20.3&upstream=musl",
        ),
        (
            Package(type="apk", name="musl", raw_version="1.2.5-r0", distro=Distro("alpine", "3.20.3"), source=SourcePackage("musl")),
            "pkg:apk/alpine/musl@1.2.5-r0?distro=alpine-3.20.3",
        ),
        (
            Package(type="alpm", name="SDL", raw_version="1:2-1", distro=Distro("msys2"), source=SourcePackage("sdl12", "1:2-1")),
            "pkg:alpm/msys/sdl@1:2-1?distro=msys2&upstream=sdl12",
        ),
        (
            Package(type="opkg", name="ubus", raw_version="2024~1-r1", distro=Distro("openwrt")),
            "pkg:opkg/openwrt/ubus@2024~1-r1?distro=openwrt",
        ),
        (Package(type="pypi", name="Zope.Interface_X", raw_version="1!2.0+local", root="a"), "pkg:pypi/zope.interface-x@1%212.0%2Blocal"),
    ],
)
def test_purls_have_their_namespace_release_and_source(package: Package, purl: str) -> None:
    assert purl_of(package) == purl


def specification_cases(folder: Path) -> list[tuple[dict[str, Any], str]]:
    """The specification's own cases of building a PURL of our types."""
    cases = []
    for purl_type in ("alpm", "apk", "deb", "pypi"):
        tests = json.loads((folder / f"tests/types/{purl_type}-test.json").read_text())["tests"]
        cases += [
            (test["input"], test["expected_output"]) for test in tests if test["test_type"] == "build" and not test["expected_failure"]
        ]
    classic = json.loads((folder / "test-suite-data.json").read_text())
    cases += [
        (test, test["canonical_purl"]) for test in classic if test["type"] in {"alpm", "apk", "deb", "pypi"} and not test["is_invalid"]
    ]
    return cases


def test_the_specification_s_own_cases_come_out_as_it_says(shared_data: Path) -> None:
    """A package has a distribution and not any qualifier, so `distro` is compared without the part that we write differently."""
    cases = specification_cases(shared_data / "purl-spec/package-url+purl-spec")
    assert len(cases) >= 10
    for case, canonical in cases:
        qualifiers = case["qualifiers"] or {}
        if qualifiers.keys() - {"arch", "distro"}:
            continue
        distro = Distro(case["namespace"]) if case["namespace"] else None
        package = Package(
            type=case["type"].lower(), name=case["name"], raw_version=case["version"], arch=qualifiers.get("arch"), distro=distro
        )
        built, expected = PackageURL.from_string(purl_of(package)), PackageURL.from_string(canonical)
        assert built[:4] == expected[:4]
        assert purl_of(package).partition("?")[0] == canonical.partition("?")[0]
        assert built.qualifiers.get("arch") == expected.qualifiers.get("arch")


@pytest.mark.parametrize(
    ("purl_type", "source", "purl"),
    [
        ("deb", SourcePackage("openssl", "1:3.0.11-1"), "pkg:deb/debian/openssl@1:3.0.11-1?arch=source&distro=debian-12"),
        ("rpm", SourcePackage("openssl", "1:3.0.7-27.el9"), "pkg:rpm/debian/openssl@3.0.7-27.el9?arch=src&distro=debian-12&epoch=1"),
        ("deb", SourcePackage("openssl"), None),
        ("deb", None, None),
        ("apk", SourcePackage("openssl", "3.3.2-r1"), None),
        ("alpm", SourcePackage("openssl", "3.3.2-1"), None),
    ],
)
def test_a_source_package_has_a_purl_where_its_type_has_a_word_for_sources(
    purl_type: str, source: SourcePackage | None, purl: str | None
) -> None:
    package = Package(type=purl_type, name="libssl3", raw_version="3-1+b1", arch="amd64", distro=Distro("debian", "12"), source=source)
    assert source_purl(package) == purl


TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("Z", "C")), min_size=1, max_size=12)


NAMES = TEXTS.filter(lambda name: name == name.strip("/"))
"""The parser trims slashes from the ends of a name even where they are encoded."""


@given(name=NAMES, version=TEXTS, distro=TEXTS, source=TEXTS)
@settings(max_examples=60, deadline=None)
def test_every_purl_reads_back_as_what_it_was_made_of(name: str, version: str, distro: str, source: str) -> None:
    package = deb(name, version, distro=Distro("debian", distro), source=SourcePackage(source, "0"))
    purl = purl_of(package)
    read = PackageURL.from_string(purl)
    assert read.name == name.lower()
    assert read.version == version
    assert read.qualifiers["distro"] == f"debian-{distro}"
    assert read.qualifiers.get("upstream", name) == (f"{source}@0" if version != "0" else source)
    assert purl.isascii()


def test_bytes_that_are_no_utf_8_are_encoded_as_they_are() -> None:
    assert purl_of(deb(b"a\xff".decode("utf-8", "surrogateescape"), "1", distro=None, arch=None)) == "pkg:deb/linux/a%FF@1"
