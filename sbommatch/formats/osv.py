"""OSV 1.x: one JSON document per advisory (https://ossf.github.io/osv-schema/).

Ranges keep their events in document order; ranges of commits (GIT) are set aside and counted, what an ecosystem of ours does not know is
a note. A package of which a record gives commits alone has a range that no version can be placed in. `summary` is the record's own, else
the beginning of its `details`: half of PyPI's records have details only.

A distribution's notice names its CVEs under `upstream`, AlmaLinux's do under `related`. A notice of AlmaLinux's without any (ALBA, ALEA)
tells of other bugs: it is kept, its packages are not.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from hashlib import sha256

import msgspec
from msgspec import Raw, Struct

from sbommatch.advisory import GIT_RANGE, Advisory, Affected, Event, EventKind, NameKind, Range, Severity
from sbommatch.formats._format import FeedContext
from sbommatch.formats._osv_ecosystems import Target, target_of, why_none
from sbommatch.formats._rpm_notices import rpm_notice
from sbommatch.problem import Problem, ProblemCode

RECORD_LIMIT_BYTES = 64 << 20
"""One record; the largest of twelve whole feeds has 0.2 MB."""

EVENTS_LIMIT = 1000
"""Of one package; the most in twelve whole feeds are 118, and rows grow with their number times the length of the range's text."""

SUMMARY_LIMIT = 120
"""Characters of a summary that is cut from the details: a line of a table."""

OWN_CVE = re.compile(r"(?:(?:ALPINE|DEBIAN|UBUNTU)-)?(CVE-\d{4}-\d{4,})")

BUG_FIX = re.compile(r"AL[BE]A-")
"""AlmaLinux's notices of bug fixes and enhancements."""

ROOT_NOTICE = "ROOT-OS-"
"""Root's notices of distributions name source packages (`rootio-gnupg2`) or binary ones (`rootio-libgcrypt20`) and do not say which."""

CVSS_SYSTEMS = frozenset({"CVSS_V2", "CVSS_V3", "CVSS_V4"})

GO_CUSTOM_RANGES = "go_custom_ranges"
"""The rule of Go's `ecosystem_specific.custom_ranges`."""


class OsvFormat:
    """The format `osv`."""

    name = "osv"
    suffixes: tuple[str, ...] = (".json",)

    def read(self, document: bytes, where: str, context: FeedContext) -> Iterator[Advisory | Problem]:
        """The advisory of one document, after the problems of its parts; a record that is no OSV is one problem, a loss."""
        try:
            record = _decode(document)
        except (ValueError, RecursionError) as exc:
            yield Problem(ProblemCode.BAD_RECORD, where, f"no OSV record: {exc}", loss=True)
            return
        problems: list[Problem] = []
        found = [_affected(entry, (where, index), context, problems) for index, entry in enumerate(record.affected or ())]
        yield from problems
        affected = [part for part in found if part]
        if BUG_FIX.match(record.id) and not _cves(record):
            yield Problem(ProblemCode.NO_VULNERABILITY, where, "names no vulnerability: its packages are left out", loss=False)
            affected = []
        if record.id.startswith(ROOT_NOTICE):
            affected += [msgspec.structs.replace(part, name_kind=NameKind.BINARY) for part in affected]
        if "rpm" in {part.scheme for part in affected}:
            affected = rpm_notice(affected, record.summary or "")
        yield _advisory(record, tuple(affected), sha256(document).hexdigest(), context)


class _Package(Struct):
    ecosystem: str
    name: str


class _Range(Struct):
    type: str
    events: tuple[dict[str, str], ...]


class _Severity(Struct):
    type: str
    score: str


class _Affected(Struct):
    package: _Package | None = None
    ranges: tuple[_Range, ...] | None = None
    versions: tuple[str, ...] | None = None
    severity: tuple[_Severity, ...] | None = None
    ecosystem_specific: Raw = Raw()


class _Reference(Struct):
    url: str = ""


class _Record(Struct):
    id: str
    modified: str | None = None
    published: str | None = None
    withdrawn: str | None = None
    aliases: tuple[str, ...] | None = None
    related: tuple[str, ...] | None = None
    upstream: tuple[str, ...] | None = None
    summary: str | None = None
    details: str | None = None
    severity: tuple[_Severity, ...] | None = None
    affected: tuple[_Affected, ...] | None = None
    references: tuple[_Reference, ...] | None = None
    database_specific: Raw = Raw()


