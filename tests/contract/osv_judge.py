"""A judge of matching that imports nothing of sbommatch: OSV's evaluation algorithm as the standard writes it, on reference comparisons.

https://ossf.github.io/osv-schema/#evaluation: a version is affected if it is listed, or if it lies in a range that is not of type GIT.
PyPI versions compare by `packaging`. The other orders are written out below from their descriptions: SemVer 2.0.0, section 11 (Go,
crates.io, npm, Hex; Bitnami's without revisions, Julia's with builds), rpm's `rpmvercmp`, RubyGems' `Gem::Version`, Composer's
normalisation with PHP's `version_compare`.
"""

import json
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cmp_to_key, lru_cache
from itertools import zip_longest
from pathlib import Path
from typing import Any

from packaging.version import InvalidVersion, Version

Record = Mapping[str, Any]
Compare = Callable[[str, str], int]


class NoVersionError(ValueError):
    """A text that the reference does not order."""


@lru_cache(maxsize=1 << 18)
def _pep440(version: str) -> Version:
    try:
        return Version(version)
    except InvalidVersion as exc:
        raise NoVersionError(version) from exc


def compare_pep440(left: str, right: str) -> int:
    """By `packaging`."""
    return (_pep440(left) > _pep440(right)) - (_pep440(left) < _pep440(right))


_SEMVER = re.compile(r"v?(\d+)\.(\d+)\.(\d+)(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?")


def _identifier(text: str) -> tuple[int, int, str]:
    return (0, int(text), "") if text.isdigit() else (1, 0, text)


@lru_cache(maxsize=1 << 18)
def _semver(version: str) -> tuple[tuple[int, ...], int, tuple[tuple[int, int, str], ...]]:
    match = _SEMVER.fullmatch(version)
    if match is None:
        raise NoVersionError(version)
    prerelease = match[4]
    identifiers = tuple(map(_identifier, prerelease.split("."))) if prerelease else ()
    return tuple(int(part) for part in match.groups()[:3]), 0 if prerelease else 1, identifiers


def compare_semver(left: str, right: str) -> int:
    """Precedence by SemVer 2.0.0, section 11."""
    return (_semver(left) > _semver(right)) - (_semver(left) < _semver(right))


def compare_bitnami(left: str, right: str) -> int:
    """As SemVer; revisions of the package (`1.2.3-4`) are none of its."""
    for version in (left, right):
        if re.search(r"-[\d.]+(\+|$)", version):
            raise NoVersionError(version)
    return compare_semver(left, right)


def compare_julia(left: str, right: str) -> int:
    """As SemVer, then by the build, where none comes first."""
    by_semver = compare_semver(left, right)
    return by_semver or (_build(left) > _build(right)) - (_build(left) < _build(right))


def _build(version: str) -> tuple[tuple[int, int, str], ...]:
    build = version.partition("+")[2]
    return tuple(map(_identifier, build.split("."))) if build else ()


_EVR = re.compile(r"(?:(\d+):)?([^-:]+)-([^-:]+)")


def compare_rpm(left: str, right: str) -> int:
    """Epoch, version and release, each as `rpmvercmp` of rpm's lib/rpmvercmp.c goes through them."""
    first, second = _EVR.fullmatch(left), _EVR.fullmatch(right)
    if first is None or second is None:
        raise NoVersionError(left if first is None else right)
    epochs = int(first[1] or 0) - int(second[1] or 0)
    return (epochs > 0) - (epochs < 0) or rpmvercmp(first[2], second[2]) or rpmvercmp(first[3], second[3])


