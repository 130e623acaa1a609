"""What every command of sbomgen shares: options with environment variables and configuration, output, and the way out.

sbommatch has the like of it on purpose: the two tools share no code.
"""

import atexit
import gc
import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO, NoReturn, TypeVar

import click
from msgspec import Struct

from sbomgen import __version__
from sbomgen.errors import SbomgenError, UnreadableError, UsageError

PROGRAM = "sbomgen"
ENVIRONMENT_PREFIX = "SBOMGEN_"
DEFAULT_COMMAND = "scan"

EXIT_FAILED = 1
EXIT_UNREADABLE = 3
EXIT_LOSS = 5
EXIT_OWN_ERROR = 70
EXIT_INTERRUPTED = 130
EXIT_TERMINATED = 143

EXIT_PRECEDENCE = (70, 2, 3, 6, 7, 4, 1, 5)
"""Where several exit codes apply, the first of these is the one."""

GARBAGE_THRESHOLD = 100_000
"""Objects made before the interpreter looks for cycles among the new ones; by default it looks at each 700, a tenth of a scan's time."""

F = TypeVar("F", bound=Callable[..., Any])


class CommandEntry(Struct, frozen=True):
    """A command that is imported when it is called: `--help` need not import it."""

    name: str
    target: str
    """`module:attribute`."""
    help: str
    """One line; a test holds it against the command's own."""


class LazyGroup(click.Group):
    """A group whose commands are imported on use, and whose first unknown word is the argument of a default command."""

    entries: tuple[CommandEntry, ...] = ()
    default_command: str | None = None

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every command's name, in the order of the entries."""
        return [entry.name for entry in self.entries]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Imports the command; None where there is none of that name."""
        for entry in self.entries:
            if entry.name == cmd_name:
                module, attribute = entry.target.split(":")
                command: click.Command = getattr(import_module(module), attribute)
                return command
        return None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The table of commands, without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(entry.name, entry.help) for entry in self.entries])

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Puts the default command before a first word that is no command."""
        own_flags = {"--help", "-h", "--version"}
        if self.default_command and args and args[0] not in own_flags and args[0] not in self.list_commands(ctx):
            args = [self.default_command, *args]
        return super().parse_args(ctx, args)


def option(*names: str, **attributes: Any) -> Callable[[F], F]:
    """`click.option` with the environment variable of the long name: `--show-build-args` is `SBOMGEN_SHOW_BUILD_ARGS`."""
    long_name = next(name for name in names if name.startswith("--")).split("/")[0]
    attributes.setdefault("envvar", ENVIRONMENT_PREFIX + long_name.removeprefix("--").replace("-", "_").upper())
    return click.option(*names, **attributes)


def command(name: str, **attributes: Any) -> Callable[[Callable[..., Any]], click.Command]:
    """`click.command` with `--config` and `-h`."""

    def decorate(function: Callable[..., Any]) -> click.Command:
        settings = {"help_option_names": ["-h", "--help"]}
        with_config = click.option(
            "--config", type=click.Path(path_type=Path), is_eager=True, expose_value=False, callback=_load_configuration,
            envvar=ENVIRONMENT_PREFIX + "CONFIG", metavar="FILE", help=f"Options from this file instead of {PROGRAM}.toml.",
        )(function)  # fmt: skip
        return click.command(name, click.Command, context_settings=settings, **attributes)(with_config)

    return decorate


quiet_option = option("-q", "--quiet", is_flag=True, help="Nothing on stderr but errors.")
verbose_option = option("-v", "--verbose", is_flag=True, help="More on stderr: notes, and what was read how.")


def _configuration_file() -> Path | None:
    from platformdirs import user_config_path

    candidates = (Path(f"{PROGRAM}.toml"), user_config_path(PROGRAM) / f"{PROGRAM}.toml")
    return next((candidate for candidate in candidates if candidate.is_file()), None)


def _load_configuration(ctx: click.Context, _parameter: click.Parameter, named: Path | None) -> None:
    """Makes the keys of the configuration file the defaults of this command's options; a key that no command knows is refused.

    A table of a command's name (`[scan]`) counts for that command alone, before the keys at the top.
    """
    path = named or _configuration_file()
    if path is None:
        return
    import tomllib

    try:
        read = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as exc:
        raise UnreadableError(f"{path}: the configuration cannot be read: {exc}") from exc
    tables = {key: value for key, value in read.items() if isinstance(value, dict)}
    settings = _keys({key: value for key, value in read.items() if key not in tables} | tables.get(ctx.command.name or "", {}))
    unknown = {name for name in tables if name not in _known_commands(ctx.find_root().command)}
    unknown |= set(settings) - _known_options(ctx.find_root().command)
    if unknown:
        raise UsageError(
            f"{path}: no option is called {', '.join(sorted(unknown))}; `{PROGRAM} --help` lists the commands, and each its options"
        )
    repeatable = {parameter.name for parameter in ctx.command.params if isinstance(parameter, click.Option) and parameter.multiple}
    ctx.default_map = {key: [value] if key in repeatable and isinstance(value, str) else value for key, value in settings.items()}


def _keys(settings: dict[str, Any]) -> dict[str, Any]:
    return {key.replace("-", "_"): value for key, value in settings.items()}


def _known_commands(root: click.Command) -> set[str]:
    return set(root.list_commands(click.Context(root))) if isinstance(root, click.Group) else set()


