"""`sbomgen layers`: what each layer did."""

import os
import sys

import click

from sbomgen.cli.base import command, emit, finish, option, quiet_option, verbose_option
from sbomgen.cli.cache import CacheWishes, cache_options, layer_cache
from sbomgen.cli.opening import opening_options
from sbomgen.cli.scan import Wishes, base_option, build_args_option, catalogers_option, read_inventory, report_problems
from sbomgen.documents.layers import layers_json, layers_table
from sbomgen.image.remote import OpenOptions


@command("layers")
@click.argument("source", metavar="SOURCE")
@option("-o", "--output", type=click.Choice(["table", "json"]), default="table", show_default=True, help="For people or for programs.")
@opening_options
@base_option
@catalogers_option
@build_args_option
@cache_options
@option("--strict", is_flag=True, help="Exit 5 for notes too, not only for losses.")
@quiet_option
@verbose_option
def layers(
    source: str,
    output: str,
    opening: OpenOptions,
    base: str | None,
    catalogers: str,
    show_build_args: bool,
    cache: CacheWishes,
    strict: bool,
    quiet: bool,
    verbose: bool,
) -> None:
    """Show what each layer added, upgraded and removed."""
    wishes = Wishes(opening, base, catalogers, show_build_args, quiet, verbose)
    with layer_cache(cache, quiet) as kept:
        inventory = read_inventory(source, wishes, kept)
    if output == "json":
        emit(layers_json(inventory), None)
    else:
        on_terminal = sys.stdout.isatty()
        emit(layers_table(inventory, terminal=on_terminal, colour=on_terminal and "NO_COLOR" not in os.environ), None)
    finish([report_problems(inventory.problems, wishes, strict)])
