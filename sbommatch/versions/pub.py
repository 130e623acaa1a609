"""Dart packages: SemVer as pub_semver orders it: build metadata counts.

Key: that of SemVer, then the build: of two equal versions the one without is the lesser, and builds are ordered as pre-releases are.
Julia stands on this. Identifiers are numbers or texts by SemVer's rule; pub_semver also takes `-1` and `0x1f` for numbers, and for texts
what does not fit 64 bits.
"""

from typing import ClassVar

from sbommatch.versions.numbers import Memo
from sbommatch.versions.semver import SemverScheme

_SEMVER = SemverScheme()


class PubScheme(SemverScheme):
    """SemVer with builds that count."""

    name: ClassVar[str] = "pub"
    title: ClassVar[str] = "Dart packages: SemVer with build metadata, as pub_semver"
    synonyms: ClassVar[tuple[str, ...]] = ()

    def key(self, version: str) -> bytes:
        """See `Scheme`; declines nothing."""
        return super().key(version) + _BUILDS[version.partition("+")[2]]

    def compare(self, left: str, right: str) -> int:
        """See `Scheme`."""
        return super().compare(left, right) or _SEMVER.compare(_stand_in(left.partition("+")[2]), _stand_in(right.partition("+")[2]))


def _stand_in(build: str) -> str:
    """A SemVer version that has the place of this build among builds: that of none is below all others."""
    return f"1-{build}" if build else "0"


def _build(build: str) -> bytes:
    return _SEMVER.key(_stand_in(build))


_BUILDS = Memo(_build)
