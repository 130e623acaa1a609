"""Reports: one file per output format."""

from sbommatch.reports.json_report import JsonReport
from sbommatch.reports.report import Report
from sbommatch.reports.table import TableReport

REPORTS: tuple[Report, ...] = (TableReport(), JsonReport())
"""Every output format, the default first."""

REPORT_BY_NAME = {report.name: report for report in REPORTS}
