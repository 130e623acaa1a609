"""Ruby: versions as RubyGems orders them (`Gem::Version`).

A version is a row of numbers and texts, a `-` is a text `pre`. Trailing zeros of the numbers before the first text, and of the whole, are
dropped; what is missing counts as zero, and a text is below every number. Key: the numbers before the first text, then

    01 a text | 02 a zero of a run before a text | 03 the end | a number, also a zero of a run before a number
"""

import re
from collections.abc import Iterable
from functools import cache
from itertools import zip_longest
from typing import ClassVar

from sbommatch.versions.numbers import ZERO, Magnitude, Memo, dotted, magnitude, number, refusal, sign, text

_GRAMMAR = r"""
    [\t-\r\x20]*+
    (?![0-9]++[A-Za-z])
    ([0-9]++(?:\.[0-9]++)*+)
    ([0-9A-Za-z]*+(?:\.[0-9A-Za-z]++)*+(?:-[0-9A-Za-z-]++(?:\.[0-9A-Za-z-]++)*+)?+)
    [\t-\r\x20]*+
"""
"""`VERSION_PATTERN` of RubyGems, cut where the first text or hyphen stands."""

_SPACE = "\t\n\v\f\r "

_TEXT = b"\x01"
_ZERO_BEFORE_TEXT = b"\x02"
_END = b"\x03"

_Segment = tuple[int, Magnitude, str]


class GemScheme:
    """RubyGems, to which an empty version is 0."""

    name: ClassVar[str] = "gem"
    title: ClassVar[str] = "Ruby gems: as Gem::Version"
    synonyms: ClassVar[tuple[str, ...]] = ("RubyGems",)

    def key(self, version: str) -> bytes:
        """See `Scheme`; declines nothing."""
        if version.replace(".", "").isdigit() and version.isascii():
            try:
                return dotted(version) + _END
            except KeyError:  # an empty component, which the grammar refuses with its place
                pass
        numbers, rest = _parse(version)
        return dotted(numbers) + _RESTS[rest]

    def compare(self, left: str, right: str) -> int:
        """See `Scheme`."""
        pairs = zip_longest(_canonical(left), _canonical(right), fillvalue=_NUMBER_ZERO)
        return next((order for one, other in pairs if (order := sign(one, other))), 0)

    def end_of(self, version: str) -> bytes:
        """See `Scheme`: the next key."""
        return self.key(version) + b"\x00"

    def end_of_upstream(self, version: str) -> bytes:
        """As `end_of`: the version has no part of a distributor's own."""
        return self.end_of(version)


@cache
def _grammar() -> re.Pattern[str]:
    return re.compile(_GRAMMAR, re.VERBOSE)


@cache
def _splitter() -> re.Pattern[str]:
    return re.compile(r"[0-9]+|[A-Za-z]+")


def _parse(version: str) -> tuple[str, str]:
    """The numbers before the first text, and the rest."""
    version = version if version.strip(_SPACE) else "0"
    match = _grammar().match(version)
    if match is None or match.end() != len(version):
        raise refusal(version, "RubyGems", match.end() if match else 0)
    return match[1], match[2]


def _segments(rest: str) -> list[str]:
    return _splitter().findall(rest.replace("-", ".pre."))


def _rest(rest: str) -> bytes:
    encoded, zeros = bytearray(), 0
    for segment in _segments(rest):
        if not segment.isdigit():
            encoded += _ZERO_BEFORE_TEXT * zeros + _TEXT + text(segment)
            zeros = 0
        elif digits := segment.lstrip("0"):
            encoded += ZERO * zeros + number(digits)
            zeros = 0
        else:
            zeros += 1
    return bytes(encoded) + _END


_RESTS = Memo(_rest)

_NUMBER_ZERO: _Segment = (1, magnitude("0"), "")


def _canonical(version: str) -> list[_Segment]:
    """Follows `canonical_segments` of RubyGems, not the key above."""
    numbers, rest = _parse(version)
    return _trimmed(map(_segment, numbers.split("."))) + _trimmed(map(_segment, _segments(rest)))


def _segment(segment: str) -> _Segment:
    return (1, magnitude(segment), "") if segment.isdigit() else (0, magnitude(""), segment)


def _trimmed(segments: Iterable[_Segment]) -> list[_Segment]:
    kept = list(segments)
    while kept and kept[-1] == _NUMBER_ZERO:
        kept.pop()
    return kept
