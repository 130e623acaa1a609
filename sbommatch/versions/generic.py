"""All other software: an order by convention, which no reference implementation has. A match by it is a guess, and says so.

A version is a row of numbers, separated by `.`, `-` or `_`, whichever, and then of words, in capitals or not, and numbers. A `v` before it
and what follows a `+` do not count. Key: the first numbers without trailing zeros, then the rest. Where two versions part:

    01 a pre-release: dev, snapshot | alpha | beta | milestone | pre | rc    02 another word right after a hyphen or tilde, as text
    03 the end    04 a patch: p1, patch, post, sp, update …    05 another word, as text (1.0.2k)    0F and above: a number

A lone letter is a short word (a1, b2, c1, m3, p1, r1, u1) where a digit follows at once. Words for a release (final, ga) do not count.
"""

import re
from functools import cache
from typing import ClassVar

from sbommatch.versions.numbers import Magnitude, Memo, dotted, magnitude, number, refusal, sign, text
from sbommatch.versions.scheme import InvalidVersion

_GRAMMAR = r"\s*+[vV]?+([0-9]++(?:[._-][0-9]++)*+)((?:[._~-]?[A-Za-z]++|[._-]?[0-9]++)*+)(?:\+[!-~]++)?+\s*+"
"""The first numbers, and the rest."""

_TOKENS = r"([._~-]?)([0-9]+|[A-Za-z]+)(?=([0-9]?))"
"""A separator, a number or word, and whether a digit follows at once."""

_COMMIT = r"(?=[0-9a-f]{7})[0-9]++[a-f]++[0-9]++[a-f][0-9a-f]*+"
"""An abbreviated commit: where digits and letters alternate, it is no version."""

_RANKED = ("dev snapshot nightly canary", "alpha", "beta", "milestone", "pre preview", "rc cr")
_PRE_RELEASES = {word: rank for rank, words in enumerate(_RANKED, 1) for word in words.split()}
_RELEASES = frozenset({"final", "ga", "release", "stable"})
_PATCHES = frozenset({"patch", "pl", "post", "sp", "rev", "update", "hotfix", "fix"})
_BEFORE_DIGIT = {"a": "alpha", "b": "beta", "c": "rc", "m": "milestone", "p": "patch", "r": "patch", "u": "patch"}

_PRE_RELEASE = 1
_WORD_BELOW = 2
_END = 3
_PATCH = 4
_WORD_ABOVE = 5
_NUMBER = 6
"""What has this place is encoded as a number, which stands above all tags."""

_Token = tuple[int, int, Magnitude, str]
"""Its place, rank of a pre-release, magnitude of a number, other word."""

_LAST: _Token = (_END, 0, magnitude(""), "")


class GenericScheme:
    """The convention. A commit (`4a5b6c7`) has no place in it."""

    name: ClassVar[str] = "generic"
    title: ClassVar[str] = "All other software: a convention of sbommatch, no ecosystem's own order"
    synonyms: ClassVar[tuple[str, ...]] = (
        "Android",
        "bitbucket",
        "brew",
        "conan",
        "ConanCenter",
        "conda",
        "cpan",
        "FreeBSD",
        "Homebrew",
        "Linux",
        "luarocks",
        "OSS-Fuzz",
        "otp",
        "Root",
        "TuxCare",
    )

    def key(self, version: str) -> bytes:
        """See `Scheme`; declines nothing."""
        numbers, rest = _parse(version)
        return dotted(numbers) + _RESTS[rest]

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


@cache
def _splitter() -> re.Pattern[str]:
    return re.compile(_TOKENS)


@cache
def _commit() -> re.Pattern[str]:
    return re.compile(_COMMIT)


def _parse(version: str) -> tuple[str, str]:
    """The first numbers, dotted, and the rest."""
    match = _grammar().match(version)
    if match is None or match.end() != len(version):
        raise refusal(version, "generic", match.end() if match else 0)
    if match[2] and _commit().fullmatch(version):
        raise InvalidVersion(f"{version[:80]!r} is no generic version: it is a commit, whose letters and digits have no order")
    return match[1].replace("-", ".").replace("_", "."), match[2]


def _tokens(rest: str) -> list[_Token]:
    """With the end."""
    tokens = [_token(*found) for found in _splitter().findall(rest) if found[1].lower() not in _RELEASES]
    return [*tokens, _LAST]


def _token(separator: str, token: str, digit: str) -> _Token:
    if token.isdigit():
        return _NUMBER, 0, magnitude(token), ""
    word = token.lower()
    if digit:
        word = _BEFORE_DIGIT.get(word, word)
    if rank := _PRE_RELEASES.get(word):
        return _PRE_RELEASE, rank, magnitude(""), ""
    if word in _PATCHES:
        return _PATCH, 0, magnitude(""), ""
    return _WORD_BELOW if separator in {"-", "~"} else _WORD_ABOVE, 0, magnitude(""), word


def _rest(rest: str) -> bytes:
    return b"".join(map(_encode, _tokens(rest)))


def _encode(token: _Token) -> bytes:
    place, rank, (_, digits), word = token
    if place == _NUMBER:
        return number(digits)
    tag = bytes((place,))
    if place == _PRE_RELEASE:
        return tag + bytes((rank,))
    return tag + text(word) if word else tag


_RESTS = Memo(_rest)


def _order(version: str) -> tuple[_Token, ...]:
    """The first numbers without trailing zeros, and the other tokens."""
    numbers, rest = _parse(version)
    first = [magnitude(component) for component in numbers.split(".")]
    while first and first[-1] == magnitude("0"):
        first.pop()
    return (*((_NUMBER, 0, component, "") for component in first), *_tokens(rest))
