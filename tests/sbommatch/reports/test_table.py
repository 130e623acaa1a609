"""The report for people."""

import msgspec
import pytest

from sbommatch.advisory import FixState
from sbommatch.match.model import Fix, Level, NotChecked, TargetResult, Verdict
from sbommatch.reports.report import Style
from sbommatch.reports.table import MIN_INSTRUCTION_WIDTH, NAMES_SHOWN, TableReport, rows_of
from sbommatch.sbom.component import ComponentLayer
from tests.sbommatch.match.made import component, document, feed, finding, lookup, result, target
from tests.sbommatch.reports.made import database, full_target, scan_report

PLAIN = Style()

FULL = """\
app.cdx.json: registry/app 1.0, alpine 3.11.3

SEVERITY  ID             PACKAGE                            INSTALLED  FIXED IN   LAYER   INSTRUCTION
high      CVE-2019-5482  curl (openssl)                     7.66.0-r0  1.1.1d-r3  1 own   Dockerfile:3-4 apk add curl && rm -rf /var/cache
unknown   CVE-2019-1551  libcrypto1.1, libssl1.1 (openssl)  1.1.1d-r2  1.1.1d-r3  0 base  ADD file:9c1b2e in /

In packages that a later layer removed, whose files still ship:

SEVERITY  ID              PACKAGE           INSTALLED  FIXED IN   LAYER   INSTRUCTION
high      CVE-2020-28493  jinja2 (openssl)  2.11.1     won't fix  0 base  ADD file:9c1b2e in /

3 findings: 1 high, 2 of unknown severity; 1 more in removed packages
Checked 4 of 5 components: 4 affected
Not checked 1:
     1  no_feed: no loaded feed covers it: npm

Database efefefefefef, built 2026-08-22: alpine-secdb of 2026-08-21
"""


def written(*targets: TargetResult, style: Style = PLAIN) -> str:
    return TableReport().write(scan_report(*targets), style).decode()


def test_a_full_report_reads_well() -> None:
    assert written(full_target()) == FULL


def test_findings_stand_by_severity_with_the_unknown_last() -> None:
    found = [finding(level, id=f"CVE-{number}") for number, level in enumerate(Level)]
    lines = [row.level for row, _names in rows_of(found, [result(component(None, ref="r"))])]
    assert lines == [Level.CRITICAL, Level.HIGH, Level.MEDIUM, Level.LOW, Level.NEGLIGIBLE, Level.NONE, Level.UNKNOWN]


def test_binaries_of_one_source_share_a_line_unless_something_differs() -> None:
    components = [component(None, ref=str(number), name=f"lib{number}", layer=layer) for number, layer in enumerate((0, 0, 1))]
    lines = rows_of([finding(ref=one.ref) for one in components], [result(one) for one in components])
    assert [names for _row, names in lines] == [["lib0", "lib1"], ["lib2"]]


def test_a_line_names_only_so_many_packages() -> None:
    components = [component(None, ref=str(number), name=f"lib{number}") for number in range(NAMES_SHOWN + 2)]
    text = written(target([result(one) for one in components], [finding(ref=one.ref) for one in components]))
    assert "lib0, lib1, lib2 +2 (openssl)" in text


def test_a_language_package_has_its_group_and_no_source() -> None:
    match = msgspec.structs.replace(finding().match, namespace="npm", name="@angular/core")
    one = component("pkg:npm/%40angular/core@1", ref="r", group="@angular", name="core")
    assert "  @angular/core  " in written(target([result(one)], [finding(match=match)]))


@pytest.mark.parametrize(
    ("fix", "shown"),
    [
        (Fix(FixState.FIXED, ("1.0", "2.0")), "1.0, 2.0"),
        (Fix(FixState.NOT_FIXED, ()), "no fix"),
        (Fix(FixState.WONT_FIX, ()), "won't fix"),
        (Fix(FixState.EOL, ()), "end of life"),
        (Fix(FixState.UNKNOWN, ()), "-"),
    ],
)
def test_the_fix_is_a_version_or_a_word(fix: Fix, shown: str) -> None:
    ((row, _names),) = rows_of([finding(fix=fix)], [result(component(None, ref="r"))])
    assert row.fix == shown


