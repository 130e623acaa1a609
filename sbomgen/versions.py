"""Which of two versions is the higher, to tell an upgrade from a downgrade; and, in pacman's databases, what satisfies a dependency.

Known limits: a version that its own scheme does not know (apk-tools 2's `5.1p1-r0`, PyPI's `0.1-bulbasaur`) and every type without a
scheme here are compared as dpkg would, so that there is always an answer; numbers over 19 digits, which apk-tools lets overflow, keep their
value; separators at the end of a version, which give libalpm's order cycles, do not count, and MSYS2's `1~2.0` has no epoch. Maven's
order is that of its usual versions alone (see `_maven_key`).
"""

import re

_RPM_RUNS = re.compile(r"[0-9]+|[A-Za-z]+|[~^]")
_ALPM_RUNS = re.compile(r"[0-9]+|[A-Za-z]+|[^0-9A-Za-z]+")
_PAIRS = re.compile(r"([^0-9]*)([0-9]*)")
_APK = re.compile(
    r"(?P<first>[0-9]+)(?P<rest>(?:\.[0-9]+)*)(?P<letter>[a-z]?)(?P<suffixes>(?:_(?:alpha|beta|pre|rc|cvs|svn|git|hg|p)[0-9]*)*)"
    r"(?:~(?P<commit>[0-9a-f]+))?(?:-r(?P<revision>[0-9]+))?"
)
_APK_SUFFIX = re.compile(r"_([a-z]+)([0-9]*)")
_APK_SUFFIXES = {
    "alpha": (1, 1),
    "beta": (1, 2),
    "pre": (1, 3),
    "rc": (1, 4),
    "cvs": (7, 1),
    "svn": (7, 2),
    "git": (7, 3),
    "hg": (7, 4),
    "p": (7, 5),
}
_END, _REVISION, _COMMIT, _SUFFIX_NUMBER, _LETTER, _NUMBER = 3, 4, 5, 6, 8, 9
"""What may follow in an apk version, in its order: a suffix before the release (1), nothing, …, a suffix after the release (7), …"""
_SEMVER = re.compile(r"[v=]*([0-9]+)\.([0-9]+)\.([0-9]+)(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?")
"""SemVer 2.0.0, with what npm forgives before it; nothing after the `+` counts."""

_NUGET = re.compile(r"([0-9]+)(?:\.([0-9]+))?(?:\.([0-9]+))?(?:\.([0-9]+))?(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?")
"""SemVer with one to four numbers."""

_MAVEN = re.compile(r"([0-9]+)|([^0-9.-]+)")
_MAVEN_SHORT = re.compile(r"(?<![a-z])[abm](?=[0-9])")
_MAVEN_LONG = {"a": "alpha", "b": "beta", "m": "milestone"}
_MAVEN_WORDS = {"alpha": 1, "beta": 2, "milestone": 3, "rc": 4, "cr": 4, "snapshot": 5, "ga": 6, "final": 6, "release": 6, "sp": 7}
"""Words that have a place of their own, in that order; the release itself is 6, other words follow (8), then numbers (9)."""

Key = tuple[object, ...]
"""Compares as its version does, within one scheme."""


def compare(purl_type: str, left: str, right: str) -> int:
    """-1 where `left` is the lower version in the order of the PURL type, 0 where they are equal, 1 where it is the higher.

    >>> compare("deb", "1.0~rc1-1", "1.0-1"), compare("apk", "1.2_p1-r0", "1.2-r5"), compare("pypi", "1.0.0", "1")
    (-1, 1, 0)
    """
    keys: tuple[Key, Key] | None = None
    if purl_type == "alpm":
        keys = _alpm_keys(left, right)
    elif purl_type == "apk":
        keys = _apk_keys(left, right)
    elif purl_type == "pypi":
        keys = _pypi_keys(left, right)
    elif purl_type == "rpm":
        keys = _rpm_key(left), _rpm_key(right)
    elif purl_type in {"cargo", "golang", "npm"}:
        keys = _semver_keys(_SEMVER, left, right)
    elif purl_type == "nuget":
        keys = _semver_keys(_NUGET, left.lower(), right.lower())  # its labels know no letter case
    elif purl_type == "maven":
        keys = _maven_key(left), _maven_key(right)
    low, high = keys or (_dpkg_key(left), _dpkg_key(right))
    return (low > high) - (low < high)


def _value(digits: str) -> tuple[int, str]:
    """A number of any length by its value: `int` refuses more than 4,300 digits."""
    digits = digits.lstrip("0")
    return len(digits), digits


def _dpkg_key(version: str) -> Key:
    """Debian Policy 5.6.12: epoch, upstream version, revision; a missing epoch or revision is as good as 0."""
    epoch, rest = _epoch_and_rest(version)
    upstream, dash, revision = rest.rpartition("-")
    return _value(epoch), _dpkg_part(upstream if dash else rest), _dpkg_part(revision if dash else "")


def _epoch_and_rest(version: str) -> tuple[str, str]:
    epoch, colon, rest = version.partition(":")
    return (epoch, rest) if colon and epoch.isascii() and epoch.isdigit() else ("", version)