@lru_cache(maxsize=1 << 18)
def rpmvercmp(one: str, two: str) -> int:
    """Segment by segment, from the left."""
    while one or two:
        one, two = re.sub(r"^[^A-Za-z0-9~^]+", "", one), re.sub(r"^[^A-Za-z0-9~^]+", "", two)
        for mark in "~^":
            if one.startswith(mark) or two.startswith(mark):
                if not one.startswith(mark):
                    return 1 if mark == "~" or one else -1
                if not two.startswith(mark):
                    return -1 if mark == "~" or two else 1
                one, two = one[1:], two[1:]
                break
        else:
            if not (one and two):
                break
            segments = r"\d+" if one[0].isdigit() else r"[A-Za-z]+"
            ours, theirs = re.match(segments, one), re.match(segments, two)
            if theirs is None:
                return 1 if one[0].isdigit() else -1
            assert ours is not None
            a, b = ours[0].lstrip("0") if one[0].isdigit() else ours[0], theirs[0].lstrip("0") if one[0].isdigit() else theirs[0]
            if one[0].isdigit() and len(a) != len(b):
                return 1 if len(a) > len(b) else -1
            if a != b:
                return 1 if a > b else -1
            one, two = one[ours.end() :], two[theirs.end() :]
    return bool(one) - bool(two)


_GEM = re.compile(r"\d+(\.[0-9A-Za-z]+)*(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?")


def _gem_segments(version: str) -> list[int | str]:
    """`Gem::Version#canonical_segments`: zeros before the first text, and at the end, are dropped."""
    if not _GEM.fullmatch(version):
        raise NoVersionError(version)
    parts: list[int | str] = [int(part) if part.isdigit() else part for part in re.findall(r"\d+|[A-Za-z]+", version.replace("-", ".pre."))]
    first_text = next((index for index, part in enumerate(parts) if isinstance(part, str)), len(parts))
    numbers, rest = parts[:first_text], parts[first_text:]
    for half in (numbers, rest):
        while half and half[-1] == 0:
            half.pop()
    return numbers + rest


def compare_gem(left: str, right: str) -> int:
    """`Gem::Version#<=>`: a text is below every number, and what is missing is zero."""
    one, two = _gem_segments(left), _gem_segments(right)
    for a, b in zip_longest(one, two, fillvalue=0):
        first, second = ((0, 0, part) if isinstance(part, str) else (1, part, "") for part in (a, b))
        if first != second:
            return 1 if first > second else -1
    return 0


_COMPOSER = re.compile(r"v?(\d{1,5})(\.\d+)?(\.\d+)?(\.\d+)?(?:[._-]?(stable|beta|b|rc|alpha|a|patch|pl|p)((?:[.-]?\d+)*))?", re.IGNORECASE)
_STABILITIES = {"b": "beta", "a": "alpha", "pl": "patch", "p": "patch", "rc": "RC"}
_PHP_FORMS = {"dev": 0, "alpha": 1, "a": 1, "beta": 2, "b": 2, "RC": 3, "rc": 3, "#": 4, "pl": 5, "p": 5}


def _composer(version: str) -> list[str]:
    """Composer's `VersionParser::normalize`, and what PHP's `version_compare` takes that apart into."""
    match = _COMPOSER.fullmatch(version)
    if match is None:
        raise NoVersionError(version)
    numbers = [match[1], *((match[index] or ".0")[1:] for index in (2, 3, 4))]
    stability = (match[5] or "").lower()
    normalised = ".".join(numbers)
    if stability and stability != "stable":
        normalised += f"-{_STABILITIES.get(stability, stability)}{(match[6] or '').lstrip('.-')}"
    return re.findall(r"\d+|[A-Za-z]+", normalised)


def _php_form(part: str) -> int:
    """Numbers and the end are of one form."""
    if part.isdigit() or not part:
        return _PHP_FORMS["#"]
    return next((order for form, order in _PHP_FORMS.items() if part.startswith(form)), -1)


def compare_composer(left: str, right: str) -> int:
    """PHP's `version_compare` of the normalised versions."""
    one, two = _composer(left), _composer(right)
    for a, b in zip_longest(one, two, fillvalue=""):
        order = int(a) - int(b) if a.isdigit() and b.isdigit() else _php_form(a) - _php_form(b)
        if order or not (a and b):
            return 1 if order > 0 or (not order and a) else -1
    return 0


