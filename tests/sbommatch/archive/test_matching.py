"""A match of an archive says of every document what `scan` says of it alone."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from sbommatch.archive import segment
from sbommatch.archive.documents import contents, documents
from sbommatch.archive.matching import ArchiveMatch
from sbommatch.archive.report import page
from sbommatch.archive.summary import Summary, summarise
from sbommatch.archive.targets import targets
from sbommatch.errors import ArchiveError
from sbommatch.formats import FORMAT_BY_NAME
from sbommatch.match.advice import advised
from sbommatch.match.coverage import coverage_of
from sbommatch.match.model import FindingStatus, TargetResult
from sbommatch.match.pipeline import MatchOptions, match_documents
from sbommatch.reports import REPORT_BY_NAME
from sbommatch.reports.report import Exit, ScanReport, Style
from sbommatch.sbom.read import read_document
from sbommatch.store.build import build
from sbommatch.store.open import Database, open_database
from sbommatch.store.queries import status
from sbommatch.supply.sources import sources_of
from tests.sbommatch.archive.made import opened, store
from tests.sbommatch.cli.sboms import ALPINE_OPENSSL, FLASK_UNKNOWN, JINJA_HIGH, NO_FINDING, sbom
from tests.sbommatch.match.feeds import below, database, osv_record
from tests.sbommatch.match.test_pipeline import Cpes

SECDB = {"v3.11": {"openssl": {"1.1.1d-r3": ["CVE-2019-1551"]}, "py3-jinja2": {"2.11.3-r0": ["CVE-2020-28493"]}}}
CVSS = [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}]
PYPI = [
    osv_record("GHSA-1", "PyPI", "jinja2", below("2.11.3"), aliases=["CVE-2020-28493"], severity=CVSS),
    osv_record("PYSEC-2019-179", "PyPI", "flask", below("1.0")),
    osv_record("PYSEC-2025-1", "PyPI", "torch", ({"introduced": "0"}, {"last_affected": "2.6.0-NA"})),
    osv_record("PYSEC-2018-9", "PyPI", "paramiko", (), versions=["0.1-bulbasaur"]),
]
DEBIAN = [osv_record("DEBIAN-CVE-2022-1", "Debian:12", "linux", below("6.1.99-1"), upstream=["CVE-2022-1"])]

CPE = "cpe:2.3:a:openssl:openssl:1.1.0:*:*:*:*:*:*:*"
ALPINE = {"type": "operating-system", "bom-ref": "os", "name": "alpine", "version": "3.11.3"}


def library(ref: str, purl: str | None, *, properties: dict[str, str] | None = None, **fields: Any) -> dict[str, Any]:
    name, _, version = (purl or ref).partition("?")[0].rpartition("/")[2].partition("@")
    listed = [{"name": name, "value": value} for name, value in (properties or {}).items()]
    return {
        "type": "library",
        "bom-ref": ref,
        "name": name,
        "version": version,
        "properties": listed,
        **({"purl": purl} if purl else {}),
        **fields,
    }


TWIN = [
    ALPINE,
    library("apk", "pkg:apk/alpine/py3-jinja2@2.11.1-r0?distro=alpine-3.11.3"),
    library("own", JINJA_HIGH),
    library("twin", JINJA_HIGH, properties={"sbomgen:owned_by": "apk"}),
    library("fixed", "pkg:apk/alpine/py3-flask@0.1-r9?distro=alpine-3.11.3"),
    library("fixed twin", FLASK_UNKNOWN, properties={"sbomgen:owned_by": "fixed"}),
    library("vendored", FLASK_UNKNOWN, properties={"sbomgen:owned_by": "apk"}),
]
DOCUMENTS: list[list[dict[str, Any]]] = [
    [library("a", JINJA_HIGH), library("b", ALPINE_OPENSSL), library("c", NO_FINDING)],
    [library("a", JINJA_HIGH), library("b", FLASK_UNKNOWN, properties={"sbomgen:visible": "false"})],
    [library("x", JINJA_HIGH), library("y", JINJA_HIGH), library("z", "pkg:pypi/Jinja2@2.11.1")],
    TWIN,
    [ALPINE, library("a", "pkg:apk/alpine/openssl@1.1.1d-r2"), library("b", "pkg:apk/alpine/libcrypto1.1@1.1.1d-r2?upstream=openssl")],
    [library("a", "pkg:apk/alpine/openssl@1.1.1d-r2"), library("b", "pkg:deb/debian/openssl@1.1.1n-0?distro=debian-11")],
    [library("a", "pkg:pypi/torch@2.5.0"), library("b", "pkg:pypi/paramiko@0.1-bulbasaur"), library("c", "pkg:pypi/jinja2@not a version")],
    [library("a", "pkg:deb/debian/linux-headers-6.1@6.1.1-1?upstream=linux&distro=debian-12", name="linux-headers-6.1"),
     library("b", "pkg:deb/debian/linux-headers-6.1@6.1.1-1?upstream=linux&distro=debian-12", name="linux-image"),
     library("c", "pkg:deb/debian/linux-image-6.1@6.1.1-1?upstream=linux&distro=debian-12")],
    [library("a", None), library("b", "pkg:generic/x@1"), library("c", "pkg:pypi/x"), library("d", "not a purl")],
    [library("a", "pkg:generic/x@1", type="file"), library("b", JINJA_HIGH, type="file"), library("c", None, type="file", cpe=CPE)],
    [library("a", "pkg:generic/p@1", cpe=CPE), library("b", "pkg:npm/p@1", cpe=CPE), library("c", ALPINE_OPENSSL, cpe=CPE)],
    [],
]  # fmt: skip
"""Each kind of thing by which a verdict may differ."""


@pytest.fixture(scope="module")
def feeds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    with open_database(database(tmp_path_factory.mktemp("feeds"), secdb=SECDB, pypi=PYPI, debian=DEBIAN)) as found:
        yield found


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Added in two runs, so that coordinates stand in two segments."""
    folder = tmp_path_factory.mktemp("stored")
    paths = [sbom(folder / f"{number}.json", components=components) for number, components in enumerate(DOCUMENTS)]
    store(folder / "A", *paths[::2], labels={"team": "web"})
    store(folder / "A", *paths[1::2], labels={"team": "core", "env": "prod"})
    return folder / "A"


