"""What reports are written from."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

import sbommatch.reports
from sbommatch.errors import UsageError
from sbommatch.problem import Problem, ProblemCode
from sbommatch.reports import REPORT_BY_NAME, REPORTS
from sbommatch.reports.report import evaluation_day
from tests.sbommatch.match.made import target
from tests.sbommatch.reports.made import scan_report

NO_FORMATS = {"explanation", "output", "report", "text", "vex_document", "words"}


def test_every_report_is_listed() -> None:
    modules = {path.stem for path in Path(sbommatch.reports.__file__).parent.glob("[!_]*.py")} - NO_FORMATS
    assert {type(report).__module__.rpartition(".")[2] for report in REPORTS} == modules
    assert len(REPORT_BY_NAME) == len(REPORTS)


def test_the_table_is_the_default() -> None:
    assert REPORTS[0].name == "table"


def test_the_day_is_that_of_source_date_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    assert evaluation_day() == "2023-11-14"


def test_without_it_the_day_is_today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    before = datetime.now(UTC).date().isoformat()
    assert before <= evaluation_day() <= datetime.now(UTC).date().isoformat()


@pytest.mark.parametrize("value", ["", "soon", "9" * 30])
def test_a_source_date_epoch_that_is_no_time_is_wrong_usage(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", value)
    with pytest.raises(UsageError, match="SOURCE_DATE_EPOCH"):
        evaluation_day()


def test_problems_are_those_of_all_documents_sorted() -> None:
    first, second = (Problem(ProblemCode.BAD_COMPONENT, where, "no name", loss=True) for where in ("a", "b"))
    assert scan_report(target(problems=(second,)), target(problems=(first,))).problems == (first, second)
