"""NuGet: version ranges as `VersionRange` of NuGet.Versioning reads them, floating versions too, and comparators, which advisories have.

`1.0` is 1.0 or later, `[1.0]` is 1.0, `[1.0,2.0)` is what it looks like. A floating version is read as `FloatRange.Satisfies` does: `1.2.*`
is any release 1.2.x, `1.2.0-beta*` is 1.2.0 or a pre-release of it with a label that begins with `beta`, `1.*-*` is any 1.x (the rule
`pre_release_labels`). As a wish for the newest, restore may settle for more; as a range it takes in no more.
"""

import re
from functools import cache
from typing import ClassVar

from sbommatch.ranges._model import Clause, Comparator, NativeRange, Op, Rule, RuleName, refusal, shown
from sbommatch.ranges._scan import OPERATORS, bounded, plain, ranged
from sbommatch.ranges._semver import between, successor
from sbommatch.ranges.maven import sets

_STAR = "*"

_LOWEST = "--2147483648"
"""A label of digits is a C# int for NuGet, and this one the least: it stands below every other pre-release of its version."""

_FLOATING = r"([0-9]++(?:\.[0-9]++){0,2}\.\*|\*|[0-9]++(?:\.[0-9]++){0,3}(?=-))(?:-([0-9A-Za-z.-]*+)\*)?"
"""Components, of which the last may float, and a label that floats."""


class NugetSyntax:
    """NuGet.Versioning."""

    name: ClassVar[str] = "nuget"
    title: ClassVar[str] = "NuGet: as NuGet.Versioning, and comparators"
    schemes: ClassVar[tuple[str, ...]] = ("nuget",)

    def parse(self, text: str) -> NativeRange:
        """See `Syntax`."""
        spec = bounded(text, self.name)
        if spec[:1] in {"<", ">", "=", "!"}:
            return ranged(text, self.name, tuple(OPERATORS), plain)
        if spec[:1] not in {"[", "("}:
            return NativeRange(spec, (self._minimum(spec, spec),))
        found, *more = sets(spec, self.name)
        if more:
            raise refusal(text, self.name, "one set in brackets makes a range")
        return NativeRange(spec, (self._floated(found, spec),))

    def _floated(self, clause: Clause, spec: str) -> Clause:
        """The minimum of a set may float: `[1.*,2.0)`."""
        if _STAR not in "".join(comparator.version for comparator in clause.comparators):
            return clause
        first, *others = clause.comparators
        if first.op not in {Op.FROM, Op.GREATER} or any(_STAR in comparator.version for comparator in others):
            raise refusal(spec, self.name, "only the minimum of a set can float")
        minimum = self._minimum(first.version, spec)
        lowest, *rest = minimum.comparators
        return Clause((Comparator(first.op, lowest.version), *rest, *others), rules=minimum.rules)

    def _minimum(self, version: str, spec: str) -> Clause:
        if _STAR not in version:
            if not version or re.search(r"[\s\[\](),|<>=]", version):
                raise refusal(spec, self.name, "it is neither a version nor a set in brackets")
            return Clause((Comparator(Op.FROM, version),))
        match = _floating().fullmatch(version)
        if match is None:
            raise refusal(spec, self.name, f"{shown(version)} is no floating version")
        components, label = match.groups()
        rule = Rule(RuleName.PRE_RELEASE_LABELS, () if label is None else (label,))
        return Clause(_bounds(components, label), rules=() if label == "" else (rule,))


@cache
def _floating() -> re.Pattern[str]:
    return re.compile(_FLOATING, re.ASCII)


def _bounds(components: str, label: str | None) -> tuple[Comparator, ...]:
    """Of the floating version: the least that `FloatRange` makes of it, and the end of what shares the components before the star."""
    fixed = components.removesuffix(_STAR).removesuffix(".")
    pre_release = "" if label is None else f"-{label}" + ("0" if label[-1:] in {"", "."} else "")
    if fixed == components:
        return Comparator(Op.FROM, fixed + pre_release), Comparator(Op.UP_TO, fixed)
    if not fixed:
        return (Comparator(Op.FROM, "0" + pre_release),)
    kept, dot, last = fixed.rpartition(".")
    upper = kept + dot + successor(last) + (_LOWEST if pre_release else "")
    return between(f"{fixed}.0{pre_release}", upper)
