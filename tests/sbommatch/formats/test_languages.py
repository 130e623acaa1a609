"""The advisory repositories of Ruby, PHP, Rust and Go, and Alpine's YAML: whole feeds, held against OSV's form of the same records."""

import io
import re
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import zstandard

from sbommatch.advisory import Advisory, Affected, Event, EventKind, FixState
from sbommatch.formats import FORMAT_BY_NAME, FeedContext, _yaml
from sbommatch.formats._format import Read
from sbommatch.problem import Problem, ProblemCode
from sbommatch.versions import SCHEME_BY_NAME
from sbommatch.versions.intervals import contains_raw

NATIVE = "feeds/native"
REPOSITORIES = {
    "rubysec": f"{NATIVE}/ruby-advisory-db/ruby-advisory-db.tar.zst",
    "friendsofphp": f"{NATIVE}/php-security-advisories/php-security-advisories.tar.zst",
    "rustsec": f"{NATIVE}/rustsec/advisory-db.tar.zst",
    "govulndb": f"{NATIVE}/govulndb/reports.tar.zst",
}


def read(name: str, document: bytes | str, where: str = "x.tar: a/b.yml") -> list[Read]:
    content = document.encode() if isinstance(document, str) else document
    return list(FORMAT_BY_NAME[name].read(content, where, FeedContext(name)))


def one(name: str, document: str, where: str = "x.tar: a/b.yml") -> Advisory:
    [found] = read(name, document, where)
    assert isinstance(found, Advisory), found
    return found


def whole(shared_data: Path, name: str) -> Iterator[Read]:
    packed = zstandard.ZstdDecompressor().stream_reader((shared_data / REPOSITORIES[name]).read_bytes()).read()
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        for member in archive:
            content = archive.extractfile(member) if member.isfile() else None
            if content is not None:
                yield from read(name, content.read(), f"x.tar: {member.name}")


@pytest.mark.parametrize(("name", "advisories", "notes"), [("rubysec", 1234, 147), ("friendsofphp", 1592, 0), ("rustsec", 1205, 20)])
def test_a_repository_is_read_whole(shared_data: Path, name: str, advisories: int, notes: int) -> None:
    found = list(whole(shared_data, name))
    assert not [part for part in found if isinstance(part, Problem) and part.loss]
    assert (sum(isinstance(part, Advisory) for part in found), sum(isinstance(part, Problem) for part in found)) == (advisories, notes)


def osv(shared_data: Path, ecosystem: str) -> dict[str, dict[str, Affected]]:
    """OSV's rows by identifier and package."""
    with zipfile.ZipFile(shared_data / "feeds" / "osv" / ecosystem / "all.zip") as archive:
        records = [part for name in archive.namelist() for part in read("osv", archive.read(name), name) if isinstance(part, Advisory)]
    rows: dict[str, dict[str, Affected]] = {}
    for record in records:
        for identifier in (record.id, *record.aliases):
            rows.setdefault(identifier, {}).update({affected.name: affected for affected in record.affected})
    return rows


def answers(row: Affected, versions: list[str]) -> list[bool | None]:
    scheme = SCHEME_BY_NAME[row.scheme]
    found: list[bool | None] = []
    for version in versions:
        inside = [contains_raw(scheme, span.events, version) for span in row.ranges]
        found.append(True if any(inside) else None if None in inside else False)
    return found


RELEASE = re.compile(r"\d+(\.\d+)*")


def bounds(row: Affected) -> Iterator[str]:
    """Releases at the bounds and right behind them. Of pre-releases OSV's form says less than the ecosystems' own."""
    for version in (event.version for span in row.ranges for event in span.events):
        if RELEASE.fullmatch(version):
            parts = version.split(".")
            yield version
            yield ".".join([*parts[:-1], str(int(parts[-1]) + 1)])


@pytest.mark.parametrize(
    ("name", "ecosystem", "least"), [("rubysec", "RubyGems", 1100), ("friendsofphp", "Packagist", 900), ("rustsec", "crates.io", 1100)]
)
def test_ranges_are_those_of_osv_at_every_bound(shared_data: Path, name: str, ecosystem: str, least: int) -> None:
    theirs = osv(shared_data, ecosystem)
    compared, wrong = 0, []
    for advisory in whole(shared_data, name):
        if not isinstance(advisory, Advisory) or advisory.withdrawn:
            continue
        [row] = advisory.affected
        same = next((found for identifier in (advisory.id, *advisory.aliases) if (found := theirs.get(identifier, {}).get(row.name))), None)
        if same is None:
            continue
        versions = sorted({*bounds(row), *bounds(same)})
        compared += 1
        if answers(row, versions) != answers(same, versions):
            wrong.append((advisory.id, row.name, [span.raw for span in row.ranges], [span.raw for span in same.ranges]))
    assert compared > least
    assert not wrong


def test_a_gem_is_affected_outside_what_is_patched_and_unaffected() -> None:
    text = "gem: actionpack\ncve: 2014-0130\nghsa: abcd\ncvss_v3: 7.5\ntitle: t\ndate: 2014-05-06\n"
    found = one("rubysec", text + 'patched_versions: [">= 4.1.1", "~> 4.0.5"]\nunaffected_versions: ["< 2.0"]\n')
    assert (found.id, found.aliases, found.cves, found.published) == ("CVE-2014-0130", ("GHSA-abcd",), ("CVE-2014-0130",), "2014-05-06")
    [row] = found.affected
    inside = answers(row, ["1.9", "2.0", "4.0.4", "4.0.5", "4.0.9", "4.1.0", "4.1.1"])
    assert inside == [False, True, True, False, False, True, False]
    assert [severity.value for severity in found.severities] == ["high"]


