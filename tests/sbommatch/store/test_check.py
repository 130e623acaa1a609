"""`check` finds what is wrong, each kind of fault by its own check."""

from pathlib import Path

import duckdb
import pytest

from sbommatch.store.build import BuildOptions, build, update
from sbommatch.store.check import check_database
from sbommatch.store.files import checksum, checksum_file
from sbommatch.supply.declarations import feeds_folder
from sbommatch.supply.sources import sources_of
from tests.sbommatch.store.made import below, osv, write_zip

DEMO = [f"{name}={feeds_folder()}/demo/{name}" for name in ("osv-pypi", "alpine-secdb")]


def faulty(path: Path) -> list[str]:
    """Names of the checks that found something."""
    return [checked.name for checked in check_database(path) if checked.faults]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("demo")
    return build(sources_of(DEMO), folder / "pointer.json").database.read_bytes()


def changed(folder: Path, demo: bytes, sql: str) -> Path:
    """A database that somebody wrote to, and whose checksum they renewed."""
    path = folder / "db.duckdb"
    path.write_bytes(demo)
    with duckdb.connect(str(path)) as connection:
        connection.execute(sql)
    checksum_file(path).write_text(f"{checksum(path)}  {path.name}\n")
    return path


def test_what_was_built_and_updated_is_right(tmp_path: Path) -> None:
    first = build(sources_of(DEMO), tmp_path / "pointer.json")
    assert faulty(tmp_path / "pointer.json") == []
    path = write_zip(tmp_path / "all.zip", [osv("X-1", events=below("1.0")), osv("X-2", events=below("none"))])
    second = update(sources_of([f"osv-pypi={path}@2026-09-01"]), tmp_path / "pointer.json", BuildOptions(accept_shrink=True))
    assert (faulty(first.database), faulty(second.database)) == ([], [])


def test_a_file_that_is_not_as_written_is_found(tmp_path: Path, demo: bytes) -> None:
    path = changed(tmp_path, demo, "SELECT 1")
    assert faulty(path) == []
    with path.open("ab") as stream:
        stream.write(b"\0" * 8)
    assert faulty(path) == ["the file has the checksum that is kept beside it"]
    checksum_file(path).unlink()
    assert faulty(path) == ["the file has the checksum that is kept beside it"]


NEW_ROW = "INSERT INTO affected_row SELECT * REPLACE ({}) FROM affected_row LIMIT 1"


@pytest.mark.parametrize(
    ("sql", "check"),
    [
        ("UPDATE affected_row SET hi = lo WHERE rowid = 0", "every interval ends above where it begins"),
        ("UPDATE affected_row SET lo = NULL, events = NULL WHERE rowid = 0", "a row has an interval, a listed version or events"),
        ("UPDATE affected_row SET fix = NULL", "plain rows have a fix"),
        (NEW_ROW.format("9999 AS advisory_id"), "every row is of a record"),
        (NEW_ROW.format("9999 AS pkg_id"), "every row is of a package"),
        ("UPDATE advisory SET last_snapshot = first_snapshot WHERE advisory_id = 1", "standing rows are of records that stand"),
        ("INSERT INTO advisory SELECT * FROM advisory WHERE advisory_id = 1", "a record stands in one version at most"),
        ("UPDATE advisory SET record_id = 'X', feed = 'osv-pypi'", "a record has one number"),
        ("DELETE FROM advisory_group WHERE advisory_id = 1", "every record that stands is in a group"),
        ("INSERT INTO advisory_group VALUES (1, 99999)", "groups are of records that stand"),
        ("UPDATE identifier SET display = TRUE", "a group has one CVE at most, and one name to show"),
        ("INSERT INTO package SELECT * FROM package LIMIT 1", "packages are named and numbered once"),
        ("UPDATE snapshot SET snapshot_id = 5 WHERE snapshot_id = 2", "snapshots are numbered without gaps"),
        ("UPDATE affected_row SET first_snapshot = 3 - first_snapshot", "rows are of snapshots of their feed, in order"),
        ("UPDATE affected_row SET pkg_id = 3 WHERE rowid = 0", "rows lie sorted as far as stated"),
        ("UPDATE snapshot SET affected = affected + 1", "the counts of the feeds are those of their rows"),
        ("UPDATE affected_row SET hi = '\\x01\\x02'::BLOB", "keys are those that this release makes (of 2000 rows at most)"),
    ],
)
def test_each_fault_is_found_by_its_check(tmp_path: Path, demo: bytes, sql: str, check: str) -> None:
    assert check in faulty(changed(tmp_path, demo, sql))


def test_a_fault_names_rows(tmp_path: Path, demo: bytes) -> None:
    (checked,) = [one for one in check_database(changed(tmp_path, demo, "UPDATE affected_row SET hi = lo")) if "interval ends" in one.name]
    (fault,) = checked.faults
    assert fault.startswith("42 rows, such as (")
