"""`sbommatch archive match`."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec import Struct

from sbommatch.archive.documents import Label, StoredDocument
from sbommatch.cli import base
from sbommatch.cli.archive.options import archive_argument, where_option
from sbommatch.cli.archive.spark import SparkJob, folder_of, match_on_spark
from sbommatch.collector import without_collector
from sbommatch.errors import UsageError
from sbommatch.reports import REPORTS
from sbommatch.reports.output import PLACEHOLDER, STDOUT, Output, parse_outputs
from sbommatch.reports.report import Exit, ScanReport, Style, evaluation_day

if TYPE_CHECKING:
    from sbommatch.archive.matching import ArchiveMatch
    from sbommatch.match.model import TargetResult
    from sbommatch.store.model import DatabaseStatus

FORMATS = ("table", "json", "csv", "markdown", "html", "parquet")
"""Of the whole archive."""


class WholeOutput(Struct, frozen=True):
    """A report on all documents together, and where it goes."""

    format: str
    file: Path | None


class Job(Struct, frozen=True, kw_only=True):
    """A match, and all that its outputs need."""

    archive: Path
    match: "ArchiveMatch"
    documents: Sequence[StoredDocument]
    database: "DatabaseStatus"
    exit: Exit


def _outputs(texts: Sequence[str]) -> tuple[list[WholeOutput], tuple[Output, ...]]:
    """The outputs on all documents together, and those on each, which go to a folder. Raises UsageError."""
    whole, each = [], []
    for text in texts:
        format_, _, file = text.partition("=")
        if file.endswith("/") or PLACEHOLDER.search(file):
            each.append(text)
        elif format_ not in FORMATS:
            is_of_scan = format_ in {report.name for report in REPORTS}
            remedy = f"{format_}=FOLDER/ is a report for each document" if is_of_scan else "`sbommatch archive match --help` says more"
            raise UsageError(f"--output {format_}: for the whole archive there are {', '.join(FORMATS)}; {remedy}")
        else:
            whole.append(WholeOutput(format_, None if file in {"", STDOUT} else Path(file)))
    if sum(output.file is None for output in whole) > 1:
        raise UsageError("--output: only one report can go to stdout; name a file for the others, as in json=report.json")
    if any(output.format == "parquet" and output.file is None for output in whole):
        raise UsageError("--output parquet: name a file, as in parquet=findings.parquet")
    return whole, parse_outputs(each, several=True)


@base.command("match")
@archive_argument
@base.db_option
@where_option
@base.option(
    "-o", "--output", multiple=True, default=["table"], show_default=True, metavar="FORMAT[=FILE]",
    help=f"{', '.join(FORMATS)}; repeatable. Without FILE to stdout, one at most. FORMAT=FOLDER/ is a report for each document, in a "
    f"format of scan: {', '.join(report.name for report in REPORTS)}.",
)  # fmt: skip
@base.as_of_option
@base.option(
    "--engine", type=click.Choice(["duckdb", "spark"]), default="duckdb", show_default=True,
    help="spark: for archives too large for one machine, on the Spark that its own settings name; with -o parquet=FOLDER alone.",
)  # fmt: skip
@base.quiet_option
def match(
    archive: Path, *, db: Path | None, where: Sequence[Label], output: tuple[str, ...], as_of: datetime | None, engine: str, quiet: bool
) -> None:
    """Match all documents with the feed database.

    Each distinct component is matched once, however many documents have it. `table`, `markdown` and `html` are a summary; `json` has
    everything for every document; `csv` and `parquet` have a row for each finding of each document. Spark writes such rows, not sorted, to
    FOLDER/findings, and the number of components by verdict and reason to FOLDER/verdicts.
    """
    if engine == "spark":
        spark_job = SparkJob(archive=archive, pointer=base.database_pointer(db), as_of=as_of, labels=where, folder=folder_of(output))
        base.finish([match_on_spark(spark_job)])
    whole, each = _outputs(output)
    from sbommatch.archive.archive import open_archive
    from sbommatch.archive.documents import documents
    from sbommatch.archive.matching import ArchiveMatch
    from sbommatch.archive.reader import open_reader
    from sbommatch.store.open import open_database
    from sbommatch.store.queries import status

    pointer = base.database_pointer(db)
    with (
        without_collector(),
        open_archive(archive) as opened,
        open_reader(opened) as reader,
        open_database(pointer, threads=2, as_of=as_of) as database,
    ):
        chosen = sorted(documents(reader, where), key=lambda one: one.age)
        job = Job(
            archive=archive,
            match=ArchiveMatch(reader, database, where),
            documents=chosen,
            database=status(database),
            exit=_exit(chosen),
        )
        for one in whole:
            _write_whole(one, job)
        if each:
            _write_each(each, job)
    if not chosen and where and not quiet:
        base.warn(f"{archive}: no document has the label{'s' if len(where) > 1 else ''} asked for")
    base.finish([job.exit.code])


def _exit(documents: Sequence[StoredDocument]) -> Exit:
    losses = sum(one.losses for one in documents)
    return Exit(base.EXIT_LOSS, (f"parts of documents that could not be read: {losses}",)) if losses else Exit(0, ())


def _write_whole(output: WholeOutput, job: Job) -> None:
    writers: dict[str, Callable[[WholeOutput, Job], None]] = {"json": _write_json, "csv": _write_rows, "parquet": _write_rows}
    writers.get(output.format, _write_page)(output, job)


def _write_page(output: WholeOutput, job: Job) -> None:
    from sbommatch.archive.report import PAGES, page
    from sbommatch.archive.summary import summarise

    content = page(str(job.archive), summarise(job.match.reader), job.database)
    base.emit(PAGES[output.format](content), output.file)


def _write_rows(output: WholeOutput, job: Job) -> None:
    from tempfile import TemporaryDirectory

    from sbommatch.archive.report import write_rows

    if output.file is not None:
        with base.write_aside(output.file) as aside:
            write_rows(job.match.reader, output.format, aside)
        return
    with TemporaryDirectory() as folder:
        aside = Path(folder) / "findings"
        write_rows(job.match.reader, output.format, aside)
        with aside.open("rb") as stream:
            while piece := stream.read(1 << 20):
                base.emit(piece, None)


def _targets(job: Job) -> "Iterator[tuple[StoredDocument, TargetResult]]":
    from sbommatch.archive.targets import targets

    return targets(job.match, job.documents)


def _write_json(output: WholeOutput, job: Job) -> None:
    from sbommatch.reports.json_report import json_pieces

    results = (target for _, target in _targets(job))
    pieces = json_pieces(evaluation_day(), job.database, results, lambda: job.exit)
    if output.file is None:
        for piece in pieces:
            base.emit(piece, None)
        return
    with base.write_aside(output.file) as aside, aside.open("wb") as stream:
        stream.writelines(pieces)


def _write_each(outputs: Sequence[Output], job: Job) -> None:
    from sbommatch.store.told import told_of

    written: set[Path] = set()
    for document, target in _targets(job):
        told = told_of(job.match.database, {finding.id for finding in target.findings}) if any(one.report.tells for one in outputs) else {}
        report = ScanReport(evaluated_on=evaluation_day(), database=job.database, targets=(target,), exit=_exit([document]), told=told)
        for output in outputs:
            path = output.path_for(target.document)
            if path is None or path in written:
                raise UsageError(f"--output {output.report.name}={output.file}: {path} would be written twice; put {{digest}} in the name")
            written.add(path)
            _make_folder(path.parent)
            base.emit(output.report.write(report, Style()), path)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise UsageError(f"{folder}: cannot be made: {exc.strerror}") from exc
