"""What real feeds say, by state, once it is loaded: counted in the sources by other means where they can be."""

from pathlib import Path

import pytest

from sbommatch.store.build import build
from sbommatch.store.check import check_database
from sbommatch.store.open import open_database
from sbommatch.store.queries import without_rows
from sbommatch.supply.sources import sources_of

STATES = """
SELECT CASE WHEN withdrawn IS NOT NULL THEN 'withdrawn' WHEN state = 'not_affected' THEN 'cleared' ELSE fix_state END,
    count(DISTINCT advisory_id)
FROM advisory JOIN affected USING (advisory_id) GROUP BY 1
"""
WITH_ROWS = "SELECT count(DISTINCT advisory_id) FROM advisory JOIN affected USING (advisory_id) WHERE withdrawn IS NULL"
FIXTURES = "fixtures/aquasecurity+vuln-list-update"
VULS = "fixtures/MaineK00n+vuls-data-update/pkg/fetch"
VUNNEL = "fixtures/anchore+vunnel/tests/unit/providers"


@pytest.mark.parametrize(
    ("feed", "path", "refused", "states"),
    [
        # `"0": ["CVE-2016-0682 CVE-2016-0689 …"]` of db is all that secdb clears
        pytest.param("alpine-secdb", "alpine-secdb/json", 0, {"fixed": 2438, "unknown": 26, "cleared": 5}, marks=pytest.mark.long),
        ("arch", f"{VUNNEL}/arch/test-fixtures/input/arch-advisories/all.json", 0, {"fixed": 4, "not_fixed": 1}),
        ("azure-oval", "azure-oval/azurelinux-3.0-oval.xml.gz", 0, {"fixed": 1885, "unknown": 2}),
        ("photon-oval", "photon-oval/com.vmware.phsa-photon3.xml.gz", 0, {"fixed": 222}),
        ("oracle-oval", f"{FIXTURES}/oracle/oval/testdata/all-positive-data.xml.bz2", 0, {"fixed": 14}),
        ("amazon-updateinfo", f"{FIXTURES}/amazon/testdata/fixtures/updateinfo_AL2023.xml.gz", 0, {"fixed": 1}),
        ("rocky-updateinfo", f"{FIXTURES}/rocky/testdata/fixtures/happy/updateinfo.xml", 0, {"fixed": 3}),
        # of ELA-669-1 the ranges are an object
        pytest.param("debian-elts", "debian-elts/advisories.tar.zst", 1, {"fixed": 1711}, marks=pytest.mark.long),
        pytest.param(
            "rubysec",
            "ruby-advisory-db/ruby-advisory-db.tar.zst",
            0,
            {"fixed": 1084, "not_fixed": 89, "unknown": 4},
            marks=pytest.mark.long,
        ),
        # thirteen `withdrawn = "…"` in the front matter
        ("rustsec", "rustsec/advisory-db.tar.zst", 0, {"fixed": 709, "not_fixed": 474, "unknown": 9, "withdrawn": 13}),
        # four lines `withdrawn:`
        pytest.param("govulndb", "govulndb/reports.tar.zst", 0, {"fixed": 1035, "unknown": 462, "withdrawn": 4}, marks=pytest.mark.long),
        ("ubuntu-openvex", f"{VUNNEL}/ubuntu/test-fixtures/vex", 0, {"cleared": 2, "eol": 1, "wont_fix": 1}),
        ("csaf", "fixtures/quay+claircore/rhel/vex/testdata", 0, {"fixed": 3, "not_fixed": 1, "wont_fix": 4, "cleared": 7}),
        ("ghsa", "fixtures/ossf+osv-schema/tools/ghsa", 11, {"fixed": 7, "unknown": 3, "withdrawn": 1}),
        ("openvex", "openvex/openvex+vexctl", 0, {"cleared": 2}),
        ("osv-opam", f"{VULS}/ocaml/osv/testdata/fixtures/happy/all.zip", 0, {"fixed": 1}),
        ("osv-bellsoft", f"{VULS}/bellsoft/hardened-containers/osv/testdata/fixtures/happy/all.zip", 0, {"fixed": 1}),
    ],
)
def test_every_state_that_a_format_has_is_loaded_and_the_counts_add_up(
    tmp_path: Path, shared_data: Path, feed: str, path: str, refused: int, states: dict[str, int]
) -> None:
    built = build(sources_of([f"{feed}={shared_data}/feeds/native/{path}@2026-08-21"]), tmp_path / "db.json")
    (status,) = built.status.feeds
    with open_database(built.database) as database:
        assert dict(database.rows(STATES)) == states
        [(with_rows,)] = database.rows(WITH_ROWS)
        assert status.advisories == with_rows + status.withdrawn + without_rows(database).get(feed, 0)
    assert (status.refused, len(built.losses), status.withdrawn) == (refused, refused, states.get("withdrawn", 0))
    assert [fault for checked in check_database(built.database) for fault in checked.faults] == []