def scanned(reader: Any, database: Database) -> list[TargetResult]:
    """Each document by itself."""
    chosen = sorted(documents(reader), key=lambda one: one.age)
    alone = (match_documents([read_document(data, one.path)], database, MatchOptions()) for one, data in contents(reader, chosen))
    return [advised(targets, database)[0] for targets in alone]


def as_json(target: TargetResult, database: Database) -> bytes:
    report = ScanReport(evaluated_on="2026-01-01", database=status(database), targets=(target,), exit=Exit(0, ()))
    return REPORT_BY_NAME["json"].write(report, Style())


def check_equal(path: Path, database: Database) -> tuple[Summary, list[TargetResult]]:
    """Every target to the byte, every finding of the join, every number of the summary."""
    with opened(path) as (_, reader):
        match = ArchiveMatch(reader, database)
        chosen = sorted(documents(reader), key=lambda one: one.age)
        alone = scanned(reader, database)
        for (one, target), expected in zip(targets(match, chosen), alone, strict=True):
            assert as_json(target, database) == as_json(expected, database), one.path
        joined = (
            "SELECT sha256, position, id, status, hidden FROM reached JOIN found USING (class) JOIN documents USING (segment, document)"
        )
        assert Counter(reader.rows(joined)) == Counter(_rows(alone))
        summary = summarise(reader)
        page("A", summary, status(database))
    _check_summary(summary, alone)
    return summary, alone


def _rows(alone: list[TargetResult]) -> Iterator[tuple[object, ...]]:
    for target in alone:
        positions = {component.ref: position for position, component in enumerate(target.document.components)}
        for finding in target.findings:
            yield target.document.sha256, positions[finding.ref], finding.id, finding.status.value, finding.hidden


def _check_summary(summary: Summary, alone: list[TargetResult]) -> None:
    open_ = [one for target in alone for one in target.findings if one.status is FindingStatus.OPEN]
    shown = [one for one in open_ if not one.hidden]
    assert summary.documents == len(alone)
    assert summary.findings == len(shown)
    assert summary.hidden == len(open_) - len(shown)
    assert summary.suppressed == sum(len(target.findings) for target in alone) - len(open_)
    assert {level: number for level, number in msgspec.structs.asdict(summary.levels).items() if number} == Counter(
        one.severity.level.value for one in shown
    )
    assert summary.kev == sum(one.kev is not None for one in shown)
    coverage = [coverage_of(target) for target in alone]
    for verdict in ("affected", "cleared", "no_match"):
        assert summary.verdicts.get(verdict, 0) == sum(getattr(one, verdict) for one in coverage)
    reasons: Counter[str] = Counter()
    for one in coverage:
        reasons.update({reason.value: number for reason, number in one.not_checked.items()})
    assert summary.not_checked == reasons


