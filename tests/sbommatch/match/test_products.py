"""Which packages a statement's product is, or holds."""

from typing import Any

import pytest

from sbommatch.advisory import NameKind
from sbommatch.match.model import ComponentResult
from sbommatch.match.products import Products, has_version, is_same
from sbommatch.purl import parse_purl
from sbommatch.sbom.component import Subject
from sbommatch.statement import Product, Software
from tests.sbommatch.match.made import component, document, lookup, result

DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("stated", "own", "same"),
    [
        ("pkg:npm/a", "pkg:npm/a@1", True),
        ("pkg:npm/a@1", "pkg:npm/a@1?x=y", True),
        ("pkg:npm/a@2", "pkg:npm/a@1", False),
        ("pkg:npm/a@1", "pkg:npm/a", False),
        ("pkg:npm/a?x=y", "pkg:npm/a@1", False),
        ("pkg:npm/%40s/a", "pkg:npm/@s/a@1", True),
        ("pkg:npm/a", "pkg:npm/%40s/a@1", False),
        ("pkg:pypi/Zope.Interface@1.0", "pkg:pypi/zope-interface@1.0.0", True),
        ("pkg:golang/golang.org/x/crypto@0.1.0", "pkg:golang/golang.org/x/crypto@v0.1.0", True),
        ("pkg:golang/github.com/a/b", "pkg:golang/github.com/a/b@v1#cmd/x", True),
        ("pkg:golang/github.com/a/b#cmd/y", "pkg:golang/github.com/a/b@v1#cmd/x", False),
        ("pkg:rpm/redhat/curl@7-1.el9?epoch=0", "pkg:rpm/rhel/curl@7-1.el9?arch=x86_64", True),
        ("pkg:rpm/redhat/curl@7-1.el9?epoch=1", "pkg:rpm/rhel/curl@7-1.el9?epoch=2", False),
        ("pkg:rpm/redhat/curl@7-1.el9", "pkg:rpm/rhel/curl@7-1.el9?epoch=2", True),
        ("pkg:deb/debian/a@1.0", "pkg:deb/debian/a@0:1.0", True),
        ("pkg:cargo/a", "pkg:npm/a", False),
    ],
)  # fmt: skip
def test_a_purl_means_a_package_by_what_it_states(stated: str, own: str, same: bool) -> None:
    assert is_same(parse_purl(stated), parse_purl(own)) is same


@pytest.mark.parametrize(
    ("versions", "version", "has"),
    [
        (("1.0",), "1.0", True),
        (("1.0",), "1.0.0", True),
        (("vers:pypi/>=1|<2",), "1.5", True),
        (("vers:pypi/>=1|<2", "3"), "3", True),
        (("vers:pypi/>=1|<2",), "2", False),
        (("vers:unheard/>=1",), "2", False),
        (("vers:pypi/>=x y",), "2", False),
        (("< 9",), "2", False),
        (("1.0",), None, False),
    ],
)
def test_versions_and_ranges_are_never_guessed(versions: tuple[str, ...], version: str | None, has: bool) -> None:
    assert has_version(versions, version, "pypi") is has


def products(*results: ComponentResult, **fields: Any) -> Products:
    subject = fields.pop("subject", Subject(name="ghcr.io/acme/app:1.0", manifest_digest=DIGEST, platform="linux/amd64"))
    return Products(document(*(one.component for one in results), subject=subject, subject_ref="main", **fields), results)


def software(purl: str, **fields: Any) -> Software:
    return Software((parse_purl(purl),), **fields)


CRYPTO = result(component("pkg:golang/golang.org/x/crypto@v0.1.0", ref="crypto", version="v0.1.0"))
LIBSSL = result(
    component("pkg:rpm/redhat/openssl-libs@3-1.el9?arch=x86_64", ref="ssl", cpes=("cpe:2.3:a:openssl:openssl:3:*",), version="3-1.el9"),
    lookups=(lookup("openssl", "rhel:9", "1:3-1.el9", channels=("eus:9.2",)),
             lookup("openssl-libs", "rhel:9", "3-1.el9", name_kind=NameKind.BINARY)),
)  # fmt: skip


@pytest.mark.parametrize(
    ("stated", "meant"),
    [
        ("pkg:rpm/redhat/openssl?arch=src", True),
        ("pkg:rpm/redhat/openssl@3-1.el9?arch=src&epoch=1", True),
        ("pkg:rpm/redhat/openssl@3-2.el9?arch=src&epoch=1", False),
        ("pkg:rpm/redhat/openssl", False),
        ("pkg:rpm/redhat/openssl-libs?arch=src", False),
        ("pkg:rpm/suse/openssl?arch=src", False),
    ],
)
def test_a_source_package_means_what_is_built_from_it(stated: str, meant: bool) -> None:
    assert products(LIBSSL).is_package(software(stated), LIBSSL) is meant


