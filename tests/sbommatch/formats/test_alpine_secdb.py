"""Alpine's secdb, whole and broken."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sbommatch.advisory import Advisory, EventKind, NameKind, State
from sbommatch.formats import FeedContext, alpine_secdb
from sbommatch.formats.alpine_secdb import AlpineSecdbFormat, identifiers_of
from sbommatch.problem import Problem, ProblemCode

CONTEXT = FeedContext("alpine-secdb")


def read(document: bytes | dict[str, Any]) -> tuple[dict[str, Advisory], list[Problem]]:
    content = document if isinstance(document, bytes) else msgspec.json.encode(document)
    parts = list(AlpineSecdbFormat().read(content, "v3.11/main.json", CONTEXT))
    return {part.id: part for part in parts if isinstance(part, Advisory)}, [part for part in parts if isinstance(part, Problem)]


def secdb(distroversion: str | None = "v3.11", **secfixes: dict[str, Any]) -> dict[str, Any]:
    packages = [{"pkg": {"name": name, "secfixes": fixes}} for name, fixes in secfixes.items()]
    return {"distroversion": distroversion, "reponame": "main", "packages": packages}


def events(advisory: Advisory) -> list[tuple[str, str]]:
    return [(event.kind.value, event.version) for affected in advisory.affected for range_ in affected.ranges for event in range_.events]


def test_a_fix_affects_all_below_it() -> None:
    advisories, problems = read(secdb(musl={"1.1.23-r2": ["CVE-2019-14697"]}))
    assert problems == []
    advisory = advisories["CVE-2019-14697"]
    assert (advisory.feed, advisory.cves, advisory.aliases) == ("alpine-secdb", ("CVE-2019-14697",), ())
    (affected,) = advisory.affected
    assert (affected.namespace, affected.name, affected.name_kind, affected.scheme) == ("alpine:3.11", "musl", NameKind.SOURCE, "apk")
    assert affected.state is State.AFFECTED
    assert affected.ranges[0].raw == "<1.1.23-r2"
    assert events(advisory) == [("introduced", "0"), ("fixed", "1.1.23-r2")]


def test_the_version_zero_clears_everything() -> None:
    advisories, _ = read(secdb("v3.8", db={"0": ["CVE-2016-0682"]}))
    (affected,) = advisories["CVE-2016-0682"].affected
    assert (affected.state, affected.ranges[0].raw) == (State.NOT_AFFECTED, "0")
    assert events(advisories["CVE-2016-0682"]) == [("introduced", "0")]


def test_zero_and_a_fix_are_two_rows() -> None:
    advisories, _ = read(secdb(demo={"0": ["CVE-2020-0001"], "1.2-r0": ["CVE-2020-0001"]}))
    assert [affected.state for affected in advisories["CVE-2020-0001"].affected] == [State.NOT_AFFECTED, State.AFFECTED]


@pytest.mark.parametrize(
    ("fixes", "expected", "raw"),
    [
        (
            ["1.30.1-r2", "1.29.3-r10"],
            [("introduced", "0"), ("fixed", "1.29.3-r10"), ("introduced_after_upstream", "1.29.3-r10"), ("fixed", "1.30.1-r2")],
            "<1.29.3-r10 || >1.29.3,<1.30.1-r2",
        ),
        (["9.26-r1", "9.26-r2"], [("introduced", "0"), ("fixed", "9.26-r1")], "<9.26-r1"),
        (
            ["2.0-r0", "1.0-r3", "1.0-r1"],
            [("introduced", "0"), ("fixed", "1.0-r1"), ("introduced_after_upstream", "1.0-r1"), ("fixed", "2.0-r0")],
            "<1.0-r1 || >1.0,<2.0-r0",
        ),
        (
            ["2.0-r0", "no version"],
            [("introduced", "0"), ("fixed", "2.0-r0"), ("introduced_after_upstream", "2.0-r0"), ("fixed", "no version")],
            "<2.0-r0 || >2.0,<no version",
        ),
    ],
    ids=["busybox", "one upstream version", "three", "not sortable"],
)
def test_of_several_fixes_a_lower_one_clears_its_own_upstream_version(fixes: list[str], expected: list[tuple[str, str]], raw: str) -> None:
    advisories, _ = read(secdb(demo={fix: ["CVE-2019-5747"] for fix in fixes}))
    advisory = advisories["CVE-2019-5747"]
    assert events(advisory) == expected
    assert [range_.raw for affected in advisory.affected for range_ in affected.ranges] == [raw]


@pytest.mark.parametrize(
    ("item", "identifiers", "related"),
    [
        ("CVE-2019-14697", ("CVE-2019-14697",), ()),
        ("CVE-2016-9815 XSA-201", ("CVE-2016-9815",), ("XSA-201",)),
        ("CVE-2017-5753 CVE-2017-5715 CVE-2017-5754 XSA-254 XPTI", ("CVE-2017-5753", "CVE-2017-5715", "CVE-2017-5754"), ("XSA-254",)),
        ("CVE-2017-12122 TALOS-2017-0488", ("CVE-2017-12122",), ("TALOS-2017-0488",)),
        ("CVE-2017-2616 (+ regression fix)", ("CVE-2017-2616",), ()),
        ("CVE-2018-10103 (SMB - partially fixed, but SMB printing disabled)", ("CVE-2018-10103",), ()),
        ("CVE-2018-10103 (not closed", ("CVE-2018-10103",), ()),
        ("CVE_2019-2426", ("CVE-2019-2426",), ()),
        ("CVE 2018-16859", ("CVE-2018-16859",), ()),
        ("CVE-2019-19451.patch", ("CVE-2019-19451",), ()),
        ("CVE-2017-17434-1", ("CVE-2017-17434",), ()),
        ("XSA-207", ("XSA-207",), ()),
        ("wnpa-sec-2017-18", ("wnpa-sec-2017-18",), ()),
        ("GHSA-xhg2-rvm8-w2jh", ("GHSA-xhg2-rvm8-w2jh",), ()),
        ("CVE-????-?????  XSA-295", ("XSA-295",), ()),
        ("CVE-????-?????", (), ()),
        ("(see the patch)", (), ()),
        ("", (), ()),
    ],
)
def test_items_name_what_they_name(item: str, identifiers: tuple[str, ...], related: tuple[str, ...]) -> None:
    assert identifiers_of(item) == (identifiers, related)


def test_one_xen_advisory_is_related_to_each_of_its_cves() -> None:
    advisories, problems = read(secdb(xen={"4.7.1-r3": ["CVE-2016-9815 XSA-201", "CVE-2016-9816 XSA-201", "XSA-207"]}))
    assert problems == []
    assert {identifier: one.related for identifier, one in advisories.items()} == {
        "CVE-2016-9815": ("XSA-201",),
        "CVE-2016-9816": ("XSA-201",),
        "XSA-207": (),
    }
    assert advisories["XSA-207"].cves == ()


def test_an_item_that_names_nothing_is_a_note() -> None:
    advisories, problems = read(secdb(xen={"4.7.1-r3": ["CVE-????-?????", ""]}))
    assert advisories == {}
    assert [(problem.code, problem.where, problem.loss) for problem in problems] == [
        (ProblemCode.BAD_RECORD, "v3.11/main.json: packages[0]: xen 4.7.1-r3", False)
    ]


@pytest.mark.parametrize(
    ("distroversion", "namespace"), [("v3.11", "alpine:3.11"), ("3.20", "alpine:3.20"), ("v3.20.1", "alpine:3.20"), ("edge", "alpine:edge")]
)
def test_the_release_is_the_documents_own(distroversion: str, namespace: str) -> None:
    advisories, _ = read(secdb(distroversion, musl={"1.1.23-r2": ["CVE-2019-14697"]}))
    assert advisories["CVE-2019-14697"].affected[0].namespace == namespace


@pytest.mark.parametrize("distroversion", [None, "", "wolfi", "v3"])
def test_a_document_of_no_release_is_a_note(distroversion: str | None) -> None:
    advisories, problems = read(secdb(distroversion, musl={"1.1.23-r2": ["CVE-2019-14697"]}))
    assert advisories == {}
    assert [(problem.code, problem.loss) for problem in problems] == [(ProblemCode.UNKNOWN_ECOSYSTEM, False)]


def test_a_bad_package_does_not_end_the_file() -> None:
    document = secdb(musl={"1.1.23-r2": ["CVE-2019-14697"]})
    document["packages"] = [{"pkg": {"secfixes": {}}}, {"pkg": {"name": "x", "secfixes": {"1": 7}}}, 3, *document["packages"]]
    advisories, problems = read(document)
    assert list(advisories) == ["CVE-2019-14697"]
    assert [(problem.where, problem.loss) for problem in problems] == [(f"v3.11/main.json: packages[{index}]", True) for index in range(3)]


@pytest.mark.parametrize("nothing", [[], "", None])
def test_empty_lists_that_yaml_left_behind_are_empty(nothing: object) -> None:
    assert read({"distroversion": "v3.3", "packages": nothing}) == ({}, [])
    package = {"pkg": {"name": "heimdal", "secfixes": {"7.4.0-r0": nothing}}}
    assert read({"distroversion": "v3.6", "packages": [package]}) == ({}, [])


@pytest.mark.parametrize("document", [b"", b"[]", b"{}", b'{"packages": "all"}', b'{"packages": [' + b"[" * 100_000])
def test_what_is_no_secdb_is_one_loss(document: bytes) -> None:
    advisories, problems = read(document)
    assert advisories == {}
    assert [(problem.code, problem.where, problem.loss) for problem in problems] == [(ProblemCode.BAD_RECORD, "v3.11/main.json", True)]


def test_a_document_over_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alpine_secdb, "DOCUMENT_LIMIT_BYTES", 20)
    assert read(secdb())[1][0].message.endswith("the limit is 20")


def test_fixes_beyond_the_limit_are_losses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alpine_secdb, "FIXES_LIMIT", 2)
    advisories, problems = read(secdb(demo={f"{number}.0-r0": ["CVE-2020-0001"] for number in range(1, 4)}))
    assert [(problem.code, problem.loss) for problem in problems] == [(ProblemCode.LIMIT_REACHED, True)]
    assert "3.0-r0 is left out" in problems[0].message
    assert events(advisories["CVE-2020-0001"])[-1] == ("fixed", "2.0-r0")


def test_records_are_sorted_and_their_digest_is_of_what_they_say() -> None:
    first, _ = read(secdb(b={"1-r0": ["CVE-2020-0002", "CVE-2020-0001"]}))
    again, _ = read(secdb(b={"1-r0": ["CVE-2020-0001"]}))
    assert list(first) == ["CVE-2020-0001", "CVE-2020-0002"]
    assert first["CVE-2020-0001"].record_sha256 == again["CVE-2020-0001"].record_sha256
    other, _ = read(secdb(b={"1-r1": ["CVE-2020-0001"]}))
    assert other["CVE-2020-0001"].record_sha256 != again["CVE-2020-0001"].record_sha256


@given(st.text(max_size=40), st.dictionaries(st.text(max_size=8), st.lists(st.text(max_size=30), max_size=3), max_size=3))
@settings(max_examples=60, deadline=None)
def test_nothing_is_raised(name: str, secfixes: dict[str, list[str]]) -> None:
    advisories, _ = read({"distroversion": "v3.11", "packages": [{"pkg": {"name": name, "secfixes": secfixes}}]})
    for advisory in advisories.values():
        assert all(event.kind in EventKind for affected in advisory.affected for range_ in affected.ranges for event in range_.events)
