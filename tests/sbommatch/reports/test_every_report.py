"""What is true of every output format."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from sbommatch.match.model import NotChecked, Verdict
from sbommatch.reports import REPORTS
from sbommatch.reports.report import Report, Style
from tests.sbommatch.match.made import component, document, finding, result, target
from tests.sbommatch.reports.made import HOSTILE_TOLD, TOLD, full_target, hostile_target, scan_report, silenced_target

every_report = pytest.mark.parametrize("report", REPORTS, ids=[report.name for report in REPORTS])

JSON = ("json", "cyclonedx-json", "sarif", "openvex")


@every_report
def test_the_same_report_gives_the_same_bytes_whatever_the_order(report: Report) -> None:
    shown = silenced_target()
    shuffled = replace(shown, components=shown.components[::-1], findings=shown.findings[::-1])
    written = report.write(scan_report(shown, told=TOLD), Style())
    assert report.write(scan_report(shuffled, told=TOLD), Style()) == written


@every_report
def test_a_report_ends_in_a_newline_and_json_has_no_other(report: Report) -> None:
    written = report.write(scan_report(silenced_target(), told=TOLD), Style())
    assert written.endswith(b"\n")
    assert report.name not in JSON or written.count(b"\n") == 1


@every_report
def test_nothing_found_and_nothing_to_look_at_can_be_written(report: Report) -> None:
    for shown in (target(), target([result(component(None))]), target(document=document(subject=document().subject))):
        assert report.write(scan_report(shown), Style()).startswith(report.head)


@every_report
def test_no_control_character_of_the_document_is_written(report: Report) -> None:
    """Programs get what the document says, and JSON escapes what acts on a terminal; people get what they can see."""
    written = report.write(scan_report(hostile_target(), told=HOSTILE_TOLD), Style(width=80)).decode()
    if report.name in JSON:
        assert not {character for character in written if character < " "} - {"\n"}
    else:
        assert not {character for character in written if not character.isprintable()} - set("\n\r\u200b")


@every_report
def test_layer_instruction_and_upgrade_are_shown(report: Report) -> None:
    """All but OpenVEX, which has no place for the instruction, say all three."""
    written = report.write(scan_report(full_target(), told=TOLD), Style()).decode()
    assert "1.1.1d-r3" in written
    assert "Dockerfile:3-4" in written
    assert "apk add" in written or report.name == "openvex"
    assert "CVE-2019-5482" in written


@every_report
def test_a_distribution_without_feeds_is_named_for_people(report: Report) -> None:
    one = component("pkg:deb/pureos/curl@7.74.0-1?distro=pureos-10")
    shown = target([result(one, Verdict.NOT_CHECKED, NotChecked.NO_FEED)])
    written = report.write(scan_report(shown), Style()).decode()
    assert ("no feed speaks of pureos 10" in written) is (report.name in {"table", "markdown", "html"})


@every_report
@given(text=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40))
def test_any_text_can_be_written(report: Report, text: str) -> None:
    one = component(f"pkg:pypi/{text}", name=text, version=text, ref=text)
    shown = target([result(one)], [finding(ref=text, id=text, ids=(text,))])
    assert report.write(scan_report(shown), Style(width=80)).endswith(b"\n")
