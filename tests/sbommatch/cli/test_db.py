"""`sbommatch db`."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

from sbommatch.supply.declarations import feeds_folder
from tests.sbommatch.reports.schemas import check
from tests.sbommatch.store.made import below, osv, write_zip
from tests.support.run import Ran, run

PROJECT = Path(__file__).resolve().parents[3]
DEMO = (f"osv-pypi={feeds_folder()}/demo/osv-pypi", f"alpine-secdb={feeds_folder()}/demo/alpine-secdb")


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pointer to a database of the demo snapshots."""
    pointer = tmp_path_factory.mktemp("demo") / "db.json"
    assert run("sbommatch", "db", "build", *DEMO, "--db", pointer).code == 0
    return pointer


def shape(ran: Ran, schema: str) -> Any:
    """The document on stdout, held against its schema."""
    assert ran.code == 0, ran.stderr
    return check(ran.stdout, schema)


def test_build_says_what_it_made(tmp_path: Path) -> None:
    ran = run("sbommatch", "db", "build", *DEMO, "--db", tmp_path / "db.json")
    assert (ran.code, ran.stdout) == (0, b"")
    assert ran.stderr.startswith(str(tmp_path / "db-"))
    assert ran.stderr.endswith(".duckdb: 38 advisories of 2 feeds\n")


def test_quiet_is_quiet(tmp_path: Path) -> None:
    assert run("sbommatch", "db", "build", *DEMO, "-q", "--db", tmp_path / "db.json") == Ran(0, b"", "")


def test_the_database_may_be_named_by_the_environment(tmp_path: Path) -> None:
    assert run("sbommatch", "db", "build", *DEMO, env={"SBOMMATCH_DB": str(tmp_path / "db.json")}).code == 0
    assert run("sbommatch", "db", "status", env={"SBOMMATCH_DB": str(tmp_path / "db.json")}).code == 0


def test_a_broken_record_is_exit_5_named_on_stderr_and_the_rest_is_loaded(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "all.zip", [osv("X-1", events=below("1.0")), b"{\x1b[31m"])
    ran = run("sbommatch", "db", "build", f"osv-pypi={path}@2026-08-21", "--db", tmp_path / "db.json")
    assert ran.code == 5
    assert ran.stderr.startswith("sbommatch: all.zip: broken-1.json: no OSV record: ")
    assert "\x1b" not in ran.stderr
    assert run("sbommatch", "db", "status", "-o", "json", "--db", tmp_path / "db.json").json["feeds"][0]["refused"] == 1


def test_many_losses_are_summed_up(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "all.zip", [osv("X-1"), *[b"{"] * 30])
    ran = run("sbommatch", "db", "build", f"osv-pypi={path}@2026-08-21", "--db", tmp_path / "db.json")
    assert ran.code == 5
    assert "sbommatch: and 10 more that could not be read\n" in ran.stderr


def test_a_feed_that_does_not_say_its_date_is_mentioned(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "all.zip", [{**osv("GO-1", "example.org/m", "Go"), "modified": "0001-01-01T00:00:00Z"}])
    ran = run("sbommatch", "db", "build", f"osv-go={path}", "--db", tmp_path / "db.json")
    assert (ran.code, "osv-go: it does not say when it was captured; `osv-go=PATH@DATE` does" in ran.stderr) == (0, True)
    document = shape(run("sbommatch", "db", "status", "-o", "json", "--db", tmp_path / "db.json"), "status-1.schema.json")
    assert document["feeds"][0]["captured_at"] is None
    assert "unknown" in run("sbommatch", "db", "status", "--db", tmp_path / "db.json").text


