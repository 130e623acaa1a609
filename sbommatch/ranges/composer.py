"""Composer: constraints as `VersionParser::parseConstraints` of composer/semver reads them.

It gives bounds the lowest stability where they name none: `^1.2` is `>=1.2-dev <2.0.0.0-dev`, so that 1.2.0-beta1 is inside, and `<1.2` is
`<1.2-dev`. A stability flag raises that: `>=1.2@beta` is `>=1.2-beta`. `~1.2` goes up to 2.0, `~1.2.3` to 1.3. A branch that has no number
(`dev-main`) is none of the versions in the order, and so takes none of them in.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import ClassVar

from sbommatch.ranges._model import Clause, Comparator, NativeRange, Op, refusal, shown
from sbommatch.ranges._scan import OPERATORS, Piece, joined, pieces
from sbommatch.ranges._semver import between, successor

_HYPHEN = "-"
_ALIAS = "as"
_OPERATORS = ("", "=", "==", "!=", "<>", "<", "<=", ">", ">=", "~", "^", _HYPHEN)

COMPONENTS = 4

_DEV = "-dev"
"""The lowest stability."""

_STABILITY = r"(?:stable|beta|b|rc|alpha|a|patch|pl|p)(?:[.-]?[0-9]++)*+"
_MODIFIER = rf"[._-]?(?:{_STABILITY})?(?:[.-]?dev)?"
_NUMBERS = r"v?([0-9]++)(?:\.([0-9]++))?(?:\.([0-9]++))?(?:\.([0-9]++))?"
_VERSION = rf"{_NUMBERS}(?:(?P<modifier>{_MODIFIER})|\.(?P<branch>[x*][.-]?dev))(?:\+.+)?"
_WILDCARD = r"v?([0-9]++)(?:\.([0-9]++))?(?:\.([0-9]++))?()(?:\.[x*])++"
_EVERYTHING = r"(v?)[x*]((?:\.[x*])*)"
_FLAGGED = r"(.*?)@(stable|rc|beta|alpha|dev)"
_REFERENCE = r"(dev-[^@]+?|[^@]+?\.x-dev)#.+"
_BRANCH = r"dev-.*|master|trunk|default"
_MODIFIED = rf".*-{_MODIFIER}"


class ComposerSyntax:
    """composer/semver."""

    name: ClassVar[str] = "composer"
    title: ClassVar[str] = "PHP packages: as composer/semver"
    schemes: ClassVar[tuple[str, ...]] = ("composer",)

    def parse(self, text: str) -> NativeRange:
        """See `Syntax`."""
        rows = [list(self._parts(row, text)) for row in pieces(text, self.name, _OPERATORS)]
        return NativeRange(text.strip(), tuple(joined(filter(None, row)) for row in rows if None not in row))

    def _parts(self, row: Sequence[Piece], text: str) -> Iterator[Clause | None]:
        """`1.0 - 2.0` is one constraint, and what stands behind `as` is none."""
        rest = list(reversed(row))
        if not rest:
            raise refusal(text, self.name, "it is empty, or one of its alternatives is")
        while rest:
            piece = rest.pop()
            following = rest[-1] if rest else None
            if following and following.operator == _HYPHEN and not piece.operator:
                yield self._hyphen(piece, rest.pop(), text)
            elif following and following.version == _ALIAS and not following.operator and len(rest) > 1:
                del rest[-2:]
                yield self._constraint(piece, text)
            else:
                yield self._constraint(piece, text)

    def _constraint(self, piece: Piece, text: str) -> Clause | None:
        """None where no version can be inside."""
        version, flag = piece.version, ""
        if flagged := _matched(_FLAGGED, version):
            version, flag = flagged[1] or "*", flagged[2]
        if reference := _matched(_REFERENCE, version):
            version = reference[1]
        if _matched(_BRANCH, version):
            return Clause() if OPERATORS.get(piece.operator) is Op.NOT_EQUAL else None
        everything, wildcard, exact = (_matched(grammar, version) for grammar in (_EVERYTHING, _WILDCARD, _VERSION))
        if not piece.operator and everything:
            return Clause((Comparator(Op.FROM, "0.0.0.0-dev"),) if any(everything.groups()) else ())
        if not piece.operator and wildcard:
            return Clause(_wildcard(wildcard))
        if piece.operator in {"~", "^"} and exact:
            return Clause(_tilde(exact) if piece.operator == "~" else _caret(exact))
        if everything or wildcard or piece.operator not in OPERATORS:
            raise refusal(text, self.name, f"the operator at character {piece.position} does not go with {shown(version)}")
        return Clause((_basic(OPERATORS[piece.operator], version, flag),))

    def _hyphen(self, piece: Piece, following: Piece, text: str) -> Clause:
        lower, upper = _matched(_VERSION, piece.version), _matched(_VERSION, following.version)
        if lower is None or upper is None:
            raise refusal(text, self.name, f"no two versions stand beside the hyphen at character {following.position}")
        lowest = Comparator(Op.FROM, _bare(lower[0]) + ("" if _is_stated(lower) else _DEV))
        if upper[3] or _is_stated(upper):
            return Clause((lowest, Comparator(Op.UP_TO, upper[0])))
        return Clause((lowest, Comparator(Op.LESS, _end(upper, 2 if upper[2] else 1))))


@cache
def _pattern(grammar: str) -> re.Pattern[str]:
    return re.compile(grammar, re.ASCII | re.IGNORECASE)


def _matched(grammar: str, version: str) -> re.Match[str] | None:
    return _pattern(grammar).fullmatch(version)


def _numbers(match: re.Match[str]) -> list[str]:
    """The components that are given."""
    return [number for number in match.group(1, 2, 3, 4) if number]


def _is_stated(match: re.Match[str]) -> bool:
    """Whether the version names a stability."""
    return bool(match["branch"]) or any(map(str.isalpha, match["modifier"]))


def _end(match: re.Match[str], place: int) -> str:
    """Before the versions whose component at the place, counted from 1, is one higher."""
    numbers = _numbers(match)[:place]
    numbers[-1] = successor(numbers[-1])
    return ".".join([*numbers, *["0"] * (COMPONENTS - place)]) + _DEV


def _wildcard(match: re.Match[str]) -> tuple[Comparator, ...]:
    numbers = _numbers(match)
    return between(".".join([*numbers, *["0"] * (COMPONENTS - len(numbers))]) + _DEV, _end(match, len(numbers)))


def _tilde(match: re.Match[str]) -> tuple[Comparator, ...]:
    place = len(_numbers(match)) + bool(match["branch"])
    return _compatible(match, max(1, place - 1))


def _caret(match: re.Match[str]) -> tuple[Comparator, ...]:
    major, minor, patch = match.group(1, 2, 3)
    return _compatible(match, 1 if major != "0" or not minor else 2 if minor != "0" or not patch else 3)


def _compatible(match: re.Match[str], place: int) -> tuple[Comparator, ...]:
    """Composer appends the stability behind build metadata too, where it counts as such: `^1.2.3+5` begins at 1.2.3 itself."""
    return between(match[0] + ("" if _is_stated(match) else _DEV), _end(match, place))


def _basic(op: Op, version: str, flag: str) -> Comparator:
    bare = _bare(version)
    match = _matched(_VERSION, bare)
    if flag.lower() not in {"", "stable"} and op is not Op.EQUAL and match and not _is_stated(match):
        return Comparator(op, f"{bare}-{flag}")
    if op in {Op.LESS, Op.FROM} and not _matched(_MODIFIED, version) and not bare.lower().endswith("dev"):
        return Comparator(op, bare + _DEV)
    return Comparator(op, version)


def _bare(version: str) -> str:
    """Without build metadata and the word `stable`, behind which no other stability can stand."""
    return _pattern(r"[._-]?stable.*+").sub("", version.partition("+")[0])
