"""SemVer 2.0.0 precedence, with the tolerance that OSV's ranges need: a `v` or `=` before it, and fewer or more than three components.

Key: components without trailing zeros, then 02 of a release, or 01, the identifiers of the pre-release and 00. An identifier of digits is a
number, any other a text above all numbers. Build metadata takes no part. npm, Cargo and Go stand on this.
"""

import re
from functools import cache
from typing import ClassVar

from sbommatch.versions.numbers import ABOVE_NUMBERS, Magnitude, Memo, dotted, magnitude, number, refusal, sign, text

IDENTIFIERS = r"[0-9A-Za-z-]++(?:\.[0-9A-Za-z-]++)*+"
"""Section 9 and 10 of the standard; leading zeros are read, not refused."""

_GRAMMAR = rf"\s*+=?+\s*+v?+([0-9]++(?:\.[0-9]++)*+)(?:-({IDENTIFIERS}))?(?:\+{IDENTIFIERS})?\s*+"

_PRE_RELEASE = b"\x01"
_IDENTIFIERS_END = b"\x00"
_RELEASE = b"\x02"


class SemverScheme:
    """SemVer, and the base of its variations: they override `_split`."""

    name: ClassVar[str] = "semver"
    title: ClassVar[str] = "SemVer 2.0.0 precedence, with the tolerance of OSV"
    synonyms: ClassVar[tuple[str, ...]] = ("Bioconductor", "Docker Hardened Images", "GHC", "Kubernetes", "VSCode")

    def key(self, version: str) -> bytes:
        """See `Scheme`; declines nothing."""
        plain = version.removeprefix("v")
        if plain.replace(".", "").isdigit() and plain.isascii():
            try:
                return dotted(plain) + _RELEASE
            except KeyError:  # an empty component, which the grammar refuses with its place
                pass
        components, identifiers = self._split(version)
        if identifiers is None:
            return dotted(components) + _RELEASE
        return dotted(components) + _PRE_RELEASE + b"".join(map(_IDENTIFIERS.__getitem__, identifiers.split("."))) + _IDENTIFIERS_END

    def compare(self, left: str, right: str) -> int:
        """See `Scheme`."""
        return sign(_order(*self._split(left)), _order(*self._split(right)))

    def end_of(self, version: str) -> bytes:
        """See `Scheme`: the next key."""
        return self.key(version) + b"\x00"

    def end_of_upstream(self, version: str) -> bytes:
        """As `end_of`: the version has no part of a distributor's own."""
        return self.end_of(version)

    def _split(self, version: str) -> tuple[str, str | None]:
        """The dotted components and the dotted identifiers of the pre-release, None of a release. Raises InvalidVersion."""
        match = _grammar().match(version)
        if match is None or match.end() != len(version):
            raise refusal(version, "SemVer", match.end() if match else 0)
        return match[1], match[2]


@cache
def _grammar() -> re.Pattern[str]:
    return re.compile(_GRAMMAR, re.ASCII)


def _identifier(identifier: str) -> bytes:
    return number(identifier) if identifier.isdigit() else ABOVE_NUMBERS + text(identifier)


_IDENTIFIERS = Memo(_identifier)


def _order(components: str, identifiers: str | None) -> tuple[list[Magnitude], bool, list[tuple[bool, Magnitude, str]]]:
    """Section 11 of the standard, not the key above."""
    core = [magnitude(component) for component in components.split(".")]
    while core and core[-1] == (0, ""):
        core.pop()
    if identifiers is None:
        return core, True, []
    parts = [(False, magnitude(part), "") if part.isdigit() else (True, (0, ""), part) for part in identifiers.split(".")]
    return core, False, parts
