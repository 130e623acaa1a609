"""An OpenVEX document from decisions: what `sbommatch vex` writes (OpenVEX 0.2.0).

| what is decided on a finding | statement |
|---|---|
| a VEX statement counts for it | the same, with that statement's time |
| an ignore rule silences it and gives a justification | not_affected, with justification and reason |
| an ignore rule silences it without one | affected; the reason is what is done about it |
| the package has none of the source's code (`kernel_headers`, `debug_package`) | not_affected: vulnerable_code_not_present |
| an OS package's verdict covers it | none: that package has its own |
| nothing | affected, and what fixes it |

The product is what the SBOM is about, its packages are the subcomponents; where nothing identifies it, the packages are the products.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import sha256
from pathlib import PurePath

import msgspec

from sbommatch import __version__
from sbommatch.match.ignores import JUSTIFICATIONS, Rule
from sbommatch.match.images import subject_purl
from sbommatch.match.model import Finding, FindingStatus, TargetResult, VexWord
from sbommatch.match.resolution import DEBUG_PACKAGE, KERNEL_HEADERS
from sbommatch.reports.words import FIX_WORDS, fix_in_words
from sbommatch.sbom.component import Component, Subject
from sbommatch.statement import Status

CONTEXT = "https://openvex.dev/ns/v0.2.0"
ID_PREFIX = "https://openvex.dev/docs/public/vex-"
"""Before a digest of the content, as the specification's own tools name documents."""

JUSTIFICATION_BY_CYCLONEDX = {
    "code_not_present": "vulnerable_code_not_present",
    "code_not_reachable": "vulnerable_code_not_in_execute_path",
    "protected_at_perimeter": "inline_mitigations_already_exist",
    "protected_at_runtime": "inline_mitigations_already_exist",
    "protected_by_compiler": "inline_mitigations_already_exist",
    "protected_by_mitigating_control": "inline_mitigations_already_exist",
}
"""CycloneDX's other words (`requires_configuration`) have no like: they go into the impact statement."""

NO_CODE = {KERNEL_HEADERS: "has headers of the kernel, and none of its code", DEBUG_PACKAGE: "has symbols for debuggers, and no code"}

RuleOf = Callable[[str], Rule | None]
Words = tuple[tuple[str, str], ...]
"""The members of a statement that say something."""


def vex_document(targets: Iterable[TargetResult], rule_of: RuleOf, author: str, issued_at: str) -> bytes | None:
    """One JSON document on one line; None where there is nothing to state, for OpenVEX knows no document without statements.

    `rule_of` gives the ignore rule that a word of `suppressed_by` is of; `issued_at` is in RFC 3339.
    """
    statements = Statements()
    for target in targets:
        statements.take(target, lambda finding: decided(finding, rule_of, _advice(finding)))
    return statements.document(author, issued_at, f"sbommatch {__version__}") if statements else None


class Statements:
    """Statements as they gather: by vulnerability and words, and of these the products and their parts."""

    def __init__(self) -> None:
        self._said: dict[tuple[str, tuple[str, ...], Words], dict[str, dict[str, object]]] = {}

    def take(self, target: TargetResult, words_of: Callable[[Finding], Iterable[tuple[str, str]]]) -> None:
        """What is said of a document's findings; nothing of those without words, and of packages that nothing identifies elsewhere."""
        components = {result.component.ref: result.component for result in target.components}
        shared = _shared(target.findings)
        for finding in target.findings:
            others = tuple(name for name in finding.ids if name != finding.id and name not in shared)
            self.add(finding.id, others, tuple(words_of(finding)), target.document.subject, components[finding.ref])

    def add(self, name: str, others: tuple[str, ...], words: Words, subject: Subject, component: Component) -> None:
        """One vulnerability in one package."""
        if words and (part := _software(component)):
            _add(self._said.setdefault((name, others, words), {}), subject_purl(subject), part)

    def __bool__(self) -> bool:
        return bool(self._said)

    def document(self, author: str, issued_at: str, tooling: str) -> bytes:
        """The document that says all."""
        said = sorted(self._said.items(), key=lambda one: one[0])
        statements = [_statement(*key, products=list(products.values())) for key, products in said]
        body = {"author": author, "timestamp": issued_at, "version": 1, "tooling": tooling, "statements": statements}
        digest = sha256(msgspec.json.encode(body)).hexdigest()
        return msgspec.json.encode({"@context": CONTEXT, "@id": f"{ID_PREFIX}{digest}", **body}) + b"\n"


