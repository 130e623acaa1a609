"""Scores and levels."""

import pytest

from sbommatch.advisory import Severity
from sbommatch.match.model import Level
from sbommatch.store.severity import LEVEL_BY_WORD, VECTOR_LIMIT, rate


@pytest.mark.parametrize(
    ("system", "value", "score", "level"),
    [
        ("CVSS_V3", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 9.8, "critical"),
        ("CVSS_V3", "CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H", 7.5, "high"),
        ("CVSS_V3", "CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", 6.1, "medium"),
        ("CVSS_V3", "CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:N/I:L/A:N", 3.3, "low"),
        ("CVSS_V3", "CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:N/I:N/A:N", 0.0, "none"),
        ("CVSS_V4", "CVSS:4.0/AV:L/AC:L/AT:P/PR:L/UI:P/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", 5.4, "medium"),
        ("CVSS_V2", "AV:N/AC:L/Au:N/C:C/I:C/A:C", 10.0, "high"),
        ("CVSS_V2", "AV:N/AC:L/Au:N/C:N/I:N/A:P", 5.0, "medium"),
        ("CVSS_V3", "CVSS:3.1/AV:N", None, "unknown"),
        ("CVSS_V3", "AV:N/AC:L/Au:N/C:C/I:C/A:C", None, "unknown"),
        ("CVSS_V3", "", None, "unknown"),
        ("CVSS_V5", "CVSS:5.0/X:Y", None, "unknown"),
        ("label", "HIGH", None, "high"),
        ("label", "MODERATE", None, "medium"),
        ("label", "Important", None, "high"),
        ("label", "unimportant", None, "negligible"),
        ("label", "negligible", None, "negligible"),
        ("label", "not yet assigned", None, "unknown"),
    ],
)
def test_levels(system: str, value: str, score: float | None, level: str) -> None:
    rated = rate(Severity(system, value, "osv-pypi"))
    assert (rated.score, rated.level, rated.system, rated.value, rated.source) == (score, level, system, value, "osv-pypi")


def test_every_level_is_one_that_reports_know() -> None:
    assert {*LEVEL_BY_WORD.values(), "unknown"} == {level.value for level in Level}


def test_a_vector_over_the_limit_is_not_read() -> None:
    long = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H" + "/" * VECTOR_LIMIT
    assert rate(Severity("CVSS_V3", long, "x")).level == "unknown"
