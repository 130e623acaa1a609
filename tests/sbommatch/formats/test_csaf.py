"""CSAF documents: Red Hat's VEX, and what others may say."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from sbommatch.advisory import Advisory, Affected, Event, EventKind, FixState, NameKind, State
from sbommatch.formats import csaf, csaf_tree
from sbommatch.formats._format import FeedContext, Read
from sbommatch.formats.csaf import CsafFormat
from sbommatch.problem import Problem, ProblemCode
from sbommatch.versions import SCHEME_BY_NAME
from sbommatch.versions.intervals import contains_raw

REDHAT = "feeds/native/fixtures/quay+claircore/rhel/vex/testdata"
INTRODUCED, FIXED = EventKind.INTRODUCED, EventKind.FIXED


def read(document: bytes, where: str = "a.json") -> list[Read]:
    return list(CsafFormat().read(document, where, FeedContext("redhat-csaf")))


def one(found: list[Read]) -> Advisory:
    [advisory] = [part for part in found if isinstance(part, Advisory)]
    return advisory


def product(identifier: str, **helper: str) -> dict[str, Any]:
    return {"product_id": identifier, "name": identifier, "product_identification_helper": helper}


def component(of: str, whole: str) -> dict[str, Any]:
    return {"product_reference": of, "relates_to_product_reference": whole, "full_product_name": product(f"{whole}:{of}")}


def document(
    status: dict[str, list[str]], products: list[dict[str, Any]], relations: tuple[dict[str, Any], ...] = (), **changes: Any
) -> bytes:
    vulnerability = {"cve": "CVE-2024-1000", "product_status": status} | changes
    return msgspec.json.encode(
        {
            "document": {"category": "csaf_vex", "csaf_version": "2.0", "tracking": {"id": "CVE-2024-1000"}, "title": "a flaw"},
            "product_tree": {"full_product_names": products, "relationships": relations},
            "vulnerabilities": [vulnerability],
        }
    )


def rhel(cpe: str, purl: str, status: str = "fixed", **changes: Any) -> Affected:
    products = [product("os", cpe=cpe), product("rpm", purl=purl)]
    [row] = one(read(document({status: ["os:rpm"]}, products, (component("rpm", "os"),), **changes))).affected
    return row


def test_a_whole_document_of_red_hat_is_read(shared_data: Path) -> None:
    found = one(read((shared_data / REDHAT / "cve-2023-38545.json").read_bytes()))
    assert (found.id, found.cves, found.aliases) == ("CVE-2023-38545", ("CVE-2023-38545",), ())
    assert [(severity.system, severity.value) for severity in found.severities] == [
        ("label", "Important"), ("CVSS_V3", "CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:U/C:H/I:H/A:H"),
    ]  # fmt: skip
    base = [row for row in found.affected if row.channel is None]
    [curl] = [
        row for row in base if (row.namespace, row.name, row.name_kind, row.state) == ("rhel:9", "curl", NameKind.BINARY, State.AFFECTED)
    ]
    assert curl.ranges[0].raw == "<0:7.76.1-23.el9_2.4 || >=0:7.76.1-24,<0:7.76.1-26.el9_3.2"
    assert curl.arch == "aarch64|ppc64le|s390x|x86_64"
    assert [row.name_kind for row in base if row.name == "curl" and row.namespace == "rhel:9"].count(NameKind.SOURCE) == 1
    assert {row.name for row in base if row.namespace == "rhel:8" and row.state is State.NOT_AFFECTED} == {
        "curl", "libcurl", "libcurl-devel", "libcurl-minimal",
    }  # fmt: skip
    assert {row.channel for row in found.affected if row.name == "libcurl"} == {None, "eus:9.0"}, "the document has the CPE of 9.2 for main"


@pytest.mark.parametrize(
    ("version", "inside"),
    [
        ("7.76.1-23.el9_2.3", True),
        ("7.76.1-23.el9_2.4", False),
        ("7.76.1-23.el9_2.9", False),
        ("7.76.1-26.el9", True),
        ("7.76.1-26.el9_3.1", True),
        ("7.76.1-26.el9_3.2", False),
        ("7.76.1-31.el9", False),
    ],
)
def test_a_minor_releases_fix_clears_its_own_builds(version: str, inside: bool) -> None:
    found = csaf._fixed(["0:7.76.1-26.el9_3.2", "0:7.76.1-23.el9_2.4"])
    assert contains_raw(SCHEME_BY_NAME["rpm"], found.events, version) is inside
    assert found.rule == "several_fixes"


def test_fixes_of_one_release_number_are_the_highest() -> None:
    assert csaf._fixed(["0:1-5.el9_1.2", "0:1-5.el9_1.1"]).raw == "<0:1-5.el9_1.2"
    assert csaf._fixed(["0:1-5.el9"]).rule is None


def test_every_document_of_red_hat_is_read_without_a_loss(shared_data: Path) -> None:
    for path in sorted((shared_data / REDHAT).glob("*.json")):
        assert not [part for part in read(path.read_bytes(), path.name) if isinstance(part, Problem) and part.loss], path.name


@pytest.mark.parametrize(
    ("cpe", "place"),
    [
        ("cpe:/o:redhat:enterprise_linux:9::baseos", ("rhel:9", None)),
        ("cpe:/a:redhat:enterprise_linux:8::appstream", ("rhel:8", None)),
        ("cpe:/o:redhat:enterprise_linux:6", ("rhel:6", None)),
        ("cpe:/a:redhat:rhel_eus:9.2::appstream", ("rhel:9", "eus:9.2")),
        ("cpe:/o:redhat:rhel_els:7", ("rhel:7", "els:7")),
        ("cpe:/a:redhat:openshift:4.16::el9", ("rhel:9", "openshift:4.16")),
    ],
)
def test_products_are_a_release_and_its_channels(cpe: str, place: tuple[str, str | None]) -> None:
    row = rhel(cpe, "pkg:rpm/redhat/curl@7.76.1-14.el9?arch=x86_64&epoch=1")
    assert (row.namespace, row.channel) == place
    assert row.ranges[0].raw == "<1:7.76.1-14.el9"


@pytest.mark.parametrize(
    ("category", "state"),
    [("none_available", FixState.NOT_FIXED), ("no_fix_planned", FixState.WONT_FIX), ("workaround", FixState.NOT_FIXED)],
)
def test_remediations_say_whether_a_fix_will_come(category: str, state: FixState) -> None:
    remediation = {"category": category, "product_ids": ["os:rpm"]}
    row = rhel("cpe:/o:redhat:enterprise_linux:9", "pkg:rpm/redhat/tar", "known_affected", remediations=[remediation])
    assert (row.ranges[0].events, row.fix_state) == ((Event(INTRODUCED, "0"),), state)


def test_a_module_is_named_by_the_package_or_by_the_relation() -> None:
    stated = rhel("cpe:/o:redhat:enterprise_linux:8", "pkg:rpm/redhat/nodejs@1-1?rpmmod=nodejs:12:8020:4cda2c84")
    products = [
        product("os", cpe="cpe:/a:redhat:enterprise_linux:8::appstream"),
        product("module", purl="pkg:rpmmod/redhat/nodejs@12:8020:4cda2c84"),
        product("rpm", purl="pkg:rpm/redhat/nodejs@1-1"),
    ]
    relations = (component("module", "os"), component("rpm", "os:module"))
    [related] = one(read(document({"fixed": ["os:module:rpm"]}, products, relations))).affected
    assert (stated.module, related.module, related.namespace) == ("nodejs:12", "nodejs:12", "rhel:8")


def test_packages_of_languages_are_cleared_and_affected_version_by_version() -> None:
    products = [
        product("all", purl="pkg:npm/%40acme/left"),
        product("one", purl="pkg:pypi/Acme_Lib@1.4"),
        product("bad", purl="pkg:maven/org.acme/lib@2.0"),
        product("os", purl="pkg:deb/debian/acme@1-1?distro=debian-12"),
    ]
    status = {"known_affected": ["bad"], "fixed": ["one"], "known_not_affected": ["all", "os"], "under_investigation": ["one"]}
    found = read(document(status, products))
    rows = {row.name: row for row in one(found).affected}
    assert (rows["acme-lib"].versions, rows["acme-lib"].state) == (("1.4",), State.NOT_AFFECTED)
    assert (rows["org.acme:lib"].versions, rows["org.acme:lib"].state) == (("2.0",), State.AFFECTED)
    assert (rows["@acme/left"].ranges[0].raw, rows["@acme/left"].state) == ("*", State.NOT_AFFECTED)
    assert (rows["acme"].namespace, rows["acme"].versions) == ("debian:12", ("1-1",))
    assert [part.code for part in found if isinstance(part, Problem)] == [ProblemCode.UNDER_INVESTIGATION]


def test_a_component_without_a_purl_is_a_source_package_of_its_release() -> None:
    products = [
        product("os", cpe="cpe:/o:redhat:enterprise_linux:8"),
        {"product_id": "vim", "name": "vim"},
        {"product_id": "a:1/b", "name": "b"},
    ]
    status = {"known_affected": ["os:vim", "os:a:1/b"], "known_not_affected": ["os:vim"]}
    rows = one(read(document(status, products, (component("vim", "os"), component("a:1/b", "os"))))).affected
    assert [(row.namespace, row.name, row.name_kind, row.module, row.state) for row in rows] == [
        ("rhel:8", "vim", NameKind.SOURCE, None, State.AFFECTED),
        ("rhel:8", "b", NameKind.SOURCE, "a:1", State.AFFECTED),
        ("rhel:8", "vim", NameKind.SOURCE, None, State.NOT_AFFECTED),
    ]


def test_ranges_of_the_tree_are_ranges() -> None:
    content = msgspec.json.decode(document({"known_affected": ["p"]}, []))
    branch = {"category": "product_version_range", "name": "vers:npm/>=1.0.0|<2.0.0", "product": product("p", purl="pkg:npm/left")}
    content["product_tree"]["branches"] = [{"category": "vendor", "name": "Acme", "branches": [branch]}]
    [row] = one(read(msgspec.json.encode(content))).affected
    assert row.ranges[0].events == (Event(INTRODUCED, "1.0.0"), Event(FIXED, "2.0.0"))


def test_products_without_packages_here_are_counted() -> None:
    products = [
        product("image", purl="pkg:oci/app@sha256:00"),
        product("device", cpe="cpe:/h:acme:router"),
        product("rpm", purl="pkg:rpm/acme/a@1"),
    ]
    found = read(document({"known_affected": ["image", "device", "rpm", "unheard-of"]}, products))
    assert one(found).affected == ()
    [problem] = [part for part in found if isinstance(part, Problem)]
    assert not problem.loss
    assert problem.message.endswith("1 of PURL type oci, 1 of PURL type rpm, 2 without a PURL")


def test_several_vulnerabilities_of_one_document_are_records_apart() -> None:
    content = msgspec.json.decode(document({}, []))
    content["document"]["tracking"]["id"] = "ACME-7"
    content["vulnerabilities"] += [{"cve": "CVE-2024-1001"}, {"ids": [{"system_name": "Acme", "text": "A-3"}]}]
    found = [part.id for part in read(msgspec.json.encode(content)) if isinstance(part, Advisory)]
    assert found == ["ACME-7/CVE-2024-1000", "ACME-7/CVE-2024-1001", "ACME-7/A-3"]


@pytest.mark.parametrize(
    ("content", "loss"),
    [
        (b"", True),
        (b"{", True),
        (b"[" * 1_000_000, True),
        (b'{"document": {"csaf_version": "2.0"}}', True),
        (b'{"aggregator": {}}', False),
        (b"[]", False),
    ],
)
def test_what_is_no_csaf_document_is_a_loss_but_for_what_stands_beside_it(content: bytes, loss: bool) -> None:
    [problem] = read(content)
    assert isinstance(problem, Problem)
    assert problem.loss is loss


def test_trees_and_relations_without_end_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csaf_tree, "MAX_BRANCHES", 3)
    content = msgspec.json.decode(document({}, []))
    content["product_tree"]["branches"] = [{"branches": [{"branches": [{"branches": [{"branches": [{}]}]}]}]}]
    [problem] = read(msgspec.json.encode(content))
    assert isinstance(problem, Problem)
    assert "over 3 deep" in problem.message
    circle = (component("x", "x") | {"full_product_name": product("x")},)
    assert one(read(document({"fixed": ["x"]}, [], circle))).affected == ()
