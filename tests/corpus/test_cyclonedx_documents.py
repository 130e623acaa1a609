"""CycloneDX of real images: valid in every version and form; Trivy, Syft, Grype and osv-scanner find the same packages."""

from collections import Counter
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest
from packageurl import PackageURL
from packaging.utils import canonicalize_name

from sbomgen.documents import WriteOptions, Writer
from sbomgen.documents.cyclonedx import CycloneDxJson, CycloneDxXml
from sbomgen.image.reference import open_image
from sbomgen.image.remote import OpenOptions
from sbomgen.inventory import Inventory
from sbomgen.scan import ScanOptions, scan_image
from sbommatch.sbom.read import read_document
from tests.sbomgen.documents.test_cyclonedx_versions import JSON_VALIDATORS, VERSIONS, XML_VALIDATORS
from tests.sbomgen.documents.test_readers_of_today import listed_by_osv_scanner, listed_by_syft, listed_by_trivy
from tests.support.grype import Grype, source_name
from tests.support.run import run

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


def document(inventory: Inventory, writer: Writer, version: str, nested: bool = False) -> bytes:
    return writer.write(inventory, WriteOptions(tool_version="1.0", version=version, all_layers=True, nested=nested))


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


def refs_by_level(components: Any) -> list[list[str]]:
    """The bom-refs of components, of those within them, and so on."""
    inner = [one for component in components for one in component.get("components", ())]
    return [[component["bom-ref"] for component in components], *(refs_by_level(inner) if inner else ())]


@pytest.mark.long
@pytest.mark.parametrize("version", VERSIONS)
def test_what_is_nested_is_valid_and_the_same_components(corpus: Path, version: str) -> None:
    inventory = scanned(corpus / "oci" / "java-app")
    in_json, in_xml = (document(inventory, writer, version, nested=True) for writer in FORMS)
    assert JSON_VALIDATORS[version].validate_str(in_json.decode()) is None
    assert XML_VALIDATORS[version].validate_str(in_xml.decode()) is None
    nested, flat = msgspec.json.decode(in_json), msgspec.json.decode(document(inventory, CycloneDxJson(), version))
    levels = refs_by_level(nested.pop("components"))
    assert [len(refs) for refs in levels] == [656, 184, 4]
    assert sorted(ref for refs in levels for ref in refs) == sorted(*refs_by_level(flat.pop("components")))
    del nested["serialNumber"], flat["serialNumber"]
    assert nested == flat


@pytest.mark.long
@pytest.mark.parametrize("writer", FORMS)
def test_what_is_nested_is_the_same_packages_to_both_tools(corpus: Path, tmp_path: Path, writer: Writer) -> None:
    inventory = scanned(corpus / "oci" / "java-app")
    said = []
    for nested in (False, True):
        path, back = tmp_path / f"image{writer.suffix}", tmp_path / "back.cdx.json"
        path.write_bytes(document(inventory, writer, "1.6", nested))
        assert run("sbomgen", "convert", path, "-o", f"spdx-json={tmp_path}/image.spdx.json", "-q").code == 0
        assert run("sbomgen", "convert", tmp_path / "image.spdx.json", "-o", f"cyclonedx-json={back}", "-q").code == 0
        parts = [of_sbommatch(one) for one in (path, tmp_path / "image.spdx.json", back)]
        checked = run("sbomgen", "check", path, "-o", "json").json["elements"]
        said.append([*parts, [(one["id"], one["status"], sorted(missing["ref"] for missing in one["missing"])) for one in checked]])
    assert said[0] == said[1]


@pytest.mark.long
@pytest.mark.peer
@pytest.mark.parametrize("writer", FORMS)
def test_what_is_nested_others_find_and_trivy_does_not(corpus: Path, tmp_path: Path, peers: Path, writer: Writer) -> None:
    inventory = scanned(corpus / "oci" / "java-app")
    grype, said = Grype(peers, tmp_path, inventory), []
    for nested in (False, True):
        path = tmp_path / f"image{writer.suffix}"
        path.write_bytes(document(inventory, writer, "1.6", nested))
        listed = [
            [package for package, _ in grype.listed(path)[1]],
            *(listed_by_syft(path, peers, name)[1] for name in ("syft-1.18", "syft")),
        ]
        assert [len(packages) for packages in listed[1:]] == [843, 843]
        said.append(([Counter(found["purl"] for found in packages) for packages in listed], listed_by_osv_scanner(path, peers)))
        if writer.suffix.endswith(".json"):
            # Of a PURL of type generic it takes none.
            assert len(listed_by_trivy(path, peers)[1]) == (654 if nested else 842)
    assert said[0] == said[1]


def of_sbommatch(path: Path) -> list[Any]:
    """The components of a document but for their places in it."""
    read = read_document(path.read_bytes(), str(path))
    return sorted((one.ref, one.purl or "", one.version or "", one.layer, one.paths, one.visible) for one in read.components)


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
