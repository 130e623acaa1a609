"""OpenVEX 0.2.0: what the matching says of a document, and what was decided on its findings.

As `sbommatch vex` writes it (see `sbommatch.reports.vex_document`), and besides: what a record clears is not affected; what a policy
silences without saying that the package is not affected is affected, with the policy as a note; what to do names the layer.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from msgspec.structs import replace

from sbommatch import __version__
from sbommatch.match.model import FindingStatus, TargetResult
from sbommatch.reports._shown import Shown, Stance, advice, shown, stance_of
from sbommatch.reports.report import ScanReport, Style
from sbommatch.reports.words import rule_in_words

if TYPE_CHECKING:  # most runs write no OpenVEX
    from sbommatch.reports.vex_document import Statements

AUTHOR = "sbommatch"
CLEARED = (("status", "not_affected"), ("impact_statement", "a record of the feeds says that it is not affected"))


class OpenVexReport:
    """The report `openvex`."""

    name: ClassVar[str] = "openvex"
    title: ClassVar[str] = "OpenVEX 0.2.0: what is affected and what is not"
    suffix: ClassVar[str] = ".openvex.json"
    between: ClassVar[bytes] = b""
    head: ClassVar[bytes] = b""
    tells: ClassVar[bool] = False

    def write(self, report: ScanReport, style: Style) -> bytes:
        """One JSON document on one line for each target; one without findings has no statements, which the schema does not foresee."""
        issued_at = f"{report.evaluated_on}T00:00:00Z"
        tooling = f"sbommatch {__version__}, database {report.database.digest}"
        return b"".join(_statements(target).document(AUTHOR, issued_at, tooling) for target in report.targets)


def _statements(target: TargetResult) -> "Statements":
    from sbommatch.reports.vex_document import Statements

    statements = Statements()
    found = {(one.finding.ref, one.finding.id): one for one in shown(target)}
    in_order = tuple(sorted(target.findings, key=lambda finding: (finding.ref, finding.id)))
    statements.take(replace(target, findings=in_order), lambda finding: _words(found[finding.ref, finding.id]))
    for result in sorted(target.components, key=lambda result: result.component.ref):
        for name in result.cleared:
            statements.add(name, (), CLEARED, target.document.subject, result.component)
    return statements


def _words(one: Shown) -> Iterator[tuple[str, str]]:
    from sbommatch.reports.vex_document import decided

    words = tuple(decided(one.finding, lambda _: None, advice(one)))
    yield from words
    if not words and one.finding.status is FindingStatus.SUPPRESSED and stance_of(one.finding) is Stance.UNDECIDED:
        yield "status", "affected"
        yield "action_statement", advice(one)
        yield "status_notes", f"suppressed by {'; '.join(map(rule_in_words, one.finding.suppressed_by))}"