def test_verbose_counts_the_notes(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "all.zip", [osv("X-1", events=below("7.2.0-12.1"))])
    ran = run("sbommatch", "db", "build", f"osv-pypi={path}", "-v", "--db", tmp_path / "db.json")
    assert (ran.code, "sbommatch: note: unplaced_bound 1 time\n" in ran.stderr) == (0, True)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ([], 2, "name at least one feed"),
        (["gentoo=x"], 2, "no feed is called 'gentoo'"),
        (["osv-pypi"], 2, "not of the form FEED=PATH[@DATE]"),
        (["osv-pypi=/nonexistent.zip"], 3, "does not exist"),
        (["osv-pypi={folder}/busted.zip"], 3, "the archive is broken"),
        (["osv-pypi={folder}/empty.zip"], 3, "holds no advisory"),
        (["osv-pypi={folder}/page.zip"], 3, "it is no zip archive"),
        (["osv-pypi={folder}/refused"], 6, "is not used; fetch it again"),
        (["osv-pypi={folder}/good.zip", "--no-such-option"], 2, "No such option"),
    ],
)
def test_what_cannot_be_built_leaves_nothing(tmp_path: Path, arguments: list[str], code: int, message: str) -> None:
    good = write_zip(tmp_path / "good.zip", [osv("X-1")])
    (tmp_path / "busted.zip").write_bytes(good.read_bytes()[:-20])
    (tmp_path / "page.zip").write_bytes(b"<html>")
    write_zip(tmp_path / "empty.zip", [])
    (tmp_path / "refused").mkdir()
    (tmp_path / "refused" / "X-1.json").write_bytes(b"{}")
    manifest = {"feed": "osv-pypi", "captured_at": "2026-01-01", "files": [{"path": "X-1.json", "sha256": "0" * 64}]}
    (tmp_path / "refused" / "snapshot.json").write_bytes(msgspec.json.encode(manifest))
    ran = run("sbommatch", "db", "build", "--db", tmp_path / "db" / "db.json", *(one.format(folder=tmp_path) for one in arguments))
    assert ran.code == code
    assert message in ran.stderr
    assert "Traceback" not in ran.stderr
    assert not list(tmp_path.glob("db/*.duckdb"))
    assert not (tmp_path / "db" / "db.json").exists()


def test_status_for_programs(demo: Path) -> None:
    document = shape(run("sbommatch", "db", "status", "--db", demo, "-o", "json"), "status-1.schema.json")
    assert document["schema"] == "sbommatch.status/1"
    alpine, pypi = document["feeds"]
    assert (alpine["name"], alpine["covers"], alpine["completeness"]) == ("alpine-secdb", ["alpine:3.11", "alpine:3.8"], "fixes_only")
    assert (pypi["advisories"], pypi["withdrawn"], pypi["refused"], pypi["proof"]) == (13, 1, 0, "whole feed")
    assert [feed["name"] for feed in document["database"]["feeds"]] == ["alpine-secdb", "osv-pypi"]
    assert set(document["database"]["feeds"][0]) == {"name", "snapshot", "captured_at", "covers", "completeness", "advisories"}


def test_status_for_people(demo: Path) -> None:
    ran = run("sbommatch", "db", "status", "--db", demo)
    assert ran.code == 0
    lines = ran.text.splitlines()
    assert lines[0].startswith("Database ")
    assert lines[2].split()[:4] == ["FEED", "CAPTURED", "ADVISORIES", "WITHDRAWN"]
    assert lines[3].split()[:4] == ["alpine-secdb", "2020-06-08", "25", "0"]
    assert lines[4].split()[:4] == ["osv-pypi", "2026-07-23", "13", "1"]


def test_status_says_how_many_records_no_package_can_meet(tmp_path: Path, shared_data: Path) -> None:
    """OSS-Fuzz: 4,021 records, 24 of them withdrawn, and 7 of packages of PyPI."""
    db = tmp_path / "db.json"
    assert run("sbommatch", "db", "build", f"osv-oss-fuzz={shared_data}/feeds/osv/OSS-Fuzz/all.zip@2026-08-21", "--db", db).code == 0
    (feed,) = shape(run("sbommatch", "db", "status", "--db", db, "-o", "json"), "status-1.schema.json")["feeds"]
    assert (feed["advisories"], feed["withdrawn"], feed["without_rows"], feed["refused"]) == (4021, 24, 3990, 0)
    assert "osv-oss-fuzz: 3990 records without rows: commits" in run("sbommatch", "db", "status", "--db", db).text


@pytest.mark.parametrize("arguments", [["status"], ["search", "CVE-2019-14697"]])
def test_without_a_database_it_is_exit_4_with_what_to_do(tmp_path: Path, arguments: list[str]) -> None:
    ran = run("sbommatch", "db", *arguments, "--db", tmp_path / "absent.json")
    assert (ran.code, ran.stdout) == (4, b"")
    assert "there is no feed database; `sbommatch db build FEED=PATH` makes one" in ran.stderr


