"""`sbommatch db update`, `diff`, `check`, `show`, `list`, `delete`, `export`, and `--as-of`."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from tests.sbommatch.cli.sboms import sbom
from tests.sbommatch.reports.schemas import check
from tests.sbommatch.store.made import below, osv, write_zip
from tests.support.run import Ran, run

FIRST, SECOND = "2026-03-01", "2026-03-10"
OLD = [
    osv("A-1", "alpha", events=below("2.0"), aliases=["CVE-2024-0001"], references=[{"url": "https://example.org/a"}]),
    osv("B-1", "beta", events=below("1.0")),
]
NEW = [osv("A-1", "alpha", events=below("1.5"), aliases=["CVE-2024-0001"]), OLD[1], osv("C-1", "gamma", events=below("1.0"))]
KEV = {"vulnerabilities": [{"cveID": "CVE-2024-0001", "dateAdded": "2026-03-02", "dueDate": "2026-03-23"}]}


def db(command: str, pointer: Path, *arguments: str | Path) -> Ran:
    return run("sbommatch", "db", command, "--db", pointer, *arguments)


@pytest.fixture(scope="module")
def pointer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database of two snapshots of one feed, and KEV."""
    folder = tmp_path_factory.mktemp("db")
    old, new = write_zip(folder / "old.zip", OLD), write_zip(folder / "new.zip", NEW)
    (folder / "kev.json").write_text(json.dumps(KEV))
    pointer = folder / "db.json"
    assert db("build", pointer, f"osv-pypi={old}@{FIRST}").code == 0
    updated = db("update", pointer, f"osv-pypi={new}@{SECOND}", f"kev={folder}/kev.json@{SECOND}")
    assert (updated.code, updated.stderr.endswith(".duckdb: 3 advisories of 2 feeds\n")) == (0, True)
    return pointer


def shape(ran: Ran, schema: str) -> Any:
    assert ran.code == 0, ran.stderr
    return check(ran.stdout, schema)


def test_scan_answers_as_of_a_day(tmp_path: Path, pointer: Path) -> None:
    document = sbom(tmp_path / "app.cdx.json", "pkg:pypi/alpha@1.7", "pkg:pypi/gamma@0.5")

    def found(*arguments: str) -> tuple[Any, list[str]]:
        report = check(run("sbommatch", document, "--db", pointer, "-o", "json", *arguments).stdout, "report-1.schema.json")
        return report["database"]["as_of"], [finding["id"] for finding in report["targets"][0]["findings"]]

    assert found() == (None, ["C-1"])
    assert found("--as-of", "2026-03-09") == ("2026-03-09T23:59:59Z", ["CVE-2024-0001"])
    assert found("--as-of", SECOND) == ("2026-03-10T23:59:59Z", ["C-1"])
    table = run("sbommatch", document, "--db", pointer, "--as-of", "2026-03-09").text
    assert ", as of 2026-03-09: osv-pypi of 2026-03-01" in table


def test_explain_answers_as_of_a_day(tmp_path: Path, pointer: Path) -> None:
    document = sbom(tmp_path / "app.cdx.json", "pkg:pypi/alpha@1.7")
    assert "affected" in run("sbommatch", "explain", document, "CVE-2024-0001", "--db", pointer, "--as-of", FIRST).text
    assert "fixed: 1.7 >= 1.5" in run("sbommatch", "explain", document, "CVE-2024-0001", "--db", pointer).text


def test_search_answers_as_of_a_day(pointer: Path) -> None:
    assert "pypi/alpha  <2.0" in db("search", pointer, "alpha", "--as-of", "2026-03-05").text
    assert "pypi/alpha  <1.5" in db("search", pointer, "alpha").text


@pytest.mark.parametrize(
    ("day", "message"), [("2026-02-28", "it knows nothing as of 2026-02-28: the first snapshot is of 2026-03-01"), ("soon", "--as-of soon")]
)
def test_a_day_of_which_nothing_is_known_is_wrong_usage(pointer: Path, day: str, message: str) -> None:
    ran = db("search", pointer, "alpha", "--as-of", day)
    assert (ran.code, message in ran.stderr) == (2, True)


