"""The smallest change that fixes, against small databases."""

from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from sbommatch.match import advice
from sbommatch.match.advice import advised
from sbommatch.match.model import TargetResult, Upgrade
from sbommatch.match.pipeline import MatchOptions, match_documents
from sbommatch.match.policy import Policy, applied
from sbommatch.sbom.component import Component
from sbommatch.store.open import Database, open_database
from tests.sbommatch.match.feeds import below, database, osv_record
from tests.sbommatch.match.made import component, document

WINDOWS = ({"introduced": "0"}, {"fixed": "2.5"}, {"introduced": "3.0"}, {"fixed": "3.2"})
AGAIN = ({"introduced": "0"}, {"fixed": "1.5"}, {"introduced": "2.0"})
PYPI = [
    osv_record("PYSEC-1", "PyPI", "two", below("1.10")),
    osv_record("PYSEC-2", "PyPI", "two", below("1.9.1")),
    osv_record("PYSEC-3", "PyPI", "open", ({"introduced": "0"},)),
    osv_record("PYSEC-4", "PyPI", "open", below("2")),
    osv_record("PYSEC-5", "PyPI", "windows", WINDOWS),
    osv_record("PYSEC-6", "PyPI", "windows", below("3.0")),
    osv_record("PYSEC-7", "PyPI", "again", AGAIN),
    osv_record("PYSEC-8", "PyPI", "again", below("2.1")),
    osv_record("PYSEC-9", "PyPI", "listed", (), versions=["0.1-bulbasaur"]),
    # Another record of the same vulnerability, which the installed version does not meet, but its fix does.
    osv_record("PYSEC-10", "PyPI", "twice", below("1.1"), aliases=["CVE-2024-10"]),
    osv_record("PYSEC-11", "PyPI", "twice", ({"introduced": "1.1"}, {"fixed": "1.3"}), aliases=["CVE-2024-10"]),
    *(
        osv_record(f"PYSEC-2{number}", "PyPI", "ladder", ({"introduced": str(number)}, {"fixed": str(number + 1)}), aliases=["CVE-2024-20"])
        for number in range(advice.MAX_ROUNDS + 3)
    ),
]
SECDB = {
    "v3.11": {"openssl": {"1.1.1d-r3": ["CVE-2019-1551"], "1.1.1g-r0": ["CVE-2020-1967"]}, "xen": {"4.13.0-r1": ["CVE-1"], "0": ["CVE-2"]}}
}


@pytest.fixture(scope="module")
def feeds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    with open_database(database(tmp_path_factory.mktemp("feeds"), secdb=SECDB, pypi=PYPI)) as opened:
        yield opened


def matched(db: Database, *components: Component) -> TargetResult:
    (target,) = match_documents([document(*components)], db, MatchOptions())
    return target


def upgrades(db: Database, *components: Component) -> tuple[Upgrade, ...]:
    (target,) = advised([matched(db, *components)], db)
    return target.upgrades


@pytest.mark.parametrize(
    ("purl", "to", "fixes", "remains"),
    [
        ("pkg:pypi/two@1.0", "1.10", ("PYSEC-1", "PYSEC-2"), ()),
        ("pkg:pypi/two@1.9.1", "1.10", ("PYSEC-1",), ()),
        ("pkg:pypi/open@1", "2", ("PYSEC-4",), ("PYSEC-3",)),
        ("pkg:pypi/open@2", None, (), ("PYSEC-3",)),
        ("pkg:pypi/windows@1", "3.2", ("PYSEC-5", "PYSEC-6"), ()),
        ("pkg:pypi/again@1", "2.1", ("PYSEC-8",), ("PYSEC-7",)),
        ("pkg:pypi/twice@1.0", "1.3", ("CVE-2024-10",), ()),
        ("pkg:pypi/listed@0.1-bulbasaur", None, (), ("PYSEC-9",)),
        ("pkg:apk/alpine/openssl@1.1.1d-r2?distro=alpine-3.11.3", "1.1.1g-r0", ("CVE-2019-1551", "CVE-2020-1967"), ()),
    ],
)
def test_the_lowest_version_that_ends_all_that_a_version_can_end(
    feeds: Database, purl: str, to: str | None, fixes: tuple[str, ...], remains: tuple[str, ...]
) -> None:
    (found,) = upgrades(feeds, component(purl))
    assert (found.to, found.fixes, found.remains) == (to, fixes, remains)


def test_the_version_advised_is_affected_by_nothing_that_it_fixes(feeds: Database) -> None:
    for name in ("two", "open", "windows", "again", "twice"):
        (found,) = upgrades(feeds, component(f"pkg:pypi/{name}@1.0"))
        after = matched(feeds, component(f"pkg:pypi/{name}@{found.to}"))
        assert not {finding.id for finding in after.findings} & set(found.fixes)


def test_a_version_is_raised_only_so_often(feeds: Database) -> None:
    (found,) = upgrades(feeds, component("pkg:pypi/ladder@0.5"))
    assert (found.to, found.fixes, found.remains) == (None, (), ("CVE-2024-20",))
    (found,) = upgrades(feeds, component("pkg:pypi/ladder@4.5"))
    assert found.to == str(advice.MAX_ROUNDS + 3)


def test_binaries_of_one_source_in_one_layer_are_upgraded_together(feeds: Database) -> None:
    ssl, crypto = (
        component(f"pkg:apk/alpine/{name}@1.1.1d-r2?distro=alpine-3.11.3&upstream=openssl", layer=0) for name in ("libssl", "libcrypto")
    )
    other = replace(ssl, ref="elsewhere", layer=2)
    hidden = replace(ssl, ref="hidden", visible=False)
    found = upgrades(feeds, ssl, crypto, other, hidden)
    assert [(one.layer, one.hidden, one.refs) for one in found] == [
        (0, False, tuple(sorted((ssl.ref, crypto.ref)))),
        (0, True, ("hidden",)),
        (2, False, ("elsewhere",)),
    ]
    assert {one.name for one in found} == {"openssl"}


def test_what_is_suppressed_asks_for_no_upgrade(feeds: Database) -> None:
    target = applied(matched(feeds, component("pkg:pypi/open@1")), Policy(only_fixed=True))
    (found,) = advised([target], feeds)[0].upgrades
    assert (found.to, found.fixes, found.remains) == ("2", ("PYSEC-4",), ())


def test_without_findings_nothing_is_asked(feeds: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    target = matched(feeds, component("pkg:pypi/two@2"))
    monkeypatch.setattr(Database, "rows", None)
    assert advised([target], feeds) == [target]


def test_several_documents_are_settled_together(feeds: Database) -> None:
    targets = match_documents([document(component(f"pkg:pypi/two@1.{number}")) for number in (0, 9, 10)], feeds, MatchOptions())
    assert [[one.to for one in target.upgrades] for target in advised(targets, feeds)] == [["1.10"], ["1.10"], []]
