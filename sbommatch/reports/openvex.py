"""OpenVEX 0.2.0: https://github.com/openvex/spec/blob/main/OPENVEX-SPEC.md.

A statement says one thing of one vulnerability: *affected*, with what to do, of every finding, those too that only the user's policy
silences; *not affected* of findings that a rule about the package itself silences, and of what a record clears. The product is what the
SBOM is about, and the packages are its subcomponents; where the SBOM states no PURL of it, the packages are the products.
"""

from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import ClassVar

import msgspec

from sbommatch import __version__
from sbommatch.match.model import TargetResult
from sbommatch.reports._shown import Shown, Stance, advice, shown, stance_of, valid_purl
from sbommatch.reports.report import ScanReport, Style
from sbommatch.reports.words import rule_in_words
from sbommatch.sbom.component import Component

CONTEXT = "https://openvex.dev/ns/v0.2.0"
ID_PREFIX = "https://openvex.dev/docs/public/vex-"
"""Before a digest of the content, as the specification's own tools name documents."""

CLEARED = "a record of the feeds says that it is not affected"

_Shape = dict[str, object]


class OpenVexReport:
    """The report `openvex`."""

    name: ClassVar[str] = "openvex"
    title: ClassVar[str] = "OpenVEX 0.2.0: what is affected and what is not"
    suffix: ClassVar[str] = ".openvex.json"
    between: ClassVar[bytes] = b""
    head: ClassVar[bytes] = b""
    tells: ClassVar[bool] = False

    def write(self, report: ScanReport, style: Style) -> bytes:
        """One JSON document on one line for each target; without findings it has no statements, which the schema does not foresee."""
        return b"".join(_document(target, report) for target in report.targets)


def _document(target: TargetResult, report: ScanReport) -> bytes:
    body: _Shape = {
        "author": "sbommatch",
        "role": "automated vulnerability matching",
        "timestamp": f"{report.evaluated_on}T00:00:00Z",
        "version": 1,
        "tooling": f"sbommatch {__version__}, database {report.database.digest}",
        "statements": _statements(target),
    }
    digest = sha256(msgspec.json.encode([target.document.sha256, body])).hexdigest()
    return msgspec.json.encode({"@context": CONTEXT, "@id": f"{ID_PREFIX}{digest}", **body}) + b"\n"


def _statements(target: TargetResult) -> list[_Shape]:
    """By vulnerability and then by what is said; components of which the same is said share a statement."""
    said: dict[tuple[str, tuple[str, ...], tuple[tuple[str, str], ...]], dict[str, Component]] = {}
    for one in shown(target):
        finding = one.finding
        others = tuple(name for name in finding.ids if name != finding.id)
        said.setdefault((finding.id, others, tuple(_words(one))), {})[one.component.ref] = one.component
    for result in target.components:
        for name in result.cleared:
            words = (("status", "not_affected"), ("impact_statement", CLEARED))
            said.setdefault((name, (), words), {})[result.component.ref] = result.component
    subject = valid_purl(target.document.subject.purl)
    return [
        {"vulnerability": {"name": name, **({"aliases": others} if others else {})}, **dict(words), "products": products}
        for (name, others, words), components in sorted(said.items(), key=lambda one: one[0])
        if (products := _products(subject, components.values()))
    ]


def _words(one: Shown) -> Iterator[tuple[str, str]]:
    stance = stance_of(one.finding)
    why = "; ".join(map(rule_in_words, one.finding.suppressed_by))
    if stance in {Stance.OPEN, Stance.UNDECIDED}:
        yield "status", "affected"
        yield "action_statement", advice(one)
        if why:
            yield "status_notes", f"suppressed by {why}"
        return
    yield "status", "not_affected"
    if stance is Stance.NO_CODE:
        yield "justification", "vulnerable_code_not_present"
    yield "impact_statement", why


def _products(subject: str | None, components: Iterable[Component]) -> list[_Shape]:
    parts = {str(part["@id"]): part for component in components if (part := _software(component))}
    listed: list[_Shape] = [{**parts[name]} for name in sorted(parts)]
    return [{"@id": subject, "identifiers": {"purl": subject}, "subcomponents": listed}] if subject and listed else listed


def _software(component: Component) -> dict[str, str | dict[str, str]] | None:
    """None where nothing identifies it beyond its document."""
    if purl := valid_purl(component.purl):
        return {"@id": purl, "identifiers": {"purl": purl}}
    cpe = next((cpe for cpe in component.cpes if cpe.startswith("cpe:2.3:")), None)
    return {"@id": cpe, "identifiers": {"cpe23": cpe}} if cpe else None
