"""`sbommatch scan`: match SBOMs with the feed database."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from itertools import chain
from pathlib import Path

import click
from msgspec import Struct
from msgspec.structs import replace

from sbommatch.cli import base
from sbommatch.cli.decisions import Decisions, policy_option, read_decisions, vex_option
from sbommatch.collector import without_collector
from sbommatch.ecosystems import DISTRIBUTION_BY_ID
from sbommatch.errors import UnreadableError, UsageError
from sbommatch.match.advice import advised
from sbommatch.match.coverage import coverage_of, is_silent
from sbommatch.match.distros import DERIVATIVES, family_of, namespace_of, parse_distro
from sbommatch.match.model import NotChecked, TargetResult
from sbommatch.match.pipeline import Matcher, MatchOptions
from sbommatch.match.policy import (
    STALE_AFTER_DAYS,
    FailOn,
    Hidden,
    Policy,
    UnknownSeverity,
    applied,
    failures,
    feeds_older,
)
from sbommatch.problem import Problem, ProblemCode
from sbommatch.reports import REPORTS
from sbommatch.reports.output import Output, parse_outputs
from sbommatch.reports.report import Exit, ScanReport, Style, evaluation_day
from sbommatch.reports.words import some
from sbommatch.sbom.component import DistroStatement, Document
from sbommatch.sbom.read import names_several, open_documents
from sbommatch.store.model import DatabaseStatus, Told
from sbommatch.store.open import Database, open_database
from sbommatch.store.queries import status
from sbommatch.store.told import told_of

COMPONENTS_AT_ONCE = 50_000
"""Documents are matched together until they have so many components: enough to share their lookups, few enough to hold (some 100 MB)."""


class Settings(Struct, frozen=True, kw_only=True):
    """What the command line asks for."""

    outputs: tuple[Output, ...]
    policy: Policy
    options: MatchOptions
    as_of: datetime | None
    decisions: Decisions
    evaluated_on: str
    strict: bool
    quiet: bool
    verbose: bool


class Inputs:
    """The documents that can be read, one by one; what cannot is said on stderr and kept as an exit code."""

    def __init__(self, paths: Sequence[str], settings: Settings) -> None:
        self._paths = paths
        self._settings = settings
        self._read = 0
        self._unreadable = 0
        self._skipped = 0

    def __iter__(self) -> Iterator[Document]:
        for found in open_documents(self._paths):
            if isinstance(found, Document):
                self._read += 1
                yield found
            elif isinstance(found, UnreadableError):
                self._unreadable += 1
                base.warn(str(found))
            else:
                self._skipped += 1
                report_problems([found], self._settings)

    def code(self) -> int:
        """3 where nothing could be read, 5 where a part could not (with `--strict` a file of a folder that is no SBOM, too), else 0."""
        if not self._read:
            return base.EXIT_UNREADABLE
        return base.EXIT_LOSS if self._unreadable or (self._skipped and self._settings.strict) else 0


def report_problems(problems: Iterable[Problem], settings: Settings) -> None:
    """Losses on stderr always, and statements that contradict each other, unless quiet; other notes when asked."""
    for problem in problems:
        said = settings.verbose or problem.code is ProblemCode.CONTRADICTION
        if problem.loss or (said and not settings.quiet):
            base.warn(f"{problem.where}: {problem.message}")


def _distro(_ctx: click.Context, _parameter: click.Parameter, text: str | None) -> DistroStatement | None:
    """The distribution that `--distro` names. Raises UsageError for one without feeds or release: nothing could be checked by it."""
    if text is None:
        return None
    statement = parse_distro(text)
    distribution = family_of(statement.id) if statement else None
    if statement is None or distribution is None:
        known = ", ".join(sorted({*DISTRIBUTION_BY_ID, *DERIVATIVES}))
        raise UsageError(f"--distro {text}: no such distribution; there are {known}, written as in debian:12")
    if isinstance(namespace_of(statement, distribution.purl_type), NotChecked):
        raise UsageError(f"--distro {text}: names no release of {statement.id}; write it as in alpine:3.20, debian:12, ubuntu:24.04")
    return statement


def words(of: type[StrEnum]) -> click.Choice[str]:
    """The words of an option that is one of an enum."""
    return click.Choice([word.value for word in of])


distro_option = base.option(
    "--distro",
    metavar="ID:VERSION",
    callback=_distro,
    help="Distribution of all packages of its kind, whatever the SBOM says: debian:12, alpine:3.20; with channels: rhel:9.4+eus.",
)


@base.command("scan")
@click.argument("sboms", nargs=-1, required=True, metavar="SBOM...")
@base.db_option
@base.option(
    "-o", "--output", multiple=True, default=["table"], show_default=True, metavar="FORMAT[=FILE]",
    help=f"{', '.join(report.name for report in REPORTS)}; repeatable. Without FILE to stdout, one at most. "
    "Of several documents FILE is a folder (ends in /) or holds {name}, {digest} or {platform}.",
)  # fmt: skip
@base.option("--fail-on", type=words(FailOn), help="Exit 1 if there is a finding of this severity or above.")
@base.option(
    "--unknown-severity", type=words(UnknownSeverity), default=UnknownSeverity.FAIL.value, show_default=True,
    help="Whether a finding whose severity nobody states reaches the severity of --fail-on.",
)  # fmt: skip
@base.option(
    "--hidden", type=words(Hidden), default=Hidden.REPORT.value, show_default=True,
    help="Packages that a later layer removed: report their findings apart, omit them, or let them count for --fail-on.",
)  # fmt: skip
@base.option("--only-fixed", is_flag=True, help="Suppress findings that have no fix.")
@base.option("--ignore-base", is_flag=True, help="Suppress findings in packages that the base image brought in.")
@base.option(
    "--require-coverage", type=click.FloatRange(0, 100), metavar="PERCENT",
    help="Exit 1 if fewer of the components were checked.",
)  # fmt: skip
@base.option(
    "--max-age", type=click.IntRange(0), metavar="DAYS",
    help="Exit 4 if a feed of the database is older, or states no date.",
)  # fmt: skip
@distro_option
@base.as_of_option
@vex_option
@policy_option
@base.option("--strict", is_flag=True, help="Exit 5 for notes too, not only where something was lost.")
@base.quiet_option
@base.verbose_option
def scan(
    sboms: tuple[str, ...],
    *,
    db: Path | None,
    output: tuple[str, ...],
    fail_on: str | None,
    unknown_severity: str,
    hidden: str,
    only_fixed: bool,
    ignore_base: bool,
    require_coverage: float | None,
    max_age: int | None,
    distro: DistroStatement | None,
    as_of: datetime | None,
    vex: tuple[str, ...],
    policy: Path | None,
    strict: bool,
    quiet: bool,
    verbose: bool,
) -> None:
    """Match SBOMs with the feed database: findings, verdicts, coverage.

    SBOM is a CycloneDX, SPDX or Syft document in any of their forms, also compressed; a folder or a pattern ('sboms/*.json') of them, or
    `-` for standard input.
    """
    several = names_several(sboms)
    today = evaluation_day()
    settings = Settings(
        outputs=parse_outputs(output, several=several),
        policy=Policy(
            fail_on=FailOn(fail_on) if fail_on else None,
            unknown_severity=UnknownSeverity(unknown_severity),
            hidden=Hidden(hidden),
            only_fixed=only_fixed,
            ignore_base=ignore_base,
            require_coverage=require_coverage,
            max_age_days=max_age,
        ),
        options=MatchOptions(distro, omit_hidden=hidden == Hidden.OMIT),
        as_of=as_of,
        decisions=read_decisions(vex, policy, today),
        evaluated_on=today,
        strict=strict,
        quiet=quiet,
        verbose=verbose,
    )
    inputs = Inputs(sboms, settings)
    settings.decisions.warn(quiet=quiet, verbose=verbose)
    with without_collector():
        batches = batched(inputs)
        first = next(batches, None)  # a database is not asked for when there is nothing to ask
        codes = _match(chain([first], batches), base.database_pointer(db), settings) if first else set()
    if verbose and not quiet:
        settings.decisions.warn_of_unused()
    base.finish(codes | {inputs.code()})


def batched(documents: Iterable[Document], limit: int = COMPONENTS_AT_ONCE) -> Iterator[list[Document]]:
    """Documents in lists of so many components or a little more; never an empty list."""
    batch: list[Document] = []
    components = 0
    for document in documents:
        batch.append(document)
        components += len(document.components)
        if components >= limit:
            yield batch
            batch, components = [], 0
    if batch:
        yield batch


def _match(batches: Iterable[Sequence[Document]], pointer: Path, settings: Settings) -> set[int]:
    """Matches, writes, and gives the exit codes that apply."""
    codes: set[int] = set()
    with open_database(pointer, as_of=settings.as_of) as database:
        writer = Writer(settings, status(database))
        writer.warn_of_age()
        matcher = Matcher(database, settings.options)
        for documents in batches:
            matched = matcher.match(documents)
            targets = advised([applied(settings.decisions.applied(target), settings.policy) for target in matched], database)
            told = _told(targets, database) if any(output.report.tells for output in settings.outputs) else {}
            codes.update(writer.write(target, told) for target in targets)
    return codes


def _told(targets: Iterable[TargetResult], database: Database) -> Mapping[str, Told]:
    return told_of(database, {finding.id for target in targets for finding in target.findings})


class Writer:
    """Writes the reports of one document after the other; each is what a run with that document alone would give."""

    def __init__(self, settings: Settings, database: DatabaseStatus) -> None:
        self._settings = settings
        self._database = database
        self._written: set[Path] = set()
        self._style = terminal_style()
        self._first = True

    def write(self, target: TargetResult, told: Mapping[str, Told]) -> int:
        """The exit code of that document."""
        settings = self._settings
        report_problems(target.problems, settings)
        target = replace(target, problems=(*target.problems, *settings.decisions.problems))
        self._warn_of_silence(target)
        exit_ = exit_of(target, settings, self._database)
        report = ScanReport(evaluated_on=settings.evaluated_on, database=self._database, targets=(target,), exit=exit_, told=told)
        for output in settings.outputs:
            self._emit(output, report, target.document)
        self._first = False
        self._say_failures(target)
        return exit_.code

    def _say_failures(self, target: TargetResult) -> None:
        """Whoever reads an exit code of 1 beside a table wants to know which of the thresholds it is about; the rest is said elsewhere."""
        if not self._settings.quiet:
            for failure in failures(target, self._settings.policy):
                base.warn(f"{target.document.path}: {failure}")

    def warn_of_age(self) -> None:
        """Says which feeds are old. A database that nobody can renew is still worth asking: nothing is refused by itself."""
        limit = self._settings.policy.max_age_days
        old = feeds_older(self._database.feeds, STALE_AFTER_DAYS if limit is None else limit, self._settings.evaluated_on)
        if limit is None:
            old = [(name, age) for name, age in old if age is not None]
        if old and not self._settings.quiet:
            oldest_first = sorted(old, key=lambda of_age: (of_age[1] is not None, -(of_age[1] or 0)))
            said = f"{some(_aged(oldest_first))}; what was published since is not in the database"
            base.warn(f"old feeds: {said} (`{base.PROGRAM} db status` has all dates)")

    def _emit(self, output: Output, report: ScanReport, document: Document) -> None:
        path = output.path_for(document)
        if path is None:
            written = output.report.write(report, self._style)
            base.emit(written if self._first else output.report.between + written.removeprefix(output.report.head), None)
            return
        if path in self._written:
            raise UsageError(f"--output {output.report.name}={output.file}: {path} would be written twice; put {{digest}} in the name")
        self._written.add(path)
        _make_folder(path.parent)
        base.emit(output.report.write(report, Style()), path)

    def _warn_of_silence(self, target: TargetResult) -> None:
        """No findings because nothing was checked: that must not look like a good result to somebody who reads a file or an exit code."""
        if is_silent(target) and not self._settings.quiet:
            reasons = ", ".join(f"{number} {reason}" for reason, number in coverage_of(target).not_checked.items())
            base.warn(f"{target.document.path}: nothing was checked: {reasons}; `{base.PROGRAM} db status` says what the feeds cover")


def _aged(feeds: Iterable[tuple[str, int | None]]) -> list[str]:
    return [f"{name} of {'an unknown day' if age is None else f'{age} days ago'}" for name, age in feeds]


def exit_of(target: TargetResult, settings: Settings, database: DatabaseStatus) -> Exit:
    """What a document makes the command end with, and why."""
    policy = settings.policy
    because = [(base.EXIT_FINDINGS, failure) for failure in failures(target, policy)]
    if policy.max_age_days is not None and (old := feeds_older(database.feeds, policy.max_age_days, settings.evaluated_on)):
        because.append((base.EXIT_DATABASE, f"feeds older than {policy.max_age_days} days: {', '.join(_aged(old))}"))
    if counted := [problem for problem in target.problems if problem.loss or settings.strict]:
        because.append((base.EXIT_LOSS, f"parts of the document that could not be read: {len(counted)}"))
    return Exit(base.exit_code(code for code, _ in because), tuple(reason for _, reason in because))


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise UsageError(f"{folder}: cannot be made: {exc.strerror}") from exc


def terminal_style() -> Style:
    """What standard output can show: colours on a terminal where NO_COLOR (no-color.org) is not set."""
    columns = base.terminal_columns()
    return Style() if columns is None else Style(colour=not os.environ.get("NO_COLOR"), width=columns)
