"""Gentoo: atoms as Portage reads them (Package Manager Specification, section 8.3.1): `>=dev-libs/openssl-1.1.1t-r1:0/1.1`.

Package and slot may be left out. `~1.2` is 1.2 in any revision, `=1.2*` what begins with the parts 1.2.
"""

import re
from functools import cache
from typing import ClassVar

from sbommatch.ranges._model import Clause, Comparator, NativeRange, Op, refusal, shown
from sbommatch.ranges._scan import OPERATORS, Piece, begins_with, plain, ranged

_REVISION = "~"
_GLOB = "*"

_ATOM = r"(?:[\w+.-]++/[\w+-]+-)?([0-9][0-9a-z._]*+(?:-r[0-9]++)?+\*?+)(?::[^\[\s]++)?+(?:\[[^\]\s]*+\])?+"
"""Category and package, the version, its slot and repository, and USE flags."""


class GentooSyntax:
    """Portage."""

    name: ClassVar[str] = "gentoo"
    title: ClassVar[str] = "Gentoo: atoms, as Portage"
    schemes: ClassVar[tuple[str, ...]] = ("gentoo",)

    def parse(self, text: str) -> NativeRange:
        """See `Syntax`."""

        def read(piece: Piece) -> Clause:
            match = _atom().fullmatch(piece.version)
            if match is None:
                raise refusal(text, self.name, f"{shown(piece.version)} at character {piece.position} is no version or atom with one")
            return _clause(Piece(piece.operator, match[1], piece.position))

        return ranged(text, self.name, (*OPERATORS, _REVISION), read)


def _clause(piece: Piece) -> Clause:
    if piece.operator == _REVISION:
        return Clause((Comparator(Op.REVISION, re.sub(r"-r[0-9]++\Z", "", piece.version)),))
    if piece.version.endswith(_GLOB) and OPERATORS[piece.operator] is Op.EQUAL:
        return begins_with(piece.version.removesuffix(_GLOB))
    return plain(piece)


@cache
def _atom() -> re.Pattern[str]:
    return re.compile(_ATOM, re.ASCII)
