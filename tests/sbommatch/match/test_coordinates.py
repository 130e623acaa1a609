"""From components to lookups."""

from hashlib import sha256

import pytest

from sbommatch.advisory import NameKind
from sbommatch.match.coordinates import identify
from sbommatch.match.model import NotChecked
from sbommatch.sbom.component import Component, DistroStatement
from sbommatch.versions import SCHEME_BY_NAME
from tests.sbommatch.match.made import component

ALPINE = DistroStatement("alpine", "3.11.13")
DEBIAN = DistroStatement("debian", "12.5")


@pytest.mark.parametrize(
    ("purl", "expected"),
    [
        ("pkg:pypi/Zope.Interface@5.0", ("pypi", "zope-interface", "5.0")),
        ("pkg:npm/%40angular/core@12.3.1", ("npm", "@angular/core", "12.3.1")),
        ("pkg:npm/jQuery@1.0.0", ("npm", "jQuery", "1.0.0")),
        ("pkg:golang/github.com/Masterminds/goutils@v1.1.0#cmd/x", ("golang", "github.com/masterminds/goutils", "v1.1.0")),
        ("pkg:golang/stdlib@1.21.3", ("golang", "stdlib", "1.21.3")),
        ("pkg:cargo/openssl-src@111.0.0%2B1.1.1b", ("cargo", "openssl-src", "111.0.0+1.1.1b")),
    ],
)
def test_a_language_package_is_asked_for_by_its_own_name(purl: str, expected: tuple[str, str, str]) -> None:
    found = identify(component(purl))
    assert found.reason is None
    (lookup,) = found.lookups
    assert (lookup.namespace, lookup.name, lookup.raw_version) == expected
    assert lookup.name_kind is NameKind.SELF
    assert lookup.key == SCHEME_BY_NAME[lookup.scheme].key(lookup.raw_version)


@pytest.mark.parametrize("path", ["github.com/0xJacky/nginx-ui", "github.com/0xjacky/nginx-ui"])
def test_a_go_module_is_asked_for_in_any_letter_case(path: str) -> None:
    (lookup,) = identify(component(f"pkg:golang/{path}@v1.9.0")).lookups
    assert lookup.name == "github.com/0xjacky/nginx-ui"


@pytest.mark.parametrize(
    ("version", "asked"),
    [
        ("1.13.9-x86_64-linux", "1.13.9"),
        ("1.13.9-java", "1.13.9"),
        ("1.13.9-arm64-darwin-22", "1.13.9"),
        ("1.13.9.rc1-aarch64-linux-gnu", "1.13.9.rc1"),
        ("1.13.9-rc1", "1.13.9-rc1"),
    ],
)
def test_the_platform_of_a_gem_is_no_part_of_its_version(version: str, asked: str) -> None:
    (lookup,) = identify(component(f"pkg:gem/nokogiri@{version}")).lookups
    assert lookup.raw_version == asked


@pytest.mark.parametrize("version", ["UNKNOWN", "(devel)", "${project.version}"])
def test_a_stand_in_is_no_version(version: str) -> None:
    assert identify(component(f"pkg:golang/example.org/m@{version}")).reason is NotChecked.NO_VERSION


def test_the_components_version_stands_in_for_one_that_the_purl_lacks() -> None:
    (lookup,) = identify(component("pkg:pypi/jinja2", version="2.11.1")).lookups
    assert lookup.raw_version == "2.11.1"


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (component(None), NotChecked.NO_IDENTITY),
        (component("pkg:"), NotChecked.NO_IDENTITY),
        (component("jinja2"), NotChecked.NO_IDENTITY),
        (component("pkg:generic/openssl@1.1.1"), NotChecked.NO_SCHEME),
        (component("pkg:conda/openssl@1.1.1"), NotChecked.NO_SCHEME),
        (component("pkg:pypi/jinja2"), NotChecked.NO_VERSION),
        (component("pkg:apk/alpine/musl?distro=alpine-3.11.13"), NotChecked.NO_VERSION),
        (component("pkg:pypi/jinja2@not a version"), NotChecked.INVALID_VERSION),
        (component("pkg:deb/debian/curl@7.88.1-10"), NotChecked.NO_DISTRO),
        (component("pkg:deb/debian/curl@7.88.1-10?distro=debian-testing"), NotChecked.NO_DISTRO),
        (component("pkg:deb/curl@7.88.1-10"), NotChecked.NO_DISTRO),
        (component("pkg:deb/raspbian/curl@7.88.1-10?distro=raspbian-12"), NotChecked.NO_FEED),
        (component("pkg:apk/postmarketos/curl@8.0.0-r0"), NotChecked.NO_FEED),
    ],
)
def test_what_cannot_be_asked_for_has_a_reason(made: Component, reason: NotChecked) -> None:
    assert identify(made).reason is reason


