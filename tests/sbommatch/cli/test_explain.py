"""`sbommatch explain`."""

from pathlib import Path

import pytest

from tests.sbommatch.cli.sboms import ALPINE_OPENSSL, FLASK_UNKNOWN, JINJA_HIGH, feeds, sbom
from tests.sbommatch.match.feeds import below, database, osv_record
from tests.sbommatch.reports.schemas import check
from tests.support.run import Ran, run

OTHER_RELEASE = "pkg:apk/alpine/libssl1.1@1.1.1d-r2?upstream=openssl&distro=alpine-3.9.6"


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return feeds(tmp_path_factory.mktemp("feeds"))


def explain(db: Path, *arguments: str | Path) -> Ran:
    return run("sbommatch", "explain", "--db", db, *arguments)


@pytest.mark.parametrize(
    ("purl", "asked", "words"),
    [
        (ALPINE_OPENSSL, "CVE-2019-1551", "affected: 1.1.1d-r2 is in <1.1.1d-r3 (interval); fixed in 1.1.1d-r3"),
        (ALPINE_OPENSSL, "CVE-2019-1547", "fixed: 1.1.1d-r2 >= 1.1.1d-r1"),
        (ALPINE_OPENSSL, "CVE-2019-9999", "no record of it in the feeds loaded: alpine-secdb, osv-pypi"),
        (OTHER_RELEASE, "CVE-2019-1551", "another release, the document has alpine:3.9"),
        (JINJA_HIGH, "ghsa-g3rq-g295-4j3m", "affected by ghsa-g3rq-g295-4j3m"),
        (JINJA_HIGH, "CVE-2020-28493", "osv-pypi GHSA-g3rq-g295-4j3m (CVE-2020-28493): affected"),
        (JINJA_HIGH, "PYSEC-2020-1", "withdrawn, it does not count on 2021-01-01"),
        (FLASK_UNKNOWN, "CVE-2020-28493", "pypi/jinja2 (osv-pypi GHSA-g3rq-g295-4j3m): not in the document"),
        ("pkg:apk/alpine/openssl@1.1.1d-r2", "CVE-2019-1551", "may be it, but was not checked, no_distro"),
        ("pkg:pypi/jinja2", "CVE-2020-28493", "may be it, but was not checked, no_version"),
        (JINJA_HIGH, "pkg:pypi/Jinja2", "PYSEC-2020-1: withdrawn"),
        (JINJA_HIGH, "pkg:pypi/flask", "no component of the document has this PURL"),
        (
            "pkg:deb/pureos/curl@7.74.0-1?distro=pureos-10",
            "pkg:deb/pureos/curl",
            "not checked, no_feed: no feed speaks of pureos 10 (--distro",
        ),
        ("pkg:npm/left-pad@1.0.0", "pkg:npm/left-pad", "not checked, no_feed: no loaded feed covers it"),
    ],
)
def test_why_and_why_not(tmp_path: Path, db: Path, purl: str, asked: str, words: str) -> None:
    ran = explain(db, sbom(tmp_path / "app.json", purl), asked)
    assert (ran.code, ran.stderr) == (0, "")
    assert words in ran.text


def test_what_a_notice_covers_is_not_the_same_vulnerability(tmp_path: Path) -> None:
    """ALSA-1 names two CVEs: neither is the other, what is said of one is not said of the other, and it is a record of both."""
    notice = osv_record("ALSA-1", "AlmaLinux:9", "curl", below("2"), related=["CVE-2024-0001", "CVE-2024-0002"])
    record = osv_record("PYSEC-1", "PyPI", "jinja2", below("3"), aliases=["CVE-2024-0001"])
    made = database(tmp_path, almalinux=[notice], pypi=[record])
    app = sbom(tmp_path / "app.json", JINJA_HIGH)
    assert "\nthe same as ALSA-1, PYSEC-1\n" in explain(made, app, "CVE-2024-0001").text
    assert "CVE-2024-0001" not in explain(made, app, "CVE-2024-0002").text
    assert "\na record of 2 vulnerabilities: CVE-2024-0001, CVE-2024-0002, PYSEC-1\n" in explain(made, app, "ALSA-1").text
    assert explain(made, app, "CVE-2024-0002", "-o", "json").json["ids"] == ["ALSA-1", "CVE-2024-0002"]


def test_the_answer_is_about_what_was_asked(tmp_path: Path, db: Path) -> None:
    ran = explain(db, sbom(tmp_path / "app.json", ALPINE_OPENSSL), "CVE-2019-1547", "-o", "json")
    (shown,) = check(ran.stdout, "explain-1.schema.json")["components"]
    assert (shown["verdict"], shown["answer"], shown["findings"]) == ("affected", "no_match", [])
    assert [(record["record"], record["outcome"]) for record in shown["records"]] == [("CVE-2019-1547", "fixed")]


def test_the_distribution_can_be_named(tmp_path: Path, db: Path) -> None:
    made = sbom(tmp_path / "app.json", "pkg:apk/alpine/openssl@1.1.1d-r2")
    assert "affected by CVE-2019-1551" in explain(db, made, "CVE-2019-1551", "--distro", "alpine:3.11").text


def test_a_purl_of_the_document_is_explained_as_it_stands(tmp_path: Path, db: Path) -> None:
    ran = explain(db, sbom(tmp_path / "app.json", ALPINE_OPENSSL, JINJA_HIGH), ALPINE_OPENSSL, "-o", "json")
    (shown,) = check(ran.stdout, "explain-1.schema.json")["components"]
    assert shown["ref"] == ALPINE_OPENSSL
    assert [record["outcome"] for record in shown["records"]] == ["affected", "fixed"]


@pytest.mark.parametrize(("asked", "code"), [("pkg:", 2), ("pkg:pypi", 2)])
def test_what_is_no_purl_is_wrong_usage(tmp_path: Path, db: Path, asked: str, code: int) -> None:
    assert explain(db, sbom(tmp_path / "app.json", JINJA_HIGH), asked).code == code


def test_a_pattern_for_several_is_wrong_usage_and_for_one_stands_for_it(tmp_path: Path, db: Path) -> None:
    sbom(tmp_path / "a.json", JINJA_HIGH)
    assert run("sbommatch", "explain", f"{tmp_path}/*.json", "CVE-2020-28493", "--db", db).code == 0
    sbom(tmp_path / "b.json", JINJA_HIGH)
    ran = run("sbommatch", "explain", f"{tmp_path}/*.json", "CVE-2020-28493", "--db", db)
    assert (ran.code, "stands for 2 files; name one SBOM" in ran.stderr) == (2, True)


def test_a_folder_is_wrong_usage(tmp_path: Path, db: Path) -> None:
    assert explain(db, tmp_path, "CVE-2019-1551").code == 2


def test_an_unreadable_document_exits_3(tmp_path: Path, db: Path) -> None:
    assert explain(db, tmp_path / "missing.json", "CVE-2019-1551").code == 3


def test_a_missing_database_exits_4(tmp_path: Path) -> None:
    assert explain(tmp_path / "none.json", sbom(tmp_path / "app.json", JINJA_HIGH), "CVE-2019-1551").code == 4
