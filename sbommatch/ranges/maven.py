"""Maven: version ranges as `VersionRange` of maven-artifact reads them, and comparators, which it does not know and advisories have.

`[1.0]` is 1.0, `[1.0,2.0)` and `(,1.0],[1.2,)` are what they look like. `1.0` is a soft requirement: a wish, for which every version will
do (the rule `soft_requirement`).
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import ClassVar

from sbommatch.ranges._model import RANGE_COMPARATORS, Clause, Comparator, NativeRange, Op, Rule, RuleName, refusal, shown
from sbommatch.ranges._scan import OPERATORS, bounded, plain, ranged

_SET = r"\s*+([\[(])([^\[\](),]*+)(?:(,)([^\[\](),]*+))?+([\])])\s*+(,?+)"
"""A bracket, one version or two, a bracket, and the comma before the next set."""


class MavenSyntax:
    """VersionRange."""

    name: ClassVar[str] = "maven"
    title: ClassVar[str] = "Maven: as VersionRange of Maven 3.9, and comparators"
    schemes: ClassVar[tuple[str, ...]] = ("maven",)

    def parse(self, text: str) -> NativeRange:
        """See `Syntax`."""
        spec = bounded(text, self.name)
        if spec[:1] in {"<", ">", "=", "!"}:
            return ranged(text, self.name, tuple(OPERATORS), plain)
        if spec[:1] in {"[", "("}:
            return NativeRange(spec, tuple(sets(spec, self.name)))
        if not spec or re.search(r"[\[\](),|]", spec):
            raise refusal(text, self.name, "it is neither a version nor sets in brackets")
        return NativeRange(spec, (Clause(rules=(Rule(RuleName.SOFT_REQUIREMENT, (spec,)),)),))


@cache
def _set() -> re.Pattern[str]:
    return re.compile(_SET)


def sets(spec: str, syntax: str) -> Iterator[Clause]:
    """The sets in brackets, also of NuGet. Raises InvalidRange."""
    position, comma = 0, ","
    for count in range(len(spec) + 1):
        if position == len(spec):
            break
        match = _set().match(spec, position)
        if match is None or not comma or count >= RANGE_COMPARATORS:
            raise refusal(spec, syntax, f"no set in brackets begins at character {position + 1}")
        yield _clause(match, spec, syntax)
        comma, position = match[6], match.end()
    if comma:
        raise refusal(spec, syntax, "it ends with a comma")


def _clause(match: re.Match[str], spec: str, syntax: str) -> Clause:
    opening, lower, comma, upper, closing = match.group(1, 2, 3, 4, 5)
    lower, upper = lower.strip(), (upper or "").strip()
    if not comma:
        if opening + closing != "[]" or not lower:
            raise refusal(spec, syntax, f"a single version stands in square brackets, as {shown(match[0].strip())} does not")
        return Clause((Comparator(Op.EQUAL, lower),))
    comparators = []
    if lower:
        comparators.append(Comparator(Op.FROM if opening == "[" else Op.GREATER, lower))
    if upper:
        comparators.append(Comparator(Op.UP_TO if closing == "]" else Op.LESS, upper))
    return Clause(tuple(comparators))
