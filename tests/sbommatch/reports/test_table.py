"""The report for people."""

import re

import msgspec
import pytest
from msgspec.structs import replace

from sbommatch.advisory import Epss, FixState, Kev
from sbommatch.match.model import ChannelFix, Fix, Level, NotChecked, TargetResult, Verdict
from sbommatch.reports.report import Style
from sbommatch.reports.table import TableReport
from sbommatch.reports.words import NAMES_SHOWN
from sbommatch.sbom.component import ComponentLayer
from sbommatch.store.model import Told
from tests.sbommatch.match.made import component, document, feed, finding, lookup, result, target
from tests.sbommatch.reports.made import TOLD, database, full_target, scan_report, silenced_target

PLAIN = Style()
LONG_TOLD = {"CVE-2019-5482": Told("Heap buffer overflow in the TFTP protocol handler of libcurl", ())}

FULL = """\
app.cdx.json: registry/app 1.0, alpine 3.11.3

Layer 1, own, Dockerfile:3-4: apk add curl && rm -rf /var/cache
  curl (openssl) 7.66.0-r0: upgrade to openssl 1.1.1d-r3
    high     CVE-2019-5482  fixed in 1.1.1d-r3  Heap buffer overflow in TFTP

Layer 0, base: ADD file:9c1b2e in /
Rebuild on a newer base image, or upgrade in a layer of your own:
  libcrypto1.1, libssl1.1 (openssl) 1.1.1d-r2: upgrade to 1.1.1d-r3
    unknown  CVE-2019-1551  fixed in 1.1.1d-r3

In packages that a later layer removed, whose files still ship:

Layer 0, base: ADD file:9c1b2e in /
Rebuild on a newer base image, or upgrade in a layer of your own:
  jinja2 (openssl) 2.11.1: no fix is known
    high  CVE-2020-28493  won't fix

Suppressed, and why:
  curl 7.66.0-r0: CVE-2
    covered_by pkg:deb/debian/a@1: the OS package that delivers it has its own verdict
  curl 7.66.0-r0: CVE-4
    ignore_base: came with the base image, which does not count (--ignore-base)
  curl 7.66.0-r0: CVE-1
    kernel_headers: is built from the kernel's source and has none of its code
  curl 7.66.0-r0: CVE-3
    only_fixed: has no fix, and only those that have count (--only-fixed)

3 findings: 1 high, 2 of unknown severity; 1 more in removed packages
4 findings suppressed: 1 by covered_by, 1 by ignore_base, 1 by kernel_headers, 1 by only_fixed
Checked 4 of 5 components: 4 affected
Not checked 1:
     1  no_feed: no loaded feed covers it: npm

Database efefefefefef, built 2026-08-22: alpine-secdb of 2026-08-21
"""


def written(*targets: TargetResult, style: Style = PLAIN) -> str:
    return TableReport().write(scan_report(*targets, told=TOLD), style).decode()


def findings_of(text: str) -> str:
    """The first section of findings."""
    return text.split("\n\n")[1]


def test_a_full_report_reads_well() -> None:
    assert written(silenced_target()) == FULL


def test_findings_stand_by_severity_with_the_unknown_last() -> None:
    found = [finding(level, id=f"CVE-{number}") for number, level in enumerate(Level)]
    lines = findings_of(written(target([result(component(None, ref="r"))], found))).splitlines()[1:]
    assert [line.split()[0] for line in lines] == ["critical", "high", "medium", "low", "negligible", "none", "unknown"]


