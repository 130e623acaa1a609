"""Metrics in Prometheus' text format, as a file for node_exporter's textfile collector.

https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
"""

import os
from collections.abc import Iterable
from pathlib import Path

from msgspec import Struct

from sbommatch.errors import UsageError

PREFIX = "sbommatch_watch_"


class Metric(Struct, frozen=True, kw_only=True):
    """A metric, a value for each combination of labels; `kind` is `counter` or `gauge`."""

    name: str
    kind: str
    help: str
    samples: tuple[tuple[dict[str, str], float], ...]


def rendered(metrics: Iterable[Metric]) -> bytes:
    """The file's content; metrics without a sample are left out."""
    return "".join(line for metric in metrics if metric.samples for line in _lines(metric)).encode("utf-8", "backslashreplace")


def _lines(metric: Metric) -> Iterable[str]:
    name = PREFIX + metric.name
    yield f"# HELP {name} {metric.help}\n# TYPE {name} {metric.kind}\n"
    for labels, value in metric.samples:
        shown = ",".join(f'{label}="{_escaped(text)}"' for label, text in sorted(labels.items()))
        yield f"{name}{f'{{{shown}}}' if shown else ''} {value:.17g}\n"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def write(metrics: Iterable[Metric], path: Path) -> None:
    """Writes the file aside and moves it into place: the collector never sees a half. Raises UsageError."""
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        aside.write_bytes(rendered(metrics))
        aside.replace(path)
    except OSError as exc:
        aside.unlink(missing_ok=True)
        raise UsageError(f"{path}: cannot be written: {exc.strerror}") from exc
