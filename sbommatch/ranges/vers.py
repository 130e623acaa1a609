"""VERS, the version range specifier of the Package-URL project: `vers:npm/1.2.3|>=2.0.0|<5.0.0`.

Constraints are signposts along the versions in their order: inside up to `<=1.3`, from `>=2` on to the next `<`. The standard wants them
sorted, and tools to refuse others; but its own test suite has unsorted ones to be answered. They are sorted here, and of several in a row
that say the same the widest is kept, as in the standard's simplification. What is no canonical URI is refused.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cmp_to_key
from typing import ClassVar

from sbommatch.ranges._model import RANGE_COMPARATORS, Clause, Comparator, NativeRange, Op, refusal, shown
from sbommatch.ranges._scan import bounded
from sbommatch.versions.scheme import InvalidVersion

PREFIX = "vers:"

_SPECIFIER = r"vers:([a-z][a-z0-9.-]*+)/(.+)"
_CONSTRAINT = r"(>=|<=|!=|[<>=])?([^<>=!*|%]*(?:%[0-9A-F]{2}[^<>=!*|%]*)*)"
"""A version has no comparator in it, and in upper case what is encoded."""

_EVERYTHING = "*"
_NOTHING = "none"

_UPPER = frozenset({Op.LESS, Op.UP_TO})


class VersSyntax:
    """VERS."""

    name: ClassVar[str] = "vers"
    title: ClassVar[str] = "VERS of the Package-URL project: vers:npm/>=1.0.0|<2.0.0"
    schemes: ClassVar[tuple[str, ...]] = ()

    def parse(self, text: str) -> NativeRange:
        """See `Syntax`; the range names its scheme."""
        text = bounded(text, self.name)
        match = re.fullmatch(_SPECIFIER, text)
        if match is None:
            raise refusal(text, self.name, "it is not vers:, a type in lower case, a slash and constraints")
        scheme, constraints = match.groups()
        if constraints == _EVERYTHING:
            return NativeRange(text, () if scheme == _NOTHING else (Clause(),), scheme=scheme)
        comparators = [self._comparator(constraint, text) for constraint in constraints.split("|")]
        if len(comparators) > RANGE_COMPARATORS:
            raise refusal(text, self.name, f"it has more than {RANGE_COMPARATORS} constraints")
        return NativeRange(text, tuple(_clauses(_sorted(comparators, scheme))), scheme=scheme)

    def _comparator(self, constraint: str, text: str) -> Comparator:
        match = re.fullmatch(_CONSTRAINT, constraint)
        if match is None or not match[2] or re.search(r"\s", constraint):
            raise refusal(text, self.name, f"{shown(constraint)} is no constraint: a comparator, and a version, encoded where it must be")
        return Comparator(Op(match[1] or "="), _decoded(match[2]))


def _decoded(version: str) -> str:
    if "%" not in version:
        return version
    from urllib.parse import unquote

    return unquote(version)


def _sorted(comparators: list[Comparator], name: str) -> list[Comparator]:
    """In the order of the scheme; as they stand where we have no such scheme, or a version is none of it."""
    from sbommatch.versions import SCHEME_BY_NAME

    scheme = SCHEME_BY_NAME.get(name)
    if scheme is None:
        return comparators

    def order(left: Comparator, right: Comparator) -> int:
        return scheme.compare(left.version, right.version)

    try:
        return sorted(comparators, key=cmp_to_key(order))
    except InvalidVersion:
        return comparators


def _clauses(comparators: Sequence[Comparator]) -> Iterator[Clause]:
    """Single versions, and the windows between signposts; where only versions outside are named, all others are inside."""
    unequal = tuple(one for one in comparators if one.op is Op.NOT_EQUAL)
    equal = [one for one in comparators if one.op is Op.EQUAL]
    for comparator in equal:
        yield Clause((comparator,))
    if not equal and len(unequal) == len(comparators):
        yield Clause(unequal)
    for window in _windows([one for one in comparators if one.op not in {Op.EQUAL, Op.NOT_EQUAL}]):
        yield Clause(window + unequal)


def _windows(bounds: Sequence[Comparator]) -> Iterator[tuple[Comparator, ...]]:
    kept: list[Comparator] = []
    for bound in bounds:
        if kept and (kept[-1].op in _UPPER) is (bound.op in _UPPER):
            kept[-1] = bound if bound.op in _UPPER else kept[-1]
        else:
            kept.append(bound)
    if kept and kept[0].op in _UPPER:
        yield (kept.pop(0),)
    for start in range(0, len(kept), 2):
        yield tuple(kept[start : start + 2])
