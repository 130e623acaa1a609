"""The report for programs: `sbommatch.report/1`, as `sbommatch/schemas/report-1.schema.json` describes it.

One line. Every field is present, null where nothing is known; lists are sorted; the same report gives the same bytes.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import ClassVar

import msgspec

from sbommatch import __version__
from sbommatch.match.coverage import coverage_of
from sbommatch.match.model import ComponentResult, Finding, Match, NotChecked, TargetResult, Upgrade
from sbommatch.problem import Problem
from sbommatch.reports._shown import UNDESCRIBED, action_of, layers_of
from sbommatch.reports.report import Exit, ScanReport, Style
from sbommatch.reports.text import as_text
from sbommatch.sbom.component import ComponentLayer, Document
from sbommatch.store.model import DatabaseStatus, Lookup
from sbommatch.versions.scheme import KEY_FORMAT

SCHEMA = "sbommatch.report/1"


class JsonReport:
    """The report `json`."""

    name: ClassVar[str] = "json"
    title: ClassVar[str] = "everything, for programs: one JSON document a line"
    suffix: ClassVar[str] = ".json"
    between: ClassVar[bytes] = b""
    head: ClassVar[bytes] = b""
    tells: ClassVar[bool] = False

    def write(self, report: ScanReport, style: Style) -> bytes:
        """One JSON document on one line, whatever the style."""
        return b"".join(json_pieces(report.evaluated_on, report.database, report.targets, lambda: report.exit))


def json_pieces(evaluated_on: str, database: DatabaseStatus, targets: Iterable[TargetResult], exit_: Callable[[], Exit]) -> Iterator[bytes]:
    """The report, a piece for each target and some more: any number of targets need not be held. `exit_` is asked after the last."""
    head = {
        "schema": SCHEMA,
        "tool": {"name": "sbommatch", "version": __version__, "key_format": KEY_FORMAT},
        "evaluated_on": evaluated_on,
        "database": database_shape(database),
    }
    yield msgspec.json.encode(head)[:-1] + b',"targets":['
    problems: list[Problem] = []
    between = b""
    for target in targets:
        problems += target.problems
        yield between + msgspec.json.encode(_target(target))
        between = b","
    tail = {"problems": [_problem(problem) for problem in sorted(problems)], "exit": exit_()}
    yield b"]," + msgspec.json.encode(tail)[1:] + b"\n"


def database_shape(database: DatabaseStatus) -> dict[str, object]:
    """The database as reports name it."""
    return {
        "digest": database.digest,
        "built_at": database.built_at,
        "key_format": database.key_format,
        "as_of": database.as_of,
        "feeds": [
            {
                "name": feed.name,
                "snapshot": feed.snapshot,
                "captured_at": feed.captured_at,
                "covers": feed.covers,
                "completeness": feed.completeness,
                "advisories": feed.advisories,
            }
            for feed in database.feeds
        ],
    }


def _target(target: TargetResult) -> dict[str, object]:
    document = target.document
    layers = layers_of(target)
    return {
        "document": document_shape(document),
        "subject": document.subject,
        "distro": {"id": target.distro_id, "version": target.distro_version, "from": target.distro_from},
        "layers": sorted(document.layers, key=lambda layer: layer.index),
        "components": [_component(result) for result in sorted(target.components, key=lambda result: result.component.ref)],
        "findings": [finding_shape(finding) for finding in sorted(target.findings, key=lambda finding: (finding.ref, finding.id))],
        "upgrades": [_upgrade(upgrade, layers) for upgrade in target.upgrades],
        "coverage": coverage_of(target),
    }


def _upgrade(upgrade: Upgrade, layers: Mapping[int, ComponentLayer]) -> dict[str, object]:
    layer = UNDESCRIBED if upgrade.layer is None else layers.get(upgrade.layer, UNDESCRIBED)
    return {"action": action_of(upgrade, layer), **msgspec.structs.asdict(upgrade)}


def _problem(problem: Problem) -> dict[str, object]:
    return {"code": problem.code, "where": as_text(problem.where), "message": as_text(problem.message), "loss": problem.loss}


def document_shape(document: Document) -> dict[str, object]:
    """A document as reports name it."""
    return {
        "path": as_text(document.path),
        "sha256": document.sha256,
        "format": document.format,
        "spec_version": document.spec_version,
        "producer": document.producer,
    }


def _component(result: ComponentResult) -> dict[str, object]:
    component = result.component
    return {
        "ref": component.ref,
        "purl": component.purl,
        "purl_from": component.purl_from,
        "name": component.name,
        "version": component.version,
        "visible": component.visible,
        "layer": component.layer,
        "paths": sorted(component.paths),
        "verdict": result.verdict,
        "reason": result.reason,
        "unchecked": result.unchecked,
        "cleared": result.cleared,
        "covered_by": result.covered_by,
        "lookups": [
            lookup_shape(lookup, feeds, exact=result.reason is not NotChecked.INVALID_VERSION)
            for lookup, feeds in zip(result.lookups, result.feeds, strict=True)
        ],
    }


def lookup_shape(lookup: Lookup, feeds: tuple[str, ...], *, exact: bool) -> dict[str, object]:
    """A lookup as reports show it; not `exact` is one whose version is none, so that only its text can meet a record, or that assumes."""
    return {
        "namespace": lookup.namespace,
        "name": lookup.name,
        "version": lookup.raw_version,
        "name_kind": lookup.name_kind,
        "scheme": lookup.scheme,
        "exact": exact and not lookup.assumes,
        "feeds": feeds,
    }


def finding_shape(finding: Finding) -> dict[str, object]:
    """A finding as reports show it."""
    return {
        "ref": finding.ref,
        "id": finding.id,
        "ids": finding.ids,
        "feed": finding.match.feed,
        "record": finding.match.record,
        "match": _match(finding.match) | {"also": [{"feed": also.feed, "record": also.record} | _match(also) for also in finding.also]},
        "fix": finding.fix,
        "severity": finding.severity,
        "kev": finding.kev,
        "epss": finding.epss,
        "risk": finding.risk,
        "hidden": finding.hidden,
        "status": finding.status,
        "suppressed_by": finding.suppressed_by,
        "vex": finding.vex,
    }


def _match(match: Match) -> dict[str, object]:
    return {
        "rule": match.rule,
        "namespace": match.namespace,
        "name": match.name,
        "version": match.version,
        "range": match.range,
        "exact": match.exact,
        "channel": match.channel,
    }
