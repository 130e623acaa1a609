"""RubyGems: requirements as `Gem::Requirement` reads them, with blanks for commas and `||`, which advisories have.

`~> 1.4.4` is `>= 1.4.4`, and below 1.5 and its pre-releases. RubyGems has no first pre-release (1.5.A.A stands below 1.5.A): the bound
is 1.5.A, and what is wrongly below it begins with a word `A` and another word right behind that.
"""

import re
from functools import cache
from typing import ClassVar

from sbommatch.ranges._model import Clause, NativeRange, refusal, shown
from sbommatch.ranges._scan import Piece, plain, ranged
from sbommatch.ranges._semver import between, successor

_OPERATORS = ("", "=", "==", "!=", "<", "<=", ">", ">=", "~>")
_PESSIMISTIC = "~>"

_NUMBERS = r"[0-9]++(?:\.[0-9]++)*+"
"""Before the first word."""

_FIRST_PRE_RELEASE = ".A"


class GemSyntax:
    """Gem::Requirement."""

    name: ClassVar[str] = "gem"
    title: ClassVar[str] = "Ruby gems: as Gem::Requirement"
    schemes: ClassVar[tuple[str, ...]] = ("gem",)

    def parse(self, text: str) -> NativeRange:
        """See `Syntax`."""

        def read(piece: Piece) -> Clause:
            return self._pessimistic(piece, text) if piece.operator == _PESSIMISTIC else plain(piece)

        return ranged(text, self.name, _OPERATORS, read)

    def _pessimistic(self, piece: Piece, text: str) -> Clause:
        match = _numbers().match(piece.version)
        if match is None:
            raise refusal(text, self.name, f"{shown(piece.version)} at character {piece.position} does not begin with a number")
        *kept, last = match[0].split(".")
        if kept:
            last = kept.pop()
        upper = ".".join([*kept, successor(last)]) + _FIRST_PRE_RELEASE
        return Clause(between(piece.version, upper))


@cache
def _numbers() -> re.Pattern[str]:
    return re.compile(_NUMBERS)
