"""The command line of sbommatch: one file per command, imported when it is called."""

import sys
from typing import NoReturn

import click

from sbommatch import __version__
from sbommatch.cli.base import DEFAULT_COMMAND, PROGRAM, CommandEntry, LazyGroup, run

COMMANDS = (
    CommandEntry("scan", "sbommatch.cli.scan:scan", "Match SBOMs with the feed database: findings, verdicts, coverage."),
    CommandEntry("explain", "sbommatch.cli.explain:explain", "Say why a vulnerability was found for a component, or why not."),
    CommandEntry("vex", "sbommatch.cli.vex:vex", "Write OpenVEX from what is decided on the findings in SBOMs."),
    CommandEntry("db", "sbommatch.cli.db:db", "Build the feed database, and look into it."),
    CommandEntry("archive", "sbommatch.cli.archive:archive", "Keep SBOMs, and match them as a set."),
    CommandEntry("version", "sbommatch.cli.version:version", "Compare versions as their ecosystems do."),
)

EPILOG = """\
The first word that is no command is an argument of scan: sbommatch app.cdx.json

Every option has an environment variable (--fail-on: SBOMMATCH_FAIL_ON) and may stand in sbommatch.toml (fail-on = "high").

Exit codes: 0 done, 1 findings at or over --fail-on, 2 wrong usage, 3 input unreadable, 4 database missing or damaged,
5 done but a part of the input could not be read, 6 verification refused, 7 a network step failed, 70 an error of our own.
"""


class SbommatchGroup(LazyGroup):
    """The top of the command line."""

    entries = COMMANDS
    default_command = DEFAULT_COMMAND


@click.group(PROGRAM, cls=SbommatchGroup, epilog=EPILOG, no_args_is_help=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name=PROGRAM)
def sbommatch() -> None:
    """Match SBOMs of any producer with vulnerability feeds, offline."""


def main() -> NoReturn:
    """Entry point of the console script."""
    sys.exit(run(sbommatch))
