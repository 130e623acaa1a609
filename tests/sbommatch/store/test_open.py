"""Opening databases."""

from pathlib import Path

import pytest

from sbommatch.errors import DatabaseError
from sbommatch.store.engine import connect
from sbommatch.store.open import SCHEMA_NUMBER, open_database
from sbommatch.store.queries import status
from tests.sbommatch.store.made import build_osv, osv


def refused(path: Path) -> str:
    """The message with which opening is refused."""
    with pytest.raises(DatabaseError) as raised, open_database(path):
        pass
    assert raised.value.exit_code == 4
    return str(raised.value)


def test_a_pointer_and_the_database_itself_open_alike(tmp_path: Path) -> None:
    result = build_osv(tmp_path, osv("X-1"))
    with open_database(tmp_path / "pointer.json") as one, open_database(result.database) as other:
        assert status(one) == status(other) == result.status


def test_reading_never_writes(tmp_path: Path) -> None:
    result = build_osv(tmp_path, osv("X-1"))
    before = result.database.read_bytes()
    with open_database(result.database) as database, pytest.raises(DatabaseError, match="read-only"):
        database.rows("DELETE FROM affected_row")
    assert result.database.read_bytes() == before
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".duckdb", ".json", ".lock", ".sha256", ".zip"]


def test_no_database_says_what_to_do(tmp_path: Path) -> None:
    assert "there is no feed database; `sbommatch db build FEED=PATH` makes one" in refused(tmp_path / "absent.json")


def test_a_pointer_to_nothing_names_what_is_missing(tmp_path: Path) -> None:
    build_osv(tmp_path, osv("X-1")).database.unlink()
    assert "db-" in refused(tmp_path / "pointer.json")


@pytest.mark.parametrize("content", [b"", b"{}", b"not json", b"\x00" * 100, b'{"database": "../x.duckdb"}', b'{"database": "a/b"}'])
def test_a_file_of_another_kind_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.json").write_bytes(content)
    assert "`sbommatch db build" in refused(tmp_path / "x.json")


def test_a_folder_is_refused(tmp_path: Path) -> None:
    assert "cannot be read" in refused(tmp_path)


@pytest.mark.parametrize("kept_bytes", [20, 4096, 300_000])
def test_a_cut_database_is_refused(tmp_path: Path, kept_bytes: int) -> None:
    result = build_osv(tmp_path, osv("X-1"))
    result.database.write_bytes(result.database.read_bytes()[:kept_bytes])
    assert "may be damaged" in refused(tmp_path / "pointer.json")


def test_damage_inside_is_found_where_it_is_read(tmp_path: Path) -> None:
    result = build_osv(tmp_path, osv("X-1"))
    content = bytearray(result.database.read_bytes())
    content[20_000:] = b"\xff" * (len(content) - 20_000)
    result.database.write_bytes(bytes(content))
    assert "may be damaged" in refused(result.database)


def test_another_database_is_none_of_ours(tmp_path: Path) -> None:
    connection = connect(str(tmp_path / "other.duckdb"))
    connection.execute("CREATE TABLE t (a INTEGER)")
    connection.close()
    assert "Table with name meta does not exist" in refused(tmp_path / "other.duckdb")


def changed(folder: Path, sql: str) -> Path:
    """A database whose table `meta` says something else."""
    result = build_osv(folder, osv("X-1"))
    connection = connect(str(result.database))
    connection.execute(sql)
    connection.close()
    return result.database


def test_another_key_format_is_refused_with_what_to_do(tmp_path: Path) -> None:
    message = refused(changed(tmp_path, "UPDATE meta SET key_format = key_format + 1"))
    assert "version keys of format 2, this release compares keys of format 1: build it again with `sbommatch db build`" in message


def test_another_schema_is_refused_with_what_to_do(tmp_path: Path) -> None:
    message = refused(changed(tmp_path, "UPDATE meta SET schema_number = 99, tool_version = '7.0.0'"))
    assert f"written by sbommatch 7.0.0, it has schema 99, this release reads schema {SCHEMA_NUMBER}: build it again" in message


def test_a_database_without_its_own_description_is_damaged(tmp_path: Path) -> None:
    assert "`meta` has 0 rows" in refused(changed(tmp_path, "DELETE FROM meta"))