def test_every_kind_of_component_is_matched_as_scan_does(stored: Path, feeds: Database) -> None:
    _, alone = check_equal(stored, feeds)
    said = {(finding.ref, finding.status.value, finding.hidden) for target in alone for finding in target.findings}
    assert ("fixed twin", "open", False) in said  # the feed knows fixes only, and none of it
    assert ("twin", "suppressed", False) in said
    assert ("own", "open", False) in said
    assert ("a", "suppressed", False) in said  # headers of a kernel
    assert ("b", "open", True) in said


def test_cpes_are_asked_for_where_no_other_feed_speaks(stored: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FORMAT_BY_NAME, "osv", Cpes())
    (tmp_path / "a.json").write_text("{}")
    (source,) = sources_of([f"osv-pypi={tmp_path / 'a.json'}@2026-08-01"])
    for covers in (("cpe",), ("cpe", "npm"), ("alpine:3.11", "cpe")):
        build([replace(source, declaration=replace(source.declaration, covers=covers))], tmp_path / "feeds.json")
        with open_database(tmp_path / "feeds.json") as of_cpes:
            summary, _ = check_equal(stored, of_cpes)
        assert summary.findings == (4 if "npm" in covers else 6)
        (tmp_path / "feeds.json").unlink()


def test_labels_choose_documents(stored: Path, feeds: Database) -> None:
    with opened(stored) as (_, reader):
        ArchiveMatch(reader, feeds, [("team", "core"), ("env", "prod")])
        summary = summarise(reader)
    assert summary.documents == len(DOCUMENTS) // 2
    assert {one.name for one in summary.labels} == {"team=core", "env=prod"}
    with opened(stored) as (_, reader):
        ArchiveMatch(reader, feeds, [("team", "nobody")])
        assert summarise(reader).documents == 0


def test_documents_stored_by_other_rules_are_not_matched_by_them(feeds: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segment, "INDEXED_BY", "0.1")
    store(tmp_path / "A", sbom(tmp_path / "a.json", JINJA_HIGH))
    with opened(tmp_path / "A") as (_, reader), pytest.raises(ArchiveError, match="archive compact"):
        ArchiveMatch(reader, feeds)


def test_an_empty_archive_matches_nothing(tmp_path: Path, feeds: Database) -> None:
    store(tmp_path / "A")
    check_equal(tmp_path / "A", feeds)


def test_the_summary_names_what_is_worst_first(stored: Path, feeds: Database) -> None:
    with opened(stored) as (_, reader):
        ArchiveMatch(reader, feeds)
        summary = summarise(reader)
    assert summary.vulnerabilities[0].id == "CVE-2020-28493"
    jinja = next(one for one in summary.packages if one.name == "jinja2")
    assert (jinja.namespace, jinja.versions, jinja.documents, jinja.worst) == ("pypi", 1, 5, "critical")
    assert summary.worst_documents[0].levels.critical == 3


def real_database(folder: Path, osv: Path, *sources: str) -> Path:
    build(sources_of([*sources, f"alpine-secdb={osv.parent}/native/alpine-secdb/json"]), folder / "feeds.json")
    return folder / "feeds.json"


def test_real_documents_are_matched_as_scan_does(shared_data: Path, tmp_path: Path) -> None:
    osv = shared_data / "feeds" / "osv"
    pointer = real_database(tmp_path, osv, f"osv-crates.io={osv}/crates.io/all.zip", f"osv-go={osv}/Go/all.zip")
    store(tmp_path / "A", *(shared_data / "sboms" / folder for folder in ("anchore+syft", "aquasecurity+trivy", "guacsec+guac")))
    with open_database(pointer) as feeds:
        summary, _ = check_equal(tmp_path / "A", feeds)
    assert summary.documents > 60
    assert summary.findings > 50


@pytest.mark.long
def test_all_real_documents_are_matched_as_scan_does(shared_data: Path, tmp_path: Path) -> None:
    osv = shared_data / "feeds" / "osv"
    names = ("PyPI", "Go", "crates.io", "npm", "Bitnami", "RubyGems", "Packagist", "Hex", "Julia", "AlmaLinux")
    pointer = real_database(tmp_path, osv, *(f"osv-{name.lower()}={osv}/{name}/all.zip" for name in names))
    # Each is named, for a folder gives only those whose names end as an SBOM's do.
    store(tmp_path / "A", *(path for path in sorted((shared_data / "sboms").rglob("*")) if path.is_file()))
    with open_database(pointer) as feeds:
        summary, _ = check_equal(tmp_path / "A", feeds)
    assert summary.documents > 2_000
    assert summary.findings > 5_000