def test_nothing_patched_is_not_fixed() -> None:
    [row] = one("rubysec", "gem: a\nosvdb: 1\n").affected
    assert (row.ranges[0].events, row.fix_state) == ((Event(EventKind.INTRODUCED, "0"),), FixState.NOT_FIXED)


def test_a_version_that_looks_like_a_number_is_a_text() -> None:
    assert one("rubysec", "gem: a\ncve: 2020-1000\npatched_versions: [1.10]\n").affected[0].ranges[0].raw == "patched 1.10"


def test_the_versions_of_a_branch_hold_together() -> None:
    found = one(
        "friendsofphp",
        "reference: composer://Symfony/symfony\ncve: ~\nbranches:\n  5.x: {time: 2024-11-06, versions: ['>=5.0', '<5.4.46']}\n"
        "  6.x: {time: 2024-11-05, versions: ['>=6.0', '<6.4.14']}\n",
        "x.tar: symfony/symfony/2024-11-05.yaml",
    )
    assert (found.id, found.published, found.affected[0].name) == ("Symfony/symfony/2024-11-05", "2024-11-05", "symfony/symfony")
    assert answers(found.affected[0], ["4.4", "5.4.45", "5.4.46", "6.0", "6.4.14"]) == [False, True, False, True, False]


def test_a_crate_has_its_aliases_and_its_vector() -> None:
    text = '```toml\n[advisory]\nid = "RUSTSEC-2020-1"\npackage = "a"\naliases = ["CVE-2020-1000"]\n'
    text += 'withdrawn = "2021-01-01"\ninformational = "unsound"\n'
    text += 'cvss = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"\n[versions]\npatched = ["^1.2.3", ">= 2.0.1"]\n```\n\n# Title\n'
    found = one("rustsec", text)
    assert (found.cves, found.withdrawn, found.summary) == (("CVE-2020-1000",), "2021-01-01T00:00:00Z", "unsound: Title")
    assert [severity.system for severity in found.severities] == ["CVSS_V3"]
    assert answers(found.affected[0], ["1.2.2", "1.2.3", "2.0.0", "2.0.1"]) == [True, False, True, False]


def test_go_reports_name_the_standard_library_and_modules(shared_data: Path) -> None:
    text = "id: GO-2024-1\nmodules:\n  - {module: std, versions: [{fixed: 1.2.3}, {introduced: 1.3.0-0}, {fixed: 1.3.1}]}\n"
    text += "  - {module: example.org/A}\n"
    found = one("govulndb", text + "cve_metadata: {id: CVE-2024-1000}\nghsas: [GHSA-1]\nsummary: a\n  b\n")
    assert (found.aliases, found.cves, found.summary) == (("CVE-2024-1000", "GHSA-1"), ("CVE-2024-1000",), "a b")
    standard, module = found.affected
    assert (standard.name, standard.ranges[0].raw) == ("stdlib", ">=0,<1.2.3,>=1.3.0-0,<1.3.1")
    assert (module.name, module.ranges[0].raw) == ("example.org/a", ">=0")
    reports = list(whole(shared_data, "govulndb"))
    assert sum(isinstance(part, Advisory) for part in reports) == 1247
    assert {part.code for part in reports if isinstance(part, Problem)} == {ProblemCode.NO_PACKAGES}, "the excluded ones"


def test_alpine_says_the_same_in_yaml_and_json(shared_data: Path) -> None:
    folder = shared_data / NATIVE / "alpine-secdb"
    documents = sorted((folder / "yaml").rglob("*.yaml"))
    assert len(documents) == 16
    for path in documents:
        twin = folder / "json" / path.relative_to(folder / "yaml").with_suffix(".json")
        assert read("alpine-secdb", path.read_bytes()) == read("alpine-secdb", twin.read_bytes()), path


@pytest.mark.parametrize("name", ["rubysec", "friendsofphp", "govulndb"])
@pytest.mark.parametrize(
    "document", ["", "{", "- 1", "a: &x [1]\nb: *x", "[" * 10_000, "\x00", "gem: [1]\nid: []\nreference: {}\n", "a: 1\n---\nb: 2\n"]
)
def test_what_is_no_such_record_is_one_loss(name: str, document: str) -> None:
    [problem] = read(name, document)
    assert isinstance(problem, Problem)
    assert problem.loss


@pytest.mark.parametrize(
    ("name", "document"),
    [
        ("rubysec", "gem: a\ncve: 2020-1\npatched_versions: ['about 3']\n"),
        ("friendsofphp", "reference: composer://a/b\nbranches: {x: {versions: ['>>1']}}\n"),
        ("rustsec", '```toml\n[advisory]\nid = "R"\npackage = "a"\n[versions]\npatched = ["about 3"]\n```\n'),
        ("rustsec", "```toml\n[advisory\n```\n"),
        ("rustsec", '```toml\n[advisory]\nid = "R"\n```\n'),
    ],
)
def test_a_range_that_cannot_be_said_is_a_loss(name: str, document: str) -> None:
    [problem] = read(name, document)
    assert isinstance(problem, Problem)
    assert (problem.code, problem.loss) == (ProblemCode.BAD_RECORD, True)


def test_a_readme_among_the_crates_is_a_note() -> None:
    [problem] = read("rustsec", "# Advisories\n")
    assert isinstance(problem, Problem)
    assert not problem.loss


def test_yaml_over_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_yaml, "DOCUMENT_LIMIT_BYTES", 10)
    with pytest.raises(_yaml.InvalidYaml, match="the limit is 10"):
        _yaml.decode(b"a: 1234567890", object)
