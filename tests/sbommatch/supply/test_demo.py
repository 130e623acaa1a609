"""The demo snapshots: each fact is one of the real feed's."""

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from sbommatch.supply.declarations import feeds_folder
from sbommatch.supply.snapshot import open_snapshot

DEMO = feeds_folder() / "demo"
FREE_TEXT = {"summary", "details", "credits"}


def test_the_digests_are_right() -> None:
    for feed in ("alpine-secdb", "osv-pypi"):
        snapshot = open_snapshot(feed, DEMO / feed)
        stored = {path.relative_to(DEMO / feed) for path in (DEMO / feed).rglob("*.json")}
        assert set(snapshot.files) == stored - {Path("snapshot.json")}


@pytest.mark.parametrize("path", sorted((DEMO / "alpine-secdb").glob("v*/*.json")), ids=lambda path: path.parent.name)
def test_secdb_facts_are_the_feeds(shared_data: Path, path: Path) -> None:
    real = json.loads((shared_data / "feeds/native/alpine-secdb/json" / path.relative_to(DEMO / "alpine-secdb")).read_bytes())
    demo = json.loads(path.read_bytes())
    assert demo["distroversion"] == real["distroversion"]
    assert demo["reponame"] == real["reponame"]
    assert demo["packages"]
    assert all(package in real["packages"] for package in demo["packages"])


def test_osv_facts_are_the_feeds_without_their_prose(shared_data: Path) -> None:
    with zipfile.ZipFile(shared_data / "feeds/osv/PyPI/all.zip") as archive:
        for path in sorted((DEMO / "osv-pypi").glob("PYSEC-*.json")):
            demo = json.loads(path.read_bytes())
            assert FREE_TEXT.isdisjoint(demo)
            del demo["schema_version"]  # the feed's own files leave it out
            assert is_part_of(demo, json.loads(archive.read(path.name))), path.name


def is_part_of(part: Any, whole: Any) -> bool:
    """Whether everything that `part` says `whole` says too."""
    if isinstance(part, dict):
        return isinstance(whole, dict) and all(key in whole and is_part_of(value, whole[key]) for key, value in part.items())
    if isinstance(part, list):
        return isinstance(whole, list) and all(any(is_part_of(one, other) for other in whole) for one in part)
    return bool(part == whole)


def test_the_judge_notices_what_is_not_there() -> None:
    assert is_part_of({"a": [{"b": 1}]}, {"a": [{"b": 2}, {"b": 1, "c": 3}]})
    assert not is_part_of({"a": [{"b": 4}]}, {"a": [{"b": 2}]})
