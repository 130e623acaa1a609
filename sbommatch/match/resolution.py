"""From the rows that a component met to its findings and its verdict.

A finding is one component and one vulnerability group, however many records of the group matched: the best-sourced record speaks, the
others stand beside it. Best-sourced: a feed of the distribution itself before a copy of it (OSV), a complete feed before a partial one, a
match without assumptions before one with, then the record's identifier.

A row that says *not affected* and applies closes its groups for the component: no finding of them is left, whoever else speaks of them.
Only where one feed says of the package itself that it is affected, what it says of the package's source closes nothing.

Of several channels of updates those that the package belongs to count before the base; others only where the base is silent: see
`sbommatch.match.channels`.
"""

import re
from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from sbommatch.advisory import FixState, NameKind, State
from sbommatch.match.channels import goes_on_with_the_base
from sbommatch.match.model import (
    ChannelFix,
    ComponentResult,
    Finding,
    FindingSeverity,
    FindingStatus,
    Fix,
    Identity,
    Match,
    NotChecked,
    Unchecked,
    Verdict,
)
from sbommatch.match.risk import risk_of
from sbommatch.match.severity import severity_of
from sbommatch.store.model import EPOCH_ASSUMED, Candidate, FeedStatus, Group, Lookup

Met = tuple[Lookup, Candidate]
"""A lookup, and a row that it met."""

OSV_PREFIX = "osv"
"""OSV's feeds (`osv-debian`) are copies of what a distribution says itself."""

COMPLETENESS = ("full", "fixes_only", "partial")
"""Best first. A partial feed gives findings, but makes nothing *checked*."""

PARTIAL = "partial"

FIXED = "fixed"
"""The state of a row of one of the package's own channels whose fix it has."""

KERNEL_HEADERS = "kernel_headers"
"""The rule of packages that are built from a kernel's source and have none of its code: findings by that source's name are silenced."""

DEBUG_PACKAGE = "debug_package"
"""The rule of packages that hold symbols and sources for debuggers only, likewise."""

_KERNEL_SOURCE = re.compile(r"linux|linux-.+|kernel|kernel-.+")
_KERNEL_HEADERS = re.compile(
    r"linux-(?:.+-)?headers(?:-.+)?|linux-libc-dev(?:-.+)?|linux-kbuild-.+|linux-(?:.+-)?(?:doc|source)(?:-.+)?|kernel-(?:.+-)?(?:headers|doc)"
)
_DEBUG_PACKAGE = re.compile(r".+-(?:dbg|dbgsym|debuginfo|debugsource)")


