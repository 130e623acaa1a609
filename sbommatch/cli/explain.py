"""`sbommatch explain`: why a vulnerability was found for a component, or why not."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path

import click
from msgspec.structs import replace

from sbommatch.cli import base
from sbommatch.cli.decisions import Decisions, policy_option, read_decisions, vex_option
from sbommatch.cli.scan import distro_option
from sbommatch.errors import UnreadableError, UsageError
from sbommatch.match.explanation import (
    ExplainedComponent,
    ExplainedRecord,
    ExplainedStatement,
    Explanation,
    elsewhere,
    explained_records,
    is_meant,
)
from sbommatch.match.model import ComponentResult, Finding, TargetResult
from sbommatch.match.pipeline import MatchOptions, match_documents
from sbommatch.problem import ProblemCode
from sbommatch.purl import InvalidPurl, parse_purl
from sbommatch.reports.explanation import explanation_json, explanation_text
from sbommatch.reports.report import evaluation_day
from sbommatch.sbom.component import DistroStatement, Document
from sbommatch.sbom.read import open_documents
from sbommatch.store import queries
from sbommatch.store.model import FoundRecord, Record
from sbommatch.store.open import Database, open_database
from sbommatch.store.told import vulnerabilities_called

PURL_PREFIX = "pkg:"

Wanted = Callable[[Record], bool]
Told = Callable[[Iterable[str], ComponentResult], tuple[ExplainedStatement, ...]]


@base.command("explain")
@click.argument("sbom", metavar="SBOM")
@click.argument("asked", metavar="ID|PURL")
@base.db_option
@base.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True, help="For people, or for programs.")
@distro_option
@base.as_of_option
@vex_option
@policy_option
def explain(
    sbom: str,
    asked: str,
    *,
    db: Path | None,
    output: str,
    distro: DistroStatement | None,
    as_of: datetime | None,
    vex: tuple[str, ...],
    policy: Path | None,
) -> None:
    """Say why a vulnerability was found for a component, or why not.

    ID is any identifier of a vulnerability (CVE, GHSA, a feed's own): all components that its records speak of are explained. PURL names a
    component, by type, name, and what else it has; all records of that package are explained.
    """
    document = _document(sbom)
    decisions = read_decisions(vex, policy, evaluation_day())
    decisions.warn(quiet=False)
    with open_database(base.database_pointer(db), as_of=as_of) as database:
        (target,) = match_documents([document], database, MatchOptions(distro))
        target = decisions.applied(target)
        told = _told(decisions, target)
        explain_one = _of_purl if asked.startswith(PURL_PREFIX) else _of_identifier
        explanation = explain_one(asked, target, database, told)
        write = explanation_json if output == "json" else explanation_text
        base.emit(write(explanation, document, queries.status(database)), None)
    for problem in target.problems:
        if problem.loss or problem.code is ProblemCode.CONTRADICTION:
            base.warn(f"{problem.where}: {problem.message}")
    losses = any(problem.loss for problem in (*target.problems, *decisions.problems))
    base.finish([base.EXIT_LOSS] if losses else [])


def _told(decisions: Decisions, target: TargetResult) -> Told:
    """What the statements say of a vulnerability's identifiers and a component."""
    if decisions.statements is None:
        return lambda _ids, _result: ()
    from sbommatch.match.products import Products

    statements, products = decisions.statements, Products(target.document, target.components)
    return lambda ids, result: statements.explained(ids, result, products)


def _document(path: str) -> Document:
    if path != "-" and Path(path).is_dir():
        raise UsageError(f"{path}: is a folder; name one SBOM")
    found, *others = open_documents([path])
    if others:
        raise UsageError(f"{path}: stands for {1 + len(others)} files; name one SBOM")
    if isinstance(found, Document):
        return found
    raise found if isinstance(found, UnreadableError) else UnreadableError(f"{found.where}: {found.message}")


def _of_purl(asked: str, target: TargetResult, database: Database, told: Told) -> Explanation:
    try:
        purl = parse_purl(asked)
    except InvalidPurl as exc:
        raise UsageError(f"no PURL: {exc}") from exc
    components = []
    for result in target.components:
        if is_meant(result.component, purl):
            explained = _explained(result, target.findings, lambda _record: True, database)
            statements = (one for finding in explained.findings for one in told(finding.ids, result))
            components.append(replace(explained, statements=tuple(dict.fromkeys(statements))))
    return Explanation(asked, (), tuple(components), ())


def _of_identifier(asked: str, target: TargetResult, database: Database, told: Told) -> Explanation:
    found = _records_with(asked, queries.search(database, asked))
    if not found:
        return Explanation(asked, (), (), ())
    called = vulnerabilities_called(database, asked) or ({identifier for record in found for identifier in record.ids},)
    ids = {identifier for names in called for identifier in names}
    records = {(record.feed, record.record) for record in found}
    packages = {(row.namespace, row.name) for record in found for row in record.affected}
    findings = [finding for finding in target.findings if asked.upper() in {identifier.upper() for identifier in finding.ids}]
    meant = [result for result in target.components if any((lookup.namespace, lookup.name) in packages for lookup in result.lookups)]

    def is_wanted(row: Record) -> bool:
        return (row.feed, row.record) in records

    explained = [_explained(result, findings, is_wanted, database) for result in meant]
    components = tuple(replace(one, statements=told(_ids_of(one) or ids, one.result)) for one in explained)
    return Explanation(asked, tuple(sorted(ids)), components, elsewhere(found, target.components), vulnerabilities=len(called))


def _ids_of(explained: ExplainedComponent) -> set[str]:
    return {identifier for finding in explained.findings for identifier in finding.ids}


def _records_with(identifier: str, found: Iterable[FoundRecord]) -> list[FoundRecord]:
    """Of what a search found those that go by the identifier, in whatever case it was typed: a search finds packages, too."""
    wanted = identifier.upper()
    return [record for record in found if wanted in {name.upper() for name in (*record.ids, record.record)}]


def _explained(result: ComponentResult, findings: Sequence[Finding], is_wanted: Wanted, database: Database) -> ExplainedComponent:
    own = tuple(finding for finding in findings if finding.ref == result.component.ref)
    records: list[ExplainedRecord] = []
    for lookup in result.lookups:
        rows = [row for row in queries.records_of(database, lookup, with_others=True) if is_wanted(row)]
        records += explained_records(lookup, rows, queries.groups_of(database, {row.advisory_id for row in rows}), own)
    return ExplainedComponent(result, own, tuple(records))
