"""Documents against small databases: the named cases of matching."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from sbommatch.advisory import Advisory, Affected, Event, EventKind, NameKind, Range
from sbommatch.formats import FORMAT_BY_NAME, FeedContext
from sbommatch.match import pipeline
from sbommatch.match.model import ComponentResult, Level, NotChecked, TargetResult, Verdict
from sbommatch.match.pipeline import Matcher, MatchOptions, match_documents
from sbommatch.sbom.component import Component, DistroStatement, Document
from sbommatch.store.build import build
from sbommatch.store.open import Database, open_database
from sbommatch.supply.sources import sources_of
from tests.sbommatch.match.feeds import below, database, osv_record
from tests.sbommatch.match.made import component, document

ALPINE_311 = DistroStatement("alpine", "3.11.3")

SECDB = {
    "v3.11": {
        "openssl": {"1.1.1d-r3": ["CVE-2019-1551"], "1.1.1d-r1": ["CVE-2019-1547", "CVE-2019-1549"]},
        "xen": {"0": ["CVE-2020-0543"], "4.13.0-r1": ["CVE-2018-12126 CVE-2018-12127 XSA-297"]},
    }
}
CVSS = [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H"}]
PYPI = [
    osv_record("GHSA-g3rq-g295-4j3m", "PyPI", "jinja2", below("2.11.3"), aliases=["CVE-2020-28493", "PYSEC-2021-66"], severity=CVSS),
    osv_record("PYSEC-2021-66", "PyPI", "Jinja2", below("2.11.3"), aliases=["CVE-2020-28493"]),
    osv_record("PYSEC-2020-1", "PyPI", "jinja2", below("3.0"), withdrawn="2021-01-01T00:00:00Z"),
    osv_record("PYSEC-2025-1", "PyPI", "torch", ({"introduced": "0"}, {"last_affected": "2.6.0-NA"})),
    osv_record("PYSEC-2025-2", "PyPI", "numpy", ({"introduced": "0"}, {"last_affected": "1.9-NA"})),
    osv_record("PYSEC-2025-3", "PyPI", "numpy", below("1.0")),
    osv_record("PYSEC-2018-9", "PyPI", "paramiko", (), versions=["0.1-bulbasaur"]),
    osv_record("MAL-2024-1", "PyPI", "wicked", ({"introduced": "0"},)),
    osv_record("PYSEC-2024-1", "PyPI", "wicked", ({"introduced": "0"}, {"fixed": "2"})),
    osv_record("PYSEC-2023-74", "PyPI", "requests", below("2.31.0"), aliases=["CVE-2023-32681"]),
    {
        **osv_record("PYSEC-2024-9", "PyPI", "commits", ()),
        "affected": [{"package": {"ecosystem": "PyPI", "name": "commits"}, "ranges": [{"type": "GIT", "events": [{"introduced": "0"}]}]}],
    },
    osv_record("GHSA-2cve-2cve-2cve", "PyPI", "both", below("2"), aliases=["CVE-2020-0001", "CVE-2020-0002"]),
]
ALPINE = [osv_record("ALPINE-CVE-2020-0543", "Alpine:v3.11", "xen", below("9"), upstream=["CVE-2020-0543"])]
UBUNTU = [
    osv_record("UBUNTU-CVE-2024-0001", "Ubuntu:22.04:LTS", "curl", below("7.81.0-1ubuntu1.16"), upstream=["CVE-2024-0001"]),
    osv_record("UBUNTU-CVE-2024-0002", "Ubuntu:Pro:22.04:LTS", "curl", below("7.81.0-1ubuntu1.16+esm1"), upstream=["CVE-2024-0002"]),
    {
        **osv_record("UBUNTU-CVE-2024-0003", "Ubuntu:Pro:22.04:LTS", "curl", below("7.81.0-1ubuntu1.16+esm2"), upstream=["CVE-2024-0003"]),
        "affected": [
            *osv_record("", "Ubuntu:Pro:22.04:LTS", "curl", below("7.81.0-1ubuntu1.16+esm2"))["affected"],
            *osv_record("", "Ubuntu:22.04:LTS", "curl", ({"introduced": "0"},))["affected"],
        ],
    },
    osv_record("UBUNTU-CVE-2024-0004", "Ubuntu:22.04:LTS", "python-requests", below("2.25.1-1"), upstream=["CVE-2024-0004"]),
]
CRATES = [osv_record("RUSTSEC-2020-1", "crates.io", "hyper", below("0.14.3"))]


@pytest.fixture(scope="module")
def feeds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    osv = {"pypi": PYPI, "alpine": ALPINE, "crates.io": CRATES, "ubuntu": UBUNTU}
    pointer = database(tmp_path_factory.mktemp("feeds"), secdb=SECDB, partial=("osv-crates.io", "osv-alpine"), **osv)
    with open_database(pointer) as opened:
        yield opened


def match(db: Database, *components: Component, options: MatchOptions = MatchOptions(), **fields: object) -> TargetResult:  # noqa: B008  frozen
    (target,) = match_documents([document(*components, **fields)], db, options)
    return target


def only(target: TargetResult) -> ComponentResult:
    (result,) = target.components
    return result


def ids(target: TargetResult) -> list[str]:
    return [finding.id for finding in target.findings]


def test_openssl_is_found_by_what_is_open_and_not_by_what_is_fixed(feeds: Database) -> None:
    target = match(feeds, component("pkg:apk/alpine/openssl@1.1.1d-r2?distro=alpine-3.11.3"))
    assert ids(target) == ["CVE-2019-1551"]
    (finding,) = target.findings
    assert (finding.match.feed, finding.match.range, finding.fix.versions) == ("alpine-secdb", "<1.1.1d-r3", ("1.1.1d-r3",))


def test_a_binary_is_found_by_the_name_of_its_source(feeds: Database) -> None:
    purl = "pkg:apk/alpine/libssl1.1@1.1.1d-r2?distro=alpine-3.11.3"
    assert ids(match(feeds, component(f"{purl}&upstream=openssl"))) == ["CVE-2019-1551"]
    assert ids(match(feeds, component(purl, source_name="openssl"))) == ["CVE-2019-1551"]
    assert ids(match(feeds, component(purl))) == []


def test_a_version_zero_clears_the_component_whoever_says_otherwise(feeds: Database) -> None:
    target = match(feeds, component("pkg:apk/alpine/xen@4.13.0-r3?distro=alpine-3.11.3"))
    assert ids(target) == []
    assert only(target).verdict is Verdict.CLEARED


def test_the_identifiers_of_one_item_are_findings_of_their_own(feeds: Database) -> None:
    target = match(feeds, component("pkg:apk/alpine/xen@4.13.0-r0?distro=alpine-3.11.3"))
    assert ids(target) == ["CVE-2018-12126", "CVE-2018-12127"]


def test_a_record_of_several_cves_is_a_finding_for_each(feeds: Database) -> None:
    assert ids(match(feeds, component("pkg:pypi/both@1"))) == ["CVE-2020-0001", "CVE-2020-0002"]


def test_a_release_without_rows_is_not_checked(feeds: Database) -> None:
    result = only(match(feeds, component("pkg:apk/alpine/openssl@1.1.1d-r2?distro=alpine-3.9.6")))
    assert (result.verdict, result.reason) == (Verdict.NOT_CHECKED, NotChecked.NO_FEED)


def test_ghsa_pysec_and_cve_are_one_finding_under_the_cve(feeds: Database) -> None:
    (finding,) = match(feeds, component("pkg:pypi/Jinja2@2.11.1")).findings
    assert (finding.id, finding.ids) == ("CVE-2020-28493", ("CVE-2020-28493", "GHSA-g3rq-g295-4j3m", "PYSEC-2021-66"))
    assert (finding.match.record, [also.record for also in finding.also]) == ("GHSA-g3rq-g295-4j3m", ["PYSEC-2021-66"])
    assert (finding.severity.level, finding.severity.source) == (Level.HIGH, "osv-pypi")


def test_a_withdrawn_record_finds_nothing(feeds: Database) -> None:
    result = only(match(feeds, component("pkg:pypi/jinja2@2.11.3")))
    assert result.verdict is Verdict.NO_MATCH


def test_a_partial_feed_finds_but_does_not_check(feeds: Database) -> None:
    assert ids(match(feeds, component("pkg:cargo/hyper@0.14.2"))) == ["RUSTSEC-2020-1"]
    result = only(match(feeds, component("pkg:cargo/hyper@0.14.3")))
    assert (result.verdict, result.reason) == (Verdict.NOT_CHECKED, NotChecked.NO_FEED)


def test_a_text_that_is_no_version_is_found_where_it_is_listed(feeds: Database) -> None:
    target = match(feeds, component("pkg:pypi/paramiko@0.1-bulbasaur"))
    assert [finding.match.rule for finding in target.findings] == ["listed"]
    result = only(match(feeds, component("pkg:pypi/paramiko@0.1-charmander")))
    assert (result.verdict, result.reason) == (Verdict.NOT_CHECKED, NotChecked.INVALID_VERSION)


def test_a_text_that_is_no_version_is_found_where_every_version_is_affected(feeds: Database) -> None:
    target = match(feeds, component("pkg:pypi/wicked@2024-09-25"))
    assert [(finding.id, finding.match.rule) for finding in target.findings] == [("MAL-2024-1", "compare")]
    assert only(target).verdict is Verdict.AFFECTED


def test_a_package_whose_only_record_has_no_place_is_not_checked(feeds: Database) -> None:
    result = only(match(feeds, component("pkg:pypi/torch@1.0")))
    assert (result.verdict, result.reason) == (Verdict.NOT_CHECKED, NotChecked.UNPLACED_BOUND)
    assert [unchecked.record for unchecked in result.unchecked] == ["PYSEC-2025-1"]


def test_a_record_without_a_place_is_named_beside_the_others(feeds: Database) -> None:
    result = only(match(feeds, component("pkg:pypi/numpy@1.5")))
    assert result.verdict is Verdict.NO_MATCH
    assert [unchecked.record for unchecked in result.unchecked] == ["PYSEC-2025-2"]


def test_debian_without_a_release_is_not_checked(feeds: Database) -> None:
    target = match(feeds, component("pkg:deb/debian/curl@7.88.1-10"), distros=(DistroStatement("debian"),))
    assert (only(target).reason, target.distro_from, target.distro_id) == (NotChecked.NO_DISTRO, "os_component", "debian")


def test_a_removed_package_is_hidden_or_left_out(feeds: Database) -> None:
    removed = component("pkg:pypi/jinja2@2.11.1", visible=False)
    assert [finding.hidden for finding in match(feeds, removed).findings] == [True]
    assert match(feeds, removed, options=MatchOptions(omit_hidden=True)).components == ()


def test_files_and_operating_systems_are_no_packages(feeds: Database) -> None:
    others = [component(None, ref=type_, type=type_) for type_ in ("file", "operating-system", "container", "data")]
    found = match(feeds, *others, component(None, ref="library"), component("pkg:pypi/jinja2@2.11.1", type="file"))
    assert [result.component.ref for result in found.components] == ["library", "pkg:pypi/jinja2@2.11.1"]


@pytest.mark.parametrize(
    ("made", "option", "expected"),
    [
        (document(distros=(ALPINE_311,)), None, ("os_component", "alpine", "3.11.3")),
        (document(component("pkg:pypi/a@1"), component("pkg:apk/alpine/a@1?distro=3.11.3")), None, ("purl", "alpine", "3.11.3")),
        (document(distros=(ALPINE_311,)), DistroStatement("debian", "12"), ("option", "debian", "12")),
        (document(component("pkg:pypi/a@1"), component("nonsense?distro=x")), None, ("none", None, None)),
    ],
)
def test_the_report_names_the_distribution_and_who_states_it(
    feeds: Database, made: Document, option: DistroStatement | None, expected: tuple[str, str | None, str | None]
) -> None:
    (target,) = match_documents([made], feeds, MatchOptions(option))
    assert (target.distro_from, target.distro_id, target.distro_version) == expected


def test_the_option_names_the_release_of_packages_that_state_none(feeds: Database) -> None:
    made = component("pkg:apk/alpine/openssl@1.1.1d-r2")
    assert ids(match(feeds, made)) == []
    assert ids(match(feeds, made, options=MatchOptions(DistroStatement("alpine", "3.11")))) == ["CVE-2019-1551"]


LIKE = "pkg:pypi/jinja2@2.11.1"
SOURCED = "pkg:apk/alpine/libssl1.1@1.1.1d-r2"
ALIKE = [
    document(component(LIKE)),
    document(),
    document(component(LIKE, ref="other"), component(LIKE, ref="hidden", visible=False)),
    document(component(LIKE, layer=3, paths=("a", "b"), purl_from="made")),
    document(component(LIKE, version="1.0"), component("pkg:pypi/commits@1.0")),
    document(component(SOURCED, source_name="openssl"), component(SOURCED), distros=(ALPINE_311,)),
    document(component(SOURCED, source_name="openssl"), component(SOURCED, source_name="openssl", distro=ALPINE_311)),
    document(component(None), component("nonsense"), component(LIKE, name="linux-headers-6.1")),
]
"""Components that are alike in all but what their answers may depend on."""


@pytest.mark.parametrize("size", [1, 3, len(ALIKE)])
def test_documents_together_give_what_each_gives_alone(feeds: Database, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = [match_documents([one], feeds, MatchOptions())[0] for one in ALIKE]
    for kept in (100_000, 2):
        monkeypatch.setattr(pipeline, "ANSWERS_KEPT", kept)
        matcher = Matcher(feeds, MatchOptions())
        batches = [ALIKE[first : first + size] for first in range(0, len(ALIKE), size)] * 2
        assert [target for batch in batches for target in matcher.match(batch)] == alone * 2


def test_results_do_not_depend_on_the_order_of_components(feeds: Database) -> None:
    components = [component(f"pkg:pypi/jinja2@2.11.{patch}") for patch in range(4)]
    forwards, backwards = match(feeds, *components), match(feeds, *reversed(components))
    assert (forwards.components, forwards.findings) == (backwards.components, backwards.findings)


def test_commits_alone_leave_a_package_unchecked(feeds: Database) -> None:
    result = only(match(feeds, component("pkg:pypi/commits@1.0")))
    assert (result.verdict, result.reason) == (Verdict.NOT_CHECKED, NotChecked.UNPLACED_BOUND)
    assert [unchecked.record for unchecked in result.unchecked] == ["PYSEC-2024-9"]


CURL = "pkg:deb/ubuntu/libcurl4@7.81.0-1ubuntu1.{}?upstream=curl&distro={}"


@pytest.mark.parametrize(
    ("version", "distro", "expected"),
    [
        ("15", "ubuntu-22.04", {"CVE-2024-0001": "fixed", "CVE-2024-0002": "not_fixed", "CVE-2024-0003": "unknown"}),
        ("16", "ubuntu-22.04", {"CVE-2024-0002": "not_fixed", "CVE-2024-0003": "unknown"}),
        ("16%2Besm1", "ubuntu-22.04", {"CVE-2024-0003": "fixed"}),
        ("16%2Besm2", "ubuntu-22.04", {}),
        ("16", "ubuntu-22.04+pro", {"CVE-2024-0002": "fixed", "CVE-2024-0003": "fixed"}),
        ("17", "ubuntu-22.04+pro", {}),
    ],
)
def test_fixes_of_a_channel_count_for_its_packages(feeds: Database, version: str, distro: str, expected: dict[str, str]) -> None:
    target = match(feeds, component(CURL.format(version, distro)))
    assert {finding.id: finding.fix.state.value for finding in target.findings} == expected


def test_a_derivative_is_checked_by_its_parents_feed_and_that_is_said(feeds: Database) -> None:
    target = match(feeds, component("pkg:deb/linuxmint/curl@7.81.0-1ubuntu1.15?distro=linuxmint-21.3"))
    found = next(finding for finding in target.findings if finding.id == "CVE-2024-0001")
    assert (found.match.rule, found.match.exact, found.match.namespace) == ("derivative_of", False, "ubuntu:22.04")


def test_an_os_package_covers_its_language_twin(feeds: Database) -> None:
    os_package = component("pkg:deb/ubuntu/python3-requests@2.25.1%2Bdfsg-2?upstream=python-requests&distro=ubuntu-22.04", ref="os")
    twin = component("pkg:pypi/requests@2.25.1", ref="twin", owned_by="os")
    target = match(feeds, os_package, twin)
    assert [(one.component.ref, one.verdict, one.covered_by) for one in target.components] == [
        ("os", Verdict.NO_MATCH, None),
        ("twin", Verdict.NO_MATCH, "os"),
    ]
    assert [(finding.id, finding.suppressed_by) for finding in target.findings] == [("CVE-2023-32681", ("covered_by os",))]


def test_a_feed_of_fixes_covers_what_it_speaks_of(tmp_path: Path) -> None:
    secdb = {"v3.11": {"py3-requests": {"2.19.1-r1": ["CVE-2018-18074"]}}}
    pypi = [
        osv_record("PYSEC-2018-28", "PyPI", "requests", below("2.20.0"), aliases=["CVE-2018-18074"]),
        osv_record("PYSEC-2023-74", "PyPI", "requests", below("2.31.0"), aliases=["CVE-2023-32681"]),
    ]
    os_package = component("pkg:apk/alpine/py3-requests@2.19.1-r1?distro=alpine-3.11.3", ref="os")
    twin = component("pkg:pypi/requests@2.19.1", ref="twin", owned_by="os")
    with open_database(database(tmp_path, secdb=secdb, pypi=pypi)) as opened:
        target = match(opened, os_package, twin)
    assert {finding.id: finding.suppressed_by for finding in target.findings} == {
        "CVE-2018-18074": ("covered_by os",),
        "CVE-2023-32681": (),
    }
    assert [(one.verdict, one.covered_by) for one in target.components] == [(Verdict.NO_MATCH, None), (Verdict.AFFECTED, None)]


class Cpes:
    """A format that knows CPEs: one row in the order of `generic`, one that states another, one for Node.js alone."""

    name = "osv"
    suffixes = (".json",)

    def read(self, document: bytes, where: str, context: FeedContext) -> Iterator[Advisory]:
        for number, (name, scheme, module) in enumerate(
            (("a:openssl:openssl", "generic", None), ("a:openssl:openssl", "semver", None), ("a:jquery:jquery", "generic", "node.js")), 1
        ):
            events = (Event(EventKind.INTRODUCED, "0"), Event(EventKind.FIXED, "1.2.0"))
            affected = Affected(
                namespace="cpe", name=name, name_kind=NameKind.SELF, scheme=scheme, module=module, ranges=(Range(scheme, events, "<1.2.0"),)
            )
            yield Advisory(id=f"CVE-2024-100{number}", feed=context.feed, affected=(affected,), record_sha256="00")


@pytest.fixture
def cpes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    monkeypatch.setitem(FORMAT_BY_NAME, "osv", Cpes())
    (tmp_path / "a.json").write_text("{}")
    (source,) = sources_of([f"osv-pypi={tmp_path / 'a.json'}@2026-08-01"])
    build([replace(source, declaration=replace(source.declaration, covers=("cpe",)))], tmp_path / "pointer.json")
    with open_database(tmp_path / "pointer.json") as opened:
        yield opened


def cpe(product: str, version: str, target: str = "*") -> tuple[str, ...]:
    return (f"cpe:2.3:a:{product}:{product}:{version}:*:*:*:*:{target}:*:*",)


@pytest.mark.parametrize(
    ("made", "expected", "verdict"),
    [
        (component(None, cpes=cpe("openssl", "1.1.0")), ["CVE-2024-1001", "CVE-2024-1002"], Verdict.AFFECTED),
        (component(None, cpes=cpe("openssl", "1.2.0")), [], Verdict.NO_MATCH),
        (component("pkg:pypi/openssl@1.1.0", cpes=cpe("openssl", "1.1.0")), ["CVE-2024-1001", "CVE-2024-1002"], Verdict.AFFECTED),
        (component(None, cpes=cpe("jquery", "1.1.0")), [], Verdict.NO_MATCH),
        (component(None, cpes=cpe("jquery", "1.1.0", "node.js")), ["CVE-2024-1003"], Verdict.AFFECTED),
        (component("pkg:deb/debian/openssl@1.1.0?distro=debian-12", cpes=cpe("openssl", "1.1.0")), [], Verdict.NOT_CHECKED),
        (component(None, cpes=("nonsense",)), [], Verdict.NOT_CHECKED),
    ],
)
def test_what_has_no_ecosystem_is_asked_for_by_its_cpe(cpes: Database, made: Component, expected: list[str], verdict: Verdict) -> None:
    target = match(cpes, made)
    assert (ids(target), only(target).verdict) == (expected, verdict)
    assert {(finding.match.rule, finding.match.exact) for finding in target.findings} <= {("cpe", False)}


def test_a_cpe_is_not_asked_for_where_an_ecosystems_feed_speaks(feeds: Database) -> None:
    result = only(match(feeds, component("pkg:pypi/nothing@1.0", cpes=cpe("openssl", "1.1.0"))))
    assert [lookup.namespace for lookup in result.lookups] == ["pypi"]
