"""A program of jars in jars, by `sbomgen --nested`: the same to `sbommatch`, `check` and `convert` as the flat document."""

import json
from pathlib import Path
from typing import Any

import pytest

from sbomgen.documents import WriteOptions, Writer
from sbomgen.documents._cyclonedx_nesting import NESTING_LIMIT
from sbomgen.documents.cyclonedx import CycloneDxJson, CycloneDxXml
from sbommatch.sbom.read import read_document
from tests.sbomgen.documents.test_cyclonedx_nesting import one_in_the_other
from tests.support.images import ImageSpec, LayerSpec, file, write_docker_archive
from tests.support.jars import jar, pom
from tests.support.run import Ran, run

ADVISORIES = (
    "id,purl,affected,fixed,severity,title,url\nACME-1,pkg:maven/org.example/io,<2,2,high,t,\nACME-2,pkg:maven/org.example/shop,,,low,t,\n"
)
FORMS = ("json", "xml")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the flat and the nested documents of an image, and a database of advisories on two of its packages."""
    folder = tmp_path_factory.mktemp("world")
    io = jar(pom("org.example:io:1"))
    core, tool = jar({**pom("org.example:core:1"), "lib/io-1.jar": io}), jar(pom("org.example:tool:1"))
    shop = jar({**pom("org.example:shop:1"), "lib/core-1.jar": core})
    layer = LayerSpec((file("app/shop.jar", shop), file("opt/tool.jar", tool)))
    image = write_docker_archive(ImageSpec((layer,), tags=("shop:1",)), folder / "shop.tar")
    for form in FORMS:
        for name, options in (("flat", ()), ("nested", ("--nested",))):
            assert run("sbomgen", image, *options, "-o", f"cyclonedx-{form}={folder}/{name}.cdx.{form}", "--no-cache").code == 0
    (folder / "own.csv").write_text(ADVISORIES)
    assert run("sbommatch", "db", "build", f"private={folder}/own.csv@2026-01-01", "--db", folder / "feeds.json").code == 0
    return folder


def matched(world: Path, document: Path) -> Any:
    (target,) = run("sbommatch", document, "--db", world / "feeds.json", "-o", "json").json["targets"]
    return {name: value for name, value in target.items() if name != "document"}


def by_ref(target: Any) -> Any:
    """Of which nothing but the order of the components may differ."""
    return {**target, "components": sorted(target["components"], key=lambda one: str(one["ref"]))}


@pytest.mark.parametrize("form", FORMS)
def test_the_same_packages_and_findings_come_of_both(world: Path, form: str) -> None:
    flat, nested = (matched(world, world / f"{name}.cdx.{form}") for name in ("flat", "nested"))
    assert by_ref(nested) == by_ref(flat)
    assert {one["id"]: one["ref"] for one in nested["findings"]}.keys() == {"ACME-1", "ACME-2"}
    assert len(nested["components"]) == 4


@pytest.mark.parametrize("writer", [CycloneDxJson(), CycloneDxXml()], ids=FORMS)
def test_the_deepest_document_is_read_whole(writer: Writer) -> None:
    whole = one_in_the_other(NESTING_LIMIT)
    read = read_document(writer.write(whole, WriteOptions(tool_version="1.0", nested=True)), "x")
    assert {one.ref for one in read.components} >= {one.ref for one in whole.packages}
    assert read.problems == ()


def test_what_is_nested_is_nested(world: Path) -> None:
    document = json.loads((world / "nested.cdx.json").read_text())
    assert [(one["name"], [inner["name"] for inner in one.get("components", ())]) for one in document["components"]] == [
        ("shop", ["core"]),
        ("tool", []),
    ]
    assert [one["name"] for one in document["components"][0]["components"][0]["components"]] == ["io"]


@pytest.mark.parametrize("profile", ["ntia", "cisa-2025", "bsi-tr-03183-2"])
def test_check_says_the_same_of_both(world: Path, profile: str) -> None:
    flat, nested = (check(world / f"{name}.cdx.json", profile) for name in ("flat", "nested"))
    assert {(one["id"], one["status"]) for one in nested} == {(one["id"], one["status"]) for one in flat}
    missing = [{one["id"]: {ref["ref"] for ref in one["missing"]} for one in results} for results in (flat, nested)]
    assert missing[0] == missing[1]


def check(document: Path, profile: str) -> Any:
    ran: Ran = run("sbomgen", "check", document, "--profile", profile, "-o", "json")
    return ran.json["elements"]


@pytest.mark.parametrize("form", ["spdx-json@2.3", "spdx-tag-value@2.2", "spdx3-json", "cyclonedx-json@1.4"])
def test_a_converted_document_gives_the_same_findings_there_and_back(world: Path, tmp_path: Path, form: str) -> None:
    there, back = tmp_path / "there", tmp_path / "back"
    assert run("sbomgen", "convert", world / "nested.cdx.json", "-o", f"{form}={there}").code == 0
    assert run("sbomgen", "convert", there, "-o", f"cyclonedx-json={back}").code == 0
    names = {one["ref"]: one["purl"] for one in matched(world, world / "flat.cdx.json")["components"]}
    expected = sorted((one["id"], names[one["ref"]]) for one in matched(world, world / "flat.cdx.json")["findings"])
    for document in (there, back):
        target = matched(world, document)
        purls = {one["ref"]: one["purl"] for one in target["components"]}
        assert sorted((one["id"], purls[one["ref"]]) for one in target["findings"]) == expected
        assert sorted(filter(None, purls.values())) == sorted(names.values())
    assert run("sbomgen", "validate", world / "nested.cdx.json", back).code == 0


def test_nested_is_refused_where_no_output_can_follow_and_a_standing_wish_holds_where_it_can(
    world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = world / "shop.tar"
    for output in ("table", "purls", "spdx-json", "spdx3-json"):
        ran = run("sbomgen", image, "--nested", "-o", output, "--no-cache")
        assert (ran.code, ran.stdout) == (2, b""), output
        assert "--nested: no output has components in components" in ran.stderr
    both = ("-o", f"spdx-json={tmp_path}/shop.spdx.json", "-o", f"cyclonedx-json={tmp_path}/shop.cdx.json", "--no-cache")
    assert run("sbomgen", image, "--nested", *both).code == 0
    assert (tmp_path / "shop.cdx.json").read_bytes() == (world / "nested.cdx.json").read_bytes()
    (tmp_path / "sbomgen.toml").write_text("nested = true\n")
    ran = run("sbomgen", image, "--config", tmp_path / "sbomgen.toml", "-o", "purls", *both)
    assert (ran.code, len(ran.text.splitlines())) == (0, 4)
    monkeypatch.setenv("SBOMGEN_NESTED", "1")
    assert run("sbomgen", image, "-o", "cyclonedx-json", "--no-cache").stdout == (world / "nested.cdx.json").read_bytes()
    assert run("sbomgen", image, "-o", "table", "--no-cache").code == 0
