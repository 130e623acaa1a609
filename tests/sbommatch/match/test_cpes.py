"""CPEs, and components that are asked for by them."""

import pytest

from sbommatch.match.coordinates import identify
from sbommatch.match.cpes import CPE_RULE, CPES_LIMIT, Cpe, parse_cpe, with_cpes
from sbommatch.match.model import NotChecked
from sbommatch.sbom.component import Component, DistroStatement
from tests.sbommatch.match.made import component

OPENSSL = "cpe:2.3:a:openssl:openssl:1.0.2:k:*:*:*:*:*:*"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (OPENSSL, Cpe("a", "openssl", "openssl", "1.0.2-k")),
        ("cpe:2.3:a:JQuery:jquery:1.7.4:*:*:*:*:node.js:*:*", Cpe("a", "jquery", "jquery", "1.7.4", "node.js")),
        (r"cpe:2.3:a:foo\:bar:c\+\+:*:*:*:*:*:*:*:*", Cpe("a", "foo:bar", "c++")),
        (r"cpe:2.3:o:linux:linux_kernel:5.10\-rc1:-:*:*:*:*:*:*", Cpe("o", "linux", "linux_kernel", "5.10-rc1")),
        ("cpe:/a:openssl:openssl:1.0.2k", Cpe("a", "openssl", "openssl", "1.0.2k")),
        ("cpe:/a:f%2fo:openssl", Cpe("a", "f/o", "openssl")),
        ("cpe:2.3:a:openssl", None),
        ("cpe:2.3:a:*:openssl:1.0:*:*:*:*:*:*:*", None),
        ("cpe:2.3:a:openssl:-:1.0:*:*:*:*:*:*:*", None),
        ("pkg:generic/openssl", None),
        ("", None),
    ],
)
def test_both_written_forms_are_read(text: str, expected: Cpe | None) -> None:
    assert parse_cpe(text) == expected


@pytest.mark.parametrize("made", [component(None, cpes=(OPENSSL,)), component("pkg:generic/openssl@1.0.2k", cpes=(OPENSSL,))])
def test_a_component_of_no_ecosystem_is_asked_for_by_its_cpe(made: Component) -> None:
    identity = with_cpes(identify(made))
    assert identity
    assert identity.reason is None
    (lookup,) = identity.lookups
    assert (lookup.namespace, lookup.name, lookup.raw_version, lookup.assumes) == ("cpe", "a:openssl:openssl", "1.0.2-k", (CPE_RULE,))


@pytest.mark.parametrize(
    "made",
    [
        component("pkg:deb/debian/openssl@1.0.2k?distro=debian-12", cpes=(OPENSSL,)),
        component("pkg:deb/debian/openssl@1.0.2k", cpes=(OPENSSL,)),
        component("pkg:pypi/openssl", cpes=(OPENSSL,)),
        component(None, cpes=("cpe:2.3:a:openssl:openssl:*:*:*:*:*:*:*:*",)),
        component(None),
    ],
)
def test_packages_of_distributions_and_what_has_no_version_are_not(made: Component) -> None:
    assert with_cpes(identify(made, (DistroStatement("debian", "12"),))) is None


def test_the_components_version_counts_before_the_cpes() -> None:
    identity = with_cpes(identify(component(None, version="1.0.2u", cpes=(OPENSSL, OPENSSL))))
    assert identity
    assert [lookup.raw_version for lookup in identity.lookups] == ["1.0.2u"]


def test_a_version_that_is_none_is_said() -> None:
    identity = with_cpes(identify(component(None, version="not a version", cpes=(OPENSSL,))))
    assert identity
    assert identity.reason is NotChecked.INVALID_VERSION


def test_cpes_are_bounded() -> None:
    cpes = tuple(f"cpe:2.3:a:v:p{number}:1:*:*:*:*:*:*:*" for number in range(CPES_LIMIT + 1))
    identity = with_cpes(identify(component(None, cpes=cpes)))
    assert identity
    assert len(identity.lookups) == CPES_LIMIT
