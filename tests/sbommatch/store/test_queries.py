"""What the database answers."""

import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from sbommatch.advisory import FixState, NameKind, State
from sbommatch.errors import UsageError
from sbommatch.store.build import build
from sbommatch.store.model import Candidate, Lookup
from sbommatch.store.open import open_database
from sbommatch.store.queries import candidates, coverage, groups_of, records_of, search, spoken_of
from sbommatch.supply.sources import sources_of
from sbommatch.versions import SCHEME_BY_NAME
from sbommatch.versions.pypi import PypiScheme
from sbommatch.versions.scheme import KeyDeclined
from tests.sbommatch.store.made import below, build_osv, lookup, osv, write_zip

WINDOW = [("introduced", "1.0"), ("fixed", "2.0")]
VECTOR = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H"


def go_record() -> dict[str, Any]:
    """A record whose own ranges say nothing."""
    record = osv("GO-1", "example.org/m", "Go", events=[("introduced", "0")])
    events = [{"introduced": "0"}, {"fixed": "1.2.1-0.20231016150651-428517fef5b9"}]
    record["affected"][0]["ecosystem_specific"] = {"custom_ranges": [{"type": "ECOSYSTEM", "events": events}]}
    return record


PYPI = [
    osv("W-1", "window", events=WINDOW),
    osv("L-1", "listed", versions=["1.0", "0.1-Bulbasaur"]),
    osv("N-1", "none", events=below("9.0"), versions=["(devel)"]),
    osv("N-2", "none", events=below("9.0")),
    osv("Z-1", "zone", events=[("introduced", "1.0"), ("last_affected", "2.6.0-NA")], versions=["2.5"]),
    osv("C-1", "compared", events=[*WINDOW, ("introduced", "3.0"), ("fixed", "4.0")]),
    osv("C-2", "compared", events=[("introduced", "0"), ("last_affected", "9-NA")]),
    osv("C-3", "compared", events=below("1.0")),
    osv("G-1", "gone", events=below("2.0"), withdrawn="2026-06-09T10:43:00Z"),
    *(osv(f"P-{number}", f"p{number % 3}", events=below("2.0")) for number in range(9)),
    osv("USN-1", "channel", ecosystem="Ubuntu:Pro:16.04:LTS", events=below("1.0-1")),
    osv("ALSA-1", "module", ecosystem="AlmaLinux:8", events=below("1.0-2.module_el8.3.0+1"), summary="a:1 update"),
    osv("ALSA-2", "module", ecosystem="AlmaLinux:8", events=below("1.0-2.module_el8.3.0+1"), summary="update"),
    osv("ALSA-3", "module", ecosystem="AlmaLinux:8", events=below("1.0-2.el8")),
    osv("ALSA-4", "epoch", ecosystem="AlmaLinux:8", events=below("2:1.0-2.el8")),
    osv("ALSA-5", "epoch", ecosystem="AlmaLinux:8", events=below("1.0-2.el8")),
    osv("S-1", "zope.interface", events=below("1.0"), aliases=["CVE-2024-0001"]),
    osv("S-2", "other", aliases=["CVE-2024-0001"], related=["XSA-9"]),
    osv("S-3", "Zope_Interface", events=below("2.0"), withdrawn="2026-01-01T00:00:00Z"),
    osv("S-4", "github.com/a/B", "Go", events=below("1.0.0")),
    osv("S-5", "muslin", "Alpine:v3.11", events=below("1.1-r0")),
    go_record(),
]

