"""VEX statements applied to what was found.

- A statement is about a finding where both name the same vulnerability, by any of their identifiers, and where one of its products means
  the package (`sbommatch.match.products`). CVEs are the finest names: where both have one, they must share one, for a record of several
  CVEs stands in the group of each.
- Of several statements of one document (or of documents of one id) the newest counts, as OpenVEX has it; then the later version's.
- *not_affected* and *fixed* silence, *affected* and *under_investigation* do not; each is noted at the finding.
- Where documents disagree the newer word counts. Where none is newer, because two are equally old or one has no time, none silences. Both
  are said.
- A component whose findings are all silenced so is *cleared*, and so is one without findings that a statement calls *not_affected*.
"""

from collections.abc import Iterable, Mapping, Sequence

from msgspec.structs import replace

from sbommatch.match.explanation import ExplainedStatement
from sbommatch.match.model import ComponentResult, Finding, FindingStatus, TargetResult, Verdict, VexWord
from sbommatch.match.products import Products
from sbommatch.problem import Problem, ProblemCode
from sbommatch.statement import SILENCING, Statement, Status, VexDocument
from sbommatch.store.groups import is_cve

Said = tuple[VexDocument, Statement]


class Statements:
    """The statements of some documents, by the names of their vulnerabilities."""

    def __init__(self, documents: Iterable[VexDocument]) -> None:
        self._all = [(document, statement) for document in documents for statement in document.statements]
        self._by_id: dict[str, list[Said]] = {}
        for said in self._all:
            for name in {identifier.upper() for identifier in said[1].ids}:
                self._by_id.setdefault(name, []).append(said)

    def about(self, ids: Iterable[str]) -> list[Said]:
        """Those that name a vulnerability of these identifiers, in the order of the documents."""
        names = {identifier.upper() for identifier in ids}
        cves = set(filter(is_cve, names))
        found = {id(said[1]): said for name in sorted(names) for said in self._by_id.get(name, ())}
        return [said for said in found.values() if not cves or _shares(cves, said[1])]

    def applied(self, target: TargetResult) -> TargetResult:
        """The result with what the statements say of its findings, verdicts that follow from it, and a note on each disagreement."""
        if not self._all:
            return target
        products = Products(target.document, target.components)
        results = {result.component.ref: result for result in target.components}
        notes: dict[Problem, None] = {}
        findings = tuple(self._judged(finding, results[finding.ref], products, notes) for finding in target.findings)
        components = _with_verdicts(target.components, findings, self._cleared(target, products))
        return replace(target, findings=findings, components=components, problems=(*target.problems, *notes))

    def _judged(self, finding: Finding, result: ComponentResult, products: Products, notes: dict[Problem, None]) -> Finding:
        said = self.meaning(finding.ids, result, products)
        if not said:
            return finding
        latest = _latest(said)
        counting, is_newer = _counting(latest)
        if len(counting) < len(latest):
            notes[_disagreement(finding, latest, is_newer=is_newer)] = None
        words = tuple(_word(*one, counts=one in counting) for one in latest)
        finding = replace(finding, vex=words)
        if not finding.is_cleared:
            return finding
        silenced_by = tuple(dict.fromkeys(described(word) for word in words if word.counts))
        return replace(finding, status=FindingStatus.SUPPRESSED, suppressed_by=(*finding.suppressed_by, *silenced_by))

    def meaning(self, ids: Iterable[str], result: ComponentResult, products: Products) -> list[Said]:
        """Those that name a vulnerability of these identifiers and mean that package."""
        return [one for one in self.about(ids) if any(products.means(product, result) for product in one[1].products)]

    def explained(self, ids: Iterable[str], result: ComponentResult, products: Products) -> tuple[ExplainedStatement, ...]:
        """All that name a vulnerability of these identifiers, as they bear on a package: those that mean it first, the newest first."""
        about = self.about(ids)
        meaning = self.meaning(ids, result, products)
        counting, _ = _counting(_latest(meaning))
        ordered = sorted(about, key=lambda one: one[1].said_at or "", reverse=True)
        told = [_explained(*one, means=one in meaning, counts=one in counting) for one in ordered]
        return tuple(sorted(told, key=lambda one: not one.means))

    def _cleared(self, target: TargetResult, products: Products) -> frozenset[str]:
        """The components without findings that a statement calls not affected by name, by their refs."""
        spared = {result.component.ref for result in target.components if result.verdict is Verdict.NO_MATCH}
        cleared: set[str] = set()
        for _, statement in self._all:
            if statement.status is not Status.NOT_AFFECTED:
                continue
            named = (software for product in statement.products for software in product.parts or (product.software,))
            for result in (result for software in named for result in products.candidates(software)):
                ref = result.component.ref
                if ref in spared and ref not in cleared and self._spares(statement.ids, result, products):
                    cleared.add(ref)
        return frozenset(cleared)

    def _spares(self, ids: Iterable[str], result: ComponentResult, products: Products) -> bool:
        counting, _ = _counting(_latest(self.meaning(ids, result, products)))
        return any(statement.status is Status.NOT_AFFECTED for _, statement in counting)


