import doctest
import re
from pathlib import Path

import pytest
import zstandard

from sbomgen import cpes
from sbomgen.cpes import cpes_of
from sbomgen.documents._values import is_cpe
from sbomgen.model import Package, SourcePackage

_PRODUCT = re.compile(rb'cpe:2\.3:a:([^:"\s]+:[^:"\s]+):')
NOT_IN_THESE_RECORDS = {"bzip:bzip2", "gnu:bash", "gnu:coreutils", "gnu:ncurses", "gnupg:libgcrypt", "libssh2:libssh2", "openldap:openldap"}
"""Those at hand are of recent years; NVD's older ones name them (CVE-2019-12900, CVE-2014-6271, CVE-2017-18018, …)."""


def products() -> set[str]:
    families = (product for _, product in cpes._SOURCE_FAMILIES)
    return {product for found in (*cpes._BY_SOURCE.values(), *cpes._BY_NAME.values(), *families) for product in found.split()}


def package(purl_type: str, name: str, version: str, source: SourcePackage | None = None) -> Package:
    return Package(type=purl_type, name=name, raw_version=version, source=source)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (package("deb", "libssl3", "3.0.11-1~deb12u2", SourcePackage("openssl", "3.0.11-1~deb12u2")), "openssl:openssl:3.0.11:*"),
        (package("deb", "zlib1g", "1:1.2.13.dfsg-1+b1", SourcePackage("zlib", "1:1.2.13.dfsg-1")), "zlib:zlib:1.2.13:*"),
        (package("deb", "openssh-client", "1:9.2p1-2+deb12u2", SourcePackage("openssh", "1:9.2p1-2+deb12u2")), "openbsd:openssh:9.2:p1"),
        (package("apk", "openssh-keygen", "9.7_p1-r4", SourcePackage("openssh")), "openbsd:openssh:9.7:p1"),
        (package("apk", "musl-utils", "1.2.5-r0", SourcePackage("musl")), "musl-libc:musl:1.2.5:*"),
        (package("rpm", "openssl-libs", "1:1.1.1k-5.el8_5", SourcePackage("openssl", "1.1.1k-5.el8_5")), "openssl:openssl:1.1.1k:*"),
        (package("deb", "libpython3.11", "3.11.2-6", SourcePackage("python3.11", "3.11.2-6")), "python:python:3.11.2:*"),
        (package("golang", "stdlib", "1.21.3"), "golang:go:1.21.3:*"),
        (package("generic", "openjdk", "21.0.4+7-LTS"), "oracle:openjdk:21.0.4:*"),
        (package("generic", "openjdk", "1.8.0_402-b06"), "oracle:openjdk:8:update402"),
        (package("maven", "org.apache.logging.log4j:log4j-core", "2.14.1"), "apache:log4j:2.14.1:*"),
        (package("deb", "libssl3", "3.1.0~rc1-1", SourcePackage("openssl", "3.1.0~rc1-1")), None),
        (package("deb", "python3-openssl", "23.0-1", SourcePackage("pyopenssl", "23.0-1")), None),
        (package("pypi", "openssl", "1.0"), None),
        (package("golang", "stdlib", ""), None),
    ],
)
def test_a_known_package_has_its_products_name_and_no_other_has_one(found: Package, expected: str | None) -> None:
    assert cpes_of(found)[:1] == ((f"cpe:2.3:a:{expected}:*:*:*:*:*:*",) if expected else ())


def test_every_name_has_the_form_of_one() -> None:
    sources = (package("deb", source, "1.2.3-1") for source in cpes._BY_SOURCE)
    others = (package(purl_type, name, "1.2.3") for purl_type, name in cpes._BY_NAME)
    for found in (*sources, *others):
        assert cpes_of(found)
        assert all(map(is_cpe, cpes_of(found)))


def test_real_records_name_the_products_of_the_table(shared_data: Path) -> None:
    """CVE records as NVD's data team and Anchore complete them; a vendor with a typing error is in none."""
    seen: set[str] = set()
    for archive in ("anchore+cve-data-enrichment", "anchore+nvd-data-overrides"):
        path = shared_data / "feeds" / "native" / "nvd" / f"{archive}.tar.zst"
        with path.open("rb") as packed, zstandard.ZstdDecompressor().stream_reader(packed) as plain:
            seen.update(product.decode() for product in _PRODUCT.findall(plain.read()))
    assert products() - seen == NOT_IN_THESE_RECORDS


def test_examples_in_docstrings_are_true() -> None:
    assert doctest.testmod(cpes).failed == 0
