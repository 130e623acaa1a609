"""Debian's tracker, its lists of notices, and ELTS."""

import io
import tarfile
from pathlib import Path
from typing import Any

import msgspec
import pytest
import zstandard

from sbommatch.advisory import Advisory, Affected, FixState, NameKind, State
from sbommatch.formats import FORMAT_BY_NAME, FeedContext
from sbommatch.formats._format import Read
from sbommatch.problem import Problem, ProblemCode

NATIVE = "feeds/native"
LISTS = f"{NATIVE}/debian-security-tracker/data"
TRACKER = f"{NATIVE}/fixtures/google+osv.dev/vulnfeeds/test_data/debian/debian_security_tracker_mock.json"
VUNNEL = f"{NATIVE}/fixtures/anchore+vunnel/tests/unit/providers/debian/test-fixtures/input/debian.json"


def read(name: str, document: bytes) -> tuple[dict[str, Advisory], list[Problem]]:
    found: list[Read] = list(FORMAT_BY_NAME[name].read(document, "x", FeedContext(name)))
    return {one.id: one for one in found if isinstance(one, Advisory)}, [one for one in found if isinstance(one, Problem)]


def said(row: Affected) -> tuple[str, str, str, State, FixState | None]:
    return row.namespace, row.name, row.ranges[0].raw, row.state, row.fix_state


def test_the_tracker_says_fixed_open_and_never_affected(shared_data: Path) -> None:
    found, problems = read("debian-tracker", (shared_data / TRACKER).read_bytes())
    assert not problems
    assert {said(row) for row in found["CVE-2014-1424"].affected} == {
        (f"debian:{release}", "apparmor", "*", State.NOT_AFFECTED, None) for release in ("10", "11", "12", "13", "sid")
    }
    rows = {row.namespace: row for row in found["CVE-2016-1585"].affected}
    assert said(rows["debian:12"]) == ("debian:12", "apparmor", "*", State.AFFECTED, FixState.NOT_FIXED)
    assert said(rows["debian:sid"]) == ("debian:sid", "apparmor", "<3.0.12-1", State.AFFECTED, None)
    assert [severity.value for severity in rows["debian:12"].severities] == ["negligible"]
    assert {row.name_kind for row in rows.values()} == {NameKind.SOURCE}


def test_a_package_that_is_none_is_a_loss_and_the_others_are_read(shared_data: Path) -> None:
    found, [problem] = read("debian-tracker", (shared_data / VUNNEL).read_bytes())
    assert problem.loss
    assert len(found) == 6
    [prototype] = [row for row in found["CVE-2008-7220"].affected if row.namespace == "debian:9"]
    assert said(prototype)[2:4] == ("<1.6.0.2-1", State.AFFECTED)
    assert [severity.value for severity in prototype.severities] == ["high"], "without its asterisks"


@pytest.mark.parametrize(
    ("release", "expected"),
    [
        ({"status": "open", "nodsa": "Minor issue", "nodsa_reason": ""}, FixState.NOT_FIXED),
        ({"status": "open", "nodsa": "Minor issue", "nodsa_reason": "postponed"}, FixState.NOT_FIXED),
        ({"status": "open", "nodsa": "Minor issue", "nodsa_reason": "ignored"}, FixState.WONT_FIX),
        ({"status": "open", "urgency": "end-of-life"}, FixState.EOL),
        ({"status": "undetermined"}, ProblemCode.UNDER_INVESTIGATION),
        ({"status": "resolved"}, ProblemCode.BAD_RECORD),
        ({"status": "dancing"}, ProblemCode.BAD_RECORD),
    ],
)
def test_states_of_open_issues(release: dict[str, Any], expected: FixState | ProblemCode) -> None:
    document = {"curl": {"CVE-2024-1000": {"releases": {"bookworm": release, "sid": {"status": "resolved", "fixed_version": "8-1"}}}}}
    found, problems = read("debian-tracker", msgspec.json.encode(document))
    rows = {row.namespace: row for row in found["CVE-2024-1000"].affected}
    assert said(rows["debian:sid"])[2] == "<8-1"
    if isinstance(expected, FixState):
        assert (rows["debian:12"].fix_state, problems) == (expected, [])
    else:
        assert "debian:12" not in rows
        assert [(problem.code, problem.loss) for problem in problems] == [(expected, expected is ProblemCode.BAD_RECORD)]


