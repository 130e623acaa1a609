"""`sbommatch db build` and `db update`: what feeds publish into a database."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sbommatch.cli.base import (
    EXIT_LOSS,
    EXIT_REFUSED,
    command,
    database_pointer,
    db_option,
    finish,
    option,
    quiet_option,
    verbose_option,
    warn,
)  # fmt: skip
from sbommatch.cli.db import ecosystem_option, feed_option
from sbommatch.errors import UsageError
from sbommatch.reports.text import counted

if TYPE_CHECKING:
    from sbommatch.store.build import BuildOptions, BuildResult
    from sbommatch.supply.sources import Source

LOSSES_SHOWN = 20
"""Lines on stderr; where a whole feed changed its form, thousands would say the same."""

sources_argument = click.argument("sources", nargs=-1, metavar="[FEED=PATH[@DATE]]...")


@command("build")
@sources_argument
@db_option
@feed_option
@ecosystem_option
@quiet_option
@verbose_option
def build(
    sources: tuple[str, ...], *, db: Path | None, feeds: tuple[str, ...], ecosystems: tuple[str, ...], quiet: bool, verbose: bool
) -> None:
    """Build a new database from local files of feeds.

    PATH is what the feed publishes (zip, folder, single file), or a folder with a snapshot.json; DATE is when it was captured, where
    the feed does not say it. `osv` as FEED stands for all feeds in a copy of OSV's bucket. `sbommatch db feeds` lists the feeds.

    The database is written beside FILE and FILE made the pointer to it; who reads the old one keeps it. It holds what is named here and
    nothing else: `db update` carries over what the database before held.
    """
    from sbommatch.store import build as store

    progress = _Progress(visible=sys.stderr.isatty() and not quiet)
    options, wanted = _options(sources, feeds, ecosystems, progress)
    try:
        result = store.build(wanted, database_pointer(db), options)
    finally:
        progress.clear()
    _report(result, quiet=quiet, verbose=verbose)


@command("update")
@sources_argument
@db_option
@feed_option
@ecosystem_option
@option("--accept-shrink", is_flag=True, help="Take in a feed even if it lost over a fifth of its records, or a whole namespace.")
@quiet_option
@verbose_option
def update(
    sources: tuple[str, ...],
    *,
    db: Path | None,
    feeds: tuple[str, ...],
    ecosystems: tuple[str, ...],
    accept_shrink: bool,
    quiet: bool,
    verbose: bool,
) -> None:
    """Take newer snapshots of some feeds into the database.

    FEED, PATH and DATE as for `db build`. The other feeds are carried over. What a feed no longer says is kept as history: `--as-of DATE`
    of scan, explain and db search answers with what was known then. Of a zip only the files that changed are read.

    A snapshot that is older than the feed's newest is refused, and one by which the feed loses over a fifth of its records, or a whole
    namespace: the old rows stay, the other feeds are taken in, and the exit code is 6. The same snapshot again changes nothing.
    """
    from msgspec.structs import replace

    from sbommatch.store import build as store

    progress = _Progress(visible=sys.stderr.isatty() and not quiet)
    options, wanted = _options(sources, feeds, ecosystems, progress)
    try:
        result = store.update(wanted, database_pointer(db), replace(options, accept_shrink=accept_shrink))
    finally:
        progress.clear()
    _report(result, quiet=quiet, verbose=verbose)


def _options(
    arguments: Sequence[str], feeds: Sequence[str], ecosystems: Sequence[str], progress: "_Progress"
) -> tuple["BuildOptions", tuple["Source", ...]]:
    """What to load, and how. Raises UsageError where nothing is named, or nothing is left."""
    if not arguments:
        raise UsageError("name at least one feed: `sbommatch db build osv-pypi=PyPI/all.zip`; `sbommatch db feeds` lists them")
    from sbommatch.store.build import BuildOptions
    from sbommatch.store.subset import subset_of
    from sbommatch.supply.sources import sources_of

    subset = subset_of(ecosystems)
    found = sources_of(arguments)
    if unknown := sorted(set(feeds) - {source.declaration.name for source in found}):
        raise UsageError(f"--feed {unknown[0]}: it is none of the feeds named: {', '.join(source.declaration.name for source in found)}")
    wanted = tuple(
        source for source in found if subset.meets(source.declaration.covers) and (not feeds or source.declaration.name in feeds)
    )
    if not wanted:
        raise UsageError(f"none of these feeds speaks of {', '.join(subset.ecosystems)}; `sbommatch db feeds` says what they cover")
    return BuildOptions(progress=progress.show, subset=subset), wanted


class _Progress:
    """One line on a terminal that counts the records."""

    def __init__(self, *, visible: bool) -> None:
        self._visible = visible

    def show(self, feed: str, records: int) -> None:
        """Overwrites the line."""
        if self._visible:
            click.echo(f"\r\x1b[K{feed}: {records} records", nl=False, err=True)

    def clear(self) -> None:
        """Leaves no trace."""
        if self._visible:
            click.echo("\r\x1b[K", nl=False, err=True)


def _report(result: "BuildResult", *, quiet: bool, verbose: bool) -> None:
    """Says what came of it, and leaves with the exit code."""
    for problem in result.losses[:LOSSES_SHOWN]:
        warn(f"{problem.where}: {problem.message}")
    if len(result.losses) > LOSSES_SHOWN:
        warn(f"and {len(result.losses) - LOSSES_SHOWN} more that could not be read")
    for refusal in result.refusals:
        warn(f"{refusal.feed}: not taken in, the old state stays: {refusal.why}")
    if not quiet:
        _say(result, verbose=verbose)
    finish([EXIT_LOSS if result.losses else 0, EXIT_REFUSED if result.refusals else 0])


def _say(result: "BuildResult", *, verbose: bool) -> None:
    for feed in result.status.feeds:
        if feed.captured_at is None:
            warn(f"{feed.name}: it does not say when it was captured; `{feed.name}=PATH@DATE` does")
    if verbose:
        for code, count in sorted(result.notes.items()):
            warn(f"note: {code} {counted(count, 'time')}")
    for name in result.unchanged:
        warn(f"{name}: nothing new")
    advisories = sum(feed.advisories for feed in result.status.feeds)
    click.echo(
        f"{result.database}: {counted(advisories, 'advisory', 'advisories')} of {counted(len(result.status.feeds), 'feed')}", err=True
    )