COMPARISONS: dict[str, Compare] = {
    "AlmaLinux": compare_rpm,
    "Bitnami": compare_bitnami,
    "Go": compare_semver,
    "Hex": compare_semver,
    "Julia": compare_julia,
    "Packagist": compare_composer,
    "PyPI": compare_pep440,
    "RubyGems": compare_gem,
    "crates.io": compare_semver,
    "npm": compare_semver,
}


def below(version: str, bound: str, compare: Compare) -> bool:
    """`version < bound`, where the bound `0` is below every version and `*` above."""
    return bound == "*" or (bound != "0" and compare(version, bound) < 0)


TIES = ("fixed", "introduced", "last_affected")


def in_range(version: str, events: Sequence[Mapping[str, str]], compare: Compare) -> bool:
    """IncludedInRanges of the standard, for one range: events sorted, of equal ones `fixed` first, and `last_affected` last."""
    limits = [event["limit"] for event in events if "limit" in event]
    if limits and not any(below(version, limit, compare) for limit in limits):
        return False

    def order(left: tuple[str, str], right: tuple[str, str]) -> int:
        if left[1] == right[1] or "0" in (left[1], right[1]):
            by_version = (right[1] == "0") - (left[1] == "0")
        else:
            by_version = compare(left[1], right[1])
        return by_version or TIES.index(left[0]) - TIES.index(right[0])

    steps = sorted(((kind, bound) for event in events for kind, bound in event.items() if kind != "limit"), key=cmp_to_key(order))
    affected = False
    for kind, bound in steps:
        if kind == "introduced" and not below(version, bound, compare):
            affected = True
        elif (kind == "fixed" and not below(version, bound, compare)) or (
            kind == "last_affected" and not below(version, bound, compare) and compare(version, bound) > 0
        ):
            affected = False
    return affected


def is_affected(version: str, affected: Record, compare: Compare) -> bool:
    """The standard's IsVulnerable for one affected package; raises `NoVersionError` where a bound has no place in the order."""
    if version in affected.get("versions", ()):
        return True
    ranges = [one for one in affected.get("ranges", ()) if one["type"] != "GIT"]
    return any(in_range(version, one["events"], compare) for one in ranges)


def records(path: Path) -> Iterator[Record]:
    """The advisories of an `all.zip` that stand."""
    with zipfile.ZipFile(path) as archive:
        for name in sorted(archive.namelist()):
            record = json.loads(archive.read(name))
            if "withdrawn" not in record:
                yield record


def neighbours(bound: str, ecosystem: str) -> set[str]:
    """Versions at, just below and just above a bound."""
    if ecosystem == "AlmaLinux":
        return {"0-0", "0:0-1"} if bound == "0" else _rpm_neighbours(bound)
    if bound in {"0", "*"}:
        return {"0.0.0", "0.0.1"} if ecosystem != "PyPI" else {"0.dev0", "0", "0.0.1"}
    if ecosystem == "PyPI":
        release = bound.partition("+")[0]
        return {bound, f"{release}.dev1", f"{release}.post1", f"{release}rc1", f"{release}.1"}
    core = bound.partition("+")[0].partition("-")[0]
    major, _, patch = core.rpartition(".")
    lower = {f"{major}.{int(patch) - 1}"} if patch.isdigit() and int(patch) else set()
    return {bound, f"{core}-0", f"{core}-rc.1", core, f"{major}.{int(patch or 0) + 1}" if patch.isdigit() else core} | lower


def _rpm_neighbours(bound: str) -> set[str]:
    """With another end of the release, without the epoch, in another epoch, and without the distribution's mark."""
    last = re.search(r"(\d+)(\D*)$", bound)
    shifted = {f"{bound[: last.start()]}{int(last[1]) + step}{last[2]}" for step in (-1, 1) if int(last[1]) + step >= 0} if last else set()
    return {bound, f"{bound}.1", bound.rpartition(":")[2], f"9:{bound.rpartition(':')[2]}", bound.partition(".el")[0], *shifted}
