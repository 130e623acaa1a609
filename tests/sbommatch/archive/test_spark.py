"""Spark says of the same tables what DuckDB says: every finding, every verdict. It runs on a cluster of two workers on this machine."""

import gc
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sbommatch.archive import segment
from sbommatch.archive.archive import open_archive
from sbommatch.archive.commits import Commits
from sbommatch.archive.compact import compact
from sbommatch.archive.documents import Label
from sbommatch.archive.matching import ArchiveMatch
from sbommatch.archive.reader import files_of
from sbommatch.archive.report import write_rows
from sbommatch.archive.spark import Feeds, SparkMatch, _said, session
from sbommatch.archive.tables import OCCURRENCES, TABLES
from sbommatch.errors import ArchiveError, UsageError
from sbommatch.store.build import build
from sbommatch.store.open import locate, open_database
from sbommatch.supply.sources import sources_of
from tests.conftest import PROJECT, given_folder
from tests.sbommatch.archive.made import ask, opened, store
from tests.sbommatch.archive.test_matching import DEBIAN, DOCUMENTS, PYPI, SECDB
from tests.sbommatch.cli.sboms import JINJA_HIGH, sbom
from tests.sbommatch.match.feeds import below, database, osv_record
from tests.support.run import run

# pyspark leaves the sockets open by which it hears of results; they are closed as they are collected, in the fixture below.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")

COUNTED = """
SELECT verdict, reason, sum(occurrences)::BIGINT FROM tally JOIN outcome USING (class) WHERE counted GROUP BY verdict, reason
"""


@pytest.fixture(autouse=True)
def closed_sockets() -> Iterator[None]:
    yield
    gc.collect()


@pytest.fixture(scope="module")
def spark() -> Iterator[Any]:
    """Two executors, each a process with a Python of its own, and Delta Lake."""
    pytest.importorskip("pyspark", reason="pyspark is absent: pip install 'sbompair[spark]'")
    if not (shutil.which("java") or os.environ.get("JAVA_HOME")):
        pytest.skip("Java is absent: Spark needs 17 or 21")
    jars = sorted(given_folder("SBOMPAIR_DELTA", PROJECT / "build" / "delta").glob("*.jar"))
    os.environ["PYSPARK_PYTHON"] = sys.executable
    settings = {
        "spark.master": "local-cluster[2,1,1024]",
        "spark.jars": ",".join(map(str, jars)),
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.executorEnv.PYTHONPATH": str(PROJECT),
        "spark.sql.shuffle.partitions": "2",
        "spark.databricks.delta.snapshotPartitions": "2",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }
    with session(settings) as found:
        yield found


