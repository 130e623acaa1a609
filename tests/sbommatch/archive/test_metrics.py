"""Metrics as node_exporter's textfile collector reads them."""

from pathlib import Path

import pytest

from sbommatch.archive.metrics import Metric, rendered, write
from sbommatch.errors import UsageError

DUE = Metric(name="due", kind="gauge", help="Due.", samples=(({"target": 'a"b\\c\nd'}, 3), ({"target": "e"}, 1_792_000_000.5)))
NONE = Metric(name="none", kind="gauge", help="None.", samples=())


def test_a_file_is_in_prometheus_text_format() -> None:
    assert rendered([DUE, NONE, Metric(name="rounds_total", kind="counter", help="Rounds.", samples=(({}, 7),))]).decode() == (
        "# HELP sbommatch_watch_due Due.\n"
        "# TYPE sbommatch_watch_due gauge\n"
        'sbommatch_watch_due{target="a\\"b\\\\c\\nd"} 3\n'
        'sbommatch_watch_due{target="e"} 1792000000.5\n'
        "# HELP sbommatch_watch_rounds_total Rounds.\n"
        "# TYPE sbommatch_watch_rounds_total counter\n"
        "sbommatch_watch_rounds_total 7\n"
    )


def test_the_file_is_replaced_whole(tmp_path: Path) -> None:
    target = tmp_path / "sbommatch.prom"
    target.write_text("old")
    with target.open() as reader:
        write([DUE], target)
        assert reader.read() == "old"
    assert target.read_bytes() == rendered([DUE])
    assert [path.name for path in tmp_path.iterdir()] == ["sbommatch.prom"]
    with pytest.raises(UsageError, match="cannot be written"):
        write([DUE], tmp_path / "none" / "x.prom")
