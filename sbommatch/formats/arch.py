"""Arch Linux: the groups of its security tracker (https://security.archlinux.org/all.json).

    [{"name": "AVG-1324", "packages": ["glibc"], "affected": "2.38-1", "fixed": "2.38-2", "status": "Fixed", "issues": ["CVE-2023-4911"]}]

`affected` is the version that was looked at, not the first that is affected. `Not affected` clears; `Vulnerable` and `Testing` have no
fix yet.
"""

from collections.abc import Iterator
from hashlib import sha256

import msgspec
from msgspec import Raw, Struct

from sbommatch.advisory import Advisory, Affected, Event, EventKind, FixState, NameKind, Range, Severity, State
from sbommatch.formats._format import FeedContext
from sbommatch.problem import Problem, ProblemCode

_STATES = {"Fixed": None, "Vulnerable": FixState.NOT_FIXED, "Testing": FixState.NOT_FIXED, "Unknown": FixState.UNKNOWN}
_NOT_AFFECTED = "Not affected"


class _Group(Struct, frozen=True):
    name: str
    packages: tuple[str, ...]
    status: str
    fixed: str | None = None
    severity: str | None = None
    type: str | None = None
    issues: tuple[str, ...] = ()
    advisories: tuple[str, ...] = ()


class ArchFormat:
    """The format `arch`."""

    name = "arch"
    suffixes: tuple[str, ...] = (".json",)

    def read(self, document: bytes, where: str, context: FeedContext) -> Iterator[Advisory | Problem]:
        """An advisory for each group."""
        try:
            groups = msgspec.json.decode(document, type=tuple[Raw, ...])
        except (ValueError, RecursionError) as exc:
            yield Problem(ProblemCode.BAD_RECORD, where, f"no list of groups: {exc}", loss=True)
            return
        for index, raw in enumerate(groups):
            try:
                group = msgspec.json.decode(raw, type=_Group)
            except (ValueError, RecursionError) as exc:
                yield Problem(ProblemCode.BAD_RECORD, f"{where}: [{index}]", f"no group: {exc}", loss=True)
                continue
            if group.status not in _STATES and group.status != _NOT_AFFECTED:
                yield Problem(ProblemCode.BAD_RECORD, f"{where}: {group.name}", f"status {group.status!r}", loss=True)
                continue
            yield _advisory(group, bytes(raw), context)


def _advisory(group: _Group, raw: bytes, context: FeedContext) -> Advisory:
    cves = tuple(sorted({issue for issue in group.issues if issue.startswith("CVE-")}))
    severity = (group.severity or "").lower()
    return Advisory(
        id=group.name,
        feed=context.feed,
        aliases=cves if len(cves) == 1 else (),
        cves=cves,
        related=group.advisories,
        affected=tuple(_affected(name, group) for name in group.packages),
        severities=(Severity("label", severity, context.feed),) if severity and severity != "unknown" else (),
        summary=group.type or "",
        references=(f"https://security.archlinux.org/{group.name}",),
        record_sha256=sha256(raw).hexdigest(),
    )


def _affected(name: str, group: _Group) -> Affected:
    events: tuple[Event, ...] = (Event(EventKind.INTRODUCED, "0"),)
    fixed = group.fixed if group.status == "Fixed" else None
    if fixed:
        events = (*events, Event(EventKind.FIXED, fixed))
    return Affected(
        namespace="arch:rolling",
        name=name,
        name_kind=NameKind.BINARY,
        scheme="alpm",
        ranges=(Range("alpm", events, f"<{fixed}" if fixed else "*"),),
        state=State.NOT_AFFECTED if group.status == _NOT_AFFECTED else State.AFFECTED,
        fix_state=_STATES.get(group.status),
    )
