"""Every finding against a judge that shares no code with sbommatch, on the real OSV feeds."""

import hashlib
import json
import re
import zipfile
from collections import defaultdict
from collections.abc import Sequence
from functools import cmp_to_key
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.contract.osv_judge import (
    COMPARISONS,
    NoVersionError,
    Record,
    below,
    compare_bitnami,
    compare_rpm,
    is_affected,
    neighbours,
    records,
)  # fmt: skip
from tests.support.run import run

FEEDS = {
    "AlmaLinux": ("osv-almalinux", "rpm/almalinux", 1),
    "Bitnami": ("osv-bitnami", "bitnami", 80),
    "Go": ("osv-go", "golang", 20),
    "Hex": ("osv-hex", "hex", 1),
    "Julia": ("osv-julia", "julia", 10),
    "Packagist": ("osv-packagist", "composer", 20),
    "PyPI": ("osv-pypi", "pypi", 20),
    "RubyGems": ("osv-rubygems", "gem", 5),
    "crates.io": ("osv-crates.io", "cargo", 20),
    "npm": ("osv-npm", "npm", 2),
}
"""Folder of the bucket: feed, what its PURLs begin with, and one package in how many is judged by default."""

LONG = {"AlmaLinux": 40}
"""Likewise of the long form, where it is not the whole feed: AlmaLinux's has twelve million pairs of versions and notices."""

SAMPLED = [ecosystem for ecosystem in FEEDS if ecosystem != "AlmaLinux"]
"""AlmaLinux's feed takes four seconds to load: it is judged in the long form, and by its causes here."""

TIE = "introduced and fixed at one version are an empty interval in the record's own order; sorted, they open one that nothing closes"
PAIRS = "windows overlap: sorted, the first `fixed` closes all of them; in the record's own order each window has its own end"
EQUAL = "the listed version is equal to the component's in PEP 440's order, though not in its spelling"

DIFFERENT_ON_PURPOSE = {
    "BIT-node-2022-32223": PAIRS,
    "BIT-node-min-2022-32223": PAIRS,
    "PYSEC-2021-114": PAIRS,
    "PYSEC-2026-1054": EQUAL,
    "RUSTSEC-2022-0012": TIE,
    "RUSTSEC-2023-0039": TIE,
    "RUSTSEC-2024-0399": TIE,
    "RUSTSEC-2026-0149": TIE,
}
"""Records in which ours is another answer than the standard's, and why. Outside this table there is no difference."""

BOTH_ANSWERS = [
    ("BIT-node-2022-32223", "node", "14.15.0", False, True),
    ("BIT-node-min-2022-32223", "node-min", "14.15.0", False, True),
    ("PYSEC-2021-114", "wagtail", "2.11.6.post1", False, True),
    ("PYSEC-2026-1054", "trytond", "3", False, True),
    ("RUSTSEC-2022-0012", "arrow2", "0.10.0", True, False),
    ("RUSTSEC-2023-0039", "buffered-reader", "1.2.0", True, False),
    ("RUSTSEC-2024-0399", "rustls", "0.23.0", True, False),
    ("RUSTSEC-2026-0149", "wasmtime-wasi", "46.0.0", True, False),
]
"""One row for each of these records: record, package, version, what the standard says, what we say."""


OTHER_BUGS = "a notice of bug fixes that names no CVE tells of no vulnerability"
MODULES = "an rpm that was built in a module is no build of the package outside of it, and its versions say nothing of the other"
BUILDS = "one notice lists several builds of a version: each of them has its fix, and what was built after the lowest has it too"

BY_RULE = [
    ("AlmaLinux", "ALBA-2021:1871", "8/perl-File-HomeDir", "1.004-5.module_el8.3.0+1+a", OTHER_BUGS, True, False),
    ("AlmaLinux", "ALSA-2022:1556", "8/mariadb-devel", "3:10.3.28-1.el8", MODULES, True, False),
    ("AlmaLinux", "ALSA-2022:1556", "8/mariadb-devel", "3:10.3.32-2.module_el8.5.0+2632+14ced695", BUILDS, True, False),
    ("AlmaLinux", "ALSA-2022:1556", "8/mariadb-devel", "3:10.3.28-1.module_el8.5.0+1+a", "", True, True),
    ("Bitnami", "BIT-mongodb-2020-7923", "mongodb", "4.4.1", TIE, True, False),
    ("Bitnami", "BIT-mongodb-2020-7923", "mongodb", "4.2.7", "", True, True),
]
"""Two feeds differ by rule, in many records: for each cause one row, and one without. Ecosystem, record, package, version, cause, what the
standard says, what we say.
"""


def bitnami_cause(record_id: str, related: Sequence[str], entries: Sequence[Record], version: str) -> str:
    """Likewise: 237 of its ranges have windows that close where they open; a version at or past such a one is affected by the standard."""
    pairs = [pair for entry in entries for one in entry["ranges"] for pair in pairwise(one["events"])]
    ties = [left["introduced"] for left, right in pairs if "introduced" in left and left["introduced"] == right.get("fixed")]
    return TIE if any(compare_bitnami(version, tie) >= 0 for tie in ties) and not _inside_a_window(pairs, version) else ""


