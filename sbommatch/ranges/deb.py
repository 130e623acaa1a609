"""Debian: relations as the policy manual writes them (section 7.1): `>= 1.2`, `<< 2.0`, `libc6 (>= 2.36)`.

`<` and `>` are obsolete in Debian, where dpkg takes them for `<=` and `>=`; here they are strict, as every advisory means them.
"""

from typing import ClassVar

from sbommatch.ranges._model import Clause, Comparator, NativeRange, Op
from sbommatch.ranges._scan import OPERATORS, Piece, plain, ranged, unwrapped

_STRICT = {"<<": Op.LESS, ">>": Op.GREATER}


class DebSyntax:
    """Relations of dpkg, and comparators."""

    name: ClassVar[str] = "deb"
    title: ClassVar[str] = "Debian: relations of the policy manual, << strictly before, >> strictly after"
    schemes: ClassVar[tuple[str, ...]] = ("deb",)

    def parse(self, text: str) -> NativeRange:
        """See `Syntax`."""
        return ranged(unwrapped(text), self.name, (*OPERATORS, *_STRICT), _read)


def _read(piece: Piece) -> Clause:
    strict = _STRICT.get(piece.operator)
    return Clause((Comparator(strict, piece.version),)) if strict else plain(piece)
