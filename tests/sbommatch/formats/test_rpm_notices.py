"""What OSV records of rpm distributions say in ways of their own."""

import json
from typing import Any

import pytest

from sbommatch.advisory import ANY_MODULE, GIT_RANGE, Advisory, Affected
from sbommatch.formats._format import FeedContext
from sbommatch.formats.osv import OsvFormat
from sbommatch.problem import Problem, ProblemCode


def notice(
    *packages: tuple[str, str], id_: str = "ALSA-2022:1", summary: str = "Important: nodejs:16 security update", **fields: Any
) -> tuple[Advisory, list[Problem]]:
    affected = [{"package": {"ecosystem": "AlmaLinux:8", "name": name}, "ranges": [range_of(fixed)]} for name, fixed in packages]
    record = {"id": id_, "modified": "2026-01-01T00:00:00Z", "summary": summary, "affected": affected, "related": ["CVE-2022-0001"]}
    read = list(OsvFormat().read(json.dumps(record | fields).encode(), "x.json", FeedContext("osv-almalinux")))
    *problems, advisory = read
    assert isinstance(advisory, Advisory)
    return advisory, [problem for problem in problems if isinstance(problem, Problem)]


def range_of(fixed: str) -> dict[str, Any]:
    return {"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": fixed}]}


def said(affected: tuple[Affected, ...]) -> list[tuple[str, str, str | None, str | None]]:
    return [(one.name, one.ranges[0].raw, one.ranges[0].rule, one.module) for one in affected]


def test_the_cves_of_a_notice_may_be_called_related() -> None:
    advisory, _ = notice(("bash", "4.4-5.el8"), related=["CVE-2022-0002", "CVE-2022-0001", "RHSA-2022:1"])
    assert advisory.cves == ("CVE-2022-0001", "CVE-2022-0002")
    advisory, _ = notice(("bash", "4.4-5.el8"), upstream=["CVE-2022-0009"])
    assert advisory.cves == ("CVE-2022-0009",)


@pytest.mark.parametrize(("id_", "kept"), [("ALBA-2022:1", False), ("ALEA-2022:1", False), ("ALSA-2022:1", True), ("RLBA-2022:1", True)])
def test_a_notice_of_other_bugs_is_kept_and_its_packages_are_not(id_: str, kept: bool) -> None:
    advisory, problems = notice(("bash", "4.4-5.el8"), id_=id_, related=[])
    assert (advisory.id, bool(advisory.affected)) == (id_, kept)
    assert [problem.code for problem in problems] == [ProblemCode.NO_VULNERABILITY] * (not kept)
    assert notice(("bash", "4.4-5.el8"), id_=id_)[0].affected


@pytest.mark.parametrize(
    ("summary", "modules"),
    [
        ("Important: nodejs:16 security update", ["nodejs:16"]),
        ("nodejs:16 bug fix update", ["nodejs:16"]),
        ("Important: virt:rhel and virt-devel:rhel security update", ["virt:rhel", "virt-devel:rhel"]),
        ("Moderate: 389-ds security update", [ANY_MODULE]),
        ("", [ANY_MODULE]),
    ],
)
def test_a_modular_build_is_of_the_modules_that_the_summary_names(summary: str, modules: list[str]) -> None:
    advisory, _ = notice(("nodejs", "1:16.13-3.module_el8.5.0+1+a"), ("bash", "4.4-5.el8"), summary=summary)
    assert [(one.name, one.module) for one in advisory.affected] == [*(("nodejs", module) for module in modules), ("bash", None)]


def test_several_builds_are_fixed_from_the_lowest_on() -> None:
    builds = ("1.0.3-1.module_el8.6.0+2877+8e437bf5", "1.0.3-1.module_el8.5.0+2613+1b78b731", "1.0.3-1.module_el8.5.0+2613+1b78b731")
    advisory, _ = notice(*(("runc", build) for build in builds))
    assert said(advisory.affected) == [("runc", "<1.0.3-1.module_el8.5.0+2613+1b78b731", "several_builds", "nodejs:16")]


def test_a_build_of_another_version_has_a_window_of_its_own() -> None:
    advisory, _ = notice(("a", "2:1.1-3.el8"), ("a", "2:1.0-7.el8_4"), ("b", "1-1.el8"), ("b", "1-1.el8"))
    assert said(advisory.affected) == [
        ("a", "<2:1.0-7.el8_4 || >2:1.0,<2:1.1-3.el8", "several_builds", None),
        ("b", "<1-1.el8", None, None),
    ]


def test_what_says_more_than_a_fix_stays_as_it_is() -> None:
    events = [{"introduced": "1.0-1"}, {"fixed": "1.0-5"}]
    entry = {"package": {"ecosystem": "AlmaLinux:8", "name": "a"}, "ranges": [{"type": "ECOSYSTEM", "events": events}]}
    advisory, _ = notice(affected=[entry, entry])
    assert [one.ranges[0].raw for one in advisory.affected] == [">=1.0-1,<1.0-5"] * 2


def test_a_package_of_which_commits_alone_are_named_has_a_range_without_a_place() -> None:
    commits = {"type": "GIT", "repo": "https://example.org/a", "events": [{"introduced": "0"}, {"fixed": "acb672b6"}]}
    package = {"ecosystem": "PyPI", "name": "a"}
    advisory, _ = notice(affected=[{"package": package, "ranges": [commits]}])
    assert [(range_.rule, range_.events) for range_ in advisory.affected[0].ranges] == [(GIT_RANGE, ())]
    for more in ({"versions": ["1.0"]}, {"ranges": [commits, range_of("2.0")]}):
        advisory, _ = notice(affected=[{"package": package, "ranges": [commits], **more}])
        assert GIT_RANGE not in {range_.rule for range_ in advisory.affected[0].ranges}


@pytest.mark.parametrize("own", ["UBUNTU-CVE-2021-3782", "DEBIAN-CVE-2021-3782", "ALPINE-CVE-2021-3782", "CVE-2021-3782"])
def test_a_distributions_own_record_on_a_cve_is_of_that_cve(own: str) -> None:
    advisory, _ = notice(("wayland", "1.16-1"), upstream=[own])
    assert advisory.cves == ("CVE-2021-3782",)