def test_status_has_the_history(pointer: Path) -> None:
    feeds = shape(db("status", pointer, "-o", "json"), "status-1.schema.json")["feeds"]
    assert [(feed["name"], [(one["captured_at"], one["advisories"]) for one in feed["history"]]) for feed in feeds] == [
        ("kev", [("2026-03-10T00:00:00Z", 0)]),
        ("osv-pypi", [("2026-03-01T00:00:00Z", 2), ("2026-03-10T00:00:00Z", 3)]),
    ]
    assert feeds[0]["enrichments"] == 1
    header, _kev, pypi = db("status", pointer).text.splitlines()[2:]
    columns = dict(zip(header.split(), pypi.split(), strict=True))
    assert (columns["CAPTURED"], columns["SINCE"]) == (SECOND, FIRST)


def test_update_says_what_is_not_new(tmp_path: Path, pointer: Path) -> None:
    ran = db("update", pointer, f"osv-pypi={write_zip(tmp_path / 'new.zip', NEW)}@{SECOND}")
    assert (ran.code, "sbommatch: osv-pypi: nothing new\n" in ran.stderr) == (0, True)


def test_an_older_and_a_shrunk_feed_are_exit_6_and_what_is_good_is_taken_in(tmp_path: Path) -> None:
    pointer = tmp_path / "db.json"
    many = [osv(f"M-{number}", events=below("1.0")) for number in range(10)]
    go = [osv("GO-1", "example.org/m", "Go", events=below("1.0.0"))]
    assert db("update", pointer, f"osv-pypi={write_zip(tmp_path / 'a.zip', many)}@{SECOND}").code == 0
    few = f"osv-pypi={write_zip(tmp_path / 'b.zip', many[:3])}"
    ran = db("update", pointer, f"{few}@2026-03-11", f"osv-go={write_zip(tmp_path / 'go.zip', go)}@{FIRST}")
    assert ran.code == 6
    assert "osv-pypi: not taken in, the old state stays: the feed shrank: 3 advisories, there were 10; `--accept-shrink`" in ran.stderr
    assert db("update", pointer, f"{few}@{FIRST}").code == 6
    feeds = db("status", pointer, "-o", "json").json["feeds"]
    assert [(feed["name"], feed["advisories"]) for feed in feeds] == [("osv-go", 1), ("osv-pypi", 10)]
    assert db("update", pointer, f"{few}@2026-03-11", "--accept-shrink").code == 0
    assert db("status", pointer, "-o", "json").json["feeds"][1]["advisories"] == 3


def test_a_subset_is_taken_in(tmp_path: Path) -> None:
    bucket = tmp_path / "osv"
    for name, record in (("PyPI", OLD[0]), ("Go", osv("GO-1", "example.org/m", "Go", events=below("1.0.0")))):
        (bucket / name).mkdir(parents=True)
        write_zip(bucket / name / "all.zip", [record])
    pointer = tmp_path / "db.json"

    def loaded(*arguments: str) -> list[str]:
        assert db("build", pointer, f"osv={bucket}@{FIRST}", *arguments).code == 0
        return [feed["name"] for feed in db("status", pointer, "-o", "json").json["feeds"]]

    assert loaded() == ["osv-go", "osv-pypi"]
    assert loaded("--ecosystem", "pypi") == ["osv-pypi"]
    assert loaded("--feed", "osv-go") == ["osv-go"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--ecosystem", "windows"], "'windows' is no ecosystem"),
        (["--ecosystem", "npm"], "none of these feeds speaks of npm"),
        (["--feed", "osv-go"], "--feed osv-go: it is none of the feeds named: osv-pypi"),
    ],
)
def test_a_subset_of_nothing_is_wrong_usage(tmp_path: Path, arguments: list[str], message: str) -> None:
    ran = db("build", tmp_path / "db.json", f"osv-pypi={write_zip(tmp_path / 'a.zip', OLD)}@{FIRST}", *arguments)
    assert (ran.code, message in ran.stderr) == (2, True)