class _GoSpecific(Struct):
    custom_ranges: tuple[_Range, ...] | None = None


class _Labelled(Struct):
    severity: str | None = None


_RECORD = msgspec.json.Decoder(_Record)
_GO_SPECIFIC = msgspec.json.Decoder(_GoSpecific)
_LABELLED = msgspec.json.Decoder(_Labelled)


def _decode(document: bytes) -> _Record:
    """Raises ValueError, and RecursionError where the nesting has no end."""
    if len(document) > RECORD_LIMIT_BYTES:
        raise ValueError(f"{len(document)} bytes; the limit is {RECORD_LIMIT_BYTES}")
    record = _RECORD.decode(document.removeprefix(b"\xef\xbb\xbf"))
    if not record.id.strip():
        raise ValueError("the id is empty")
    return record


_Place = tuple[str, int]
"""The file, and which of the record's packages it is: put into words only where there is something to say, of three million."""


def _place(place: _Place) -> str:
    return f"{place[0]}: affected[{place[1]}]"


def _affected(entry: _Affected, place: _Place, context: FeedContext, problems: list[Problem]) -> Affected | None:
    """None where the package has no place here; that, and what is left out of its ranges, is among the problems."""
    ranges = entry.ranges or ()
    placeable = [range_ for range_ in ranges if range_.type != "GIT"]
    if len(placeable) < len(ranges):
        note = Problem(ProblemCode.GIT_RANGE, _place(place), "a range of commits, set aside", loss=False)
        problems += [note] * (len(ranges) - len(placeable))
    if entry.package is None:
        return None
    target = target_of(entry.package.ecosystem)
    if target is None or (target.prefixes and not entry.package.name.startswith(target.prefixes)):
        message = why_none(entry.package.ecosystem)
        problems.append(Problem(ProblemCode.UNKNOWN_ECOSYSTEM, _place(place), message, loss=False))
        return None
    placed = _ranges(placeable, entry, target)
    if sum([len(range_.events) for range_ in placed]) > EVENTS_LIMIT:
        message = f"its ranges have more than {EVENTS_LIMIT} events"
        problems.append(Problem(ProblemCode.LIMIT_REACHED, _place(place), message, loss=True))
        return None
    name = entry.package.name
    return Affected(
        namespace=target.namespace,
        name=target.normalise(name) if target.normalise else name,
        name_kind=target.name_kind,
        scheme=target.scheme,
        ranges=placed,
        versions=entry.versions or (),
        channel=target.channel,
        severities=_severities(entry.severity, context) if entry.severity else (),
    )


def _ranges(ranges: Sequence[_Range], entry: _Affected, target: Target) -> tuple[Range, ...]:
    """The ranges; Go's own ones where all that the record says in the standard's words is `introduced: 0`."""
    if len(ranges) == 1 and target.namespace != "golang":
        return (_range(ranges[0], target.scheme, None),)
    if target.namespace == "golang" and all(range_.events == (_FROM_THE_FIRST,) for range_ in ranges):
        custom = _custom_ranges(entry.ecosystem_specific)
        if custom:
            return tuple(_range(range_, target.scheme, GO_CUSTOM_RANGES) for range_ in custom)
    if not ranges and not entry.versions and entry.ranges:
        return (Range(target.scheme, (), "a range of commits", GIT_RANGE),)
    return tuple([_range(range_, target.scheme, None) for range_ in ranges])


def _custom_ranges(specific: Raw) -> tuple[_Range, ...]:
    """Of versions that are no tags of the module (`0.0.0-2023…`), which Go's `ranges` leave out; of another form they count as absent."""
    if b'"custom_ranges"' not in bytes(specific):
        return ()
    try:
        return _GO_SPECIFIC.decode(specific).custom_ranges or ()
    except ValueError:
        return ()


def _range(range_: _Range, scheme: str, rule: str | None) -> Range:
    if len(range_.events) == 2 and rule is None and range_.events[0] == _FROM_THE_FIRST and len(range_.events[1]) == 1:
        fix = range_.events[1].get("fixed")
        if fix is not None:
            return _below(scheme, fix)
    events = tuple(Event(EVENT_KINDS[kind], version) for event in range_.events for kind, version in event.items() if kind in EVENT_KINDS)
    return Range(scheme, events, raw_range(events), rule)


