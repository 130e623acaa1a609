"""Syft and Trivy read what we write: packages, distribution, source packages, layers.

Marked `peer`: skipped where they are not installed.
"""

import os
import subprocess
from pathlib import Path
from typing import Any

import msgspec
import pytest

from sbomgen.documents import WriteOptions, Writer
from sbomgen.documents.cyclonedx import CycloneDxJson, CycloneDxXml
from sbomgen.documents.spdx import SpdxJson, SpdxTagValue
from sbomgen.inventory import Inventory
from sbomgen.model import Distro, Package, SourcePackage
from tests.support.grype import Grype
from tests.support.inventories import alpine_inventory, digest, inventory, nested_inventory, tracked

pytestmark = pytest.mark.peer

TIMEOUT_S = 60
RHEL = Distro("rhel", "9.4", "Red Hat Enterprise Linux 9.4 (Plow)")
NAMES = {"curl", "libssl3", "musl", "py3-idna", "idna", "Jinja2"}

NESTED = {"libc6", "shop", "core", "io"}

UNTYPED = {"", "UnknownPackage"}
"""What Syft lists besides packages: the system, source packages, and in SPDX 2.2, which knows no purposes, the image."""


def rhel_inventory() -> Inventory:
    package = Package(
        type="rpm", name="openssl-libs", raw_version="1:3.0.7-27.el9", arch="x86_64", distro=RHEL, evidence=("var/lib/rpm/rpmdb.sqlite",),
        source=SourcePackage("openssl", "1:3.0.7-27.el9"),
    )  # fmt: skip
    purl = "pkg:rpm/redhat/openssl-libs@3.0.7-27.el9?arch=x86_64&distro=rhel-9.4&epoch=1&upstream=openssl-3.0.7-27.el9.src.rpm"
    return inventory([tracked(package, purl)], distro=RHEL)


FORMS: list[tuple[Writer, str | None]] = [
    (CycloneDxJson(), None), *((writer, version) for writer in (SpdxJson(), SpdxTagValue()) for version in ("2.2", "2.3"))
]  # fmt: skip
in_every_form = pytest.mark.parametrize(("writer", "version"), FORMS)


def sbom(whole: Inventory, writer: Writer, folder: Path, version: str | None = None, nested: bool = False) -> Path:
    path = folder / f"demo{writer.suffix}"
    path.write_bytes(writer.write(whole, WriteOptions(tool_version="1.0", all_layers=True, version=version, nested=nested)))
    return path


def run(*command: str) -> Any:
    environ = {**os.environ, "SYFT_CHECK_FOR_APP_UPDATE": "false"}
    return msgspec.json.decode(subprocess.run(command, check=True, capture_output=True, timeout=TIMEOUT_S, env=environ).stdout)


def listed_by_trivy(path: Path, peers: Path) -> tuple[Any, list[Any]]:
    """The operating system, and the packages, each with the `Type` of its result."""
    if not (peers / "bin" / "trivy").exists():
        pytest.skip("trivy is not installed")
    report = run(
        str(peers / "bin" / "trivy"), "sbom", "--quiet", "--scanners", "license", "--format", "json", "--list-all-pkgs", "--skip-db-update",
        "--offline-scan", str(path),
    )  # fmt: skip
    packages = [(result["Type"], package) for result in report["Results"] for package in result.get("Packages", ())]
    return report["Metadata"]["OS"], [{"Type": kind, **package} for kind, package in packages]


def read_by_trivy(path: Path, peers: Path) -> tuple[Any, dict[str, Any]]:
    """The operating system, and the packages by name."""
    system, packages = listed_by_trivy(path, peers)
    return system, {package["Name"]: package for package in packages}


def listed_by_syft(path: Path, peers: Path, name: str = "syft*") -> tuple[Any, list[Any]]:
    """The distribution, and the packages."""
    syft = next(iter(sorted((peers / "bin").glob(name))), None)
    if syft is None:
        pytest.skip(f"{name} is not installed")
    report = run(str(syft), "convert", "-q", str(path), "-o", "syft-json")
    return report["distro"], [package for package in report["artifacts"] if package["type"] not in UNTYPED]


def read_by_syft(path: Path, peers: Path) -> tuple[Any, dict[str, Any]]:
    """The distribution, and the packages by name."""
    distro, packages = listed_by_syft(path, peers)
    return distro, {package["name"]: package for package in packages}


def listed_by_osv_scanner(path: Path, peers: Path) -> set[tuple[str, str, str]]:
    """Ecosystem, name and version of each package; without feeds it exits with an error, but lists them."""
    scanner = peers / "bin" / "osv-scanner"
    if not scanner.exists():
        pytest.skip("osv-scanner is not installed")
    command = [str(scanner), "scan", "source", "--offline", "--all-packages", "--format", "json", "--lockfile", str(path)]
    listed = subprocess.run(command, capture_output=True, env={"HOME": str(path.parent)}, timeout=TIMEOUT_S).stdout
    packages = [found["package"] for result in msgspec.json.decode(listed)["results"] for found in result["packages"]]
    return {(found["ecosystem"].partition(":")[0], found["name"], found["version"]) for found in packages}


