"""`sbomgen cache`: what is kept between runs; and the options by which scans use it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from msgspec import Struct

from sbomgen.cli.base import PROGRAM, CommandEntry, F, LazyGroup, command, emit, option, printable, warn

if TYPE_CHECKING:
    from sbomgen.cache.layers import LayerCache
    from sbomgen.cache.store import Store, Usage
    from sbomgen.image.manifest import Layer

SCHEMA = "sbomgen.cache/1"

cache_dir_option = option(
    "--cache-dir",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Where the records of layers are kept.  [default: in the user's cache folder]",
)


class CacheWishes(Struct, frozen=True):
    """What the user asked of the cache."""

    folder: Path | None
    """None: the user's own."""
    off: bool
    verify: bool


def cache_options(function: F) -> F:
    """`--cache-dir`, `--no-cache` and `--verify`; the command gets them as one parameter `cache`, a `CacheWishes`."""

    @wraps(function)
    def command_with_cache(*arguments: Any, cache_dir: Path | None, no_cache: bool, verify: bool, **options: Any) -> Any:
        return function(*arguments, cache=CacheWishes(cache_dir, no_cache, verify), **options)

    decorators: tuple[Callable[[Any], Any], ...] = (
        option("--verify", is_flag=True, help="Read all layers, those of the cache too, and compare."),
        option("--no-cache", is_flag=True, help="Read all layers, and keep nothing."),
        cache_dir_option,
    )
    decorated: Any = command_with_cache
    for decorate in decorators:
        decorated = decorate(decorated)
    return decorated  # type: ignore[no-any-return]


@contextmanager
def layer_cache(wishes: CacheWishes, quiet: bool) -> Iterator["LayerCache | None"]:
    """The cache that a scan is to use, if any; says at the end whether it could not be used."""
    if wishes.off:
        yield None
        return
    from sbomgen.cache.layers import LayerCache

    store = _store(wishes.folder)
    cache = LayerCache(store, verify=wishes.verify, on_difference=_tell_difference)
    yield cache
    cache.close()
    if store.failure and not quiet:
        warn(f"the cache in {store.folder} is of no use ({store.failure}): name another with --cache-dir, or none with --no-cache")


class CacheGroup(LazyGroup):
    """The commands on the cache."""

    entries = (
        CommandEntry("info", "sbomgen.cli.cache:info", "Say what is kept, and where."),
        CommandEntry("clear", "sbomgen.cli.cache:clear", "Remove what is kept."),
    )


@click.group("cache", cls=CacheGroup, no_args_is_help=True, context_settings={"help_option_names": ["-h", "--help"]})
def cache() -> None:
    """Look after what is kept between runs."""


output_option = option(
    "-o", "--output", type=click.Choice(["table", "json"]), default="table", show_default=True, help="For people or for programs."
)


@command("info")
@output_option
@cache_dir_option
def info(output: str, cache_dir: Path | None) -> None:
    """Say what is kept, and where."""
    store = _store(cache_dir)
    _show(store, store.usage(), "", output)


@command("clear")
@output_option
@cache_dir_option
def clear(output: str, cache_dir: Path | None) -> None:
    """Remove what is kept."""
    store = _store(cache_dir)
    _show(store, store.clear(), "removed ", output)


def _store(folder: Path | None) -> "Store":
    from sbomgen.cache.store import Store

    if folder is None:
        from platformdirs import user_cache_path

        folder = user_cache_path(PROGRAM) / "layers"
    return Store(folder)


def _show(store: "Store", usage: "Usage", removed: str, output: str) -> None:
    from sbomgen.cache.layers import RECORDS, VERIFIED
    from sbomgen.cache.store import MAX_BYTES

    layers, verified = usage.files.get(RECORDS, 0), usage.files.get(VERIFIED, 0)
    if output == "json":
        import msgspec

        document = {
            "schema": SCHEMA,
            "folder": printable(str(store.folder)),
            "layers": layers,
            "verified": verified,
            "size_bytes": usage.size_bytes,
            "max_bytes": MAX_BYTES,
            "removed": bool(removed),
        }
        emit(msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n", None)
        return
    size = f"{usage.size_bytes / 1e6:,.1f} of at most {MAX_BYTES / 1e6:,.0f} MB"
    emit(f"{printable(str(store.folder))}: {removed}{layers:,} layers, {verified:,} verified blobs, {size}\n".encode(), None)


def _tell_difference(layer: "Layer") -> None:
    warn(f"layer {layer.index} {layer.diff_id}: the cache had a wrong record of it, which has been made anew")
