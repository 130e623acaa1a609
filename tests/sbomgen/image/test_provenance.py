"""Dockerfile lines and base image, from what BuildKit attests; the statements have the shape of those that buildkitd 0.18.2 wrote."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from sbomgen.image.manifest import BuildProvenance, DockerfileLines
from sbomgen.image.reference import open_image
from sbomgen.inventory import BaseMethod, Confidence
from sbomgen.model import ProblemCode
from sbomgen.scan import scan_image
from tests.support.images import ImageSpec, LayerSpec, file, oci_files, sha256, to_json, write_folder

BASE = "docker.io/library/alpine:3.20@sha256:" + "ab" * 32
LAYERS = ("base 1", "base 2", "run", "copy", "linked", "heredoc")
METADATA = "https://mobyproject.org/buildkit@v1#metadata"


def lines(*ranges: tuple[int, int], source: int | None = None) -> dict[str, Any]:
    location: dict[str, Any] = {"ranges": [{"start": {"line": start}, "end": {"line": end}} for start, end in ranges]}
    return {"locations": [location | ({} if source is None else {"sourceIndex": source})]}


def statement(digests: Sequence[str], version: str = "v0.2") -> dict[str, Any]:
    """A build of `FROM`, `RUN`, `COPY`, `COPY --link` and a heredoc; the base has two layers."""

    def chain(*places: int) -> list[list[dict[str, str]]]:
        return [[{"digest": digests[place]} for place in places]]

    buildkit = {
        "source": {
            "infos": [{"filename": "Dockerfile"}, {"filename": "common.Dockerfile"}],
            "locations": {
                "step0": lines((1, 1)),
                "step1": lines((2, 2)),
                "step2": lines((4, 4), (5, 5), source=1),
                "step4": lines((9, 9)),
                "step5": lines((9, 9)),
                "step6": lines((10, 10), (13, 13)),
                "step9": {},
            },
        },
        "layers": {
            "step0:0": chain(0, 1),
            "step1:0": chain(0, 1, 2),
            "step2:0": chain(0, 1, 2, 3),
            "step4:0": chain(4),
            "step5:0": chain(0, 1, 2, 3, 4),
            "step6:0": chain(0, 1, 2, 3, 4, 5),
        },
    }
    steps = [
        {"id": "step0", "op": {"Op": {"source": {"identifier": f"docker-image://{BASE}"}}}},
        {"id": "step3", "op": {"Op": {"source": {"identifier": "local://context"}}}},
        {"id": "step8", "op": {"Op": {}}},
    ]
    if version == "v1":
        predicate = {
            "buildDefinition": {"internalParameters": {"buildConfig": {"llbDefinition": steps}}},
            "runDetails": {"metadata": {"buildkit_metadata": buildkit}},
        }
    else:
        predicate = {"metadata": {METADATA: buildkit}, "buildConfig": {"llbDefinition": steps}}
    return {"_type": "https://in-toto.io/Statement/v0.1", "predicateType": f"https://slsa.dev/provenance/{version}", "predicate": predicate}


def attested(folder: Path, content: bytes | None = None, version: str = "v0.2", predicate: str = "") -> Path:
    """A layout whose image has an attestation beside it; `content` stands in the statement's place."""
    layers = tuple(LayerSpec((file(f"etc/{name}", name),), created_by=f"RUN {name}") for name in LAYERS)
    blobs = oci_files(ImageSpec(layers, tags=("docker.io/shop/app:1",)))
    index = json.loads(blobs["index.json"])
    manifest = json.loads(blobs["blobs/" + index["manifests"][0]["digest"].replace(":", "/")])
    if content is None:
        content = to_json(statement([layer["digest"] for layer in manifest["layers"]], version))
    annotations = {"in-toto.io/predicate-type": predicate or f"https://slsa.dev/provenance/{version}"}
    layer = {"mediaType": "application/vnd.in-toto+json", "digest": sha256(content), "size": len(content), "annotations": annotations}
    attestation = to_json({"schemaVersion": 2, "mediaType": manifest["mediaType"], "config": manifest["config"], "layers": [layer]})
    index["manifests"].append(
        {
            "mediaType": manifest["mediaType"],
            "digest": sha256(attestation),
            "size": len(attestation),
            "platform": {"os": "unknown", "architecture": "unknown"},
            "annotations": {
                "vnd.docker.reference.type": "attestation-manifest",
                "vnd.docker.reference.digest": index["manifests"][0]["digest"],
            },
        }
    )
    stored = {f"blobs/{sha256(one).replace(':', '/')}": one for one in (content, attestation)}
    return write_folder(blobs | stored | {"index.json": to_json(index)}, folder)


