"""Notices of rpm repositories."""

import gzip
from pathlib import Path

import pytest

from sbommatch.advisory import ANY_MODULE, Advisory, NameKind
from sbommatch.formats import FeedContext, _xml
from sbommatch.formats._format import Read
from sbommatch.formats.updateinfo import UpdateinfoFormat
from sbommatch.problem import Problem, ProblemCode

FIXTURES = "feeds/native/fixtures"
FETCHED = f"{FIXTURES}/MaineK00n+vuls-data-update/pkg/fetch"


def read(document: bytes) -> list[Read]:
    return list(UpdateinfoFormat().read(document, "updateinfo.xml", FeedContext("amazon-updateinfo")))


def read_file(path: Path) -> dict[str, Advisory]:
    found = read(gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes())
    return {one.id: one for one in found if isinstance(one, Advisory)}


def notice(identifier: str, packages: str, kind: str = "security", cve: str = "CVE-2024-1000", module: str = "") -> bytes:
    reference = f'<reference type="cve" id="{cve}" href="https://example.org/{cve}"/>' if cve else ""
    return (
        f'<updates><update type="{kind}"><id>{identifier}</id><title>Important: a:1 update</title><issued date="2024-01-02 03:04:05"/>'
        f"<severity>Important</severity><references>{reference}</references>"
        f"<pkglist><collection>{module}{packages}</collection></pkglist></update></updates>"
    ).encode()


def package(release: str, arch: str = "x86_64", name: str = "a") -> str:
    return f'<package name="{name}" epoch="1" version="2.0" release="{release}" arch="{arch}"/>'


def test_amazon_linux_is_read(shared_data: Path) -> None:
    folder = shared_data / FIXTURES / "aquasecurity+vuln-list-update/amazon/testdata/fixtures"
    for name, namespace, rows in (("AL2023", "amzn:2023", 21), ("AL2022", "amzn:2022", 12), ("1_item", "amzn:2", 13)):
        [found] = read_file(folder / f"updateinfo_{name}.xml.gz").values()
        assert ({row.namespace for row in found.affected}, len(found.affected)) == ({namespace}, rows)
        assert found.cves
        assert {row.name_kind for row in found.affected} == {NameKind.BINARY}


def test_almalinux_and_rocky_are_read(shared_data: Path) -> None:
    [path] = (shared_data / FETCHED / "alma/updateinfo/testdata/fixtures/happy/almalinux/9/AppStream").rglob("*updateinfo.xml.gz")
    [row] = read_file(path)["ALSA-2023:7549"].affected
    assert (row.namespace, row.name, row.ranges[0].raw, row.arch) == ("almalinux:9", "nodejs", "<1:18.18.2-1.el9", "x86_64")
    found = read_file(shared_data / FIXTURES / "aquasecurity+vuln-list-update/rocky/testdata/fixtures/happy/updateinfo.xml")
    assert {row.module for one in found.values() for row in one.affected} == {None, "ruby:2.6"}


def test_a_notice_says_all_there_is_to_an_advisory() -> None:
    document = notice("RLSA-2024:1", package("1.el9") + package("1.el9", "aarch64") + package("1.el9", "src"))
    [found] = read(document)
    assert isinstance(found, Advisory)
    assert (found.cves, found.published, found.references) == (("CVE-2024-1000",), "2024-01-02", ("https://example.org/CVE-2024-1000",))
    assert [severity.value for severity in found.severities] == ["Important"]
    assert [(row.namespace, row.arch, row.ranges[0].raw) for row in found.affected] == [("rocky:9", "aarch64|x86_64", "<1:2.0-1.el9")]


@pytest.mark.parametrize(
    ("identifier", "release", "namespace", "channel"),
    [
        ("ALAS2-2021-1699", "1.amzn2", "amzn:2", None),
        ("ALAS-2018-1093", "1.amzn1", "amzn:1", None),
        ("ALAS2023-2023-1", "1.amzn2023.0.1", "amzn:2023", None),
        ("ALASKERNEL-5.10-2022-001", "1.amzn2", "amzn:2", "kernel-5.10"),
        ("ALAS2LIVEPATCH-2022-001", "1.amzn2", "amzn:2", "livepatch"),
        ("FEDORA-2024-0a1b2c", "1.fc40", "fedora:40", None),
        ("ELSA-2024-1", "1.el8_9", "ol:8", None),
    ],
)
def test_number_and_release_tell_the_distribution(identifier: str, release: str, namespace: str, channel: str | None) -> None:
    [found] = read(notice(identifier, package(release, "noarch")))
    assert isinstance(found, Advisory)
    assert [(row.namespace, row.channel, row.arch) for row in found.affected] == [(namespace, channel, None)]


def test_modules_are_stated_or_told_by_the_summary() -> None:
    [stated] = read(notice("RLSA-2024:1", package("1.module+el8+1"), module='<module name="ruby" stream="2.6"/>'))
    [told] = read(notice("ALSA-2024:1", package("1.module_el8+1")))
    [unknown] = read(notice("ALSA-2024:1", package("1.module_el8+1")).replace(b"a:1 update", b"update"))
    modules = [[row.module for row in one.affected] for one in (stated, told, unknown) if isinstance(one, Advisory)]
    assert modules == [["ruby:2.6"], ["a:1"], [ANY_MODULE]]


@pytest.mark.parametrize(
    ("document", "code", "loss"),
    [
        (notice("RLBA-2024:1", package("1.el9"), kind="bugfix", cve=""), ProblemCode.NO_VULNERABILITY, False),
        (notice("XYZ-1", package("1.el9")), ProblemCode.UNKNOWN_ECOSYSTEM, False),
        (notice("", package("1.el9")), ProblemCode.BAD_RECORD, True),
        (b"", ProblemCode.BAD_RECORD, True),
        (b"<html/>", ProblemCode.BAD_RECORD, True),
        (b"<updates><update>", ProblemCode.BAD_RECORD, True),
    ],
)
def test_what_is_no_notice_of_security_has_its_reason(document: bytes, code: ProblemCode, loss: bool) -> None:
    [problem] = read(document)
    assert isinstance(problem, Problem)
    assert (problem.code, problem.loss) == (code, loss)


def test_the_index_of_a_repository_is_nothing() -> None:
    assert read(b'<?xml version="1.0"?><repomd xmlns="x"></repomd>') == []


def test_elements_come_one_by_one_and_none_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_xml, "CHUNK_BYTES", 7)
    document = b"<a><b n='1'><c>x</c></b><b n='2'/><d><b n='3'/></d></a>"
    assert [(one.attributes["n"], one.text_of("c")) for one in _xml.each(document, "b")] == [("1", "x"), ("2", ""), ("3", "")]
    assert [child.name for child in _xml.parse(document).children] == ["b", "b", "d"]
