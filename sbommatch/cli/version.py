"""`sbommatch version`: the orders of versions that matching stands on, to be asked and to be checked."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec
from msgspec import Struct

from sbommatch.cli.base import (
    EXIT_FINDINGS,
    CommandEntry,
    LazyGroup,
    command,
    emit,
    finish,
    option,
    quiet_option,
    warn,
)
from sbommatch.errors import UnreadableError, UsageError
from sbommatch.reports.text import GAP, aligned, column_widths, counted, printable

if TYPE_CHECKING:
    from sbommatch.ranges import NativeRange, Syntax
    from sbommatch.versions.scheme import Scheme

SCHEMES_SCHEMA = "sbommatch.schemes/1"
RANGE_SCHEMA = "sbommatch.range/1"

CHECK_BYTES = 64 << 20
"""Of a file of comparisons at most: many times what all published test vectors have together."""

STDIN = "-"
VERS_PREFIX = "vers:"

_ORDERS = {"<": {-1}, "<=": {-1, 0}, "=": {0}, "==": {0}, ">=": {0, 1}, ">": {1}, "!=": {-1, 1}}
"""What `Scheme.compare` may answer for each operator."""

_SIGNS = {-1: "<", 0: "=", 1: ">"}


class VersionGroup(LazyGroup):
    """The commands on versions."""

    entries = (
        CommandEntry("compare", "sbommatch.cli.version:compare", "Say how two versions stand: <, = or >."),
        CommandEntry("check", "sbommatch.cli.version:check", "Check a file of comparisons against the order of a scheme."),
        CommandEntry("range", "sbommatch.cli.version:range_", "Say which versions lie in a range of an ecosystem's own syntax."),
        CommandEntry("schemes", "sbommatch.cli.version:schemes", "List the version schemes, and whose order each is."),
    )


@click.group("version", cls=VersionGroup, no_args_is_help=True, context_settings={"help_option_names": ["-h", "--help"]})
def version() -> None:
    """Compare versions as their ecosystems do.

    SCHEME is a name that `sbommatch version schemes` lists, a PURL type, or an ecosystem as OSV calls it.
    """


output_option = option(
    "-o", "--output", type=click.Choice(["table", "json"]), default="table", show_default=True, help="For people, or for programs."
)


@command("compare")
@click.argument("scheme")
@click.argument("left", metavar="A")
@click.argument("right", metavar="B")
def compare(scheme: str, left: str, right: str) -> None:
    """Say how two versions stand: <, = or >.

    SCHEME is a name that `sbommatch version schemes` lists, a PURL type, or an ecosystem as OSV calls it.
    """
    order = _scheme(scheme)
    with _refused_as_usage():
        sign = _SIGNS[order.compare(left, right)]
    emit(_lines([sign]), None)


@command("check")
@click.argument("file", metavar="FILE")
@option("--scheme", required=True, help="The scheme whose order is checked.")
@option("--strict", is_flag=True, help="A version that the scheme refuses is a disagreement.")
@quiet_option
def check(file: str, *, scheme: str, strict: bool, quiet: bool) -> None:
    """Check a file of comparisons against the order of a scheme.

    FILE (- is stdin) has a comparison `A OP B` a line, OP one of < <= = == >= > !=; what begins with # is a comment. Every disagreement
    is a line on stdout, with its number, and if there are any the exit code is 1.

    A line with a version that the scheme refuses is no disagreement, but for --strict: what has no order can have no other. It is named on
    stderr, and counted apart.
    """
    order = _scheme(scheme)
    compared = [_compared(row, order) for row in _rows(file)]
    refused = [row for row in compared if row.refusal]
    wrong = [row for row in compared if row.order not in _ORDERS[row.op] and (strict or not row.refusal)]
    emit(_lines(f"{file}:{row.line}: {row.left} {row.op} {row.right}, but {row.verdict}" for row in wrong), None)
    if not quiet:
        for row in () if strict else refused:
            warn(f"{file}:{row.line}: not compared: {row.refusal}")
        counts = f"{counted(len(compared), 'comparison')}, {counted(len(wrong), 'disagreement')}, {len(refused)} with a refused version"
        click.echo(f"{printable(file)}: {counts}", err=True)
    finish([EXIT_FINDINGS if wrong else 0])


class _Row(Struct, frozen=True):
    """A line of the file, and what became of it."""

    line: int
    left: str
    op: str
    right: str
    order: int | None = None
    refusal: str = ""

    @property
    def verdict(self) -> str:
        return self.refusal if self.order is None else f"{self.left} {_SIGNS[self.order]} {self.right}"


def _rows(file: str) -> Iterator[_Row]:
    for line, text in enumerate(_read(file).decode("utf-8", "surrogateescape").split("\n"), 1):
        words = text.split()
        if not words or words[0].startswith("#"):
            continue
        places = [place for place, word in enumerate(words) if word in _ORDERS]
        if len(places) != 1 or not 0 < places[0] < len(words) - 1:
            raise UnreadableError(f"{file}: line {line} is no comparison: `A OP B` makes one, OP one of {' '.join(_ORDERS)}")
        yield _Row(line, " ".join(words[: places[0]]), words[places[0]], " ".join(words[places[0] + 1 :]))


def _read(file: str) -> bytes:
    if file == STDIN:
        content = sys.stdin.buffer.read(CHECK_BYTES + 1)
    else:
        try:
            with Path(file).open("rb") as stream:
                content = stream.read(CHECK_BYTES + 1)
        except OSError as exc:
            raise UnreadableError(f"{file}: cannot be read: {exc.strerror}") from exc
    if len(content) > CHECK_BYTES:
        raise UnreadableError(f"{file}: has more than {CHECK_BYTES >> 20} MiB; check it in parts")
    return content


def _compared(row: _Row, scheme: "Scheme") -> _Row:
    from sbommatch.versions.scheme import InvalidVersion

    try:
        return msgspec.structs.replace(row, order=scheme.compare(row.left, row.right))
    except InvalidVersion as refused:
        return msgspec.structs.replace(row, refusal=str(refused))


@command("range")
@click.argument("scheme")
@click.argument("text", metavar="RANGE")
@click.argument("versions", metavar="VERSION...", nargs=-1, required=True)
@option("--syntax", metavar="NAME", help="How RANGE is written, if not in the scheme's own syntax: comparators, cpe, osv, vers.")
@output_option
def range_(scheme: str, text: str, versions: tuple[str, ...], *, syntax: str | None, output: str) -> None:
    """Say which versions lie in a range of an ecosystem's own syntax.

    RANGE is written as the ecosystem does: '^1.2.3' with npm, '[1.0,2.0)' with maven, '~> 1.4' with gem; '>= 1.0, < 1.2 || = 2.0' with all
    that have no syntax of their own. What begins with vers: is VERS.

    Behind each version and yes or no stand the intervals of the range, and the rules of its syntax that narrow them, such as npm's: no
    pre-releases but those that the range names.
    """
    from sbommatch.ranges import contains

    order = _scheme(scheme)
    chosen = _syntax(syntax, text, order)
    with _refused_as_usage():
        native = chosen.parse(text)
        _hold_scheme(native, order)
        alternatives = _alternatives(native, order)
        answers = [(one, contains(native, order, one)) for one in versions]
    if output == "json":
        asked = {"schema": RANGE_SCHEMA, "scheme": order.name, "syntax": chosen.name, "range": text, "alternatives": alternatives}
        emit(_json({**asked, "versions": [{"version": one, "inside": inside} for one, inside in answers]}), None)
        return
    words = " or ".join(map(str, alternatives)) or "no version"
    emit(_lines(_table([(one, "yes" if inside else "no", words) for one, inside in answers])), None)


def _syntax(name: str | None, text: str, scheme: "Scheme") -> "Syntax":
    from sbommatch.ranges import syntaxes_of

    syntaxes = {syntax.name: syntax for syntax in syntaxes_of(scheme.name)}
    if name is None:
        return syntaxes["vers"] if text.startswith(VERS_PREFIX) else next(iter(syntaxes.values()))
    if name not in syntaxes:
        raise UsageError(f"{name}: ranges of {scheme.name} are not written so, but in {', '.join(syntaxes)}")
    return syntaxes[name]


def _hold_scheme(native: "NativeRange", scheme: "Scheme") -> None:
    from sbommatch.versions import SCHEME_BY_NAME

    if native.scheme is not None and SCHEME_BY_NAME.get(native.scheme) is not scheme:
        raise UsageError(f"{native.text}: is a range of {native.scheme}, not of {scheme.name}")


class _Alternative(Struct, frozen=True):
    """Intervals as comparators, and the rules in words that narrow them."""

    intervals: list[str]
    rules: list[str]

    def __str__(self) -> str:
        return " or ".join(self.intervals or ["no version"]) + (f" ({'; '.join(self.rules)})" if self.rules else "")


def _alternatives(native: "NativeRange", scheme: "Scheme") -> list[_Alternative]:
    """One without rules, or the clauses with theirs."""
    from sbommatch.ranges import NativeRange, described

    if not native.rules:
        return [_Alternative(_intervals(native, scheme), [])]
    ranges = [(clause, NativeRange(native.text, (clause,))) for clause in native.clauses]
    return [_Alternative(_intervals(one, scheme), [described(rule) for rule in clause.rules]) for clause, one in ranges]


def _intervals(native: "NativeRange", scheme: "Scheme") -> list[str]:
    """As comparators; where a bound has no key, and so no place among others, as the range has them."""
    from sbommatch.ranges import spans_of
    from sbommatch.versions.scheme import KeyDeclined

    try:
        return [str(span) for span in spans_of(native, scheme)]
    except KeyDeclined:
        return [str(clause) for clause in native.clauses] or [native.text]


@command("schemes")
@output_option
def schemes(output: str) -> None:
    """List the version schemes, and whose order each is."""
    from sbommatch.ranges import syntaxes_of
    from sbommatch.versions import SCHEME_BY_NAME

    known = [SCHEME_BY_NAME[name] for name in sorted(SCHEME_BY_NAME)]
    if output == "json":
        rows = [
            {
                "name": scheme.name,
                "title": scheme.title,
                "synonyms": sorted(scheme.synonyms),
                "syntaxes": [syntax.name for syntax in syntaxes_of(scheme.name)],
            }
            for scheme in known
        ]
        emit(_json({"schema": SCHEMES_SCHEMA, "schemes": rows}), None)
        return
    header = ("SCHEME", "RANGES", "ORDER", "ALSO CALLED")
    table = [(scheme.name, syntaxes_of(scheme.name)[0].name, scheme.title, ", ".join(sorted(scheme.synonyms))) for scheme in known]
    emit(_lines(_table([header, *table])), None)


def _scheme(name: str) -> "Scheme":
    """By its name or a synonym; a release behind the ecosystem's name does not matter (`Debian:12`)."""
    from sbommatch.versions import SCHEME_BY_NAME

    scheme = SCHEME_BY_NAME.get(name) or SCHEME_BY_NAME.get(name.partition(":")[0])
    if scheme is None:
        raise UsageError(f"{name}: no version scheme is called so; `sbommatch version schemes` lists them")
    return scheme


@contextmanager
def _refused_as_usage() -> Iterator[None]:
    """A version or range of the command line that is none is wrong usage."""
    from sbommatch.ranges import InvalidRange
    from sbommatch.versions.scheme import InvalidVersion

    try:
        yield
    except (InvalidVersion, InvalidRange) as exc:
        raise UsageError(str(exc)) from exc


def _json(shape: object) -> bytes:
    return msgspec.json.encode(shape) + b"\n"


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    rows = [[printable(cell) for cell in row] for row in rows]
    widths = column_widths(rows)
    return [GAP.join(aligned(row, widths)).rstrip() for row in rows]


def _lines(lines: Iterable[str]) -> bytes:
    return "".join(f"{printable(line)}\n" for line in lines).encode()
