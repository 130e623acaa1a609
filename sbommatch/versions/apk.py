"""Alpine: versions as apk-tools 3 orders them (`src/version.c`), with one form of apk-tools 2.

Grammar: numbers{.number}{letter}{_suffix{number}}{~hash}{-rN}. Key: the first number, then each token, then 02. Where two versions part,
the tags say which is the lesser:

    01 _alpha 1, _beta 2, _pre 3, _rc 4 | 02 the end | 03 -rN | 04 ~hash | 05 a suffix's number | 06 _cvs 1, _svn 2, _git 3, _hg 4, _p 5
    07 a letter | 08 the number 0 | 09 a number with a leading zero, as text | 0F and above: any other number

apk-tools 2 lets numbers follow a letter (`6.6.2p1-r0` of OpenSMTPD, `1.9.5p2-r1` of sudo); for apk-tools 3 these are no versions, and all
of them equal. They stand here as apk-tools 2 puts them. Numbers wrap at 2^64 in apk-tools, an order that no key can have: a version with a
number of 20 and more digits is declined.
"""

import re
from collections.abc import Iterator
from enum import IntEnum
from functools import cache
from typing import ClassVar

from sbommatch.versions.numbers import Memo, number, refusal, sign, text
from sbommatch.versions.scheme import KeyDeclined

DECLINED_DIGITS = 20
"""Digits, leading zeros aside, from which on a number may not fit 64 bits."""

_GRAMMAR = r"""
    [0-9]++(?:\.[0-9]++)*+
    (?:[a-z][0-9]++(?:\.[0-9]++)*+)*+[a-z]?+
    (?:_(?:alpha|beta|pre|rc|cvs|svn|git|hg|p)[0-9]*+)*+
    (?:~[0-9a-f]++)?+
    (?:-r[0-9]++)?+
"""

_TOKENS = r"[.][0-9]+|[a-z][0-9]*|_[a-z]+[0-9]*|[~][0-9a-f]+|-r[0-9]+|[0-9]+"
"""Of what the grammar let through; digits alone only stand at the start."""

_END = b"\x02"
_REVISION = b"\x03"
_PAST_REVISIONS = b"\x03\xff"
_HASH = b"\x04"
_SUFFIX_NUMBER = b"\x05"
_LETTER = b"\x07"
_NUMBER_ZERO = b"\x08"
_LEADING_ZERO = b"\x09"

_SUFFIXES = {
    "alpha": b"\x01\x01",
    "beta": b"\x01\x02",
    "pre": b"\x01\x03",
    "rc": b"\x01\x04",
    "cvs": b"\x06\x01",
    "svn": b"\x06\x02",
    "git": b"\x06\x03",
    "hg": b"\x06\x04",
    "p": b"\x06\x05",
}


class ApkScheme:
    """apk-tools 3."""

    name: ClassVar[str] = "apk"
    title: ClassVar[str] = "Alpine: as apk-tools 3"
    synonyms: ClassVar[tuple[str, ...]] = (
        "Alpine",
        "Alpaquita",
        "BellSoft Hardened Containers",
        "Chainguard",
        "CleanStart",
        "MinimOS",
        "Wolfi",
    )

    def key(self, version: str) -> bytes:
        """See `Scheme`; declines numbers of `DECLINED_DIGITS` digits and more."""
        return b"".join(map(_ENCODED.__getitem__, _tokens(version))) + _END

    def compare(self, left: str, right: str) -> int:
        """See `Scheme`; numbers wrap as in apk-tools."""
        for (left_kind, left_value), (right_kind, right_value) in zip(_parts(left), _parts(right), strict=False):
            if left_kind is not right_kind:
                return _unlike(left_kind, left_value, right_kind, right_value)
            if order := _alike(left_kind, left_value, right_value):
                return order
        return 0

    def end_of(self, version: str) -> bytes:
        """See `Scheme`: the next key."""
        return self.key(version) + b"\x00"

    def end_of_upstream(self, version: str) -> bytes:
        """Past every revision: `1.29.3-r10` gives what is above all `1.29.3-rN`."""
        return b"".join(map(_ENCODED.__getitem__, (token for token in _tokens(version) if not token.startswith("-r")))) + _PAST_REVISIONS


