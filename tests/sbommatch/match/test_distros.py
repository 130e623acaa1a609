"""Distributions as SBOMs state them."""

import pytest

from sbommatch.ecosystems import DISTRIBUTION_BY_ID
from sbommatch.match.distros import DERIVATIVES, Place, ids_meant, namespace_of, parse_distro, place_of
from sbommatch.match.model import NotChecked
from sbommatch.sbom.component import DistroStatement


@pytest.mark.parametrize(
    ("text", "vendor", "expected"),
    [
        ("alpine-3.11.13", None, DistroStatement("alpine", "3.11.13")),
        ("debian-12", "debian", DistroStatement("debian", "12")),
        ("debian:bookworm", None, DistroStatement("debian", "bookworm")),
        ("Ubuntu@22.04", None, DistroStatement("ubuntu", "22.04")),
        ("opensuse-leap-15.5", None, DistroStatement("opensuse-leap", "15.5")),
        ("3.18.0", "alpine", DistroStatement("alpine", "3.18.0")),
        ("bookworm", "debian", DistroStatement("debian", "bookworm")),
        ("focal", None, DistroStatement("ubuntu", "focal")),
        ("debian", "debian", DistroStatement("debian")),
        ("alpine", None, DistroStatement("alpine")),
        ("redhat-9.4", None, DistroStatement("rhel", "9.4")),
        ("Red Hat Enterprise Linux Server", "redhat", DistroStatement("rhel")),
        ("opensuse-tumbleweed-20240101", None, DistroStatement("opensuse-tumbleweed", "20240101")),
        ("opensuse-tumbleweed", None, DistroStatement("opensuse-tumbleweed")),
        ("opensuse.leap-15.5", None, DistroStatement("opensuse-leap", "15.5")),
        ("sles-15-SP5", None, DistroStatement("sles", "15-sp5")),
        ("oracle-8.9", None, DistroStatement("ol", "8.9")),
        ("amazon-2", None, DistroStatement("amzn", "2")),
        ("cbl-mariner-2.0", None, DistroStatement("mariner", "2.0")),
        ("rhel:9.4+eus", None, DistroStatement("rhel", "9.4+eus")),
        ("arch", "arch", DistroStatement("arch")),
        ("kali-2024.1", None, DistroStatement("kali", "2024.1")),
        ("3.18.0", None, None),
        ("", None, None),
    ],
)
def test_producers_spellings_are_read(text: str, vendor: str | None, expected: DistroStatement | None) -> None:
    assert parse_distro(text, vendor) == expected


