"""npm packages: SemVer as node-semver orders it.

Its loose form too (`1.2.3beta`), which stands in the registry from the days before npm was strict.
"""

import re
from functools import cache
from typing import ClassVar

from sbommatch.versions.semver import IDENTIFIERS, SemverScheme

_LOOSE = rf"[v=\s]*+([0-9]++\.[0-9]++\.[0-9]++)(?=[A-Za-z])({IDENTIFIERS})(?:\+{IDENTIFIERS})?\s*+"
"""As `loosePlain` of node-semver: the hyphen may be missing after three components."""


class NpmScheme(SemverScheme):
    """SemVer with node-semver's loose form; numbers beyond 2^53, which node refuses, keep their order."""

    name: ClassVar[str] = "npm"
    title: ClassVar[str] = "npm: SemVer precedence, as node-semver"
    synonyms: ClassVar[tuple[str, ...]] = ()

    def _split(self, version: str) -> tuple[str, str | None]:
        loose = _loose().fullmatch(version)
        return (loose[1], loose[2]) if loose else super()._split(version)


@cache
def _loose() -> re.Pattern[str]:
    return re.compile(_LOOSE, re.ASCII)
