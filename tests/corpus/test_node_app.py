"""The node-app image against npm's own lists after every layer, and against what Syft and Trivy report."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support.run import run

pytestmark = pytest.mark.long
"""Skipped where the image is absent: the suite's usual images do not include it."""

APP = "app/node_modules"
RESOLVE = f"{APP}/resolve/test/resolver"
NOT_INSTALLED = {
    "app/package.json": "the application itself",
    f"{APP}/@bcoe/v8-coverage/dist/lib/package.json": "a copy of the package's own package.json beside its compiled files",
    f"{APP}/fast-uri/benchmark/package.json": "a private package that runs the benchmarks of fast-uri",
    f"{RESOLVE}/baz/package.json": "a fixture",
    f"{RESOLVE}/browser_field/package.json": "a fixture",
    f"{RESOLVE}/false_main/package.json": "a fixture",
    f"{RESOLVE}/invalid_main/package.json": "a fixture",
    f"{RESOLVE}/multirepo/package.json": "a fixture",
    f"{RESOLVE}/multirepo/packages/package-a/package.json": "a fixture",
    f"{RESOLVE}/multirepo/packages/package-b/package.json": "a fixture",
    f"{RESOLVE}/nested_symlinks/mylib/package.json": "a fixture",
    "usr/local/lib/node_modules/npm/node_modules/promzard/example/npm-init/package.json": "an example",
}
"""What the peers list and npm, asked in the image, does not (1 % of their rows): the truth has none of them."""

Row = tuple[str, str, str]
"""Name, version, path of the package.json."""


@pytest.fixture(scope="module")
def archive(corpus: Path) -> Path:
    path = corpus / "archives" / "node-app.tar"
    if not path.exists():
        pytest.skip("archives/node-app.tar is absent: build the step `node` of the corpus")
    return path


@pytest.fixture(scope="module")
def truth(corpus: Path) -> Any:
    path = corpus / "truth" / "node-app.json"
    if not path.exists():
        pytest.skip("truth/node-app.json is absent: build the corpus with TRUTH=1")
    return json.loads(path.read_text())


@pytest.fixture(scope="module")
def packages(archive: Path) -> list[Any]:
    ran = run("sbomgen", "layers", archive, "-o", "json")
    assert ran.code == 0, ran.stderr
    return [package for package in ran.json["packages"] if package["slot"].startswith("npm|")]


def row_of(package: Any) -> Row:
    return package["name"], package["version"], package["paths"][0]["path"]


def named(truth: Any) -> dict[Row, Any]:
    return {
        (package["name"], package["version"], package["evidence"].lstrip("/")): package
        for package in truth["packages"]
        if package["ecosystem"] == "npm"
    }


def test_the_packages_and_their_layers_are_those_that_npm_names(packages: list[Any], truth: Any) -> None:
    found = {row_of(package): package["layer"] for package in packages if package["visible"]}
    assert found == {row: package["layer"] for row, package in named(truth).items()}


def test_upgrades_and_removals_are_told(packages: list[Any], truth: Any) -> None:
    upgraded = {row_of(found): [event["from"] for event in found["events"] if event["from"]] for found in packages if found["visible"]}
    assert upgraded == {row: package.get("upgraded_from", []) for row, package in named(truth).items()}
    hidden = {(package["name"], package["version"], package["events"][-1]["layer"]) for package in packages if not package["visible"]}
    removed = [gone for gone in truth["gone"] if gone["ecosystem"] == "npm" and gone["why"] == "removed"]
    assert hidden == {(gone["name"], gone["version"], gone["removed_in"]) for gone in removed}


def test_debian_s_packages_are_owned_by_its_debs(archive: Path, truth: Any) -> None:
    components = run("sbomgen", archive, "-o", "cyclonedx-json").json["components"]
    owners = {
        component["name"]: property_["value"]
        for component in components
        for property_ in component.get("properties", ())
        if property_["name"] == "sbomgen:owned_by" and component["purl"].startswith("pkg:npm/")
    }
    shipped = {package["name"].rpartition("/")[2] for row, package in named(truth).items() if row[2].startswith("usr/share/nodejs/")}
    assert {name.rpartition("/")[2] for name in owners} == shipped
    assert all(owner.startswith("pkg:deb/debian/") for owner in owners.values())


def told(*command: str | Path) -> Any:
    environ = {**os.environ, "SYFT_CHECK_FOR_APP_UPDATE": "false"}
    return json.loads(subprocess.run([str(word) for word in command], check=True, capture_output=True, timeout=300, env=environ).stdout)


@pytest.mark.peer
def test_syft_lists_nothing_more_that_is_installed(archive: Path, peers: Path, packages: list[Any], truth: Any) -> None:
    syfts = sorted((peers / "bin").glob("syft*"))
    if not syfts:
        pytest.skip("syft is not installed")
    ours = {row_of(package) for package in packages if package["visible"]}
    for syft in syfts:
        artifacts = told(syft, "scan", "-q", f"docker-archive:{archive}", "-o", "syft-json")["artifacts"]
        theirs = {
            (found["name"], found["version"], place["path"].lstrip("/"))
            for found in artifacts
            for place in found["locations"]
            if found["type"] == "npm"
        }
        check_difference(theirs, ours, truth)


@pytest.mark.peer
def test_trivy_lists_nothing_more_that_is_installed(archive: Path, peers: Path, packages: list[Any], truth: Any, tmp_path: Path) -> None:
    trivy = peers / "bin" / "trivy"
    if not trivy.exists():
        pytest.skip("trivy is not installed")
    options = (
        "--offline-scan",
        "--skip-db-update",
        "--skip-java-db-update",
        "--format",
        "json",
        "--list-all-pkgs",
        "--scanners",
        "license",
    )
    report = told(trivy, "--cache-dir", tmp_path, "-q", "image", "--input", archive, *options)
    theirs = {
        (found["Name"], found["Version"], found["FilePath"])
        for result in report["Results"]
        for found in result.get("Packages", ())
        if result.get("Type") == "node-pkg"
    }
    check_difference(theirs, {row_of(package) for package in packages if package["visible"]}, truth)


def check_difference(theirs: set[Row], ours: set[Row], truth: Any) -> None:
    more = {path for _, _, path in theirs - ours}
    assert len(theirs) > 1000
    assert more <= NOT_INSTALLED.keys()
    assert len(more) <= len(theirs) / 100
    assert not more & {path for _, _, path in named(truth)}