class Resolver:
    """Resolves components against what the database knows of feeds and groups; one for a run, so that a group's severity is judged once.

    `groups`: by advisory_id. `unplaceable`: the coordinates of which no record at all can be placed. `spoken_of`: by lookups' questions
    what the base speaks of, as groups are called, for lookups that met rows of channels.
    """

    def __init__(
        self,
        feeds: Sequence[FeedStatus],
        groups: Mapping[int, Sequence[Group]],
        unplaceable: frozenset[bytes] = frozenset(),
        spoken_of: Mapping[tuple[object, ...], frozenset[str]] | None = None,
    ) -> None:
        self._completeness = {feed.name: COMPLETENESS.index(feed.completeness) for feed in feeds}
        self._groups = groups
        self._unplaceable = unplaceable
        self._spoken_of = spoken_of or {}
        self._covering: dict[str, tuple[str, ...]] = {}
        self._feeds = sorted((feed for feed in feeds if feed.completeness != PARTIAL), key=lambda feed: feed.name)
        self._severities: dict[tuple[int, tuple[str, ...]], tuple[FindingSeverity, float | None]] = {}

    def resolve(self, identity: Identity, met: Sequence[Met]) -> tuple[ComponentResult, tuple[Finding, ...]]:
        """A component's verdict and its findings, in the order of their identifiers."""
        by_group: dict[int, tuple[Group, list[Met]]] = {}
        for pair in sorted((pair for pair in met if not pair[1].unplaced), key=self._rank):
            for group in self._groups[pair[1].advisory_id]:
                by_group.setdefault(group.group_id, (group, []))[1].append(pair)
        rule = _codeless(identity.component.name) if by_group else None
        findings, cleared = [], []
        for group, said in by_group.values():
            standing = self._standing(group.display, said)
            if standing is None:
                cleared.append(group.display)
            elif standing:
                finding = self._finding(identity, group, standing, said)
                findings.append(_silenced(finding, rule, standing) if rule else finding)
        findings.sort(key=lambda finding: finding.id)
        return self._result(identity, met, findings, tuple(sorted(cleared))), tuple(findings)

    def _rank(self, met: Met) -> tuple[object, ...]:
        candidate = met[1]
        return (
            candidate.feed.startswith(OSV_PREFIX),
            self._completeness[candidate.feed],
            not candidate.exact,
            candidate.record,
            candidate.feed,
            candidate.rule != "interval",
            candidate.raw,
            candidate.rule,
        )

    def _standing(self, display: str, said: list[Met]) -> list[Met] | None:
        """The rows of a group that make a finding; None where one closes it."""
        if all(row.state == State.AFFECTED and row.channel is None for _, row in said):
            return said
        own = [(lookup, row) for lookup, row in said if row.channel in lookup.channels]
        base = [(lookup, row) for lookup, row in said if row.channel is None]
        if own:
            affected = [pair for pair in own if pair[1].state == State.AFFECTED]
            return [*affected, *(pair for pair in base if pair[1].state == State.AFFECTED)] if affected else None
        if base:
            return None if _closes(base) else [pair for pair in base if pair[1].state == State.AFFECTED]
        return [
            (lookup, row)
            for lookup, row in said
            if row.state == State.AFFECTED
            and goes_on_with_the_base(row.channel or "")
            and display not in self._spoken_of.get(lookup.question, ())
        ]

    def _finding(self, identity: Identity, group: Group, standing: Sequence[Met], said: Sequence[Met]) -> Finding:
        component = identity.component
        matches = tuple(_match(lookup, row) for lookup, row in standing)
        feeds = tuple(row.feed for _, row in standing)
        if len(standing) > 1:  # most findings have one row, and hashing it costs more than all else here
            matches, feeds = tuple(dict.fromkeys(matches)), tuple(dict.fromkeys(feeds))
        severity, risk = self._severity(group, feeds)
        return Finding(
            ref=component.ref,
            id=group.display,
            ids=group.ids,
            match=matches[0],
            also=matches[1:],
            fix=fix_of(standing, () if said is standing else said),
            severity=severity,
            hidden=not component.visible,
            kev=group.kev,
            epss=group.epss,
            risk=risk,
        )

    def _severity(self, group: Group, feeds: tuple[str, ...]) -> tuple[FindingSeverity, float | None]:
        key = (group.group_id, feeds)
        if key not in self._severities:
            severity = severity_of(group.severities, feeds)
            self._severities[key] = severity, risk_of(severity, group.kev, group.epss)
        return self._severities[key]

    def _result(self, identity: Identity, met: Sequence[Met], findings: Sequence[Finding], cleared: tuple[str, ...]) -> ComponentResult:
        feeds = tuple(self._covering_feeds(lookup) for lookup in identity.lookups)
        reason = None if findings else identity.reason or self._unchecked_reason(identity, feeds)
        verdict = Verdict.NOT_CHECKED if reason else Verdict.CLEARED if cleared else Verdict.NO_MATCH
        return ComponentResult(
            component=identity.component,
            verdict=Verdict.AFFECTED if findings else verdict,
            reason=reason,
            unchecked=_unchecked(met),
            lookups=identity.lookups,
            feeds=feeds,
            cleared=cleared,
        )

    def _unchecked_reason(self, identity: Identity, feeds: Sequence[tuple[str, ...]]) -> NotChecked | None:
        if not any(feeds):
            return NotChecked.NO_FEED
        unplaceable = bool(identity.lookups) and identity.lookups[0].coordinate_id in self._unplaceable
        return NotChecked.UNPLACED_BOUND if unplaceable else None

    def _covering_feeds(self, lookup: Lookup) -> tuple[str, ...]:
        """The feeds by which packages of that namespace count as checked."""
        if lookup.namespace not in self._covering:
            self._covering[lookup.namespace] = tuple(feed.name for feed in self._feeds if lookup.namespace in feed.covers)
        return self._covering[lookup.namespace]


