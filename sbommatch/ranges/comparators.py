"""Comparators: `>= 1.0, < 1.2 || = 2.0`, as GitHub's advisories, Go, RPM, Bitnami and most others write them.

Commas or blanks between what holds together, `||` between alternatives; a version alone is meant as `=`, an empty text is every version.
What a bound takes in is its scheme's matter: with RPM, `<= 1.2` is rpm's own and takes in every release of 1.2.
"""

from typing import ClassVar

from sbommatch.ranges._model import NativeRange
from sbommatch.ranges._scan import OPERATORS, plain, ranged, unwrapped


class ComparatorsSyntax:
    """The syntax of all schemes that have none of their own."""

    name: ClassVar[str] = "comparators"
    title: ClassVar[str] = "Comparators, as in GitHub's advisories: >= 1.0, < 1.2 || = 2.0"
    schemes: ClassVar[tuple[str, ...]] = ()

    def parse(self, text: str) -> NativeRange:
        """See `Syntax`."""
        return ranged(unwrapped(text), self.name, tuple(OPERATORS), plain)
