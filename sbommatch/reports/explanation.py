"""Explanations, for people and as `sbommatch.explain/1` (`sbommatch/schemas/explain-1.schema.json`)."""

from collections.abc import Iterator, Sequence

import msgspec

from sbommatch import __version__
from sbommatch.advisory import NameKind
from sbommatch.match.coverage import unserved_for
from sbommatch.match.explanation import Elsewhere, ExplainedComponent, ExplainedRecord, ExplainedStatement, Explanation, Outcome, Why
from sbommatch.match.model import NotChecked, Verdict
from sbommatch.reports.json_report import database_shape, document_shape, lookup_shape
from sbommatch.reports.text import counted, printable
from sbommatch.reports.words import REASON_WORDS, some, unserved_in_words
from sbommatch.sbom.component import Document
from sbommatch.store.model import DatabaseStatus
from sbommatch.versions.scheme import KEY_FORMAT

SCHEMA = "sbommatch.explain/1"

ELSEWHERE_SHOWN = 12
"""Packages in words: a kernel record names hundreds."""

STATEMENTS_SHOWN = 3
"""Statements about other products, in words: a repository of VEX documents has hundreds for one CVE."""

OUTCOME_WORDS = {
    Outcome.WITHDRAWN: "withdrawn, it does not count",
    Outcome.AFFECTED: "affected",
    Outcome.CLOSED: "in the range, but another record of this vulnerability says that it is not affected",
    Outcome.OTHER_CHANNEL: "in the range, but of a channel of updates that it is not known to belong to",
    Outcome.CLEARED: "not affected, says the record",
    Outcome.UNPLACED: "not checked, the range has a bound that is no version",
    Outcome.FIXED: "fixed",
    Outcome.BELOW_INTRODUCED: "not affected yet",
    Outcome.OUTSIDE: "not affected",
    Outcome.OTHER_ARCH: "about another architecture",
    Outcome.OTHER_MODULE: "about another module",
}

VERDICT_WORDS = {
    Verdict.AFFECTED: "affected",
    Verdict.CLEARED: "cleared",
    Verdict.NO_MATCH: "no match",
    Verdict.NOT_CHECKED: "not checked",
}

ANSWER_WORDS = {
    Verdict.AFFECTED: "affected by",
    Verdict.CLEARED: "cleared of",
    Verdict.NO_MATCH: "no match with",
    Verdict.NOT_CHECKED: "not checked for",
}


def explanation_json(explanation: Explanation, document: Document, database: DatabaseStatus) -> bytes:
    """One JSON document on one line."""
    shape = {
        "schema": SCHEMA,
        "tool": {"name": "sbommatch", "version": __version__, "key_format": KEY_FORMAT},
        "database": database_shape(database),
        "document": document_shape(document),
        "asked": explanation.asked,
        "ids": explanation.ids,
        "components": [_component_shape(component) for component in explanation.components],
        "elsewhere": explanation.elsewhere,
    }
    return msgspec.json.encode(shape) + b"\n"


def _component_shape(explained: ExplainedComponent) -> dict[str, object]:
    result, component = explained.result, explained.result.component
    exact = result.reason is not NotChecked.INVALID_VERSION
    return {
        "ref": component.ref,
        "purl": component.purl,
        "name": component.name,
        "version": component.version,
        "verdict": result.verdict,
        "reason": result.reason,
        "answer": explained.answer,
        "lookups": [lookup_shape(lookup, feeds, exact=exact) for lookup, feeds in zip(result.lookups, result.feeds, strict=True)],
        "findings": [finding.id for finding in explained.findings],
        "suppressed": [{"id": one.id, "by": one.suppressed_by} for one in explained.findings if one.suppressed_by],
        "statements": explained.statements,
        "records": explained.records,
    }


def explanation_text(explanation: Explanation, document: Document, database: DatabaseStatus) -> bytes:
    """For people; nothing in it acts on a terminal."""
    lines = [f"{explanation.asked} in {document.path}", *_known_as(explanation)]
    for component in explanation.components:
        lines += ["", *_component_lines(component, explanation, document)]
    if explanation.elsewhere:
        lines += ["", *_elsewhere_lines(explanation.elsewhere)]
    if not explanation.components and not explanation.elsewhere:
        lines += ["", _nothing(explanation, database)]
    return ("\n".join(map(printable, lines)) + "\n").encode()


