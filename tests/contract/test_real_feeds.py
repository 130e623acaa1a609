"""The other real OSV feeds, whole, and cases from the field in which other tools answer wrongly."""

import json
from pathlib import Path

import pytest

from tests.support.run import run

WHOLE = {
    "Bitnami": ("osv-bitnami", 7444, 0, 1),
    "Hex": ("osv-hex", 108, 0, 0),
    "Julia": ("osv-julia", 1703, 4, 0),
    "Packagist": ("osv-packagist", 1585, 0, 0),
    "RubyGems": ("osv-rubygems", 1221, 0, 0),
    "npm": ("osv-npm", 463, 0, 0),
}
"""Folder of the bucket: feed, advisories, withdrawn, rows without keys (one nightly of Bitnami)."""

CASES = [
    # A patch of Composer is after its release: with `fixed: 2.3.2`, 2.3.2-p2 is fixed.
    ("pkg:composer/magento/product-community-edition@2.3.2-p2", "CVE-2019-7882", False),
    ("pkg:composer/magento/product-community-edition@2.3.1", "CVE-2019-7882", True),
    ("pkg:composer/magento/product-community-edition@2.3.2", "CVE-2019-8119", True),
    ("pkg:composer/magento/product-community-edition@2.3.2-p2", "CVE-2019-8119", False),
    # A version with fewer components is the same version.
    ("pkg:composer/drupal/core@8.0", "CVE-2016-3162", True),
    ("pkg:composer/Drupal/core@8.0.4", "CVE-2016-3162", False),
    # A bound that closes one window and opens the next.
    ("pkg:composer/symfony/symfony@7.1.0", "CVE-2024-50342", True),
    ("pkg:composer/symfony/symfony@7.1.8", "CVE-2024-50342", False),
    # npm's old names differ in letter case: jQuery is not jquery.
    ("pkg:npm/jQuery@1.7.4", "CVE-2019-11358", True),
    ("pkg:npm/jquery@1.7.4", "CVE-2019-11358", False),
    # A pre-release that begins a window.
    ("pkg:npm/jquery@3.0.0-rc.1", "CVE-2016-10707", True),
    ("pkg:npm/jquery@3.0.0", "CVE-2016-10707", False),
    ("pkg:gem/rack@1.2.4", "CVE-2011-5036", True),
    ("pkg:gem/rack@1.2.5", "CVE-2011-5036", False),
]


@pytest.fixture(scope="module")
def db(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    osv = shared_data / "feeds" / "osv"
    pointer = tmp_path_factory.mktemp("feeds") / "feeds.json"
    built = run("sbommatch", "db", "build", *(f"{feed}={osv / name / 'all.zip'}" for name, (feed, *_) in WHOLE.items()), "--db", pointer)
    assert built.code == 0, built.stderr
    return pointer


def test_the_feeds_are_loaded_whole(db: Path) -> None:
    feeds = run("sbommatch", "db", "status", "--db", db, "-o", "json").json["feeds"]
    assert sorted((feed["name"], feed["advisories"], feed["withdrawn"], feed["unkeyed"]) for feed in feeds) == sorted(WHOLE.values())
    assert all(feed["refused"] == 0 for feed in feeds)


def test_cases_from_the_field(db: Path, tmp_path: Path) -> None:
    purls = sorted({purl for purl, _, _ in CASES})
    components = [{"type": "library", "name": purl, "bom-ref": purl, "purl": purl} for purl in purls]
    (tmp_path / "a.cdx.json").write_text(json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.6", "components": components}))
    (target,) = run("sbommatch", tmp_path / "a.cdx.json", "--db", db, "-o", "json").json["targets"]
    found = {(finding["ref"], identifier) for finding in target["findings"] for identifier in finding["ids"]}
    assert {case: (case[0], case[1]) in found for case in CASES} == {case: case[2] for case in CASES}
    assert {component["verdict"] for component in target["components"]} == {"affected", "no_match"}
