"""Grype with a database in which every package of an inventory is vulnerable by its source's name: so it lists all that it read."""

import hashlib
import os
import sqlite3
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from sbomgen.inventory import Inventory
from sbomgen.model import Package

TIMEOUT_S = 120
_SITE = "https://example.invalid/schema/vulnerability"
_VERSIONS = {"apk": "apk", "deb": "dpkg", "rpm": "rpm"}
_LANGUAGES = {"pypi": "python", "npm": "npm", "maven": "java", "golang": "go", "cargo": "rust"}
_NO_NETWORK = {
    "GRYPE_DB_AUTO_UPDATE": "false", "GRYPE_DB_VALIDATE_AGE": "false", "GRYPE_CHECK_FOR_APP_UPDATE": "false",
    "GRYPE_EXTERNAL_SOURCES_ENABLE": "false",
}  # fmt: skip


def source_name(package: Package) -> str:
    """What advisories of distributions call the package."""
    return package.source.name if package.source else package.name


class Grype:
    """Grype, and a database of its own in a folder."""

    def __init__(self, peers: Path, folder: Path, inventory: Inventory) -> None:
        self._program = peers / "bin" / "grype"
        builder = peers / "bin" / "grypedb"
        if not (self._program.exists() and builder.exists()):
            pytest.skip("grype or grypedb is not installed")
        self._environ = {**os.environ, **_NO_NETWORK, "GRYPE_DB_CACHE_DIR": str(folder / "cache")}
        workspaces = list(_workspaces(folder, inventory))
        self._run(str(builder), str(folder / "build"), *map(str, workspaces))
        self._run(str(self._program), "-q", "db", "import", str(folder / "build" / "vulnerability.db"))

    def _run(self, *command: str) -> bytes:
        return subprocess.run(command, check=True, capture_output=True, timeout=TIMEOUT_S, env=self._environ).stdout

    def listed(self, path: Path) -> tuple[Any, list[tuple[Any, set[str]]]]:
        """The distribution, and each package with the names that it was found by."""
        report = msgspec.json.decode(self._run(str(self._program), "-q", "-o", "json", f"sbom:{path}"))
        found: dict[str, tuple[Any, set[str]]] = {}
        for match in report["matches"]:
            artifact = match["artifact"]
            _, names = found.setdefault(artifact["id"], (artifact, set()))
            names.update(detail["searchedBy"]["package"]["name"] for detail in match["matchDetails"])
        return report["distro"], list(found.values())


def _workspaces(folder: Path, inventory: Inventory) -> Iterator[Path]:
    """In vunnel's shape, the packages of the system, and those of languages."""
    packages = [found.package for found in inventory.packages]
    distro = inventory.distro
    if distro is not None and distro.version_id is not None:
        namespace = f"{distro.id}:{'.'.join(distro.version_id.split('.')[:2])}"
        of_system = sorted({(source_name(one), _VERSIONS[one.type]) for one in packages if one.type in _VERSIONS})
        yield _workspace(folder, distro.id, [_of_system(name, form, namespace) for name, form in of_system])
    of_languages = sorted({(one.name, _LANGUAGES[one.type]) for one in packages if one.type in _LANGUAGES})
    if of_languages:
        yield _workspace(folder, "github", [_of_language(name, language) for name, language in of_languages])


def _of_system(name: str, form: str, namespace: str) -> tuple[str, Any]:
    fixed = {"Name": name, "NamespaceName": namespace, "Version": "None", "VersionFormat": form}
    item = {"Vulnerability": {"Name": f"CVE-{name}", "NamespaceName": namespace, "Severity": "Medium", "FixedIn": [fixed], "Link": _SITE}}
    return f"{_SITE}/os/schema-1.0.3.json", item


def _of_language(name: str, language: str) -> tuple[str, Any]:
    namespace = f"github:language:{language}"
    fixed = {"ecosystem": language, "name": name, "namespace": namespace, "identifier": "None", "range": ">=0"}
    advisory: dict[str, Any] = {
        "Classification": "GENERAL", "CVE": [], "FixedIn": [fixed], "Metadata": {"CVE": []}, "Severity": "Medium", "Summary": "",
        "ghsaId": f"GHSA-{name}", "namespace": namespace, "url": _SITE, "published": "2026-01-01T00:00:00Z",
        "updated": "2026-01-01T00:00:00Z", "withdrawn": None, "references": [],
    }  # fmt: skip
    return f"{_SITE}/github-security-advisory/schema-1.1.0.json", {"Advisory": advisory, "Vulnerability": {}}


def _workspace(folder: Path, provider: str, items: Iterable[tuple[str, Any]]) -> Path:
    workspace = folder / provider
    (workspace / "results").mkdir(parents=True)
    rows = [
        (str(number), msgspec.json.encode({"schema": schema, "identifier": str(number), "item": item}))
        for number, (schema, item) in enumerate(items)
    ]
    store = sqlite3.connect(workspace / "results" / "results.db")
    with store:
        store.execute("CREATE TABLE results (id VARCHAR PRIMARY KEY, record BLOB)")
        store.executemany("INSERT INTO results VALUES (?, ?)", rows)
    store.close()
    listing = b"0000000000000000  results/results.db\n"
    (workspace / "checksums").write_bytes(listing)
    state = {
        "provider": provider, "urls": [], "store": "sqlite", "timestamp": "2026-01-01T00:00:00Z", "version": 1,
        "distribution_version": 1, "processor": "tests", "stale": False,
        "listing": {"path": "checksums", "digest": hashlib.sha256(listing).hexdigest(), "algorithm": "xxh64"},
        "schema": {"version": "1.0.3", "url": f"{_SITE}/provider-workspace-state/schema-1.0.3.json"},
    }  # fmt: skip
    (workspace / "metadata.json").write_bytes(msgspec.json.encode(state))
    return workspace