def _known_as(explanation: Explanation) -> Iterator[str]:
    others = [identifier for identifier in explanation.ids if identifier.upper() != explanation.asked.upper()]
    if others:
        is_one = explanation.vulnerabilities == 1
        yield f"{'the same as' if is_one else f'a record of {explanation.vulnerabilities} vulnerabilities:'} {', '.join(others)}"


def _component_lines(explained: ExplainedComponent, explanation: Explanation, document: Document) -> Iterator[str]:
    result, component = explained.result, explained.result.component
    answer = f"{ANSWER_WORDS[explained.answer]} {explanation.asked}" if explanation.ids else VERDICT_WORDS[result.verdict]
    reason = f", {result.reason}: {unserved_in_words(unserved_for(result.reason, [result], document))}" if result.reason else ""
    yield f"{component.purl or component.name}: {answer}{reason}"
    for lookup, feeds in zip(result.lookups, result.feeds, strict=True):
        by = f"checked by {', '.join(feeds)}" if feeds else "no loaded feed covers that namespace"
        kind = "" if lookup.name_kind is NameKind.SELF else f"{lookup.name_kind} "
        assumed = f" ({', '.join(lookup.assumes)})" if lookup.assumes else ""
        yield f"  asked for as {kind}{lookup.name} {lookup.raw_version} in {lookup.namespace}{assumed}; {by}"
    for record in explained.records:
        yield from _record_lines(record)
    if result.lookups and not explained.records:
        yield "  no record of any feed names it"
    yield from (f"  {finding.id} is suppressed by {rule}" for finding in explained.findings for rule in finding.suppressed_by)
    yield from _statement_lines(explained.statements)


def _statement_lines(statements: Sequence[ExplainedStatement]) -> Iterator[str]:
    others = sum(not one.means for one in statements)
    for one in statements[: len(statements) - max(others - STATEMENTS_SHOWN, 0)]:
        why = f" ({one.justification})" if one.justification else ""
        said = "; ".join(filter(None, (one.impact, f"action: {one.action}" if one.action else None)))
        on = f" on {one.said_at[:10]}" if one.said_at else ""
        effect = "counts" if one.counts else "does not count beside others" if one.means else "not applied, it is about other products"
        yield f"  {one.document} {one.place} says {one.status}{why}{on}: {effect}{f': {said}' if said else ''}"
    if others > STATEMENTS_SHOWN:
        yield f"  and {others - STATEMENTS_SHOWN} more statements about other products"


def _record_lines(record: ExplainedRecord) -> Iterator[str]:
    first = record.rows[0]
    others = [identifier for identifier in record.ids if identifier != record.record]
    known = f" ({some([one for one in others if one.startswith('CVE-')] or others)})" if others else ""
    fix = f"; fixed in {first.fix}" if record.outcome is Outcome.AFFECTED and first.fix else ""
    rule = f" ({first.rule})" if record.outcome is Outcome.AFFECTED else ""
    withdrawn = f" on {record.withdrawn[:10]}" if record.withdrawn else ""
    yield f"  {record.feed} {record.record}{known}: {OUTCOME_WORDS[record.outcome]}{withdrawn}: {first.comparison}{rule}{fix}"


def _elsewhere_lines(elsewhere: Sequence[Elsewhere]) -> Iterator[str]:
    yield f"The records speak of {counted(len(elsewhere), 'package')} that no component was asked for as:"
    for package in elsewhere[:ELSEWHERE_SHOWN]:
        yield f"  {package.namespace}/{package.name} ({package.feed} {package.record}): {_why(package)}"
    if len(elsewhere) > ELSEWHERE_SHOWN:
        yield f"  and {len(elsewhere) - ELSEWHERE_SHOWN} more"


def _why(package: Elsewhere) -> str:
    if package.why is Why.NOT_CHECKED and package.reason:
        reason = f"{package.reason.value}: {REASON_WORDS[package.reason]}"
        return f"{', '.join(package.refs[:ELSEWHERE_SHOWN])} may be it, but was not checked, {reason}"
    if package.why is Why.OTHER_RELEASE:
        return f"another release, the document has {', '.join(package.releases)}"
    return "not in the document"


def _nothing(explanation: Explanation, database: DatabaseStatus) -> str:
    if explanation.asked.startswith("pkg:"):
        return "no component of the document has this PURL"
    if explanation.ids:
        return "its records name no package"
    return f"no record of it in the feeds loaded: {', '.join(feed.name for feed in database.feeds) or 'there are none'}"
