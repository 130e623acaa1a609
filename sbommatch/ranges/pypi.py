"""Python: specifiers of PEP 440, as `packaging.specifiers` reads them with pre-releases allowed.

    <1.0        below 1.0.dev0: a pre-release of 1.0 is not before 1.0, unless the specifier names one
    >1.0        behind the local versions of 1.0; the rule `no_post_releases_of` keeps out 1.0.post1
    ==1.0, <=   with the local versions of 1.0 (`Scheme.end_of`)
    ==1.2.*     from 1.2.dev0 on, below 1.3.dev0; != is its opposite
    ~=1.2.3     >=1.2.3, ==1.2.*
    ===1.0      the rule `same_text`

Read too, since advisories have them: `||`, blanks for commas, `=`, a version alone, and local versions with any operator.
"""

import re
from functools import cache
from typing import ClassVar

from sbommatch.ranges._model import Clause, Comparator, NativeRange, Op, Rule, RuleName, refusal, shown
from sbommatch.ranges._scan import EVERYTHING, OPERATORS, Piece, plain, ranged
from sbommatch.ranges._semver import between, successor

_COMPATIBLE = "~="
_IDENTITY = "==="
_PREFIX = ".*"

_LOWEST = ".dev0"
"""`1.0.dev0` stands below every other version of 1.0."""

_PARTS = r"""
    v?+ (?:[0-9]++!)?+ [0-9]++ (?P<minor>(?:\.[0-9]++)*+)
    (?P<pre>[-_.]?+(?:alpha|beta|preview|pre|a|b|c|rc)[-_.]?+[0-9]*+)?
    (?P<post>-[0-9]++|[-_.]?+(?:post|rev|r)[-_.]?+[0-9]*+)?
    (?P<dev>[-_.]?+dev[-_.]?+[0-9]*+)?
    (?P<local>\+[a-z0-9]++(?:[-_.][a-z0-9]++)*+)?
"""
"""Appendix B of PEP 440."""


class PypiSyntax:
    """packaging.specifiers."""

    name: ClassVar[str] = "pypi"
    title: ClassVar[str] = "Python: specifiers of PEP 440, as packaging.specifiers"
    schemes: ClassVar[tuple[str, ...]] = ("pypi",)

    def parse(self, text: str) -> NativeRange:
        """See `Syntax`."""
        return ranged(text, self.name, (*OPERATORS, _COMPATIBLE, _IDENTITY), lambda piece: self._clause(piece, text))

    def _clause(self, piece: Piece, text: str) -> Clause:
        if piece.operator == _IDENTITY:
            return _identity(piece.version)
        if piece.version == EVERYTHING:
            return plain(piece)
        prefix = piece.version.endswith(_PREFIX)
        match = parts(piece.version.removesuffix(_PREFIX))
        if match is None:
            raise refusal(text, self.name, f"{shown(piece.version)} at character {piece.position} is no version of PEP 440")
        if piece.operator == _COMPATIBLE and match["minor"] and not prefix:
            return _compatible(match)
        if prefix and OPERATORS.get(piece.operator) in {Op.EQUAL, Op.NOT_EQUAL}:
            return _wildcard(OPERATORS[piece.operator], match[0])
        if prefix or piece.operator == _COMPATIBLE:
            wanted = "two components" if piece.operator == _COMPATIBLE else "== or != before it"
            raise refusal(text, self.name, f"{shown(piece.version)} at character {piece.position} wants {wanted}")
        return _bound(piece, match)


def parts(version: str) -> re.Match[str] | None:
    """The named parts of a version: `minor` (all components but the first), `pre`, `post`, `dev`, `local`; None where it is none."""
    return _parts().fullmatch(version)


@cache
def _parts() -> re.Pattern[str]:
    return re.compile(_PARTS, re.VERBOSE | re.ASCII | re.IGNORECASE)


def _identity(version: str) -> Clause:
    """What is no version at all may be asked for too."""
    comparators = (Comparator(Op.EQUAL, version),) if parts(version) else ()
    return Clause(comparators, rules=(Rule(RuleName.SAME_TEXT, (version,)),))


def _wildcard(op: Op, prefix: str) -> Clause:
    row = between(prefix + _LOWEST, _next(prefix) + _LOWEST)
    return Clause(row) if op is Op.EQUAL else Clause(excluded=(row,))


def _compatible(match: re.Match[str]) -> Clause:
    prefix = match[0][: match.end("minor")].rpartition(".")[0]
    return Clause(between(match[0], _next(prefix) + _LOWEST))


def _next(prefix: str) -> str:
    """The prefix with its last number one higher; a phase without a number has the number 0."""
    head = prefix.rstrip("0123456789")
    return head + successor(prefix[len(head) :] or "0")


def _bound(piece: Piece, match: re.Match[str]) -> Clause:
    comparator = piece.comparator
    if comparator.op is Op.LESS and not (match["pre"] or match["dev"] or match["local"]):
        return Clause((Comparator(Op.LESS, piece.version + _LOWEST),))
    if comparator.op is Op.GREATER and not (match["post"] or match["dev"] or match["local"]):
        return Clause((comparator,), rules=(Rule(RuleName.NO_POST_RELEASES_OF, (piece.version,)),))
    return plain(piece)
