"""CycloneDX of real images: valid in every version and form; Trivy, Syft, Grype and osv-scanner find the same packages."""

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from packageurl import PackageURL
from packaging.utils import canonicalize_name

from sbomgen.documents import WriteOptions, Writer
from sbomgen.documents.cyclonedx import CycloneDxJson, CycloneDxXml
from sbomgen.image.reference import open_image
from sbomgen.image.remote import OpenOptions
from sbomgen.inventory import Inventory
from sbomgen.scan import ScanOptions, scan_image
from tests.sbomgen.documents.test_cyclonedx_versions import JSON_VALIDATORS, VERSIONS, XML_VALIDATORS
from tests.sbomgen.documents.test_readers_of_today import listed_by_osv_scanner, listed_by_syft, listed_by_trivy
from tests.support.grype import Grype, source_name

IMAGES = ("alpine-3.9", "alpine-3.18", "alpine-3.20", "debian12-slim", "edge", "rpm-bdb", "rpm-mariner2", "rpm-self-sqlite", "rpm-sle15")
MORE_IMAGES = ("big", "bins", "java-app", "node-app", "py-modern", "python-app")
FORMS = (CycloneDxJson(), CycloneDxXml())
READ_BY_PEERS = ("alpine-3.20", "debian12-slim", "rpm-mariner2", "rpm-sle15", "python-app")
VERSIONS_OF_2024 = ("1.4", "1.5", "1.6")
"""Trivy 0.59 and Syft 1.18 refuse 1.7."""

SYFTS = [("syft-1.18", version) for version in VERSIONS_OF_2024] + [("syft", version) for version in VERSIONS]
OSV_ECOSYSTEMS = {"apk": "Alpine", "deb": "Debian", "npm": "npm", "pypi": "PyPI"}


@cache
def scanned(layout: Path) -> Inventory:
    if not layout.is_dir():
        pytest.skip(f"oci/{layout.name} is absent: build the corpus")
    with open_image(str(layout), OpenOptions(platform="linux/amd64")) as image:
        return scan_image(image, ScanOptions())


def document(inventory: Inventory, writer: Writer, version: str) -> bytes:
    return writer.write(inventory, WriteOptions(tool_version="1.0", version=version, all_layers=True))


def long(*values: str) -> Any:
    return pytest.param(*values, marks=pytest.mark.long)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", [*IMAGES, *map(long, MORE_IMAGES)])
def test_xml_of_real_images_is_valid(corpus: Path, name: str, version: str) -> None:
    in_xml = document(scanned(corpus / "oci" / name), CycloneDxXml(), version)
    assert XML_VALIDATORS[version].validate_str(in_xml.decode()) is None


@pytest.mark.parametrize("version", ["1.6", *map(long, ("1.4", "1.5", "1.7"))])
@pytest.mark.parametrize("name", [*IMAGES, *map(long, MORE_IMAGES)])
def test_json_of_real_images_is_valid(corpus: Path, name: str, version: str) -> None:
    """By default in one version: that validator takes seconds, and the fields are those that are valid as XML."""
    in_json = document(scanned(corpus / "oci" / name), CycloneDxJson(), version)
    assert JSON_VALIDATORS[version].validate_str(in_json.decode()) is None


def identity(purl: str) -> tuple[str, str | None, str, str | None]:
    """Without the qualifiers, which every tool writes in its own way."""
    read = PackageURL.from_string(purl)
    return read.type, read.namespace, read.name, read.version


def identities(inventory: Inventory) -> list[Any]:
    return sorted(identity(found.purl) for found in inventory.packages)


def sources(inventory: Inventory) -> dict[str, str]:
    return {found.package.name: found.package.source.name for found in inventory.packages if found.package.source}


