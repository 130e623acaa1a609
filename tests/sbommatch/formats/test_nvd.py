"""NVD's CVEs: severities, and configurations of CPEs."""

import io
import tarfile
from pathlib import Path
from typing import Any

import msgspec
import pytest
import zstandard

from sbommatch.advisory import Advisory
from sbommatch.formats._format import FeedContext, Read
from sbommatch.formats.nvd import NvdFormat
from sbommatch.problem import Problem

OVERRIDES = "feeds/native/nvd/anchore+nvd-data-overrides.tar.zst"
SAMPLES = "feeds/native/fixtures/google+osv.dev/vulnfeeds/test_data/nvdcve-2.0"


def read(document: bytes) -> list[Read]:
    return list(NvdFormat().read(document, "nvd.json", FeedContext("nvd")))


def cve(*matches: dict[str, Any], negate: bool = False, **fields: Any) -> bytes:
    configurations = [{"nodes": [{"operator": "OR", "negate": negate, "cpeMatch": list(matches)}]}]
    return msgspec.json.encode({"cve": {"id": "CVE-2024-1000", "configurations": configurations} | fields})


def match(criteria: str, vulnerable: bool = True, **bounds: str) -> dict[str, Any]:
    return {"vulnerable": vulnerable, "criteria": f"cpe:2.3:{criteria}", **bounds}


def rows(document: bytes) -> list[tuple[str, str, str, str | None]]:
    [found] = read(document)
    assert isinstance(found, Advisory)
    return [(row.name, row.scheme, row.ranges[0].raw, row.module) for row in found.affected]


@pytest.mark.parametrize(
    ("criteria", "bounds", "expected"),
    [
        ("a:google:tensorflow:*:*:*:*:*:*:*:*", {"versionEndExcluding": "2.6.4"}, ("a:google:tensorflow", "generic", ">=0,<2.6.4", None)),
        ("a:x:y:*:*:*:*:*:*:*:*", {"versionStartIncluding": "1", "versionEndIncluding": "2"}, ("a:x:y", "generic", ">=1,<=2", None)),
        ("a:x:y:*:*:*:*:*:*:*:*", {"versionStartExcluding": "1", "versionEndExcluding": "2"}, ("a:x:y", "generic", ">1,<2", None)),
        ("a:x:y:*:*:*:*:*:*:*:*", {}, ("a:x:y", "generic", ">=0", None)),
        ("a:x:y:1.0:*:*:*:*:*:*:*", {}, ("a:x:y", "generic", ">=1.0,<=1.0", None)),
        ("a:x:y:1.0:beta2:*:*:*:*:*:*", {}, ("a:x:y", "generic", ">=1.0-beta2,<=1.0-beta2", None)),
        ("a:x:y:1.0:*:*:*:*:node.js:*:*", {}, ("a:x:y", "npm", ">=1.0,<=1.0", "node.js")),
        ("a:X:foo\\:bar\\+:1.0:-:*:*:*:wordpress:*:*", {}, ("a:x:foo:bar+", "generic", ">=1.0,<=1.0", "wordpress")),
    ],
)
def test_a_match_is_a_row(criteria: str, bounds: dict[str, Any], expected: tuple[str, str, str, str | None]) -> None:
    assert rows(cve(match(criteria, **bounds))) == [expected]


@pytest.mark.parametrize(
    "criteria", ["a:x:y:-:*:*:*:*:*:*:*", "a:null:null:*:*:*:*:*:*:*:*", "a:*:y:1:*:*:*:*:*:*:*", "a:x:y:1", "a:x:y:1:*:*:*:*:*:*:*:*"]
)
def test_what_names_no_product_or_version_is_no_row(criteria: str) -> None:
    assert rows(cve(match(criteria))) == []


def test_platforms_are_no_rows() -> None:
    platform = match("o:linux:linux_kernel:-:*:*:*:*:*:*:*", vulnerable=False)
    assert [name for name, *_ in rows(cve(match("a:x:y:1:*:*:*:*:*:*:*"), platform))] == ["a:x:y"]
    assert rows(cve(match("a:x:y:1:*:*:*:*:*:*:*"), negate=True)) == []


def test_severities_are_those_of_nvd_and_of_others() -> None:
    vector = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
    metrics = {
        "cvssMetricV31": [
            {"source": "nvd@nist.gov", "type": "Primary", "cvssData": {"vectorString": vector}},
            {"source": "cna@acme.example", "type": "Secondary", "cvssData": {"vectorString": vector}},
        ],
        "cvssMetricV2": [{"source": "nvd@nist.gov", "cvssData": {"vectorString": "AV:N/AC:L/Au:N/C:P/I:P/A:P"}}],
    }
    [found] = read(
        cve(metrics=metrics, vulnStatus="Analyzed", descriptions=[{"lang": "es", "value": "no"}, {"lang": "en", "value": "a\n b"}])
    )
    assert isinstance(found, Advisory)
    assert [(one.system, one.source) for one in found.severities] == [
        ("CVSS_V3", "nvd"),
        ("CVSS_V3", "cna@acme.example"),
        ("CVSS_V2", "nvd"),
    ]
    assert (found.summary, found.withdrawn) == ("a b", None)


def test_rejected_is_withdrawn() -> None:
    [found] = read(cve(vulnStatus="Rejected", lastModified="2024-01-02T03:04:05.000"))
    assert isinstance(found, Advisory)
    assert found.withdrawn == "2024-01-02T03:04:05.000"


def test_pages_items_and_records_are_read_alike() -> None:
    item = cve(match("a:x:y:1:*:*:*:*:*:*:*"))
    page = b'{"resultsPerPage": 1, "vulnerabilities": [' + item + b', {"cve": {"id": 1}}]}'
    alone = msgspec.json.encode(msgspec.json.decode(item)["cve"])
    [first, problem], [second], [third] = read(page), read(item), read(alone)
    assert isinstance(problem, Problem)
    assert (problem.where, problem.loss) == ("nvd.json: vulnerabilities[1]", True)
    assert isinstance(first, Advisory)
    assert isinstance(second, Advisory)
    assert isinstance(third, Advisory)
    assert first.affected == second.affected == third.affected


def test_real_records_are_read(shared_data: Path) -> None:
    for path in sorted((shared_data / SAMPLES).glob("*.json")):
        found = read(path.read_bytes())
        assert all(isinstance(one, Advisory) for one in found), path
    [tensorflow] = read((shared_data / SAMPLES / "CVE-2022-29194.json").read_bytes())
    assert isinstance(tensorflow, Advisory)
    assert ("a:google:tensorflow", "<2.6.4") in {(row.name, row.ranges[0].raw.rpartition(",")[2]) for row in tensorflow.affected}


def test_overrides_are_read_whole(shared_data: Path) -> None:
    packed = zstandard.ZstdDecompressor().stream_reader((shared_data / OVERRIDES).read_bytes()).read()
    advisories = rows_read = 0
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        for member in archive:
            content = archive.extractfile(member) if member.isfile() else None
            for found in read(content.read()) if content else ():
                assert isinstance(found, Advisory), (member.name, found)
                advisories += 1
                rows_read += len(found.affected)
    assert (advisories, rows_read) == (32_184, 89_899)


@pytest.mark.parametrize("document", [b"", b"[]", b"{}", b'{"cve": {"id": "x"}}', b'{"vulnerabilities": 1}', b"[" * 1_000_000])
def test_what_is_no_record_is_a_loss(document: bytes) -> None:
    [problem] = read(document)
    assert isinstance(problem, Problem)
    assert problem.loss
