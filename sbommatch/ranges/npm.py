"""npm: ranges as node-semver reads them, its loose form too; and with commas, which advisories put between comparators.

Every range is brought to plain comparators as node-semver's `Range.parseRange` does it: `~1.2` is `>=1.2.0 <1.3.0-0`, where `-0` keeps the
pre-releases of 1.3.0 out. The rule `pre_releases_of`: a pre-release is inside only if a comparator beside it names one of its release.
"""

from collections.abc import Sequence
from typing import ClassVar

from sbommatch.ranges._model import Clause, Comparator, NativeRange, Op, refusal
from sbommatch.ranges._scan import OPERATORS, Piece, pieces
from sbommatch.ranges._semver import LOWEST_PRE_RELEASE, Partial, between, caret_place, partial, with_pre_releases_of

_HYPHEN = "-"
_ALWAYS = Comparator(Op.FROM, "0.0.0")
"""node-semver takes it for no comparator at all."""

_OPERATORS = ("", "=", "<", "<=", ">", ">=", "~", "~>", "^", _HYPHEN)


class NpmSyntax:
    """node-semver."""

    name: ClassVar[str] = "npm"
    title: ClassVar[str] = "npm: as node-semver"
    schemes: ClassVar[tuple[str, ...]] = ("npm",)

    def parse(self, text: str) -> NativeRange:
        """See `Syntax`; an empty alternative is every release, and takes the place of all others, also of those that name pre-releases."""
        clauses = [clause for row in pieces(text, self.name, _OPERATORS) if (clause := self._clause(row, text)) is not None]
        everything = [clause for clause in clauses if not clause.comparators]
        return NativeRange(text.strip(), tuple(everything[:1] or clauses))

    def _clause(self, row: Sequence[Piece], text: str) -> Clause | None:
        """None where no version can be inside."""
        versions = [partial(piece, text, self.name) for piece in row]
        comparators = [_comparators(operator, version) for operator, version in zip(self._operators(row, text), versions, strict=True)]
        if None in comparators:
            return None
        releases = tuple(version.release for version in versions if version.pre_release)
        return with_pre_releases_of(tuple(one for several in comparators if several for one in several if one != _ALWAYS), releases)

    def _operators(self, row: Sequence[Piece], text: str) -> list[str]:
        """`1.2 - 1.4` is `>=1.2 <=1.4`."""
        operators = [piece.operator for piece in row]
        for index, piece in enumerate(row):
            if piece.operator == _HYPHEN:
                if index == 0 or operators[index - 1] != "":
                    raise refusal(text, self.name, f"no version stands before the hyphen at character {piece.position}")
                operators[index - 1 : index + 1] = ">=", "<="
        return operators


def _comparators(operator: str, version: Partial) -> tuple[Comparator, ...] | None:
    if not version.components:
        return None if operator in {"<", ">"} else ()
    last = len(version.components) - 1
    match operator:
        case "~" | "~>":
            return between(version.floor, version.next(min(last, 1)) + LOWEST_PRE_RELEASE)
        case "^":
            return between(version.floor, version.next(caret_place(version)) + LOWEST_PRE_RELEASE)
        case _ if version.whole:
            return (Comparator(OPERATORS[operator], version.floor),)
        case ">":
            return (Comparator(Op.FROM, version.next(last)),)
        case ">=":
            return (Comparator(Op.FROM, version.floor),)
        case "<":
            return (Comparator(Op.LESS, version.floor + LOWEST_PRE_RELEASE),)
        case "<=":
            return (Comparator(Op.LESS, version.next(last) + LOWEST_PRE_RELEASE),)
        case _:
            return between(version.floor, version.next(last) + LOWEST_PRE_RELEASE)
