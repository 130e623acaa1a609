"""A judge of matching that imports nothing of sbommatch: OSV's evaluation algorithm as the standard writes it, on reference comparisons.

https://ossf.github.io/osv-schema/#evaluation: a version is affected if it is listed, or if it lies in a range that is not of type GIT.
PyPI versions compare by `packaging`; Go's and crates.io's by SemVer 2.0.0, section 11, written out below.
"""

import json
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cmp_to_key, lru_cache
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


COMPARISONS: dict[str, Compare] = {"PyPI": compare_pep440, "Go": compare_semver, "crates.io": compare_semver}


def below(version: str, bound: str, compare: Compare) -> bool:
    """`version < bound`, where the bound `0` is below every version and `*` above."""
    return bound == "*" or (bound != "0" and compare(version, bound) < 0)


def in_range(version: str, events: Sequence[Mapping[str, str]], compare: Compare) -> bool:
    """IncludedInRanges of the standard, for one range: events sorted, of equal ones the closing first."""
    limits = [event["limit"] for event in events if "limit" in event]
    if limits and not any(below(version, limit, compare) for limit in limits):
        return False

    def order(left: tuple[str, str], right: tuple[str, str]) -> int:
        if left[1] == right[1] or "0" in (left[1], right[1]):
            by_version = (right[1] == "0") - (left[1] == "0")
        else:
            by_version = compare(left[1], right[1])
        return by_version or (left[0] == "introduced") - (right[0] == "introduced")

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
    if bound in {"0", "*"}:
        return {"0.0.0", "0.0.1"} if ecosystem != "PyPI" else {"0.dev0", "0", "0.0.1"}
    if ecosystem == "PyPI":
        release = bound.partition("+")[0]
        return {bound, f"{release}.dev1", f"{release}.post1", f"{release}rc1", f"{release}.1"}
    core = bound.partition("+")[0].partition("-")[0]
    major, _, patch = core.rpartition(".")
    lower = {f"{major}.{int(patch) - 1}"} if patch.isdigit() and int(patch) else set()
    return {bound, f"{core}-0", f"{core}-rc.1", core, f"{major}.{int(patch or 0) + 1}" if patch.isdigit() else core} | lower
