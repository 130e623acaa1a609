"""What sbomgen writes sbommatch reads: the same findings, layers and origins from both formats, the documents within their schemas."""

import importlib.resources
import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.demo.image import demo_image
from tests.support.images import write_docker_archive
from tests.support.run import Ran, run

PROJECT = Path(__file__).resolve().parent.parent.parent
DEMO = PROJECT / "feeds" / "demo"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the demo image, its SBOM in both formats, and the demo database."""
    folder = tmp_path_factory.mktemp("world")
    image = write_docker_archive(demo_image(), folder / "web.tar")
    outputs = ("-o", f"cyclonedx-json={folder}/web.cdx.json", "-o", f"spdx-json={folder}/web.spdx.json")
    assert run("sbomgen", image, "--scope", "all-layers", *outputs).code == 0
    sources = (f"alpine-secdb={DEMO / 'alpine-secdb'}", f"osv-pypi={DEMO / 'osv-pypi'}")
    assert run("sbommatch", "db", "build", *sources, "--db", folder / "feeds.json").code == 0
    return folder


def scan(world: Path, name: str, *options: str) -> Ran:
    return run("sbommatch", world / name, "--db", world / "feeds.json", *options)


def findings(report: Any) -> list[tuple[Any, ...]]:
    (target,) = report["targets"]
    components = {component["ref"]: component for component in target["components"]}
    return sorted(
        (finding["id"], components[finding["ref"]]["purl"], components[finding["ref"]]["layer"], finding["hidden"])
        for finding in target["findings"]
    )


def schema(tool: str, name: str) -> Any:
    return json.loads((importlib.resources.files(tool) / "schemas" / f"{name}.schema.json").read_text())


def test_both_formats_give_the_same_findings_in_the_same_layers(world: Path) -> None:
    cyclonedx, spdx = (scan(world, name, "-o", "json").json for name in ("web.cdx.json", "web.spdx.json"))
    assert findings(cyclonedx) == findings(spdx)
    assert len(findings(cyclonedx)) > 8
    assert [finding for finding in findings(cyclonedx) if finding[3]] == [("CVE-2020-14343", "pkg:pypi/pyyaml@5.3", 2, True)]


@pytest.mark.parametrize("version", ["1.4", "1.5", "1.7"])
def test_every_version_of_cyclonedx_is_read_alike(world: Path, tmp_path: Path, version: str) -> None:
    outputs = ("-o", f"cyclonedx-json@{version}={tmp_path}/web.cdx.json")
    assert run("sbomgen", world / "web.tar", "--scope", "all-layers", *outputs).code == 0
    (target,) = run("sbommatch", tmp_path / "web.cdx.json", "--db", world / "feeds.json", "-o", "json").json["targets"]
    (expected,) = scan(world, "web.cdx.json", "-o", "json").json["targets"]
    assert (target.pop("document")["spec_version"], expected.pop("document")["spec_version"]) == (version, "1.6")
    assert target == expected


@pytest.mark.parametrize("form", ["spdx-json@2.3", "spdx-json@2.2", "spdx-tag-value@2.3", "spdx-tag-value@2.2", "spdx3-json@3.0.1"])
def test_spdx_says_what_cyclonedx_says(world: Path, tmp_path: Path, form: str) -> None:
    assert run("sbomgen", world / "web.tar", "--scope", "all-layers", "-o", f"{form}={tmp_path}/web.spdx").code == 0
    (target,) = run("sbommatch", tmp_path / "web.spdx", "--db", world / "feeds.json", "-o", "json").json["targets"]
    (expected,) = scan(world, "web.cdx.json", "-o", "json").json["targets"]
    assert f"{target['document']['format']}@{target['document']['spec_version']}" == form
    for part in ("subject", "distro", "layers", "coverage"):
        assert target[part] == expected[part]
    assert without_refs(target["components"]) == without_refs(expected["components"])
    assert len(target["findings"]) == len(expected["findings"])


@pytest.mark.parametrize("form", ["spdx-json", "spdx-tag-value", "spdx3-json"])
def test_none_is_no_package(world: Path, tmp_path: Path, form: str) -> None:
    assert run("sbomgen", world / "web.tar", "-o", f"{form}={tmp_path}/web.spdx").code == 0
    assert re.search(r'DEPENDS_ON"?.{0,40}NONE|"NoneElement"', (tmp_path / "web.spdx").read_text(), re.DOTALL)
    (target,) = run("sbommatch", tmp_path / "web.spdx", "--db", world / "feeds.json", "-o", "json").json["targets"]
    listed = run("sbomgen", world / "web.tar", "-o", "purls").text
    assert sorted(filter(None, (component["purl"] for component in target["components"]))) == sorted(listed.splitlines())
    assert not {"NONE", "NoneElement"} & {component[key] for component in target["components"] for key in ("name", "ref")}


def without_refs(components: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without what each format has in its own form: the ref."""
    stated = [{key: value for key, value in component.items() if key != "ref"} for component in components]
    return sorted(stated, key=lambda component: str(component["purl"]))


