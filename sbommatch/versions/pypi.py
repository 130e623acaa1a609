"""Python: PEP 440, as the library `packaging` reads it.

Key: epoch, release without trailing zeros, phase, local part.

    phase   01 dev number | 02 a | 03 b | 04 rc, each with its number, then `after` | 05 final | 06 post number, then 01 dev number or 02
    after   01 dev number | 02 nothing | 03 post number, then 01 dev number or 02
    local   each segment: 01 text, or number;  00 ends it
"""

import re
from functools import cache
from typing import ClassVar

from sbommatch.versions.numbers import ZERO, Magnitude, Memo, dotted, magnitude, number, refusal, sign, text

# Appendix B of PEP 440, for lower-case text; possessive, so that both take linear time whatever they are given.
_SUFFIXES = r"""
    (?:[-_.]?+(a(?:lpha)?+|b(?:eta)?+|c|rc|pre(?:view)?+)[-_.]?+([0-9]*+))?
    (?:-([0-9]++)|[-_.]?+(?:post|rev|r)[-_.]?+([0-9]*+))?
    (?:[-_.]?+dev[-_.]?+([0-9]*+))?
"""
"""Pre-release letters and number, post number in two spellings, dev number."""

_GRAMMAR = rf"""
    [\t-\r\x1c-\x20]*+
    v?+ (?:([0-9]++)!)?
    ([0-9]++(?:\.[0-9]++)*+)
    ({_SUFFIXES})
    (?:\+([a-z0-9]++(?:[-_.][a-z0-9]++)*+))?
    [\t-\r\x1c-\x20]*+
"""
_EPOCH, _RELEASE, _SUFFIX, _LOCAL = 1, 2, 3, 9

_DEV_ONLY = b"\x01"
_PRE_RELEASES = {"a": 2, "b": 3, "c": 4, "r": 4, "p": 4}
"""By the first letter of alpha, beta, c, rc, pre and preview."""
_FINAL = b"\x05"
_POST = b"\x06"

_THEN_DEV = b"\x01"
_THEN_NOTHING = b"\x02"
_THEN_POST = b"\x03"

_LOCAL_TEXT = b"\x01"
_LOCAL_END = b"\x00"
_PAST_LOCALS = b"\xff"

_Counted = tuple[int, Magnitude]
_Order = tuple[Magnitude, tuple[Magnitude, ...], _Counted, _Counted, _Counted, tuple[tuple[int, Magnitude, str], ...]]
"""Epoch, release, pre, post, dev, local: what `packaging` sorts by."""


class PypiScheme:
    """PEP 440. The spellings that it normalises (`v1.0-RC.1`) are accepted, legacy versions (`0.1-bulbasaur`) are not."""

    name: ClassVar[str] = "pypi"
    title: ClassVar[str] = "Python: PEP 440, as packaging.version"
    synonyms: ClassVar[tuple[str, ...]] = ()

    def key(self, version: str) -> bytes:
        """See `Scheme`; declines nothing."""
        if version.replace(".", "").isdigit() and version.isascii():
            try:
                return ZERO + dotted(version) + _FINAL + _LOCAL_END
            except KeyError:  # an empty component, which the grammar refuses with its place
                pass
        epoch, release, suffix, local = _parse(version).group(_EPOCH, _RELEASE, _SUFFIX, _LOCAL)
        return _number(epoch) + dotted(release) + _PHASES[suffix] + (_local(local) if local else _LOCAL_END)

    def compare(self, left: str, right: str) -> int:
        """See `Scheme`."""
        return sign(_order(_parse(left)), _order(_parse(right)))

    def end_of(self, version: str) -> bytes:
        """Past the local versions, where it has no local part: `last_affected: 2.10.0` takes in 2.10.0+cu128; with one it is a point."""
        key = self.key(version)
        return key + b"\x00" if "+" in version else key[:-1] + _PAST_LOCALS

    def end_of_upstream(self, version: str) -> bytes:
        """As `end_of`: a Python version has no part of a distributor's own."""
        return self.end_of(version)


@cache
def _grammar() -> re.Pattern[str]:
    return re.compile(_GRAMMAR, re.VERBOSE)


@cache
def _suffixes() -> re.Pattern[str]:
    return re.compile(_SUFFIXES, re.VERBOSE)


def _parse(version: str) -> re.Match[str]:
    match = _grammar().match(version.lower())
    if match is None or match.end() != len(version) or not version.isascii():
        raise refusal(version, "PEP 440", match.end() if match else 0)
    return match


def _split(suffix: str) -> tuple[str | None, str | None, str | None, str | None]:
    """Pre-release letters and number, post number, dev number: None where absent, empty where only the word stands."""
    match = _suffixes().fullmatch(suffix)
    assert match is not None, suffix
    pre, number_of_pre, post, worded_post, dev = match.groups()
    return pre, number_of_pre, worded_post if post is None else post, dev


def _phase(suffix: str) -> bytes:
    pre, number_of_pre, post, dev = _split(suffix)
    if pre is not None:
        return bytes((_PRE_RELEASES[pre[0]],)) + _number(number_of_pre) + _after(post, dev)
    if post is not None:
        return _POST + _number(post) + _then_dev(dev)
    return _FINAL if dev is None else _DEV_ONLY + _number(dev)


_PHASES = Memo(_phase)


def _number(digits: str | None) -> bytes:
    """A number that is not written is 0: `1.0a` is `1.0a0`."""
    return number(digits) if digits else ZERO


def _after(post: str | None, dev: str | None) -> bytes:
    return _then_dev(dev) if post is None else _THEN_POST + _number(post) + _then_dev(dev)


def _then_dev(dev: str | None) -> bytes:
    return _THEN_NOTHING if dev is None else _THEN_DEV + _number(dev)


def _segments(local: str) -> list[str]:
    return local.replace("-", ".").replace("_", ".").split(".")


def _local(local: str) -> bytes:
    return b"".join(number(segment) if segment.isdigit() else _LOCAL_TEXT + text(segment) for segment in _segments(local)) + _LOCAL_END


def _order(match: re.Match[str]) -> _Order:
    """Follows `_cmpkey` of packaging, not the key above."""
    epoch, release, suffix, local = match.group(_EPOCH, _RELEASE, _SUFFIX, _LOCAL)
    pre, number_of_pre, post, dev = _split(suffix)
    components = [magnitude(component) for component in release.split(".")]
    while components and components[-1] == magnitude("0"):
        components.pop()
    dev_only = pre is None and post is None and dev is not None
    return (
        magnitude(epoch or ""),
        tuple(components),
        (0 if dev_only else _PRE_RELEASES[pre[0]] if pre else 9, magnitude(number_of_pre or "")),
        (post is not None, magnitude(post or "")),
        (dev is None, magnitude(dev or "")),
        tuple((1, magnitude(part), "") if part.isdigit() else (0, magnitude(""), part) for part in _segments(local or "") if part),
    )
