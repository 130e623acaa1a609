"""`sbomgen inspect`: what a source lists and what the image's documents say, before any layer is read."""

import os
import sys

import click

from sbomgen.cli.base import command, emit, option
from sbomgen.cli.opening import opening_options
from sbomgen.cli.scan import build_args_option
from sbomgen.documents.inspect import inspect_json, inspect_table
from sbomgen.image.reference import open_source
from sbomgen.image.remote import OpenOptions
from sbomgen.instructions import presentable


@command("inspect")
@click.argument("source", metavar="SOURCE")
@option("-o", "--output", type=click.Choice(["table", "json"]), default="table", show_default=True, help="For people or for programs.")
@opening_options
@build_args_option
def inspect(source: str, output: str, opening: OpenOptions, show_build_args: bool) -> None:
    """Show index, manifest, config, digests and layers; read no layer."""
    with open_source(source, opening) as (images, image):
        instructions = [presentable(layer.history.created_by, show_build_args) if layer.history else "" for layer in image.layers]
        if output == "json":
            emit(inspect_json(image, images.index, instructions), None)
        else:
            on_terminal = sys.stdout.isatty()
            emit(
                inspect_table(image, images.index, instructions, terminal=on_terminal, colour=on_terminal and "NO_COLOR" not in os.environ),
                None,
            )
