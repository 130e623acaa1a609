"""Why a vulnerability was found for a component, or why not.

Every row that the database has for a component's name is told apart: met or not, withdrawn, cleared, fixed, not yet introduced. What the
records of an identifier speak of and the document does not have is told too: absent, there in another release, or there unchecked.
"""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

from msgspec import Struct

from sbommatch.advisory import FixState, State
from sbommatch.ecosystems import DISTRIBUTION_BY_ID
from sbommatch.match.coordinates import names_of
from sbommatch.match.model import ComponentResult, Finding, NotChecked, Verdict
from sbommatch.match.products import is_same
from sbommatch.purl import InvalidPurl, Purl, parse_purl
from sbommatch.sbom.component import Component
from sbommatch.statement import Status
from sbommatch.store.model import FoundRecord, Group, Lookup, Record


class Outcome(StrEnum):
    """What a record, or one row of it, comes to for a version; what matters most first."""

    AFFECTED = "affected"
    CLOSED = "closed"
    """In the range, but another record of the same vulnerability says *not affected*."""
    OTHER_CHANNEL = "other_channel"
    """In the range, but of a channel of updates that the package is not known to belong to, and no finding rests on it."""
    CLEARED = "cleared"
    UNPLACED = "unplaced"
    FIXED = "fixed"
    """At or above the version that fixes it."""
    BELOW_INTRODUCED = "below_introduced"
    OUTSIDE = "outside"
    """Above the last affected version, or none of those listed."""
    OTHER_ARCH = "other_arch"
    OTHER_MODULE = "other_module"
    WITHDRAWN = "withdrawn"
    """The whole record: it does not count."""


RANKS = {outcome: rank for rank, outcome in enumerate(Outcome)}


class ExplainedRow(Struct, frozen=True, kw_only=True):
    """One row of a record."""

    range: str
    rule: str
    """`interval`, `listed`, `compare`, or a named rule of a scheme or format."""
    fix: str | None
    outcome: Outcome
    comparison: str
    """`1.1.1d-r2 >= 1.1.1d-r1`: how the version stands to the row."""


class ExplainedRecord(Struct, frozen=True, kw_only=True):
    """One record, as it bears on one lookup."""

    feed: str
    record: str
    ids: tuple[str, ...]
    """Of all its groups."""
    namespace: str
    name: str
    version: str
    withdrawn: str | None
    outcome: Outcome
    rows: tuple[ExplainedRow, ...]
    """The one that decides first."""


class ExplainedStatement(Struct, frozen=True, kw_only=True):
    """A VEX statement on the vulnerability, as it bears on a component."""

    document: str
    place: str
    status: Status
    justification: str | None
    impact: str | None
    action: str | None
    said_at: str | None
    means: bool
    """Whether the component is one of its products, or in one."""
    counts: bool
    """Whether it decides: it is not where a newer one stands, or one that says otherwise while none is the newer."""


class ExplainedComponent(Struct, frozen=True):
    """A component with its verdict, and the findings, records and statements that the question is about."""

    result: ComponentResult
    findings: tuple[Finding, ...]
    records: tuple[ExplainedRecord, ...]
    statements: tuple[ExplainedStatement, ...] = ()
    """Those that mean the component first."""

    @property
    def answer(self) -> Verdict:
        """The verdict as far as the question goes: a component may be affected by much, and not by what was asked for."""
        outcomes = {record.outcome for record in self.records}
        if self.findings:
            return Verdict.CLEARED if all(finding.is_cleared for finding in self.findings) else Verdict.AFFECTED
        if self.result.reason or Outcome.UNPLACED in outcomes:
            return Verdict.NOT_CHECKED
        spared = any(one.counts and one.status is Status.NOT_AFFECTED for one in self.statements)
        return Verdict.CLEARED if spared or outcomes & {Outcome.CLEARED, Outcome.CLOSED} else Verdict.NO_MATCH


class Why(StrEnum):
    """Why a package that a record speaks of has no answer among the document's components."""

    ABSENT = "absent"
    OTHER_RELEASE = "other_release"
    """The document has it, but of another release of the distribution."""
    NOT_CHECKED = "not_checked"
    """The document has something of that name that could not be asked for."""


class Elsewhere(Struct, frozen=True, kw_only=True, order=True):
    """A package that records speak of, and that no component of the document was asked for as."""

    namespace: str
    name: str
    feed: str
    record: str
    why: Why
    refs: tuple[str, ...]
    """The components that are meant by `why`."""
    releases: tuple[str, ...]
    """The namespaces in which the document has it."""
    reason: NotChecked | None
    """Why the first of them was not checked."""


class Explanation(Struct, frozen=True):
    """The answer to one question."""

    asked: str
    ids: tuple[str, ...]
    """Of the vulnerability asked for; empty where the database does not know it, and for a PURL."""
    components: tuple[ExplainedComponent, ...]
    elsewhere: tuple[Elsewhere, ...]
    vulnerabilities: int = 1
    """How many go by what was asked for: a notice is of several."""


def explained_records(
    lookup: Lookup, rows: Iterable[Record], groups: Mapping[int, Sequence[Group]], findings: Iterable[Finding]
) -> tuple[ExplainedRecord, ...]:
    """The records of one lookup's package, those that matter most first."""
    found = {(match.feed, match.record) for finding in findings for match in (finding.match, *finding.also)}
    by_record: dict[tuple[str, str], list[Record]] = {}
    for row in rows:
        by_record.setdefault((row.feed, row.record), []).append(row)
    records = [_record(lookup, of_record, groups, is_found=key in found) for key, of_record in by_record.items()]
    return tuple(sorted(records, key=lambda record: (RANKS[record.outcome], record.record, record.feed)))


