"""`sbomgen scan`: the SBOM of an image."""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Self

import click
from click.core import ParameterSource
from msgspec import Struct, structs

from sbomgen import __version__
from sbomgen.cache.layers import LayerCache
from sbomgen.catalogers.java import JavaCataloger
from sbomgen.cli.base import EXIT_LOSS, EXIT_UNREADABLE, command, emit, finish, option, quiet_option, verbose_option, warn
from sbomgen.cli.cache import CacheWishes, cache_options, layer_cache
from sbomgen.cli.opening import opening_options
from sbomgen.cli.output import Output, parse_outputs
from sbomgen.documents import WRITERS, LossyWriter, WriteOptions, document_time
from sbomgen.errors import DigestMismatchError, NetworkError, UnreadableError, UsageError
from sbomgen.image.index import ALL_PLATFORMS
from sbomgen.image.manifest import Image
from sbomgen.image.reference import open_image, open_images
from sbomgen.image.remote import OpenOptions
from sbomgen.inventory import Inventory
from sbomgen.model import Problem
from sbomgen.scan import ScanOptions, chosen_catalogers, scan_image

if TYPE_CHECKING:
    from sbomgen.javaindex import JavaIndex

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
    java_index: "JavaIndex | None" = None


class Names(click.types.StringParamType):
    """Names have blanks in them: an environment variable has one on each line."""

    envvar_list_splitter = "\n"


author_option = option(
    "--author",
    metavar="'NAME <ADDRESS>'",
    type=Names(),
    multiple=True,
    help="Who answers for the SBOM; repeatable; the address may be absent.",
)
supplier_option = option("--supplier", metavar="'NAME <ADDRESS>'", help="Who supplies the image; likewise.")


@command(
    "scan",
    epilog="SOURCE is a `docker save` archive, an OCI layout (folder or tar) or a root file system; or a name (alpine:3.20), asked of "
    "Docker, Podman and the registry. A prefix says which: docker-archive: oci-dir: oci-archive: dir: docker: podman: containerd: "
    "docker-storage: containers-storage: registry:",
)
@click.argument("sources", nargs=-1, metavar="SOURCE...")
@option("--from-file", metavar="LIST", help="Also the sources that a file names, one a line (# begins a comment); - is standard input.")
@option("-o", "--output", multiple=True, metavar="FORMAT[@VERSION][=FILE]", help=f"{FORMATS}; repeatable.  [default: table]")
@opening_options
@option(
    "--scope",
    type=click.Choice(["squashed", "all-layers"]),
    default="squashed",
    show_default=True,
    help="What is visible in the image, or also what later layers removed (marked so).",
)
@option("--nested", is_flag=True, help="CycloneDX: what lies in a package stands within it. Trivy does not see what is nested.")
@base_option
@catalogers_option
@option(
    "--java-index", type=click.Path(path_type=Path), metavar="FILE", help="Know jars without coordinates by `sbomgen java-index build`."
)
@build_args_option
@author_option
@supplier_option
@cache_options
@option("--strict", is_flag=True, help="Exit 5 for notes too, not only for losses.")
@quiet_option
@verbose_option
def scan(
    sources: Sequence[str],
    from_file: str | None,
    output: Sequence[str],
    opening: OpenOptions,
    scope: str,
    nested: bool,
    base: str | None,
    catalogers: str,
    java_index: Path | None,
    show_build_args: bool,
    author: Sequence[str],
    supplier: str | None,
    cache: CacheWishes,
    strict: bool,
    quiet: bool,
    verbose: bool,
) -> None:
    """Write the SBOM of a container image."""
    wishes = Wishes(opening, base, catalogers, show_build_args, quiet, verbose)
    wanted_sources = [*sources, *(_listed(from_file) if from_file else ())]
    if not wanted_sources:
        raise click.UsageError("Missing argument 'SOURCE...'." if from_file is None else f"{from_file}: it names no source")
    of_all_platforms = opening.platform == ALL_PLATFORMS
    several = len(wanted_sources) > 1 or of_all_platforms
    wanted = [structs.replace(one, by_platform=of_all_platforms) for one in parse_outputs(output, several)]
    _check_nested(wanted)
    if verbose:
        say_losses(wanted)
    codes: list[int] = []
    asked = WriteOptions(
        tool_version=__version__, all_layers=scope == "all-layers", nested=nested, authors=_names(author), supplier=supplier
    )
    documents = Documents(wanted, asked, several)
    with _open_index(java_index) as index, layer_cache(cache, quiet) as layers:
        wishes = structs.replace(wishes, java_index=index)
        for source in wanted_sources:
            try:
                for inventory in read_inventories(source, wishes, layers):
                    documents.write(inventory)
                    codes.append(report_problems(inventory.problems, wishes, strict))
            except (UnreadableError, DigestMismatchError, NetworkError) as exc:
                if not several:
                    raise
                warn(str(exc))
                codes.append(exc.exit_code)
    if several and not quiet:
        _sum_up(codes, len(wanted_sources))
    some_read = any(code in (0, EXIT_LOSS) for code in codes)
    finish(EXIT_LOSS if some_read and code == EXIT_UNREADABLE else code for code in codes)