def test_a_release_of_no_known_name_is_a_note() -> None:
    document = {"curl": {"TEMP-1": {"releases": {"hamm": {"status": "open"}}}}}
    found, [problem] = read("debian-tracker", msgspec.json.encode(document))
    assert (found["TEMP-1"].cves, found["TEMP-1"].affected) == ((), ())
    assert (problem.code, problem.loss) == (ProblemCode.UNKNOWN_ECOSYSTEM, False)


@pytest.mark.parametrize(("kind", "notices", "rows"), [("DSA", 4225, 5423), ("DLA", 3530, 3535), ("DTSA", 207, 208)])
def test_the_lists_are_read_whole(shared_data: Path, kind: str, notices: int, rows: int) -> None:
    found, problems = read("debian-notices", (shared_data / LISTS / kind / "list").read_bytes())
    assert (len(found), sum(len(one.affected) for one in found.values())) == (notices, rows)
    assert {(problem.code, problem.loss) for problem in problems} == {(ProblemCode.NO_PACKAGES, False)}


def test_a_notice_names_its_cves_and_the_versions_that_fix(shared_data: Path) -> None:
    found, _ = read("debian-notices", (shared_data / LISTS / "DSA" / "list").read_bytes())
    xen = found["DSA-5378-1"]
    assert xen.cves == ("CVE-2022-23824", "CVE-2022-42331", "CVE-2022-42332", "CVE-2022-42333", "CVE-2022-42334")
    assert [said(row) for row in xen.affected] == [("debian:11", "xen", "<4.14.5+94-ge49571868d-1", State.AFFECTED, None)]
    assert (xen.published, xen.summary) == ("2023-03-25", "xen - security update")
    assert found["DSA-5356-2"].cves == ()


def test_states_of_notices() -> None:
    text = (
        "[01 Jan 2020] DSA-1-1 a - security update\n"
        "\t{CVE-2020-1000 TEMP-1}\n\t[buster] - a <not-affected> (Vulnerable code not present)\n\t[stretch] - a <end-of-life>\n"
        "\t[jessie] - a <unfixed>\n\t[wheezy] - a 1.0-1 (bug #1)\n\t[hamm] - a 1.0-0\n\tNOTE: nothing\n\n"
        "[01 Jan 2021] DSA-2-1 jessie end-of-life\n"
        "nonsense\n"
    )
    found, problems = read("debian-notices", text.encode())
    assert [said(row)[2:] for row in found["DSA-1-1"].affected] == [
        ("*", State.NOT_AFFECTED, None), ("*", State.AFFECTED, FixState.EOL), ("*", State.AFFECTED, FixState.NOT_FIXED),
        ("<1.0-1", State.AFFECTED, None),
    ]  # fmt: skip
    assert found["DSA-1-1"].related == ("TEMP-1",)
    assert [(problem.where, problem.loss) for problem in problems] == [("x: line 11", True), ("x: line 10", False)]


@pytest.mark.parametrize("document", [b"", b"\xff\xfe", b"{}"])
def test_what_is_no_list_is_a_loss(document: bytes) -> None:
    assert [problem.loss for problem in read("debian-notices", document)[1]] == [True]


@pytest.mark.parametrize("document", [b"", b"{", b"[]", b'{"a": 1}', b"[" * 1_000_000])
def test_what_is_no_tracker_is_a_loss(document: bytes) -> None:
    assert [problem.loss for problem in read("debian-tracker", document)[1]] == [True]


def test_extended_support_is_a_channel(shared_data: Path) -> None:
    packed = zstandard.ZstdDecompressor().stream_reader((shared_data / NATIVE / "debian-elts" / "advisories.tar.zst").read_bytes()).read()
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        member = archive.extractfile("advisories/ELA-1003-1.json")
        assert member is not None
        found, problems = read("debian-elts", member.read())
    assert not problems
    [row] = found["ELA-1003-1"].affected
    assert (*said(row)[:3], row.channel) == ("debian:8", "postgresql-9.4", "<9.4.26-0+deb8u8", "elts")
    assert found["ELA-1003-1"].cves == ("CVE-2023-39417", "CVE-2023-5869")
