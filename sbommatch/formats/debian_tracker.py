"""Debian's security tracker (security-tracker.debian.org/tracker/data/json): what each release knows of each CVE, by source package.

    {"openssl": {"CVE-2024-1": {"releases": {"bookworm": {"status": "resolved", "fixed_version": "3.0.1-1", "urgency": "low", …}}}}}

- `resolved` with the version `0` never was affected; `open` has no fix in that release: `nodsa_reason` `ignored` says that there will be
  none, the urgency `end-of-life` that the release's support of the package has ended. `undetermined` is not known yet.
- `repositories` say what a release ships, nothing of what is affected; a package that was removed from a release is not thereby safe.
- Urgencies are severities: `unimportant` is negligible, `not yet assigned` none; asterisks mean that a machine set them.
"""

from collections.abc import Iterator
from hashlib import sha256

import msgspec
from msgspec import Raw, Struct

from sbommatch.advisory import Advisory, Affected, Event, EventKind, FixState, NameKind, Range, Severity, State
from sbommatch.ecosystems import CODENAMES
from sbommatch.formats._format import FeedContext
from sbommatch.problem import Problem, ProblemCode

RELEASES = CODENAMES["debian"]

URGENCIES = {"unimportant": "negligible", "low": "low", "medium": "medium", "high": "high"}

_EVERYTHING = Range("deb", (Event(EventKind.INTRODUCED, "0"),), "*")


class _Release(Struct):
    status: str
    fixed_version: str | None = None
    urgency: str = ""
    nodsa_reason: str | None = None


class _Issue(Struct):
    releases: dict[str, _Release]
    description: str = ""


_DOCUMENT = msgspec.json.Decoder(dict[str, Raw])
_PACKAGE = msgspec.json.Decoder(dict[str, Raw])
_ISSUE = msgspec.json.Decoder(_Issue)


class _Record(Struct):
    """What all packages say of one identifier."""

    affected: list[Affected]
    summary: str = ""


class DebianTrackerFormat:
    """The format `debian-tracker`."""

    name = "debian-tracker"
    suffixes: tuple[str, ...] = (".json", "/json")

    def read(self, document: bytes, where: str, context: FeedContext) -> Iterator[Advisory | Problem]:
        """The advisories by identifier, sorted, after the problems."""
        try:
            packages = _DOCUMENT.decode(document)
        except (ValueError, RecursionError) as exc:
            yield Problem(ProblemCode.BAD_RECORD, where, f"no document of Debian's tracker: {exc}", loss=True)
            return
        records: dict[str, _Record] = {}
        for package, raw in packages.items():
            yield from _collect(package, raw, records, (where, context))
        yield from (_advisory(identifier, records[identifier], context) for identifier in sorted(records))


def _collect(package: str, raw: Raw, records: dict[str, _Record], at: tuple[str, FeedContext]) -> Iterator[Problem]:
    """Adds what one package's issues say to the records."""
    where, context = at
    try:
        issues = {identifier: _ISSUE.decode(issue) for identifier, issue in _PACKAGE.decode(raw).items()}
    except (ValueError, RecursionError) as exc:
        yield Problem(ProblemCode.BAD_RECORD, f"{where}: {package}", f"no issues: {exc}", loss=True)
        return
    for identifier, issue in issues.items():
        record = records.setdefault(identifier, _Record([]))
        record.summary = record.summary or issue.description
        for codename, release in issue.releases.items():
            found = _affected(package, codename, release, context)
            if isinstance(found, Affected):
                record.affected.append(found)
            else:
                place, message = f"{where}: {package}: {identifier}: {codename}", f"status {release.status!r}"
                yield Problem(found, place, message, loss=found is ProblemCode.BAD_RECORD)


def _affected(package: str, codename: str, release: _Release, context: FeedContext) -> Affected | ProblemCode:
    """One release's row, or the problem that it is."""
    version = RELEASES.get(codename.partition("-")[0])
    if version is None:
        return ProblemCode.UNKNOWN_ECOSYSTEM
    if release.status == "undetermined":
        return ProblemCode.UNDER_INVESTIGATION
    urgency = release.urgency.rstrip("*")
    state, span = State.AFFECTED, _EVERYTHING
    fix_state: FixState | None = _fix_state(release.nodsa_reason, urgency)
    if release.status == "resolved" and release.fixed_version == "0":
        state, fix_state = State.NOT_AFFECTED, None
    elif release.status == "resolved" and release.fixed_version:
        fixed = release.fixed_version
        span, fix_state = Range("deb", (Event(EventKind.INTRODUCED, "0"), Event(EventKind.FIXED, fixed)), f"<{fixed}"), None
    elif release.status != "open":
        return ProblemCode.BAD_RECORD
    return Affected(
        namespace=f"debian:{version}",
        name=package,
        name_kind=NameKind.SOURCE,
        scheme="deb",
        ranges=(span,),
        state=state,
        fix_state=fix_state,
        severities=(Severity("label", URGENCIES[urgency], context.feed),) if urgency in URGENCIES else (),
    )


def _fix_state(reason: str | None, urgency: str) -> FixState:
    if urgency == "end-of-life":
        return FixState.EOL
    return FixState.WONT_FIX if reason == "ignored" else FixState.NOT_FIXED


def _advisory(identifier: str, record: _Record, context: FeedContext) -> Advisory:
    affected = tuple(record.affected)
    return Advisory(
        id=identifier,
        feed=context.feed,
        cves=(identifier,) if identifier.startswith("CVE-") else (),
        affected=affected,
        summary=record.summary.partition("\n")[0],
        references=(f"https://security-tracker.debian.org/tracker/{identifier}",),
        record_sha256=sha256(msgspec.json.encode((identifier, record.summary, affected))).hexdigest(),
    )
