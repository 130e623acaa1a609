"""Julia packages: versions as Julia's `VersionNumber` orders them: build metadata counts, since binary packages are told apart by it.

The rule `builds`: a bound without a build is Julia's own `1.2.3` in a compat entry, which takes in every build of 1.2.3 (`end_of`): with
`last_affected: 1.2.3`, 1.2.3+1 is affected; with `fixed: 1.2.3+2`, it is affected too, and with `fixed: 1.2.3` it is not. What stands for a
bound in code only (`1.2-`, `1.2+`) is no version.
"""

import re
from functools import cache
from typing import ClassVar

from sbommatch.versions.pub import PubScheme
from sbommatch.versions.semver import IDENTIFIERS, SemverScheme

_LOOSE = rf"[vV]?+([0-9]++(?:\.[0-9]++){{0,2}}+)(?=[A-Za-z])({IDENTIFIERS})(?:\+{IDENTIFIERS})?+"
"""As `VERSION_REGEX` of Julia: the hyphen may be missing before a letter."""

_PAST_BUILDS = b"\xff"


class JuliaScheme(PubScheme):
    """SemVer with builds that count, and Julia's loose form (`1.0rc1`)."""

    name: ClassVar[str] = "julia"
    title: ClassVar[str] = "Julia packages: SemVer with build metadata, as VersionNumber"
    synonyms: ClassVar[tuple[str, ...]] = ()

    def end_of(self, version: str) -> bytes:
        """Past every build, where it names none; with one it is a point."""
        return super().end_of(version) if "+" in version else self.end_of_upstream(version)

    def end_of_upstream(self, version: str) -> bytes:
        """Past every build of the version."""
        return SemverScheme.key(self, version) + _PAST_BUILDS

    def _split(self, version: str) -> tuple[str, str | None]:
        loose = _loose().fullmatch(version)
        return (loose[1], loose[2]) if loose else super()._split(version)


@cache
def _loose() -> re.Pattern[str]:
    return re.compile(_LOOSE)
