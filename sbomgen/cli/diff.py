"""`sbomgen diff`: what differs between two images."""

import os
import sys

import click

from sbomgen.cli.base import command, emit, finish, option, quiet_option, verbose_option
from sbomgen.cli.cache import CacheWishes, cache_options, layer_cache
from sbomgen.cli.opening import opening_options
from sbomgen.cli.scan import Wishes, build_args_option, catalogers_option, read_inventory, report_problems
from sbomgen.diff import diff_inventories
from sbomgen.image.remote import OpenOptions


@command("diff")
@click.argument("before", metavar="SOURCE")
@click.argument("after", metavar="SOURCE")
@option(
    "-o", "--output", type=click.Choice(["table", "json", "markdown"]), default="table", show_default=True,
    help="For people, for programs, or for a review.",
)  # fmt: skip
@opening_options
@catalogers_option
@build_args_option
@cache_options
@option("--strict", is_flag=True, help="Exit 5 for notes too, not only for losses.")
@quiet_option
@verbose_option
def diff(
    before: str,
    after: str,
    output: str,
    opening: OpenOptions,
    catalogers: str,
    show_build_args: bool,
    cache: CacheWishes,
    strict: bool,
    quiet: bool,
    verbose: bool,
) -> None:
    """Show which packages differ between two images."""
    from sbomgen.documents.diff import diff_json, diff_markdown, diff_table

    wishes = Wishes(opening, None, catalogers, show_build_args, quiet, verbose)
    with layer_cache(cache, quiet) as layers:
        found = diff_inventories(read_inventory(before, wishes, layers), read_inventory(after, wishes, layers))
    if output == "table":
        on_terminal = sys.stdout.isatty()
        emit(diff_table(found, terminal=on_terminal, colour=on_terminal and "NO_COLOR" not in os.environ), None)
    else:
        emit(diff_json(found) if output == "json" else diff_markdown(found), None)
    finish(report_problems(inventory.problems, wishes, strict) for inventory in (found.before, found.after))
