"""The OS packages of every image of the corpus against what their managers said inside it, after every layer."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.run import run

IMAGES = ("alpine-3.9", "alpine-3.18", "alpine-3.20", "bins", "java-app", "node-app", "python-app")
IN_CI = ("alpine-3.9", "alpine-3.18", "alpine-3.20", "python-app")
MANAGERS = {"apk": "apk info -v", "deb": "dpkg-query -W"}
"""Who was asked, by ecosystem."""

Row = tuple[str, str, str, str, int]
"""Ecosystem, name, version, architecture, layer."""


@pytest.mark.corpus
@pytest.mark.parametrize("name", [name if name in IN_CI else pytest.param(name, marks=pytest.mark.long) for name in IMAGES])
def test_the_packages_and_their_layers_are_those_that_the_managers_name(name: str, corpus: Path) -> None:
    image, truth_file = corpus / "oci" / name, corpus / "truth" / f"{name}.json"
    if not (image.exists() and truth_file.exists()):
        pytest.skip(f"{name} or its truth is absent: build the corpus with TRUTH=1")
    truth = json.loads(truth_file.read_text())
    ran = run("sbomgen", "layers", image, "-o", "json", "--catalogers", "+apk,+dpkg")
    assert ran.code == 0, ran.stderr
    assert [layer["diff_id"] for layer in ran.json["layers"]] == [layer["diff_id"] for layer in truth["layers"]]
    stated = [package for package in truth["packages"] if package["ecosystem"] in MANAGERS]
    assert {(package["ecosystem"], package["told_by"]) for package in stated} <= set(MANAGERS.items())
    assert sorted(map(ours, visible(ran.json))) == sorted(map(theirs, stated))
    gone = {(one["name"], one["version"]) for one in truth["gone"] if one["ecosystem"] in MANAGERS and one["why"] == "removed"}
    assert {(package["name"], package["version"]) for package in ran.json["packages"] if not package["visible"]} == gone


def visible(layers: Any) -> list[Any]:
    return [package for package in layers["packages"] if package["visible"]]


def ours(package: Any) -> Row:
    purl_type, _, _, arch = package["slot"].split("|")
    return purl_type, package["name"], package["version"], arch, package["layer"]


def theirs(package: Any) -> Row:
    return package["ecosystem"], package["name"], package["version"], package["arch"], package["layer"]