SECDB = {
    "musl": {"1.1.23-r2": ["CVE-2019-14697"]},
    "busybox": {"1.30.1-r2": ["CVE-2019-5747"], "1.29.3-r10": ["CVE-2019-5747"]},
    "db": {"0": ["CVE-2016-0682"], "5.3-r1": ["CVE-2017-0001"]},
}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pointer to a database with something of each kind."""
    folder = tmp_path_factory.mktemp("world")
    write_zip(folder / "all.zip", PYPI)
    packages = [{"pkg": {"name": name, "secfixes": fixes}} for name, fixes in SECDB.items()]
    (folder / "main.json").write_bytes(msgspec.json.encode({"distroversion": "v3.11", "packages": packages}))
    sources = sources_of([f"osv-pypi={folder}/all.zip@2026-08-21", f"alpine-secdb={folder}/main.json@2026-08-20"])
    build(sources, folder / "pointer.json")
    return folder / "pointer.json"


def met(pointer: Path, *lookups: Lookup) -> list[Candidate]:
    with open_database(pointer) as database:
        return candidates(database, lookups)


def versions_met(pointer: Path, namespace: str, name: str, versions: Iterable[str]) -> set[str]:
    """Those of the versions that a row meets."""
    lookups = {lookup(namespace, name, version).coordinate_id: version for version in versions}
    rows = met(pointer, *(lookup(namespace, name, version) for version in lookups.values()))
    return {lookups[row.coordinate_id] for row in rows}


def shown(rows: Iterable[Candidate]) -> list[tuple[str, str, bool]]:
    return [(row.record, row.rule, row.unplaced) for row in rows]


def test_a_version_in_an_interval_is_met(world: Path) -> None:
    question = lookup("pypi", "window", "1.5")
    (row,) = met(world, question)
    assert row == Candidate(
        coordinate_id=question.coordinate_id,
        namespace="pypi",
        name="window",
        advisory_id=row.advisory_id,
        feed="osv-pypi",
        record="W-1",
        state="affected",
        fix_state=FixState.FIXED,
        fix="2.0",
        raw=">=1.0,<2.0",
        rule="interval",
        exact=True,
    )


def test_intervals_are_half_open_in_the_ecosystems_order(world: Path) -> None:
    versions = ("0.9", "1.0.dev1", "1.0", "1.9.9", "2.0rc1", "2.0", "2.0+cu1")
    assert versions_met(world, "pypi", "window", versions) == {"1.0", "1.9.9", "2.0rc1"}


def test_only_the_same_namespace_name_kind_and_scheme_meet(world: Path) -> None:
    assert shown(met(world, lookup("alpine:3.11", "musl", "1.1.22-r3"))) == [("CVE-2019-14697", "interval", False)]
    others = (
        lookup("alpine:3.12", "musl", "1.1.22-r3"),
        lookup("alpine:3.11", "musl-dev", "1.1.22-r3"),
        lookup("alpine:3.11", "musl", "1.1.22-r3", name_kind=NameKind.BINARY),
        lookup("alpine:3.11", "musl", "1.1.22-r3", scheme="deb"),
        lookup("alpine:3.11", "musl", "1.1.22-r3", module="nodejs:18"),
    )
    assert met(world, *others) == []


def test_an_architecture_excludes_only_where_both_state_one(world: Path) -> None:
    assert met(world, lookup("alpine:3.11", "musl", "1.1.22-r3", arch="x86_64"))


def test_rows_of_a_channel_come_with_it_whoever_asks(world: Path) -> None:
    for channels in ((), ("esm", "pro")):
        (row,) = met(world, lookup("ubuntu:16.04", "channel", "0.9-1", channels=channels))
        assert (row.record, row.channel, row.state) == ("USN-1", "pro", "affected")


def test_a_fix_of_a_channel_is_met_by_lookups_of_that_channel(world: Path) -> None:
    (row,) = met(world, lookup("ubuntu:16.04", "channel", "1.0-1", channels=("esm", "pro")))
    assert (row.record, row.channel, row.state) == ("USN-1", "pro", "fixed")
    assert met(world, lookup("ubuntu:16.04", "channel", "1.0-1", channels=("fips",))) == []
    assert met(world, lookup("ubuntu:16.04", "channel", "1.0-1")) == []


def alma(name: str, version: str, **fields: Any) -> Lookup:
    return lookup("almalinux:8", name, version, **{"name_kind": NameKind.BINARY} | fields)


@pytest.mark.parametrize(
    ("module", "expected"),
    [
        ("a:1", [("ALSA-1", "interval", True), ("ALSA-2", "module_assumed", False)]),
        ("a:2", [("ALSA-2", "module_assumed", False)]),
        ("*", [("ALSA-1", "interval", True), ("ALSA-2", "interval", True)]),
        (None, [("ALSA-3", "interval", True)]),
    ],
)
def test_a_row_of_a_module_is_for_packages_of_that_module(world: Path, module: str | None, expected: list[tuple[str, str, bool]]) -> None:
    rows = met(world, alma("module", "1.0-1.el8", module=module))
    assert [(row.record, row.rule, row.exact) for row in rows] == expected


def test_records_of_tell_rows_of_other_modules_apart_when_asked(world: Path) -> None:
    question = alma("module", "1.0-1.el8", module="a:2")
    with open_database(world) as database:
        assert {row.record for row in records_of(database, question)} == {"ALSA-2"}
        rows = records_of(database, question, with_others=True)
    assert {(row.record, row.module, row.applies) for row in rows} == {
        ("ALSA-1", "a:1", False),
        ("ALSA-2", "*", True),
        ("ALSA-3", None, False),
    }


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("1.0-1.el8", [("ALSA-4", "epoch_assumed", False), ("ALSA-5", "compare", True)]),
        ("1.0-2.el8", []),
    ],
)
def test_an_epoch_that_nobody_knows_is_that_of_the_bound(world: Path, version: str, expected: list[tuple[str, str, bool]]) -> None:
    rows = met(world, alma("epoch", version, key=None, assumes=("epoch_assumed",)))
    assert [(row.record, row.rule, row.exact) for row in rows] == expected
    assert [row.record for row in met(world, alma("epoch", version))] == ["ALSA-4", "ALSA-5"][: 2 - (version == "1.0-2.el8")]


def test_what_is_spoken_of_is_known_whatever_the_version(world: Path) -> None:
    asked = [lookup("alpine:3.11", "musl", "99-r0"), lookup("pypi", "gone", "1.0"), lookup("ubuntu:16.04", "channel", "0.9-1")]
    with open_database(world) as database:
        assert spoken_of(database, asked) == (frozenset({"CVE-2019-14697"}), frozenset(), frozenset())
        assert spoken_of(database, []) == ()


def test_listed_versions_are_met_by_their_key_or_their_text(world: Path) -> None:
    assert versions_met(world, "pypi", "listed", ("1.0.0", "1.0+local", "0.1-bulbasaur", "0.2-bulbasaur", "1.1")) == {
        "1.0.0",
        "1.0+local",
        "0.1-bulbasaur",
    }
    assert {rule for _, rule, _ in shown(met(world, lookup("pypi", "listed", "1.0"), lookup("pypi", "listed", "0.1-BULBASAUR")))} == {
        "listed"
    }


def test_a_version_that_is_none_meets_only_its_own_text(world: Path) -> None:
    assert shown(met(world, lookup("pypi", "none", "(devel)"))) == [("N-1", "listed", False)]


def test_an_open_zone_is_unplaced_for_what_is_in_it(world: Path) -> None:
    assert shown(met(world, lookup("pypi", "zone", "2.0"))) == [("Z-1", "interval", True)]
    assert shown(met(world, lookup("pypi", "zone", "2.5"))) == [("Z-1", "interval", True), ("Z-1", "listed", False)]
    assert met(world, lookup("pypi", "zone", "0.9")) == []


def test_go_custom_ranges_are_named(world: Path) -> None:
    assert shown(met(world, lookup("golang", "example.org/m", "v1.2.0"))) == [("GO-1", "go_custom_ranges", False)]
    assert met(world, lookup("golang", "example.org/m", "v1.2.1")) == []


def test_a_version_without_a_key_is_settled_by_compare(world: Path) -> None:
    question = lookup("pypi", "compared", "3.5", key=None)
    assert shown(met(world, question)) == [("C-1", "compare", False), ("C-2", "compare", True)]


def test_a_bound_without_a_key_is_settled_by_compare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    original = PypiScheme.key

    def declining(self: PypiScheme, version: str) -> bytes:
        if version == "2.0":
            raise KeyDeclined(version)
        return original(self, version)

    monkeypatch.setattr(PypiScheme, "key", declining)
    result = build_osv(tmp_path, osv("X-1", events=below("2.0")))
    assert result.status.feeds[0].unkeyed == 1
    assert shown(met(tmp_path / "pointer.json", lookup("pypi", "demo", "1.0"))) == [("X-1", "compare", False)]
    assert met(tmp_path / "pointer.json", lookup("pypi", "demo", "2.1")) == []


def test_several_fixes_of_secdb(world: Path) -> None:
    versions = ("1.28.0-r0", "1.29.3-r9", "1.29.3-r10", "1.29.3-r11", "1.30.1-r1", "1.30.1-r2")
    assert versions_met(world, "alpine:3.11", "busybox", versions) == {"1.28.0-r0", "1.29.3-r9", "1.30.1-r1"}


def test_withdrawn_records_are_no_candidates_and_are_seen_by_the_others(world: Path) -> None:
    question = lookup("pypi", "gone", "1.0")
    assert met(world, question) == []
    with open_database(world) as database:
        (row,) = records_of(database, question)
        (found,) = search(database, "G-1")
    assert (row.withdrawn, row.met) == ("2026-06-09T10:43:00Z", True)
    assert found.withdrawn == "2026-06-09T10:43:00Z"


def test_candidates_come_in_the_order_of_the_lookups_and_are_sorted(world: Path) -> None:
    rows = met(world, *(lookup("pypi", f"p{number}", "1.0") for number in (2, 0, 1)))
    assert [(row.name, row.record) for row in rows] == [
        ("p2", "P-2"), ("p2", "P-5"), ("p2", "P-8"),
        ("p0", "P-0"), ("p0", "P-3"), ("p0", "P-6"),
        ("p1", "P-1"), ("p1", "P-4"), ("p1", "P-7"),
    ]  # fmt: skip
    assert met(world) == []


def test_the_join_agrees_with_comparing_each_pair(tmp_path: Path) -> None:
    chance = random.Random(5)
    versions = [f"{chance.randrange(4)}.{chance.randrange(4)}{chance.choice(['', 'rc1', '.post1', '.dev1'])}" for _ in range(60)]
    windows = [(chance.choice(versions), chance.choice(versions)) for _ in range(80)]
    records = [osv(f"X-{number}", f"p{number % 5}", events=[("introduced", lo), ("fixed", hi)]) for number, (lo, hi) in enumerate(windows)]
    build_osv(tmp_path, *records)
    questions = [lookup("pypi", f"p{number % 5}", version) for number, version in enumerate(versions)]
    found = {(row.name, row.coordinate_id, row.record) for row in met(tmp_path / "pointer.json", *questions)}
    compare = SCHEME_BY_NAME["pypi"].compare
    for question in questions:
        for number, (introduced, fixed) in enumerate(windows):
            inside = compare(question.raw_version, introduced) >= 0
            if compare(introduced, fixed) <= 0:  # else read as the standard does: everything from the introduction on
                inside = inside and compare(question.raw_version, fixed) < 0
            expected = inside and question.name == f"p{number % 5}"
            assert ((question.name, question.coordinate_id, f"X-{number}") in found) is expected, (question.raw_version, introduced, fixed)


def test_records_of_a_package_are_all_of_its_rows(world: Path) -> None:
    with open_database(world) as database:
        rows = records_of(database, lookup("alpine:3.11", "db", "5.3-r2"))
    assert [(row.record, row.state, row.fix, row.met, row.raw) for row in rows] == [
        ("CVE-2016-0682", State.NOT_AFFECTED, None, True, "0"),
        ("CVE-2017-0001", State.AFFECTED, "5.3-r1", False, "<5.3-r1"),
    ]


def test_records_of_settle_by_compare_what_has_no_key(world: Path) -> None:
    with open_database(world) as database:
        rows = records_of(database, lookup("pypi", "compared", "3.5", key=None))
    assert [(row.record, row.met) for row in rows if row.met] == [("C-1", True)]
    assert {row.record for row in rows} == {"C-1", "C-2", "C-3"}


def test_groups_carry_what_all_their_standing_records_say(tmp_path: Path) -> None:
    build_osv(
        tmp_path,
        osv("X-1", events=below("1.0"), aliases=["CVE-2024-0001"], references=[{"url": "https://example.org/b"}]),
        osv(
            "X-2",
            "other",
            aliases=["CVE-2024-0001"],
            severity=[{"type": "CVSS_V3", "score": VECTOR}],
            references=[{"url": "https://example.org/a"}],
        ),
        osv("X-3", "gone", aliases=["CVE-2024-0001"], withdrawn="2026-01-01T00:00:00Z", database_specific={"severity": "LOW"}),
        osv("X-4", "more", aliases=["CVE-2024-0001", "CVE-2024-0002"]),
    )
    with open_database(tmp_path / "pointer.json") as database:
        groups = groups_of(database, [1, 4])
        assert groups_of(database, []) == groups_of(database, [99]) == {}
    (group,) = groups[1]
    assert (group.display, group.ids) == ("CVE-2024-0001", ("CVE-2024-0001", "X-1", "X-2", "X-3", "X-4"))
    assert [(one.value, one.score, one.level) for one in group.severities] == [(VECTOR, 7.5, "high")]
    assert group.links == ("https://example.org/a", "https://example.org/b")
    assert [one.display for one in groups[4]] == ["CVE-2024-0001", "CVE-2024-0002"]
    assert groups[4][0] == group


def test_coverage_is_what_the_feeds_speak_for(world: Path) -> None:
    with open_database(world) as database:
        feed, other = coverage(database)
    assert (feed.name, feed.covers, feed.completeness, feed.proof, feed.captured_at) == (
        "alpine-secdb",
        ("alpine:3.11",),
        "fixes_only",
        "whole feed",
        "2026-08-20T00:00:00Z",
    )
    assert (other.name, other.covers) == ("osv-pypi", ("pypi",))


@pytest.mark.parametrize(
    ("wanted", "records"),
    [
        ("S-1", ["S-1", "S-2"]),
        ("s-3", ["S-3"]),
        (" CVE-2024-0001 ", ["S-1", "S-2"]),
        ("cve-2024-0001", ["S-1", "S-2"]),
        ("XSA-9", ["S-2"]),
        ("Zope.Interface", ["S-1", "S-3"]),
        ("zope-interface", ["S-1", "S-3"]),
        ("pypi/zope.interface", ["S-1", "S-3"]),
        ("pkg:pypi/Zope.Interface@1.0", ["S-1", "S-3"]),
        ("pkg:golang/github.com/a/B@v1.0.0", ["S-4"]),
        ("github.com/a/B", ["S-4"]),
        ("golang/github.com/a/B", ["S-4"]),
        ("alpine:3.11/muslin", ["S-5"]),
        ("alpine/muslin", ["S-5"]),
        ("pkg:apk/alpine/muslin@1.1?distro=3.11", ["S-5"]),
        ("npm/zope-interface", []),
        ("nothing", []),
        ("", []),
    ],
)
def test_search_finds_by_any_identifier_of_the_vulnerability_or_by_package(world: Path, wanted: str, records: list[str]) -> None:
    with open_database(world) as database:
        assert [found.record for found in search(database, wanted)] == records


def test_a_record_is_found_with_all_that_it_affects_and_a_package_with_its_own_rows(tmp_path: Path) -> None:
    record = osv("X-1", "one", events=below("1.0"), summary="A flaw", published="2026-01-01T00:00:00Z")
    record["affected"].append(osv("", "two", events=below("2.0"))["affected"][0])
    build_osv(tmp_path, record)
    with open_database(tmp_path / "pointer.json") as database:
        (by_id,), (by_package,) = search(database, "X-1"), search(database, "two")
    assert [(row.name, row.raw) for row in by_id.affected] == [("one", "<1.0"), ("two", "<2.0")]
    assert [(row.name, row.raw) for row in by_package.affected] == [("two", "<2.0")]
    assert (by_id.summary, by_id.published, by_id.ids) == ("A flaw", "2026-01-01T00:00:00Z", ("X-1",))


def test_a_purl_that_is_none_is_wrong_usage(world: Path) -> None:
    with open_database(world) as database, pytest.raises(UsageError):
        search(database, "pkg:")
