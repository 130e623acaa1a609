"""R packages: versions as R's `compareVersion` and, since R 4.4, `package_version` order them.

A version is a row of numbers, with dots or hyphens between them, whichever. Key: the numbers, then 00: a version that goes on is greater,
also with a zero. R refuses numbers beyond 2^31; here they keep their order. Hackage stands on this.
"""

import re
from functools import cache
from typing import ClassVar

from sbommatch.versions.numbers import NUMBERS, magnitude, refusal, sign

_GRAMMAR = r"[0-9]++(?:[.-][0-9]++)*+"
_END = b"\x00"


class CranScheme:
    """R, and the base of other rows of numbers: they override `_components`."""

    name: ClassVar[str] = "cran"
    title: ClassVar[str] = "R packages: as R's compareVersion"
    synonyms: ClassVar[tuple[str, ...]] = ()

    def key(self, version: str) -> bytes:
        """See `Scheme`; declines nothing."""
        return b"".join(map(NUMBERS.__getitem__, self._components(version))) + _END

    def compare(self, left: str, right: str) -> int:
        """See `Scheme`."""
        return sign(tuple(map(magnitude, self._components(left))), tuple(map(magnitude, self._components(right))))

    def end_of(self, version: str) -> bytes:
        """See `Scheme`: the next key."""
        return self.key(version) + b"\x00"

    def end_of_upstream(self, version: str) -> bytes:
        """As `end_of`: the version has no part of a distributor's own."""
        return self.end_of(version)

    def _components(self, version: str) -> list[str]:
        """The numbers. Raises InvalidVersion."""
        match = _grammar().match(version)
        if match is None or match.end() != len(version):
            raise refusal(version, self.name, match.end() if match else 0)
        return version.replace("-", ".").split(".")


@cache
def _grammar() -> re.Pattern[str]:
    return re.compile(_GRAMMAR)
