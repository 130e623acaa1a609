"""Grype, osv-scanner and Trivy on one SBOM and the same advisories: what each finds, as pairs of a component and a record."""

import json
import os
import shlex
import subprocess
import sys
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from tests.support.run import run

TOOLS = ("grype", "osv-scanner", "trivy")
TIMEOUT_S = 600

Pair = tuple[str, str]
"""The bom-ref of a component, and the identifier of a record."""


def write_sbom(path: Path, purls: Sequence[str]) -> None:
    """A document as Syft writes one, whose bom-refs are the positions in `purls`."""
    components = [
        {"type": "library", "bom-ref": str(number), "name": _name(purl), "version": unquote(purl.rpartition("@")[2]), "purl": purl}
        for number, purl in enumerate(purls)
    ]
    tools = {"components": [{"type": "application", "name": "syft", "version": "1.14.0"}]}
    document = {"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "metadata": {"tools": tools}, "components": components}
    path.write_text(json.dumps(document))


def _name(purl: str) -> str:
    kind, _, rest = purl.removeprefix("pkg:").rpartition("@")[0].partition("/")
    name = unquote(rest)
    return name if kind in {"composer", "golang", "npm"} else name.rpartition("/")[2]


def write_part(whole: Path, part: Path, records: set[str]) -> None:
    """The records of an `all.zip` that are named."""
    part.parent.mkdir(parents=True)
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as target:
        for record in sorted(records):
            target.writestr(f"{record}.json", source.read(f"{record}.json"))


def found_by_us(sbom: Path, feeds: Mapping[str, Path], folder: Path) -> tuple[set[Pair], set[Pair]]:
    """Pairs that are found, and pairs that are named as unchecked beside the verdict."""
    sources = [f"{feed}={path}@2026-08-21" for feed, path in feeds.items()]
    built = run("sbommatch", "db", "build", *sources, "--db", folder / "feeds.json")
    assert built.code == 0, built.stderr
    ran = run("sbommatch", sbom, "--db", folder / "feeds.json", "-o", "json")
    assert ran.code == 0, ran.stderr
    target = ran.json["targets"][0]
    found = {(one["ref"], one["record"]) for one in target["findings"]}
    found |= {(one["ref"], match["record"]) for one in target["findings"] for match in one["match"]["also"]}
    return found, {(one["ref"], unchecked["record"]) for one in target["components"] for unchecked in one["unchecked"]}


def found_by(tool: str, sbom: Path, osv: Path, folder: Path, peers: Path, loader: Path) -> set[Pair]:
    """`osv` holds `<Ecosystem>/all.zip`; `loader` gives them to the tool."""
    ecosystems = sorted(path.name for path in osv.iterdir())
    command = [
        sys.executable,
        str(loader),
        tool,
        "--osv",
        str(osv),
        "--out",
        str(folder),
        "--peers",
        str(peers),
        "--ecosystem",
        *ecosystems,
    ]
    loaded = subprocess.run(command, capture_output=True, check=True, timeout=TIMEOUT_S, text=True)
    words = shlex.split(loaded.stdout)
    environ = dict(word.split("=", 1) for word in words if word.partition("=")[0].isupper())
    asked = [word.replace("SBOM.cdx.json", str(sbom)) for word in words[len(environ) :]]
    ran = subprocess.run(asked, capture_output=True, env={**os.environ, **environ}, timeout=TIMEOUT_S)
    assert ran.returncode in ((0, 1) if tool == "osv-scanner" else (0,)), ran.stderr[-2000:]
    report = json.loads(ran.stdout)
    return {"grype": _of_grype, "osv-scanner": _of_osv_scanner, "trivy": _of_trivy}[tool](
        report, json.loads(sbom.read_bytes())["components"]
    )


def _of_grype(report: Any, components: Sequence[Any]) -> set[Pair]:
    refs = {unquote(one["purl"]): one["bom-ref"] for one in components}
    return {(refs[unquote(match["artifact"]["purl"])], match["vulnerability"]["id"]) for match in report["matches"]}


KINDS = {"PyPI": "pypi", "Go": "golang", "crates.io": "cargo", "RubyGems": "gem", "npm": "npm", "Packagist": "composer"}


def _of_osv_scanner(report: Any, components: Sequence[Any]) -> set[Pair]:
    refs = {(one["purl"][4:].partition("/")[0], one["name"], one["version"].removeprefix("v")): one["bom-ref"] for one in components}
    pairs = set()
    for result in report["results"]:
        for one in result["packages"]:
            package = one["package"]
            ref = refs[KINDS[package["ecosystem"]], package["name"], package["version"].removeprefix("v")]
            pairs |= {(ref, vulnerability["id"]) for vulnerability in one["vulnerabilities"]}
    return pairs


def _of_trivy(report: Any, components: Sequence[Any]) -> set[Pair]:
    found = [one for result in report.get("Results", ()) for one in result.get("Vulnerabilities", ())]
    return {(one["PkgIdentifier"]["BOMRef"], one["VulnerabilityID"]) for one in found}


def installed(tool: str, peers: Path, shared_data: Path) -> Path:
    """The script that loads advisories into the tool; skips where either is absent."""
    loader = shared_data.parent / "peers" / "load_peer.py"
    if not (peers / "bin" / tool).exists() or not loader.exists():
        pytest.skip(f"{tool}, or the script that loads advisories into it, is not installed")
    return loader