@pytest.mark.parametrize(
    ("statement", "purl_type", "expected"),
    [
        (DistroStatement("alpine", "3.11.13"), "apk", "alpine:3.11"),
        (DistroStatement("alpine", "v3.18"), "apk", "alpine:3.18"),
        (DistroStatement("alpine", "3.21_alpha20240807"), "apk", "alpine:edge"),
        (DistroStatement("alpine", "edge"), "apk", "alpine:edge"),
        (DistroStatement("debian", "12.5"), "deb", "debian:12"),
        (DistroStatement("debian", "bookworm"), "deb", "debian:12"),
        (DistroStatement("debian", "unstable"), "deb", "debian:sid"),
        (DistroStatement("ubuntu", "22.04.3"), "deb", "ubuntu:22.04"),
        (DistroStatement("ubuntu", "jammy"), "deb", "ubuntu:22.04"),
        (DistroStatement("debian", "testing"), "deb", NotChecked.NO_DISTRO),
        (DistroStatement("debian", "trixie/sid"), "deb", NotChecked.NO_DISTRO),
        (DistroStatement("debian"), "deb", NotChecked.NO_DISTRO),
        (DistroStatement("alpine", "3"), "apk", NotChecked.NO_DISTRO),
        (DistroStatement("raspbian", "12"), "deb", NotChecked.NO_FEED),
        (DistroStatement("wolfi", "20230201"), "apk", "wolfi:rolling"),
        (DistroStatement("postmarketos", "24.06"), "apk", NotChecked.NO_FEED),
        (DistroStatement("debian", "12"), "apk", NotChecked.NO_FEED),
        (DistroStatement("rhel", "9.4"), "rpm", "rhel:9"),
        (DistroStatement("rhel", "9.4+eus"), "rpm", "rhel:9"),
        (DistroStatement("almalinux", "8.10"), "rpm", "almalinux:8"),
        (DistroStatement("rocky", "9.3"), "rpm", "rocky:9"),
        (DistroStatement("ol", "8.9"), "rpm", "ol:8"),
        (DistroStatement("fedora", "44"), "rpm", "fedora:44"),
        (DistroStatement("amzn", "2"), "rpm", "amzn:2"),
        (DistroStatement("amzn", "2023"), "rpm", "amzn:2023"),
        (DistroStatement("amzn", "2018.03"), "rpm", "amzn:1"),
        (DistroStatement("azurelinux", "3.0"), "rpm", "azurelinux:3.0"),
        (DistroStatement("mariner", "2.0"), "rpm", "mariner:2.0"),
        (DistroStatement("photon", "3.0"), "rpm", "photon:3.0"),
        (DistroStatement("sles", "15.5"), "rpm", "sles:15.5"),
        (DistroStatement("sles", "15-sp5"), "rpm", "sles:15.5"),
        (DistroStatement("sles", "12"), "rpm", "sles:12.0"),
        (DistroStatement("opensuse-leap", "15.5"), "rpm", "opensuse-leap:15.5"),
        (DistroStatement("opensuse-tumbleweed"), "rpm", "opensuse-tumbleweed:rolling"),
        (DistroStatement("arch"), "alpm", "arch:rolling"),
        (DistroStatement("chainguard"), "apk", "chainguard:rolling"),
        (DistroStatement("alpaquita", "23"), "apk", "alpaquita:23"),
        (DistroStatement("alpaquita", "stream"), "apk", "alpaquita:stream"),
        (DistroStatement("bellsoft-hardened-containers", "stream"), "apk", "bellsoft-hardened-containers:stream"),
        (DistroStatement("openeuler", "22.03-LTS-SP1"), "rpm", "openeuler:22.03-lts-sp1"),
        (DistroStatement("openeuler", "22.03"), "rpm", NotChecked.NO_DISTRO),
    ],
)
def test_a_statement_names_a_namespace_or_says_why_not(statement: DistroStatement, purl_type: str, expected: str) -> None:
    assert namespace_of(statement, purl_type) == expected


@pytest.mark.parametrize(
    ("statement", "purl_type", "namespace"),
    [
        (DistroStatement("centos", "7.6.1810"), "rpm", "rhel:7"),
        (DistroStatement("centos", "stream-9"), "rpm", "rhel:9"),
        (DistroStatement("scientific", "7.9"), "rpm", "rhel:7"),
        (DistroStatement("sled", "15.5"), "rpm", "sles:15.5"),
        (DistroStatement("linuxmint", "21.3"), "deb", "ubuntu:22.04"),
        (DistroStatement("linuxmint", "6"), "deb", "debian:12"),
        (DistroStatement("pop", "22.04"), "deb", "ubuntu:22.04"),
        (DistroStatement("elementary", "7.1"), "deb", "ubuntu:22.04"),
        (DistroStatement("devuan", "5"), "deb", "debian:12"),
    ],
)
def test_a_derivative_has_its_parents_place_and_that_is_said(statement: DistroStatement, purl_type: str, namespace: str) -> None:
    assert place_of(statement, purl_type) == Place(namespace, is_derived=True)


def test_a_release_of_a_derivative_that_is_not_known_has_no_place() -> None:
    assert place_of(DistroStatement("linuxmint", "99"), "deb") is NotChecked.NO_DISTRO
    assert place_of(DistroStatement("linuxmint"), "deb") is NotChecked.NO_DISTRO


def test_derivatives_are_of_distributions_with_feeds() -> None:
    for name, derivative in DERIVATIVES.items():
        assert name not in DISTRIBUTION_BY_ID
        named = {namespace.partition(":")[0] for namespace in (derivative.releases or {}).values()} | {derivative.parent}
        assert named <= set(DISTRIBUTION_BY_ID)


@pytest.mark.parametrize(
    ("vendor", "ids"), [("redhat", ("rhel",)), ("amazon", ("amzn",)), ("oracle", ("ol",)), ("debian", ("debian",)), ("vmware", ("photon",))]
)
def test_a_vendor_means_its_distributions(vendor: str, ids: tuple[str, ...]) -> None:
    assert ids_meant(vendor) == ids
    assert {"sles", "opensuse-leap"} <= set(ids_meant("suse"))
