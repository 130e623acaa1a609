"""What vulnerabilities are called, and what they are."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sbommatch.store.model import Told
from sbommatch.store.open import Database, open_database
from sbommatch.store.queries import candidates
from sbommatch.store.told import TITLE_LENGTH, displayed, told_of
from tests.sbommatch.match.feeds import below, database, osv_record
from tests.sbommatch.store.made import lookup


def record(id_: str, name: str = "demo", summary: str = "", **fields: Any) -> dict[str, Any]:
    return osv_record(id_, "PyPI", name, below("2"), summary=summary, **fields)


CVE = ["CVE-2024-0001"]
LONG = "x" * (TITLE_LENGTH + 1)
RECORDS = [
    record("PYSEC-1", summary=LONG, aliases=CVE, references=[{"type": "WEB", "url": "https://b"}]),
    record("PYSEC-2", summary="A title", aliases=CVE, references=[{"type": "WEB", "url": "https://a"}]),
    record("PYSEC-3", summary="", aliases=CVE),
    record("PYSEC-4", summary="Withdrawn", aliases=CVE, withdrawn="2025-01-01T00:00:00Z", references=[{"type": "WEB", "url": "https://c"}]),
    record("PYSEC-5", summary=LONG),
    record("GHSA-2cve-2cve-2cve", "both", aliases=["CVE-2024-0002", "CVE-2024-0003"]),
]


@pytest.fixture(scope="module")
def feeds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    secdb = {"v3.11": {"demo": {"1-r1": CVE}}}
    with open_database(database(tmp_path_factory.mktemp("feeds"), secdb=secdb, pypi=RECORDS)) as opened:
        yield opened


def test_a_title_is_better_than_a_description_and_links_are_of_all_that_stand(feeds: Database) -> None:
    assert told_of(feeds, ["CVE-2024-0001"]) == {"CVE-2024-0001": Told("A title", ("https://a", "https://b"))}


def test_a_notice_of_a_distribution_speaks_only_where_nobody_else_does(tmp_path: Path) -> None:
    def notice(number: int, cve: str) -> dict[str, Any]:
        return osv_record(f"ALSA-2023:{number}", "AlmaLinux:9", "firefox", below("2"), summary="firefox update", related=[cve])

    made = database(
        tmp_path, almalinux=[notice(1, CVE[0]), notice(2, "CVE-2024-0009")], pypi=[record("PYSEC-1", summary=LONG, aliases=CVE)]
    )
    with open_database(made) as opened:
        told = told_of(opened, [*CVE, "CVE-2024-0009"])
    assert {name: one.summary for name, one in told.items()} == {CVE[0]: LONG, "CVE-2024-0009": "firefox update"}


def test_a_description_is_better_than_nothing(feeds: Database) -> None:
    assert told_of(feeds, ["PYSEC-5", "GHSA-2cve-2cve-2cve", "CVE-0"]) == {"PYSEC-5": Told(LONG, ())}
    assert told_of(feeds, []) == {}


def test_an_advisory_is_called_as_its_findings_are(feeds: Database) -> None:
    rows = candidates(feeds, [lookup("pypi", "both", "1"), lookup("pypi", "demo", "1")])
    called = displayed(feeds, {row.advisory_id for row in rows})
    assert {row.record: sorted(called[row.advisory_id]) for row in rows} == {
        "GHSA-2cve-2cve-2cve": ["CVE-2024-0002", "CVE-2024-0003"],
        "PYSEC-1": CVE,
        "PYSEC-2": CVE,
        "PYSEC-3": CVE,
        "PYSEC-5": ["PYSEC-5"],
    }
    assert displayed(feeds, []) == {}
