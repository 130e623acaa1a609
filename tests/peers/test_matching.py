"""Grype, osv-scanner and Trivy on the same SBOM and the same real advisories: every difference is judged, and none is our fault.

The SBOM has a sample of each feed's packages, each at, below and above every bound. Findings are pairs of a component and a record. The
judge of `tests/contract` says who is right: it shares no code with sbommatch. Where another tool is wrong, `causes.py` says why.
"""

import json
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from tests.contract.osv_judge import NoVersionError, Record
from tests.contract.test_osv_judge import DIFFERENT_ON_PURPOSE, FEEDS, by_package, purl, versions_of
from tests.peers.causes import Answer, cause, judged
from tests.peers.tools import TOOLS, Pair, found_by, found_by_us, installed, write_part, write_sbom

pytestmark = [pytest.mark.peer, pytest.mark.long]

ONE_IN = {"PyPI": 20, "Go": 20, "crates.io": 10, "RubyGems": 5, "npm": 2, "Packagist": 20}

Asked = tuple[str, str, str]
"""Ecosystem, name, version."""


class Sample:
    """A part of the feeds, an SBOM on it, and what is asked of both."""

    def __init__(self, osv: Path, folder: Path) -> None:
        self.osv, self.sbom, self.folder = folder / "osv", folder / "asked.cdx.json", folder
        self.entries: defaultdict[tuple[str, str, str], list[Record]] = defaultdict(list)
        self.asked: list[Asked] = []
        for ecosystem, one_in in ONE_IN.items():
            packages = by_package(osv, ecosystem, one_in)
            for name, entries in sorted(packages.items()):
                self.asked += [(ecosystem, name, version) for version in sorted(versions_of(ecosystem, entries))]
                for record, entry in entries:
                    self.entries[ecosystem, name, record].append(entry)
            write_part(
                osv / ecosystem / "all.zip", self.osv / ecosystem / "all.zip", {record for each in packages.values() for record, _ in each}
            )
        write_sbom(self.sbom, [purl(kind, name, f"v{version}" if kind == "Go" else version) for kind, name, version in self.asked])

    def answer(self, pair: Pair, *, found: bool) -> Answer:
        ecosystem, name, version = self.asked[int(pair[0])]
        return Answer(ecosystem, pair[1], name, version, self.entries.get((ecosystem, name, pair[1]), []), found)


@pytest.fixture(scope="module")
def sample(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Sample:
    return Sample(shared_data / "feeds" / "osv", tmp_path_factory.mktemp("sample"))


@pytest.fixture(scope="module")
def ours(sample: Sample) -> tuple[set[Pair], set[Pair]]:
    feeds = {FEEDS[ecosystem][0]: sample.osv / ecosystem / "all.zip" for ecosystem in ONE_IN}
    return found_by_us(sample.sbom, feeds, sample.folder)


def test_osv_scanner_loses_the_vendors_of_composer_and_gives_up_without_one_ecosystem(
    peers: Path, shared_data: Path, tmp_path: Path
) -> None:
    """It asks by `name` alone where the vendor stands in `group`, as cdxgen and CycloneDX's own tools write it; we go by the PURL."""
    loader = installed("osv-scanner", peers, shared_data)
    feeds = {"PyPI": "PYSEC-2021-66", "Packagist": "FOP-symfony--http-client--CVE-2024-50342"}
    for ecosystem, record in feeds.items():
        write_part(shared_data / "feeds" / "osv" / ecosystem / "all.zip", tmp_path / "osv" / ecosystem / "all.zip", {record})
    sbom = tmp_path / "asked.cdx.json"
    write_sbom(sbom, ["pkg:pypi/jinja2@2.11.1", "pkg:composer/symfony/http-client@7.1.0"])
    document = json.loads(sbom.read_text())
    document["components"][1] |= {"group": "symfony", "name": "http-client"}
    sbom.write_text(json.dumps(document))
    found, _ = found_by_us(sbom, {FEEDS[one][0]: tmp_path / "osv" / one / "all.zip" for one in feeds}, tmp_path)
    assert found == {("0", feeds["PyPI"]), ("1", feeds["Packagist"])}
    assert found_by("osv-scanner", sbom, tmp_path / "osv", tmp_path / "loaded", peers, loader) == {("0", feeds["PyPI"])}
    document["components"].append({"type": "library", "name": "curl", "version": "7.0", "purl": "pkg:deb/debian/curl@7.0?distro=debian-12"})
    sbom.write_text(json.dumps(document))
    with pytest.raises(AssertionError, match="no offline version of the OSV database is available"):
        found_by("osv-scanner", sbom, tmp_path / "osv", tmp_path / "loaded again", peers, loader)


COMMON = {"grype": 32845, "osv-scanner": 32166, "trivy": 32302}

THEIRS_WRONG = {
    "grype": {"found: several last_affected": 10, "missed: own ranges beside real ones": 2},
    "osv-scanner": {
        "missed: range of commits first": 567,
        "missed: letter case": 72,
        "found: own ranges not read": 2,
        "found: unplaced bound, said": 2,
        "found: hyphen as a letter": 254,
        "missed: hyphen as a letter": 37,
        "found: missing parts are no zeros": 10,
        "missed: missing parts are no zeros": 5,
    },
    "trivy": {
        "missed: below zero": 13,
        "missed: letter case": 72,
        "found: own ranges not read": 2,
        "found: unplaced bound, said": 2,
        "found: several last_affected": 10,
        "missed: pre-release of another release": 448,
        "missed: equal to a fix": 12,
    },
}
"""How often, and why, another tool finds too much or misses something, in this sample."""


@pytest.mark.parametrize("tool", TOOLS)
def test_every_difference_from_another_tool_is_its_own_mistake(
    tool: str, sample: Sample, ours: tuple[set[Pair], set[Pair]], peers: Path, shared_data: Path
) -> None:
    loader = installed(tool, peers, shared_data)
    theirs = found_by(tool, sample.sbom, sample.osv, sample.folder / tool, peers, loader)
    found, unchecked = ours
    wrong, unexplained = Counter[str](), []
    for pair in sorted(theirs ^ found):
        answer = sample.answer(pair, found=pair in theirs)
        why = our_fault(answer, unchecked=pair in unchecked) or cause(tool, answer)
        wrong[f"{'found' if answer.found else 'missed'}: {why}"] += 1
        if why in {"?", "ours"}:
            unexplained.append((why, *pair, answer.name, answer.version))
    print(
        f"{tool}: {len(theirs & found)} pairs in common, {len(theirs - found)} theirs only, {len(found - theirs)} ours only: {dict(wrong)}"
    )
    assert unexplained == []
    assert (len(theirs & found), wrong) == (COMMON[tool], Counter(THEIRS_WRONG[tool]))


def our_fault(answer: Answer, *, unchecked: bool) -> str:
    """`ours` where the judge says what the other tool says; empty where it says what we say, or nobody can, and we say that."""
    if answer.record in DIFFERENT_ON_PURPOSE:
        return "on purpose"
    try:
        return "ours" if judged(answer) is answer.found else ""
    except NoVersionError:
        return "unplaced bound, said" if unchecked else "ours"
