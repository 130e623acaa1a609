"""Versions of which a part is left open (`1.2.x`, `1`), as ranges of npm, Cargo and others write them."""

import re
from functools import cache
from itertools import takewhile

from msgspec import Struct

from sbommatch.ranges._model import Clause, Comparator, Op, Rule, RuleName, refusal, shown
from sbommatch.ranges._scan import Piece

COMPONENTS = 3

LOWEST_PRE_RELEASE = "-0"
"""`2.0.0-0` stands below every other pre-release of 2.0.0."""

_IDENTIFIERS = r"[0-9A-Za-z-]++(?:\.[0-9A-Za-z-]++)*+"
_OPEN = r"[xX*]"
_PARTIAL = rf"""
    [v=]*+
    (?:{_OPEN} | ([0-9]++)) (?:\. (?:{_OPEN} | ([0-9]++)) (?:\. (?:{_OPEN} | ([0-9]++)) (?:-?({_IDENTIFIERS}))?+ )?+ )?+
    (?:-({_IDENTIFIERS}))?+
    (?:\+{_IDENTIFIERS})?+
"""
"""The hyphen before a pre-release may be missing, as in node-semver's loose form; but not where a component is missing too."""

_PRE_RELEASE = r"[v=\s]*+([0-9]++(?:\.[0-9]++)*+)(?:-|(?=[A-Za-z]))"
"""A version with a pre-release, and its components."""


class Partial(Struct, frozen=True):
    """The components up to the first that is left open, as digits, and the pre-release."""

    components: tuple[str, ...]
    pre_release: str | None = None

    @property
    def whole(self) -> bool:
        """Nothing is left open."""
        return len(self.components) == COMPONENTS

    @property
    def release(self) -> str:
        """The components, with zeros for what is left open."""
        return ".".join([*self.components, "0", "0", "0"][:COMPONENTS])

    @property
    def floor(self) -> str:
        """The release, and the pre-release where there is one."""
        return self.release + (f"-{self.pre_release}" if self.pre_release else "")

    def next(self, place: int) -> str:
        """The release after all that share the components up to this place, counted from 0.

        >>> Partial(("1", "2", "9")).next(1), Partial(("1", "2", "9")).next(2)
        ('1.3.0', '1.2.10')
        """
        return Partial((*self.components[:place], successor(self.components[place]))).release


def successor(digits: str) -> str:
    """The number after this one; linear, where `int` refuses long ones.

    >>> successor("9"), successor("0129")
    ('10', '0130')
    """
    head = digits.rstrip("9")
    zeros = "0" * (len(digits) - len(head))
    return (head[:-1] + chr(ord(head[-1]) + 1) if head else "1") + zeros


@cache
def _partial() -> re.Pattern[str]:
    return re.compile(_PARTIAL, re.VERBOSE | re.ASCII)


@cache
def _pre_release() -> re.Pattern[str]:
    return re.compile(_PRE_RELEASE, re.ASCII)


def partial(piece: Piece, text: str, syntax: str) -> Partial:
    """The version of a piece, its pre-release only if it is whole. Raises InvalidRange where it is none."""
    components, pre_release, early = _read(piece, text, syntax)
    if early is not None:
        raise refusal(text, syntax, f"{shown(piece.version)} at character {piece.position} has a pre-release, but not three components")
    return Partial(components, pre_release if len(components) == COMPONENTS else None)


def any_partial(piece: Piece, text: str, syntax: str) -> Partial:
    """The same; a pre-release may also follow what is not whole (`1.2-rc.1`)."""
    components, pre_release, early = _read(piece, text, syntax)
    return Partial(components, pre_release or early)


def _read(piece: Piece, text: str, syntax: str) -> tuple[tuple[str, ...], str | None, str | None]:
    """Components, a pre-release behind three of them, and one behind fewer."""
    match = _partial().fullmatch(piece.version)
    if match is None:
        raise refusal(text, syntax, f"{shown(piece.version)} at character {piece.position} is no version, whole or with parts left open")
    *parts, pre_release, early = match.groups()
    components = tuple(takewhile(lambda part: part is not None, parts))
    return components, pre_release, early


def caret_place(version: Partial) -> int:
    """The component whose change `^` does not allow: the first that is not zero, or the last that is named."""
    last = len(version.components) - 1
    return next((place for place, component in enumerate(version.components) if component.strip("0")), last)


def between(lower: str, upper: str) -> tuple[Comparator, ...]:
    """From the one on, and below the other."""
    return Comparator(Op.FROM, lower), Comparator(Op.LESS, upper)


NO_PRE_RELEASES = Rule(RuleName.PRE_RELEASES_OF)


def with_pre_releases_of(comparators: tuple[Comparator, ...], releases: tuple[str, ...]) -> Clause:
    """The clause, with the rule that pre-releases of these releases count, and no others."""
    return Clause(comparators, rules=(Rule(RuleName.PRE_RELEASES_OF, tuple(dict.fromkeys(releases))),))


def release_of_pre_release(version: str) -> str | None:
    """The release that a version is a pre-release of; None where it is none.

    >>> release_of_pre_release("v1.2.3-rc.1"), release_of_pre_release("1.2.3+build-1")
    ('1.2.3', None)
    """
    match = _pre_release().match(version)
    return match[1] if match else None
