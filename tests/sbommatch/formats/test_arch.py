"""Arch Linux's groups."""

from pathlib import Path

import msgspec
import pytest

from sbommatch.advisory import Advisory, FixState, State
from sbommatch.formats._format import FeedContext, Read
from sbommatch.formats.arch import ArchFormat
from sbommatch.problem import Problem

ALL = "feeds/native/fixtures/anchore+vunnel/tests/unit/providers/arch/test-fixtures/input/arch-advisories/all.json"
GROUP = {
    "name": "AVG-1",
    "packages": ["a"],
    "affected": "1-1",
    "fixed": "2-1",
    "status": "Fixed",
    "severity": "High",
    "issues": ["CVE-2024-1000"],
}


def read(document: bytes) -> list[Read]:
    return list(ArchFormat().read(document, "all.json", FeedContext("arch")))


def test_groups_are_read(shared_data: Path) -> None:
    found = {one.id: one for one in read((shared_data / ALL).read_bytes()) if isinstance(one, Advisory)}
    glibc = found["AVG-1324"]
    assert (glibc.cves, glibc.related) == (("CVE-2023-4911",), ("ASA-202310-01",))
    assert [(row.namespace, row.name, row.ranges[0].raw) for row in glibc.affected] == [
        ("arch:rolling", name, "<2.38-2") for name in ("glibc", "lib32-glibc")
    ]
    [pam] = found["AVG-9999"].affected
    assert (pam.ranges[0].raw, pam.fix_state) == ("*", FixState.NOT_FIXED)


@pytest.mark.parametrize(
    ("status", "raw", "state", "fix_state"),
    [
        ("Fixed", "<2-1", State.AFFECTED, None),
        ("Vulnerable", "*", State.AFFECTED, FixState.NOT_FIXED),
        ("Testing", "*", State.AFFECTED, FixState.NOT_FIXED),
        ("Unknown", "*", State.AFFECTED, FixState.UNKNOWN),
        ("Not affected", "*", State.NOT_AFFECTED, None),
    ],
)
def test_states(status: str, raw: str, state: State, fix_state: FixState | None) -> None:
    [found] = read(msgspec.json.encode([GROUP | {"status": status}]))
    assert isinstance(found, Advisory)
    [row] = found.affected
    assert (row.ranges[0].raw, row.state, row.fix_state) == (raw, state, fix_state)


@pytest.mark.parametrize("document", [b"", b"{}", b'[{"name": "AVG-1"}]', b"[1]", msgspec.json.encode([GROUP | {"status": "Dancing"}])])
def test_what_is_no_group_is_a_loss(document: bytes) -> None:
    [problem] = read(document)
    assert isinstance(problem, Problem)
    assert problem.loss
