"""Cargo: requirements as `VersionReq` of the crate `semver` reads them; a version alone is `^`.

The rule `pre_releases_of`: a pre-release is inside only if a comparator beside it names one of its release. A comparator that leaves parts
open takes in no pre-release of what it names, unless it is `^`, `<` or `>`: with `~1.2, >=1.2.5-alpha`, 1.2.5-beta is outside.
"""

from collections.abc import Sequence
from typing import ClassVar

from sbommatch.ranges._model import Clause, Comparator, NativeRange, Op, refusal
from sbommatch.ranges._scan import OPERATORS, Piece, pieces
from sbommatch.ranges._semver import LOWEST_PRE_RELEASE, Partial, between, caret_place, partial, with_pre_releases_of

_OPERATORS = ("", "=", "<", "<=", ">", ">=", "~", "^")
_WILDCARDS = "*xX"


class CargoSyntax:
    """The crate `semver`."""

    name: ClassVar[str] = "cargo"
    title: ClassVar[str] = "Rust crates: as Cargo, by the crate semver"
    schemes: ClassVar[tuple[str, ...]] = ("cargo",)

    def parse(self, text: str) -> NativeRange:
        """See `Syntax`."""
        return NativeRange(text.strip(), tuple(self._clause(row, text) for row in pieces(text, self.name, _OPERATORS)))

    def _clause(self, row: Sequence[Piece], text: str) -> Clause:
        if not row:
            raise refusal(text, self.name, "it is empty, or one of its alternatives is")
        asked = [(_operator(piece), partial(piece, text, self.name)) for piece in row]
        if len(asked) > 1 and not all(version.components for _, version in asked):
            raise refusal(text, self.name, "a wildcard for every version stands alone")
        releases = (version.release for _, version in asked if version.pre_release)
        comparators = tuple(comparator for operator, version in asked for comparator in _comparators(operator, version))
        return with_pre_releases_of(comparators, tuple(release for release in releases if not _shut_out(release, asked)))


def _operator(piece: Piece) -> str:
    """A version alone is `^`, one with a wildcard `=`."""
    return piece.operator or ("=" if piece.version[-1] in _WILDCARDS else "^")


def _shut_out(release: str, asked: Sequence[tuple[str, Partial]]) -> bool:
    """Whether a comparator with open parts names the release, and so takes in none of its pre-releases."""
    components = tuple(release.split("."))
    return any(
        components[: len(version.components)] == version.components
        for operator, version in asked
        if not version.whole and operator in {"=", "<=", ">=", "~"}
    )


def _comparators(operator: str, version: Partial) -> tuple[Comparator, ...]:
    if not version.components:
        return ()
    lowest = version.floor if version.whole else version.floor + LOWEST_PRE_RELEASE
    last = len(version.components) - 1
    match operator:
        case "~":
            return between(lowest, version.next(min(last, 1)) + LOWEST_PRE_RELEASE)
        case "^":
            return between(lowest, version.next(caret_place(version)) + LOWEST_PRE_RELEASE)
        case _ if version.whole:
            return (Comparator(OPERATORS[operator], version.floor),)
        case ">":
            return (Comparator(Op.FROM, version.next(last) + LOWEST_PRE_RELEASE),)
        case ">=":
            return (Comparator(Op.FROM, lowest),)
        case "<":
            return (Comparator(Op.LESS, lowest),)
        case "<=":
            return (Comparator(Op.LESS, version.next(last) + LOWEST_PRE_RELEASE),)
        case _:
            return between(lowest, version.next(last) + LOWEST_PRE_RELEASE)
