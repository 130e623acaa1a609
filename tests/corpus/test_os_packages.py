"""The OS packages of every image of the corpus against what their managers said inside it, after every layer."""

import io
import json
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.run import run

IMAGES = ("alpine-3.9", "alpine-3.18", "alpine-3.20", "bins", "java-app", "node-app", "python-app")
IN_CI = ("alpine-3.9", "alpine-3.18", "alpine-3.20", "python-app")
WITHOUT_TRUTH = ("big", "debian12-slim", "py-modern")
"""Images that nobody asked while they were built; dpkg-query is asked here, of the database in each layer."""

STATUS = "var/lib/dpkg/status"
QUERY = r"${Package}\t${Version}\t${Architecture}\t${db:Status-Status}\n"
NOT_THERE = {"config-files", "not-installed"}
"""States of what was removed, but for its configuration perhaps."""

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


@pytest.mark.corpus
@pytest.mark.long
@pytest.mark.skipif(shutil.which("dpkg-query") is None, reason="needs dpkg-query")
@pytest.mark.parametrize("name", WITHOUT_TRUTH)
def test_debs_and_their_layers_are_those_of_dpkg_query_on_each_layer_s_database(name: str, corpus: Path, tmp_path: Path) -> None:
    archive = corpus / "archives" / f"{name}.tar"
    if not archive.exists():
        pytest.skip(f"archives/{name}.tar is absent")
    origin: dict[tuple[str, str, str], int] = {}
    removed: set[tuple[str, str, str]] = set()
    for layer, database in databases(archive):
        listed = set(listed_by_dpkg(database, tmp_path))
        removed = {gone for gone in removed | origin.keys() - listed if gone[::2] not in {one[::2] for one in listed}}
        origin = {one: origin.get(one, layer) for one in listed}
    ran = run("sbomgen", "layers", archive, "-o", "json", "--catalogers", "+dpkg")
    assert ran.code == 0, ran.stderr
    rows = {(*ours(package)[1:4], package["visible"]): package["layer"] for package in ran.json["packages"]}
    assert len(origin) > 90
    assert {row[:3]: layer for row, layer in rows.items() if row[3]} == origin
    assert {row[:3] for row in rows if not row[3]} == removed


def databases(archive: Path) -> Iterator[tuple[int, bytes]]:
    """dpkg's status file of each layer that wrote one."""
    with tarfile.open(archive) as outer:
        manifest: Any = outer.extractfile("manifest.json")
        for layer, name in enumerate(json.load(manifest)[0]["Layers"]):
            with tarfile.open(fileobj=outer.extractfile(name)) as inner:
                found: Any = next((inner.extractfile(entry) for entry in inner if entry.name.removeprefix("./") == STATUS), io.BytesIO())
                if body := found.read():
                    yield layer, body


def listed_by_dpkg(database: bytes, folder: Path) -> Iterator[tuple[str, str, str]]:
    """Name, version and architecture of what is installed, by dpkg's own word."""
    (folder / "status").write_bytes(database)
    command = ["dpkg-query", f"--admindir={folder}", "-W", "-f", QUERY]
    for line in subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines():
        package, version, arch, state = line.split("\t")
        if state not in NOT_THERE:
            yield package, version, arch