def _dpkg_part(text: str) -> Key:
    """Runs of other characters and of digits by turns; `~` sorts before the end, letters before all else."""
    pairs = [(_dpkg_order(other), _value(digits)) for other, digits in _PAIRS.findall(text)]
    empty = _dpkg_order(""), _value("")
    while pairs and pairs[-1] == empty:
        pairs.pop()
    return (*pairs, empty)


def _dpkg_order(text: str) -> tuple[int, ...]:
    return (*(-1 if char == "~" else ord(char) if char.isascii() and char.isalpha() else ord(char) + 256 for char in text), 0)


def _rpm_key(version: str) -> Key:
    """As rpmVersionCompare has it: epoch, version, release; a missing epoch is 0, a missing release below every other."""
    epoch, _, rest = version.rpartition(":")
    upstream, dash, release = rest.rpartition("-")
    return _value(epoch), _rpm_part(upstream if dash else rest), bool(dash), _rpm_part(release if dash else "")


def _rpm_part(text: str) -> Key:
    """Runs of letters and of digits (rpmvercmp), in their order: `~`, the end, `^`, letters, numbers; all else only parts them."""
    return (*(_rpm_run(run) for run in _RPM_RUNS.findall(text)), (0,))


def _rpm_run(run: str) -> Key:
    return (3, _value(run)) if run.isdigit() else ({"~": -1, "^": 1}.get(run, 2), run)


def _alpm_keys(left: str, right: str) -> tuple[Key, Key]:
    """libalpm: epoch, pkgver, and pkgrel where both have one."""
    *low, low_release = _alpm_parts(left)
    *high, high_release = _alpm_parts(right)
    if low_release and high_release:
        return (*low, low_release), (*high, high_release)
    return tuple(low), tuple(high)


def _alpm_parts(version: str) -> tuple[Key, Key, Key | None]:
    epoch, rest = _epoch_and_rest(version)
    upstream, dash, release = rest.rpartition("-")
    return _value(epoch), _alpm_part(upstream if dash else rest), _alpm_part(release) if dash else None


def _alpm_part(text: str) -> Key:
    """Runs of letters and of digits: letters right after digits, the end, then by how many separators stand before, letters first."""
    key: list[object] = []
    separators = 0
    for run in _ALPM_RUNS.findall(text):
        if not run[0].isalnum() or not run.isascii():
            separators = len(run)
            continue
        if run.isdigit():
            key.append((2 + separators, True, _value(run)))
        else:
            key.append((2 + separators, False, run) if separators else (0, run))
        separators = 0
    return (*key, (1,))


def _apk_keys(left: str, right: str) -> tuple[Key, Key] | None:
    """None unless apk-tools would take both for versions."""
    low, high = _APK.fullmatch(left), _APK.fullmatch(right)
    return (_apk_key(low), _apk_key(high)) if low and high else None


def _apk_key(version: re.Match[str]) -> Key:
    """apk-tools 3, src/version.c: a number with a leading zero after the first is compared as a decimal fraction would be."""
    key: list[object] = [_value(version["first"])]
    numbers = version["rest"].split(".")[1:]
    key.extend((_NUMBER, (1, digits) if digits.startswith("0") else (2, _value(digits))) for digits in numbers)
    if version["letter"]:
        key.append((_LETTER, version["letter"]))
    for suffix, digits in _APK_SUFFIX.findall(version["suffixes"]):
        key.append(_APK_SUFFIXES[suffix])
        if digits:
            key.append((_SUFFIX_NUMBER, _value(digits)))
    if version["commit"]:
        key.append((_COMMIT, version["commit"]))
    if version["revision"]:
        key.append((_REVISION, _value(version["revision"])))
    return (*key, (_END,))


def _pypi_keys(left: str, right: str) -> tuple[Key, Key] | None:
    """None unless both are versions of PEP 440."""
    from packaging.version import InvalidVersion, Version

    try:
        return (Version(left),), (Version(right),)
    except InvalidVersion:
        return None


def _semver_keys(grammar: re.Pattern[str], left: str, right: str) -> tuple[Key, Key] | None:
    """None unless both are versions of SemVer, or of NuGet's form of it."""
    low, high = grammar.fullmatch(left), grammar.fullmatch(right)
    return (_semver_key(low), _semver_key(high)) if low and high else None


def _semver_key(version: re.Match[str]) -> Key:
    """The numbers; then a release after its pre-releases, whose numbers go before words and whose longer ones after shorter."""
    *numbers, before = version.groups()
    identifiers = [(0, _value(part)) if part.isdigit() else (1, part) for part in before.split(".")] if before else []
    return (*(_value(number or "") for number in numbers), (0, *identifiers) if before else (1,))


def _maven_key(version: str) -> Key:
    """What Maven's ComparableVersion makes of usual versions.

    It tells dots from dashes, which this does not: of 500 of its vectors one is wrong.
    """
    key: list[tuple[int, object]] = []
    zero = (9, _value(""))
    for digits, word in _MAVEN.findall(_MAVEN_SHORT.sub(lambda match: _MAVEN_LONG[match[0]], version.lower())):
        while word and key and key[-1] == zero:
            key.pop()
        rank = _MAVEN_WORDS.get(word, 8)
        key.append((9, _value(digits)) if digits else (rank, word if rank == 8 else ""))
    while key and key[-1] in {zero, (6, "")}:
        key.pop()
    return (*key, (6, ""))
