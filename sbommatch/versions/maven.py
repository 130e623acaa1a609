"""Maven: versions as `ComparableVersion` of maven-artifact 3.9 orders them.

It reads a version as a list of numbers and texts. A hyphen, and every change from digit to letter or back, opens a list within the list,
as its last element. Zeros, and words for a release (`ga`, `final`, `release`), are dropped at the end of every list, also before the list
in it. Lists are compared element by element, what is missing with whatever the other has. Key: the elements of the first list, then those
of the list in it, and so on, then the end:

    01 a word for a pre-release, and its rank | 02 opens a list that stands below what is missing | 03 the end
    04 any other text: its rank, and the text itself if Maven does not know it | 05 opens any other list | a number

That order has cycles: `1 < 1.foo.1 < 1-alpha < 1`. It has none without the following versions, which are declined; `compare` decides:

- with a text that stands neither at the start of the version nor of a list in it, but between dots, or a dot and a hyphen (`1.foo.1`).
  It may be a word for a pre-release, if what is before it is not zero (`1.1.beta.1` has a key, `1.0.beta.1` has none)
- with a list, the first one too, that begins with a list that stands below what is missing (`1--alpha`, `1-0-beta`, `0-SNAPSHOT`)
- with ten or more zeros as a number (`1.0000000000.1`), which Maven puts above 999999999
"""

import re
from functools import cache
from itertools import pairwise
from typing import ClassVar

from sbommatch.versions.numbers import ZERO, Magnitude, Memo, magnitude, number, refusal, sign, text
from sbommatch.versions.scheme import KeyDeclined

DECLINED_ZEROS = 10
"""Digits from which on Maven takes a number for a `long` or a `BigInteger`, which stand above every `int`, even where it is zero."""

_WORD = r"[!#%&'+\-.0-9;=@A-Z^_`a-z~]++"
_ALLOWED = rf"{_WORD}(?:\x20++{_WORD})*+"
r"""What may stand in a version. Not what Maven refuses in that of a project, `\/:"<>|?*`; nor `[](),${}`, of ranges and expressions."""

_HEAD = r"([0-9]++(?:\.[0-9]++)*+)((?:[^.]|\.[^-.0-9]++(?![-.])).*+)?+"
"""Numbers, and a rest in which nothing can belong to the first list: it begins with a hyphen or a text, or with a dot and its last text."""

_RUNS = r"[0-9]+|[^-.0-9]+|[-.]"
_SEPARATORS = "-."
_OPENS_LIST = "-"

_DIGITS_OF_TYPES = (9, 18)
"""At most in Maven's `int` and `long` items; longer numbers are `BigInteger`."""

_LIST_BELOW_FIRST = "a list begins with a list that stands below what is missing: Maven's order has cycles there"
_SHOWN_CHARS = 80
"""Of a declined text in a message."""

_PRE_RELEASE = b"\x01"
_OPENS_BELOW = b"\x02"
_END = b"\x03"
_TEXT = b"\x04"
_OPENS_ABOVE = b"\x05"

_RANKS = {"alpha": 0, "beta": 1, "milestone": 2, "rc": 3, "snapshot": 4, "": 5, "sp": 6}
_RELEASE_RANK = 5
_UNKNOWN_RANK = 7
_ALIASES = {"ga": "", "final": "", "release": "", "cr": "rc"}
_ALIASES_BEFORE_DIGIT = {"a": "alpha", "b": "beta", "m": "milestone"}

_List = list[str]
"""Numbers as their digits, and texts; the list within it is kept beside it."""
_Lists = list[_List]
"""From the outermost to the innermost; each is the last element of the one before."""


class MavenScheme:
    """Maven 3.9. What `ComparableVersion` would order, but no project can have as its version, is none."""

    name: ClassVar[str] = "maven"
    title: ClassVar[str] = "Maven: as ComparableVersion of Maven 3.9"
    synonyms: ClassVar[tuple[str, ...]] = ()

    def key(self, version: str) -> bytes:
        """See `Scheme`; declines what the head of this module lists."""
        lower = _checked(version).lower()
        match = _head().fullmatch(lower)
        if match is None:
            return _encode(_lists(lower))
        numbers = b"".join(map(_ELEMENTS.__getitem__, match[1].split("."))).rstrip(ZERO)
        rest = _RESTS[match[2]] if match[2] else _END
        if not numbers and rest < _END:
            raise KeyDeclined(_LIST_BELOW_FIRST)
        return numbers + rest

    def compare(self, left: str, right: str) -> int:
        """See `Scheme`; of all versions."""
        return _compare(_lists(_checked(left).lower()), _lists(_checked(right).lower()))

    def end_of(self, version: str) -> bytes:
        """See `Scheme`: the next key."""
        return self.key(version) + b"\x00"

    def end_of_upstream(self, version: str) -> bytes:
        """As `end_of`: the version has no part of a distributor's own."""
        return self.end_of(version)


@cache
def _allowed() -> re.Pattern[str]:
    return re.compile(_ALLOWED)


@cache
def _head() -> re.Pattern[str]:
    return re.compile(_HEAD)


