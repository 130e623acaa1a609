"""Reports for tests."""

from typing import Any

from sbommatch.advisory import FixState
from sbommatch.match.model import CvssScore, FindingSeverity, Fix, Level, NotChecked, TargetResult, Unchecked, Verdict, VexWord
from sbommatch.problem import Problem, ProblemCode
from sbommatch.reports.report import Exit, ScanReport
from sbommatch.sbom.component import ComponentLayer, DistroStatement, Subject
from sbommatch.statement import Status
from sbommatch.store.model import DatabaseStatus
from tests.sbommatch.match.made import component, document, feed, finding, lookup, result, target

LAYERS = (
    ComponentLayer(0, "sha256:" + "a" * 64, "sha256:" + "d" * 64, "/bin/sh -c #(nop) ADD file:9c1b2e in / ", origin="base"),
    ComponentLayer(
        1, "sha256:" + "b" * 64, None, "RUN |1 TOKEN=x /bin/sh -c apk add   curl && rm -rf /var/cache # buildkit", "Dockerfile:3-4", "own"
    ),
)

WORD = VexWord(
    document="v.json", status=Status.AFFECTED, justification=None, impact=None, action="turn it off", counts=True,
    said_at="2024-01-01T00:00:00Z",
)  # fmt: skip


def database(**fields: Any) -> DatabaseStatus:
    """A database of one feed."""
    defaults: dict[str, Any] = {"file": "db.duckdb", "digest": "ef" * 32, "built_at": "2026-08-22T10:00:00Z", "key_format": 1}
    return DatabaseStatus(**defaults | {"schema_number": 1, "tool_version": "0.1.0", "feeds": (feed(advisories=7),)} | fields)


def full_target() -> TargetResult:
    """A document with something in every field."""
    ssl, crypto = (component(f"pkg:apk/alpine/{name}@1.1.1d-r2", layer=0, version="1.1.1d-r2") for name in ("libssl1.1", "libcrypto1.1"))
    curl = component("pkg:apk/alpine/curl@7.66.0-r0", layer=1, version="7.66.0-r0", paths=("lib/apk/db/installed",))
    jinja = component("pkg:pypi/jinja2@2.11.1", version="2.11.1", visible=False, layer=0)
    unknown = component("pkg:npm/left-pad@1.0.0", version="1.0.0")
    rated = FindingSeverity(Level.HIGH, "osv-pypi", (CvssScore("3.1", "CVSS:3.1/AV:N", 7.5, "osv-pypi"),))
    match = finding().match
    return target(
        [
            *(result(one, Verdict.AFFECTED, lookups=(lookup(),), feeds=(("alpine-secdb",),)) for one in (ssl, crypto, curl, jinja)),
            result(
                unknown,
                Verdict.NOT_CHECKED,
                NotChecked.NO_FEED,
                lookups=(lookup("left-pad", "npm", "1.0.0"),),
                feeds=((),),
                unchecked=(Unchecked("osv-npm", "GHSA-1", NotChecked.UNPLACED_BOUND),),
            ),
        ],
        [
            finding(Level.UNKNOWN, ref=ssl.ref),
            finding(Level.UNKNOWN, ref=crypto.ref),
            finding(ref=curl.ref, id="CVE-2019-5482", severity=rated, also=(match,)),
            finding(ref=jinja.ref, id="CVE-2020-28493", hidden=True, fix=Fix(FixState.WONT_FIX, ()), vex=(WORD,)),
        ],
        document=document(
            ssl, crypto, curl, jinja, unknown, distros=(DistroStatement("alpine", "3.11.3"),), layers=LAYERS,
            subject=Subject(name="registry/app", version="1.0", config_digest="sha256:" + "c" * 64, platform="linux/amd64"),
        ),
        problems=(Problem(ProblemCode.DUPLICATE_REF, "app.cdx.json: components[3]", "the bom-ref is taken", loss=False),),
    )  # fmt: skip


def scan_report(*targets: TargetResult, **fields: Any) -> ScanReport:
    """A report of these documents."""
    defaults: dict[str, Any] = {"evaluated_on": "2026-08-22", "database": database(), "exit": Exit(0, ())}
    return ScanReport(**defaults | {"targets": targets} | fields)
