"""The report for spreadsheets: a line for each finding, after one of column names; RFC 4180, UTF-8.

A cell that a spreadsheet would run as a formula begins with `'`, and control characters are written out.
"""

from typing import ClassVar

from sbommatch.match.model import TargetResult
from sbommatch.reports._shown import Shown, best_cvss, instruction, shown
from sbommatch.reports.report import ScanReport, Style
from sbommatch.reports.text import printable

COLUMNS = (
    "document",
    "subject",
    "package",
    "version",
    "source",
    "purl",
    "id",
    "aliases",
    "severity",
    "cvss",
    "kev",
    "epss",
    "risk",
    "fix_state",
    "fixed_in",
    "upgrade_to",
    "layer",
    "origin",
    "dockerfile",
    "instruction",
    "paths",
    "hidden",
    "status",
    "suppressed_by",
    "feed",
    "record",
    "rule",
    "summary",
)
"""What the cells of a line hold; lists are separated by spaces, paths by `;`. README describes them."""

FORMULA = tuple("=+-@\t\r\n|%＝＋－＠")
"""First characters by which spreadsheets take a cell for a formula (OWASP, CSV injection)."""

HEAD = (",".join(COLUMNS) + "\r\n").encode()


class CsvReport:
    """The report `csv`."""

    name: ClassVar[str] = "csv"
    title: ClassVar[str] = "for spreadsheets: a line for each finding"
    suffix: ClassVar[str] = ".csv"
    between: ClassVar[bytes] = b""
    head: ClassVar[bytes] = HEAD
    tells: ClassVar[bool] = True

    def write(self, report: ScanReport, style: Style) -> bytes:
        """Lines end in CRLF, the worst findings of a document come first."""
        lines = [_line(one, target, report) for target in report.targets for one in shown(target)]
        return HEAD + "".join(lines).encode()


def _line(one: Shown, target: TargetResult, report: ScanReport) -> str:
    finding, document = one.finding, target.document
    cvss, told = best_cvss(finding), report.told.get(finding.id)
    cells = (
        document.path,
        " ".join(filter(None, (document.subject.name, document.subject.version))),
        one.name,
        one.version,
        one.source,
        one.component.purl,
        finding.id,
        " ".join(other for other in finding.ids if other != finding.id),
        finding.severity.level.value,
        cvss,
        finding.kev.added if finding.kev else None,
        finding.epss.score if finding.epss else None,
        finding.risk,
        finding.fix.state.value,
        " ".join(finding.fix.versions),
        one.to,
        one.layer.index if one.layer.index >= 0 else None,
        one.layer.origin,
        one.layer.dockerfile,
        instruction(one.layer),
        ";".join(one.component.paths),
        "yes" if finding.hidden else "no",
        finding.status.value,
        " ".join(finding.suppressed_by),
        finding.match.feed,
        finding.match.record,
        finding.match.rule,
        told.summary if told else None,
    )
    return ",".join(map(cell, cells)) + "\r\n"


def cell(value: str | float | None) -> str:
    r"""A value as a cell; numbers are numbers.

    >>> cell("=cmd|' /C calc'!A0"), cell('a "b", c'), cell(7.5), cell(None)
    ('"\'=cmd|\' /C calc\'!A0"', '"a ""b"", c"', '7.5', '')
    """
    if value is None:
        return ""
    if not isinstance(value, str):
        return str(value)
    text = printable(value)
    if value.lstrip(" ").startswith(FORMULA):
        text = f"'{text}"
    return '"' + text.replace('"', '""') + '"' if set(text) & {",", '"', "'", ";"} else text
