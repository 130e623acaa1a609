"""Snapshot folders that appear in a folder."""

import json
import os
from pathlib import Path

import pytest

from sbommatch.errors import FeedError
from sbommatch.supply import arrivals as module
from sbommatch.supply.arrivals import Arrival, Unreadable, arrivals


def snapshot(folder: Path, feed: str = "osv-pypi", captured_at: str = "2026-08-21T00:00:00Z") -> Path:
    folder.mkdir(parents=True)
    manifest = {"feed": feed, "captured_at": captured_at, "files": [{"path": "all.zip", "sha256": "0" * 64}]}
    (folder / "snapshot.json").write_text(json.dumps(manifest))
    return folder


def test_they_are_found_in_the_folder_and_two_levels_below(tmp_path: Path) -> None:
    wanted = {snapshot(tmp_path / "in" / "osv-pypi" / "2026-08-21"), snapshot(tmp_path / "in" / "a")}
    snapshot(tmp_path / "in" / "x" / "y" / "too-deep")
    snapshot(tmp_path / "in" / ".being-copied")
    snapshot(tmp_path / "in" / ".being" / "copied")
    (tmp_path / "in" / "empty").mkdir()
    found = list(arrivals(tmp_path / "in"))
    assert {one.path for one in found} == wanted
    assert [one.path for one in arrivals(tmp_path / "in" / "a")] == [tmp_path / "in" / "a"]
    [one] = [one for one in found if one.path.name == "a"]
    assert isinstance(one, Arrival)
    assert (one.feed, one.captured_at.isoformat()) == ("osv-pypi", "2026-08-21T00:00:00+00:00")


def test_one_that_cannot_be_read_is_told_and_known_again_until_it_changes(tmp_path: Path) -> None:
    folder = snapshot(tmp_path / "a")
    (folder / "snapshot.json").write_text('{"feed": "osv-')
    [first] = arrivals(tmp_path)
    assert isinstance(first, Unreadable)
    assert "snapshot.json" in str(first.error)
    assert [one.mark for one in arrivals(tmp_path)] == [first.mark]
    assert list(arrivals(tmp_path, {first.mark})) == []
    os.utime(folder / "snapshot.json", (1, 1))
    [second] = arrivals(tmp_path)
    assert second.mark != first.mark


def test_too_many_and_none_are_errors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(FeedError, match="no such folder"):
        list(arrivals(tmp_path / "none"))
    monkeypatch.setattr(module, "ARRIVALS_LIMIT", 1)
    snapshot(tmp_path / "a")
    assert len(list(arrivals(tmp_path))) == 1
    snapshot(tmp_path / "b")
    with pytest.raises(FeedError, match="more than 1 snapshot folders"):
        list(arrivals(tmp_path))