def test_diff_of_two_days(pointer: Path) -> None:
    document = shape(db("diff", pointer, FIRST, SECOND, "-o", "json"), "dbdiff-1.schema.json")
    assert [(one["kind"], one["record"], one["name"], one["what"]) for one in document["changes"]] == [
        ("matching", "A-1", "alpha", ["fix", "range", "text", "versions"]),
        ("added", "C-1", "gamma", []),
    ]
    assert [(one["kind"], one["id"], one["what"]) for one in document["identifiers"]] == [("added", "CVE-2024-0001", ["kev"])]
    assert document["old"]["as_of"] == "2026-03-01T23:59:59Z"
    lines = db("diff", pointer, FIRST, SECOND).text.splitlines()
    assert lines[1].split()[:5] == ["kev", "-", SECOND, "0", "0"]
    assert lines[2].split()[:7] == ["osv-pypi", FIRST, SECOND, "1", "0", "1", "0"]
    assert ["matching", "osv-pypi", "A-1", "pypi/alpha"] in [line.split()[:4] for line in lines]
    assert any(line.endswith("<2.0    <1.5") for line in lines)


def test_diff_of_two_databases_by_digest_or_file(pointer: Path) -> None:
    current, first = db("list", pointer, "-o", "json").json["databases"]
    by_digest = db("diff", pointer, first["digest"][:10], current["digest"][:10], "-o", "json")
    by_file = db("diff", pointer, pointer.parent / first["file"], pointer, "-o", "json")
    assert by_digest.stdout == by_file.stdout
    assert len(shape(by_digest, "dbdiff-1.schema.json")["changes"]) == 2


def test_diff_of_nothing_is_wrong_usage(pointer: Path) -> None:
    assert db("diff", pointer, "nonsense", FIRST).code == 2


def test_check_says_what_was_checked(pointer: Path) -> None:
    document = shape(db("check", pointer, "-o", "json"), "check-1.schema.json")
    assert len(document["checks"]) > 15
    assert all(one["ok"] for one in document["checks"])
    assert db("check", pointer).text.startswith("ok     the file has the checksum that is kept beside it\n")
    assert db("check", pointer, "-q").stdout == b""


def test_check_of_a_changed_file_is_exit_1(tmp_path: Path) -> None:
    pointer = tmp_path / "db.json"
    db("build", pointer, f"osv-pypi={write_zip(tmp_path / 'a.zip', OLD)}@{FIRST}")
    (file,) = tmp_path.glob("db-*.duckdb")
    with file.open("ab") as stream:
        stream.write(b"x")
    ran = db("check", pointer, "-q")
    assert (ran.code, ran.text.splitlines()[0]) == (1, "WRONG  the file has the checksum that is kept beside it")
    assert check(db("check", pointer, "-o", "json").stdout, "check-1.schema.json")["checks"][0]["ok"] is False


def test_show_of_a_record(pointer: Path) -> None:
    for query in ("a-1", "cve-2024-0001"):
        document = shape(db("show", pointer, query, "-o", "json"), "show-1.schema.json")
        (record,) = document["records"]
        assert (record["record"], [group["ids"] for group in record["groups"]]) == ("A-1", [["A-1", "CVE-2024-0001"]])
        assert record["groups"][0]["kev"] == {"added": "2026-03-02", "due": "2026-03-23", "ransomware": None}
        assert [(row["range"], row["since"]) for row in record["rows"]] == [("<1.5", "2026-03-10T00:00:00Z")]
        assert [(one["until"], one["stands"]) for one in record["history"]] == [("2026-03-01T00:00:00Z", False), (None, True)]
    lines = db("show", pointer, "A-1").text.splitlines()
    assert lines[0] == "A-1 (osv-pypi)"
    assert "    exploited: added 2026-03-02, due 2026-03-23" in lines
    assert "  pypi/alpha  <1.5  affected  fixed  self  since 2026-03-10" in lines


def test_show_of_a_feed(pointer: Path) -> None:
    document = shape(db("show", pointer, "osv-pypi", "-o", "json"), "show-1.schema.json")
    assert (document["feed"]["format"], document["state"]["advisories"], len(document["history"])) == ("osv", 3, 2)
    text = db("show", pointer, "osv-pypi").text
    assert "loaded: pypi\n2026-03-10  loaded " in text
    assert db("show", pointer, "osv-go").text.endswith("\nnot loaded\n")


