"""Distributions as SBOMs state them."""

import pytest

from sbommatch.match.distros import namespace_of, parse_distro
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
    ],
)
def test_a_statement_names_a_namespace_or_says_why_not(statement: DistroStatement, purl_type: str, expected: str) -> None:
    assert namespace_of(statement, purl_type) == expected
