"""`sbommatch archive watch`."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import msgspec

from sbommatch.cli import base
from sbommatch.cli.archive.notify import announce
from sbommatch.cli.archive.options import archive_argument
from sbommatch.cli.archive.targets import FilterWords, TargetWords, filter_options, target_options, targets_of
from sbommatch.cli.db import ecosystem_option
from sbommatch.errors import UsageError

UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
LONGEST_S = 366 * 86_400


def _seconds(_ctx: click.Context, _parameter: click.Parameter, text: str) -> float:
    found = re.fullmatch(r"([0-9]{1,8})([smhd])", text)
    seconds = int(found[1]) * UNITS_S[found[2]] if found else 0
    if not 1 <= seconds <= LONGEST_S:
        raise UsageError(f"--every {text}: write it as in 45s, 30m, 1h or 1d, a year at most")
    return float(seconds)


@base.command("watch")
@archive_argument
@click.argument("sources", nargs=-1, metavar="[FEED=PATH[@DATE]]...")
@base.db_option
@base.option(
    "--snapshots", type=click.Path(path_type=Path), metavar="FOLDER",
    help="Take in snapshot folders (with a snapshot.json) that appear in this folder, within seconds.",
)  # fmt: skip
@ecosystem_option
@base.option("--every", default="1h", show_default=True, metavar="TIME", callback=_seconds, help="Between rounds: 45s, 30m, 1h, 1d.")
@base.option("--once", is_flag=True, help="One round, whose errors are the exit code: for cron.")
@target_options
@filter_options
@base.option("--metrics", type=click.Path(path_type=Path), metavar="FILE", help="Write metrics for node_exporter's textfile collector.")
@base.option("--log-format", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Of the log, on stderr.")
@base.quiet_option
def watch(archive: Path, sources: tuple[str, ...], **chosen: Any) -> None:
    """Update the database, record what changed, and notify: round after round.

    A round takes what is new of the feeds named, as `db update` does, and of --snapshots; then it does what `archive changes` and
    `archive notify` do. An error ends its step, is logged, and tried again in the next round; a delivery that failed sooner. Only
    webhooks use the network. SIGTERM and Ctrl-C stop it (143, 130); what it was about is done whole or not at all. There is one watch of
    an archive at a time.
    """
    from sbommatch.archive.notifications.delivery import Pace
    from sbommatch.archive.watch import Settings, Watch
    from sbommatch.store.build import BuildOptions
    from sbommatch.store.subset import subset_of

    filters = msgspec.convert({name: chosen[name] for name in FilterWords.__struct_fields__}, FilterWords)
    targets = targets_of(archive, TargetWords(**{name: chosen[name] for name in TargetWords.__struct_fields__}), filters)
    settings = Settings(
        archive=archive,
        pointer=base.database_pointer(chosen["db"]),
        sources=sources,
        snapshots=chosen["snapshots"],
        build=BuildOptions(subset=subset_of(chosen["ecosystems"])),
        targets=targets,
        every_s=chosen["every"],
        metrics=chosen["metrics"],
        pace=Pace(run_s=chosen["every"]),
    )
    if settings.metrics and not settings.metrics.parent.is_dir():
        raise UsageError(f"--metrics {settings.metrics}: there is no folder {settings.metrics.parent}")
    journal = {"text": _text, "json": _json}[chosen["log_format"]]
    if not chosen["quiet"] and chosen["log_format"] == "text":
        announce(targets, quiet=False)
    codes = Watch(settings, _only_errors(journal) if chosen["quiet"] else journal).run(once=chosen["once"])
    base.finish(codes)


Journal = Callable[..., None]


def _only_errors(journal: Journal) -> Journal:
    def write(level: str, event: str, message: str, **fields: object) -> None:
        if level == "error":
            journal(level, event, message, **fields)

    return write


def _now() -> str:
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _text(level: str, event: str, message: str, **_fields: object) -> None:
    shown = message if level == "info" else f"{level}: {event}: {message}"
    click.echo(f"{_now()} {base.printable(shown)}", err=True)


def _json(level: str, event: str, message: str, **fields: object) -> None:
    record = {"at": _now(), "level": level, "event": event, "message": base.printable(message), **fields}
    click.echo(msgspec.json.encode(record).decode("utf-8", "backslashreplace"), err=True)