def _check_nested(outputs: Sequence[Output]) -> None:
    """A wish of the moment that no output follows is refused; a standing one (a variable, the configuration) holds for those that can."""
    asked = click.get_current_context().get_parameter_source("nested") is ParameterSource.COMMANDLINE
    if asked and not any(one.writer.name.startswith("cyclonedx") for one in outputs):
        raise UsageError("--nested: no output has components in components: add `-o cyclonedx-json`; SPDX says by CONTAINS what lies where")


def _names(stated: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name in stated if name.strip()))


def _open_index(path: Path | None) -> "AbstractContextManager[JavaIndex | None]":
    if path is None:
        return nullcontext()
    from sbomgen.javaindex import JavaIndex

    return JavaIndex(path)


def _listed(path: str) -> list[str]:
    """The sources that a file names."""
    try:
        text = sys.stdin.read() if path == "-" else Path(path).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise UnreadableError(f"{path}: the list of sources cannot be read: {exc}") from exc
    return [line.strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]


def _sum_up(codes: Sequence[int], sources: int) -> None:
    """How many images there were, and what became of them."""
    failed = sum(code not in {0, EXIT_LOSS} for code in codes)
    incomplete = codes.count(EXIT_LOSS)
    said = [
        f"{len(codes) - failed} images of {sources} sources read",
        f"{incomplete} with losses" if incomplete else "",
        f"{failed} not read" if failed else "",
    ]
    warn(", ".join(part for part in said if part))


def read_inventory(source: str, wishes: Wishes, cache: LayerCache | None) -> Inventory:
    """Opens and scans one image, with progress on a terminal."""
    with open_image(source, wishes.opening) as image:
        return _scan(image, wishes, cache)


def read_inventories(source: str, wishes: Wishes, cache: LayerCache | None) -> Iterator[Inventory]:
    """The same of each platform that is asked for."""
    with open_images(source, wishes.opening) as images:
        for image in images:
            yield _scan(image, wishes, cache)


def _scan(image: Image, wishes: Wishes, cache: LayerCache | None) -> Inventory:
    catalogers = chosen_catalogers(wishes.catalogers)
    if wishes.java_index is not None:
        by_index = JavaCataloger(wishes.java_index.find)
        catalogers = tuple(by_index if one.name == by_index.name else one for one in catalogers)
    options = ScanOptions(wishes.show_build_args, catalogers, cache)
    opening = wishes.opening
    if opening.platform == ALL_PLATFORMS:
        opening = structs.replace(opening, platform=image.config.platform or None)
    base_context = open_image(wishes.base, opening) if wishes.base else nullcontext()
    with base_context as given_base, LayerProgress(image.source, len(image.layers), wishes.quiet) as progress:
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


class Documents:
    """Writes the documents of one image after the other; of several each JSON document on stdout is one line."""

    def __init__(self, outputs: Sequence[Output], asked: WriteOptions, one_line: bool) -> None:
        self._outputs = outputs
        self._asked = asked
        self._one_line = one_line
        self._written: dict[Path, str] = {}
        """Which image each file is of; the same image may be named twice."""

    def write(self, inventory: Inventory) -> None:
        """Raises `UsageError` where the document of another image would be overwritten."""
        for output in self._outputs:
            target = output.target(inventory)
            if target is not None and self._written.setdefault(target, inventory.content_id) != inventory.content_id:
                raise UsageError(f"{target}: two images would be written to this file; put {{digest}} or {{platform}} in its name")
            emit(self._document(inventory, output, target), target)

    def _document(self, inventory: Inventory, output: Output, target: Path | None) -> bytes:
        on_terminal = target is None and sys.stdout.isatty()
        options = structs.replace(
            self._asked,
            version=output.version,
            timestamp=document_time(inventory, os.environ),
            terminal=on_terminal,
            colour=on_terminal and "NO_COLOR" not in os.environ,
        )
        document = output.writer.write(inventory, options)
        if self._one_line and target is None and output.writer.suffix.endswith(".json"):
            import msgspec

            return msgspec.json.format(document, indent=-1) + b"\n"
        return document


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