def test_search_by_identifier_for_programs(demo: Path) -> None:
    document = shape(run("sbommatch", "db", "search", "cve-2019-14697", "--db", demo, "-o", "json"), "search-1.schema.json")
    (record,) = document["records"]
    assert (document["query"], record["record"], record["ids"]) == ("cve-2019-14697", "CVE-2019-14697", ["CVE-2019-14697"])
    assert [(row["namespace"], row["name"], row["range"], row["fix"]) for row in record["affected"]] == [
        ("alpine:3.11", "musl", "<1.1.23-r2", {"state": "fixed", "versions": ["1.1.23-r2"]}),
        ("alpine:3.8", "musl", "<1.1.19-r11", {"state": "fixed", "versions": ["1.1.19-r11"]}),
    ]


def test_search_by_package_for_people(demo: Path) -> None:
    ran = run("sbommatch", "db", "search", "PyYAML", "--db", demo)
    assert ran.code == 0
    assert ran.text.splitlines() == [
        "PYSEC-2020-176 (osv-pypi) = CVE-2019-20477, GHSA-3pqx-4fqf-j49f",
        "  pypi/pyyaml  >=5.1,<5.2b1",
        "PYSEC-2021-142 (osv-pypi) = CVE-2020-14343, GHSA-8q59-q68h-6hv4",
        "  pypi/pyyaml  <5.4",
    ]


def test_search_shows_clearings_withdrawals_and_severities(demo: Path) -> None:
    assert "  alpine:3.8/db  0  not affected" in run("sbommatch", "db", "search", "CVE-2016-0682", "--db", demo).text
    assert "PYSEC-2022-42969 (osv-pypi, withdrawn 2026-06-09)" in run("sbommatch", "db", "search", "py", "--db", demo).text
    assert run("sbommatch", "db", "search", "CVE-2024-34064", "--db", demo).text.splitlines()[0].endswith(", medium")


def test_a_search_that_finds_nothing_is_no_failure(demo: Path) -> None:
    ran = run("sbommatch", "db", "search", "no\x1bthing", "--db", demo)
    assert (ran.code, ran.text) == (0, "no record names no\\x1bthing\n")
    assert shape(run("sbommatch", "db", "search", "nothing", "--db", demo, "-o", "json"), "search-1.schema.json")["records"] == []


def test_what_feeds_say_cannot_act_on_the_terminal(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "all.zip", [osv("X-1\x1b]0;x", "demo", events=below("1.0\x1b[2J"), summary="\x1b[31mred\u202e")])
    assert run("sbommatch", "db", "build", f"osv-pypi={path}", "--db", tmp_path / "db.json").code == 0
    text = run("sbommatch", "db", "search", "demo", "--db", tmp_path / "db.json").text
    assert "\\x1b[31mred\\xe2\\x80\\xae" in text
    assert "\x1b" not in text


def test_feeds_are_listed() -> None:
    document = shape(run("sbommatch", "db", "feeds", "-o", "json"), "feeds-1.schema.json")
    names = [feed["name"] for feed in document["feeds"]]
    assert names == sorted(names)
    assert {"alpine-secdb", "kev", "osv-alpine"} <= set(names)
    lines = run("sbommatch", "db", "feeds").text.splitlines()
    assert lines[0].split()[:3] == ["FEED", "FORMAT", "COVERS"]
    assert len(lines) == len(document["feeds"]) + 1


def test_help_lists_the_commands_with_their_own_help() -> None:
    text = run("sbommatch", "db", "--help").text
    for name in ("build", "status", "search", "feeds"):
        assert f"  {name}" in text
        assert run("sbommatch", "db", name, "--help").code == 0


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_leaves_nothing_half_written(tmp_path: Path, number: signal.Signals, code: int) -> None:
    os.mkfifo(tmp_path / "feed.json")  # a feed that never comes
    command = [sys.executable, "-m", "sbommatch", "db", "build", f"osv-pypi={tmp_path}/feed.json", "--db", str(tmp_path / "db.json")]
    with subprocess.Popen(command, cwd=PROJECT, stderr=subprocess.PIPE) as process:
        deadline = time.monotonic() + 20
        while not list(tmp_path.glob(".db.json.*.part")) and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(number)
        try:
            process.communicate(timeout=20)
        finally:
            process.kill()
    assert process.returncode == code
    assert sorted(path.name for path in tmp_path.iterdir()) == [".db.json.lock", "feed.json"]