def _known_options(root: click.Command) -> set[str]:
    """The long names of all options of all commands below `root`, as configuration keys."""
    names = {name for parameter in root.params if isinstance(parameter, click.Option) and (name := parameter.name)}
    if isinstance(root, LazyGroup):
        context = click.Context(root)
        for name in root.list_commands(context):
            child = root.get_command(context, name)
            names |= _known_options(child) if child else set()
    return names


def warn(message: str) -> None:
    """A line on stderr, control characters made visible."""
    click.echo(f"{PROGRAM}: {printable(message)}", err=True)


def printable(text: str) -> str:
    r"""Text that is fit for a terminal: control characters, and bytes that were no UTF-8, as `\xNN`.

    >>> printable("a\x1b[31mb")
    'a\\x1b[31mb'
    """
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else _escaped(character) for character in text)


def _escaped(character: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in character.encode("utf-8", "surrogateescape"))


@contextmanager
def write_aside(target: Path) -> Iterator[Path]:
    """A temporary file beside `target` that takes its place when the block ends well, and is gone when it does not.

    A link stays and the file that it leads to is replaced; devices and pipes (`/dev/null`, `/dev/stdout`) are written to.
    """
    from shutil import copyfileobj
    from tempfile import mkstemp

    try:
        is_replaced = target.is_file() or not target.exists()
        place = Path(os.path.realpath(target))
        descriptor, name = mkstemp(prefix=f".{place.name}.", suffix=".part", dir=place.parent if is_replaced else None)
    except OSError as exc:
        raise UsageError(f"{target}: cannot be written: {exc.strerror}") from exc
    os.close(descriptor)
    aside = Path(name)
    try:
        yield aside
        if is_replaced:
            aside.chmod(0o666 & ~_umask())
            aside.replace(place)
        else:
            with aside.open("rb") as written, target.open("wb") as stream:
                copyfileobj(written, stream)
    except OSError as exc:
        raise UsageError(f"{target}: cannot be written: {exc.strerror}") from exc
    finally:
        aside.unlink(missing_ok=True)


def _umask() -> int:
    current = os.umask(0o077)
    os.umask(current)
    return current


def emit(document: bytes, target: Path | None) -> None:
    """Writes a document to a file (aside, then moved into place), or to stdout where `target` is None."""
    if target is None:
        with _stdout() as stream:
            stream.write(document)
        return
    with write_aside(target) as aside:
        aside.write_bytes(document)


@contextmanager
def _stdout() -> Iterator[BinaryIO]:
    """Raises UsageError where it cannot be written, BrokenPipeError where whoever reads it went away."""
    try:
        sys.stdout.flush()
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise
    except OSError as exc:
        _forget_stdout()
        raise UsageError(f"standard output cannot be written: {exc.strerror}") from exc


def _forget_stdout() -> None:
    """What it still holds goes nowhere, so that it cannot fail once more at the end."""
    with suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def exit_code(codes: Iterable[int]) -> int:
    """The one that counts of several exit codes; 0 where there is none.

    >>> exit_code([5, 1])
    1
    """
    raised = set(codes) - {0}
    return next((code for code in EXIT_PRECEDENCE if code in raised), max(raised, default=0))


def finish(codes: Iterable[int]) -> NoReturn:
    """Leaves the command with the exit code that counts."""
    raise click.exceptions.Exit(exit_code(codes))


def _terminate(_signal: int, _frame: object) -> NoReturn:
    raise SystemExit(EXIT_TERMINATED)


def _open_standard_streams() -> None:
    """Puts something in the place of those that the caller closed, so that no file of ours gets there and is written by mistake."""
    for name, flags in (("stdin", os.O_RDONLY), ("stdout", os.O_RDONLY), ("stderr", os.O_WRONLY)):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.open(os.devnull, flags), "r" if name == "stdin" else "w"))  # noqa: PTH123, SIM115  # a descriptor


def run(group: click.Command, arguments: Sequence[str] | None = None) -> int:
    """Runs the tool and turns whatever ends it into an exit code; nothing is raised."""
    _open_standard_streams()
    signal.signal(signal.SIGTERM, _terminate)
    gc.set_threshold(GARBAGE_THRESHOLD)
    try:
        result = group.main(arguments, prog_name=PROGRAM, standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.Exit as exc:
        return exc.exit_code
    except click.ClickException as exc:
        exc.show()
        return exc.exit_code
    except (click.Abort, KeyboardInterrupt):
        warn("interrupted; nothing half-written was left")
        return EXIT_INTERRUPTED
    except SbomgenError as exc:
        warn(str(exc))
        return exc.exit_code
    except BrokenPipeError:
        _forget_stdout()  # the reader went away (`| head`): nothing is wrong
        return 0
    except Exception as exc:  # noqa: BLE001  the last door: an error of our own must exit 70, never 1
        return _own_error(exc)
    return result if isinstance(result, int) else 0


def leave(code: int) -> NoReturn:
    """Ends the process, under a profiler as usual: else what a scan has made is not taken apart first, which is a twentieth of its time."""
    if sys.getprofile() or sys.gettrace():
        sys.exit(code)
    atexit._run_exitfuncs()  # noqa: SLF001  # what libraries have registered, such as removing a temporary folder
    with suppress(OSError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


def _own_error(exc: Exception) -> int:
    import traceback

    traceback.print_exception(exc)
    warn(f"an error of our own ({PROGRAM} {__version__}), not of your input: please report it with the lines above")
    return EXIT_OWN_ERROR