@pytest.mark.peer
@pytest.mark.parametrize("name", READ_BY_PEERS)
@pytest.mark.parametrize("version", VERSIONS_OF_2024)
def test_trivy_finds_the_same_packages(corpus: Path, tmp_path: Path, peers: Path, name: str, version: str) -> None:
    inventory = scanned(corpus / "oci" / name)
    path = tmp_path / "image.cdx.json"
    path.write_bytes(document(inventory, CycloneDxJson(), version))
    system, packages = listed_by_trivy(path, peers)
    assert inventory.distro is not None
    assert system["Name"] == inventory.distro.version_id
    assert sorted(identity(found["Identifier"]["PURL"]) for found in packages) == identities(inventory)
    assert {found["Name"]: found["SrcName"] for found in packages if "SrcName" in found}.items() >= sources(inventory).items()


@pytest.mark.peer
@pytest.mark.parametrize("name", READ_BY_PEERS)
@pytest.mark.parametrize(("syft", "version"), SYFTS)
@pytest.mark.parametrize("writer", FORMS)
def test_syft_finds_the_same_packages(
    corpus: Path, tmp_path: Path, peers: Path, name: str, syft: str, version: str, writer: Writer
) -> None:
    inventory = scanned(corpus / "oci" / name)
    path = tmp_path / f"image{writer.suffix}"
    path.write_bytes(document(inventory, writer, version))
    system, packages = listed_by_syft(path, peers, syft)
    assert inventory.distro is not None
    assert (system["id"], system["versionID"]) == (inventory.distro.id, inventory.distro.version_id)
    assert sorted(identity(found["purl"]) for found in packages) == identities(inventory)
    assert {found["name"]: source_of(found) for found in packages if found["type"] in SYFT_SOURCES} == sources(inventory)


@pytest.mark.peer
@pytest.mark.parametrize("name", ["alpine-3.20", "python-app"])
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("writer", FORMS)
def test_osv_scanner_finds_the_same_packages(corpus: Path, tmp_path: Path, peers: Path, name: str, version: str, writer: Writer) -> None:
    inventory = scanned(corpus / "oci" / name)
    path = tmp_path / f"image{writer.suffix}"
    path.write_bytes(document(inventory, writer, version))
    assert listed_by_osv_scanner(path, peers) == names_of_osv(inventory)


@pytest.mark.peer
@pytest.mark.parametrize("name", READ_BY_PEERS)
def test_grype_finds_the_same_packages_by_their_sources(corpus: Path, tmp_path: Path, peers: Path, name: str) -> None:
    inventory = scanned(corpus / "oci" / name)
    found_by_grype(inventory, [(writer, version) for writer in FORMS for version in VERSIONS], tmp_path, peers)


def found_by_grype(inventory: Inventory, forms: Iterable[tuple[Writer, str]], folder: Path, peers: Path) -> None:
    """Grype finds every package of an image, those of the system by the name of their source, in each of the forms."""
    grype, distro = Grype(peers, folder, inventory), inventory.distro
    assert distro is not None
    of_system = [found.package for found in inventory.packages if found.package.type in SYFT_SOURCES]
    for writer, version in forms:
        path = folder / f"image{writer.suffix}"
        path.write_bytes(document(inventory, writer, version))
        system, packages = grype.listed(path)
        assert (system["name"], system["version"]) == (distro.id, distro.version_id)
        assert sorted(identity(package["purl"]) for package, _ in packages) == identities(inventory)
        names = {package["name"]: names for package, names in packages if package["type"] in SYFT_SOURCES}
        assert [one.name for one in of_system if source_name(one) not in names[one.name]] == []


def names_of_osv(inventory: Inventory) -> set[tuple[str, str, str]]:
    """Each package once, by the PURL's name."""
    return {
        (OSV_ECOSYSTEMS[type_], canonicalize_name(name) if type_ == "pypi" else name, version)
        for type_, _, name, version in identities(inventory)
    }


SYFT_SOURCES = {"apk": "originPackage", "deb": "source", "rpm": "sourceRpm"}


def source_of(package: Any) -> str:
    stated: str = package["metadata"][SYFT_SOURCES[package["type"]]]
    return stated.rsplit("-", 2)[0] if package["type"] == "rpm" else stated
