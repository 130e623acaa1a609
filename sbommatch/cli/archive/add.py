"""`sbommatch archive add`."""

import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sbommatch.archive.documents import Label
from sbommatch.cli import base
from sbommatch.cli.archive.options import archive_argument, labels
from sbommatch.errors import UsageError
from sbommatch.reports.text import counted
from sbommatch.supply.snapshot import parse_date

if TYPE_CHECKING:
    from sbommatch.archive.add import Added
    from sbommatch.archive.model import Extract, Refusal


def _released(_ctx: click.Context, _parameter: click.Parameter, text: str | None) -> datetime | None:
    moment = parse_date(text) if text else None
    if text and moment is None:
        raise UsageError(f"--released {text}: no date; write it as in 2026-08-21 or 2026-08-21T14:30:00Z")
    return moment


@base.command("add")
@archive_argument
@click.argument("sboms", nargs=-1, metavar="SBOM...")
@base.option("--from-file", metavar="LIST", help="Also the files that this one names, one a line; - is standard input.")
@base.option("--label", multiple=True, metavar="NAME=VALUE", callback=labels, help="A label of all documents added: team=web; repeatable.")
@base.option("--released", metavar="DATE", callback=_released, help="When what they describe was released.")
@base.quiet_option
@base.verbose_option
def add(
    archive: Path,
    sboms: tuple[str, ...],
    *,
    from_file: str | None,
    label: tuple[Label, ...],
    released: datetime | None,
    quiet: bool,
    verbose: bool,
) -> None:
    """Store SBOMs; ARCHIVE is a folder, made where there is none.

    SBOM is a file, a folder, a pattern, a zip or tar of SBOMs, or `-`: a document on standard input, or a list of such paths, one a line.
    A document that is stored already (the same bytes) stays as it is, labels and all.
    """
    if not sboms and from_file is None:
        raise UsageError(f"name what to store: `{base.PROGRAM} archive add {archive} sboms/`, or a list with --from-file")
    from sbommatch.archive.add import Meta
    from sbommatch.archive.add import add as store
    from sbommatch.archive.archive import open_archive
    from sbommatch.archive.inputs import sources
    from sbommatch.archive.workers import extracts

    reporter = _Reporter(quiet=quiet, verbose=verbose)
    with open_archive(archive, make=True) as opened:
        try:
            added = store(opened, extracts(sources(sboms, from_file)), Meta(labels=dict(label), released_at=released), reporter.report)
        finally:
            reporter.clear()
    if not quiet:
        click.echo(_summary(archive, added), err=True)
    base.finish(_codes(added))


class _Reporter:
    """Says what could not be read, and on a terminal how many were."""

    def __init__(self, *, quiet: bool, verbose: bool) -> None:
        self._verbose = verbose and not quiet
        self._counts = sys.stderr.isatty() and not quiet
        self._read = 0

    def report(self, answer: "Extract | Refusal") -> None:
        from sbommatch.archive.model import Refusal

        if isinstance(answer, Refusal):
            if not answer.is_note or self._verbose:
                self._warn(answer.message)
            return
        for problem in answer.problems:
            if problem.loss or self._verbose:
                self._warn(f"{problem.where}: {problem.message}")
        self._read += 1
        if self._counts and self._read % 100 == 0:
            click.echo(f"\r\x1b[K{self._read} documents", nl=False, err=True)

    def _warn(self, message: str) -> None:
        self.clear()
        base.warn(message)

    def clear(self) -> None:
        """Leaves no trace of the count."""
        if self._counts:
            click.echo("\r\x1b[K", nl=False, err=True)


def _summary(archive: Path, added: "Added") -> str:
    parts = [f"{counted(added.added, 'document')} added"]
    parts += [f"{added.known} stored before"] if added.known else []
    parts += [f"{added.refused} refused"] if added.refused else []
    parts += [f"{counted(added.notes, 'file')} without an SBOM"] if added.notes else []
    return base.printable(f"{archive}: {', '.join(parts)}")


def _codes(added: "Added") -> list[int]:
    if not added.added + added.known:
        return [base.EXIT_UNREADABLE]
    return [base.EXIT_LOSS if added.refused or added.losses else 0]
