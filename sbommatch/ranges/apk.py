"""apk: dependencies as apk-tools reads them (`apk_version_match`): `>=1.2.3-r0`, and `~1.2` for what begins with the parts 1.2."""

from typing import ClassVar

from sbommatch.ranges._model import Clause, NativeRange
from sbommatch.ranges._scan import OPERATORS, Piece, begins_with, plain, ranged

_FUZZY = ("~", "=~", "~=")


class ApkSyntax:
    """apk-tools."""

    name: ClassVar[str] = "apk"
    title: ClassVar[str] = "Alpine: as apk-tools, ~1.2 for what begins with 1.2"
    schemes: ClassVar[tuple[str, ...]] = ("apk",)

    def parse(self, text: str) -> NativeRange:
        """See `Syntax`."""
        return ranged(text, self.name, (*OPERATORS, *_FUZZY), _read)


def _read(piece: Piece) -> Clause:
    return begins_with(piece.version) if piece.operator in _FUZZY else plain(piece)
