"""Components, rows and groups for tests, with the fields that a test does not speak of filled in."""

from collections.abc import Sequence
from typing import Any

from sbommatch.advisory import FixState, NameKind
from sbommatch.match.model import (
    ComponentResult,
    Finding,
    FindingSeverity,
    FindingStatus,
    Fix,
    Identity,
    Level,
    Match,
    NotChecked,
    TargetResult,
    Verdict,
)
from sbommatch.sbom.component import Component, Document, Subject
from sbommatch.store.model import Candidate, FeedStatus, Group, Lookup, RatedSeverity

COORDINATE = b"coordinate-16-by"


def component(purl: str | None = None, **fields: Any) -> Component:
    """A library; its name is the PURL's last segment."""
    name = purl.rpartition("/")[2].partition("@")[0] if purl else "thing"
    return Component(**{"ref": purl or name, "type": "library", "name": name, "purl": purl} | fields)


def document(*components: Component, **fields: Any) -> Document:
    """A document of these components."""
    defaults: dict[str, Any] = {
        "path": "app.cdx.json",
        "sha256": "ab" * 32,
        "format": "cyclonedx-json",
        "spec_version": "1.6",
        "producer": "sbomgen 0.1.0",
        "subject": Subject(name="app", version="1.0"),
        "distros": (),
        "layers": (),
        "components": components,
        "problems": (),
    }
    return Document(**defaults | fields)


def lookup(name: str = "openssl", namespace: str = "alpine:3.11", version: str = "1.1.1d-r2", **fields: Any) -> Lookup:
    """A lookup by source name."""
    defaults: dict[str, Any] = {"coordinate_id": COORDINATE, "name_kind": NameKind.SOURCE, "scheme": "apk", "key": b"k"}
    return Lookup(**defaults | {"name": name, "namespace": namespace, "raw_version": version} | fields)


def identity(*lookups: Lookup, **fields: Any) -> Identity:
    """A component with these lookups, one if none is given."""
    defaults: dict[str, Any] = {"component": component("pkg:apk/alpine/openssl@1.1.1d-r2"), "lookups": lookups or (lookup(),)}
    return Identity(**defaults | fields)


def candidate(record: str, advisory_id: int = 1, **fields: Any) -> Candidate:
    """A row that the lookup met."""
    defaults: dict[str, Any] = {
        "coordinate_id": COORDINATE,
        "namespace": "alpine:3.11",
        "name": "openssl",
        "feed": "alpine-secdb",
        "state": "affected",
        "fix_state": FixState.FIXED,
        "fix": "1.1.1d-r3",
        "raw": "<1.1.1d-r3",
        "rule": "interval",
        "exact": True,
    }
    return Candidate(**defaults | {"record": record, "advisory_id": advisory_id} | fields)


def feed(
    name: str = "alpine-secdb", covers: tuple[str, ...] = ("alpine:3.11",), completeness: str = "fixes_only", **fields: Any
) -> FeedStatus:
    """A feed of the database."""
    counts = dict.fromkeys(("advisories", "affected", "withdrawn", "unkeyed", "refused", "git_ranges", "unordered"), 0)
    defaults: dict[str, Any] = {"snapshot": "cd" * 32, "captured_at": "2026-08-21T00:00:00Z", "proof": "given"} | counts
    return FeedStatus(**defaults | {"name": name, "covers": covers, "completeness": completeness} | fields)


def group(display: str, *aliases: str, number: int = 1, severities: tuple[RatedSeverity, ...] = ()) -> Group:
    """A vulnerability group."""
    return Group(group_id=number, display=display, ids=tuple(sorted((display, *aliases))), severities=severities, links=())


def finding(level: Level = Level.HIGH, *, hidden: bool = False, status: FindingStatus = FindingStatus.OPEN, **fields: Any) -> Finding:
    """A finding of some level."""
    match = Match(
        feed="alpine-secdb",
        record="CVE-2019-1551",
        rule="interval",
        namespace="alpine:3.11",
        name="openssl",
        version="1.1.1d-r2",
        range="<1.1.1d-r3",
        exact=True,
    )
    defaults: dict[str, Any] = {"ref": "r", "id": "CVE-2019-1551", "ids": ("CVE-2019-1551",), "match": match, "also": ()}
    defaults |= {"fix": Fix(FixState.FIXED, ("1.1.1d-r3",)), "severity": FindingSeverity(level, None, ())}
    return Finding(**defaults | {"hidden": hidden, "status": status} | fields)


def result(of: Component, verdict: Verdict = Verdict.NO_MATCH, reason: NotChecked | None = None, **fields: Any) -> ComponentResult:
    """A component with a verdict."""
    defaults: dict[str, Any] = {"unchecked": (), "lookups": (), "feeds": ()}
    return ComponentResult(**defaults | {"component": of, "verdict": verdict, "reason": reason} | fields)


def target(results: Sequence[ComponentResult] = (), findings: Sequence[Finding] = (), **fields: Any) -> TargetResult:
    """A document's result."""
    defaults: dict[str, Any] = {"document": document(), "distro_from": "os_component", "distro_id": "alpine", "distro_version": "3.11.3"}
    return TargetResult(**defaults | {"components": tuple(results), "findings": tuple(findings), "problems": ()} | fields)
