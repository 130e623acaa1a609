"""`sbommatch explain`: why a vulnerability was found for a component, or why not."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path

import click

from sbommatch.cli import base
from sbommatch.cli.scan import distro_option
from sbommatch.errors import UnreadableError, UsageError
from sbommatch.match.explanation import ExplainedComponent, ExplainedRecord, Explanation, elsewhere, explained_records, is_meant
from sbommatch.match.model import ComponentResult, Finding, TargetResult
from sbommatch.match.pipeline import MatchOptions, match_documents
from sbommatch.purl import InvalidPurl, parse_purl
from sbommatch.reports.explanation import explanation_json, explanation_text
from sbommatch.sbom.component import DistroStatement, Document
from sbommatch.sbom.read import open_documents
from sbommatch.store import queries
from sbommatch.store.model import FoundRecord, Record
from sbommatch.store.open import Database, open_database

PURL_PREFIX = "pkg:"

Wanted = Callable[[Record], bool]


@base.command("explain")
@click.argument("sbom", metavar="SBOM")
@click.argument("asked", metavar="ID|PURL")
@base.db_option
@base.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True, help="For people, or for programs.")
@distro_option
@base.as_of_option
def explain(sbom: str, asked: str, *, db: Path | None, output: str, distro: DistroStatement | None, as_of: datetime | None) -> None:
    """Say why a vulnerability was found for a component, or why not.

    ID is any identifier of a vulnerability (CVE, GHSA, a feed's own): all components that its records speak of are explained. PURL names a
    component, by type, name, and what else it has; all records of that package are explained.
    """
    document = _document(sbom)
    with open_database(base.database_pointer(db), as_of=as_of) as database:
        (target,) = match_documents([document], database, MatchOptions(distro))
        explanation = _of_purl(asked, target, database) if asked.startswith(PURL_PREFIX) else _of_identifier(asked, target, database)
        write = explanation_json if output == "json" else explanation_text
        base.emit(write(explanation, document, queries.status(database)), None)
    losses = [problem for problem in document.problems if problem.loss]
    for problem in losses:
        base.warn(f"{problem.where}: {problem.message}")
    base.finish([base.EXIT_LOSS] if losses else [])


def _document(path: str) -> Document:
    if path != "-" and Path(path).is_dir():
        raise UsageError(f"{path}: is a folder; name one SBOM")
    found, *others = open_documents([path])
    if others:
        raise UsageError(f"{path}: stands for {1 + len(others)} files; name one SBOM")
    if isinstance(found, Document):
        return found
    raise found if isinstance(found, UnreadableError) else UnreadableError(f"{found.where}: {found.message}")


def _of_purl(asked: str, target: TargetResult, database: Database) -> Explanation:
    try:
        purl = parse_purl(asked)
    except InvalidPurl as exc:
        raise UsageError(f"no PURL: {exc}") from exc
    meant = [result for result in target.components if is_meant(result.component, purl)]
    return Explanation(asked, (), tuple(_explained(result, target.findings, lambda _record: True, database) for result in meant), ())


def _of_identifier(asked: str, target: TargetResult, database: Database) -> Explanation:
    found = _records_with(asked, queries.search(database, asked))
    if not found:
        return Explanation(asked, (), (), ())
    ids = {identifier for record in found for identifier in record.ids}
    records = {(record.feed, record.record) for record in found}
    packages = {(row.namespace, row.name) for record in found for row in record.affected}
    findings = [finding for finding in target.findings if asked.upper() in {identifier.upper() for identifier in finding.ids}]
    meant = [result for result in target.components if any((lookup.namespace, lookup.name) in packages for lookup in result.lookups)]

    def is_wanted(row: Record) -> bool:
        return (row.feed, row.record) in records

    components = tuple(_explained(result, findings, is_wanted, database) for result in meant)
    return Explanation(asked, tuple(sorted(ids)), components, elsewhere(found, target.components))


def _records_with(identifier: str, found: Iterable[FoundRecord]) -> list[FoundRecord]:
    """Of what a search found those that go by the identifier, in whatever case it was typed: a search finds packages, too."""
    wanted = identifier.upper()
    return [record for record in found if wanted in {name.upper() for name in (*record.ids, record.record)}]


def _explained(result: ComponentResult, findings: Sequence[Finding], is_wanted: Wanted, database: Database) -> ExplainedComponent:
    own = tuple(finding for finding in findings if finding.ref == result.component.ref)
    records: list[ExplainedRecord] = []
    for lookup in result.lookups:
        rows = [row for row in queries.records_of(database, lookup) if is_wanted(row)]
        records += explained_records(lookup, rows, queries.groups_of(database, {row.advisory_id for row in rows}), own)
    return ExplainedComponent(result, own, tuple(records))