def _shared(findings: Iterable[Finding]) -> frozenset[str]:
    """The names of several vulnerabilities, as a record of several CVEs has them: to other tools they would silence all of these."""
    meant: dict[str, set[str]] = {}
    for finding in findings:
        for name in finding.ids:
            meant.setdefault(name, set()).add(finding.id)
    return frozenset(name for name, of in meant.items() if len(of) > 1)


def _statement(name: str, others: Sequence[str], words: Words, *, products: list[dict[str, object]]) -> dict[str, object]:
    return {"vulnerability": {"name": name, **({"aliases": others} if others else {})}, **dict(words), "products": products}


def _add(products: dict[str, dict[str, object]], subject: str | None, part: dict[str, object]) -> None:
    """Adds a package to the products of a statement: as a part of the subject, or for itself."""
    if subject is None:
        products.setdefault(str(part["@id"]), part)
        return
    product = products.setdefault(subject, {"@id": subject, "identifiers": {"purl": subject}, "subcomponents": []})
    parts = product["subcomponents"]
    if isinstance(parts, list) and part not in parts:
        parts.append(part)


def _software(component: Component) -> dict[str, object] | None:
    """None where nothing identifies it beyond its document."""
    return {"@id": component.purl, "identifiers": {"purl": component.purl}} if component.purl else None


def decided(finding: Finding, rule_of: RuleOf, advice: str) -> Iterator[tuple[str, str]]:
    """What a statement says of a finding, by the table above; `advice` is what to do about one that is affected."""
    word = next((word for word in finding.vex if word.counts), None)
    rules = [(words, rule) for words in finding.suppressed_by if (rule := rule_of(words))]
    deciding = next((one for one in rules if one[1].justification), rules[0] if rules else None)
    no_code = next((rule for rule in finding.suppressed_by if rule in NO_CODE), None)
    if word and (word.status in {Status.NOT_AFFECTED, Status.FIXED} or not deciding):
        yield from _passed_on(word, advice)
    elif deciding:
        yield from _by_rule(*deciding)
    elif no_code:
        yield "status", Status.NOT_AFFECTED.value
        yield "justification", "vulnerable_code_not_present"
        yield "impact_statement", NO_CODE[no_code]
    elif finding.status is FindingStatus.OPEN:
        yield "status", Status.AFFECTED.value
        yield "action_statement", advice


def _passed_on(word: VexWord, advice: str) -> Iterator[tuple[str, str]]:
    yield "status", word.status.value
    justification = JUSTIFICATION_BY_CYCLONEDX.get(word.justification or "", word.justification)
    if word.status is Status.NOT_AFFECTED:
        known = justification in JUSTIFICATIONS
        if known and justification:
            yield "justification", justification
        impact = "; ".join(filter(None, (word.impact, None if known else justification)))
        if impact or not known:
            yield "impact_statement", impact or f"{word.document} says so"
    elif word.impact:
        yield "status_notes", word.impact
    if word.status is Status.AFFECTED:
        yield "action_statement", word.action or advice
    if word.said_at:
        yield "timestamp", word.said_at


def _by_rule(words: str, rule: Rule) -> Iterator[tuple[str, str]]:
    if rule.justification:
        yield "status", Status.NOT_AFFECTED.value
        yield "justification", rule.justification
        if rule.reason:
            yield "impact_statement", rule.reason
    else:
        yield "status", Status.AFFECTED.value
        yield "action_statement", f"Accepted{f' until {rule.expires}' if rule.expires else ''}: {rule.reason or 'no reason is stated'}"
    yield "status_notes", f"decided by {PurePath(words.partition(': rule')[0]).name}{f', {rule.owner}' if rule.owner else ''}"


def _advice(finding: Finding) -> str:
    if finding.fix.versions:
        return f"Update {finding.match.name} to {fix_in_words(finding.fix)}"
    return f"No fix is known: {FIX_WORDS[finding.fix.state]}" if FIX_WORDS[finding.fix.state] != "-" else "No fix is known"
