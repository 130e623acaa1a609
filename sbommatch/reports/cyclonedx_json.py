"""CycloneDX 1.6, a vulnerability disclosure report (VDR): https://cyclonedx.org/capabilities/vdr/.

It lists the components in which something was found, with layer and upgrade, and the vulnerabilities. What a vulnerability affects is
named by BOM-Link (`urn:cdx:SERIAL/VERSION#BOM-REF`) where the SBOM has a serial number and gave the component its bom-ref, else by the
bom-ref of the component listed here. A vulnerability stands once for each severity, fix and verdict that it has.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import ClassVar
from urllib.parse import quote

import msgspec

from sbommatch import __version__
from sbommatch.match.model import CvssScore, Finding, FindingSeverity, Level, TargetResult
from sbommatch.reports._shown import Shown, Stance, advice, is_safe_link, link_of, shown, stance_of, valid_purl, word_of
from sbommatch.reports.report import ScanReport, Style
from sbommatch.reports.text import printable
from sbommatch.reports.words import rule_in_words
from sbommatch.sbom.component import Component, ComponentLayer, Document
from sbommatch.statement import Status
from sbommatch.store.model import Told

SPEC_VERSION = "1.6"

SEVERITIES = {level: level.value for level in Level} | {Level.NEGLIGIBLE: "info"}

METHODS = {"2.0": "CVSSv2", "3.0": "CVSSv3", "3.1": "CVSSv31", "4.0": "CVSSv4"}

STATES = {
    Stance.NOT_AFFECTED: "not_affected",
    Stance.FIXED: "resolved",
    Stance.NO_CODE: "not_affected",
    Stance.COVERED: "false_positive",
    Stance.UNDECIDED: "in_triage",
}

OPEN_STATES = {Status.AFFECTED: "exploitable", Status.UNDER_INVESTIGATION: "in_triage"}
"""What VEX statements say of findings that they leave open."""

JUSTIFICATION_BY_OPENVEX = {
    "component_not_present": "code_not_present",
    "vulnerable_code_not_present": "code_not_present",
    "vulnerable_code_not_in_execute_path": "code_not_reachable",
    "inline_mitigations_already_exist": "protected_by_mitigating_control",
}
"""The others have no like: they go into the detail."""

JUSTIFICATIONS = frozenset(
    (
        *("code_not_present", "code_not_reachable", "requires_configuration", "requires_dependency", "requires_environment"),
        *("protected_by_compiler", "protected_at_runtime", "protected_at_perimeter", "protected_by_mitigating_control"),
    )
)

_MADE_REF = re.compile(r"(?:metadata\.component\.)?components\[\d+\].*")
"""The ref of a component to which the document gave none, or one that another has."""

_BOM_LINK = re.compile(r"urn:cdx:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/[1-9][0-9]*")
"""Serial numbers that are none, as some producers write them, make none."""

MAX_LINKS = 20
"""Of a vulnerability: some have hundreds, which say the same."""

ADVICES_SHOWN = 5
"""In a recommendation: a vulnerability may be in hundreds of packages."""

_Shape = dict[str, object]


class CycloneDxReport:
    """The report `cyclonedx-json`."""

    name: ClassVar[str] = "cyclonedx-json"
    title: ClassVar[str] = "CycloneDX 1.6 VDR: vulnerabilities of the SBOM's components"
    suffix: ClassVar[str] = ".vdr.cdx.json"
    between: ClassVar[bytes] = b""
    head: ClassVar[bytes] = b""
    tells: ClassVar[bool] = True

    def write(self, report: ScanReport, style: Style) -> bytes:
        """One JSON document on one line for each target; its serial number is a digest of all else."""
        return b"".join(_document(target, report) for target in report.targets)


def _document(target: TargetResult, report: ScanReport) -> bytes:
    found = shown(target)
    components = {one.component.ref: one for one in found}
    body: _Shape = {
        "version": 1,
        "metadata": _metadata(target.document, report),
        "components": [_component(components[ref]) for ref in sorted(components)],
        "vulnerabilities": _vulnerabilities(found, target.document, report.told),
    }
    from uuid import UUID

    digest = sha256(msgspec.json.encode(body)).digest()
    serial = UUID(bytes=digest[:16], version=5).urn
    return msgspec.json.encode({"bomFormat": "CycloneDX", "specVersion": SPEC_VERSION, "serialNumber": serial, **body}) + b"\n"


def _metadata(document: Document, report: ScanReport) -> _Shape:
    subject = document.subject
    known = {"version": subject.version, "purl": valid_purl(subject.purl)}
    type_ = "container" if document.layers else "application"
    component = {"type": type_, "name": printable(subject.name or document.path)} | _present(known)
    properties = [("sbommatch:document:sha256", document.sha256), ("sbommatch:database:digest", report.database.digest)]
    return {
        "timestamp": f"{report.evaluated_on}T00:00:00Z",
        "tools": {"components": [{"type": "application", "name": "sbommatch", "version": __version__}]},
        "component": component | {"bom-ref": f"subject:{document.sha256}"},
        "properties": _properties(properties),
    }


def _component(one: Shown) -> _Shape:
    component = one.component
    known = {"group": component.group, "version": component.version, "purl": valid_purl(component.purl)}
    type_ = component.type if component.type in {"application", "framework", "platform"} else "library"
    shape: _Shape = {"type": type_, "bom-ref": component.ref, "name": component.name} | _present(known)
    upgrades = [("sbommatch:upgrade", f"{one.upgrade.name} {one.upgrade.to}")] if one.upgrade and one.upgrade.to else []
    if properties := [*_place(component, one.layer), *upgrades]:
        shape["properties"] = _properties(properties)
    return shape


def _place(component: Component, layer: ComponentLayer) -> list[tuple[str, str]]:
    """Where it came in, under the names that sbomgen gives these."""
    stated = (
        ("sbomgen:layer:index", None if layer.index < 0 else str(layer.index)),
        ("sbomgen:layer:diff_id", layer.diff_id),
        ("sbomgen:layer:digest", layer.digest),
        ("sbomgen:layer:created_by", layer.created_by),
        ("sbomgen:layer:dockerfile", layer.dockerfile),
        ("sbomgen:layer:origin", layer.origin),
        ("sbomgen:visible", None if component.visible else "false"),
        *(("sbomgen:path", path) for path in component.paths),
    )
    return [(name, value) for name, value in stated if value]


def _vulnerabilities(found: Sequence[Shown], document: Document, told: Mapping[str, Told]) -> list[_Shape]:
    """Those that are said in the same words of several components stand once."""
    said: dict[tuple[object, ...], list[Shown]] = {}
    for one in found:
        finding = one.finding
        severity, fix = finding.severity, finding.fix
        key = (finding.id, severity.level, severity.source, fix.state, fix.versions, finding.status, finding.suppressed_by, finding.vex)
        said.setdefault(key, []).append(one)
    numbers: dict[str, int] = {}
    shapes = []
    for group in said.values():
        name = group[0].finding.id
        numbers[name] = numbers.get(name, 0) + 1
        ref = f"vulnerability:{name}" if numbers[name] == 1 else f"vulnerability:{name}:{numbers[name]}"
        shapes.append(_vulnerability(ref, group, document, told.get(name)))
    return shapes


def _vulnerability(ref: str, group: Sequence[Shown], document: Document, told: Told | None) -> _Shape:
    finding = group[0].finding
    shape: _Shape = {"bom-ref": ref, "id": finding.id, "source": _source(finding.id, finding.match.feed)}
    if others := [{"id": other, "source": _source(other, finding.match.feed)} for other in finding.ids if other != finding.id]:
        shape["references"] = others
    shape["ratings"] = _ratings(finding.severity)
    if told and told.summary:
        shape["description"] = told.summary
    if group[0].is_open:
        shape["recommendation"] = _recommendation(group)
    if links := [{"url": link} for link in (told.links if told else ()) if is_safe_link(link)][:MAX_LINKS]:
        shape["advisories"] = links
    if not group[0].is_open or finding.vex:
        shape["analysis"] = _analysis(finding)
    status = "affected" if stance_of(finding) in {Stance.OPEN, Stance.UNDECIDED} else "unaffected"
    affects: dict[str, str] = {link_to(one.component.ref, document): one.version for one in group}
    shape["affects"] = [{"ref": ref, "versions": [{"version": affects[ref], "status": status}]} for ref in sorted(affects)]
    shape["properties"] = _properties(_facts(finding))
    return shape


def _recommendation(group: Sequence[Shown]) -> str:
    """What to do in each of the packages, as far as they can be read; the components have their own."""
    advices = list(dict.fromkeys(map(advice, group[: 10 * ADVICES_SHOWN])))
    return "; ".join([*advices[:ADVICES_SHOWN], *(["and so on"] if len(advices) > ADVICES_SHOWN else [])])


def _source(identifier: str, feed: str) -> _Shape:
    names = {"CVE": "NVD", "GHSA": "GitHub"}
    link = link_of(identifier)
    return _present({"name": names.get(identifier.partition("-")[0], feed), "url": link})


def _ratings(severity: FindingSeverity) -> list[_Shape]:
    """The level that counts, then all vectors that are known."""
    level: _Shape = {"severity": SEVERITIES[severity.level], "method": "other"}
    if severity.source:
        level = {"source": {"name": severity.source}, **level}
    return [level, *(_rating(cvss) for cvss in severity.cvss)]


def _rating(cvss: CvssScore) -> _Shape:
    return {"source": {"name": cvss.source}, "score": cvss.score, "method": METHODS.get(cvss.version, "other"), "vector": cvss.vector}


def _analysis(finding: Finding) -> _Shape:
    """What silences a finding, or what a VEX statement says of an open one."""
    stance, word = stance_of(finding), word_of(finding)
    stated = (word and word.justification) or ("code_not_present" if stance is Stance.NO_CODE else "")
    justification = JUSTIFICATION_BY_OPENVEX.get(stated, stated)
    known = justification in JUSTIFICATIONS
    state = STATES.get(stance) or OPEN_STATES.get(word.status if word else Status.UNDER_INVESTIGATION, "in_triage")
    words = (*map(rule_in_words, finding.suppressed_by), None if known else stated, *((word.impact, word.action) if word else ()))
    shape = {"state": state, "justification": justification if known else None, "detail": "; ".join(filter(None, words))}
    return _present(shape)


def link_to(ref: str, document: Document) -> str:
    """A component of the SBOM, by BOM-Link where it can be named so (https://cyclonedx.org/capabilities/bomlink/), else its ref."""
    if not _BOM_LINK.fullmatch(document.bom_link or "") or _MADE_REF.fullmatch(ref):
        return ref
    return f"{document.bom_link}#{quote(ref, safe='')}"


def _facts(finding: Finding) -> Iterable[tuple[str, str]]:
    match, fix = finding.match, finding.fix
    yield "sbommatch:feed", match.feed
    yield "sbommatch:record", match.record
    yield "sbommatch:rule", match.rule
    yield "sbommatch:range", match.range
    yield "sbommatch:fix:state", fix.state.value
    yield from (("sbommatch:fix:version", version) for version in fix.versions)
    if finding.kev:
        yield "sbommatch:kev:added", finding.kev.added
    if finding.epss:
        yield "sbommatch:epss", str(finding.epss.score)
    if finding.risk is not None:
        yield "sbommatch:risk", str(finding.risk)


def _properties(pairs: Iterable[tuple[str, str]]) -> list[_Shape]:
    return [{"name": name, "value": value} for name, value in pairs]


def _present(fields: Mapping[str, str | None]) -> _Shape:
    return {name: value for name, value in fields.items() if value}