def _inside_a_window(pairs: Sequence[tuple[Record, Record]], version: str) -> bool:
    windows = [(left["introduced"], right["fixed"]) for left, right in pairs if "introduced" in left and "fixed" in right]
    return any(not below(version, lo, compare_bitnami) and below(version, hi, compare_bitnami) for lo, hi in windows)


def almalinux_cause(record_id: str, related: Sequence[str], entries: Sequence[Record], version: str) -> str:
    """Why ours is another answer than the standard's, by what a notice says of one package; empty where it should be the same."""
    fixes = [event["fixed"] for entry in entries for one in entry["ranges"] for event in one["events"] if "fixed" in event]
    if record_id[:5] in {"ALBA-", "ALEA-"} and not any(name.startswith("CVE-") for name in related):
        return OTHER_BUGS
    if not any((".module" in fix) == (".module" in version) for fix in fixes):
        return MODULES
    same = [fix for fix in fixes if fix.rpartition("-")[0] == version.rpartition("-")[0]]
    return BUILDS if len(fixes) > 1 and same and compare_rpm(version, min(same, key=cmp_to_key(compare_rpm))) >= 0 else ""


CAUSES = {"AlmaLinux": almalinux_cause, "Bitnami": bitnami_cause}


def sampled(name: str, one_in: int) -> bool:
    return int(hashlib.sha256(name.encode()).hexdigest()[:8], 16) % one_in == 0


def canonical(ecosystem: str, package: Record) -> str:
    """The name as ours are asked for it; of a distribution with the release before it."""
    name = str(package["name"])
    if ecosystem == "AlmaLinux":
        return f"{package['ecosystem'].partition(':')[2]}/{name}"
    if ecosystem == "PyPI":
        return re.sub(r"[-_.]+", "-", name).lower()
    return name.lower() if ecosystem in {"Go", "Hex", "Packagist"} else name


def by_package(osv: Path, ecosystem: str, one_in: int) -> dict[str, list[tuple[str, Record]]]:
    found: defaultdict[str, list[tuple[str, Record]]] = defaultdict(list)
    for record in records(osv / ecosystem / "all.zip"):
        for affected in record["affected"]:
            name = canonical(ecosystem, affected["package"])
            if affected["package"]["ecosystem"].partition(":")[0] == ecosystem and sampled(name, one_in):
                found[name].append((record["id"], {**affected, "related": record.get("related", ())}))
    return found


def versions_of(ecosystem: str, entries: list[tuple[str, Record]]) -> set[str]:
    bounds = {
        bound
        for _, affected in entries
        for one in affected.get("ranges", ())
        if one["type"] != "GIT"
        for event in one["events"]
        for bound in event.values()
    }
    listed = {version for _, affected in entries for version in affected.get("versions", ())[-3:]}
    wanted = listed.union(*(neighbours(bound, ecosystem) for bound in bounds))
    return {version for version in wanted if is_version(version, ecosystem)}


def is_version(version: str, ecosystem: str) -> bool:
    try:
        COMPARISONS[ecosystem](version, version)
    except NoVersionError:
        return False
    return True


def expected(ecosystem: str, packages: dict[str, list[tuple[str, Record]]]) -> tuple[dict[tuple[str, str], set[str]], set[tuple[str, str]]]:
    """(package, version) → records by the standard; and the (record, package) pairs that it cannot order, or that Go words otherwise."""
    answers: dict[tuple[str, str], set[str]] = {}
    unjudged: set[tuple[str, str]] = set()
    for name, entries in packages.items():
        for version in versions_of(ecosystem, entries):
            answers[name, version] = set()
            for record_id, affected in entries:
                if affected.get("ecosystem_specific", {}).get("custom_ranges"):
                    unjudged.add((record_id, name))
                    continue
                try:
                    if is_affected(version, affected, COMPARISONS[ecosystem]):
                        answers[name, version].add(record_id)
                except NoVersionError:
                    unjudged.add((record_id, name))
    return answers, unjudged


def actual(ecosystem: str, asked: list[tuple[str, str]], osv: Path, folder: Path) -> dict[tuple[str, str], set[str]]:
    components: list[dict[str, Any]] = [
        {"type": "library", "bom-ref": str(number), "name": name, "version": version, "purl": purl(ecosystem, name, version)}
        for number, (name, version) in enumerate(asked)
    ]
    sbom = folder / "asked.cdx.json"
    tools = {"components": [{"type": "application", "name": "syft", "version": "1.14.0"}]}  # which reads the rpm database
    document = {"bomFormat": "CycloneDX", "specVersion": "1.6", "metadata": {"tools": tools}, "components": components}
    sbom.write_text(json.dumps(document))
    built = run("sbommatch", "db", "build", f"{FEEDS[ecosystem][0]}={osv / ecosystem / 'all.zip'}", "--db", folder / "feeds.json")
    assert built.code == 0, built.stderr
    ran = run("sbommatch", sbom, "--db", folder / "feeds.json", "-o", "json")
    assert ran.code == 0, ran.stderr
    found: dict[tuple[str, str], set[str]] = {pair: set() for pair in asked}
    for finding in ran.json["targets"][0]["findings"]:
        pair = asked[int(finding["ref"])]
        found[pair].update([finding["record"], *(match["record"] for match in finding["match"]["also"])])
    return found


