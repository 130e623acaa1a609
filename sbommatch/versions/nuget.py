"""NuGet: versions as the client orders them (`NuGetVersion`, `VersionComparer.VersionRelease` of NuGet.Versioning).

One to four numbers, then SemVer's pre-release and build metadata. Key: the numbers without trailing zeros, then 02 of a release, or 01, the
labels of the pre-release and 00:

    01 a number below zero, the bytes of its digits inverted | a number | FB any other text, in capitals

A label is a number when it fits 32 bits with its sign: `-1` is one, `20230101123456` is a text. Build metadata takes no part.
"""

import re
from functools import cache
from typing import ClassVar

from sbommatch.versions.numbers import ABOVE_NUMBERS, ZERO, Memo, magnitude, number, refusal, sign, text
from sbommatch.versions.scheme import InvalidVersion
from sbommatch.versions.semver import IDENTIFIERS

LARGEST_NUMBER = (1 << 31) - 1
"""NuGet reads numbers as `int`: a component that does not fit is refused by older clients and wraps in newer ones, a label is a text."""

_LABEL = r"(?!0[0-9]++(?![0-9A-Za-z-]))[0-9A-Za-z-]++"
"""A number with leading zeros is none."""

_MOST_COMPONENTS = 4
_GRAMMAR = rf"\s*+([0-9]++(?:\.[0-9]++){{0,{_MOST_COMPONENTS - 1}}}+)(?:-({_LABEL}(?:\.{_LABEL})*+))?+(?:\+{IDENTIFIERS})?+\s*+"
"""Without what only some clients read: an empty component as zero (newer ones: `1.`, `1..2`), spaces around components (older ones)."""

_PRE_RELEASE = b"\x01"
_LABELS_END = b"\x00"
_RELEASE = b"\x02"

_BELOW_ZERO = b"\x01"
_INVERTED = bytes(range(255, -1, -1))

_LARGEST = magnitude(str(LARGEST_NUMBER))
_LEAST = magnitude(str(LARGEST_NUMBER + 1))


class NugetScheme:
    """NuGet."""

    name: ClassVar[str] = "nuget"
    title: ClassVar[str] = "NuGet: as NuGet.Versioning, build metadata aside"
    synonyms: ClassVar[tuple[str, ...]] = ()

    def key(self, version: str) -> bytes:
        """See `Scheme`; declines nothing."""
        components, labels = _parse(version)
        numbers = b"".join(map(_COMPONENTS.__getitem__, components.split("."))).rstrip(ZERO)
        if labels is None:
            return numbers + _RELEASE
        return numbers + _PRE_RELEASE + b"".join(map(_LABELS.__getitem__, labels.split("."))) + _LABELS_END

    def compare(self, left: str, right: str) -> int:
        """See `Scheme`."""
        return sign(_order(left), _order(right))

    def end_of(self, version: str) -> bytes:
        """See `Scheme`: the next key."""
        return self.key(version) + b"\x00"

    def end_of_upstream(self, version: str) -> bytes:
        """As `end_of`: the version has no part of a distributor's own."""
        return self.end_of(version)


@cache
def _grammar() -> re.Pattern[str]:
    return re.compile(_GRAMMAR, re.ASCII)


def _parse(version: str) -> tuple[str, str | None]:
    """The dotted numbers, and the dotted labels of a pre-release."""
    match = _grammar().match(version)
    if match is None or match.end() != len(version):
        raise refusal(version, "NuGet", match.end() if match else 0)
    return match[1], match[2]


def _value(digits: str) -> int | None:
    """The number that a component or a label is to NuGet, if it is one."""
    unsigned = digits.removeprefix("-")
    if not unsigned.isdigit() or magnitude(unsigned) > (_LARGEST if unsigned == digits else _LEAST):
        return None
    value = int(unsigned.lstrip("0") or "0")
    return value if unsigned == digits else -value


def _component(digits: str) -> int:
    if (value := _value(digits)) is None:
        raise InvalidVersion(f"a number of {len(digits)} digits is above {LARGEST_NUMBER}, the largest in a NuGet version")
    return value


def _label(label: str) -> bytes:
    if (value := _value(label)) is None:
        return ABOVE_NUMBERS + text(label.upper())
    return number(str(value)) if value >= 0 else _BELOW_ZERO + number(str(-value)).translate(_INVERTED)


_COMPONENTS = Memo(lambda digits: number(str(_component(digits))))
_LABELS = Memo(_label)


def _order(version: str) -> tuple[list[int], bool, list[tuple[bool, int, str]]]:
    """Follows `VersionComparer` of NuGet, not the key above."""
    components, labels = _parse(version)
    numbers = [*map(_component, components.split(".")), 0, 0, 0][:_MOST_COMPONENTS]
    values = [(label, _value(label)) for label in labels.split(".")] if labels else []
    return numbers, labels is None, [(True, 0, label.upper()) if value is None else (False, value, "") for label, value in values]
