"""`sbomgen java-index`: an index by which jars without coordinates are known."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sbomgen.cli.base import EXIT_LOSS, CommandEntry, LazyGroup, command, finish, option, printable, quiet_option, warn, write_aside
from sbomgen.errors import UnreadableError

if TYPE_CHECKING:
    from sbomgen.javaindex import Built


class JavaIndexGroup(LazyGroup):
    """The commands on indexes of jars."""

    entries = (CommandEntry("build", "sbomgen.cli.java_index:build", "Build an index of jars from a CSV, for scan --java-index."),)


@click.group("java-index", cls=JavaIndexGroup, no_args_is_help=True, context_settings={"help_option_names": ["-h", "--help"]})
def java_index() -> None:
    """Build an index by which jars without coordinates are known."""


@command("build")
@click.argument("table", metavar="CSV", type=click.Path(path_type=Path, allow_dash=True))
@option("-o", "--output", required=True, type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Where the index goes.")
@quiet_option
def build(table: Path, output: Path, quiet: bool) -> None:
    """Build an index of jars from a CSV, for scan --java-index.

    The CSV has the columns sha1,group,artifact,version; - is standard input.
    """
    from sbomgen.javaindex import build_index

    try:
        with (
            click.open_file(str(table), encoding="utf-8", errors="strict") as rows,
            write_aside(output) as aside,
            aside.open("w+b") as target,
        ):
            built = build_index(rows, target)
    except (OSError, UnicodeDecodeError) as exc:
        raise UnreadableError(f"{table}: the table of jars cannot be read: {exc}") from exc
    if not quiet:
        warn(f"{printable(str(output))}: {built.entries:,} jars{_more(built)}")
    finish([EXIT_LOSS if built.refused else 0])


def _more(built: "Built") -> str:
    refused = f", {built.refused:,} rows are none (the first in line {built.first_refused})" if built.refused else ""
    return f"{f', {built.duplicates:,} rows more of the same' if built.duplicates else ''}{refused}"
