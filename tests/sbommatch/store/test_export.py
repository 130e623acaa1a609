"""Rows for other programs."""

import csv
import json
from pathlib import Path

import duckdb
import pytest

from sbommatch.errors import UsageError
from sbommatch.store.build import build
from sbommatch.store.export import Form, export_rows
from sbommatch.store.open import open_database
from sbommatch.store.subset import Subset, subset_of
from sbommatch.supply.sources import sources_of
from tests.sbommatch.store.made import below, osv, write_zip

RECORDS = [
    osv("A-1", "alpha", events=below("2.0"), aliases=["CVE-2024-0001"], summary="=cmd|'/c calc'!A1\x1b[31m\nx"),
    osv("B-1", "beta", versions=["1.0", "@x"], withdrawn="2026-01-01T00:00:00Z"),
    osv("C-1", "-gamma", "Alpine:v3.20", events=below("1.0-r0")),
]


@pytest.fixture(scope="module")
def pointer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("export")
    go = write_zip(folder / "go.zip", [osv("GO-1", "example.org/m", "Go", events=below("1.0.0"))])
    sources = [f"osv-pypi={write_zip(folder / 'all.zip', RECORDS)}@2026-03-01", f"osv-go={go}@2026-03-01"]
    build(sources_of(sources), folder / "pointer.json")
    return folder / "pointer.json"


def exported(pointer: Path, target: Path, form: Form, *feeds: str, subset: Subset = Subset()) -> Path:  # noqa: B008
    with open_database(pointer) as database:
        export_rows(database, form, target, feeds, subset)
    return target


def test_json_lines_have_a_row_each(pointer: Path, tmp_path: Path) -> None:
    rows = [json.loads(line) for line in exported(pointer, tmp_path / "x", Form.JSONL).read_text().splitlines()]
    assert [(row["feed"], row["record"], row["range"], row["withdrawn"] is not None) for row in rows] == [
        ("osv-go", "GO-1", "<1.0.0", False),
        ("osv-pypi", "A-1", "<2.0", False),
        ("osv-pypi", "B-1", "=1.0", True),
        ("osv-pypi", "B-1", "=@x", True),
        ("osv-pypi", "C-1", "<1.0-r0", False),
    ]
    assert rows[1]["ids"] == ["A-1", "CVE-2024-0001"]
    assert rows[1]["summary"] == RECORDS[0]["summary"]


def test_parquet_has_the_same(pointer: Path, tmp_path: Path) -> None:
    path = exported(pointer, tmp_path / "it's.parquet", Form.PARQUET)
    with duckdb.connect() as connection:
        rows = connection.execute(
            "SELECT record, ids, fix FROM read_parquet($1) WHERE feed = 'osv-pypi' AND fix <> ''", [str(path)]
        ).fetchall()
    assert rows == [("A-1", ["A-1", "CVE-2024-0001"], "2.0"), ("C-1", ["C-1"], "1.0-r0")]


def test_csv_cannot_act_in_a_spreadsheet(pointer: Path, tmp_path: Path) -> None:
    path = exported(pointer, tmp_path / "x.csv", Form.CSV)
    with path.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert rows[1]["summary"] == "'=cmd|'/c calc'!A1 [31m x"
    assert (rows[2]["range"], rows[3]["listed"], rows[4]["name"]) == ("'=1.0", "'@x", "'-gamma")
    assert rows[1]["ids"] == "A-1 CVE-2024-0001"
    assert not any(value.startswith(("=", "+", "-", "@")) for row in rows for value in row.values())


@pytest.mark.parametrize(
    ("feeds", "ecosystems", "records"),
    [
        ((), (), ["GO-1", "A-1", "B-1", "B-1", "C-1"]),
        (("osv-go",), (), ["GO-1"]),
        ((), ("pypi",), ["A-1", "B-1", "B-1"]),
        ((), ("alpine", "golang"), ["GO-1", "C-1"]),
        ((), ("alpine:3.20",), ["C-1"]),
        (("osv-go",), ("pypi",), []),
    ],
)
def test_a_part_may_be_asked_for(
    pointer: Path, tmp_path: Path, feeds: tuple[str, ...], ecosystems: tuple[str, ...], records: list[str]
) -> None:
    path = exported(pointer, tmp_path / "x", Form.JSONL, *feeds, subset=subset_of(ecosystems))
    assert [json.loads(line)["record"] for line in path.read_text().splitlines()] == records


def test_a_file_that_cannot_be_written_is_an_error(pointer: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be written"):
        exported(pointer, tmp_path / "absent" / "x", Form.CSV)
