"""Rows of comparators: operators and versions, what stands between them, and where a text goes wrong."""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache

from msgspec import Struct

from sbommatch.ranges._model import RANGE_CHARS, RANGE_COMPARATORS, Clause, Comparator, NativeRange, Op, Rule, RuleName, refusal

_VERSION = r"""'([^']++)'|"([^"]++)"|(?!!)((?:(?!!=)[^\s,|<>=()'"])++)"""
"""In quotation marks, or up to a blank, a comma, or the next operator; `!` is an epoch's (`1!2.0`) unless `=` follows."""

EVERYTHING = "*"

_SHOWN_CHARS = 20
"""Of what is no comparator in a message."""

OPERATORS = {
    "": Op.EQUAL,
    "=": Op.EQUAL,
    "==": Op.EQUAL,
    "!=": Op.NOT_EQUAL,
    "<>": Op.NOT_EQUAL,
    "<": Op.LESS,
    "<=": Op.UP_TO,
    "=<": Op.UP_TO,
    ">": Op.GREATER,
    ">=": Op.FROM,
    "=>": Op.FROM,
}
"""Spellings that one ecosystem or another has; none means something else elsewhere, but in Debian (see `deb`)."""


class Piece(Struct, frozen=True):
    """An operator, empty where there is none, the version behind it, and its place."""

    operator: str
    version: str
    position: int
    """Of the first character, counted from 1."""

    @property
    def comparator(self) -> Comparator:
        """As it stands; KeyError for an operator that is no plain one."""
        return Comparator(OPERATORS[self.operator], self.version)


def bounded(text: str, syntax: str) -> str:
    """The text without the blanks around it. Raises InvalidRange beyond RANGE_CHARS."""
    if len(text) > RANGE_CHARS:
        raise refusal(text, syntax, f"it has {len(text)} characters; {RANGE_CHARS} are the most")
    return text.strip()


def pieces(text: str, syntax: str, operators: tuple[str, ...] = tuple(OPERATORS)) -> list[list[Piece]]:
    """Rows of comparators separated by commas or blanks; `||` (or `|`) stands between the rows. Raises InvalidRange.

    >>> [[piece.operator + piece.version for piece in row] for row in pieces(">= 1.0, <2 || 3", "our")]
    [['>=1.0', '<2'], ['3']]
    """
    text = bounded(text, syntax)
    rows = [list(_row(text, start, end, (syntax, operators))) for start, end in _alternatives(text, syntax)]
    if sum(map(len, rows)) > RANGE_COMPARATORS:
        raise refusal(text, syntax, f"it has more than {RANGE_COMPARATORS} comparators")
    return rows


def _alternatives(text: str, syntax: str) -> Iterator[tuple[int, int]]:
    """Where each row begins and ends."""
    bars = [*re.finditer(r"\|\|?", text)]
    if len(bars) >= RANGE_COMPARATORS:
        raise refusal(text, syntax, f"it has {len(bars) + 1} alternatives; {RANGE_COMPARATORS} are the most")
    starts = [0, *(bar.end() for bar in bars)]
    return zip(starts, [*(bar.start() for bar in bars), len(text)], strict=True)


@cache
def _piece(operators: tuple[str, ...]) -> re.Pattern[str]:
    """Longer operators first, or `>` would be read where `>=` stands."""
    known = "|".join(re.escape(operator) for operator in sorted(operators, key=len, reverse=True))
    return re.compile(rf"\s*+((?:{known})?+)\s*+(?:{_VERSION})\s*+,?+\s*+")


def _row(text: str, start: int, end: int, language: tuple[str, tuple[str, ...]]) -> Iterator[Piece]:
    syntax, operators = language
    pattern = _piece(operators)
    position = end if text[start:end].isspace() else start
    while position < end:
        match = pattern.match(text, position, end)
        if match is None:
            raise refusal(text, syntax, f"no comparator stands at character {position + 1}: {text[position : position + _SHOWN_CHARS]!r}")
        operator, *versions = match.groups()
        yield Piece(operator, next(version for version in versions if version is not None), match.start(1) + 1)
        position = match.end()


def ranged(text: str, syntax: str, operators: tuple[str, ...], read: Callable[[Piece], Clause]) -> NativeRange:
    """The range of a syntax whose every comparator stands for itself; an empty text is every version. Raises InvalidRange.

    A bar at the end, as GitLab's advisories have it, is no alternative.
    """
    rows = pieces(text, syntax, operators)
    if len(rows) > 1 and not rows[-1]:
        rows.pop()
    if len(rows) > 1 and not all(rows):
        raise refusal(text, syntax, "one of its alternatives is empty")
    return NativeRange(text.strip(), tuple(joined(map(read, row)) for row in rows))


def plain(piece: Piece) -> Clause:
    """What a plain comparator asks; `*` alone is every version."""
    return Clause() if piece.version == EVERYTHING and not piece.operator else Clause((piece.comparator,))


def begins_with(version: str) -> Clause:
    """The versions that begin with the parts of this one."""
    return Clause(rules=(Rule(RuleName.BEGINS_WITH, (version,)),))


def joined(parts: Iterable[Clause]) -> Clause:
    """The clause that asks all that its parts do."""
    parts = tuple(parts)
    return Clause(
        tuple(comparator for part in parts for comparator in part.comparators),
        tuple(row for part in parts for row in part.excluded),
        tuple(dict.fromkeys(rule for part in parts for rule in part.rules)),
    )


def unwrapped(text: str) -> str:
    """What stands in parentheses behind a package's name, or alone: `libc6 (>= 2.36)`; any other text as it is."""
    match = re.fullmatch(r"\s*+[0-9A-Za-z][^\s()]*+\s*+\(([^()]*+)\)\s*+|\s*+\(([^()]*+)\)\s*+", text)
    return next(inner for inner in match.groups() if inner is not None) if match else text