@cache
def _grammar() -> re.Pattern[str]:
    return re.compile(_GRAMMAR, re.VERBOSE)


@cache
def _splitter() -> re.Pattern[str]:
    return re.compile(_TOKENS)


def _tokens(version: str) -> list[str]:
    match = _grammar().match(version)
    if match is None or match.end() != len(version):
        raise refusal(version, "apk", match.end() if match else 0)
    return _splitter().findall(version)


def _bounded(digits: str) -> bytes:
    if len(digits) >= DECLINED_DIGITS and len(digits.lstrip("0")) >= DECLINED_DIGITS:
        raise KeyDeclined(f"a number of {len(digits)} digits: apk-tools wraps at 2^64, which no key can follow")
    return number(digits)


def _component(digits: str) -> bytes:
    if not digits.startswith("0"):
        return _bounded(digits)
    return _NUMBER_ZERO if digits == "0" else _LEADING_ZERO + text(digits[1:])


def _encode(token: str) -> bytes:
    match token[0]:
        case ".":
            return _component(token[1:])
        case "_":
            word = token[1:].rstrip("0123456789")
            digits = token[1 + len(word) :]
            return _SUFFIXES[word] + (_SUFFIX_NUMBER + _bounded(digits) if digits else b"")
        case "-":
            return _REVISION + _bounded(token[2:])
        case "~":
            return _HASH + text(token[1:])
        case letter if letter.isalpha():
            return _LETTER + letter.encode() + (_component(token[1:]) if len(token) > 1 else b"")
        case _:
            return _bounded(token)


_ENCODED = Memo(_encode)


class _Kind(IntEnum):
    """`enum PARTS` of apk-tools: where two versions part, the one with the earlier kind is the greater."""

    FIRST_NUMBER = 0
    NUMBER = 1
    LETTER = 2
    SUFFIX = 3
    SUFFIX_NUMBER = 4
    HASH = 5
    REVISION = 6
    END = 7


_PRE_SUFFIXES = ("alpha", "beta", "pre", "rc")
_SUFFIX_ORDER = (*_PRE_SUFFIXES, "cvs", "svn", "git", "hg", "p")


def _parts(version: str) -> Iterator[tuple[_Kind, str]]:
    """Follows `token_next` of apk-tools, not the key above."""
    first, *tokens = _tokens(version)
    yield _Kind.FIRST_NUMBER, first
    for token in tokens:
        if token[0] == "_" or token[0].isalpha():
            word = token.rstrip("0123456789")
            suffix = token[0] == "_"
            yield (_Kind.SUFFIX, word[1:]) if suffix else (_Kind.LETTER, word)
            if digits := token[len(word) :]:
                yield _Kind.SUFFIX_NUMBER if suffix else _Kind.NUMBER, digits
        elif token[0] == "-":
            yield _Kind.REVISION, token[2:]
        else:
            yield _Kind.NUMBER if token[0] == "." else _Kind.HASH, token[1:]
    yield _Kind.END, ""


def _alike(kind: _Kind, left: str, right: str) -> int:
    """Follows `token_cmp` of apk-tools."""
    if kind is _Kind.SUFFIX:
        return sign((_SUFFIX_ORDER.index(left),), (_SUFFIX_ORDER.index(right),))
    as_text = kind in {_Kind.LETTER, _Kind.HASH, _Kind.END} or (kind is _Kind.NUMBER and "0" in {left[0], right[0]})
    return sign((left,), (right,)) if as_text else sign((_wrapped(left),), (_wrapped(right),))


def _wrapped(digits: str) -> int:
    """The number modulo 2^64; ten to the power of 64 is a multiple of that, so that more digits cannot matter."""
    return int(digits[-64:]) % (1 << 64)


def _unlike(left: _Kind, left_value: str, right: _Kind, right_value: str) -> int:
    if left is _Kind.SUFFIX and left_value in _PRE_SUFFIXES:
        return -1
    if right is _Kind.SUFFIX and right_value in _PRE_SUFFIXES:
        return 1
    return 1 if left < right else -1
