"""Vulnerability groups."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from sbommatch.store.groups import Groups, Naming, group, is_cve


def naming(record: str, *aliases: str, feed: str = "f", upstream: tuple[str, ...] = (), withdrawn: bool = False) -> Naming:
    cves = tuple(sorted({name for name in (record, *aliases, *upstream) if is_cve(name)}))
    return Naming(feed, record, aliases, cves, withdrawn)


def shown(groups: Groups, record: str, feed: str = "f") -> list[tuple[str, tuple[str, ...]]]:
    """Display and identifiers of each group of a record."""
    return [(groups.display[number - 1], groups.ids[number - 1]) for number in groups.of_record[feed, record]]


def test_aliases_join_over_records() -> None:
    groups = group([naming("PYSEC-1", "CVE-1", "GHSA-a"), naming("GO-1", "GHSA-a"), naming("OTHER-1")])
    assert shown(groups, "PYSEC-1") == shown(groups, "GO-1") == [("CVE-1", ("CVE-1", "GHSA-a", "GO-1", "PYSEC-1"))]
    assert shown(groups, "OTHER-1") == [("OTHER-1", ("OTHER-1",))]


def test_the_display_identifier_is_the_cve_else_the_ghsa_else_the_feeds_own() -> None:
    assert shown(group([naming("A-1", "GHSA-b", "GHSA-a", "CVE-1")]), "A-1")[0][0] == "CVE-1"
    assert shown(group([naming("A-1", "GHSA-b", "GHSA-a")]), "A-1")[0][0] == "GHSA-a"
    assert shown(group([naming("PYSEC-1", "BDSA-1")]), "PYSEC-1")[0][0] == "PYSEC-1"


def test_a_record_of_several_cves_is_in_several_groups_and_joins_none() -> None:
    groups = group([naming("RUSTSEC-1", "CVE-1", "CVE-2", "GHSA-x"), naming("GO-1", "CVE-2")])
    assert shown(groups, "RUSTSEC-1") == [("CVE-1", ("CVE-1", "RUSTSEC-1")), ("CVE-2", ("CVE-2", "GO-1", "RUSTSEC-1"))]
    assert not any("GHSA-x" in ids for ids in groups.ids)


def test_a_record_that_names_a_record_of_several_cves_is_not_glued_to_one() -> None:
    groups = group([naming("RUSTSEC-1", "CVE-1", "CVE-2"), naming("GHSA-x", "RUSTSEC-1"), naming("GO-1", "RUSTSEC-1", "CVE-1")])
    assert shown(groups, "GHSA-x") == [("GHSA-x", ("GHSA-x",))]
    assert shown(groups, "GO-1") == [("CVE-1", ("CVE-1", "GO-1", "RUSTSEC-1"))]


def test_a_join_of_two_cves_is_refused() -> None:
    groups = group([naming("A-1", "CVE-1", "GHSA-x"), naming("B-1", "CVE-2", "GHSA-x")])
    assert shown(groups, "A-1") == [("CVE-1", ("A-1", "CVE-1", "GHSA-x"))]
    assert shown(groups, "B-1") == [("CVE-2", ("B-1", "CVE-2"))]


def test_a_records_own_cve_comes_before_what_others_say_of_it() -> None:
    groups = group([naming("A-1", "CVE-1", "Z-1"), naming("Z-1", "CVE-2")])
    assert shown(groups, "Z-1") == [("CVE-2", ("CVE-2", "Z-1"))]


def test_withdrawn_records_do_not_stand_in_the_way() -> None:
    groups = group([naming("A-1", "CVE-1", "GHSA-x", withdrawn=True), naming("B-1", "CVE-2", "GHSA-x")])
    assert shown(groups, "B-1") == [("CVE-2", ("B-1", "CVE-2", "GHSA-x"))]


def test_upstream_joins_nothing() -> None:
    groups = group([naming("DSA-1", upstream=("CVE-1",)), naming("DSA-2", upstream=("CVE-1", "CVE-2")), naming("CVE-2")])
    assert shown(groups, "DSA-1") == [("CVE-1", ("CVE-1", "DSA-1", "DSA-2"))]
    assert [display for display, _ in shown(groups, "DSA-2")] == ["CVE-1", "CVE-2"]


def test_one_identifier_in_two_feeds_is_two_records() -> None:
    groups = group(
        [naming("GHSA-x", "CVE-1", feed="osv-npm"), naming("GHSA-x", "CVE-1", "CVE-2", feed="osv-pypi"), naming("GHSA-x", feed="other")]
    )
    assert [display for display, _ in shown(groups, "GHSA-x", "osv-npm")] == ["CVE-1"]
    assert [display for display, _ in shown(groups, "GHSA-x", "osv-pypi")] == ["CVE-1", "CVE-2"]
    assert [display for display, _ in shown(groups, "GHSA-x", "other")] == ["GHSA-x"]


NAMES = st.sampled_from(["CVE-1", "CVE-2", "CVE-3", "GHSA-a", "GHSA-b", "A-1", "A-2", "B-1", "B-2"])
NAMINGS = st.lists(
    st.builds(
        lambda record, aliases, withdrawn: naming(record, *aliases, withdrawn=withdrawn), NAMES, st.lists(NAMES, max_size=4), st.booleans()
    ),
    max_size=8,
    unique_by=lambda one: one.record,
)


@given(NAMINGS, st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_groups_have_one_cve_at_most_and_do_not_depend_on_the_order(namings: list[Naming], order: random.Random) -> None:
    groups = group(namings)
    for ids, display in zip(groups.ids, groups.display, strict=True):
        cves = [identifier for identifier in ids if is_cve(identifier)]
        assert len(cves) <= 1
        assert display in ids
        assert not cves or is_cve(display)
    for one in namings:
        numbers = groups.of_record[one.feed, one.record]
        assert numbers
        assert is_cve(one.record) or all(one.record in groups.ids[number - 1] for number in numbers)
        assert {cve for number in numbers for cve in groups.ids[number - 1]} >= set(one.cves)
    shuffled = list(namings)
    order.shuffle(shuffled)
    assert group(shuffled) == groups
