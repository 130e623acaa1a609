"""The real feeds, loaded whole."""

import random
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from sbommatch.ecosystems import normalise_pypi
from sbommatch.store.build import BuildResult, build
from sbommatch.store.model import Lookup
from sbommatch.store.open import Database, open_database
from sbommatch.store.queries import candidates, groups_of, search
from sbommatch.supply.sources import sources_of
from tests.sbommatch.store.made import lookup

LISTED_SAMPLE = 1500
"""Of 589,000 listed versions of PyPI's records."""


@pytest.fixture(scope="module")
def languages(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> BuildResult:
    """PyPI, Go and crates.io whole: 12,577 advisories."""
    feeds = shared_data / "feeds" / "osv"
    names = {"osv-pypi": "PyPI", "osv-go": "Go", "osv-crates.io": "crates.io"}
    return build(
        sources_of([f"{feed}={feeds}/{name}/all.zip" for feed, name in names.items()]), tmp_path_factory.mktemp("languages") / "db.json"
    )


@pytest.fixture(scope="module")
def alpine(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> BuildResult:
    """Alpine's secdb of 2020, v3.3 to v3.11."""
    path = shared_data / "feeds/native/alpine-secdb/json"
    return build(sources_of([f"alpine-secdb={path}@2020-06-08"]), tmp_path_factory.mktemp("alpine") / "db.json")


@pytest.fixture
def database(languages: BuildResult) -> Iterator[Database]:
    with open_database(languages.database) as opened:
        yield opened


def met(database: Database, *lookups: Lookup) -> list[tuple[str, str, bool]]:
    return [(row.record, row.rule, row.unplaced) for row in candidates(database, lookups)]


def test_counts_are_the_feeds_own(languages: BuildResult) -> None:
    assert languages.losses == ()
    counts = {
        feed.name: (feed.advisories, feed.withdrawn, feed.git_ranges, feed.refused, feed.captured_at) for feed in languages.status.feeds
    }
    assert counts == {
        "osv-crates.io": (1206, 13, 0, 0, "2026-08-21T06:28:40Z"),
        "osv-go": (4291, 17, 0, 0, None),  # its records say that they were modified in the year 1
        "osv-pypi": (7080, 269, 1554, 0, "2026-07-23T14:34:38Z"),  # not 2027, as two records do
    }


def test_what_cannot_be_keyed_is_counted(languages: BuildResult) -> None:
    unkeyed = {feed.name: feed.unkeyed for feed in languages.status.feeds}
    assert unkeyed["osv-crates.io"] == 0
    assert 0 < unkeyed["osv-go"] < 20
    assert 0 < unkeyed["osv-pypi"] < 60


def test_overlapping_windows_are_kept(database: Database) -> None:
    """PYSEC-2021-114: [2.11, 2.11.7), [0, 2.11.6), [2.12, 2.12.4); sorting would close the first at 2.11.6."""
    affected = {"2.10": True, "2.11.5": True, "2.11.6": True, "2.11.7": False, "2.12.3": True, "2.12.4": False}
    for version, is_met in affected.items():
        records = [record for record, _rule, _unplaced in met(database, lookup("pypi", "wagtail", version))]
        assert ("PYSEC-2021-114" in records) is is_met, version


def test_a_record_of_eight_cves_is_in_eight_groups(database: Database) -> None:
    (row,) = [row for row in candidates(database, [lookup("cargo", "rusqlite", "0.22.0")]) if row.record == "RUSTSEC-2020-0014"]
    groups = groups_of(database, [row.advisory_id])[row.advisory_id]
    assert [group.display for group in groups] == [f"CVE-2020-358{number}" for number in range(66, 74)]
    assert all(group.ids == (group.display, "RUSTSEC-2020-0014") for group in groups)


def test_no_group_has_two_cves(database: Database) -> None:
    assert database.rows("SELECT group_id FROM identifier WHERE id LIKE 'CVE-%' GROUP BY group_id HAVING count(*) > 1") == []
    assert database.rows("SELECT group_id FROM identifier GROUP BY group_id HAVING count(*) FILTER (WHERE display) <> 1") == []
    assert database.rows("SELECT advisory_id FROM advisory ANTI JOIN advisory_group USING (advisory_id)") == []


def test_go_custom_ranges_are_used(database: Database) -> None:
    module = "github.com/pubnub/go/v5"
    assert met(database, lookup("golang", module, "v5.0.3")) == [("GO-2023-2385", "go_custom_ranges", False)]
    assert met(database, lookup("golang", module, "v5.0.4")) == []


def test_a_bound_that_is_no_version_leaves_its_list(database: Database) -> None:
    """PYSEC-2026-686 is fixed in `7.2.0-12.1`."""
    zone = [(record, unplaced) for record, _rule, unplaced in met(database, lookup("pypi", "neutron", "99.0"))]
    assert ("PYSEC-2026-686", True) in zone


def test_withdrawn_records_are_found_and_not_met(database: Database) -> None:
    (found,) = [found for found in search(database, "PYSEC-2022-42969") if found.record == "PYSEC-2022-42969"]
    assert found.withdrawn == "2026-06-09T10:43:00Z"
    assert "PYSEC-2022-42969" not in [record for record, _rule, _unplaced in met(database, lookup("pypi", "py", "1.10.0"))]


def test_every_listed_version_is_met(shared_data: Path, database: Database) -> None:
    listed: list[tuple[str, str, str]] = []
    with zipfile.ZipFile(shared_data / "feeds/osv/PyPI/all.zip") as archive:
        for name in archive.namelist()[::7]:
            record = msgspec.json.decode(archive.read(name))
            if "withdrawn" not in record:
                listed += [
                    (record["id"], one["package"]["name"], version) for one in record["affected"] for version in one.get("versions", ())
                ]
    sample = random.Random(7).sample(listed, LISTED_SAMPLE)
    lookups = [lookup("pypi", normalise_pypi(name), version) for _record, name, version in sample]
    found = {(row.coordinate_id, row.record) for row in candidates(database, lookups) if not row.unplaced}
    missed = [one for one, question in zip(sample, lookups, strict=True) if (question.coordinate_id, one[0]) not in found]
    assert missed == []


def test_secdb_is_loaded_whole(alpine: BuildResult) -> None:
    assert alpine.losses == ()
    (feed,) = alpine.status.feeds
    assert feed.covers == ("alpine:3.11", "alpine:3.3", "alpine:3.4", "alpine:3.5", "alpine:3.6", "alpine:3.7", "alpine:3.8", "alpine:3.9")
    assert (feed.captured_at, feed.completeness, feed.refused) == ("2020-06-08T00:00:00Z", "fixes_only", 0)


def test_every_cve_of_secdb_is_a_record(shared_data: Path, alpine: BuildResult) -> None:
    """Read here by the plainest rule: tokens that are CVEs."""
    named: Counter[str] = Counter()
    for path in sorted((shared_data / "feeds/native/alpine-secdb/json").glob("*/*.json")):
        for entry in msgspec.json.decode(path.read_bytes())["packages"]:
            for items in entry["pkg"]["secfixes"].values():
                named.update(
                    token for item in items for token in item.split() if token.startswith("CVE-") and token[4:].replace("-", "").isdigit()
                )
    with open_database(alpine.database) as database:
        records = {record for (record,) in database.rows("SELECT record_id FROM advisory")}
    misspelt = {"CVE-2017-17434-1", "CVE-2017-17434-2"}
    assert set(named) - misspelt <= records
    assert len(records - set(named)) < 50  # Xen's and others' own, and misspelt ones


def test_secdbs_clearings_and_several_fixes(alpine: BuildResult) -> None:
    with open_database(alpine.database) as database:
        (cleared,) = [row for row in candidates(database, [lookup("alpine:3.8", "db", "5.3.28-r0")]) if row.record == "CVE-2016-0682"]
        assert (cleared.state, cleared.raw) == ("not_affected", "0")
        busybox = {
            version: "CVE-2019-5747" in [record for record, _rule, _ in met(database, lookup("alpine:3.11", "busybox", version))]
            for version in ("1.29.3-r9", "1.29.3-r11", "1.30.1-r1", "1.30.1-r2", "1.31.1-r9")
        }
    assert busybox == {"1.29.3-r9": True, "1.29.3-r11": False, "1.30.1-r1": True, "1.30.1-r2": False, "1.31.1-r9": False}
