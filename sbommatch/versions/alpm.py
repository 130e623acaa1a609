"""Arch Linux: versions as libalpm orders them (`alpm_pkg_vercmp`, the program `vercmp`): `[epoch:]pkgver-pkgrel`.

Key: epoch, pkgver, pkgrel. Each of the two is cut into runs of letters and runs of digits, with the separators before them:

    01 letters right after digits, or at the start, as text | 02 the end | a number right after letters, or at the start
    FB how many separators, then 01 letters or a number

Only how many separators there are counts, not which. Two kinds of versions have no key, because the order of libalpm has ties and cycles
there; `compare` decides:

- without a pkgrel, as in dependencies: `1.0` is equal to `1.0-1` and to `1.0-2`
- with separators at the end of pkgver or pkgrel: `1..a < 1. < 1.1 < 1..a`
"""

import re
from functools import cache
from typing import ClassVar

from sbommatch.versions.numbers import Magnitude, Memo, magnitude, number, refusal, sign, text
from sbommatch.versions.scheme import KeyDeclined

_SEPARATORS = "._+~^%@=,-"

_GRAMMAR = rf"(?:([0-9]++):)?+(?=[^0-9-]*+[0-9])([0-9A-Za-z][0-9A-Za-z{_SEPARATORS}]*+)"
"""An epoch, and the rest. A pkgver without any digit (`unknown`) is none: libalpm would put it somewhere."""

_RUNS = r"[^0-9A-Za-z]*(?:[0-9]+|[A-Za-z]+)"
"""With the separators before them."""

_LETTERS = b"\x01"
_END = b"\x02"
_SEPARATED = b"\xfb"
_PAST_RELEASES = b"\xff"

_Run = tuple[int, bool, Magnitude, str]
"""How many separators, whether digits, their magnitude, the letters."""


class AlpmScheme:
    """libalpm. What makepkg would refuse (`/`, blanks), or nobody has in a version (`<`), is none."""

    name: ClassVar[str] = "alpm"
    title: ClassVar[str] = "Arch Linux: as libalpm's vercmp"
    synonyms: ClassVar[tuple[str, ...]] = ("Arch", "Arch Linux")

    def key(self, version: str) -> bytes:
        """See `Scheme`; declines what the head of this module lists."""
        epoch, pkgver, pkgrel = _parse(version)
        if pkgrel is None:
            raise KeyDeclined("without a pkgrel it is equal to every release of this version, which no key can be")
        return number(epoch) + _part(pkgver) + _RELEASES[pkgrel]

    def compare(self, left: str, right: str) -> int:
        """See `Scheme`; of all versions."""
        left_epoch, left_pkgver, left_pkgrel = _parse(left)
        right_epoch, right_pkgver, right_pkgrel = _parse(right)
        order = sign(magnitude(left_epoch), magnitude(right_epoch)) or _compare(left_pkgver, right_pkgver)
        if order or left_pkgrel is None or right_pkgrel is None:
            return order
        return _compare(left_pkgrel, right_pkgrel)

    def end_of(self, version: str) -> bytes:
        """See `Scheme`: the next key."""
        return self.key(version) + b"\x00"

    def end_of_upstream(self, version: str) -> bytes:
        """Past every pkgrel of this epoch and pkgver; needs none itself."""
        epoch, pkgver, _ = _parse(version)
        return number(epoch) + _part(pkgver) + _PAST_RELEASES


@cache
def _grammar() -> re.Pattern[str]:
    return re.compile(_GRAMMAR)


@cache
def _runs() -> re.Pattern[str]:
    return re.compile(_RUNS)


def _parse(version: str) -> tuple[str, str, str | None]:
    """Epoch, empty where absent, pkgver, and pkgrel, None where absent."""
    match = _grammar().match(version)
    if match is None or match.end() != len(version):
        raise refusal(version, "Arch Linux", match.end() if match else 0)
    pkgver, dash, pkgrel = match[2].rpartition("-")
    if not dash:
        return match[1] or "", pkgrel, None
    if not pkgrel[:1].isalnum():
        raise refusal(version, "Arch Linux", len(version) - len(pkgrel))
    return match[1] or "", pkgver, pkgrel


def _part(part: str) -> bytes:
    if not part[-1].isalnum():
        raise KeyDeclined(f"a separator at the end, {part[-1]!r}: libalpm's order has cycles there")
    return b"".join(map(_ENCODED.__getitem__, _runs().findall(part))) + _END


def _run(run: str) -> bytes:
    separators, numeric, _, letters = _parsed(run)
    encoded = _LETTERS + text(letters) if not numeric else number(run[separators:])
    return _SEPARATED + number(str(separators)) + encoded if separators else encoded


_ENCODED = Memo(_run)
_RELEASES = Memo(_part)


def _parsed(run: str) -> _Run:
    bare = run.lstrip(_SEPARATORS)
    separators = len(run) - len(bare)
    return (separators, True, magnitude(bare), "") if bare.isdigit() else (separators, False, magnitude(""), bare)


def _compare(left: str, right: str) -> int:
    """Follows `rpmvercmp` of libalpm, not the key above."""
    left_runs, right_runs = (_runs().findall(part.rstrip(_SEPARATORS)) for part in (left, right))
    for left_run, right_run in zip(left_runs, right_runs, strict=False):
        if order := sign(_parsed(left_run), _parsed(right_run)):
            return order
    left_ends, right_ends = left[-1].isalnum(), right[-1].isalnum()
    if len(left_runs) > len(right_runs):
        return _remainder(left_runs[len(right_runs)], right_ends)
    if len(left_runs) < len(right_runs):
        return -_remainder(right_runs[len(left_runs)], left_ends)
    return sign((right_ends,), (left_ends,))


def _remainder(run: str, other_ends: bool) -> int:
    """What one more run makes of its side: letters make it the lesser, where no separator of either side stands before them."""
    separators, numeric, _, _ = _parsed(run)
    return 1 if numeric or (separators and other_ends) else -1
