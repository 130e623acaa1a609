"""What every report is written from, and what a report is."""

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import ClassVar, Protocol

from msgspec import Struct

from sbommatch.errors import UsageError
from sbommatch.match.model import TargetResult
from sbommatch.problem import Problem
from sbommatch.store.model import DatabaseStatus, Told


class Exit(Struct, frozen=True):
    """The exit code, and every reason that there is for one."""

    code: int
    because: tuple[str, ...]


class ScanReport(Struct, frozen=True, kw_only=True):
    """Documents matched against one database."""

    evaluated_on: str
    """`YYYY-MM-DD`: the day by which expiry and age are judged."""
    database: DatabaseStatus
    targets: tuple[TargetResult, ...]
    exit: Exit
    told: Mapping[str, Told] = {}
    """By what findings are called; for reports that tell what vulnerabilities are."""

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Of all targets, sorted."""
        return tuple(sorted(problem for target in self.targets for problem in target.problems))


class Style(Struct, frozen=True):
    """What the place that a report goes to can show."""

    colour: bool = False
    width: int | None = None
    """Columns of the terminal; None where there is none, and lines are as long as they need to be."""


class Report(Protocol):
    """An output format. Add one: a module in `sbommatch/reports`, a line in its `REPORTS`, a test."""

    name: ClassVar[str]
    """As `--output` names it."""
    title: ClassVar[str]
    """For people, one line."""
    suffix: ClassVar[str]
    """Of files that a folder gets: `.json`."""

    between: ClassVar[bytes]
    """What stands between the reports of two documents on stdout."""
    head: ClassVar[bytes]
    """What every report begins with, and a stream of several once."""
    tells: ClassVar[bool]
    """Whether it tells what vulnerabilities are: then `ScanReport.told` is filled in."""

    def write(self, report: ScanReport, style: Style) -> bytes:
        """The whole report, UTF-8, ending in a newline. The same report and style give the same bytes."""
        ...


def evaluation_moment() -> datetime:
    """The moment of `SOURCE_DATE_EPOCH` where that is set (reproducible-builds.org/specs/source-date-epoch), else the present, in UTC.

    Raises UsageError for a value that is no time.
    """
    stated = os.environ.get("SOURCE_DATE_EPOCH")
    if stated is None:
        return datetime.now(UTC)
    try:
        return datetime.fromtimestamp(int(stated), UTC)
    except (ValueError, OverflowError, OSError) as exc:
        raise UsageError(f"SOURCE_DATE_EPOCH is {stated!r}; it must be a number of seconds since 1970") from exc


def evaluation_day() -> str:
    """The day of `evaluation_moment`, `YYYY-MM-DD`."""
    return evaluation_moment().date().isoformat()


def evaluation_time() -> str:
    """The time of `evaluation_moment`: RFC 3339, UTC, in seconds."""
    return f"{evaluation_moment():%Y-%m-%dT%H:%M:%SZ}"
