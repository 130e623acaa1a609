"""Haskell packages: versions as Cabal orders them (`Ord` of `Distribution.Types.Version`): rows of numbers, the longer one is greater.

Tags behind them (`1.2-alpha`), which Cabal gave up and now drops with a warning, are refused: they say something that the order does not.
"""

from typing import ClassVar

from sbommatch.versions.cran import CranScheme
from sbommatch.versions.numbers import refusal


class HackageScheme(CranScheme):
    """Cabal. Leading zeros, which it refuses, and numbers of more than nine digits are read."""

    name: ClassVar[str] = "hackage"
    title: ClassVar[str] = "Haskell packages: as Cabal"
    synonyms: ClassVar[tuple[str, ...]] = ()

    def _components(self, version: str) -> list[str]:
        components = super()._components(version)
        if "-" in version:
            raise refusal(version, self.name, version.index("-"))
        return components
