"""`sbommatch db`: the commands on the feed database."""

from collections.abc import Iterable, Sequence

import click
import msgspec

from sbommatch.cli.base import CommandEntry, LazyGroup, option
from sbommatch.reports.text import GAP, aligned, column_widths, printable

DIGEST_WIDTH = 12
"""Characters of a digest that people compare."""


class DbGroup(LazyGroup):
    """The commands on the feed database."""

    entries = (
        CommandEntry("build", "sbommatch.cli.db_build:build", "Build a new database from local files of feeds."),
        CommandEntry("update", "sbommatch.cli.db_build:update", "Take newer snapshots of some feeds into the database."),
        CommandEntry("status", "sbommatch.cli.db_state:status", "Say what the database holds, and of when."),
        CommandEntry("check", "sbommatch.cli.db_state:check", "Say whether the database is as it was written."),
        CommandEntry("search", "sbommatch.cli.db_records:search", "Find the records of a vulnerability or a package."),
        CommandEntry("show", "sbommatch.cli.db_records:show", "Show all that is known of a record, or of a feed."),
        CommandEntry("diff", "sbommatch.cli.db_diff:diff", "Say what changed between two databases, or two days of one."),
        CommandEntry("export", "sbommatch.cli.db_records:export", "Write the rows for other programs: CSV, JSON lines, Parquet."),
        CommandEntry("list", "sbommatch.cli.db_state:list_databases", "List the databases beside the pointer."),
        CommandEntry("delete", "sbommatch.cli.db_state:delete", "Delete databases that are not current."),
        CommandEntry("feeds", "sbommatch.cli.db_state:feeds", "List the feeds that can be loaded, and their state."),
    )


@click.group("db", cls=DbGroup, no_args_is_help=True, context_settings={"help_option_names": ["-h", "--help"]})
def db() -> None:
    """Build the feed database, and look into it."""


output_option = option(
    "-o", "--output", type=click.Choice(["table", "json"]), default="table", show_default=True, help="For people, or for programs."
)
ecosystem_option = option(
    "--ecosystem",
    "ecosystems",
    multiple=True,
    metavar="NS",
    help="Only packages of this ecosystem or release: pypi, alpine, alpine:3.20; repeatable.",
)
feed_option = option("--feed", "feeds", multiple=True, metavar="NAME", help="Only this feed; repeatable.")


def json_line(shape: object) -> bytes:
    """A JSON document on a line."""
    return msgspec.json.encode(shape) + b"\n"


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows in columns, control characters made visible."""
    rows = [[printable(cell) for cell in row] for row in rows]
    widths = column_widths(rows)
    return [GAP.join(aligned(row, widths)).rstrip() for row in rows]


def as_lines(lines: Iterable[str]) -> bytes:
    """What goes to stdout."""
    return "".join(f"{line}\n" for line in lines).encode()


def day_of(moment: str | None) -> str:
    """The day of a time of RFC 3339."""
    return moment[:10] if moment else "unknown"