@cache
def _runs() -> re.Pattern[str]:
    return re.compile(_RUNS)


def _checked(version: str) -> str:
    match = _allowed().match(version)
    if match is None or match.end() != len(version):
        raise refusal(version, "Maven", match.end() if match else 0)
    return version


def _lists(lower: str) -> _Lists:
    """Follows `parseVersion`, run by run of digits, of other characters, and separators."""
    lists: _Lists = [[]]
    run = ""
    for token in _runs().findall(lower):
        if token in _SEPARATORS:
            lists[-1].append(_ALIASES.get(run, run) if run else "0")
            if token == _OPENS_LIST:
                lists.append([])
            run = ""
        else:
            if run:
                _append(lists, _ALIASES_BEFORE_DIGIT.get(run, run))
                lists.append([])
            run = token
    if run:
        _append(lists, run)
    return _normalised(lists)


def _append(lists: _Lists, run: str) -> None:
    """A text that no separator ends is the first of its list: `1.x1` is `1-x1`."""
    if lists[-1] and not run.isdigit():
        lists.append([])
    lists[-1].append(_ALIASES.get(run, run))


def _normalised(lists: _Lists) -> _Lists:
    """Follows `normalize`: texts have no zero in them, so what is empty without zeros is zero or a release."""
    for elements in lists:
        while elements and not elements[-1].strip("0"):
            elements.pop()
    while len(lists) > 1 and not lists[-1]:
        lists.pop()
    return lists


def _weight(element: str) -> int:
    """-1, 0 or 1 as it stands below, with or above what is missing."""
    if element.isdigit():
        return 1 if element.strip("0") else 0
    rank = _RANKS.get(element, _UNKNOWN_RANK)
    return (rank > _RELEASE_RANK) - (rank < _RELEASE_RANK)


def _weights(lists: _Lists) -> list[int]:
    """Of each list, with those in it: that of its first element that has one."""
    weights, inner = [], 0
    for elements in reversed(lists):
        inner = next(filter(None, map(_weight, elements)), inner)
        weights.append(inner)
    return weights[::-1]


def _encode(lists: _Lists) -> bytes:
    encoded = []
    for depth, (elements, weight) in enumerate(zip(lists, _weights(lists), strict=True)):
        if depth > 0:
            if weight < 0 and not lists[depth - 1]:
                raise KeyDeclined(_LIST_BELOW_FIRST)
            encoded.append(_OPENS_BELOW if weight < 0 else _OPENS_ABOVE)
        for before, element in pairwise(elements):
            if not element.isdigit() and (_weight(element) >= 0 or _weight(before) == 0):
                raise KeyDeclined(f"{element[:_SHOWN_CHARS]!r} stands between dots within the version: Maven's order has cycles there")
        encoded.extend(map(_ELEMENTS.__getitem__, elements))
    return b"".join(encoded) + _END


def _element(element: str) -> bytes:
    if element.isdigit():
        if len(element) >= DECLINED_ZEROS and not element.strip("0"):
            raise KeyDeclined(f"a zero of {len(element)} digits, which Maven puts above {'9' * (DECLINED_ZEROS - 1)}")
        return number(element)
    rank = _RANKS.get(element, _UNKNOWN_RANK)
    tag = _PRE_RELEASE if rank < _RELEASE_RANK else _TEXT
    return tag + bytes((rank,)) + (text(element) if rank == _UNKNOWN_RANK else b"")


def _rest(rest: str) -> bytes:
    """What follows the numbers of the first list, for which a single 1 stands in."""
    return _encode(_lists("1" + rest))[len(number("1")) :]


_ELEMENTS = Memo(_element)
_RESTS = Memo(_rest)


def _compare(left: _Lists, right: _Lists) -> int:
    """Follows `ListItem.compareTo`, list by list inwards."""
    depth = 0
    while True:
        for left_element, right_element in zip(left[depth], right[depth], strict=False):
            if order := sign(_order(left_element), _order(right_element)):
                return order
        shared = min(len(left[depth]), len(right[depth]))
        left_rest, right_rest = left[depth][shared:], right[depth][shared:]
        depth += 1
        left_has_list, right_has_list = depth < len(left), depth < len(right)
        if left_rest and right_has_list:
            return 1 if left_rest[0].isdigit() else -1
        if right_rest and left_has_list:
            return -1 if right_rest[0].isdigit() else 1
        if left_rest or right_rest or not left_has_list or not right_has_list:
            return _weights([left_rest, *left[depth:]])[0] - _weights([right_rest, *right[depth:]])[0]


def _order(element: str) -> tuple[int, int, Magnitude, str]:
    """Texts by their rank, then numbers by the type that holds so many digits; zeros are not stripped from a zero."""
    if element.isdigit():
        digits = element.lstrip("0") or element
        return 1, sum(len(digits) > most for most in _DIGITS_OF_TYPES), magnitude(element), ""
    rank = _RANKS.get(element, _UNKNOWN_RANK)
    return 0, rank, magnitude(""), element if rank == _UNKNOWN_RANK else ""
