"""Bitnami: SemVer with a revision of the package, as bitnami/go-version has it.

The rule `revisions`: what is only digits behind the hyphen (`1.2.3-4`, `1.2.3-3.57`) is a revision of the package, which stands after the
release and is no pre-release; none is revision 0. Advisories speak of the software: a bound without a revision takes in every revision of
it (`end_of`). With `last_affected: 1.2.3`, 1.2.3-4 is affected; with `fixed: 1.2.3`, it is not. With letters (`1.2.3-rc1`) it is a
pre-release, as advisories use it; go-version takes that for a revision too, and puts `1.2.3` before `1.2.3-0`.

Key: that of SemVer, then the numbers of the revision without trailing zeros, then 00.
"""

import re
from functools import cache
from typing import ClassVar

from sbommatch.versions.numbers import Magnitude, dotted, magnitude, sign
from sbommatch.versions.semver import IDENTIFIERS, SemverScheme

_REVISED = rf"([^-+]++)-([0-9]++(?:\.[0-9]++)*+)(?:\+{IDENTIFIERS})?+\s*+"
"""The version, and its revision."""

_REVISION_END = b"\x00"
_PAST_REVISIONS = b"\xff"


class BitnamiScheme(SemverScheme):
    """SemVer with revisions."""

    name: ClassVar[str] = "bitnami"
    title: ClassVar[str] = "Bitnami: SemVer precedence, with revisions of the package"
    synonyms: ClassVar[tuple[str, ...]] = ()

    def key(self, version: str) -> bytes:
        """See `Scheme`; declines nothing."""
        upstream, revision = _revised(version)
        return super().key(upstream) + dotted(revision) + _REVISION_END

    def compare(self, left: str, right: str) -> int:
        """See `Scheme`."""
        (left_upstream, left_revision), (right_upstream, right_revision) = _revised(left), _revised(right)
        return super().compare(left_upstream, right_upstream) or sign(_numbers(left_revision), _numbers(right_revision))

    def end_of(self, version: str) -> bytes:
        """Past every revision, where it names none; with one it is a point."""
        return super().end_of(version) if _revised(version)[0] != version else self.end_of_upstream(version)

    def end_of_upstream(self, version: str) -> bytes:
        """Past every revision of the version."""
        return super().key(_revised(version)[0]) + _PAST_REVISIONS


@cache
def _revision() -> re.Pattern[str]:
    return re.compile(_REVISED, re.ASCII)


def _revised(version: str) -> tuple[str, str]:
    """The version without its revision, and the revision."""
    match = _revision().fullmatch(version) if "-" in version else None
    return (match[1], match[2]) if match else (version, "0")


def _numbers(revision: str) -> tuple[Magnitude, ...]:
    numbers = [magnitude(component) for component in revision.split(".")]
    while numbers and numbers[-1] == magnitude("0"):
        numbers.pop()
    return tuple(numbers)
