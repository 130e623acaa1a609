"""Reports: one file per output format."""

from sbommatch.reports.csv_report import CsvReport
from sbommatch.reports.cyclonedx_json import CycloneDxReport
from sbommatch.reports.html_report import HtmlReport
from sbommatch.reports.json_report import JsonReport
from sbommatch.reports.markdown import MarkdownReport
from sbommatch.reports.openvex import OpenVexReport
from sbommatch.reports.report import Report
from sbommatch.reports.sarif import SarifReport
from sbommatch.reports.table import TableReport

REPORTS: tuple[Report, ...] = (
    TableReport(),
    JsonReport(),
    CycloneDxReport(),
    SarifReport(),
    OpenVexReport(),
    HtmlReport(),
    CsvReport(),
    MarkdownReport(),
)
"""Every output format, the default first."""

REPORT_BY_NAME = {report.name: report for report in REPORTS}
