"""SUSE's notices as CVRF."""

from pathlib import Path

import pytest

from sbommatch.advisory import Advisory
from sbommatch.formats._format import FeedContext, Read
from sbommatch.formats.suse_cvrf import SuseCvrfFormat
from sbommatch.problem import Problem

FOLDER = "feeds/native/fixtures/aquasecurity+vuln-list-update/suse/cvrf/testdata/cvrf"
BROKEN = "cvrf-opensuse-su-2016-0874-1.xml"
"""Cut short at its origin."""


def read(document: bytes) -> list[Read]:
    return list(SuseCvrfFormat().read(document, "x.xml", FeedContext("suse-cvrf")))


def one(path: Path) -> Advisory:
    [found] = [part for part in read(path.read_bytes()) if isinstance(part, Advisory)]
    return found


def test_real_notices_are_read(shared_data: Path) -> None:
    paths = sorted((shared_data / FOLDER).glob("*.xml"))
    assert len(paths) == 11
    for path in paths:
        losses = [part for part in read(path.read_bytes()) if isinstance(part, Problem) and part.loss]
        assert bool(losses) is (path.name == BROKEN), path


def test_a_notice_says_what_is_fixed_where(shared_data: Path) -> None:
    found = one(shared_data / FOLDER / "cvrf-suse-su-2018-1784-1.xml")
    assert found.id == "SUSE-SU-2018:1784-1"
    assert found.cves
    assert found.affected
    assert all(row.namespace.startswith("sles:") and row.ranges[0].raw.startswith("<") for row in found.affected)


def notice(*products: str, status: str = "Fixed") -> bytes:
    identifiers = "".join(f"<ProductID>{product}</ProductID>" for product in products)
    return (
        '<cvrfdoc xmlns="http://www.icasi.org/CVRF/schema/cvrf/1.1"><DocumentTitle>Security update for a</DocumentTitle>'
        "<DocumentTracking><Identification><ID>SUSE-SU-2020:1-1</ID></Identification></DocumentTracking>"
        f'<Vulnerability><CVE>CVE-2020-1000</CVE><ProductStatuses><Status Type="{status}">{identifiers}</Status></ProductStatuses>'
        '<Threats><Threat Type="Impact"><Description>important</Description></Threat></Threats></Vulnerability></cvrfdoc>'
    ).encode()


@pytest.mark.parametrize(
    ("product", "expected"),
    [
        ("SUSE Linux Enterprise Server 15 SP1:kernel-default-4.12.14-197.26.1", ("sles:15.1", "kernel-default", "<4.12.14-197.26.1", None)),
        ("SUSE Linux Enterprise Server 12 SP3-LTSS:a-b-1.0-2.1", ("sles:12.3", "a-b", "<1.0-2.1", "ltss:12.3")),
        ("openSUSE Leap 15.1:a-1.0-lp151.2.1", ("opensuse-leap:15.1", "a", "<1.0-lp151.2.1", None)),
    ],
)
def test_a_product_identifier_is_a_place_and_a_build(product: str, expected: tuple[str, str, str, str | None]) -> None:
    [found] = read(notice(product))
    assert isinstance(found, Advisory)
    assert [(row.namespace, row.name, row.ranges[0].raw, row.channel) for row in found.affected] == [expected]
    assert (found.cves, [severity.value for severity in found.severities]) == (("CVE-2020-1000",), ["important"])


def test_products_without_packages_here_are_notes_and_other_statuses_say_nothing() -> None:
    *problems, found = read(notice("SUSE Manager Server 4.0:a-1-1", "openSUSE Leap 15.1:nonsense"))
    assert isinstance(found, Advisory)
    assert [isinstance(problem, Problem) and problem.loss for problem in problems] == [False, False]
    assert [isinstance(part, Advisory) for part in read(notice("openSUSE Leap 15.1:a-1-1", status="Known Affected"))] == [True]


@pytest.mark.parametrize(
    "document", [b"", b"<html/>", b"<cvrfdoc/>", b"<cvrfdoc>", b'<!DOCTYPE x [<!ENTITY a "b">]><cvrfdoc>&a;</cvrfdoc>']
)
def test_what_is_no_notice_is_a_loss(document: bytes) -> None:
    [problem] = read(document)
    assert isinstance(problem, Problem)
    assert problem.loss
