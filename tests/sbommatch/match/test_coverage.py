"""How much was checked."""

import pytest

from sbommatch.match.coverage import Unserved, coverage_of, unserved
from sbommatch.match.model import ComponentResult, NotChecked, Verdict
from sbommatch.sbom.component import Component, DistroStatement
from tests.sbommatch.match.made import component, document, lookup, result, target


def results() -> tuple[ComponentResult, ...]:
    return (
        result(component(None, ref="1"), Verdict.AFFECTED),
        result(component(None, ref="2", type="application"), Verdict.NO_MATCH),
        result(component(None, ref="3", type="framework"), Verdict.CLEARED),
        result(component(None, ref="4", type="platform"), Verdict.NOT_CHECKED, NotChecked.NO_VERSION),
        result(component(None, ref="5"), Verdict.NOT_CHECKED, NotChecked.NO_FEED),
        result(component(None, ref="6"), Verdict.NOT_CHECKED, NotChecked.NO_FEED),
        result(component(None, ref="7", type="file"), Verdict.AFFECTED),
    )


def test_packages_are_counted_by_verdict_and_reason() -> None:
    coverage = coverage_of(target(results()))
    assert (coverage.affected, coverage.cleared, coverage.no_match) == (1, 1, 1)
    assert coverage.not_checked == {NotChecked.NO_FEED: 2, NotChecked.NO_VERSION: 1}
    assert (coverage.checked, coverage.counted) == (3, 6)


@pytest.mark.parametrize(
    ("one", "distros"),
    [
        (component("pkg:deb/pureos/curl@7.74.0-1?distro=pureos-10"), ("pureos 10",)),
        (component("pkg:deb/pureos/curl@7.74.0-1"), ("pureos 10",)),
        (component("pkg:deb/curl@7.74.0-1"), ("pureos 10",)),
        (component("pkg:deb/curl@7.74.0-1", distro=DistroStatement("kali", "2024.1")), ("kali 2024.1",)),
        (component("pkg:deb/raspbian/curl@7.74.0-1"), ("raspbian",)),
    ],
)
def test_a_distribution_without_feeds_is_named_as_the_document_states_it(one: Component, distros: tuple[str, ...]) -> None:
    stated = document(one, distros=(DistroStatement("pureos", "10"),))
    made = target([result(one, Verdict.NOT_CHECKED, NotChecked.NO_FEED)], document=stated)
    assert unserved(made) == [Unserved(NotChecked.NO_FEED, 1, (), distros)]


def test_what_was_not_checked_is_told_apart_by_what_it_is_of() -> None:
    made = target(
        [
            result(component("pkg:maven/g/a@1"), Verdict.NOT_CHECKED, NotChecked.NO_FEED),
            result(component("pkg:npm/a@1"), Verdict.NOT_CHECKED, NotChecked.NO_FEED, lookups=(lookup("a", "npm"),), feeds=((),)),
            result(component("pkg:deb/debian/a@1?distro=debian-30"), Verdict.NOT_CHECKED, NotChecked.NO_DISTRO),
            result(component("no purl"), Verdict.NOT_CHECKED, NotChecked.NO_IDENTITY),
            result(component("pkg:deb/debian/b@1", type="file"), Verdict.NOT_CHECKED, NotChecked.NO_DISTRO),
        ]
    )
    assert unserved(made) == [
        Unserved(NotChecked.NO_DISTRO, 1, (), ("debian 30",)),
        Unserved(NotChecked.NO_FEED, 2, ("maven", "npm"), ()),
        Unserved(NotChecked.NO_IDENTITY, 1, (), ()),
    ]
