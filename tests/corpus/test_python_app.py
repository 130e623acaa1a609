"""The python-app image against what dpkg and pip said inside it after every layer: packages, origins, upgrades, removals."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.run import run

SHADOWED = {("setuptools", "66.1.1"), ("wheel", "0.38.4")}
"""Debian's distributions under newer ones in /usr/local: on disk, owned by debs, but pip names only the first on its path."""

Row = tuple[str, str, str]


@pytest.fixture(scope="module")
def truth(corpus: Path) -> Any:
    path = corpus / "truth" / "python-app.json"
    if not path.exists():
        pytest.skip("truth/python-app.json is absent: build the corpus with TRUTH=1")
    return json.loads(path.read_text())


@pytest.fixture(scope="module", params=["archives/python-app.tar", "oci/python-app", "archives/python-app.docker25.tar"])
def layers(request: pytest.FixtureRequest, corpus: Path) -> Any:
    ran = run("sbomgen", "layers", corpus / request.param, "-o", "json")
    assert ran.code == 0, ran.stderr
    return ran.json


def normalised(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")


def ours(package: Any) -> Row:
    ecosystem = package["slot"].split("|")[0]
    folder = package["paths"][0]["path"].rsplit("/", 1)[0] if package["paths"] and ecosystem == "pypi" else ""
    return ecosystem, normalised(package["name"]), f"{package['version']} {folder}".strip()


def theirs(package: Any) -> Row:
    folder = package["evidence"].rsplit("/", 1)[0].lstrip("/") if package["ecosystem"] == "pypi" else ""
    return package["ecosystem"], normalised(package["name"]), f"{package['version']} {folder}".strip()


def is_shadowed(row: Row) -> bool:
    return row[0] == "pypi" and (row[1], row[2].split()[0]) in SHADOWED and "usr/lib/python3/" in row[2]


def test_the_truth_belongs_to_this_image(layers: Any, truth: Any) -> None:
    assert [layer["diff_id"] for layer in layers["layers"]] == [layer["diff_id"] for layer in truth["layers"]]


def test_the_packages_are_those_that_the_managers_name(layers: Any, truth: Any) -> None:
    found = {ours(package) for package in layers["packages"] if package["visible"]}
    named = {theirs(package) for package in truth["packages"]}
    assert {row for row in found - named if not is_shadowed(row)} == set()
    assert named - found == set()
    assert len({row for row in found if is_shadowed(row)}) == 2


def test_every_package_comes_from_the_layer_that_brought_it(layers: Any, truth: Any) -> None:
    origin = {ours(package): package["layer"] for package in layers["packages"] if package["visible"]}
    differing = {
        theirs(package): (origin[theirs(package)], package["layer"])
        for package in truth["packages"]
        if origin[theirs(package)] != package["layer"]
    }
    assert differing == {}


def test_upgrades_are_told(layers: Any, truth: Any) -> None:
    upgraded = {
        ours(package): [event["from"] for event in package["events"] if event["event"] == "upgraded"] for package in layers["packages"]
    }
    for package in truth["packages"]:
        assert upgraded[theirs(package)] == package.get("upgraded_from", []), package["name"]


def test_what_a_later_layer_uninstalled_is_hidden_not_lost(layers: Any, truth: Any) -> None:
    hidden = {(normalised(package["name"]), package["version"]) for package in layers["packages"] if not package["visible"]}
    uninstalled = {(normalised(gone["name"]), gone["version"]) for gone in truth["gone"] if gone["why"] == "removed"}
    assert hidden == uninstalled - SHADOWED


def test_the_removed_ones_say_where(layers: Any) -> None:
    removed = {package["name"].lower(): package["events"][-1] for package in layers["packages"] if not package["visible"]}
    assert set(removed) == {"bcrypt", "paramiko", "pynacl"}
    assert {(event["event"], event["layer"]) for event in removed.values()} == {("removed", 3)}
