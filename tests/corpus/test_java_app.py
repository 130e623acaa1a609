"""The java-app image against its truth (poms in jars, links of Debian's maven-repo, after every layer), Syft and Trivy.

The image is not among those that CI builds: `build.sh java save` makes it.
"""

import json
import re
import sqlite3
import subprocess
from collections import defaultdict
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from sbomgen.catalogers.dpkg import DpkgCataloger
from sbomgen.catalogers.java import JavaCataloger
from sbomgen.catalogers.jvm import JvmCataloger
from sbomgen.catalogers.os_release import OsReleaseCataloger
from sbomgen.image.reference import open_image
from sbomgen.inventory import Inventory
from sbomgen.model import TrackedPackage
from sbomgen.scan import ScanOptions, scan_image

pytestmark = pytest.mark.long

Row = tuple[str, str, str]
"""Path of the outermost archive, `GROUP:ARTIFACT`, version."""

NOT_FOUND = {
    ("usr/share/java/el-api.jar", "javax.el:javax.el-api", "3.0"),
    ("usr/share/java/jsp-api.jar", "javax.servlet.jsp:javax.servlet.jsp-api", "2.3"),
    ("usr/share/java/guice-no-aop-4.2.3.jar", "com.google.inject:guice", "4.2.3"),
    ("usr/share/java/jsr305.jar", "org.jsr305:jsr305", "0.1-SNAPSHOT"),
}
"""The first two have a second version in the repository, and are found with that of their own pom; the others are links of the repository
that have no pom of the same name beside them."""


@pytest.fixture(scope="module")
def archive(corpus: Path) -> Path:
    path = corpus / "archives" / "java-app.tar"
    if not path.exists():
        pytest.skip("archives/java-app.tar is absent: build it with `build.sh java save`")
    return path


@pytest.fixture(scope="module")
def truth(corpus: Path, archive: Path) -> Any:
    path = corpus / "truth" / "java-app.json"
    if not path.exists():
        pytest.skip("truth/java-app.json is absent: build the corpus with TRUTH=1")
    return json.loads(path.read_text())


@pytest.fixture(scope="module")
def inventory(archive: Path) -> Inventory:
    with open_image(str(archive)) as image:
        return scan_image(image, ScanOptions(catalogers=(OsReleaseCataloger(), DpkgCataloger(), JavaCataloger(), JvmCataloger())))


def rows_of(package: TrackedPackage) -> set[Row]:
    return {(path.path, package.package.name, package.package.raw_version) for path in package.paths}


def ours(inventory: Inventory) -> dict[Row, TrackedPackage]:
    found = [package for package in inventory.packages if package.cataloger == "java" and package.visible]
    return {row: package for package in found for row in rows_of(package)}


def theirs(package: Any) -> Row:
    return package["location"].lstrip("/").partition("!/")[0], package["name"], package["version"]


def named(truth: Any) -> dict[Row, Any]:
    return {theirs(package): package for package in truth["packages"] if package["ecosystem"] == "maven"}


def coordinates(purl: str) -> tuple[str, str]:
    """`GROUP:ARTIFACT` (or the artifact alone), and the version."""
    name, _, version = purl.removeprefix("pkg:maven/").partition("?")[0].partition("@")
    return unquote(name).replace("/", ":"), unquote(version)


def test_everything_is_read(inventory: Inventory) -> None:
    assert inventory.problems == ()


def test_what_the_jars_and_debian_s_repository_state_is_found(inventory: Inventory, truth: Any) -> None:
    assert set(named(truth)) - set(ours(inventory)) == NOT_FOUND


def test_every_jar_comes_from_the_layer_that_brought_it(inventory: Inventory, truth: Any) -> None:
    found = ours(inventory)
    assert [row for row, package in named(truth).items() if row in found and found[row].layer != package["layer"]] == []


def test_jars_that_a_later_layer_deleted_are_hidden(inventory: Inventory, truth: Any) -> None:
    hidden = {(package.package.name, package.package.raw_version) for package in inventory.packages if not package.visible}
    assert hidden == {(gone["name"], gone["version"]) for gone in truth["gone"] if gone["ecosystem"] == "maven"}


def test_the_runtime_is_found(inventory: Inventory) -> None:
    (runtime,) = (package for package in inventory.packages if package.cataloger == "jvm")
    assert re.fullmatch(r"pkg:generic/openjdk@17\..*", runtime.purl)


def test_jars_of_debs_are_owned_by_them(inventory: Inventory) -> None:
    owned = {edge.from_slot for edge in inventory.edges if edge.kind == "owned_by"}
    jars = [package.package for package in inventory.packages if package.cataloger == "java" and package.package.root == "usr/share/java"]
    assert len(jars) > 150
    assert [package.name for package in jars if package.slot not in owned] == []


@pytest.mark.peer
def test_every_package_of_trivy_is_found(inventory: Inventory, archive: Path, peers: Path, tmp_path: Path) -> None:
    database = tmp_path / "java-db" / "trivy-java.db"
    database.parent.mkdir()
    (database.parent / "metadata.json").write_text('{"Version": 1, "NextUpdate": "2099-01-01T00:00:00Z"}')
    connection = sqlite3.connect(database)
    connection.execute("CREATE TABLE artifacts (id INTEGER PRIMARY KEY, group_id TEXT, artifact_id TEXT)")
    connection.execute("CREATE TABLE indices (artifact_id INTEGER, version TEXT, sha1 BLOB, archive_type TEXT)")
    connection.close()
    offline = ("--offline-scan", "--skip-db-update", "--skip-java-db-update", "--format", "cyclonedx")
    command = [str(peers / "bin" / "trivy"), "--cache-dir", str(tmp_path), "-q", "image", "--input", str(archive), *offline]
    components = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)["components"]
    reported = {coordinates(found["purl"]) for found in components if found.get("purl", "").startswith("pkg:maven/")}
    assert len(reported) > 250
    assert reported - {(name, version) for _, name, version in ours(inventory)} == set()


@pytest.mark.peer
def test_every_package_of_syft_is_found_or_the_jar_states_another(inventory: Inventory, archive: Path, truth: Any, peers: Path) -> None:
    """By artifact and version: Syft takes the group of a jar without a pom from its bundle's name, and the artifact where there is none."""
    command = [str(peers / "bin" / "syft-1.18"), "-q", f"docker-archive:{archive}", "-o", "syft-json"]
    artifacts = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)["artifacts"]
    found: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for path, name, version in ours(inventory):
        found[path].add((name.rpartition(":")[2], version))
    stated = {path for path, _, _ in named(truth)}
    missing = []
    for artifact in artifacts:
        if artifact["type"] in {"java-archive", "jenkins-plugin"}:
            path = artifact["locations"][0]["path"].lstrip("/")
            name, version = coordinates(artifact["purl"])
            if (name.rpartition(":")[2], version) not in found[path] and path not in stated:
                missing.append((path, name, version))
    assert missing == []
