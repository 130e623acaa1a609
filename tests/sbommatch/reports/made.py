"""Reports for tests."""

from typing import Any
from urllib.parse import quote

from msgspec.structs import replace

from sbommatch.advisory import FixState
from sbommatch.match.model import (
    CvssScore,
    Finding,
    FindingSeverity,
    FindingStatus,
    Fix,
    Level,
    NotChecked,
    TargetResult,
    Unchecked,
    Upgrade,
    Verdict,
    VexWord,
)
from sbommatch.problem import Problem, ProblemCode
from sbommatch.reports.report import Exit, ScanReport
from sbommatch.sbom.component import Component, ComponentLayer, DistroStatement, Subject
from sbommatch.statement import Status
from sbommatch.store.model import DatabaseStatus, Told
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
        upgrades=(
            upgrade(ssl, crypto, fixes=("CVE-2019-1551",)),
            upgrade(curl, fixes=("CVE-2019-5482",)),
            upgrade(jinja, to=None, remains=("CVE-2020-28493",)),
        ),
    )  # fmt: skip


def upgrade(*components: Component, **fields: Any) -> Upgrade:
    """An upgrade of the package that `finding()` speaks of, in these components."""
    first = components[0]
    defaults: dict[str, Any] = {"layer": first.layer, "hidden": not first.visible, "fixes": (), "remains": (), "to": "1.1.1d-r3"}
    named = {"namespace": "alpine:3.11", "name": "openssl", "version": "1.1.1d-r2"}
    return Upgrade(**defaults | named | {"refs": tuple(sorted(one.ref for one in components))} | fields)


def silenced_target() -> TargetResult:
    """The same, with findings that are silenced for each kind of reason."""
    full = full_target()
    ref = full.findings[2].ref
    rules = {"CVE-1": "kernel_headers", "CVE-2": "covered_by pkg:deb/debian/a@1", "CVE-3": "only_fixed", "CVE-4": "ignore_base"}
    silenced = tuple(
        finding(ref=ref, id=id_, ids=(id_, f"GHSA-{id_}"), status=FindingStatus.SUPPRESSED, suppressed_by=(rule,))
        for id_, rule in rules.items()
    )
    return replace(full, findings=(*full.findings, *silenced))


TOLD = {"CVE-2019-5482": Told("Heap buffer overflow in TFTP", ("https://curl.se/docs/CVE-2019-5482.html", "javascript:alert(1)"))}

HOSTILE = (
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "=cmd|' /C calc'!A0",
    "@SUM(1+1)",
    "a|b`c`\\d [x](javascript:alert(1)) @octocat #1",
    "\x1b[2J\r\n\u202e\x00\x85\u2028",
    '"><b onmouseover="x">',
    "{{7*7}} ${7*7} <!-- -->",
    "-1+1",
    "]]>&lt;&#x3c;",
)
"""What strangers may call a component, in a document that says something of terminals, browsers, spreadsheets and Markdown."""


def hostile_target() -> TargetResult:
    """A document in which every text is one of these."""
    layers, components, found, upgrades = [], [], [], []
    for number, text in enumerate(HOSTILE):
        layers.append(ComponentLayer(number, text, text, text, text, text))
        one = component(
            f"pkg:npm/{quote(text, safe='')}@1", ref=f"{number}{text}", name=text, group=text, version=text, layer=number, paths=(text,)
        )
        components.append(one)
        found.append(hostile_finding(one.ref, text))
        found.append(finding(ref=one.ref, id=f"0{text}", status=FindingStatus.SUPPRESSED, suppressed_by=(text,)))
        named = {"namespace": text, "name": text, "version": text, "to": text}
        upgrades.append(upgrade(one, fixes=(text,), **named))
    made = document(*components, layers=tuple(layers), subject=Subject(name=HOSTILE[0], version=HOSTILE[1]), path="caf\udce9<b>.json")
    results = [result(one, Verdict.AFFECTED) for one in components]
    return target(results, found, document=made, upgrades=tuple(upgrades), distro_id=HOSTILE[1])


def hostile_finding(ref: str, text: str) -> Finding:
    """A finding whose every text is this one."""
    match = replace(finding().match, feed=text, record=text, rule=text, namespace=text, name=text, version=text, range=text, exact=False)
    severity = FindingSeverity(Level.HIGH, text, (CvssScore("3.1", text, 7.5, text),))
    return finding(ref=ref, id=text, ids=(text, f"{text}2"), match=match, severity=severity, fix=Fix(FixState.FIXED, (text,)))


HOSTILE_TOLD = {text: Told(text, (text, f"https://example.org/{text}")) for text in HOSTILE}


def scan_report(*targets: TargetResult, **fields: Any) -> ScanReport:
    """A report of these documents."""
    defaults: dict[str, Any] = {"evaluated_on": "2026-08-22", "database": database(), "exit": Exit(0, ())}
    return ScanReport(**defaults | {"targets": targets} | fields)