def _shares(cves: set[str], statement: Statement) -> bool:
    own = {identifier.upper() for identifier in statement.ids if is_cve(identifier.upper())}
    return not own or not own.isdisjoint(cves)


def _latest(said: Iterable[Said]) -> list[Said]:
    """Of each document's words the newest, the newest first; where files of one id are equally old, that of each.

    Of several equally old ones in one file it is the last, but none that silences after one that does not.
    """
    latest: dict[str, dict[str, Said]] = {}
    for document, statement in said:
        of_id = latest.setdefault(document.id or document.path, {})
        age = _age(document, statement)
        standing = max((_age(*one) for one in of_id.values()), default=age)
        if age > standing:
            of_id.clear()
        same = of_id.get(document.path)
        if age >= standing and (same is None or same[1].status in SILENCING or statement.status not in SILENCING):
            of_id[document.path] = document, statement
    found = (one for of_id in latest.values() for one in of_id.values())
    return sorted(found, key=lambda one: (one[1].said_at or "", one[0].path), reverse=True)


def _age(document: VexDocument, statement: Statement) -> tuple[str, tuple[int, ...]]:
    return statement.said_at or "", document.version


def _counting(latest: Sequence[Said]) -> tuple[Sequence[Said], bool]:
    """Of those that disagree the side of the newest, and whether there is one; else the side that silences nothing."""
    silencing = [one for one in latest if one[1].status in SILENCING]
    others = [one for one in latest if one[1].status not in SILENCING]
    if not silencing or not others:
        return latest, True
    newest, newest_other = _newest(silencing), _newest(others)
    is_newer = newest is not None and newest_other is not None and newest != newest_other
    return silencing if is_newer and (newest or "") > (newest_other or "") else others, is_newer


def _newest(said: Iterable[Said]) -> str | None:
    """None where one states no time: it may be the newest."""
    times = [statement.said_at for _, statement in said]
    return max(filter(None, times)) if all(times) else None


def _explained(document: VexDocument, statement: Statement, *, means: bool, counts: bool) -> ExplainedStatement:
    return ExplainedStatement(
        document=document.path,
        place=statement.place,
        status=statement.status,
        justification=statement.justification,
        impact=statement.impact,
        action=statement.action,
        said_at=statement.said_at,
        means=means,
        counts=counts,
    )


def _word(document: VexDocument, statement: Statement, *, counts: bool) -> VexWord:
    return VexWord(
        document=document.path,
        status=statement.status,
        justification=statement.justification,
        impact=statement.impact,
        action=statement.action,
        said_at=statement.said_at,
        counts=counts,
    )


def described(word: VexWord) -> str:
    """As `suppressed_by` has it: `vex.json: not_affected (vulnerable_code_not_present)`."""
    return f"{word.document}: {word.status}" + (f" ({word.justification})" if word.justification else "")


def _disagreement(finding: Finding, latest: Sequence[Said], *, is_newer: bool) -> Problem:
    said = ", ".join(f"{document.path} says {one.status}{f' ({one.said_at[:10]})' if one.said_at else ''}" for document, one in latest)
    outcome = "the newest counts" if is_newer else "none is known to be the newest, and nothing is silenced"
    return Problem(ProblemCode.CONTRADICTION, finding.id, f"{said}: {outcome}", loss=False)


def _with_verdicts(results: Sequence[ComponentResult], findings: Iterable[Finding], spared: frozenset[str]) -> tuple[ComponentResult, ...]:
    """The components with their verdicts anew; one that another covers has the verdict of that one."""
    is_cleared: dict[str, bool] = {}
    for finding in findings:
        is_cleared[finding.ref] = is_cleared.get(finding.ref, True) and finding.is_cleared
    verdicts = {result.component.ref: _verdict(result, is_cleared, spared) for result in results}
    changed = ((result, verdicts[result.covered_by or result.component.ref]) for result in results)
    return tuple(result if result.verdict is verdict else replace(result, verdict=verdict) for result, verdict in changed)


def _verdict(result: ComponentResult, is_cleared: Mapping[str, bool], spared: frozenset[str]) -> Verdict:
    ref = result.component.ref
    if ref in spared or (result.verdict is Verdict.AFFECTED and is_cleared.get(ref)):
        return Verdict.CLEARED
    return result.verdict
