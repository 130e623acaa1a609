"""Debian: versions as dpkg orders them (`lib/dpkg/version.c`): `[epoch:]upstream[-revision]`.

Key: epoch, upstream, revision ("0" where there is none). Each of the two is cut into runs of other characters and runs of digits:

    01 `~` | 02 the end of the run, then a number; or, after a number, the end of the part | 41..7A a letter | 80 + c any other character

An empty run of digits is the number 0, as in dpkg: `1.0a` is `1.0a0`.
"""

import re
from functools import cache
from itertools import zip_longest
from typing import ClassVar

from sbommatch.versions.numbers import ZERO, Memo, magnitude, number, refusal, sign
from sbommatch.versions.scheme import InvalidVersion

EPOCH_LIMIT = (1 << 31) - 1
"""dpkg refuses epochs that do not fit a C int."""

_GRAMMAR = r"[\t ]*+(?:([0-9]++):([0-9][!-~]*+)|([0-9][!-9;-~]*+))[\t ]*+"
"""An epoch, and what follows it; or a version without epoch, which has no colon."""

_EPOCH_LIMIT = magnitude(str(EPOCH_LIMIT))

_END = b"\x02"
_END_WITHOUT_NUMBER = _END + ZERO + _END
_PAST_REVISIONS = b"\xff"
_OTHER = 0x80
_TILDE = 0x01


class DebScheme:
    """dpkg. What only violates the policy's set of characters is ordered as dpkg does, with a warning there.

    A version that does not begin with a digit is none: dpkg warns too, but `unknown` or `<end-of-life>` would stand above every fix.
    """

    name: ClassVar[str] = "deb"
    title: ClassVar[str] = "Debian and Ubuntu: as dpkg"
    synonyms: ClassVar[tuple[str, ...]] = ("Debian", "Ubuntu", "Echo")

    def key(self, version: str) -> bytes:
        """See `Scheme`; declines nothing."""
        epoch, upstream, revision = _parse(version)
        return number(epoch) + _part(upstream) + _REVISIONS[revision]

    def compare(self, left: str, right: str) -> int:
        """See `Scheme`."""
        left_epoch, *left_parts = _parse(left)
        right_epoch, *right_parts = _parse(right)
        order = sign(magnitude(left_epoch), magnitude(right_epoch))
        for left_part, right_part in zip(left_parts, right_parts, strict=True):
            order = order or _compare(left_part, right_part)
        return order

    def end_of(self, version: str) -> bytes:
        """See `Scheme`: the next key."""
        return self.key(version) + b"\x00"

    def end_of_upstream(self, version: str) -> bytes:
        """Past every Debian revision of this epoch and upstream version."""
        epoch, upstream, _ = _parse(version)
        return number(epoch) + _part(upstream) + _PAST_REVISIONS


@cache
def _grammar() -> re.Pattern[str]:
    return re.compile(_GRAMMAR)


@cache
def _runs() -> re.Pattern[str]:
    return re.compile(r"[0-9]+|[^0-9]+")


def _parse(version: str) -> tuple[str, str, str]:
    """Epoch, upstream version and revision, empty where absent."""
    match = _grammar().match(version)
    if match is None or match.end() != len(version):
        raise refusal(version, "Debian", match.end() if match else 0)
    epoch, with_epoch, without = match.groups()
    upstream, dash, revision = (with_epoch or without).rpartition("-")
    if not dash:
        upstream, revision = revision, ""
    elif not revision:
        raise refusal(version, "Debian", len(version))
    if epoch and magnitude(epoch) > _EPOCH_LIMIT:
        raise InvalidVersion(f"{version[:80]!r} is no Debian version: its epoch is above {EPOCH_LIMIT}")
    return epoch or "", upstream, revision


def _part(part: str) -> bytes:
    encoded = b"".join(map(_ENCODED.__getitem__, _runs().findall(part)))
    return encoded + (_END if part[-1:].isdigit() else _END_WITHOUT_NUMBER)


def _run(run: str) -> bytes:
    if run.isdigit():
        return _END + number(run)
    return bytes(_TILDE if char == "~" else ord(char) if char.isalpha() else _OTHER | ord(char) for char in run)


_ENCODED = Memo(_run)
_REVISIONS = Memo(_part)


def _compare(left: str, right: str) -> int:
    """Follows `verrevcmp` of dpkg, not the key above."""
    for (left_run, left_digits), (right_run, right_digits) in zip_longest(_pairs(left), _pairs(right), fillvalue=("", "")):
        order = sign(_weights(left_run), _weights(right_run)) or sign(magnitude(left_digits), magnitude(right_digits))
        if order:
            return order
    return 0


def _pairs(part: str) -> list[tuple[str, str]]:
    return re.findall(r"([^0-9]*)([0-9]*)", part)


def _weights(run: str) -> tuple[int, ...]:
    """`order` of dpkg for each character, and 0 for the digit or the end that follows."""
    return (*(-1 if char == "~" else ord(char) if char.isalpha() else ord(char) + 256 for char in run), 0)