def _closes(base: Sequence[Met]) -> bool:
    """Whether a row says *not affected*, and is not of the source where the same feed says otherwise of the package itself."""
    affected_itself = {row.feed for lookup, row in base if row.state == State.AFFECTED and lookup.name_kind is NameKind.BINARY}
    return any(
        row.state == State.NOT_AFFECTED and not (lookup.name_kind is NameKind.SOURCE and row.feed in affected_itself)
        for lookup, row in base
    )


def _codeless(name: str) -> str | None:
    """The rule for packages of that name that hold no code of their source."""
    if _KERNEL_HEADERS.fullmatch(name):
        return KERNEL_HEADERS
    return DEBUG_PACKAGE if _DEBUG_PACKAGE.fullmatch(name) else None


def _silenced(finding: Finding, rule: str, standing: Sequence[Met]) -> Finding:
    """Suppressed, where it was found by the name of a source only, and that is a kernel's if the rule is about kernels."""
    sources = {lookup.name for lookup, _ in standing if lookup.name_kind is NameKind.SOURCE}
    if any(lookup.name_kind is not NameKind.SOURCE for lookup, _ in standing) or (
        rule == KERNEL_HEADERS and not all(map(_KERNEL_SOURCE.fullmatch, sources))
    ):
        return finding
    return replace(finding, status=FindingStatus.SUPPRESSED, suppressed_by=(rule,))


def fix_of(standing: Sequence[Met], said: Sequence[Met] = ()) -> Fix:
    """What the best-sourced record that says anything of a fix says of it; the best-sourced rows come first.

    A fix that comes by a channel which the package is not known to get is none; it is named beside. `said`: all rows of the group, where
    not all of them stand.
    """
    if len(standing) == 1 and not said and (row := standing[0][1]).channel is None:  # as for most findings
        return Fix(FixState.FIXED, (row.fix,)) if row.fix and row.fix_state is not FixState.UNKNOWN else Fix(row.fix_state, ())
    rows = [row for lookup, row in standing if row.channel is None or row.channel in lookup.channels]
    channels: dict[str, set[str]] = {}
    for lookup, row in (*standing, *said):
        if row.channel and row.fix and row.channel not in lookup.channels:
            channels.setdefault(row.channel, set()).add(row.fix)
    elsewhere = tuple(sorted(ChannelFix(channel, tuple(sorted(versions))) for channel, versions in channels.items()))
    if not rows:
        return Fix(FixState.NOT_FIXED, (), elsewhere)
    telling = next((row for row in rows if row.fix_state is not FixState.UNKNOWN), None)
    if telling is None:
        return Fix(FixState.UNKNOWN, (), elsewhere)
    versions = {row.fix for row in rows if (row.feed, row.record) == (telling.feed, telling.record) and row.fix}
    return Fix(FixState.FIXED if versions else telling.fix_state, tuple(sorted(versions)), elsewhere)


def _match(lookup: Lookup, row: Candidate) -> Match:
    assumed = next((rule for rule in lookup.assumes if rule != EPOCH_ASSUMED), None)
    return Match(
        feed=row.feed,
        record=row.record,
        rule=assumed or row.rule,
        namespace=row.namespace,
        name=row.name,
        version=lookup.raw_version,
        range=row.raw,
        exact=row.exact and not assumed,
        channel=row.channel,
    )


def _unchecked(met: Sequence[Met]) -> tuple[Unchecked, ...]:
    """The records of which no row could be placed: one that another row of the same record settles was checked."""
    unplaced = {(row.feed, row.record) for _, row in met if row.unplaced}
    if not unplaced:
        return ()
    settled = {(row.feed, row.record) for _, row in met if not row.unplaced}
    return tuple(sorted(Unchecked(feed, record, NotChecked.UNPLACED_BOUND) for feed, record in unplaced - settled))
