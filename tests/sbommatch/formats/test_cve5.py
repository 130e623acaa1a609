"""CVE records of version 5."""

import io
import tarfile
from pathlib import Path
from typing import Any

import msgspec
import pytest
import zstandard

from sbommatch.advisory import Advisory
from sbommatch.formats._format import FeedContext, Read
from sbommatch.formats.cve5 import Cve5Format
from sbommatch.problem import Problem, ProblemCode

SAMPLE = "feeds/native/cve5/cisagov+vulnrichment.sample.tar.zst"
CPE = "cpe:2.3:a:acme:router:*:*:*:*:*:*:*:*"


def read(document: bytes) -> list[Read]:
    return list(Cve5Format().read(document, "x", FeedContext("cve5")))


def record(*products: dict[str, Any], state: str = "PUBLISHED", adp: tuple[dict[str, Any], ...] = (), **cna: Any) -> bytes:
    metadata = {"cveId": "CVE-2024-1000", "state": state, "datePublished": "2024-01-01T00:00:00Z", "dateUpdated": "2024-01-02T00:00:00Z"}
    containers = {"cna": {"affected": products, "providerMetadata": {"shortName": "acme"}} | cna, "adp": adp}
    return msgspec.json.encode({"dataType": "CVE_RECORD", "cveMetadata": metadata, "containers": containers})


def one(document: bytes) -> Advisory:
    [found] = [part for part in read(document) if isinstance(part, Advisory)]
    return found


def ranges(versions: list[dict[str, Any]], default: str = "unaffected") -> list[str]:
    product = {"vendor": "acme", "product": "router", "cpes": [CPE], "defaultStatus": default, "versions": versions}
    return [row.ranges[0].raw for row in one(record(product)).affected]


@pytest.mark.parametrize(
    ("versions", "expected"),
    [
        ([{"version": "1.0", "status": "affected", "lessThan": "1.4"}], ">=1.0,<1.4"),
        ([{"version": "0", "status": "affected", "lessThanOrEqual": "1.4"}], ">=0,<=1.4"),
        ([{"version": "unspecified", "status": "affected", "lessThan": "1.4"}], ">=0,<1.4"),
        ([{"version": "1.0", "status": "affected", "lessThan": "*"}], ">=1.0"),
        ([{"version": "1.0", "status": "affected"}], ">=1.0,<=1.0"),
        ([{"version": "n/a", "status": "affected"}], ">=0"),
        ([{"version": "1.0", "status": "affected", "lessThan": "*", "changes": [{"at": "1.5", "status": "unaffected"}]}], ">=1.0,<1.5"),
        (
            [{"version": "1.0", "status": "affected", "lessThan": "2.0"}, {"version": "3.0", "status": "affected", "lessThan": "3.1"}],
            ">=1.0,<2.0,>=3.0,<3.1",
        ),
    ],
)
def test_windows_of_versions(versions: list[dict[str, Any]], expected: str) -> None:
    assert ranges(versions) == [expected]


@pytest.mark.parametrize(
    ("versions", "expected"),
    [
        ([], [">=0"]),
        ([{"version": "2.0", "status": "unaffected", "lessThan": "*"}], [">=0,<2.0"]),
        (
            [{"version": "2.0", "status": "unaffected", "lessThan": "2.5"}, {"version": "3.0", "status": "unaffected", "lessThan": "*"}],
            [">=0,<2.0,>=2.5,<3.0"],
        ),
        ([{"version": "3.0", "status": "unaffected", "lessThan": "*"}, {"version": "1.2", "status": "unaffected"}], [">=0,<1.2,>1.2,<3.0"]),
        ([{"version": "0", "status": "unaffected", "lessThan": "1.0"}], [">=1.0"]),
        ([{"version": "0", "status": "unaffected", "lessThan": "*"}], []),
    ],
)
def test_all_is_affected_but_what_is_not(versions: list[dict[str, Any]], expected: list[str]) -> None:
    assert ranges(versions, "affected") == expected


def test_commits_and_no_version_make_no_row() -> None:
    assert ranges([{"version": "0a1b2c", "versionType": "git", "status": "affected", "lessThan": "3d4e"}]) == []
    assert ranges([{"version": "-", "status": "affected"}]) == []
    assert ranges([{"version": "1.0", "status": "unknown"}]) == []


def test_a_package_of_a_registry_is_one_of_its_ecosystem() -> None:
    product = {"collectionURL": "https://registry.npmjs.org", "packageName": "@acme/left", "cpes": [CPE]}
    versions = [{"version": "1.0.0", "status": "affected", "lessThan": "1.4.0", "versionType": "semver"}]
    found = one(record(product | {"versions": versions}))
    assert [(row.namespace, row.name, row.scheme, row.ranges[0].raw) for row in found.affected] == [
        ("npm", "@acme/left", "npm", ">=1.0.0,<1.4.0")
    ]


def test_a_vendors_words_alone_are_a_note() -> None:
    found = read(record({"vendor": "acme", "product": "router", "versions": [{"version": "1", "status": "affected"}]}))
    assert [(part.code, part.loss) for part in found if isinstance(part, Problem)] == [(ProblemCode.UNKNOWN_ECOSYSTEM, False)]


def test_the_records_own_container_speaks_first() -> None:
    own = {"cpes": [CPE], "versions": [{"version": "1", "status": "affected"}]}
    added = {
        "affected": [{"cpes": [CPE], "versions": [{"version": "2", "status": "affected"}]}],
        "metrics": [{"cvssV3_1": {"vectorString": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}}],
        "providerMetadata": {"shortName": "CISA-ADP"},
    }
    found = one(record(own, adp=(added,), title="A flaw"))
    assert [row.ranges[0].raw for row in found.affected] == [">=1,<=1"]
    assert [(severity.system, severity.source) for severity in found.severities] == [("CVSS_V3", "CISA-ADP")]
    assert found.summary == "A flaw"
    assert [row.ranges[0].raw for row in one(record(adp=(added,))).affected] == [">=2,<=2"]


def test_rejected_is_withdrawn() -> None:
    assert one(record(state="REJECTED")).withdrawn == "2024-01-02T00:00:00Z"
    assert one(record()).withdrawn is None


def test_real_records_are_read_without_a_loss(shared_data: Path) -> None:
    packed = zstandard.ZstdDecompressor().stream_reader((shared_data / SAMPLE).read_bytes()).read()
    found: list[Read] = []
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        for member in archive:
            content = archive.extractfile(member) if member.isfile() else None
            found += read(content.read()) if content else ()
    assert not [part for part in found if isinstance(part, Problem) and part.loss]
    advisories = [part for part in found if isinstance(part, Advisory)]
    assert (len(advisories), sum(one.withdrawn is not None for one in advisories)) == (2500, 8)


@pytest.mark.parametrize("document", [b"", b"{}", b"[]", b'{"cveMetadata": {}}', b"[" * 1_000_000])
def test_what_is_no_record_is_a_loss(document: bytes) -> None:
    [problem] = read(document)
    assert isinstance(problem, Problem)
    assert problem.loss