@in_every_form
def test_trivy_reads_every_package(writer: Writer, version: str | None, tmp_path: Path, peers: Path) -> None:
    system, packages = read_by_trivy(sbom(alpine_inventory(), writer, tmp_path, version), peers)
    assert system == {"Family": "alpine", "Name": "3.20.3"}
    assert packages.keys() == NAMES
    assert {name for name, package in packages.items() if package["Type"] == "python-pkg"} == {"idna", "Jinja2"}
    assert packages["libssl3"]["SrcName"] == "openssl"


def test_trivy_reads_layers_and_files(tmp_path: Path, peers: Path) -> None:
    _, packages = read_by_trivy(sbom(alpine_inventory(), CycloneDxJson(), tmp_path), peers)
    assert packages["libssl3"]["Layer"] == {"Digest": digest("blob 1"), "DiffID": digest("layer 1")}
    assert packages["Jinja2"]["FilePath"] == "app/venv/Jinja2-3.1.2.dist-info/METADATA"


@pytest.mark.parametrize(("writer", "version"), [*FORMS, (CycloneDxJson(), "1.4"), (CycloneDxJson(), "1.5")])
def test_all_read_what_lies_in_an_archive_and_take_none_for_no_package(
    writer: Writer, version: str | None, tmp_path: Path, peers: Path
) -> None:
    path = sbom(nested_inventory(), writer, tmp_path, version)
    assert read_by_trivy(path, peers)[1].keys() == {"libc6", "org.example:shop", "org.example:core", "org.example:io"}
    for name in ("syft-1.18", "syft"):
        assert {part["name"].removeprefix("org.example:") for part in listed_by_syft(path, peers, name)[1]} == NESTED
    # osv-scanner takes the image, which has a PURL, for a package of SPDX.
    assert {name.removeprefix("org.example:") for _, name, _ in listed_by_osv_scanner(path, peers)} - {"demo"} == NESTED


@pytest.mark.parametrize("version", ["1.4", "1.5", "1.6"])
def test_what_is_nested_trivy_does_not_read_and_others_do(version: str, tmp_path: Path, peers: Path) -> None:
    """Why nothing is nested unless asked: Trivy takes the first level alone (pkg/sbom/cyclonedx/unmarshal.go, `parseComponents`)."""
    whole = nested_inventory()
    flat, grype = sbom(whole, CycloneDxJson(), tmp_path, version), Grype(peers, tmp_path, whole)
    assert {part["name"] for part, _ in grype.listed(flat)[1]} == NESTED
    nested = sbom(whole, CycloneDxJson(), tmp_path, version, nested=True)
    assert read_by_trivy(nested, peers)[1].keys() == {"libc6", "org.example:shop"}
    in_xml = sbom(whole, CycloneDxXml(), tmp_path, version, nested=True)
    for path in (nested, in_xml):
        assert {part["name"] for part, _ in grype.listed(path)[1]} == NESTED
        for name in ("syft-1.18", "syft"):
            assert {part["name"] for part in listed_by_syft(path, peers, name)[1]} == NESTED
        assert {name.removeprefix("org.example:") for _, name, _ in listed_by_osv_scanner(path, peers)} == NESTED


@in_every_form
def test_trivy_knows_distributions_by_its_own_names_and_source_versions_by_their_parts(
    writer: Writer, version: str | None, tmp_path: Path, peers: Path
) -> None:
    system, packages = read_by_trivy(sbom(rhel_inventory(), writer, tmp_path, version), peers)
    assert system == {"Family": "redhat", "Name": "9.4"}
    expected = {"Epoch": 1, "Version": "3.0.7", "Release": "27.el9", "SrcEpoch": 1, "SrcName": "openssl", "SrcVersion": "3.0.7"}
    assert expected.items() <= packages["openssl-libs"].items()


@in_every_form
def test_syft_reads_every_package(writer: Writer, version: str | None, tmp_path: Path, peers: Path) -> None:
    distro, packages = read_by_syft(sbom(alpine_inventory(), writer, tmp_path, version), peers)
    assert (distro["id"], distro["versionID"]) == ("alpine", "3.20.3")
    assert packages.keys() == NAMES
    assert (packages["idna"]["type"], packages["musl"]["type"]) == ("python", "apk")
    assert packages["libssl3"]["metadata"]["originPackage"] == "openssl"


def test_syft_reads_files_with_their_layers_and_rpm_s_source(tmp_path: Path, peers: Path) -> None:
    distro, packages = read_by_syft(sbom(rhel_inventory(), CycloneDxJson(), tmp_path), peers)
    assert (distro["id"], distro["versionID"]) == ("rhel", "9.4")
    package = packages["openssl-libs"]
    assert package["metadata"]["sourceRpm"] == "openssl-3.0.7-27.el9.src.rpm"
    assert [(found["path"], found["layerID"]) for found in package["locations"]] == [("/var/lib/rpm/rpmdb.sqlite", digest("layer 0"))]
