"""A company's own advisories."""

import msgspec
import pytest

from sbommatch.advisory import Advisory, Event, EventKind, FixState, NameKind, Severity
from sbommatch.formats._format import FeedContext, Read
from sbommatch.formats.private import PrivateFormat
from sbommatch.problem import Problem

HEAD = "id,purl,affected,fixed,severity,title,url\n"
INTRODUCED, FIXED, LAST = EventKind.INTRODUCED, EventKind.FIXED, EventKind.LAST_AFFECTED


def read(text: str) -> list[Read]:
    return list(PrivateFormat().read(text.encode(), "own.csv", FeedContext("private")))


def one(text: str) -> Advisory:
    [found] = read(text)
    assert isinstance(found, Advisory), found
    return found


def test_a_row_says_all_there_is_to_an_advisory() -> None:
    found = one(HEAD + 'ACME-1 CVE-2024-1000,pkg:pypi/Acme_Billing,">=1.0, <1.4",1.4,high,"Invoices, of others",https://intra.example/1\n')
    [affected] = found.affected
    assert (found.id, found.aliases, found.cves) == ("ACME-1", ("CVE-2024-1000",), ("CVE-2024-1000",))
    assert (found.summary, found.references) == ("Invoices, of others", ("https://intra.example/1",))
    assert found.severities == (Severity("label", "high", "private"),)
    assert (affected.namespace, affected.name, affected.name_kind, affected.scheme) == ("pypi", "acme-billing", NameKind.SELF, "pypi")
    assert affected.ranges[0].events == (Event(INTRODUCED, "1.0"), Event(FIXED, "1.4"))
    assert affected.fix_state is FixState.FIXED


@pytest.mark.parametrize(
    ("affected", "fixed", "events"),
    [
        ("", "1.4", [(INTRODUCED, "0"), (FIXED, "1.4")]),
        ("", "", [(INTRODUCED, "0")]),
        ("<1.4", "", [(INTRODUCED, "0"), (FIXED, "1.4")]),
        (">=1.0", "1.4", [(INTRODUCED, "1.0"), (FIXED, "1.4")]),
        (">=1.0", "", [(INTRODUCED, "1.0")]),
        ("=2.0", "", [(INTRODUCED, "2.0"), (LAST, "2.0")]),
        ('"<1.4 || >=2.0, <=2.3"', "", [(INTRODUCED, "0"), (FIXED, "1.4"), (INTRODUCED, "2.0"), (LAST, "2.3")]),
        ("vers:npm/>=1.0.0|<1.4.0", "", [(INTRODUCED, "1.0.0"), (FIXED, "1.4.0")]),
    ],
)
def test_ranges_are_comparators_or_vers_or_what_is_below_the_fix(affected: str, fixed: str, events: list[tuple[EventKind, str]]) -> None:
    found = one(HEAD + f"A-1,pkg:npm/%40acme/left,{affected},{fixed},,,\n")
    assert found.affected[0].name == "@acme/left"
    assert [(event.kind, event.version) for event in found.affected[0].ranges[0].events] == events


def test_a_distribution_is_named_by_its_qualifier() -> None:
    [affected] = one(HEAD + "A-1,pkg:deb/debian/acme-agent?distro=debian-12.5,,2.0-1,,,\n").affected
    assert (affected.namespace, affected.name, affected.name_kind, affected.scheme) == ("debian:12", "acme-agent", NameKind.BINARY, "deb")


def test_rows_of_one_identifier_are_one_advisory() -> None:
    found = one(HEAD + "A-1,pkg:npm/a,,1.0.0,low,first,\nA-1 B-1,pkg:pypi/b,,2.0,CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H,second,\n")
    assert ([affected.name for affected in found.affected], found.aliases, found.summary) == (["a", "b"], ("B-1",), "first")
    assert [severity.system for severity in found.severities] == ["label", "CVSS_V3"]


def test_json_says_the_same() -> None:
    row = {"id": "A-1", "purl": "pkg:npm/a", "fixed": "1.0.0", "title": "first"}
    [from_json] = PrivateFormat().read(msgspec.json.encode([row]), "own.json", FeedContext("private"))
    assert isinstance(from_json, Advisory)
    assert from_json.affected == one("id,purl,fixed,title\nA-1,pkg:npm/a,1.0.0,first\n").affected


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (",pkg:npm/a,,1.0.0,,,", "it has no id"),
        ("A-1,npm/a,,1.0.0,,,", "does not begin with `pkg:`"),
        ("A-1,pkg:npm/a@1,,1.0.0,,,", "a version belongs in `affected`"),
        ("A-1,pkg:conda/a,,1.0.0,,,", "neither a package of a known language"),
        ("A-1,pkg:deb/debian/a,,1.0.0,,,", "distro=debian-12"),
        ("A-1,pkg:deb/debian/a?distro=alpine-3.20,,1.0.0,,,", "distro=debian-12"),
        ("A-1,pkg:npm/a,,banana,,,", "fixed: "),
        ("A-1,pkg:npm/a,about 1.0,,,,", "affected: "),
        ("A-1,pkg:npm/a,,1.0.0,awful,,", "severity 'awful'"),
        ("A-1,pkg:npm/a,,1.0.0", "4 cells under a head of 7"),
        ('A-1,"pkg:npm/a', "the rest cannot be read"),
    ],
)
def test_a_row_that_cannot_be_used_is_a_loss_with_its_line(row: str, message: str) -> None:
    found = read(f"{HEAD}B-1,pkg:npm/b,,1.0.0,,,\n{row}\n")
    [problem] = [part for part in found if isinstance(part, Problem)]
    assert problem.where == "own.csv: line 3"
    assert problem.loss
    assert message in problem.message
    assert [part.id for part in found if isinstance(part, Advisory)] == ["B-1"]


def test_a_head_without_purl_is_a_loss() -> None:
    [problem] = read("id,package\nA-1,npm/a\n")
    assert isinstance(problem, Problem)
    assert problem.message == "its head has no column purl"