_FROM_THE_FIRST = {"introduced": "0"}
_FIRST = Event(EventKind.INTRODUCED, "0")


@lru_cache(1 << 14)
def _below(scheme: str, fix: str) -> Range:
    """What most ranges are; records of a distribution repeat them, for each release and each binary package."""
    return Range(scheme, (_FIRST, Event(EventKind.FIXED, fix)), f"<{fix}")


EVENT_KINDS = {kind.value: kind for kind in (EventKind.INTRODUCED, EventKind.FIXED, EventKind.LAST_AFFECTED, EventKind.LIMIT)}
"""OSV's events; the schema allows no others."""

OPERATORS = {EventKind.INTRODUCED: ">=", EventKind.FIXED: "<", EventKind.LAST_AFFECTED: "<=", EventKind.LIMIT: "<"}


def raw_range(events: tuple[Event, ...]) -> str:
    """The events as people write ranges, in document order.

    >>> raw_range((Event(EventKind.INTRODUCED, "0"), Event(EventKind.FIXED, "1.2"), Event(EventKind.INTRODUCED, "2.0")))
    '<1.2 || >=2.0'
    """
    parts: list[str] = []
    opened: str | None = None
    for event in events:
        text = OPERATORS[event.kind] + event.version
        introduces = event.kind is EventKind.INTRODUCED
        if introduces or opened is None:
            parts.append(text)
        else:
            parts[-1] = text if opened == "0" else f"{parts[-1]},{text}"
        opened = event.version if introduces else None
    return " || ".join(parts)


def _severities(severities: tuple[_Severity, ...] | None, context: FeedContext) -> tuple[Severity, ...]:
    """Vectors as they are; systems of other names (`Ubuntu`: `medium`) are words of that source."""
    if not severities:
        return ()
    return tuple(
        Severity(severity.type, severity.score, context.feed)
        if severity.type in CVSS_SYSTEMS
        else Severity("label", severity.score, severity.type)
        for severity in severities
    )


def _label(database_specific: Raw, context: FeedContext) -> tuple[Severity, ...]:
    """GitHub's word for the severity."""
    if b'"severity"' not in bytes(database_specific):
        return ()
    try:
        word = _LABELLED.decode(database_specific).severity
    except ValueError:
        return ()
    return (Severity("label", word, context.feed),) if word else ()


def _advisory(record: _Record, affected: tuple[Affected, ...], record_sha256: str, context: FeedContext) -> Advisory:
    aliases = _identifiers(record.aliases, record.id)
    upstream = _identifiers(record.upstream, record.id)
    is_notice = any(part.name_kind is not NameKind.SELF for part in affected)
    cves = _cves(record) if is_notice else _named(record.id, *aliases)
    return Advisory(
        id=record.id,
        feed=context.feed,
        aliases=aliases,
        cves=cves,
        related=_identifiers(record.related, record.id),
        upstream=upstream,
        withdrawn=record.withdrawn or None,
        affected=affected,
        severities=_severities(record.severity, context) + _label(record.database_specific, context),
        summary=_summary(record),
        references=tuple(reference.url for reference in record.references or () if reference.url),
        published=record.published,
        modified=record.modified,
        record_sha256=record_sha256,
    )


def _cves(record: _Record) -> tuple[str, ...]:
    """The CVEs of a distribution's notice; what is `related` counts where nothing else names any."""
    stated = _named(record.id, *(record.aliases or ()), *(record.upstream or ()))
    return stated or _named(*(record.related or ()))


def _named(*identifiers: str) -> tuple[str, ...]:
    """The CVEs among identifiers, and those that distributions' own records on them are called by: `UBUNTU-CVE-2021-3782`."""
    return tuple(sorted({found[1] for identifier in identifiers if (found := OWN_CVE.fullmatch(identifier))}))


def _identifiers(identifiers: tuple[str, ...] | None, own: str) -> tuple[str, ...]:
    """Without repetitions, blanks and the record's own, in document order."""
    if not identifiers:
        return ()
    return tuple(dict.fromkeys(identifier for identifier in identifiers if identifier.strip() and identifier != own))


def _summary(record: _Record) -> str:
    if record.summary:
        return record.summary
    beginning = (record.details or "").strip()[: SUMMARY_LIMIT + 1].partition("\n")[0]
    return beginning if len(beginning) <= SUMMARY_LIMIT else beginning[: SUMMARY_LIMIT - 1].rstrip() + "…"
