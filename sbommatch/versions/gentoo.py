"""Gentoo: versions as the Package Manager Specification orders them (section 3.3), and as Portage's `vercmp` does.

Grammar: number{.number}{letter}{_suffix{number}}{-rN}. Key: the first number, then each token; the revision, 0 where there is none, is the
last. Where two versions part, the tags say which is the lesser:

    01 _alpha | 02 _beta | 03 _pre | 04 _rc, each with its number | 05 the revision | 06 _p and its number | 07 a letter
    08 a number with a leading zero, as the digits of a fraction without trailing zeros | 0F and above: any other number

The first number is always a number, and a suffix without one has the number 0.
"""

import re
from functools import cache
from typing import ClassVar

from sbommatch.versions.numbers import ZERO, Magnitude, Memo, magnitude, number, refusal, sign, text

_GRAMMAR = r"([0-9]++)((?:\.[0-9]++)*+)([a-z]?+)((?:_(?:alpha|beta|pre|rc|p)[0-9]*+)*+)(?:-r([0-9]++))?+"
"""First number, the others, letter, suffixes, revision."""

_TOKENS = r"[.][0-9]+|_[a-z]+[0-9]*|-r[0-9]+|[a-z]|[0-9]+"
"""Of what the grammar let through; digits alone only stand at the start."""

_REVISION = b"\x05"
_NO_REVISION = _REVISION + ZERO
_PAST_REVISIONS = _REVISION + b"\xff"
_LETTER = b"\x07"
_FRACTION = b"\x08"

_SUFFIXES = {"alpha": 1, "beta": 2, "pre": 3, "rc": 4, "p": 6}
_NO_SUFFIX = 5

_Number = tuple[bool, Magnitude, str]
_Order = tuple[Magnitude, list[_Number], str, list[tuple[int, Magnitude]], Magnitude]
"""First number, the others, letter, suffixes, revision."""


class GentooScheme:
    """Gentoo. Ebuilds of a repository's head (`9999`) are versions like any other."""

    name: ClassVar[str] = "gentoo"
    title: ClassVar[str] = "Gentoo: as the Package Manager Specification and Portage"
    synonyms: ClassVar[tuple[str, ...]] = ("ebuild",)

    def key(self, version: str) -> bytes:
        """See `Scheme`; declines nothing."""
        revision = _parse(version)[5]
        return b"".join(map(_ENCODED.__getitem__, _splitter().findall(version))) + (b"" if revision else _NO_REVISION)

    def compare(self, left: str, right: str) -> int:
        """See `Scheme`."""
        return sign(_order(left), _order(right))

    def end_of(self, version: str) -> bytes:
        """See `Scheme`: the next key."""
        return self.key(version) + b"\x00"

    def end_of_upstream(self, version: str) -> bytes:
        """Past every revision: `1.0-r1` gives what is above all `1.0-rN`."""
        upstream = version[: _parse(version).end(4)]
        return b"".join(map(_ENCODED.__getitem__, _splitter().findall(upstream))) + _PAST_REVISIONS


@cache
def _grammar() -> re.Pattern[str]:
    return re.compile(_GRAMMAR)


@cache
def _splitter() -> re.Pattern[str]:
    return re.compile(_TOKENS)


def _parse(version: str) -> re.Match[str]:
    match = _grammar().match(version)
    if match is None or match.end() != len(version):
        raise refusal(version, "Gentoo", match.end() if match else 0)
    return match


def _encode(token: str) -> bytes:
    match token[0]:
        case ".":
            return _FRACTION + text(_fraction(token[1:])) if token[1] == "0" else number(token[1:])
        case "_":
            word = token[1:].rstrip("0123456789")
            return bytes((_SUFFIXES[word],)) + number(token[1 + len(word) :])
        case "-":
            return _REVISION + number(token[2:])
        case letter if letter.isalpha():
            return _LETTER + letter.encode()
        case _:
            return number(token)


_ENCODED = Memo(_encode)


def _fraction(digits: str) -> str:
    """What sorts as the fraction does that these digits are behind its point."""
    return digits.rstrip("0")


def _order(version: str) -> _Order:
    """Algorithms 3.2 to 3.7 of the specification, not the key above: what is missing is less than any number or letter."""
    first, others, letter, suffixes, revision = _parse(version).groups()
    return (
        magnitude(first),
        [_number(component) for component in others.split(".")[1:]],
        letter,
        [*map(_suffix, suffixes.split("_")[1:]), (_NO_SUFFIX, magnitude(""))],
        magnitude(revision or ""),
    )


def _number(component: str) -> _Number:
    """As a fraction where it begins with a zero; any such is less than a number that does not, whichever way the two are compared."""
    return (False, magnitude(""), _fraction(component)) if component[0] == "0" else (True, magnitude(component), "")


def _suffix(suffix: str) -> tuple[int, Magnitude]:
    word = suffix.rstrip("0123456789")
    return _SUFFIXES[word], magnitude(suffix[len(word) :])
