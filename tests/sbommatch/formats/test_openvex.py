"""OpenVEX documents as feeds: Ubuntu's, against what they say, read off by hand; and those of anybody."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from sbommatch.advisory import Advisory, Affected, FixState, NameKind, State
from sbommatch.formats import FORMAT_BY_NAME, FeedContext
from sbommatch.problem import Problem, ProblemCode

UBUNTU = "feeds/native/fixtures/anchore+vunnel/tests/unit/providers/ubuntu/test-fixtures/vex/cve"
GO_VEX = "feeds/native/openvex/openvex+go-vex/pkg/vex/testdata"
JAMMY = "pkg:deb/ubuntu/curl@7.81.0-1ubuntu1.24?arch=source&distro=jammy"


def read(name: str, content: bytes) -> tuple[list[Advisory], list[Problem]]:
    found = list(FORMAT_BY_NAME[name].read(content, "a.json", FeedContext(name)))
    return [one for one in found if isinstance(one, Advisory)], [one for one in found if isinstance(one, Problem)]


def vex(*statements: dict[str, Any], identifier: str = "https://example.com/vex/7", **head: Any) -> bytes:
    whole = {"@context": "https://openvex.dev/ns/v0.2.0", "@id": identifier, "timestamp": "2024-05-01T00:00:00Z", "statements": statements}
    return msgspec.json.encode(whole | head)


def said(status: str, *products: Any, **more: Any) -> dict[str, Any]:
    justification = {"justification": "vulnerable_code_not_present"} if status == "not_affected" else {}
    return {"vulnerability": {"name": "CVE-2024-1000"}, "status": status, "products": products} | justification | more


def product(purl: str, **more: Any) -> dict[str, Any]:
    return {"@id": purl, **more}


def shown(row: Affected) -> tuple[str, str, str, str | None, State, FixState | None]:
    return row.namespace, row.name, row.ranges[0].raw, row.channel, row.state, row.fix_state


def test_a_document_of_ubuntu_says_fixed_affected_and_not_affected(shared_data: Path) -> None:
    [found], problems = read("ubuntu-openvex", (shared_data / UBUNTU / "2023/CVE-2023-38545.json").read_bytes())
    assert not problems
    assert (found.id, found.cves, found.modified) == ("CVE-2023-38545", ("CVE-2023-38545",), "2026-05-20T15:02:47.589121Z")
    assert "https://ubuntu.com/security/notices/USN-6429-1" in found.references
    assert [shown(row) for row in found.affected] == [
        ("ubuntu:22.04", "curl", ">=7.81.0-1ubuntu1.24", None, State.NOT_AFFECTED, None),
        ("ubuntu:24.04", "curl", ">=8.5.0-2ubuntu10.9", None, State.NOT_AFFECTED, None),
        ("ubuntu:16.04", "curl", "*", None, State.AFFECTED, FixState.EOL),
        ("ubuntu:14.04", "curl", "*", "esm-infra", State.NOT_AFFECTED, None),
        ("ubuntu:16.04", "curl", "*", "esm-infra", State.NOT_AFFECTED, None),
        ("ubuntu:18.04", "curl", "*", "esm-infra", State.NOT_AFFECTED, None),
        ("ubuntu:20.04", "curl", "*", "esm-infra", State.NOT_AFFECTED, None),
    ]
    assert {row.name_kind for row in found.affected} == {NameKind.SOURCE}


def test_ubuntu_says_what_it_will_not_fix(shared_data: Path) -> None:
    [found], problems = read("ubuntu-openvex", (shared_data / UBUNTU / "2016/CVE-2016-20013.json").read_bytes())
    assert not problems
    rows = {(row.namespace, row.name, row.channel): row for row in found.affected}
    assert rows["ubuntu:24.04", "glibc", None].fix_state is FixState.WONT_FIX
    assert rows["ubuntu:24.04", "zabbix", None].state is State.NOT_AFFECTED, "it is not in the archive"


def test_a_notice_of_ubuntu_names_the_version_that_fixes() -> None:
    """As in the documents of 2025: the head is under `metadata`, binary packages have no release."""
    notice = {
        "metadata": {"@context": "https://openvex.dev/ns/v0.2.0", "@id": "https://github.com/canonical/x/vex/usn/USN-7372-1"},
        "statements": [
            said(
                "fixed",
                product("pkg:deb/ubuntu/varnish@5.2.1-1ubuntu0.1+esm1?arch=source&distro=esm-apps/bionic"),
                product("pkg:deb/ubuntu/libvarnishapi1@5.2.1-1ubuntu0.1+esm1?arch=amd64"),
                vulnerability={"name": "USN-7372-1", "aliases": ["CVE-2022-45060"]},
            )
        ],
    }
    [found], problems = read("ubuntu-openvex", msgspec.json.encode(notice))
    assert not problems
    assert (found.id, found.cves) == ("USN-7372-1", ("CVE-2022-45060",))
    assert [shown(row) for row in found.affected] == [
        ("ubuntu:18.04", "varnish", "<5.2.1-1ubuntu0.1+esm1", "esm-apps", State.AFFECTED, None)
    ]


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        (said("affected", product(JAMMY), action_statement="The package is vulnerable and needs fixing."), FixState.NOT_FIXED),
        (said("affected", product(JAMMY), action_statement="…, but the Ubuntu Security Team decided to not fix it."), FixState.WONT_FIX),
        (said("affected", product(JAMMY), action_statement="This package is no longer supported."), FixState.EOL),
    ],
)
def test_the_action_of_ubuntu_is_a_fix_state(statement: dict[str, Any], expected: FixState) -> None:
    [found], _ = read("ubuntu-openvex", vex(statement, identifier="https://x/vex/cve/2024/CVE-2024-1000"))
    assert (found.id, found.affected[0].fix_state) == ("CVE-2024-1000", expected)


@pytest.mark.parametrize("name", ["openvex", "ubuntu-openvex"])
def test_what_is_under_investigation_is_counted(name: str) -> None:
    [found], [problem] = read(name, vex(said("under_investigation", product(JAMMY), status_notes="Vulnerability assessment is pending.")))
    assert not found.affected
    assert (problem.code, problem.message, problem.loss) == (
        ProblemCode.UNDER_INVESTIGATION, "1 products are under investigation", False,
    )  # fmt: skip


def test_a_release_of_ubuntu_that_is_not_known_is_said() -> None:
    _, [problem] = read("ubuntu-openvex", vex(said("affected", product("pkg:deb/ubuntu/curl@1?arch=source&distro=zebra"))))
    assert problem.message == "products that have no packages here: 1 of the release 'zebra'"


@pytest.mark.parametrize(
    ("purl", "namespace", "name", "versions", "arch"),
    [
        ("pkg:pypi/Acme.Web@1.2", "pypi", "acme-web", ("1.2",), None),
        ("pkg:npm/%40acme/web", "npm", "@acme/web", (), None),
        ("pkg:rpm/redhat/acme@1-1.el9?distro=rhel-9.4&arch=x86_64&epoch=2", "rhel:9", "acme", ("2:1-1.el9",), "x86_64"),
        ("pkg:deb/debian/acme@1-1?distro=bookworm&arch=all", "debian:12", "acme", ("1-1",), None),
        ("pkg:apk/wolfi/git@2.39.0-r1?arch=x86_64", "wolfi:rolling", "git", ("2.39.0-r1",), "x86_64"),
    ],
)
def test_a_product_with_a_version_is_that_version(
    purl: str, namespace: str, name: str, versions: tuple[str, ...], arch: str | None
) -> None:
    [found], problems = read("openvex", vex(said("affected", product("https://acme.example/web", identifiers={"purl": purl}))))
    assert not problems
    assert (found.id, found.cves) == ("https://example.com/vex/7#CVE-2024-1000", ("CVE-2024-1000",))
    [row] = found.affected
    assert (row.namespace, row.name, row.versions, row.arch, row.state) == (namespace, name, versions, arch, State.AFFECTED)
    assert [one.raw for one in row.ranges] == ([] if versions else ["*"])


def test_a_document_of_version_0_0_1_is_read(shared_data: Path) -> None:
    [found], problems = read("openvex", (shared_data / GO_VEX / "v0.0.1.json").read_bytes())
    assert not problems
    assert found.id == "https://openvex.dev/docs/example/vex-9fb3463de1b57#CVE-2023-12345"
    assert [(row.namespace, row.name, row.versions, row.arch, row.state) for row in found.affected] == [
        ("wolfi:rolling", "git", ("2.39.0-r1",), arch, State.NOT_AFFECTED) for arch in ("armv7", "x86_64")
    ]


@pytest.mark.parametrize("status", ["fixed", "not_affected"])
def test_fixed_and_not_affected_clear(status: str) -> None:
    [found], _ = read("openvex", vex(said(status, "pkg:pypi/acme@1.3")))
    assert [(row.versions, row.state) for row in found.affected] == [(("1.3",), State.NOT_AFFECTED)]


def test_the_last_word_on_a_product_counts() -> None:
    later = said("not_affected", "pkg:pypi/acme@1", timestamp="2024-06-01T00:00:00+02:00")
    earlier = said("affected", "pkg:pypi/acme@1", "pkg:pypi/acme@2", timestamp="2024-05-31T20:00:00Z")
    [found], _ = read("openvex", vex(later, earlier))
    assert {(row.versions, row.state) for row in found.affected} == {(("1",), State.NOT_AFFECTED), (("2",), State.AFFECTED)}


@pytest.mark.parametrize(
    "statement",
    [
        said("affected", "https://acme.example/web"),
        said("affected", product("pkg:oci/web@sha256%3Aab", subcomponents=[{"@id": "pkg:pypi/acme@1"}])),
        said("affected", "pkg:pypi/acme@1", subcomponents=["pkg:pypi/other@1"]),
        said("affected", "pkg:oci/web@sha256%3Aab"),
        said("affected", "pkg:"),
    ],
)
def test_a_product_without_a_package_is_counted(statement: dict[str, Any]) -> None:
    [found], [problem] = read("openvex", vex(statement))
    assert (found.affected, problem.code, problem.loss) == ((), ProblemCode.UNKNOWN_ECOSYSTEM, False)


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        (7, "no statement"),
        ({"status": "affected"}, "no statement"),
        (said("harmless", "pkg:pypi/acme"), "has the status 'harmless', which is none"),
        (said("affected", "pkg:pypi/acme", vulnerability={}), "names no vulnerability"),
        (said("not_affected", "pkg:pypi/acme", justification=None), "the specification demands one"),
    ],
)
def test_a_bad_statement_is_a_loss_and_the_others_are_read(statement: Any, reason: str) -> None:
    [found], [problem] = read("openvex", vex(statement, said("affected", "pkg:pypi/acme@2")))
    assert found.affected[0].versions == ("2",)
    assert (problem.where, problem.loss) == ("a.json: statements[0]", True)
    assert reason in problem.message


@pytest.mark.parametrize(
    ("content", "is_loss"), [(b"", True), (b"[]", True), (b"{}", False), (b"[" * 1_000_000, True), (b'{"@context": 1}', True)]
)
def test_what_is_no_openvex_is_said(content: bytes, *, is_loss: bool) -> None:
    found, [problem] = read("openvex", content)
    assert not found
    assert problem.loss is is_loss