def _record(lookup: Lookup, rows: Sequence[Record], groups: Mapping[int, Sequence[Group]], *, is_found: bool) -> ExplainedRecord:
    first = rows[0]
    ordered = sorted(rows, key=lambda row: (RANKS[_outcome(lookup, row, is_found=is_found)], _from_above(row)))
    explained = tuple(_row(lookup, row, is_found=is_found) for row in ordered)
    return ExplainedRecord(
        feed=first.feed,
        record=first.record,
        ids=tuple(sorted({identifier for group in groups.get(first.advisory_id, ()) for identifier in group.ids} or {first.record})),
        namespace=lookup.namespace,
        name=lookup.name,
        version=lookup.raw_version,
        withdrawn=first.withdrawn,
        outcome=explained[0].outcome,
        rows=explained,
    )


def _from_above(row: Record) -> bytes:
    """Sorts rows by their upper end, the highest first: of several fixes that a version has passed the last one says most."""
    return bytes(0xFF - byte for byte in row.hi or b"") + b"\xff"


def _row(lookup: Lookup, row: Record, *, is_found: bool) -> ExplainedRow:
    outcome = _outcome(lookup, row, is_found=is_found)
    plain = "listed" if row.listed else "compare" if lookup.key is None or row.lo is None else "interval"
    comparison = _comparison(lookup, row, outcome)
    return ExplainedRow(range=row.raw, rule=row.rule or plain, fix=row.fix, outcome=outcome, comparison=comparison)


def _outcome(lookup: Lookup, row: Record, *, is_found: bool) -> Outcome:
    if row.withdrawn:
        return Outcome.WITHDRAWN
    if not row.applies:
        return Outcome.OTHER_ARCH if _is_other_arch(lookup, row) else Outcome.OTHER_MODULE
    if row.met and row.channel and row.channel not in lookup.channels and not (is_found and row.state is State.AFFECTED):
        return Outcome.OTHER_CHANNEL
    if row.met:
        return _met_outcome(row, is_found=is_found)
    if lookup.key is None or row.lo is None or row.hi is None:
        return Outcome.OUTSIDE
    if lookup.key < row.lo:
        return Outcome.BELOW_INTRODUCED
    return Outcome.FIXED if row.fix and row.fix_state is FixState.FIXED else Outcome.OUTSIDE


def _is_other_arch(lookup: Lookup, row: Record) -> bool:
    return row.arch is not None and lookup.arch not in {None, "noarch", *row.arch.split("|")}


def _met_outcome(row: Record, *, is_found: bool) -> Outcome:
    if row.unplaced:
        return Outcome.UNPLACED
    if row.state is State.NOT_AFFECTED:
        return Outcome.CLEARED
    return Outcome.AFFECTED if is_found else Outcome.CLOSED


def _comparison(lookup: Lookup, row: Record, outcome: Outcome) -> str:
    version = lookup.raw_version
    if outcome is Outcome.OTHER_ARCH:
        return f"{row.raw} of {row.arch}, and the package is of {lookup.arch}"
    if outcome is Outcome.OTHER_MODULE:
        row_module, own = (f"module {module}" if module else "no module" for module in (row.module, lookup.module))
        return f"{row.raw} of {row_module}, and the package is of {own}"
    if outcome is Outcome.FIXED:
        return f"{version} >= {row.fix}"
    if outcome is Outcome.BELOW_INTRODUCED:
        return f"{version} is below {row.raw}"
    return f"{version} is {'' if row.met else 'not '}in {row.raw}"


def elsewhere(records: Iterable[FoundRecord], results: Sequence[ComponentResult]) -> tuple[Elsewhere, ...]:
    """The packages that some records speak of and no component was asked for as, sorted; each with the first record that names it."""
    unasked = [result for result in results if not result.lookups]
    asked: dict[tuple[str, str], dict[str, str]] = {}  # (distribution or language, name) -> component -> namespace
    for result in results:
        for lookup in result.lookups:
            asked.setdefault((_without_release(lookup.namespace), lookup.name), {})[result.component.ref] = lookup.namespace
    found: dict[tuple[str, str], Elsewhere] = {}
    for record in records:
        for row in record.affected:
            there = asked.get((_without_release(row.namespace), row.name), {})
            if row.namespace not in there.values() and (row.namespace, row.name) not in found:
                found[row.namespace, row.name] = _elsewhere(record, row, there, [one for one in unasked if _could_be(one.component, row)])
    return tuple(sorted(found.values()))


def _elsewhere(record: FoundRecord, row: Record, there: Mapping[str, str], unasked: Sequence[ComponentResult]) -> Elsewhere:
    return Elsewhere(
        namespace=row.namespace,
        name=row.name,
        feed=record.feed,
        record=record.record,
        why=Why.NOT_CHECKED if unasked else Why.OTHER_RELEASE if there else Why.ABSENT,
        refs=tuple(sorted([result.component.ref for result in unasked] or there)),
        releases=() if unasked else tuple(sorted(set(there.values()))),
        reason=unasked[0].reason if unasked else None,
    )


def _without_release(namespace: str) -> str:
    return namespace.partition(":")[0]


def _could_be(component: Component, row: Record) -> bool:
    purl_type = (component.purl or "").removeprefix("pkg:").partition("/")[0].lower()
    distribution = DISTRIBUTION_BY_ID.get(_without_release(row.namespace))
    return purl_type == (distribution.purl_type if distribution else row.namespace) and row.name in names_of(component)


def is_meant(component: Component, asked: Purl) -> bool:
    """Whether a PURL means a component: type and name as the ecosystem compares them, and what else it states, version and qualifiers."""
    try:
        return is_same(asked, parse_purl(component.purl or ""), component.version)
    except InvalidPurl:
        return False