@pytest.mark.parametrize(
    ("created_by", "shown"),
    [
        ("/bin/sh -c #(nop) ADD file:9c in / ", "ADD file:9c in /"),
        ("/bin/sh -c apk add curl", "apk add curl"),
        ("RUN /bin/sh -c apk add curl # buildkit", "apk add curl"),
        ("RUN |2 A=1 B=2 /bin/sh -c apk add curl # buildkit", "apk add curl"),
        ("COPY . /app # buildkit", "COPY . /app"),
        ("RUN apk add \\\n    curl", "RUN apk add \\ curl"),
    ],
)
def test_an_instruction_loses_what_builders_put_around_it(created_by: str, shown: str) -> None:
    one = component(None, ref="r", layer=0)
    made = document(one, layers=(ComponentLayer(0, "sha256:a", None, created_by),))
    assert written(target([result(one)], [finding()], document=made)).split("\n\n")[1].endswith(f"  0      {shown}")


def test_without_layers_there_are_no_columns_for_them() -> None:
    assert "LAYER" not in written(target([result(component(None, ref="r"))], [finding()]))


def test_a_layer_that_the_document_does_not_describe_is_a_number() -> None:
    one = component(None, ref="r", layer=7)
    assert written(target([result(one)], [finding()])).split("\n\n")[1].endswith("  7")


@pytest.mark.parametrize("width", [100, 40])
def test_lines_fit_the_terminal_as_far_as_the_instruction_can_give_way(width: int) -> None:
    lines = written(full_target(), style=Style(width=width)).split("\n\n")[1].splitlines()
    fixed = len(lines[0]) - len("INSTRUCTION")
    assert max(map(len, lines)) <= max(width, fixed + MIN_INSTRUCTION_WIDTH)


def test_colour_is_for_terminals_and_for_the_severity_alone() -> None:
    coloured = written(full_target(), style=Style(colour=True))
    assert "\x1b[31mhigh\x1b[0m      CVE-2019-5482" in coloured
    assert coloured.replace("\x1b[31m", "").replace("\x1b[0m", "") == FULL


def test_nothing_of_the_document_acts_on_the_terminal() -> None:
    bad = "\x1b[2J\r\u202e"
    one = component(None, ref="r", name=bad, version=bad, layer=0)
    layers = (ComponentLayer(0, "sha256:a", None, bad, bad, bad),)
    made = msgspec.structs.replace(document(one, layers=layers), path=bad)
    text = written(target([result(one)], [finding(id=bad, fix=Fix(FixState.FIXED, (bad,)))], document=made, distro_id=bad))
    assert all(line.isprintable() for line in text.splitlines())


def test_no_findings_and_nothing_checked_is_said_so() -> None:
    unchecked = result(component("pkg:npm/a@1"), Verdict.NOT_CHECKED, NotChecked.NO_FEED, lookups=(lookup("a", "npm"),), feeds=((),))
    other = result(component("pkg:maven/g/a@1"), Verdict.NOT_CHECKED, NotChecked.NO_SCHEME)
    sections = written(target([unchecked, other])).split("\n\n")
    assert sections[1].splitlines() == [
        "No findings",
        "Checked 0 of 2 components",
        "Not checked 2:",
        "     1  no_feed: no loaded feed covers it: npm",
        "     1  no_scheme: a type of package whose versions sbommatch cannot order: maven",
    ]


def test_a_document_without_packages_was_not_checked() -> None:
    assert "Nothing was checked: the document has no packages" in written(target())


def test_the_database_is_named_with_the_day_of_each_feed() -> None:
    feeds = (feed("osv-go", captured_at=None), feed("osv-pypi"))
    text = TableReport().write(scan_report(target(), database=database(feeds=feeds)), PLAIN).decode()
    assert text.endswith("Database efefefefefef, built 2026-08-22: osv-go of an unknown day, osv-pypi of 2026-08-21\n")