@pytest.mark.parametrize("form", ["cyclonedx-xml@1.4", "spdx-json@2.3", "spdx-tag-value@2.2", "spdx3-json"])
def test_a_converted_document_gives_the_same_findings(world: Path, tmp_path: Path, form: str) -> None:
    there, back = tmp_path / "there", tmp_path / "back.cdx.json"
    assert run("sbomgen", "convert", world / "web.cdx.json", "-o", f"{form}={there}").code == 0
    assert run("sbomgen", "convert", there, "-o", f"cyclonedx-json={back}").code == 0
    expected = findings(scan(world, "web.cdx.json", "-o", "json").json)
    for converted in (there, back):
        assert findings(run("sbommatch", converted, "--db", world / "feeds.json", "-o", "json").json) == expected


def test_layers_come_with_instruction_and_origin(world: Path) -> None:
    (target,) = scan(world, "web.cdx.json", "-o", "json").json["targets"]
    by_index = {layer["index"]: (layer["origin"], layer["created_by"]) for layer in target["layers"]}
    assert by_index[0] == ("base", "ADD file:demo-rootfs in /")
    assert by_index[2] == ("own", "RUN |1 INDEX_TOKEN=<redacted> /bin/sh -c pip install -r requirements.txt # buildkit")
    assert target["subject"]["config_digest"].startswith("sha256:")


def test_the_outputs_are_within_their_schemas(world: Path) -> None:
    layers = run("sbomgen", "layers", world / "web.tar", "-o", "json").json
    inspected = run("sbomgen", "inspect", world / "web.tar", "-o", "json").json
    jsonschema.validate(layers, schema("sbomgen", "layers-1"))
    jsonschema.validate(inspected, schema("sbomgen", "inspect-1"))
    jsonschema.validate(run("sbomgen", "catalogers", "-o", "json").json, schema("sbomgen", "catalogers-1"))
    jsonschema.validate(run("sbomgen", "cache", "info", "-o", "json").json, schema("sbomgen", "cache-1"))
    jsonschema.validate(scan(world, "web.cdx.json", "-o", "json").json, schema("sbommatch", "report-1"))
    status = run("sbommatch", "db", "status", "--db", world / "feeds.json", "-o", "json").json
    jsonschema.validate(status, schema("sbommatch", "status-1"))


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ((), 0),
        (("--fail-on", "any"), 1),
        (("--fail-on", "medium"), 1),
        (("--fail-on", "critical"), 1),
        (("--fail-on", "critical", "--unknown-severity", "pass"), 0),
        (("--fail-on", "any", "--hidden", "fail"), 1),
    ],
)
def test_thresholds(world: Path, options: tuple[str, ...], code: int) -> None:
    assert scan(world, "web.cdx.json", *options).code == code


def test_hidden_packages_can_be_left_out(world: Path) -> None:
    assert "PyYAML" in scan(world, "web.cdx.json").text
    assert "PyYAML" not in scan(world, "web.cdx.json", "--hidden", "omit").text


def test_the_same_input_gives_the_same_bytes(world: Path, tmp_path: Path) -> None:
    epoch = {"SOURCE_DATE_EPOCH": "1767225600"}
    reports = {run("sbommatch", world / "web.cdx.json", "--db", world / "feeds.json", "-o", "json", env=epoch).stdout for _ in range(2)}
    assert len(reports) == 1
    run("sbomgen", world / "web.tar", "--scope", "all-layers", "-o", f"cyclonedx-json={tmp_path}/again.cdx.json")
    assert (tmp_path / "again.cdx.json").read_bytes() == (world / "web.cdx.json").read_bytes()


def test_several_images_go_to_a_folder_of_documents(world: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    ran = run("sbomgen", world / "web.tar", f"docker-archive:{world / 'web.tar'}", "-o", f"purls={tmp_path}/out/{{digest}}.txt")
    assert ran.code == 0, ran.stderr
    assert len(list((tmp_path / "out").iterdir())) == 1