def purl(ecosystem: str, name: str, version: str) -> str:
    """With the release of a distribution as a qualifier."""
    release, slash, rpm = name.partition("/") if ecosystem == "AlmaLinux" else ("", "", name)
    distro = f"?distro=almalinux-{release}" if slash else ""
    return f"pkg:{FEEDS[ecosystem][1]}/{quote(rpm, safe='/')}@{quote(version, safe='')}{distro}"


def differences(ecosystem: str, osv: Path, folder: Path, one_in: int) -> tuple[int, set[tuple[str, str, str]]]:
    """How many (version, record) pairs the standard finds, and every (record, package, version) that the two answer differently.

    Without those that have a cause in `CAUSES`.
    """
    packages = by_package(osv, ecosystem, one_in)
    answers, unjudged = expected(ecosystem, packages)
    found = actual(ecosystem, sorted(answers), osv, folder)
    differing = {
        (record, name, version)
        for (name, version), judged in answers.items()
        for record in judged ^ found[name, version]
        if (record, name) not in unjudged
    }
    if cause_of := CAUSES.get(ecosystem):
        differing = {row for row in differing if not cause_of(row[0], *_said(packages, row[0], row[1]), row[2])}
    return sum(map(len, answers.values())), differing


def _said(packages: dict[str, list[tuple[str, Record]]], record: str, name: str) -> tuple[Sequence[str], list[Record]]:
    entries = [affected for record_id, affected in packages[name] if record_id == record]
    return entries[0]["related"], entries


def unexplained(differing: set[tuple[str, str, str]]) -> set[tuple[str, str, str]]:
    return {row for row in differing if row[0] not in DIFFERENT_ON_PURPOSE}


@pytest.mark.parametrize("ecosystem", SAMPLED)
def test_findings_are_those_of_the_standard(ecosystem: str, shared_data: Path, tmp_path: Path) -> None:
    judged, differing = differences(ecosystem, shared_data / "feeds" / "osv", tmp_path, one_in=FEEDS[ecosystem][2])
    assert judged > 50
    assert unexplained(differing) == set()


def test_the_records_that_differ_are_judged_both_ways(shared_data: Path, tmp_path: Path) -> None:
    assert {row[0] for row in BOTH_ANSWERS} == set(DIFFERENT_ON_PURPOSE)
    osv = shared_data / "feeds" / "osv"
    for ecosystem, prefix in (("Bitnami", "BIT"), ("PyPI", "PYSEC"), ("crates.io", "RUSTSEC")):
        rows = [row for row in BOTH_ANSWERS if row[0].startswith(prefix)]
        stated = {
            (record["id"], canonical(ecosystem, one["package"])): one
            for record in records(osv / ecosystem / "all.zip")
            for one in record["affected"]
        }
        ours = actual(ecosystem, [(name, version) for _, name, version, _, _ in rows], osv, tmp_path)
        for record, name, version, by_the_standard, by_us in rows:
            assert is_affected(version, stated[record, name], COMPARISONS[ecosystem]) is by_the_standard, record
            assert (record in ours[name, version]) is by_us, record


@pytest.mark.parametrize("ecosystem", CAUSES)
def test_the_causes_that_feeds_differ_by_are_judged_both_ways(ecosystem: str, shared_data: Path, tmp_path: Path) -> None:
    rows = [row[1:] for row in BY_RULE if row[0] == ecosystem]
    (tmp_path / ecosystem).mkdir()
    with (
        zipfile.ZipFile(shared_data / "feeds" / "osv" / ecosystem / "all.zip") as whole,
        zipfile.ZipFile(tmp_path / ecosystem / "all.zip", "w") as part,
    ):
        for record in {row[0] for row in rows}:
            part.writestr(f"{record}.json", whole.read(f"{record}.json"))
    packages = by_package(tmp_path, ecosystem, 1)
    ours = actual(ecosystem, [(name, version) for _, name, version, *_ in rows], tmp_path, tmp_path)
    for record, name, version, cause, by_the_standard, by_us in rows:
        related, entries = _said(packages, record, name)
        assert CAUSES[ecosystem](record, related, entries, version) == cause, record
        assert any(is_affected(version, entry, COMPARISONS[ecosystem]) for entry in entries) is by_the_standard, record
        assert (record in ours[name, version]) is by_us, record


@pytest.mark.long
@pytest.mark.parametrize("ecosystem", FEEDS)
def test_findings_are_those_of_the_standard_over_whole_feeds(ecosystem: str, shared_data: Path, tmp_path: Path) -> None:
    judged, differing = differences(ecosystem, shared_data / "feeds" / "osv", tmp_path, one_in=LONG.get(ecosystem, 1))
    print(f"{ecosystem}: {judged} findings judged, {len(differing)} differ")
    assert unexplained(differing) == set()
