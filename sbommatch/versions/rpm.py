"""RPM: versions as rpm orders them (`rpmVersionCompare`, and `rpmvercmp` for each part): `[epoch:]version[-release]`.

Key: epoch (0 where there is none), version, then 00 where there is no release, or 01 and the release. Version and release are cut in runs:

    01 `~` | 02 the end | 03 `^` | 04 letters, as text | a number

All other characters only separate. Two rules of bounds:

- `any_release`: a bound without a release is rpm's own `<= 1.2`, which takes in every release of 1.2 (`end_of`). As a version it stands
  below all of them, as `rpm.labelCompare` has it.
- `epoch_assumed` is the caller's: an SBOM whose producer did not read the rpm database may lack epochs that the packages have. Its versions
  without one are given no key; the caller puts the epoch of the bound before them and asks `compare`.
"""

import re
from functools import cache
from typing import ClassVar

from sbommatch.versions.numbers import Magnitude, Memo, magnitude, number, refusal, sign, text

_GRAMMAR = r"(?:([0-9]*+):)?+([0-9A-Za-z._+%{}~^:\x80-\U0010FFFF-]*+)"
"""An epoch, and the rest: what rpm lets stand in a version; and what is not ASCII, which old packages have and `rpmvercmp` skips."""

_TILDE = b"\x01"
_END = b"\x02"
_CARET = b"\x03"
_LETTERS = b"\x04"

_NO_RELEASE = b"\x00"
_RELEASE = b"\x01"
_PAST_RELEASES = b"\xff"


class RpmScheme:
    """rpm. What rpm would not let into a package, such as the `(none)` that it prints for a missing epoch, is no version."""

    name: ClassVar[str] = "rpm"
    title: ClassVar[str] = "RPM distributions: as rpm's labelCompare"
    synonyms: ClassVar[tuple[str, ...]] = (
        "AlmaLinux",
        "Azure Linux",
        "Mageia",
        "openEuler",
        "openSUSE",
        "Photon OS",
        "Red Hat",
        "Rocky Linux",
        "SUSE",
    )

    def key(self, version: str) -> bytes:
        """See `Scheme`; declines nothing."""
        epoch, upstream, release = _parse(version)
        return number(epoch) + _part(upstream) + (_NO_RELEASE if release is None else _RELEASE + _RELEASES[release])

    def compare(self, left: str, right: str) -> int:
        """See `Scheme`."""
        return sign(_order(*_parse(left)), _order(*_parse(right)))

    def end_of(self, version: str) -> bytes:
        """The next key, or past every release where the version has none."""
        return self.end_of_upstream(version) if _parse(version)[2] is None else self.key(version) + b"\x00"

    def end_of_upstream(self, version: str) -> bytes:
        """Past every release of this epoch and version."""
        epoch, upstream, _ = _parse(version)
        return number(epoch) + _part(upstream) + _PAST_RELEASES


@cache
def _grammar() -> re.Pattern[str]:
    return re.compile(_GRAMMAR)


@cache
def _runs() -> re.Pattern[str]:
    return re.compile(r"[0-9]+|[A-Za-z]+|[~^]")


def _parse(version: str) -> tuple[str, str, str | None]:
    """Epoch, empty where absent, version, and release, None where absent."""
    match = _grammar().match(version)
    if match is None or match.end() != len(version):
        raise refusal(version, "RPM", match.end() if match else 0)
    upstream, dash, release = match[2].rpartition("-")
    if not dash:
        upstream = release
    if not upstream:
        raise refusal(version, "RPM", match.start(2))
    return match[1] or "", upstream, release if dash else None


def _part(part: str) -> bytes:
    return b"".join(map(_ENCODED.__getitem__, _runs().findall(part))) + _END


def _run(run: str) -> bytes:
    if run.isdigit():
        return number(run)
    return {"~": _TILDE, "^": _CARET}.get(run) or _LETTERS + text(run)


_ENCODED = Memo(_run)
_RELEASES = Memo(_part)

_Segment = tuple[int, Magnitude, str]


def _order(epoch: str, upstream: str, release: str | None) -> tuple[Magnitude, list[_Segment], bool, list[_Segment]]:
    """Follows `rpmVersionCompare` of rpm, not the key above."""
    return magnitude(epoch), _segments(upstream), release is not None, _segments(release or "")


def _segments(part: str) -> list[_Segment]:
    """What `rpmvercmp` looks at, and the end, in its order: `~`, the end, `^`, letters, numbers."""
    return [*map(_segment, _runs().findall(part)), (0, (0, ""), "")]


def _segment(run: str) -> _Segment:
    if run.isdigit():
        return 3, magnitude(run), ""
    return {"~": -1, "^": 1}.get(run, 2), (0, ""), run