def test_layers_and_packages_stand_by_the_worst_that_they_hold() -> None:
    components = [component(None, ref=str(number), name=f"p{number}", layer=number // 2, version="1") for number in range(4)]
    levels = (Level.LOW, Level.MEDIUM, Level.HIGH, Level.CRITICAL)
    matches = [replace(finding().match, namespace="pypi", name=one.name) for one in components]
    found = [finding(level, ref=one.ref, match=match) for one, level, match in zip(components, levels, matches, strict=True)]
    text = written(target([result(one) for one in components], found))
    assert [text.index(word) for word in ("Layer 1", "p3 1", "p2 1", "Layer 0", "p1 1", "p0 1")] == sorted(
        text.index(word) for word in ("Layer 1", "p3 1", "p2 1", "Layer 0", "p1 1", "p0 1")
    )


def test_binaries_of_one_source_share_a_line_unless_something_differs() -> None:
    components = [component(None, ref=str(number), name=f"lib{number}", layer=layer) for number, layer in enumerate((0, 0, 1))]
    text = written(target([result(one) for one in components], [finding(ref=one.ref) for one in components]))
    assert (text.count("lib0, lib1 (openssl)"), text.count("lib2 (openssl)"), text.count("    high  CVE-2019-1551")) == (1, 1, 2)


def test_a_line_names_only_so_many_packages() -> None:
    components = [component(None, ref=str(number), name=f"lib{number}") for number in range(NAMES_SHOWN + 2)]
    text = written(target([result(one) for one in components], [finding(ref=one.ref) for one in components]))
    assert "lib0, lib1, lib2 +2 (openssl)" in text


def test_what_is_known_of_attacks_and_what_was_assumed_stands_beside_a_finding() -> None:
    assumed = replace(finding().match, exact=False, rule="derivative_of")
    found = finding(match=assumed, kev=Kev("2021-01-01", None, True), epss=Epss(0.975), id="CVE-2019-5482")
    assert findings_of(written(target([result(component(None, ref="r"))], [found]))).endswith(
        "KEV, ransomware; EPSS 97.5 %; derivative_of  Heap buffer overflow in TFTP"
    )


def test_fixes_that_come_by_a_channel_name_it() -> None:
    fix = Fix(FixState.NOT_FIXED, (), (ChannelFix("esm-apps", ("1.0+esm1",)),))
    assert "no fix, 1.0+esm1 (esm-apps)" in written(target([result(component(None, ref="r"))], [finding(fix=fix)]))


def test_a_language_package_has_its_group_and_no_source() -> None:
    match = msgspec.structs.replace(finding().match, namespace="npm", name="@angular/core")
    one = component("pkg:npm/%40angular/core@1", ref="r", group="@angular", name="core")
    assert "  @angular/core 1" in written(target([result(one)], [finding(match=match)]))


@pytest.mark.parametrize(
    ("fix", "shown"),
    [
        (Fix(FixState.FIXED, ("1.0", "2.0")), "fixed in 1.0, 2.0"),
        (Fix(FixState.NOT_FIXED, ()), "no fix"),
        (Fix(FixState.WONT_FIX, ()), "won't fix"),
        (Fix(FixState.EOL, ()), "end of life"),
        (Fix(FixState.UNKNOWN, ()), "-"),
    ],
)
def test_the_fix_is_a_version_or_a_word(fix: Fix, shown: str) -> None:
    text = findings_of(written(target([result(component(None, ref="r"))], [finding(fix=fix)])))
    assert text.endswith(f"    high  CVE-2019-1551  {shown}")


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
    assert written(target([result(one)], [finding()], document=made)).split("\n\n")[1].startswith(f"Layer 0: {shown}\n")


def test_without_layers_nothing_is_said_of_them() -> None:
    assert "Layer" not in written(target([result(component(None, ref="r"))], [finding()]))


def test_a_layer_that_the_document_does_not_describe_is_a_number() -> None:
    one = component(None, ref="r", layer=7)
    assert written(target([result(one)], [finding()])).split("\n\n")[1].startswith("Layer 7\n")


@pytest.mark.parametrize("width", [160, 80, 72])
def test_lines_fit_the_terminal_as_far_as_words_can_give_way(width: int) -> None:
    feeds = tuple(feed(f"osv-{number}") for number in range(20))
    text = TableReport().write(scan_report(full_target(), told=LONG_TOLD, database=database(feeds=feeds)), Style(width=width)).decode()
    assert max(map(len, text.splitlines())) <= width
    assert ("…" in text) == (width < 160)


def test_colour_is_for_terminals_for_the_severity_and_for_what_to_do() -> None:
    coloured = written(silenced_target(), style=Style(colour=True))
    assert "    \x1b[31mhigh\x1b[0m     CVE-2019-5482" in coloured
    assert "\x1b[1m  curl (openssl) 7.66.0-r0: upgrade to openssl 1.1.1d-r3\x1b[0m" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == FULL


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


def test_an_unknown_distribution_is_named_with_what_to_do_in_lines_that_fit() -> None:
    one = component("pkg:deb/pureos/curl@7.74.0-1?distro=pureos-10")
    made = target([result(one, Verdict.NOT_CHECKED, NotChecked.NO_FEED)])
    assert written(made, style=Style(width=80)).split("\n\n")[1].splitlines()[-2:] == [
        "     1  no_feed: no feed speaks of pureos 10 (--distro ID:VERSION asks those of",
        "        another)",
    ]


def test_a_document_without_packages_was_not_checked() -> None:
    assert "Nothing was checked: the document has no packages" in written(target())


def test_the_database_is_named_with_the_day_of_each_feed() -> None:
    feeds = (feed("osv-go", captured_at=None), feed("osv-pypi"))
    text = TableReport().write(scan_report(target(), database=database(feeds=feeds)), PLAIN).decode()
    assert text.endswith("Database efefefefefef, built 2026-08-22: osv-go of an unknown day, osv-pypi of 2026-08-21\n")