def test_show_of_nothing_is_no_failure(pointer: Path) -> None:
    assert db("show", pointer, "nothing").text.startswith("no feed is called nothing, and no record names it")
    assert shape(db("show", pointer, "nothing", "-o", "json"), "show-1.schema.json")["records"] == []


def test_export_to_stdout_and_to_a_file(tmp_path: Path, pointer: Path) -> None:
    lines = db("export", pointer).text.splitlines()
    assert [json.loads(line)["record"] for line in lines] == ["A-1", "B-1", "C-1"]
    rows = list(csv.DictReader(io.StringIO(db("export", pointer, "-o", "csv", "--ecosystem", "pypi").text)))
    assert [row["range"] for row in rows] == ["<1.5", "<1.0", "<1.0"]
    ran = db("export", pointer, "-o", f"parquet={tmp_path / 'rows.parquet'}", "--feed", "osv-pypi")
    assert (ran.code, ran.stdout, (tmp_path / "rows.parquet").read_bytes()[:4]) == (0, b"", b"PAR1")
    assert [path.name for path in tmp_path.iterdir()] == ["rows.parquet"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-o", "xml"], "--output xml: write csv, jsonl, parquet"),
        (["-o", "csv="], "--output csv="),
        (["--feed", "osv-go"], "--feed osv-go: the database holds kev, osv-pypi"),
        (["-o", "csv=/nonexistent/x"], "cannot be written"),
    ],
)
def test_what_cannot_be_exported_is_wrong_usage(pointer: Path, arguments: list[str], message: str) -> None:
    ran = db("export", pointer, *arguments)
    assert (ran.code, message in ran.stderr) == (2, True)


def test_databases_are_listed_and_deleted(tmp_path: Path) -> None:
    pointer = tmp_path / "db.json"
    for number, day in enumerate(("2026-03-01", "2026-03-02", "2026-03-03")):
        db("update", pointer, f"osv-pypi={write_zip(tmp_path / 'a.zip', [*OLD, osv(f'X-{number}')])}@{day}")
    listed = shape(db("list", pointer, "-o", "json"), "databases-1.schema.json")["databases"]
    assert sorted(one["is_current"] for one in listed) == [False, False, True]
    old = next(one for one in listed if not one["is_current"])
    assert sum(line.startswith("current") for line in db("list", pointer).text.splitlines()) == 1
    assert db("delete", pointer, old["digest"][:8]).stderr == "1 database deleted\n"
    assert db("delete", pointer, "--older-than", "1").stderr == "0 databases deleted\n"
    assert db("delete", pointer, "--all-but-current").stderr == "1 database deleted\n"
    current = next(one for one in listed if one["is_current"])
    assert [one["digest"] for one in db("list", pointer, "-o", "json").json["databases"]] == [current["digest"]]
    refused = db("delete", pointer, current["digest"])
    assert (refused.code, "it is the current database" in refused.stderr) == (2, True)


@pytest.mark.parametrize("arguments", [[], ["--all-but-current", "--older-than", "3"], ["ffffffff"], ["abc"]])
def test_nothing_is_deleted_that_is_not_named(pointer: Path, arguments: list[str]) -> None:
    before = sorted(pointer.parent.iterdir())
    assert db("delete", pointer, *arguments).code == 2
    assert sorted(pointer.parent.iterdir()) == before


def test_feeds_have_their_state(pointer: Path) -> None:
    document = shape(db("feeds", pointer, "-o", "json"), "feeds-1.schema.json")
    states = {feed["name"]: feed["state"] for feed in document["feeds"]}
    assert states["osv-go"] is None
    assert (states["osv-pypi"]["advisories"], states["kev"]["enrichments"]) == (3, 1)
    lines = {line.split()[0]: line for line in db("feeds", pointer).text.splitlines()}
    assert SECOND in lines["osv-pypi"]
    assert SECOND not in lines["osv-go"]


def test_feeds_of_a_database_that_is_not_there(tmp_path: Path) -> None:
    assert db("feeds", tmp_path / "absent.json").code == 4
    ran = run("sbommatch", "db", "feeds", "-o", "json", env={"XDG_DATA_HOME": str(tmp_path)})
    assert {feed["state"] for feed in shape(ran, "feeds-1.schema.json")["feeds"]} == {None}
