"""From the rows that a component met to its findings and its verdict.

A finding is one component and one vulnerability group, however many records of the group matched: the best-sourced record speaks, the
others stand beside it. Best-sourced: a feed of the distribution itself before a copy of it (OSV), a complete feed before a partial one, a
match without assumptions before one with, then the record's identifier.

A row that says *not affected* and applies closes its groups for the component: no finding of them is left, whoever else speaks of them.
"""

from collections.abc import Mapping, Sequence

from sbommatch.advisory import FixState, State
from sbommatch.match.model import (
    ComponentResult,
    Finding,
    FindingSeverity,
    Fix,
    Identity,
    Match,
    NotChecked,
    Unchecked,
    Verdict,
)
from sbommatch.match.severity import severity_of
from sbommatch.sbom.component import Component
from sbommatch.store.model import Candidate, FeedStatus, Group, Lookup

OSV_PREFIX = "osv"
"""OSV's feeds (`osv-debian`) are copies of what a distribution says itself."""

COMPLETENESS = ("full", "fixes_only", "partial")
"""Best first. A partial feed gives findings, but makes nothing *checked*."""

PARTIAL = "partial"


class Resolver:
    """Resolves components against what the database knows of feeds and groups; one for a run, so that a group's severity is judged once.

    `groups`: by advisory_id. `unplaceable`: the coordinates of which no record at all can be placed.
    """

    def __init__(
        self, feeds: Sequence[FeedStatus], groups: Mapping[int, Sequence[Group]], unplaceable: frozenset[bytes] = frozenset()
    ) -> None:
        self._completeness = {feed.name: COMPLETENESS.index(feed.completeness) for feed in feeds}
        self._groups = groups
        self._unplaceable = unplaceable
        self._covering: dict[str, tuple[str, ...]] = {}
        self._feeds = sorted((feed for feed in feeds if feed.completeness != PARTIAL), key=lambda feed: feed.name)
        self._severities: dict[tuple[int, tuple[str, ...]], FindingSeverity] = {}

    def resolve(self, identity: Identity, candidates: Sequence[Candidate]) -> tuple[ComponentResult, tuple[Finding, ...]]:
        """A component's verdict and its findings, in the order of their identifiers."""
        placed = sorted((candidate for candidate in candidates if not candidate.unplaced), key=self._rank)
        closed = {group.group_id for row in placed if row.state == State.NOT_AFFECTED for group in self._groups[row.advisory_id]}
        open_rows: dict[int, tuple[Group, list[Candidate]]] = {}
        for row in placed:
            for group in self._groups[row.advisory_id] if row.state == State.AFFECTED else ():
                if group.group_id not in closed:
                    open_rows.setdefault(group.group_id, (group, []))[1].append(row)
        versions = {(lookup.namespace, lookup.name): lookup.raw_version for lookup in identity.lookups}
        found = (self._finding(identity.component, group, rows, versions) for group, rows in open_rows.values())
        findings = sorted(found, key=lambda finding: finding.id)
        return self._result(identity, candidates, findings, cleared=bool(closed)), tuple(findings)

    def _rank(self, candidate: Candidate) -> tuple[object, ...]:
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

    def _finding(self, component: Component, group: Group, rows: Sequence[Candidate], versions: Mapping[tuple[str, str], str]) -> Finding:
        matches = tuple(dict.fromkeys(_match(row, versions[row.namespace, row.name]) for row in rows))
        return Finding(
            ref=component.ref,
            id=group.display,
            ids=group.ids,
            match=matches[0],
            also=matches[1:],
            fix=fix_of(rows),
            severity=self._severity(group, tuple(dict.fromkeys(row.feed for row in rows))),
            hidden=not component.visible,
        )

    def _severity(self, group: Group, feeds: tuple[str, ...]) -> FindingSeverity:
        key = (group.group_id, feeds)
        if key not in self._severities:
            self._severities[key] = severity_of(group.severities, feeds)
        return self._severities[key]

    def _result(
        self, identity: Identity, candidates: Sequence[Candidate], findings: Sequence[Finding], *, cleared: bool
    ) -> ComponentResult:
        unchecked = _unchecked(candidates)
        feeds = tuple(self._covering_feeds(lookup) for lookup in identity.lookups)
        reason = None if findings else identity.reason or self._unchecked_reason(identity, feeds)
        verdict = Verdict.NOT_CHECKED if reason else Verdict.CLEARED if cleared else Verdict.NO_MATCH
        return ComponentResult(
            component=identity.component,
            verdict=Verdict.AFFECTED if findings else verdict,
            reason=reason,
            unchecked=unchecked,
            lookups=identity.lookups,
            feeds=feeds,
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


def fix_of(rows: Sequence[Candidate]) -> Fix:
    """What the best-sourced record that says anything of a fix says of it; the best-sourced rows come first."""
    telling = next((row for row in rows if row.fix_state is not FixState.UNKNOWN), None)
    if telling is None:
        return Fix(FixState.UNKNOWN, ())
    versions = {row.fix for row in rows if (row.feed, row.record) == (telling.feed, telling.record) and row.fix}
    return Fix(FixState.FIXED if versions else telling.fix_state, tuple(sorted(versions)))


def _match(row: Candidate, version: str) -> Match:
    return Match(
        feed=row.feed,
        record=row.record,
        rule=row.rule,
        namespace=row.namespace,
        name=row.name,
        version=version,
        range=row.raw,
        exact=row.exact,
    )


def _unchecked(candidates: Sequence[Candidate]) -> tuple[Unchecked, ...]:
    """The records of which no row could be placed: one that another row of the same record settles was checked."""
    settled = {(row.feed, row.record) for row in candidates if not row.unplaced}
    records = {(row.feed, row.record) for row in candidates if row.unplaced} - settled
    return tuple(sorted(Unchecked(feed, record, NotChecked.UNPLACED_BOUND) for feed, record in records))