def provenance(layout: Path) -> BuildProvenance | None:
    with open_image(str(layout)) as image:
        return image.provenance


@pytest.mark.parametrize("version", ["v0.2", "v1"])
def test_each_layer_has_the_lines_of_the_step_that_brought_it(tmp_path: Path, version: str) -> None:
    found = provenance(attested(tmp_path / "app", version=version))
    assert found is not None
    assert found.dockerfile == (
        DockerfileLines("Dockerfile", 1, 1),
        DockerfileLines("Dockerfile", 1, 1),
        DockerfileLines("Dockerfile", 2, 2),
        DockerfileLines("common.Dockerfile", 4, 5),
        DockerfileLines("Dockerfile", 9, 9),
        DockerfileLines("Dockerfile", 10, 13),
    )
    assert (found.base_name, found.base_last_layer) == (BASE, 1)


def test_the_inventory_tells_lines_and_base(tmp_path: Path) -> None:
    with open_image(str(attested(tmp_path / "app"))) as image:
        inventory = scan_image(image)
    assert [layer.dockerfile.start for layer in inventory.layers if layer.dockerfile] == [1, 1, 2, 4, 9, 10]
    assert [layer.origin for layer in inventory.layers] == ["base", "base", "own", "own", "own", "own"]
    assert (inventory.base.method, inventory.base.confidence, inventory.base.name) == (BaseMethod.PROVENANCE, Confidence.EXACT, BASE)


@pytest.mark.parametrize(
    "content",
    [
        b'{"predicateType": "https://slsa.dev/provenance/v0.2"}',
        b'{"predicate": {}}',
        b'{"predicate": {"metadata": {"completeness": {}}}}',
        to_json(statement(["sha256:" + "0" * 64] * len(LAYERS))),
        to_json({"predicate": {"metadata": {METADATA: {"source": None, "layers": {"step0:0": None, "step1:0": [None, []]}}}}}),
    ],
    ids=["no predicate", "an empty one", "mode=min", "of another image", "nothing in it"],
)
def test_provenance_that_does_not_speak_of_the_layers_tells_nothing(tmp_path: Path, content: bytes) -> None:
    assert provenance(attested(tmp_path / "app", content)) is None


def test_other_attestations_are_not_read(tmp_path: Path) -> None:
    layout = attested(tmp_path / "app", b"not even JSON", predicate="https://spdx.dev/Document")
    with open_image(str(layout)) as image:
        assert (image.provenance, image.problems) == (None, ())


@pytest.mark.parametrize("content", [b"{", b'{"predicate": 1}', b"[" * 100_000], ids=["cut", "of another type", "nested"])
def test_a_statement_that_cannot_be_read_is_a_note_and_the_image_is_read(tmp_path: Path, content: bytes) -> None:
    with open_image(str(attested(tmp_path / "app", content))) as image:
        inventory = scan_image(image)
    [problem] = inventory.problems
    assert (problem.code, problem.loss) == (ProblemCode.ATTESTATION_UNREADABLE, False)
    assert "attestation sha256:" in problem.where


@pytest.mark.parametrize(
    "location",
    [{}, {"locations": None}, {"locations": [{"ranges": None}]}, {"locations": [{"ranges": [{}]}]}, lines((1, 2), source=7), lines((3, 0))],
)
def test_a_step_without_lines_has_none(tmp_path: Path, location: dict[str, Any]) -> None:
    layers = attested(tmp_path / "app")
    manifest = json.loads((layers / "index.json").read_bytes())["manifests"][0]["digest"].replace(":", "/")
    digests = [layer["digest"] for layer in json.loads((layers / "blobs" / manifest).read_bytes())["layers"]]
    content = statement(digests)
    content["predicate"]["metadata"][METADATA]["source"]["locations"]["step1"] = location
    found = provenance(attested(tmp_path / "other", to_json(content)))
    assert found is not None
    expected = DockerfileLines("Dockerfile", 3, 3) if location == lines((3, 0)) else None
    assert found.dockerfile[2] == expected
