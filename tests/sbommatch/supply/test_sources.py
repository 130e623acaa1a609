"""`FEED=PATH[@DATE]`."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from sbommatch.errors import FeedError, UsageError
from sbommatch.supply.sources import sources_of


@pytest.fixture
def bucket(tmp_path: Path) -> Path:
    """A copy of OSV's bucket, with an ecosystem that is not declared."""
    for ecosystem in ("PyPI", "crates.io", "Linux"):
        (tmp_path / ecosystem).mkdir()
        (tmp_path / ecosystem / "all.zip").write_bytes(b"")
        (tmp_path / ecosystem / "modified_id.csv").write_bytes(b"")
    return tmp_path


def test_a_feed_and_a_path(bucket: Path) -> None:
    (source,) = sources_of([f"osv-pypi={bucket}/PyPI/all.zip"])
    assert source.declaration.name == "osv-pypi"
    assert source.snapshot.path == bucket / "PyPI" / "all.zip"
    assert source.snapshot.captured_at is None


@pytest.mark.parametrize("date", ["2026-08-21", "2026-08-21T00:00:00Z"])
def test_a_date_after_the_path(bucket: Path, date: str) -> None:
    (source,) = sources_of([f"osv-pypi={bucket}/PyPI/all.zip@{date}"])
    assert source.snapshot.captured_at == datetime(2026, 8, 21, tzinfo=UTC)


def test_an_at_that_no_date_follows_belongs_to_the_path(tmp_path: Path) -> None:
    (tmp_path / "feed@home.zip").write_bytes(b"")
    (source,) = sources_of([f"osv-pypi={tmp_path}/feed@home.zip"])
    assert source.snapshot.path.name == "feed@home.zip"


def test_osv_is_every_declared_feed_that_the_bucket_has(bucket: Path) -> None:
    sources = sources_of([f"osv={bucket}@2026-08-21"])
    assert [(source.declaration.name, source.snapshot.path.parent.name) for source in sources] == [
        ("osv-crates.io", "crates.io"),
        ("osv-pypi", "PyPI"),
    ]
    assert all(source.snapshot.captured_at for source in sources)


def test_one_feed_takes_its_own_part_of_the_bucket(bucket: Path) -> None:
    (source,) = sources_of([f"osv-pypi={bucket}"])
    assert source.snapshot.path == bucket / "PyPI" / "all.zip"


def test_sources_are_sorted_by_feed(bucket: Path) -> None:
    sources = sources_of([f"osv-pypi={bucket}", f"osv-crates.io={bucket}"])
    assert [source.declaration.name for source in sources] == ["osv-crates.io", "osv-pypi"]


@pytest.mark.parametrize("argument", ["osv-pypi", "osv-pypi=", "=x", ""])
def test_another_form_is_wrong_usage(argument: str) -> None:
    with pytest.raises(UsageError, match="not of the form FEED=PATH"):
        sources_of([argument])


def test_a_feed_named_twice_is_wrong_usage(bucket: Path) -> None:
    with pytest.raises(UsageError, match="osv-pypi is named twice"):
        sources_of([f"osv={bucket}", f"osv-pypi={bucket}/PyPI/all.zip"])


def test_an_unknown_feed_is_wrong_usage(bucket: Path) -> None:
    with pytest.raises(UsageError, match="no feed is called"):
        sources_of([f"osv-linux={bucket}"])


def test_a_folder_of_another_layout_is_not_osvs(tmp_path: Path) -> None:
    with pytest.raises(FeedError, match="has not the layout of OSV's bucket"):
        sources_of([f"osv={tmp_path}"])