def test_an_invalid_version_can_still_meet_the_records_that_list_it() -> None:
    found = identify(component("pkg:pypi/paramiko@0.1-bulbasaur"))
    assert found.reason is NotChecked.INVALID_VERSION
    assert [(lookup.raw_version, lookup.key) for lookup in found.lookups] == [("0.1-bulbasaur", None)]


@pytest.mark.parametrize(
    ("made", "distros", "option", "namespace"),
    [
        (component("pkg:apk/alpine/musl@1?distro=alpine-3.11.13"), (), None, "alpine:3.11"),
        (component("pkg:apk/alpine/musl@1?distro=3.18.0"), (), None, "alpine:3.18"),
        (component("pkg:deb/debian/curl@1?distro=bookworm"), (), None, "debian:12"),
        (component("pkg:deb/debian/curl@1?distro=debian&distro_name=bookworm"), (), None, "debian:12"),
        (component("pkg:deb/debian/curl@1?distro=debian"), (DEBIAN,), None, "debian:12"),
        (component("pkg:deb/ubuntu/curl@1?distro=jammy"), (DEBIAN,), None, "ubuntu:22.04"),
        (component("pkg:apk/alpine/musl@1?distro=alpine-3.9.6"), (ALPINE,), None, "alpine:3.9"),
        (component("pkg:apk/alpine/musl@1", distro=DistroStatement("alpine", "3.9.6")), (ALPINE,), None, "alpine:3.9"),
        (component("pkg:apk/alpine/musl@1"), (ALPINE,), None, "alpine:3.11"),
        (component("pkg:apk/musl@1"), (DEBIAN, ALPINE), None, "alpine:3.11"),
        (component("pkg:apk/alpine/musl@1?distro=alpine-3.9.6"), (ALPINE,), DistroStatement("alpine", "3.18"), "alpine:3.18"),
        (component("pkg:deb/kali/curl@1?distro=kali-2024.1"), (), DEBIAN, "debian:12"),
        (component("pkg:apk/alpine/musl@1"), (ALPINE,), DEBIAN, "alpine:3.11"),
        (component("pkg:deb/debian/curl@1"), (DEBIAN, DistroStatement("debian", "11")), None, NotChecked.NO_DISTRO),
        (component("pkg:deb/debian/curl@1"), (DistroStatement("ubuntu", "22.04"),), None, NotChecked.NO_DISTRO),
        (component("pkg:deb/curl@1"), (DistroStatement("kali", "2024.1"),), None, NotChecked.NO_FEED),
    ],
)
def test_the_release_comes_from_the_nearest_statement(
    made: Component, distros: tuple[DistroStatement, ...], option: DistroStatement | None, namespace: str
) -> None:
    found = identify(made, distros, option)
    assert (found.reason or found.lookups[0].namespace) == namespace


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (component("pkg:apk/alpine/libssl1.1@1.1.1d-r2?upstream=openssl"), ("openssl", "1.1.1d-r2")),
        (component("pkg:apk/alpine/libssl1.1@1.1.1d-r2?origin=openssl"), ("openssl", "1.1.1d-r2")),
        (component("pkg:apk/alpine/libssl1.1@1.1.1d-r2", source_name="openssl"), ("openssl", "1.1.1d-r2")),
        (component("pkg:deb/debian/libc-bin@1?upstream=glibc%402.36-9"), ("glibc", "2.36-9")),
        (component("pkg:deb/debian/libbz2@1.0.6-7%2Bb3?upstream=bzip2%401.0.6-7"), ("bzip2", "1.0.6-7")),
        (component("pkg:deb/debian/libpcre3@1?source=pcre3&sourceversion=2:8.39-12"), ("pcre3", "2:8.39-12")),
        (component("pkg:deb/debian/libpcre3@1?upstream=pcre3%402:8.39-12", source_name="pcre3"), ("pcre3", "2:8.39-12")),
        (component("pkg:deb/debian/gcc@4:12.2", source_name="gcc-defaults", source_version="1.203"), ("gcc-defaults", "1.203")),
        (component("pkg:deb/debian/libcrypt1@4.4.27-1?epoch=1"), ("libcrypt1", "1:4.4.27-1")),
        (component("pkg:deb/debian/libcrypt1@1:4.4.27-1?epoch=1"), ("libcrypt1", "1:4.4.27-1")),
        (component("pkg:deb/debian/curl@7.88.1-10%2Bb1"), ("curl", "7.88.1-10+b1")),
        (component("pkg:deb/debian/libstdc%2B%2B6@12.2.0-14"), ("libstdc++6", "12.2.0-14")),
    ],
)
def test_a_package_of_a_distribution_is_asked_for_by_its_source(made: Component, expected: tuple[str, str]) -> None:
    source, binary = identify(made, (ALPINE, DEBIAN)).lookups
    assert (source.name, source.raw_version) == expected
    assert source.name_kind is NameKind.SOURCE
    assert binary.name_kind is NameKind.BINARY
    assert (made.purl or "").replace("%2B", "+").partition("@")[0].endswith(f"/{binary.name}")


