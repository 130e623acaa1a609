"""Every finding against a judge that shares no code with sbommatch, on the real PyPI, Go and crates.io feeds."""

import hashlib
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from tests.contract.osv_judge import COMPARISONS, NoVersionError, Record, is_affected, neighbours, records
from tests.support.run import run

PURL_TYPES = {"PyPI": "pypi", "Go": "golang", "crates.io": "cargo"}
FEEDS = {"PyPI": "osv-pypi", "Go": "osv-go", "crates.io": "osv-crates.io"}

TIE = "introduced and fixed at one version are an empty interval in the record's own order; sorted, they open one that nothing closes"
PAIRS = "windows overlap: sorted, the first `fixed` closes all of them; in the record's own order each window has its own end"
EQUAL = "the listed version is equal to the component's in PEP 440's order, though not in its spelling"

DIFFERENT_ON_PURPOSE = {
    "PYSEC-2021-114": PAIRS,
    "PYSEC-2026-1054": EQUAL,
    "RUSTSEC-2022-0012": TIE,
    "RUSTSEC-2023-0039": TIE,
    "RUSTSEC-2024-0399": TIE,
    "RUSTSEC-2026-0149": TIE,
}
"""Records in which ours is another answer than the standard's, and why. Outside this table there is no difference."""

BOTH_ANSWERS = [
    ("PYSEC-2021-114", "wagtail", "2.11.6.post1", False, True),
    ("PYSEC-2026-1054", "trytond", "3", False, True),
    ("RUSTSEC-2022-0012", "arrow2", "0.10.0", True, False),
    ("RUSTSEC-2023-0039", "buffered-reader", "1.2.0", True, False),
    ("RUSTSEC-2024-0399", "rustls", "0.23.0", True, False),
    ("RUSTSEC-2026-0149", "wasmtime-wasi", "46.0.0", True, False),
]
"""One row for each of these records: record, package, version, what the standard says, what we say."""


def sampled(name: str, one_in: int) -> bool:
    return int(hashlib.sha256(name.encode()).hexdigest()[:8], 16) % one_in == 0


def canonical(ecosystem: str, name: str) -> str:
    return {"PyPI": name.lower().replace("_", "-").replace(".", "-"), "Go": name.lower()}.get(ecosystem, name)


def by_package(osv: Path, ecosystem: str, one_in: int) -> dict[str, list[tuple[str, Record]]]:
    found: defaultdict[str, list[tuple[str, Record]]] = defaultdict(list)
    for record in records(osv / ecosystem / "all.zip"):
        for affected in record["affected"]:
            name = canonical(ecosystem, affected["package"]["name"])
            if affected["package"]["ecosystem"] == ecosystem and sampled(name, one_in):
                found[name].append((record["id"], affected))
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
        {"type": "library", "bom-ref": str(number), "name": name, "version": version, "purl": purl(PURL_TYPES[ecosystem], name, version)}
        for number, (name, version) in enumerate(asked)
    ]
    sbom = folder / "asked.cdx.json"
    sbom.write_text(json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.6", "components": components}))
    built = run("sbommatch", "db", "build", f"{FEEDS[ecosystem]}={osv / ecosystem / 'all.zip'}", "--db", folder / "feeds.json")
    assert built.code == 0, built.stderr
    ran = run("sbommatch", sbom, "--db", folder / "feeds.json", "-o", "json")
    assert ran.code == 0, ran.stderr
    found: dict[tuple[str, str], set[str]] = {pair: set() for pair in asked}
    for finding in ran.json["targets"][0]["findings"]:
        pair = asked[int(finding["ref"])]
        found[pair].update([finding["record"], *(match["record"] for match in finding["match"]["also"])])
    return found


def purl(purl_type: str, name: str, version: str) -> str:
    from urllib.parse import quote

    return f"pkg:{purl_type}/{quote(name, safe='/')}@{quote(version, safe='')}"


def differences(ecosystem: str, osv: Path, folder: Path, one_in: int) -> tuple[int, set[tuple[str, str, str]]]:
    """How many (version, record) pairs the standard finds, and every (record, package, version) that the two answer differently."""
    answers, unjudged = expected(ecosystem, by_package(osv, ecosystem, one_in))
    found = actual(ecosystem, sorted(answers), osv, folder)
    differing = {
        (record, name, version)
        for (name, version), judged in answers.items()
        for record in judged ^ found[name, version]
        if (record, name) not in unjudged
    }
    return sum(map(len, answers.values())), differing


def unexplained(differing: set[tuple[str, str, str]]) -> set[tuple[str, str, str]]:
    return {row for row in differing if row[0] not in DIFFERENT_ON_PURPOSE}


@pytest.mark.parametrize("ecosystem", FEEDS)
def test_findings_are_those_of_the_standard(ecosystem: str, shared_data: Path, tmp_path: Path) -> None:
    judged, differing = differences(ecosystem, shared_data / "feeds" / "osv", tmp_path, one_in=20)
    assert judged > 50
    assert unexplained(differing) == set()


def test_the_records_that_differ_are_judged_both_ways(shared_data: Path, tmp_path: Path) -> None:
    assert {row[0] for row in BOTH_ANSWERS} == set(DIFFERENT_ON_PURPOSE)
    osv = shared_data / "feeds" / "osv"
    for ecosystem, prefix in (("PyPI", "PYSEC"), ("crates.io", "RUSTSEC")):
        rows = [row for row in BOTH_ANSWERS if row[0].startswith(prefix)]
        stated = {
            (record["id"], canonical(ecosystem, one["package"]["name"])): one
            for record in records(osv / ecosystem / "all.zip")
            for one in record["affected"]
        }
        ours = actual(ecosystem, [(name, version) for _, name, version, _, _ in rows], osv, tmp_path)
        for record, name, version, by_the_standard, by_us in rows:
            assert is_affected(version, stated[record, name], COMPARISONS[ecosystem]) is by_the_standard, record
            assert (record in ours[name, version]) is by_us, record


@pytest.mark.long
@pytest.mark.parametrize("ecosystem", FEEDS)
def test_findings_are_those_of_the_standard_over_the_whole_feed(ecosystem: str, shared_data: Path, tmp_path: Path) -> None:
    judged, differing = differences(ecosystem, shared_data / "feeds" / "osv", tmp_path, one_in=1)
    print(f"{ecosystem}: {judged} findings judged, {len(differing)} differ")
    assert unexplained(differing) == set()
