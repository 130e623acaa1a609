"""SARIF 2.1.0, as GitHub's code scanning reads it.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/,
https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning

A rule is a vulnerability, a result is a finding. Its location is the file that shows the package in the image, else the SBOM; the PURL and
the layer are logical locations; the line of the Dockerfile, where it is known, is a related location that the message links to.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import ClassVar
from urllib.parse import quote

import msgspec

from sbommatch import __version__
from sbommatch.match.model import Level, TargetResult
from sbommatch.match.policy import RANKS
from sbommatch.reports._markdown import code, escaped, layer_cell
from sbommatch.reports._shown import (
    Shown,
    advice,
    best_cvss,
    by_vulnerability,
    exploitation,
    instruction,
    is_safe_link,
    link_of,
    shown,
)
from sbommatch.reports.report import ScanReport, Style
from sbommatch.reports.text import printable, shortened
from sbommatch.reports.words import fix_in_words, rule_in_words
from sbommatch.sbom.component import Component, ComponentLayer
from sbommatch.store.model import Told

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
VERSION = "2.1.0"
HOME = "https://pypi.org/project/sbompair/"

MAX_RESULTS = 25_000
"""Results of a run: GitHub refuses a run with more, and takes twenty runs of a file; a document with more findings becomes several runs."""

MAX_TEXT = 1_000
"""Characters of a description; GitHub cuts at 1,024."""

LEVELS = {Level.CRITICAL: "error", Level.HIGH: "error", Level.MEDIUM: "warning", Level.UNKNOWN: "warning"}
"""All others are notes."""

BANDS = {
    Level.CRITICAL: (9.0, 10.0),
    Level.HIGH: (7.0, 8.9),
    Level.MEDIUM: (4.0, 6.9),
    Level.LOW: (0.1, 3.9),
    Level.NEGLIGIBLE: (0.1, 0.1),
    Level.NONE: (0.0, 0.0),
}
"""Of `security-severity`: GitHub reads the level from the number, so that it has to be one of the level that counts."""

_DOCKERFILE = re.compile(r"(.+):(\d+)(?:-(\d+))?")
"""`PATH:START-END`"""

_Shape = dict[str, object]


class SarifReport:
    """The report `sarif`."""

    name: ClassVar[str] = "sarif"
    title: ClassVar[str] = "SARIF 2.1.0, for code scanning"
    suffix: ClassVar[str] = ".sarif"
    between: ClassVar[bytes] = b""
    head: ClassVar[bytes] = b""
    tells: ClassVar[bool] = True

    def write(self, report: ScanReport, style: Style) -> bytes:
        """One JSON document on one line."""
        runs = [run for target in report.targets for run in _runs(target, report.told)]
        return msgspec.json.encode({"$schema": SCHEMA, "version": VERSION, "runs": runs}) + b"\n"


def _runs(target: TargetResult, told: Mapping[str, Told]) -> Iterator[_Shape]:
    found = shown(target)
    for start in range(0, max(len(found), 1), MAX_RESULTS):
        yield _run(found[start : start + MAX_RESULTS], target, told, start // MAX_RESULTS + 1)


def _run(found: Sequence[Shown], target: TargetResult, told: Mapping[str, Told], number: int) -> _Shape:
    groups = by_vulnerability(found)
    places = {name: place for place, name in enumerate(groups)}
    document = target.document
    category = f"sbommatch/{_uri(document.subject.name or document.path)}/" + (f"{number}/" if number > 1 else "")
    rules = [_rule(name, group, told.get(name)) for name, group in groups.items()]
    return {
        "tool": {
            "driver": {
                "name": "sbommatch",
                "version": __version__,
                "semanticVersion": __version__,
                "informationUri": HOME,
                "rules": rules,
            }
        },
        "automationDetails": {"id": category},
        "columnKind": "unicodeCodePoints",
        "results": [_result(one, places[one.finding.id], target) for one in found],
    }


def _rule(name: str, group: Sequence[Shown], told: Told | None) -> _Shape:
    worst = max(group, key=lambda one: RANKS.get(one.finding.severity.level, -1))
    level = worst.finding.severity.level
    packages = ", ".join(sorted({one.name for one in group})[:3])
    title = printable(" ".join(told.summary.split())) if told and told.summary else printable(f"{name} in {packages}")
    properties: _Shape = {"tags": ["security", "vulnerability", f"severity:{level}"], "precision": "very-high"}
    if (score := security_severity(level, best_cvss(worst.finding))) is not None:
        properties["security-severity"] = f"{score:.1f}"
    shape: _Shape = {
        "id": name,
        "name": "Vulnerability",
        "shortDescription": {"text": shortened(f"{name}: {title}" if name not in title else title, MAX_TEXT)},
        "fullDescription": {"text": shortened(title, MAX_TEXT)},
        "help": {"text": _help_text(group), "markdown": _help(name, group, told)},
        "defaultConfiguration": {"level": LEVELS.get(level, "note")},
        "properties": properties,
    }
    link = link_of(name) or next((link for link in (told.links if told else ()) if is_safe_link(link)), None)
    return shape | ({"helpUri": link} if link else {})


def security_severity(level: Level, score: float | None) -> float | None:
    """The CVSS score where it is of the level, else the nearest that is; None of an unknown severity, which is not a low one.

    >>> security_severity(Level.HIGH, 7.5), security_severity(Level.LOW, 9.8), security_severity(Level.CRITICAL, None)
    (7.5, 3.9, 9.0)
    """
    if level not in BANDS:
        return None
    low, high = BANDS[level]
    return min(max(score if score is not None else low, low), high)


HELP_SHOWN = 10
"""Packages and links in a help text."""


def _help_text(group: Sequence[Shown]) -> str:
    return "\n".join(dict.fromkeys(printable(f"{one.name} {one.version}: {advice(one)}") for one in group[:HELP_SHOWN]))


def _help(name: str, group: Sequence[Shown], told: Told | None) -> str:
    """For people, in Markdown: what it is, how bad, in which packages, and what to do."""
    finding = group[0].finding
    severity = finding.severity
    facts = [
        ("Identifiers", ", ".join(map(code, finding.ids))),
        ("Severity", f"{severity.level}" + (f" ({escaped(severity.source)})" if severity.source else "")),
        ("CVSS", ", ".join(f"{cvss.score} {code(cvss.vector)}" for cvss in severity.cvss[:3])),
        ("Exploitation", exploitation(finding)),
        ("Risk", "" if finding.risk is None else f"{finding.risk} of 100"),
    ]
    lines = [f"## {escaped(name)}", "", *([escaped(" ".join(told.summary.split())), ""] if told and told.summary else [])]
    lines += [f"- **{what}**: {words}" for what, words in facts if words]
    lines += ["", "| package | installed | fixed in | layer | what to do |", "|---|---|---|---|---|"]
    packages = list({(one.name, one.version, one.layer.index): one for one in group}.values())
    lines += [f"| {' | '.join(_help_cells(one))} |" for one in packages[:HELP_SHOWN]]
    if len(packages) > HELP_SHOWN:
        lines += ["", f"and {len(packages) - HELP_SHOWN} more"]
    links = [link for link in (told.links if told else ()) if is_safe_link(link)][:HELP_SHOWN]
    return "\n".join([*lines, "", *(f"- <{link}>" for link in links)]).rstrip()


def _help_cells(one: Shown) -> tuple[str, ...]:
    fix = code(fix_in_words(one.finding.fix))
    return code(one.name), code(one.version), fix, layer_cell(one.layer), escaped(advice(one))


def _result(one: Shown, place: int, target: TargetResult) -> _Shape:
    finding = one.finding
    path = one.component.paths[0] if one.component.paths else target.document.path
    related = _dockerfile(one.layer)
    fingerprint = _fingerprint(one, path)
    shape: _Shape = {
        "ruleId": finding.id,
        "ruleIndex": place,
        "level": LEVELS.get(finding.severity.level, "note"),
        "kind": "fail",
        "message": {"text": _message(one, linked=related is not None)},
        "locations": [
            {
                "physicalLocation": {"artifactLocation": {"uri": _uri(path)}, "region": {"startLine": 1}},
                "logicalLocations": list(_logical(one.component, one.layer)),
            }
        ],
        "partialFingerprints": {"primaryLocationLineHash": fingerprint, "sbommatch/v1": fingerprint},
        "properties": _properties(one),
    }
    if related is not None:
        shape["relatedLocations"] = [related]
    if not one.is_open:
        why = "; ".join(map(rule_in_words, finding.suppressed_by))
        shape["suppressions"] = [{"kind": "external", "status": "accepted", "justification": printable(why)}]
    return shape


def _message(one: Shown, *, linked: bool) -> str:
    """Plain text; brackets are escaped, for in a message they make links (3.11.6)."""
    finding = one.finding
    words = f"{one.name} {one.version} is affected by {finding.id} ({finding.severity.level})"
    known = exploitation(finding)
    removed = ", though a later layer removed it: its files still ship" if finding.hidden else ""
    text = printable(f"{words}{f', {known}' if known else ''}{removed}: {advice(one)}.")
    text = text.replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]")
    return f"{text} It came in by [this instruction](1)." if linked else text


def _uri(path: str) -> str:
    """A relative reference: what is in an image or a folder of the user's has no place on this machine."""
    return quote(path.encode("utf-8", "surrogateescape").lstrip(b"/"), safe="/~@+=,") or "sbom"