@pytest.mark.parametrize(
    ("stated", "meant"),
    [
        (f"pkg:oci/whatever@{DIGEST.replace(':', '%3A')}", True),
        (f"pkg:oci/app@{DIGEST}?arch=arm64", False),
        (f"pkg:oci/app@{DIGEST}?arch=amd64", True),
        ("pkg:oci/app@sha256%3Abb", False),
        ("pkg:oci/app?repository_url=ghcr.io%2Facme%2Fapp&tag=1.0", True),
        ("pkg:oci/app?tag=1.1", False),
        ("pkg:generic/app", False),
    ],
)
def test_an_image_is_known_by_digest_else_by_name(stated: str, meant: bool) -> None:
    assert products(CRYPTO).means(Product(software(stated)), CRYPTO) is meant


@pytest.mark.parametrize(
    ("software", "meant"),
    [
        (Software(id="ghcr.io/acme/app:1.0"), True),
        (Software(id="ghcr.io/acme/app:2.0"), False),
        (Software(id=f"ghcr.io/other@{DIGEST}"), True),
        (Software(id="https://acme.example/app"), False),
        (Software(name="ghcr.io/acme/app:1.0"), True),
        (Software(name="ghcr.io/acme/app:1.0", version="9"), False),
        (Software(id="urn:cdx:AB/1#crypto"), True),
        (Software(id="urn:cdx:ab/1#main"), True),
        (Software(id="urn:cdx:ab/1"), True),
        (Software(id="urn:cdx:ab/2#crypto"), False),
        (Software(id="urn:cdx:ab/1#other"), False),
        (Software(), False),
    ],
)
def test_other_names_are_exact(software: Software, meant: bool) -> None:
    assert products(CRYPTO, bom_link="urn:cdx:ab/1").means(Product(software), CRYPTO) is meant


def test_a_release_holds_its_packages_and_a_channel_those_that_get_it() -> None:
    part = software("pkg:rpm/redhat/openssl?arch=src")
    meant = {
        where: products(LIBSSL).means(Product(Software(releases=(where,)), (part,)), LIBSSL)
        for where in (("rhel:9", None), ("rhel:9", "eus:9.2"), ("rhel:9", "eus:9.4"), ("rhel:8", None))
    }
    assert list(meant.values()) == [True, True, False, False]


@pytest.mark.parametrize(
    ("cpe", "meant"), [("cpe:2.3:a:openssl:openssl:*:*", True), ("cpe:2.3:a:openssl:openssl:1:*", False), ("x", False)]
)
def test_a_cpe_means_its_product_and_version(cpe: str, meant: bool) -> None:
    assert products(LIBSSL).is_package(Software(cpes=(cpe,)), LIBSSL) is meant


def test_a_product_with_parts_means_these_only() -> None:
    app = software("pkg:oci/app")
    assert products(CRYPTO).means(Product(app, (software("pkg:golang/golang.org/x/crypto"),)), CRYPTO)
    assert not products(CRYPTO).means(Product(app, (software("pkg:golang/golang.org/x/net"),)), CRYPTO)
    assert not products(CRYPTO).means(Product(software("pkg:oci/other"), (software("pkg:golang/golang.org/x/crypto"),)), CRYPTO)
    assert not products(CRYPTO).means(Product(app, (Software(),)), CRYPTO)


TOOL = result(component("pkg:golang/acme.example/tool@v1.0.0", ref="tool", version="v1.0.0"))
OTHER = result(component("pkg:golang/acme.example/other@v1.0.0", ref="other", version="v1.0.0"))


@pytest.mark.parametrize(
    ("dependencies", "meant"),
    [
        ({"tool": ["crypto"]}, True),
        ({"main": ["tool", "crypto"], "tool": ["crypto"]}, True),
        ({"tool": ["net"], "net": ["crypto"]}, True),
        ({"tool": ["net", "crypto"], "net": ["crypto"]}, True),
        ({"tool": ["crypto"], "other": ["crypto"]}, False),
        ({"tool": ["net"], "other": ["net"], "net": ["crypto"]}, False),
        ({"net": ["crypto"], "crypto": ["net"]}, False),
        ({"main": ["tool", "crypto"]}, False),
        ({}, False),
    ],
)
def test_a_part_is_in_a_product_that_all_depends_on_it_through(dependencies: dict[str, list[str]], meant: bool) -> None:
    listed = tuple((ref, tuple(named)) for ref, named in dependencies.items())
    made = products(CRYPTO, TOOL, OTHER, dependencies=listed)
    tool = software("pkg:golang/acme.example/tool")
    assert made.means(Product(tool, (software("pkg:golang/golang.org/x/crypto"),)), CRYPTO) is meant
    assert made.means(Product(tool), CRYPTO) is meant
    assert made.means(Product(tool), TOOL)
    assert not made.means(Product(tool), OTHER)
