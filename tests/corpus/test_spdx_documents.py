"""SPDX of real images: valid in every version and form; Trivy, Syft, Grype and osv-scanner find the same packages."""

from pathlib import Path

import jsonschema_rs
import msgspec
import pytest

from sbomgen.documents import Writer
from sbomgen.documents.spdx import SpdxJson, SpdxTagValue
from sbomgen.documents.spdx3 import Spdx3Json
from tests.corpus.test_cyclonedx_documents import (
    IMAGES,
    MORE_IMAGES,
    READ_BY_PEERS,
    SYFT_SOURCES,
    document,
    found_by_grype,
    identities,
    identity,
    long,
    names_of_osv,
    scanned,
    source_of,
    sources,
)  # fmt: skip
from tests.sbomgen.documents.test_readers_of_today import listed_by_osv_scanner, listed_by_syft, listed_by_trivy
from tests.support.spdx import against_shapes, judged

JUDGED = ("alpine-3.20", "edge", "rpm-sle15")
"""By default: spdx-tools needs ten milliseconds a package."""
FORMS: list[tuple[Writer, str]] = [(writer, version) for writer in (SpdxJson(), SpdxTagValue()) for version in ("2.2", "2.3")]


@pytest.mark.parametrize(("writer", "version"), [(SpdxJson(), "2.2"), (SpdxJson(), "2.3"), (Spdx3Json(), "3.0.1")])
@pytest.mark.parametrize("name", [*IMAGES, *map(long, MORE_IMAGES)])
def test_real_images_are_valid_by_the_schema(corpus: Path, shared_data: Path, name: str, writer: Writer, version: str) -> None:
    schema = msgspec.json.decode((shared_data / "schemas" / f"spdx-{version}-schema.json").read_bytes())
    written = document(scanned(corpus / "oci" / name), writer, version)
    jsonschema_rs.validator_for(schema).validate(msgspec.json.decode(written))


@pytest.mark.parametrize("name", [*JUDGED, *(long(name) for name in (*IMAGES, *MORE_IMAGES) if name not in JUDGED)])
def test_real_images_conform_to_the_shapes_of_spdx_3(corpus: Path, shared_data: Path, name: str) -> None:
    assert against_shapes(document(scanned(corpus / "oci" / name), Spdx3Json(), "3.0.1"), shared_data / "schemas") == []


@pytest.mark.parametrize(("writer", "version"), FORMS)
@pytest.mark.parametrize("name", [*JUDGED, *(long(name) for name in (*IMAGES, *MORE_IMAGES) if name not in JUDGED)])
def test_spdx_tools_has_nothing_against_real_images(corpus: Path, name: str, writer: Writer, version: str) -> None:
    inventory = scanned(corpus / "oci" / name)
    named = {package.name for package in judged(document(inventory, writer, version)).packages}
    assert named >= {found.package.name for found in inventory.packages}


@pytest.mark.peer
@pytest.mark.parametrize("name", READ_BY_PEERS)
@pytest.mark.parametrize(("writer", "version"), FORMS)
def test_trivy_finds_the_same_packages(corpus: Path, tmp_path: Path, peers: Path, name: str, writer: Writer, version: str) -> None:
    inventory = scanned(corpus / "oci" / name)
    path = tmp_path / f"image{writer.suffix}"
    path.write_bytes(document(inventory, writer, version))
    system, packages = listed_by_trivy(path, peers)
    assert inventory.distro is not None
    assert system["Name"] == inventory.distro.version_id
    assert sorted(identity(found["Identifier"]["PURL"]) for found in packages) == identities(inventory)
    assert {found["Name"]: found["SrcName"] for found in packages if "SrcName" in found}.items() >= sources(inventory).items()


@pytest.mark.peer
@pytest.mark.parametrize("name", READ_BY_PEERS)
@pytest.mark.parametrize("syft", ["syft-1.18", "syft"])
@pytest.mark.parametrize(("writer", "version"), FORMS)
def test_syft_finds_the_same_packages(
    corpus: Path, tmp_path: Path, peers: Path, name: str, syft: str, writer: Writer, version: str
) -> None:
    inventory = scanned(corpus / "oci" / name)
    path = tmp_path / f"image{writer.suffix}"
    path.write_bytes(document(inventory, writer, version))
    system, packages = listed_by_syft(path, peers, syft)
    assert inventory.distro is not None
    assert (system["id"], system["versionID"]) == (inventory.distro.id, inventory.distro.version_id)
    each = set if syft == "syft-1.18" else sorted  # of 2024: it takes all packages of one PURL for one
    assert each(identity(found["purl"]) for found in packages) == each(identities(inventory))
    # The source is read from the PURL, which has it where its name is another.
    assert {found["name"]: source_of(found) or found["name"] for found in packages if found["type"] in SYFT_SOURCES} == sources(inventory)


@pytest.mark.peer
@pytest.mark.parametrize("name", ["alpine-3.20", "python-app"])
@pytest.mark.parametrize(("writer", "version"), FORMS)
def test_osv_scanner_finds_the_same_packages(corpus: Path, tmp_path: Path, peers: Path, name: str, writer: Writer, version: str) -> None:
    inventory = scanned(corpus / "oci" / name)
    path = tmp_path / f"image{writer.suffix}"
    path.write_bytes(document(inventory, writer, version))
    assert listed_by_osv_scanner(path, peers) == names_of_osv(inventory)


@pytest.mark.peer
@pytest.mark.parametrize("name", READ_BY_PEERS)
def test_grype_finds_the_same_packages_by_their_sources(corpus: Path, tmp_path: Path, peers: Path, name: str) -> None:
    found_by_grype(scanned(corpus / "oci" / name), FORMS, tmp_path, peers)
