"""A real repository of VEX documents against a real image: what is said of libraries inside one program is applied in that one."""

import json
import tarfile
from pathlib import Path
from typing import Any

import pytest
import zstandard

from tests.support.run import run

pytestmark = pytest.mark.long
"""Skipped where the image is absent: the suite's usual images do not include it."""

SILENCED = {"CVE-2020-8911", "CVE-2020-8912", "CVE-2025-66564"}
"""What Trivy's own document says of the release in the image, of what Go's feed knows."""


@pytest.fixture(scope="module")
def bom(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    image = corpus / "oci" / "bins"
    if not image.is_dir():
        pytest.skip("oci/bins is absent: build the step `bins` of the corpus")
    path = tmp_path_factory.mktemp("bins") / "bins.cdx.json"
    assert run("sbomgen", image, "-o", f"cyclonedx-json={path}").code == 0
    return path


@pytest.fixture(scope="module")
def hub(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hub")
    with (
        (shared_data / "feeds/native/openvex/aquasecurity+vexhub.tar.zst").open("rb") as stream,
        zstandard.ZstdDecompressor().stream_reader(stream) as unpacked,
        tarfile.open(fileobj=unpacked, mode="r|") as archive,
    ):
        archive.extractall(folder, filter="data")
    return folder


@pytest.fixture(scope="module")
def db(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    pointer = tmp_path_factory.mktemp("go") / "sbommatch.json"
    assert run("sbommatch", "db", "build", f"osv-go={shared_data / 'feeds/osv/Go'}", "--db", pointer).code == 0
    return pointer


def scan(bom: Path, db: Path, *options: str | Path) -> Any:
    ran = run("sbommatch", bom, "--db", db, "-o", "json", *options)
    assert ran.code == 0, ran.stderr
    return ran.json["targets"][0]


TRIVY = "pkg:golang/github.com/aquasecurity/trivy"


def inside_trivy(target: Any) -> set[str]:
    trivy = next(one for one in target["components"] if one["purl"].startswith(f"{TRIVY}@"))
    return {one["ref"] for one in target["components"] if one["paths"] == trivy["paths"]}


def silenced(target: Any) -> set[tuple[str, str]]:
    return {(one["ref"], one["id"]) for one in target["findings"] if one["status"] == "suppressed"}


def test_a_repositorys_words_are_applied_to_what_they_are_about(bom: Path, db: Path, hub: Path) -> None:
    before, after = scan(bom, db), scan(bom, db, "--vex", hub)
    assert {identifier for _, identifier in silenced(after)} == SILENCED
    assert {ref for ref, _ in silenced(after)} <= inside_trivy(after)
    words = {word for one in after["findings"] for word in one["suppressed_by"]}
    assert all(word.startswith(f"{hub}/pkg/golang/github.com/aquasecurity/trivy/trivy.openvex.json: not_affected") for word in words)
    assert len(before["findings"]) == len(after["findings"])


def test_a_library_is_silenced_inside_the_program_that_the_word_is_about(bom: Path, db: Path, tmp_path: Path) -> None:
    """golang.org/x/crypto is in several programs of the image, in the same version and with the same flaws."""
    target = scan(bom, db)
    inside = inside_trivy(target)
    by_id: dict[str, set[str]] = {}
    for one in target["findings"]:
        if one["ref"].startswith("pkg:golang/golang.org/x/crypto@"):
            by_id.setdefault(one["id"], set()).add(one["ref"])
    name, refs = next((name, refs) for name, refs in sorted(by_id.items()) if refs & inside and refs - inside)
    product = {"@id": TRIVY, "subcomponents": [{"@id": "pkg:golang/golang.org/x/crypto"}]}
    said = {"vulnerability": {"name": name}, "products": [product], "status": "not_affected", "impact_statement": "not called"}
    vex = tmp_path / "vex.json"
    vex.write_text(json.dumps({"@context": "https://openvex.dev/ns/v0.2.0", "@id": "v", "statements": [said]}))
    assert silenced(scan(bom, db, "--vex", vex)) == {(ref, name) for ref in refs & inside}
