"""SemVer without an ecosystem: ranges as aquasecurity/go-version reads them, which Trivy has for what is no npm or Cargo.

There is no standard. `1.2`, `1.2.x` and `1.2.*` leave parts open, `~` and `^` are as in npm but for their ends: `^1.2.3-rc.1` goes up to
2.0.0 and takes its pre-releases in. The rule `pre_releases_of`: a pre-release is inside only if every comparator beside it names one, of
whatever release. A pre-release with open parts (`1.2-rc.1`) takes in nothing.
"""

from collections.abc import Sequence
from typing import ClassVar

from sbommatch.ranges._model import Clause, Comparator, NativeRange, Op
from sbommatch.ranges._scan import OPERATORS, Piece, joined, pieces
from sbommatch.ranges._semver import NO_PRE_RELEASES, Partial, any_partial, between, caret_place

_OPERATORS = ("", "=", "==", "!=", "<", "<=", "=<", ">", ">=", "=>", "~", "^")


class SemverSyntax:
    """aquasecurity/go-version."""

    name: ClassVar[str] = "semver"
    title: ClassVar[str] = "SemVer without an ecosystem: as aquasecurity/go-version"
    schemes: ClassVar[tuple[str, ...]] = ("semver",)

    def parse(self, text: str) -> NativeRange:
        """See `Syntax`; an empty alternative is every release."""
        clauses = (self._clause(row, text) for row in pieces(text, self.name, _OPERATORS))
        return NativeRange(text.strip(), tuple(clause for clause in clauses if clause is not None))

    def _clause(self, row: Sequence[Piece], text: str) -> Clause | None:
        """None where no version can be inside."""
        versions = [any_partial(piece, text, self.name) for piece in row]
        parts = [_part(OPERATORS.get(piece.operator, piece.operator), version) for piece, version in zip(row, versions, strict=True)]
        if None in parts or any(version.pre_release and not version.whole for version in versions):
            return None
        pre_releases = versions and all(version.pre_release for version in versions)
        return joined([*(part for part in parts if part), Clause(rules=() if pre_releases else (NO_PRE_RELEASES,))])


def _part(operator: str, version: Partial) -> Clause | None:
    """What one comparator takes in; None for nothing."""
    if not version.components:
        return None if operator in {Op.LESS, Op.GREATER, Op.NOT_EQUAL} else Clause()
    last = len(version.components) - 1
    if operator == "~":
        return Clause(between(version.floor, version.next(min(last, 1))))
    if operator == "^":
        return Clause(between(version.floor, version.next(caret_place(version))))
    if version.whole:
        return Clause((Comparator(Op(operator), version.floor),))
    match operator:
        case Op.GREATER:
            return Clause((Comparator(Op.FROM, version.next(last)),))
        case Op.FROM | Op.LESS:
            return Clause((Comparator(Op(operator), version.floor),))
        case Op.UP_TO:
            return Clause((Comparator(Op.LESS, version.next(last)),))
        case Op.NOT_EQUAL:
            return Clause(excluded=(between(version.floor, version.next(last)),))
        case _:
            return Clause(between(version.floor, version.next(last)))
