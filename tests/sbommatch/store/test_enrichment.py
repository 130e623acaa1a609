"""What feeds say without naming a package: exploitation, severities, ends of support."""

from pathlib import Path

import pytest

from sbommatch.advisory import EndOfLife, Enrichment, Epss, Kev, Severity
from sbommatch.errors import FeedError
from sbommatch.formats._format import Read
from sbommatch.store.build import BuildResult, build
from sbommatch.store.model import Group
from sbommatch.store.open import open_database
from sbommatch.store.queries import candidates, end_of_life, groups_of
from sbommatch.supply.sources import sources_of
from tests.sbommatch.store.made import Said, below, lookup, osv, saying, write_zip

CVE = "CVE-2024-0001"
VECTOR = Severity("CVSS_V3", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H", "nvd")


@pytest.fixture
def said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> "type[Built]":
    class Here(Built):
        folder = tmp_path
        patch = monkeypatch

    return Here


class Built:
    """A database of one PyPI record of CVE-2024-0001 and of what else is said."""

    folder: Path
    patch: pytest.MonkeyPatch

    def __init__(self, *parts: Read) -> None:
        saying(self.patch, "alpine-secdb", Said(*parts))
        zipped = write_zip(self.folder / "all.zip", [osv("X-1", events=below("2.0"), aliases=[CVE], references=[{"url": "https://a"}])])
        (self.folder / "said.json").write_bytes(b"{}")
        sources = sources_of([f"osv-pypi={zipped}@2026-08-21", f"alpine-secdb={self.folder}/said.json"])
        self.result: BuildResult = build(sources, self.folder / "pointer.json")

    def group(self) -> Group:
        with open_database(self.folder / "pointer.json") as database:
            (row,) = candidates(database, [lookup("pypi", "demo", "1.0")])
            ((group,),) = groups_of(database, [row.advisory_id]).values()
            return group


def enrichment(**fields: object) -> Enrichment:
    return Enrichment(**{"id": CVE, "feed": "alpine-secdb"} | fields)  # type: ignore[arg-type]


def test_exploitation_and_severities_join_the_group(said: type[Built]) -> None:
    kev, epss = Kev("2024-02-01", "2024-02-22", ransomware=True), Epss(0.97321, 0.99912, "2026-08-20")
    built = said(enrichment(kev=kev, epss=epss, severities=(VECTOR,)), enrichment(id="CVE-2024-9999", kev=Kev("2020-01-01")))
    group = built.group()
    assert (group.kev, group.epss, group.links) == (kev, epss, ("https://a",))
    assert [(one.source, one.score, one.level) for one in group.severities] == [("nvd", 7.5, "high")]
    state = built.result.status.feeds[0]
    assert (state.name, state.advisories, state.enrichments, state.end_of_life) == ("alpine-secdb", 0, 2, 0)


def test_a_group_of_which_nothing_is_said_has_neither(said: type[Built]) -> None:
    group = said(enrichment(id="CVE-2024-9999", epss=Epss(0.5))).group()
    assert (group.kev, group.epss, group.severities) == (None, None, ())


def test_any_identifier_of_the_group_will_do(said: type[Built]) -> None:
    assert said(enrichment(id="X-1", kev=Kev("2024-02-01"))).group().kev == Kev("2024-02-01")


def test_several_words_on_one_identifier_stand_together_and_the_later_counts(said: type[Built]) -> None:
    group = said(enrichment(kev=Kev("2024-02-01")), enrichment(epss=Epss(0.1)), enrichment(epss=Epss(0.2))).group()
    assert (group.kev, group.epss) == (Kev("2024-02-01"), Epss(0.2))


def test_of_several_identifiers_of_a_group_the_first_entry_and_the_newest_score_count(said: type[Built]) -> None:
    group = said(
        enrichment(kev=Kev("2024-02-02"), epss=Epss(0.1, date="2026-08-21")),
        enrichment(id="X-1", kev=Kev("2024-02-01"), epss=Epss(0.2, date="2026-08-20")),
    ).group()
    assert (group.kev, group.epss) == (Kev("2024-02-01"), Epss(0.1, date="2026-08-21"))


def test_the_feed_is_of_the_newest_day_that_it_states(said: type[Built]) -> None:
    built = said(enrichment(kev=Kev("2024-02-01"), epss=Epss(0.1, date="2025-03-04")), enrichment(id="Y", kev=Kev("9999-01-01")))
    assert built.result.status.feeds[0].captured_at == "2025-03-04T00:00:00Z"


def test_ends_of_support_are_had_by_namespace(said: type[Built]) -> None:
    ends = [
        EndOfLife("debian:10", "alpine-secdb", "2022-09-10", "standard"),
        EndOfLife("debian:10", "alpine-secdb", "2024-06-30", "lts"),
        EndOfLife("alpine:3.11", "alpine-secdb", "2021-11-01"),
    ]
    built = said(*ends, ends[0])
    with open_database(built.folder / "pointer.json") as database:
        assert end_of_life(database, ["debian:10", "debian:11"]) == tuple(ends[:2])
        assert end_of_life(database, []) == ()
    assert built.result.status.feeds[0].end_of_life == 3


def test_a_feed_that_says_nothing_is_an_error(said: type[Built]) -> None:
    with pytest.raises(FeedError, match="holds no advisory"):
        said()
