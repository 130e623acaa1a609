"""`sbommatch archive`."""

import csv
import hashlib
import io
import json
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from sbommatch.archive.tables import TABLES
from tests.sbommatch.cli.sboms import ALPINE_OPENSSL, FLASK_UNKNOWN, JINJA_HIGH, feeds, sbom
from tests.sbommatch.reports.schemas import check
from tests.support.run import Ran, run

EPOCH = {"SOURCE_DATE_EPOCH": "1700000000"}


def archive(*arguments: str | Path, env: dict[str, str] | None = None) -> Ran:
    return run("sbommatch", "archive", *arguments, env=EPOCH | (env or {}))


def subject(name: str, version: str) -> dict[str, object]:
    return {"component": {"type": "application", "bom-ref": "it", "name": name, "version": version}}


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return feeds(tmp_path_factory.mktemp("feeds"))


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive of two documents that no test changes."""
    folder = tmp_path_factory.mktemp("kept")
    web = sbom(folder / "web.json", JINJA_HIGH, ALPINE_OPENSSL, metadata=subject("shop/web", "1.4"))
    api = sbom(folder / "api.json", FLASK_UNKNOWN, hidden=JINJA_HIGH, metadata=subject("=shop|api", "2.0"))
    assert archive("add", folder / "A", web, "--label", "team=web", "--label", "env=prod", "--released", "2023-05-01").code == 0
    ran = archive("add", folder / "A", api, "--label", "team=api")
    assert (ran.code, ran.stdout, ran.stderr) == (0, b"", f"{folder}/A: 1 document added\n")
    return folder / "A"


def digest_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_what_cannot_be_read_is_said_and_the_rest_stored(tmp_path: Path) -> None:
    good, bad = sbom(tmp_path / "good.json", JINJA_HIGH), tmp_path / "bad.json"
    bad.write_text("{")
    ran = archive("add", tmp_path / "A", good, bad)
    assert ran.code == 5
    assert "bad.json: malformed JSON" in ran.stderr
    assert "1 document added, 1 refused" in ran.stderr
    ran = archive("add", tmp_path / "A", bad)
    assert ran.code == 3
    assert archive("add", tmp_path / "A", good, "-q").stderr == ""
    lossy = tmp_path / "lossy.json"
    lossy.write_text('{"bomFormat": "CycloneDX", "components": [{"type": "library", "name": "x"}, 7]}')
    assert archive("add", tmp_path / "A", lossy).code == 5


def test_paths_come_by_lists(tmp_path: Path) -> None:
    paths = [sbom(tmp_path / f"{name}.json", f"pkg:pypi/{name}@1") for name in "abcd"]
    (tmp_path / "list").write_text(f"{paths[0]}\r\n\n{paths[1]}\n")
    command = [sys.executable, "-m", "sbommatch", "archive", "add", str(tmp_path / "A")]
    assert archive("add", tmp_path / "A", "--from-file", tmp_path / "list").code == 0
    for arguments, given in (
        (["-"], f"{paths[2]}\n".encode()),
        (["--from-file", "-"], str(paths[3]).encode()),
        (["-"], b' {"bomFormat": "CycloneDX", "components": [{"type": "library", "name": "x"}]}'),
    ):
        ran = subprocess.run([*command, *arguments], input=given, capture_output=True, check=False)
        assert ran.returncode == 0, ran.stderr
    listed = archive("list", tmp_path / "A", "-o", "json").json
    assert sorted(one["path"] for one in listed["documents"]) == ["-", *map(str, paths)]
    assert archive("add", tmp_path / "A", "--from-file", tmp_path / "none").code == 3


def test_the_list_and_its_json_say_what_is_stored(kept: Path) -> None:
    table = archive("list", kept).text.splitlines()
    assert table[0].split() == ["DIGEST", "SUBJECT", "LABELS", "RELEASED", "ADDED", "COMPONENTS", "PATH"]
    assert len(table) == 3
    assert digest_of(kept.parent / "web.json")[:12] in table[2]
    assert "shop/web 1.4   env=prod team=web  2023-05-01  2023-11-14  2" in table[2]
    listed = check(archive("list", kept, "-o", "json").stdout, "archive-list-1.schema.json")
    assert [one["subject"]["name"] for one in listed["documents"]] == ["=shop|api", "shop/web"]
    assert listed["documents"][1]["released_at"] == "2023-05-01T00:00:00Z"
    assert listed["documents"][1]["labels"] == {"env": "prod", "team": "web"}
    chosen = archive("list", kept, "--where", "team=api", "-o", "json").json
    assert [one["subject"]["version"] for one in chosen["documents"]] == ["2.0"]


@pytest.mark.parametrize("name", ["digest", "beginning", "path", "shop/web", "shop/web 1.4"])
def test_a_document_is_shown_by_any_of_its_names(kept: Path, name: str) -> None:
    path = kept.parent / "web.json"
    digest = digest_of(path)
    named = {"digest": digest, "beginning": digest[:6], "path": str(path)}.get(name, name)
    text = archive("show", kept, named).text
    assert f"sha256: {digest}" in text
    assert "jinja2" in text
    assert "alpine:3.11/openssl" in text
    shown = check(archive("show", kept, named, "-o", "json").stdout, "archive-show-1.schema.json")
    assert [one["package"] for one in shown["components"]] == ["jinja2", "libssl1.1"]


@pytest.mark.parametrize("name", ["nothing", "ffffff", "2.0"])
def test_a_document_that_is_not_there_is_wrong_usage(kept: Path, name: str) -> None:
    ran = archive("show", kept, name)
    assert (ran.code, ran.stdout) == (2, b"")
    assert "sbommatch archive list" in ran.stderr


def test_names_of_several_documents_are_refused(tmp_path: Path) -> None:
    for version in ("1", "2"):
        archive("add", tmp_path / "A", sbom(tmp_path / f"{version}.json", JINJA_HIGH, metadata=subject("web", version)))
    ran = archive("remove", tmp_path / "A", "web")
    assert ran.code == 2
    assert "2 documents are called so" in ran.stderr


def test_statistics_count_what_is_stored(kept: Path) -> None:
    stats = check(archive("stats", kept, "-o", "json").stdout, "archive-stats-1.schema.json")
    assert (stats["documents"], stats["occurrences"], stats["coordinates"], stats["segments"]) == (2, 4, 3, 2)
    assert set(stats["tables"]) == {table.name for table in TABLES}
    assert "2 documents" in archive("stats", kept).text


def test_documents_come_back_byte_for_byte(kept: Path, tmp_path: Path) -> None:
    web = kept.parent / "web.json"
    assert archive("export", kept, "shop/web").stdout == web.read_bytes()
    assert archive("export", kept, "shop/web", "-o", tmp_path / "one.json").code == 0
    assert (tmp_path / "one.json").read_bytes() == web.read_bytes()
    assert archive("export", kept, "shop/web", "=shop|api", "-o", f"{tmp_path}/out/").code == 0
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == {
        f"{digest_of(path)}-{path.name}": path.read_bytes() for path in (web, kept.parent / "api.json")
    }
    assert archive("export", kept, "--where", "env=prod").stdout == web.read_bytes()
    for wrong in (["shop/web", "=shop|api"], [], ["shop/web", "--where", "env=prod"], ["--where", "env=none"]):
        assert archive("export", kept, *wrong).code == 2


def test_removed_documents_are_gone(tmp_path: Path) -> None:
    for name in "abc":
        archive("add", tmp_path / "A", sbom(tmp_path / f"{name}.json", f"pkg:pypi/{name}@1"), "--label", f"name={name}")
    ran = archive("remove", tmp_path / "A", str(tmp_path / "a.json"))
    assert (ran.code, ran.stderr) == (0, f"{tmp_path}/A: 1 document removed\n")
    assert archive("remove", tmp_path / "A", "--where", "name=b", "-q").stderr == ""
    assert [Path(one["path"]).name for one in archive("list", tmp_path / "A", "-o", "json").json["documents"]] == ["c.json"]
    ran = archive("compact", tmp_path / "A")
    assert ran.code == 0
    assert "1 segment before, 1 now" in ran.stderr
    assert "freed" in ran.stderr


def test_the_listed_files_are_read_by_plain_duckdb(kept: Path) -> None:
    counts = {}
    for table in TABLES:
        files = archive("files", kept, table.name).text.split()
        assert all(Path(file).is_file() for file in files)
        counts[table.name] = duckdb.execute(f"SELECT count(*) FROM read_parquet({files})").fetchall()[0][0]
        [columns] = duckdb.execute(f"SELECT list(column_name) FROM (DESCRIBE SELECT * FROM read_parquet({files}))").fetchall()[0]
        assert set(columns) == {name for name, _, _ in table.columns}
    assert counts == {"documents": 2, "coordinates": 5, "occurrences": 4, "blobs": 2}


def test_sql_gives_tables_json_and_csv(kept: Path) -> None:
    sql = "SELECT subject_name, labels, added_at, coordinate_id FROM documents JOIN occurrences USING (segment, document)"
    sql += " JOIN coordinates USING (segment, coordinate) WHERE name = 'flask' AND key < $fixed"
    key = ("--key", "fixed=pypi:1.0")
    table = archive("sql", kept, sql, *key).text.splitlines()
    assert table[0].split() == ["SUBJECT_NAME", "LABELS", "ADDED_AT", "COORDINATE_ID"]
    assert len(table) == 2
    row = json.loads(archive("sql", kept, sql, *key, "-o", "json").stdout)
    assert (row["labels"], row["added_at"]) == ({"team": "api"}, "2023-11-14T22:13:20")
    assert len(bytes.fromhex(row["coordinate_id"])) == 16
    rows = list(csv.reader(io.StringIO(archive("sql", kept, sql, *key, "-o", "csv").text)))
    assert rows[1][:2] == ["'=shop|api", '{"team":"api"}']
    assert archive("sql", kept, "SELECT 1 WHERE false").text == "1\n"
    for wrong in (("--key", "fixed"), ("--key", "fixed=none:1"), ("--key", "fixed=pypi:not a version")):
        assert archive("sql", kept, sql, *wrong).code == 2
    assert archive("sql", kept, "DROP VIEW documents").code == 2


def test_a_match_is_summarised(kept: Path, db: Path) -> None:
    text = archive("match", kept, "--db", db).text
    assert text.startswith(f"{kept}: 2 documents, 2 affected\n3 findings: 1 high, 2 of unknown severity\n")
    assert "1 finding more in removed packages" in text
    assert "pypi/jinja2" in text
    assert "team=web" in text
    assert "Checked 4 of 4 components: 4 affected" in text
    only = archive("match", kept, "--db", db, "--where", "team=api").text
    assert only.startswith(f"{kept}: 1 document, 1 affected\n1 finding: 1 of unknown severity\n")
    nothing = archive("match", kept, "--db", db, "--where", "team=none")
    assert (nothing.code, "no document has the label" in nothing.stderr) == (0, True)


def test_markdown_and_html_escape_what_documents_say(kept: Path, db: Path) -> None:
    markdown = archive("match", kept, "--db", db, "-o", "markdown").text
    assert "=shop\\|api 2.0" in markdown
    page = archive("match", kept, "--db", db, "-o", "html").text
    assert page.startswith("<!doctype html>")
    assert "http" not in page.replace('<html lang="en">', "")


def test_json_is_the_report_with_a_target_for_each_document(kept: Path, db: Path, tmp_path: Path) -> None:
    ran = archive("match", kept, "--db", db, "-o", "json", "-o", f"json={tmp_path}/all.json", "-o", f"json={tmp_path}/each/")
    assert ran.code == 0
    report = check(ran.stdout, "report-1.schema.json")
    assert ran.stdout == (tmp_path / "all.json").read_bytes()
    assert [one["document"]["sha256"] for one in report["targets"]] == sorted(
        digest_of(kept.parent / f"{name}.json") for name in ("api", "web")
    )  # both were added at the same moment
    scanned = run("sbommatch", "scan", "--db", db, "-o", "json", kept.parent / "api.json", kept.parent / "web.json", env=EPOCH)
    alone = [json.loads(line)["targets"][0] for line in scanned.stdout.splitlines()]
    assert sorted(report["targets"], key=str) == sorted(alone, key=str)
    assert {path.name for path in (tmp_path / "each").iterdir()} == {"api.json", "web.json"}
    assert json.loads((tmp_path / "each" / "web.json").read_bytes())["targets"] == [
        one for one in alone if "web" in one["document"]["path"]
    ]


def test_rows_are_findings_of_documents(kept: Path, db: Path, tmp_path: Path) -> None:
    text = archive("match", kept, "--db", db, "-o", "csv", "-o", f"parquet={tmp_path}/rows.parquet").text
    rows = list(csv.DictReader(io.StringIO(text)))
    assert {(row["subject"], row["name"], row["id"], row["hidden"]) for row in rows} == {
        ("'=shop|api 2.0", "flask", "PYSEC-2019-179", "false"),
        ("'=shop|api 2.0", "jinja2", "CVE-2020-28493", "true"),
        ("shop/web 1.4", "jinja2", "CVE-2020-28493", "false"),
        ("shop/web 1.4", "openssl", "CVE-2019-1551", "false"),
    }
    parquet = str(tmp_path / "rows.parquet")
    assert duckdb.execute(f"SELECT count(*) FROM read_parquet('{parquet}') WHERE subject = '=shop|api 2.0'").fetchall() == [(2,)]


def test_a_document_with_losses_shows_in_the_exit_code(tmp_path: Path, db: Path) -> None:
    lossy = tmp_path / "lossy.json"
    lossy.write_text('{"bomFormat": "CycloneDX", "components": [{"type": "library", "name": "x"}, 7]}')
    archive("add", tmp_path / "A", lossy)
    ran = archive("match", tmp_path / "A", "--db", db, "-o", "json")
    assert (ran.code, ran.json["exit"]["code"]) == (5, 5)


@pytest.mark.parametrize(
    "arguments",
    [
        ("add", "A"),
        ("add", "A", "x.json", "--label", "team"),
        ("add", "A", "x.json", "--label", "a=1", "--label", "a=2"),
        ("add", "A", "x.json", "--released", "yesterday"),
        ("list", "A", "--where", "team"),
        ("files", "A", "nothing"),
        ("match", "A", "-o", "sarif"),
        ("match", "A", "-o", "parquet"),
        ("match", "A", "-o", "table", "-o", "json"),
        ("match", "A", "-o", "parquet=out/"),
        ("nothing", "A"),
    ],
)
def test_what_does_not_exist_is_wrong_usage(arguments: tuple[str, ...]) -> None:
    assert archive(*arguments).code == 2


def test_a_missing_database_exits_4(kept: Path, tmp_path: Path) -> None:
    assert archive("match", kept, "--db", tmp_path / "none.json").code == 4


def test_without_the_library_it_says_what_to_install(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "deltalake", None)
    monkeypatch.setattr("sbommatch.archive.archive.find_spec", lambda name: None)
    ran = archive("list", kept)
    assert ran.code == 2
    assert "pip install 'sbompair[archive]'" in ran.stderr


README = (Path(__file__).resolve().parents[3] / "README.md").read_text("utf-8").split("\n## The archive\n", 1)[1].split("\n## ", 1)[0]


def test_the_examples_of_the_readme_run(tmp_path: Path) -> None:
    log4j = [f"pkg:maven/org.apache.logging.log4j/log4j-core@{version}" for version in ("2.14.1", "2.17.0")]
    for number, purl in enumerate(log4j):
        document = sbom(tmp_path / f"{number}.json", purl, metadata=subject(f"app{number}", "1.0"))
        archive("add", tmp_path / "A", document, "--label", "team=web", "--released", "2021-12-01")
    statement = README.split('fixed=maven:2.17 "\n', 1)[1].split('"\n', 1)[0].replace("\\$", "$")
    rows = list(csv.reader(io.StringIO(archive("sql", tmp_path / "A", statement, "--key", "fixed=maven:2.17", "-o", "csv").text)))
    assert rows[1:] == [["web", "app0", "1.0", "2.14.1", "2021-12-01T00:00:00"]]
    plain = README.split('duckdb -c "', 1)[1].split('"\n', 1)[0]
    for table in TABLES:
        plain = plain.replace(f"[$(files {table.name})]", str(archive("files", tmp_path / "A", table.name).text.split()))
    assert sorted(duckdb.execute(plain).fetchall()) == [
        ("org.apache.logging.log4j:log4j-core", version, 1) for version in ("2.14.1", "2.17.0")
    ]


def test_a_match_is_as_of_a_day(kept: Path, db: Path) -> None:
    assert ", as of 2026-08-02: " in archive("match", kept, "--db", db, "--as-of", "2026-08-02").text
    ran = archive("match", kept, "--db", db, "--as-of", "2020-01-01")
    assert ran.code == 2
    assert "the first snapshot is of 2026-08-01" in ran.stderr
