"""`sbomgen scan`: the SBOM of an image."""

import os
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Self

import click
from msgspec import Struct

from sbomgen import __version__
from sbomgen.cache.layers import LayerCache
from sbomgen.cli.base import EXIT_LOSS, EXIT_UNREADABLE, command, emit, finish, option, quiet_option, verbose_option, warn
from sbomgen.cli.cache import CacheWishes, cache_options, layer_cache
from sbomgen.cli.opening import opening_options
from sbomgen.cli.output import Output, parse_outputs
from sbomgen.documents import WRITERS, LossyWriter, WriteOptions, document_time
from sbomgen.errors import DigestMismatchError, NetworkError, UnreadableError
from sbomgen.image.reference import open_image
from sbomgen.image.remote import OpenOptions
from sbomgen.inventory import Inventory
from sbomgen.model import Problem
from sbomgen.scan import ScanOptions, chosen_catalogers, scan_image

FORMATS = ", ".join(writer.name for writer in WRITERS)

base_option = option("--base", metavar="SOURCE", help="The base image: layers it shares are `base`, the others `own`.")
catalogers_option = option(
    "--catalogers", metavar="±NAME,...", default="", help="+NAME: these alone; -NAME: all but these. `sbomgen catalogers` lists them."
)
build_args_option = option("--show-build-args", is_flag=True, help="Keep the values of build arguments in instructions.")


class Wishes(Struct, frozen=True):
    """What the user asked of every image of a run."""

    opening: OpenOptions
    base: str | None
    catalogers: str
    show_build_args: bool
    quiet: bool
    verbose: bool


@command(
    "scan",
    epilog="SOURCE is a `docker save` archive, an OCI layout (folder or tar) or a root file system; or a name (alpine:3.20), asked of "
    "Docker, Podman and the registry. A prefix says which: docker-archive: oci-dir: oci-archive: dir: docker: podman: containerd: "
    "docker-storage: containers-storage: registry:",
)
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@option("-o", "--output", multiple=True, metavar="FORMAT[@VERSION][=FILE]", help=f"{FORMATS}; repeatable.  [default: table]")
@opening_options
@option(
    "--scope",
    type=click.Choice(["squashed", "all-layers"]),
    default="squashed",
    show_default=True,
    help="What is visible in the image, or also what later layers removed (marked so).",
)
@base_option
@catalogers_option
@build_args_option
@cache_options
@option("--strict", is_flag=True, help="Exit 5 for notes too, not only for losses.")
@quiet_option
@verbose_option
def scan(
    sources: Sequence[str],
    output: Sequence[str],
    opening: OpenOptions,
    scope: str,
    base: str | None,
    catalogers: str,
    show_build_args: bool,
    cache: CacheWishes,
    strict: bool,
    quiet: bool,
    verbose: bool,
) -> None:
    """Write the SBOM of a container image."""
    wishes = Wishes(opening, base, catalogers, show_build_args, quiet, verbose)
    wanted = parse_outputs(output, len(sources) > 1)
    if verbose:
        say_losses(wanted)
    codes: list[int] = []
    with layer_cache(cache, quiet) as layers:
        for source in sources:
            try:
                inventory = read_inventory(source, wishes, layers)
            except (UnreadableError, DigestMismatchError, NetworkError) as exc:
                if len(sources) == 1:
                    raise
                warn(str(exc))
                codes.append(exc.exit_code)
                continue
            for one in wanted:
                write(inventory, one, scope == "all-layers", one_line=len(sources) > 1)
            codes.append(report_problems(inventory.problems, wishes, strict))
    some_read = any(code in (0, EXIT_LOSS) for code in codes)
    finish(EXIT_LOSS if some_read and code == EXIT_UNREADABLE else code for code in codes)


def read_inventory(source: str, wishes: Wishes, cache: LayerCache | None) -> Inventory:
    """Opens and scans one image, with progress on a terminal."""
    options = ScanOptions(wishes.show_build_args, chosen_catalogers(wishes.catalogers), cache)
    with open_image(source, wishes.opening) as image:
        base_context = open_image(wishes.base, wishes.opening) if wishes.base else nullcontext()
        with base_context as given_base, LayerProgress(source, len(image.layers), wishes.quiet) as progress:
            return scan_image(image, options, given_base, progress.on_layer)


class LayerProgress:
    """A bar over the layers on stderr, on a terminal only."""

    def __init__(self, source: str, layers: int, quiet: bool) -> None:
        self._shown = sys.stderr.isatty() and not quiet
        self._title = Path(source).name
        self._layers = layers

    def __enter__(self) -> Self:
        """Draws the bar."""
        if self._shown:
            from rich.console import Console
            from rich.progress import Progress

            self._bar = Progress(console=Console(stderr=True), transient=True)
            self._task = self._bar.add_task(self._title, total=self._layers)
            self._bar.start()
        return self

    def on_layer(self, _layer: object) -> None:
        """Counts a layer that has been read."""
        if self._shown:
            self._bar.advance(self._task)

    def __exit__(self, *_: object) -> None:
        """Clears the bar."""
        if self._shown:
            self._bar.stop()


def write(inventory: Inventory, output: Output, all_layers: bool, one_line: bool) -> None:
    """Writes one document; of several images each JSON document on stdout is one line."""
    target = output.target(inventory)
    on_terminal = target is None and sys.stdout.isatty()
    options = WriteOptions(
        version=output.version,
        all_layers=all_layers,
        tool_version=__version__,
        timestamp=document_time(inventory, os.environ),
        terminal=on_terminal,
        colour=on_terminal and "NO_COLOR" not in os.environ,
    )
    document = output.writer.write(inventory, options)
    if one_line and target is None and output.writer.suffix.endswith(".json"):
        import msgspec

        document = msgspec.json.format(document, indent=-1) + b"\n"
    emit(document, target)


def say_losses(outputs: Sequence[Output]) -> None:
    """Says on stderr what the formats asked for have no place for."""
    for output in outputs:
        writer = output.writer
        for lost in writer.losses(output.version) if isinstance(writer, LossyWriter) else ():
            warn(f"note: {writer.name} {output.version or writer.versions[0]} has no place for {lost}")


def report_problems(problems: Sequence[Problem], wishes: Wishes, strict: bool) -> int:
    """Says on stderr what could not be read: losses always, notes when asked; the exit code that follows."""
    losses = [problem for problem in problems if problem.loss]
    notes = [problem for problem in problems if not problem.loss]
    for problem in losses:
        warn(f"lost: {problem.where}: {problem.message}")
    for problem in notes if wishes.verbose or strict else ():
        warn(f"note: {problem.where}: {problem.message}")
    if notes and not (wishes.quiet or wishes.verbose or strict):
        warn(f"{len(notes)} note{'s' if len(notes) > 1 else ''} on odd input; -v shows them")
    return EXIT_LOSS if losses or (strict and notes) else 0