def test_a_binary_has_a_name_and_version_of_its_own() -> None:
    made = component("pkg:deb/debian/gcc@4:12.2?arch=amd64", source_name="gcc-defaults", source_version="1.203")
    source, binary = identify(made, (DEBIAN,)).lookups
    assert (source.name, source.raw_version, binary.name, binary.raw_version) == ("gcc-defaults", "1.203", "gcc", "4:12.2")


def test_binaries_of_one_source_ask_for_it_once() -> None:
    found = [identify(component(f"pkg:apk/alpine/{name}@1.1.1d-r2?upstream=openssl"), (ALPINE,)) for name in ("libssl1.1", "libcrypto1.1")]
    assert len({one.lookups[0].question for one in found}) == 1
    assert len({lookup.coordinate_id for one in found for lookup in one.lookups}) == 2


def test_coordinate_ids_never_change() -> None:
    """Archives keep them: they are part of a file format."""
    (lookup,) = identify(component("pkg:pypi/jinja2@2.11.1")).lookups
    assert lookup.coordinate_id == sha256(b'[["pypi","jinja2","self","pypi","2.11.1"]]').digest()[:16]


def test_what_was_assumed_is_part_of_the_question() -> None:
    plain = component("pkg:rpm/rhel/bash@4.4.20-4.el8?distro=rhel-8")
    known, unknown = identify(plain, producer="trivy 0.59.1"), identify(plain, producer="cdxgen 10.2.0")
    assert [lookup.assumes for lookup in known.lookups] == [(), ()]
    assert [(lookup.assumes, lookup.key) for lookup in unknown.lookups] == [(("epoch_assumed",), None)] * 2
    assert known.lookups[0].coordinate_id != unknown.lookups[0].coordinate_id
    derived = identify(component("pkg:rpm/centos/bash@4.4.20-4.el8?distro=centos-8"), producer="syft 1.14.0")
    assert {lookup.assumes for lookup in derived.lookups} == {("derivative_of",)}
    made = identify(component("pkg:pypi/jinja2@2.11.1", purl_from="made"))
    assert [lookup.assumes for lookup in made.lookups] == [("made_purl",)]


def test_channels_come_from_the_statement_and_from_the_version() -> None:
    stated = identify(component("pkg:rpm/rhel/bash@4.4.20-4.el9"), option=DistroStatement("rhel", "9.4+eus"), producer="syft 1")
    assert all("eus:9.4" in lookup.channels for lookup in stated.lookups)
    marked = identify(component("pkg:deb/ubuntu/bash@4.3-14ubuntu1.4%2Besm1?distro=ubuntu-16.04"))
    assert all("pro" in lookup.channels for lookup in marked.lookups)
