"""The common form of every native range: alternatives of comparators that must all hold, and rules that no comparator can say."""

from enum import StrEnum
from typing import ClassVar, Protocol

from msgspec import Struct

from sbommatch.advisory import Event

RANGE_CHARS = 1 << 16
"""Characters of a range at most; the longest in the feeds, lists of single versions, have some thousands."""

RANGE_COMPARATORS = 1 << 12
"""Comparators of a range at most: each costs a key or two for every version that is asked about."""

_SHOWN_CHARS = 80
"""Of what is refused in a message."""


class InvalidRange(ValueError):  # noqa: N818  beside InvalidVersion
    """A text that is no range in this syntax; the message says what is wrong, and where."""


def refusal(text: str, syntax: str, reason: str) -> InvalidRange:
    """The error for a text that is no range of the syntax."""
    return InvalidRange(f"{shown(text)} is no {syntax} range: {reason}")


def shown(text: str) -> str:
    """For a message: in quotation marks, and not longer than a line."""
    return repr(text if len(text) <= _SHOWN_CHARS else text[:_SHOWN_CHARS] + "…")


class Op(StrEnum):
    """What a comparator asks of a version, in its scheme's order.

    A bound is no point where its scheme says so (`Scheme.end_of`): `= 2.10` takes in the local versions 2.10+cu128 of Python, the revisions
    2.10-1 of Bitnami, and every release of an RPM; `>` begins behind them.
    """

    LESS = "<"
    UP_TO = "<="
    GREATER = ">"
    FROM = ">="
    EQUAL = "="
    NOT_EQUAL = "!="
    REVISION = "~"
    """The version or a later revision of a distributor: Gentoo's `~1.2` takes in 1.2-r3."""


class Comparator(Struct, frozen=True, array_like=True):
    """One bound, with the version as the range writes it or, where it writes none, as it means it."""

    op: Op
    version: str


class RuleName(StrEnum):
    """A rule of a native syntax that narrows what comparators take in; each ecosystem's own, and never an advisory's."""

    PRE_RELEASES_OF = "pre_releases_of"
    """npm, Cargo, SemVer: pre-releases of these releases only; without any, no pre-release."""
    PRE_RELEASE_LABELS = "pre_release_labels"
    """NuGet's floating versions: pre-releases with a label that begins so; without any, no pre-release."""
    NO_POST_RELEASES_OF = "no_post_releases_of"
    """PEP 440: `>1.0` does not take in 1.0.post1."""
    SAME_TEXT = "same_text"
    """PEP 440: `===` compares texts."""
    BEGINS_WITH = "begins_with"
    """apk's `~1.2`, Gentoo's `=1.2*`: the version begins with these parts."""
    SOFT_REQUIREMENT = "soft_requirement"
    """Maven: `1.0` without brackets is a wish, and every version will do."""


class Rule(Struct, frozen=True):
    """A rule by its name, and the texts that it is about."""

    name: RuleName
    texts: tuple[str, ...] = ()


class Clause(Struct, frozen=True):
    """What holds together: all comparators, none of the exclusions, all rules."""

    comparators: tuple[Comparator, ...] = ()
    """None: every version."""
    excluded: tuple[tuple[Comparator, ...], ...] = ()
    """Each a row of comparators; a version for which all of a row hold is outside: `!=1.2.*`."""
    rules: tuple[Rule, ...] = ()

    def __str__(self) -> str:
        """The comparators, as they are understood: `>=1.0, <2.0`."""
        rows = [_row(self.comparators) or "every version", *(f"not ({_row(excluded)})" for excluded in self.excluded)]
        return ", ".join(rows)


def _row(comparators: tuple[Comparator, ...]) -> str:
    return ", ".join(f"{comparator.op}{comparator.version}" for comparator in comparators)


class NativeRange(Struct, frozen=True):
    """A range as its syntax means it: a version is inside if any clause holds for it."""

    text: str
    clauses: tuple[Clause, ...] = ()
    """None: no version."""
    events: tuple[Event, ...] = ()
    """OSV's events, which take the place of clauses: how they pair is a matter of the order of versions."""
    scheme: str | None = None
    """The scheme that the range itself names, as `vers:npm/…` does; not necessarily one of ours."""

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules of all clauses, each once."""
        return tuple(dict.fromkeys(rule for clause in self.clauses for rule in clause.rules))

    def without_rules(self) -> "NativeRange":
        """What the comparators say alone, as advisories mean it: with npm's `<2.0.0`, 2.0.0-rc.1 is affected."""
        return NativeRange(
            self.text, tuple(Clause(clause.comparators, clause.excluded) for clause in self.clauses), self.events, self.scheme
        )


class Syntax(Protocol):
    """A native syntax. Add one: a module in `sbommatch/ranges`, a line in its `SYNTAXES`, a test."""

    name: ClassVar[str]
    """As the command line names it."""
    title: ClassVar[str]
    """For people: whose ranges these are, and the reference implementation that they are read like."""
    schemes: ClassVar[tuple[str, ...]]
    """The version schemes whose ranges are written so by default; none: a syntax for all schemes."""

    def parse(self, text: str) -> NativeRange:
        """The range. Linear in its length. Bounds are not checked, for a syntax may serve several schemes. Raises InvalidRange."""
        ...
