"""SQL of the user: one SELECT, on the tables alone."""

from collections.abc import Callable
from pathlib import Path

import pytest

from sbommatch.archive.query import select
from sbommatch.errors import UsageError
from sbommatch.versions import SCHEME_BY_NAME
from tests.sbommatch.archive.made import opened


@pytest.fixture
def path(archive_of: Callable[[int], Path]) -> Path:
    return archive_of(2)


def run(path: Path, sql: str, **keys: bytes) -> list[tuple[object, ...]]:
    with opened(path) as (_, reader):
        _, rows = select(reader, sql, keys)
        return [tuple(row) for row in rows]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT count(*) FROM documents",
        "FROM documents SELECT count(*)",
        "WITH d AS (SELECT * FROM documents) SELECT count(*) FROM d;",
        "SELECT count(*) FROM (SELECT DISTINCT segment, document FROM occurrences JOIN coordinates USING (segment, coordinate))",
        "SELECT count(*) FROM blobs WHERE content IS NOT NULL",
    ],
)
def test_a_select_is_run(path: Path, sql: str) -> None:
    assert run(path, sql) == [(2,)]


def test_versions_are_compared_by_their_keys(path: Path) -> None:
    sql = "SELECT DISTINCT raw_version FROM coordinates WHERE name = 'jinja2' AND scheme = 'pypi' AND key < $fixed"
    scheme = SCHEME_BY_NAME["pypi"]
    assert run(path, sql, fixed=scheme.key("2.11.2")) == [("2.11.1",)]
    assert run(path, sql, fixed=scheme.key("2.11.1")) == []


@pytest.mark.parametrize(
    "sql",
    [
        "",
        "SELECT 1; SELECT 2",
        "SELECT 1; DROP VIEW documents",
        "INSERT INTO documents SELECT * FROM documents",
        "CREATE TABLE t AS SELECT 1",
        "COPY (SELECT 1) TO '{folder}/out.csv'",
        "EXPORT DATABASE '{folder}/out'",
        "ATTACH '{folder}/out.duckdb'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "PRAGMA database_list",
        "EXPLAIN SELECT 1",
        "CALL pragma_version()",
        "SELECT * FROM read_text('{folder}/0.json')",
        "SELECT * FROM '{folder}/0.json'",
        "SELECT * FROM read_blob('/etc/passwd')",
        "SELECT * FROM glob('/etc/*')",
        "SELECT * FROM read_parquet('{folder}/A/documents/*.parquet')",
        "SELECT * FROM read_csv('https://example.com/a.csv')",
        "FROM 'file.parquet'",
        "SELECT * FROM sniff_csv('/etc/passwd')",
        "SELECT * FROM parquet_metadata('{folder}/0.json')",
        "SELECT getenv('HOME')",
        "SELECT * FROM duckdb_secrets()",
        "SELECT * FROM enable_logging()",
        "SELECT * FROM query('COPY (SELECT 1) TO ''{folder}/out.csv''')",
        "SELECT * FROM json_execute_serialized_sql(json_serialize_sql('SELECT * FROM read_text(''{folder}/0.json'')'))",
        "WITH gone AS (DELETE FROM documents RETURNING *) FROM gone",
        "SELECT nothing FROM documents",
        "SELECT * FROM statements",
        "SELEC 1",
    ],
)
def test_nothing_else_is(path: Path, sql: str) -> None:
    before = sorted(path.parent.rglob("*"))
    with pytest.raises(UsageError, match=r"only one SELECT|the statement failed") as raised:
        run(path, sql.format(folder=path.parent))
    assert "\n" not in str(raised.value)
    assert sorted(path.parent.rglob("*")) == before


def test_a_query_that_fails_midway_says_so(path: Path) -> None:
    with pytest.raises(UsageError, match="the statement failed"):
        run(path, "SELECT CASE WHEN range = 9000 THEN error('stop') ELSE 'x' END FROM range(10000)")
