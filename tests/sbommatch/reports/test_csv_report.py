"""The report for spreadsheets."""

import csv
import io
import re
from pathlib import Path

import pytest

from sbommatch.match.model import TargetResult
from sbommatch.reports.csv_report import COLUMNS, FORMULA, HEAD, CsvReport, cell
from sbommatch.reports.report import Style
from tests.sbommatch.reports.made import HOSTILE_TOLD, TOLD, full_target, hostile_target, scan_report, silenced_target

README = (Path(__file__).resolve().parents[3] / "README.md").read_text("utf-8")


def rows(target: TargetResult) -> list[dict[str, str]]:
    text = CsvReport().write(scan_report(target, told=TOLD | HOSTILE_TOLD), Style()).decode()
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def test_a_finding_is_a_line_with_all_that_is_known() -> None:
    found = rows(silenced_target())
    assert len(found) == len(silenced_target().findings)
    assert next(row for row in found if row["id"] == "CVE-2019-5482") == {
        "document": "app.cdx.json",
        "subject": "registry/app 1.0",
        "package": "curl",
        "version": "7.66.0-r0",
        "source": "openssl",
        "purl": "pkg:apk/alpine/curl@7.66.0-r0",
        "id": "CVE-2019-5482",
        "aliases": "CVE-2019-1551",
        "severity": "high",
        "cvss": "7.5",
        "kev": "",
        "epss": "",
        "risk": "",
        "fix_state": "fixed",
        "fixed_in": "1.1.1d-r3",
        "upgrade_to": "1.1.1d-r3",
        "layer": "1",
        "origin": "own",
        "dockerfile": "Dockerfile:3-4",
        "instruction": "apk add curl && rm -rf /var/cache",
        "paths": "lib/apk/db/installed",
        "hidden": "no",
        "status": "open",
        "suppressed_by": "",
        "feed": "alpine-secdb",
        "record": "CVE-2019-1551",
        "rule": "interval",
        "summary": "Heap buffer overflow in TFTP",
    }


def test_the_worst_come_first_and_lines_end_in_crlf() -> None:
    written = CsvReport().write(scan_report(full_target()), Style())
    assert [row["severity"] for row in rows(full_target())] == ["high", "high", "unknown", "unknown"]
    assert written.count(b"\r\n") == written.count(b"\n") == 5


def test_no_cell_of_strangers_is_a_formula() -> None:
    found = rows(hostile_target())
    assert found
    numbers = {"cvss", "kev", "epss", "risk", "layer"}
    for row in found:
        assert not [text for name, text in row.items() if name not in numbers and text.lstrip().startswith(FORMULA)]


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("=1+1", "'=1+1"),
        ("  =1+1", "'  =1+1"),
        ("+1", "'+1"),
        ("-1+1", "'-1+1"),
        ("@angular/core", "'@angular/core"),
        ("＝1", "'＝1"),
        ("\t=1", "'\\x09=1"),
        ("a\r\nb", "a\\x0d\\x0ab"),
        ("1.0;=1", "1.0;=1"),
        (-1.5, "-1.5"),
        (0, "0"),
        (None, ""),
    ],
)
def test_a_value_is_written_so_that_a_spreadsheet_shows_it(value: str | float | None, written: str) -> None:
    assert (next(csv.reader([cell(value)], strict=True), None) or [""]) == [written]
    assert ";" not in written or cell(value).startswith('"')


def test_the_columns_are_those_of_the_readme() -> None:
    [stated] = [line for line in README.splitlines() if line.startswith("CSV columns: ")]
    assert tuple(re.findall(r"`([a-z_]+)`", stated)) == COLUMNS


def test_the_head_is_what_every_report_begins_with() -> None:
    assert CsvReport().write(scan_report(), Style()) == HEAD == CsvReport.head
