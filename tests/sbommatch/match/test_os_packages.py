"""How packages of distributions are asked for."""

import pytest

from sbommatch.advisory import ANY_MODULE, NameKind
from sbommatch.match.os_packages import Asked, asked_as
from sbommatch.purl import parse_purl
from sbommatch.sbom.component import Component
from sbommatch.store.model import EPOCH_ASSUMED, MODULE_ASSUMED
from tests.sbommatch.match.made import component

UUID = "util-linux-2.32.1-42.el8_8.src.rpm"


def asked(made: Component, *, reads_rpmdb: bool = True) -> tuple[Asked, Asked]:
    purl = parse_purl(made.purl or "")
    return asked_as(made, purl, purl.version or "", reads_rpmdb=reads_rpmdb)


@pytest.mark.parametrize(
    ("purl", "source", "binary"),
    [
        (f"pkg:rpm/centos/libuuid@2.32.1-42.el8_8?upstream={UUID}", ("util-linux", "2.32.1-42.el8_8"), ("libuuid", "2.32.1-42.el8_8")),
        (f"pkg:rpm/centos/libuuid@2.32.1-42.el8_8?sourcerpm={UUID}", ("util-linux", "2.32.1-42.el8_8"), ("libuuid", "2.32.1-42.el8_8")),
        ("pkg:rpm/rhel/bash@4.4.20-4.el8", ("bash", "4.4.20-4.el8"), ("bash", "4.4.20-4.el8")),
        # A source has its binary's epoch where they have one version; another version's is unknown.
        ("pkg:rpm/x/b@1-2.el9?epoch=3&upstream=b-1-2.el9.src.rpm", ("b", "3:1-2.el9"), ("b", "3:1-2.el9")),
        ("pkg:rpm/x/b@3:1-2.el9?upstream=b-1-2.el9.src.rpm", ("b", "3:1-2.el9"), ("b", "3:1-2.el9")),
        ("pkg:rpm/x/perl-Errno@1.28-4?upstream=perl-5.26.3-4.src.rpm", ("perl", "5.26.3-4"), ("perl-Errno", "1.28-4")),
        ("pkg:deb/debian/libc6@2.36-9?upstream=glibc%402.36-9", ("glibc", "2.36-9"), ("libc6", "2.36-9")),
    ],
)  # fmt: skip
def test_a_package_is_asked_for_by_its_source_and_by_itself(purl: str, source: tuple[str, str], binary: tuple[str, str]) -> None:
    first, second = asked(component(purl))
    assert (first.name_kind, second.name_kind) == (NameKind.SOURCE, NameKind.BINARY)
    assert ((first.name, first.version), (second.name, second.version)) == (source, binary)


@pytest.mark.parametrize(
    ("purl", "reads_rpmdb", "assumed"),
    [
        ("pkg:rpm/x/bash@4.4-4", True, ((), ())),
        ("pkg:rpm/x/bash@4.4-4", False, ((EPOCH_ASSUMED,), (EPOCH_ASSUMED,))),
        ("pkg:rpm/x/bash@4.4-4?epoch=1", False, ((), ())),
        ("pkg:rpm/x/bash@0:4.4-4", False, ((), ())),
        ("pkg:rpm/x/perl-Errno@1.28-420?upstream=perl-5.26.3-420.src.rpm", True, ((EPOCH_ASSUMED,), ())),
        ("pkg:deb/debian/bash@4.4-4", False, ((), ())),
        ("pkg:rpm/x/nodejs@12.0-1.module_el8.3.0%2B1", True, ((MODULE_ASSUMED,), (MODULE_ASSUMED,))),
        ("pkg:rpm/x/nodejs@12.0-1.module%2Bel9?rpmmod=nodejs:12:8030:229f", True, ((), ())),
    ],
)
def test_what_nobody_states_is_assumed(purl: str, reads_rpmdb: bool, assumed: tuple[tuple[str, ...], ...]) -> None:
    assert tuple(one.assumes for one in asked(component(purl), reads_rpmdb=reads_rpmdb)) == assumed


@pytest.mark.parametrize(
    ("made", "arch", "module"),
    [
        (component("pkg:rpm/x/a@1-1?arch=x86_64"), "x86_64", None),
        (component("pkg:rpm/x/a@1-1?arch=amd64"), "x86_64", None),
        (component("pkg:rpm/x/a@1-1?arch=arm64"), "aarch64", None),
        (component("pkg:rpm/x/a@1-1?arch=noarch"), None, None),
        (component("pkg:rpm/x/a@1-1?rpmmod=nodejs:12:8030020201124152102:229f0a1c"), None, "nodejs:12"),
        (component("pkg:rpm/x/a@1-1?modularitylabel=nodejs:12"), None, "nodejs:12"),
        (component("pkg:rpm/x/a@1-1", module="nodejs:12:8030:229f"), None, "nodejs:12"),
        (component("pkg:rpm/x/a@1-1", module="(none)"), None, None),
        (component("pkg:rpm/x/a@1-1.module%2Bel8.3.0%2B74"), None, ANY_MODULE),
        (component("pkg:deb/debian/a@1-1?arch=amd64"), None, None),
    ],
)
def test_rpms_have_an_architecture_and_a_module(made: Component, arch: str | None, module: str | None) -> None:
    assert {(one.arch, one.module) for one in asked(made)} == {(arch, module)}