def _logical(component: Component, layer: ComponentLayer) -> Iterator[_Shape]:
    yield {"name": printable(component.name), "fullyQualifiedName": printable(component.purl or component.name), "kind": "package"}
    if layer.index >= 0:
        yield {"name": f"layer {layer.index}", "fullyQualifiedName": layer.diff_id or f"layer {layer.index}", "kind": "layer"}


def _dockerfile(layer: ComponentLayer) -> _Shape | None:
    """The lines of the instruction that built the layer, where BuildKit says which."""
    stated = _DOCKERFILE.fullmatch(layer.dockerfile or "")
    if stated is None:
        return None
    start = max(int(stated[2][:9]), 1)
    region = {"startLine": start, "endLine": max(int((stated[3] or stated[2])[:9]), start)}
    location = {"artifactLocation": {"uri": _uri(stated[1])}, "region": region}
    return {"id": 1, "physicalLocation": location, "message": {"text": printable(instruction(layer)) or "the instruction"}}


def _fingerprint(one: Shown, path: str) -> str:
    """The same from scan to scan while the vulnerability is in this package at this place, whatever becomes of its version."""
    place = path if one.component.paths else one.component.ref
    said = "\0".join((one.finding.id, one.finding.match.namespace, one.name, place))
    return sha256(said.encode("utf-8", "surrogateescape")).hexdigest()


def _properties(one: Shown) -> _Shape:
    finding, layer = one.finding, one.layer
    known: Mapping[str, object] = {
        "purl": one.component.purl,
        "ref": one.component.ref,
        "installedVersion": one.version,
        "fixedVersions": list(finding.fix.versions),
        "fixState": finding.fix.state,
        "upgradeTo": one.to,
        "layer": layer.index if layer.index >= 0 else None,
        "layerDiffId": layer.diff_id,
        "layerOrigin": layer.origin,
        "instruction": printable(instruction(layer)),
        "dockerfile": layer.dockerfile,
        "hidden": finding.hidden or None,
        "kev": finding.kev,
        "epss": finding.epss,
        "risk": finding.risk,
        "feed": finding.match.feed,
        "record": finding.match.record,
        "rule": finding.match.rule,
    }
    return {name: value for name, value in known.items() if value is not None and value not in ("", [])}
