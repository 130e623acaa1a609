"""Debian's notices: the lists of DSAs, DLAs and DTSAs in the tracker's repository (`data/DSA/list`).

    [29 Mar 2023] DSA-5380-1 xorg-server - security update
            {CVE-2023-1393}
            [bullseye] - xorg-server 2:1.20.11-1+deb11u6

They are needed beside the tracker's JSON, which knows supported releases only. Instead of a version there may stand `<not-affected>`, which
clears, `<unfixed>` or `<end-of-life>`; a notice that says nothing of versions is a note.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from hashlib import sha256

from sbommatch.advisory import Advisory, Affected, Event, EventKind, FixState, NameKind, Range, State
from sbommatch.formats._format import FeedContext
from sbommatch.formats.debian_tracker import RELEASES
from sbommatch.problem import Problem, ProblemCode

_HEAD = re.compile(r"\[(?P<date>[^\]]+)\] (?P<id>D(?:S|L|TS)A-\d+(?:-\d+)?)\s+(?P<title>.*)")
_CVES = re.compile(r"\s+\{(?P<names>[^}]*)\}\s*")
_FIX = re.compile(r"\s+\[(?P<release>[a-z]+)\] - (?P<package>\S+) (?P<version>\S+)(?:\s.*)?")
_REMARK = re.compile(r"\s+(?:NOTE|TODO|RESERVED|REJECTED|\[)")

_STATES = {"<unfixed>": FixState.NOT_FIXED, "<no-dsa>": FixState.NOT_FIXED, "<end-of-life>": FixState.EOL, "<ignored>": FixState.WONT_FIX}
_UNKNOWN = frozenset({"<undetermined>", "<removed>", "<itp>", "<postponed>"})
_NOT_AFFECTED = "<not-affected>"


class _Notice:
    """A notice that is being read."""

    def __init__(self, head: re.Match[str], line: int) -> None:
        self.identifier, self.title, self.date = head["id"], head["title"], head["date"]
        self.line = line
        self.names: list[str] = []
        self.affected: list[Affected] = []
        self.text = [head[0]]


class DebianNoticesFormat:
    """The format `debian-notices`."""

    name = "debian-notices"
    suffixes: tuple[str, ...] = ("/DSA/list", "/DLA/list", "/DTSA/list")

    def read(self, document: bytes, where: str, context: FeedContext) -> Iterator[Advisory | Problem]:
        """The notices in the list's order."""
        try:
            lines = document.decode().splitlines()
        except UnicodeDecodeError as exc:
            yield Problem(ProblemCode.BAD_RECORD, where, f"no list of notices: {exc}", loss=True)
            return
        notice: _Notice | None = None
        for number, line in enumerate(lines, 1):
            if head := _HEAD.fullmatch(line):
                if notice:
                    yield from _done(notice, where, context)
                notice = _Notice(head, number)
            elif line.strip() and (notice is None or not _take(line, notice)):
                yield Problem(ProblemCode.BAD_RECORD, f"{where}: line {number}", f"no line of a notice: {line.strip()[:80]!r}", loss=True)
        if notice:
            yield from _done(notice, where, context)
        elif not lines:
            yield Problem(ProblemCode.BAD_RECORD, where, "no list of notices: it is empty", loss=True)


def _take(line: str, notice: _Notice) -> bool:
    """Adds a line to a notice; whether it is one of the kinds that there are."""
    notice.text.append(line)
    if names := _CVES.fullmatch(line):
        notice.names += names["names"].split()
    elif fix := _FIX.fullmatch(line):
        if row := _row(fix):
            notice.affected.append(row)
    elif not _REMARK.match(line):
        return False
    return True


def _row(fix: re.Match[str]) -> Affected | None:
    """None of a release that has no number, and where nothing is known."""
    release, version = RELEASES.get(fix["release"]), fix["version"]
    if release is None or version in _UNKNOWN:
        return None
    is_fixed = not version.startswith("<")
    events: tuple[Event, ...] = (Event(EventKind.INTRODUCED, "0"),)
    return Affected(
        namespace=f"debian:{release}",
        name=fix["package"],
        name_kind=NameKind.SOURCE,
        scheme="deb",
        ranges=(Range("deb", (*events, Event(EventKind.FIXED, version)), f"<{version}") if is_fixed else Range("deb", events, "*"),),
        state=State.NOT_AFFECTED if version == _NOT_AFFECTED else State.AFFECTED,
        fix_state=None if is_fixed else _STATES.get(version),
    )


def _done(notice: _Notice, where: str, context: FeedContext) -> Iterator[Advisory | Problem]:
    if not notice.affected:
        place = f"{where}: line {notice.line}"
        yield Problem(ProblemCode.NO_PACKAGES, place, f"{notice.identifier} says nothing of versions", loss=False)
        return
    yield Advisory(
        id=notice.identifier,
        feed=context.feed,
        cves=tuple(sorted({name for name in notice.names if name.startswith("CVE-")})),
        related=tuple(name for name in dict.fromkeys(notice.names) if not name.startswith("CVE-")),
        affected=tuple(dict.fromkeys(notice.affected)),
        summary=notice.title,
        references=(f"https://security-tracker.debian.org/tracker/{notice.identifier}",),
        published=_date(notice.date),
        record_sha256=sha256("\n".join(notice.text).encode()).hexdigest(),
    )


def _date(text: str) -> str | None:
    try:
        return datetime.strptime(text, "%d %b %Y").date().isoformat()  # noqa: DTZ007  a day has no time zone
    except ValueError:
        return None