@pytest.fixture(scope="module")
def feeds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return locate(database(tmp_path_factory.mktemp("feeds"), secdb=SECDB, pypi=PYPI, debian=DEBIAN))


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Documents of each kind: added in two runs, one of them removed, compacted; then two more, of which one is removed again."""
    paths = [sbom(tmp_path / f"{number}.json", components=components) for number, components in enumerate(DOCUMENTS)]
    path = tmp_path / "an archive"
    store(path, *paths[:8:2], labels={"team": "web"})
    store(path, *paths[1:8:2], labels={"team": "core", "env": "prod"})
    remove(path, "0.json")
    with open_archive(path) as opened_archive:
        assert compact(opened_archive).segments == 1
    store(path, *paths[8:], paths[0], labels={"team": "core"})
    remove(path, "9.json")
    return path


def remove(path: Path, name: str) -> None:
    [(digest,)] = ask(path, "SELECT sha256 FROM documents WHERE path LIKE ?", [f"%/{name}"])
    with open_archive(path) as archive, Commits(archive) as commits:
        assert commits.remove([digest]) == 1


def check_equal(spark: Any, path: Path, feeds: Feeds, labels: tuple[Label, ...] = ()) -> Counter[tuple[Any, ...]]:
    """No finding and no verdict differs; gives the findings."""
    import duckdb

    rows = path.parent / "rows.parquet"
    with opened(path) as (_, reader), open_database(feeds.path, as_of=feeds.as_of) as found:
        ArchiveMatch(reader, found, labels)
        write_rows(reader, "parquet", rows)
        counted = reader.rows(COUNTED)
    with duckdb.connect() as connection:
        expected = Counter(connection.execute("FROM read_parquet($1)", [str(rows)]).fetchall())
    with open_archive(path) as archive, SparkMatch(spark, archive, feeds, labels) as match:
        findings = match.findings()
        assert tuple(findings.columns) == COLUMNS
        actual = Counter(map(tuple, findings.collect()))
        assert actual == expected
        assert Counter(map(tuple, match.verdicts().collect())) == Counter(counted)
    return actual


COLUMNS = (
    "sha256", "subject", "path", "labels", "namespace", "name", "version", "id", "ids", "level", "fix_state", "fixed_in", "status",
    "suppressed_by", "feed", "record", "rule", "range", "position", "hidden", "kev_added", "epss", "risk", "exact",
)  # fmt: skip


@pytest.mark.long
def test_spark_finds_what_duckdb_finds(spark: Any, archive: Path, feeds: Path) -> None:
    found = check_equal(spark, archive, Feeds(feeds))
    said = {(row[COLUMNS.index("status")], row[COLUMNS.index("hidden")], row[COLUMNS.index("suppressed_by")]) for row in found}
    assert said >= {("open", False, ""), ("open", True, ""), ("suppressed", False, "covered_by")}


@pytest.mark.long
def test_labels_choose_documents_on_spark(spark: Any, archive: Path, feeds: Path) -> None:
    core = check_equal(spark, archive, Feeds(feeds), (("team", "core"),))
    assert core.total() > 0
    assert {row[COLUMNS.index("labels")] for row in core} == {"team=core", "team=core env=prod"}


@pytest.mark.long
def test_an_empty_archive_matches_nothing_on_spark(spark: Any, tmp_path: Path, feeds: Path) -> None:
    store(tmp_path / "A")
    assert not check_equal(spark, tmp_path / "A", Feeds(feeds))


@pytest.mark.long
def test_spark_reads_the_rows_that_the_log_of_a_table_names(spark: Any, archive: Path) -> None:
    """Files that are dead lie beside those that are alive; values of partitions stand in the log, statistics in it choose files."""
    for table in TABLES:
        files, version = files_of(table, archive)
        rows = spark.read.format("delta").option("versionAsOf", version).load(f"file://{archive / table.name}")
        assert rows.count() == sum(file.rows for file in files), table.name
        if table.is_partitioned:
            assert {row[0] for row in rows.select("segment").distinct().collect()} == {file.segment for file in files}
    assert len(list((archive / "documents").glob("*.parquet"))) > len(files_of(TABLES[0], archive)[0])
    segments = {file.segment for file in files_of(OCCURRENCES, archive)[0]}
    one = spark.read.format("delta").load(f"file://{archive / 'occurrences'}").where(f"segment = {min(map(int, filter(None, segments)))}")
    assert len(one.inputFiles()) < len(files_of(OCCURRENCES, archive)[0])


@pytest.mark.long
def test_spark_asks_as_of_a_day(spark: Any, tmp_path: Path, archive: Path) -> None:
    from sbommatch.store.open import end_of_day

    for day, bound in (("2026-08-01", "1.0"), ("2026-08-02", "99")):
        (tmp_path / day).mkdir()
        (tmp_path / day / "a.json").write_bytes(_osv(bound))
        verb = "update" if (tmp_path / "feeds.json").exists() else "build"
        assert run("sbommatch", "db", verb, "--db", tmp_path / "feeds.json", f"osv-pypi={tmp_path / day / 'a.json'}@{day}").code == 0
    now = check_equal(spark, archive, Feeds(locate(tmp_path / "feeds.json")))
    then = check_equal(spark, archive, Feeds(locate(tmp_path / "feeds.json"), end_of_day("2026-08-01")))
    assert then.total() < now.total()


def _osv(bound: str) -> bytes:
    import msgspec

    return msgspec.json.encode(osv_record("GHSA-1", "PyPI", "jinja2", below(bound)))


@pytest.mark.long
def test_real_documents_are_matched_on_spark_as_by_duckdb(spark: Any, shared_data: Path, tmp_path: Path) -> None:
    osv = shared_data / "feeds" / "osv"
    names = ("PyPI", "Go", "crates.io", "npm", "AlmaLinux")
    native = f"alpine-secdb={osv.parent}/native/alpine-secdb/json"
    build(sources_of([native, *(f"osv-{name.lower()}={osv}/{name}/all.zip" for name in names)]), tmp_path / "feeds.json")
    store(tmp_path / "A", *(shared_data / "sboms" / folder for folder in ("anchore+syft", "aquasecurity+trivy", "guacsec+guac")))
    assert check_equal(spark, tmp_path / "A", Feeds(locate(tmp_path / "feeds.json"))).total() > 50


@pytest.mark.long
def test_documents_stored_by_other_rules_are_not_matched_on_spark(
    spark: Any, feeds: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segment, "INDEXED_BY", "0.1")
    store(tmp_path / "A", sbom(tmp_path / "a.json", JINJA_HIGH))
    with open_archive(tmp_path / "A") as archive, pytest.raises(ArchiveError, match="archive compact"):
        SparkMatch(spark, archive, Feeds(feeds))


@pytest.mark.long
def test_the_command_writes_folders_of_parquet(spark: Any, archive: Path, feeds: Path, tmp_path: Path) -> None:
    """On the Spark that PYSPARK_SUBMIT_ARGS names; without Delta Lake it says what to start it with."""
    import duckdb

    ran = run_command(archive, feeds, tmp_path / "out", f"--master local[1] --jars {spark.conf.get('spark.jars')} pyspark-shell")
    assert ran.returncode == 0, ran.stderr
    with opened(archive) as (_, reader), open_database(feeds) as found, duckdb.connect() as connection:
        ArchiveMatch(reader, found)
        expected = reader.rows("SELECT count(*) FROM reached JOIN found USING (class)")
        assert connection.execute(f"SELECT count(*) FROM '{tmp_path}/out/findings/*.parquet'").fetchall() == expected
        counted = reader.rows(COUNTED)
        assert Counter(connection.execute(f"FROM '{tmp_path}/out/verdicts/*.parquet'").fetchall()) == Counter(counted)
    refused = run_command(archive, feeds, tmp_path / "none", "--master local[1] pyspark-shell")
    assert refused.returncode == 2
    assert "--packages io.delta:delta-spark" in refused.stderr
    assert not (tmp_path / "none").exists()


def run_command(archive: Path, feeds: Path, folder: Path, submit: str) -> "subprocess.CompletedProcess[str]":
    words = ["archive", "match", str(archive), "--db", str(feeds), "--engine", "spark", "-o", f"parquet={folder}"]
    environment = {**os.environ, "PYSPARK_SUBMIT_ARGS": submit, "SPARK_LOCAL_IP": "127.0.0.1"}
    return subprocess.run([sys.executable, "-m", "sbommatch", *words], cwd=PROJECT, env=environment, capture_output=True, text=True)


@pytest.mark.parametrize("output", ["table", "csv=rows", "parquet", "parquet=-", "parquet=out/", "parquet=out"])
def test_spark_writes_a_folder_of_parquet_alone(output: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "out").mkdir()
    ran = run("sbommatch", "archive", "match", "A", "--engine", "spark", "-o", output)
    assert ran.code == 2
    assert ("there is such a" if "out" in output else "-o parquet=FOLDER") in ran.stderr


def test_errors_of_the_executors_are_said_in_a_line() -> None:
    raised = "Job aborted\nTraceback (most recent call last):\n  File\nModuleNotFoundError: No module named 'duckdb'\n\n\tat org.apache\n"
    assert _said(ValueError(raised)) == "ModuleNotFoundError: No module named 'duckdb'"
    assert _said(ValueError("[PATH_NOT_FOUND] none\n'Project")) == "[PATH_NOT_FOUND] none"
    assert _said(ValueError("")) == "ValueError"


def test_without_pyspark_the_engine_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sbommatch.archive.spark.find_spec", lambda _name: None)
    with pytest.raises(UsageError, match=r"sbompair\[spark\]"), session():
        pass
