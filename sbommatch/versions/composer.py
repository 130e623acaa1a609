"""PHP: versions as Composer normalises them (`VersionParser` of composer/semver 3.4) and as PHP's `version_compare` orders the result.

Key: the numbers and words of the normalised version (`1.2-beta3` is `1.2.0.0-beta3`), then the end. Where two versions part:

    01 stable, where it is not spelt in lower case | 02 dev | 03 alpha | 04 beta | 05 RC | 06 the end | a number | FB patch

A branch (`dev-main`) has no place among versions; one that is named by numbers (`1.x-dev`) stands past all that begin with them.
"""

import re
from functools import cache
from typing import ClassVar

from sbommatch.versions.numbers import ABOVE_NUMBERS, ZERO, Magnitude, Memo, magnitude, number, refusal, sign
from sbommatch.versions.scheme import InvalidVersion

LARGEST_NUMBER = (1 << 63) - 1
"""PHP takes every larger number for this one."""

COMPONENTS = 4
"""Composer fills shorter versions up with zeros; longer ones are dates."""

FIRST_COMPONENT_DIGITS = 5
"""At most; more are a date."""

_SHOWN_CHARS = 80
"""Of a refused version in a message."""

_BRANCH_NUMBER = "9999999"
"""What Composer puts for an `x` in the name of a branch, and for what the name leaves out."""

_MODIFIERS = r"[._-]?+(?:(stable|beta|b|rc|alpha|a|patch|pl|p)((?:[.-]?[0-9]++)*+))?+([.-]?dev)?+"
"""A stability, its numbers, and `dev`."""

_CLASSICAL = rf"v?([0-9]{{1,5}}+)(\.[0-9]++)?+(\.[0-9]++)?+(\.[0-9]++)?+{_MODIFIERS}"
_DATE = rf"v?([0-9]{{4}}(?:[.:-]?[0-9]{{2}}){{1,6}}(?:[.:-]?[0-9]{{1,3}}){{0,2}}){_MODIFIERS}"
_NUMERIC_BRANCH = r"v?([0-9]++)(?:\.([0-9]++|[x*]))?+(?:\.([0-9]++|[x*]))?+(?:\.([0-9]++|[x*]))?+[ \t\n\r\v]*+[.-]?dev"

_ALIAS = r"([^,\s]++) ++as ++[!-+\--~]++"
_STABILITY_FLAG = r"@(?:stable|RC|beta|alpha|dev)\Z"
_BUILD = r"([^,\s+]++)\+[!-~]++"

_TRIMMED = " \t\n\r\v"
"""By PHP's `trim`; it takes NUL too, which is no part of a version here."""

_STABILITIES = {"a": "alpha", "b": "beta", "rc": "RC", "p": "patch", "pl": "patch"}
"""Short spellings, and one in capitals, as Composer normalises them."""

_FORMS = {"stable": -1, "dev": 0, "alpha": 1, "beta": 2, "RC": 3, "patch": 5}
"""`special_forms` of PHP: what it does not know stands below `dev`, a number and the end at 4."""

_WORDS = {"stable": b"\x01", "dev": b"\x02", "alpha": b"\x03", "beta": b"\x04", "RC": b"\x05", "patch": ABOVE_NUMBERS}
_END = b"\x06"
_FILLED = tuple(ZERO * missing + _END for missing in range(COMPONENTS, -1, -1))
"""The end, and before it the zeros that a version of so many components lacks."""

_LARGEST = number(str(LARGEST_NUMBER))
_LARGEST_MAGNITUDE = magnitude(str(LARGEST_NUMBER))


class ComposerScheme:
    """Composer. What it refuses (`1.2.3-foo`), and branches that are not named by numbers, are no versions."""

    name: ClassVar[str] = "composer"
    title: ClassVar[str] = "PHP packages: as Composer, with PHP's version_compare"
    synonyms: ClassVar[tuple[str, ...]] = ("Packagist",)

    def key(self, version: str) -> bytes:
        """See `Scheme`; declines nothing."""
        components = version.removeprefix("v").split(".")
        classical = len(components) <= COMPONENTS and len(components[0]) <= FIRST_COMPONENT_DIGITS
        if classical and all(map(str.isdigit, components)) and version.isascii():
            return b"".join(map(_ENCODED.__getitem__, components)) + _FILLED[len(components)]
        return b"".join(map(_ENCODED.__getitem__, _tokens(version))) + _END

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
def _pattern(grammar: str) -> re.Pattern[str]:
    return re.compile(grammar, re.ASCII | re.IGNORECASE)


def _tokens(version: str) -> list[str]:
    """The numbers and words of the normalised version. Raises InvalidVersion."""
    bare = version
    match = _pattern(_CLASSICAL).fullmatch(bare)
    if match is None:
        bare = _bare(version)
        match = _pattern(_CLASSICAL).fullmatch(bare)
    if match is not None:
        *components, stability, counts, dev = match.groups()
        return [component.lstrip(".") if component else "0" for component in components] + _modifiers(stability, counts, dev)
    if match := _pattern(_DATE).fullmatch(bare):
        date, stability, counts, dev = match.groups()
        return _digits(date) + _modifiers(stability, counts, dev)
    if match := _pattern(_NUMERIC_BRANCH).fullmatch(bare):
        return [_BRANCH_NUMBER if component in {None, "x", "X", "*"} else component for component in match.groups()] + ["dev"]
    understood = _pattern(_CLASSICAL).match(version)
    raise refusal(version, "Composer", understood.end() if understood else 0)


def _bare(version: str) -> str:
    """Without blanks around it, its alias (`1.2.x-dev as 1.2.0`), its flag (`1.2@beta`) and its build metadata (`1.2+5`)."""
    bare = version.strip(_TRIMMED)
    if alias := _pattern(_ALIAS).fullmatch(bare):
        bare = alias[1]
    bare = _pattern(_STABILITY_FLAG).sub("", bare)
    if bare in {"master", "trunk", "default"} or bare[:4].lower() == "dev-":
        raise InvalidVersion(f"{bare[:_SHOWN_CHARS]!r} is the name of a branch, which has no place among Composer versions")
    build = _pattern(_BUILD).fullmatch(bare)
    return build[1] if build else bare


def _modifiers(stability: str | None, counts: str | None, dev: str | None) -> list[str]:
    if stability == "stable":
        return []
    tail = ["dev"] if dev else []
    if not stability:
        return tail
    word = stability.lower()
    return [_STABILITIES.get(word, word), *_digits(counts or ""), *tail]


def _digits(text: str) -> list[str]:
    return re.findall(r"[0-9]+", text)


def _token(token: str) -> bytes:
    return min(number(token), _LARGEST) if token.isdigit() else _WORDS[token]


_ENCODED = Memo(_token)


def _order(version: str) -> tuple[tuple[int, bool, Magnitude], ...]:
    """Follows `version_compare` of PHP, not the key above: numbers stand at 4, and so does the end, below them."""
    return (*map(_form, _tokens(version)), (4, False, magnitude("")))


def _form(token: str) -> tuple[int, bool, Magnitude]:
    if token.isdigit():
        return 4, True, min(magnitude(token), _LARGEST_MAGNITUDE)
    return _FORMS[token], False, magnitude("")
