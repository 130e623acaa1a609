"""SBOMs of a stated size, made of the versions that the advisories of a feed list."""

import json
import zipfile
from collections import Counter
from pathlib import Path


def write_large_sbom(archive: Path, target: Path, components: int, findings: int) -> None:
    """Packages of an OSV zip, of those that have the most advisories for one version, so many that they come to that many findings."""
    ranked = _listed(archive).most_common()
    start = next(
        start
        for start in range(0, len(ranked) - components, 50)
        if sum(number for _, number in ranked[start : start + components]) <= findings
    )
    _write(target, [package for package, _ in ranked[start : start + components]])


def write_many_sboms(archive: Path, folder: Path, count: int, components: int) -> None:
    """So many SBOMs `N.cdx.json`, each of other packages of an OSV zip; half of them are in the next one too.

    As in images, few are affected: one in eight has a listed version, the others one above all fixes.
    """
    packages = [(name, version if place % 8 == 0 else "99999") for place, (name, version) in enumerate(sorted(_listed(archive)))]
    folder.mkdir()
    for number in range(count):
        start = number * components * 61 // 2
        _write(folder / f"{number}.cdx.json", [packages[(start + 61 * place) % len(packages)] for place in range(components)])


def _write(target: Path, packages: list[tuple[str, str]]) -> None:
    listed = [
        {"type": "library", "bom-ref": f"r{place}", "name": name, "version": version, "purl": f"pkg:pypi/{name}@{version}"}
        for place, (name, version) in enumerate(packages)
    ]
    target.write_text(json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "components": listed}), "utf-8")


def _listed(archive: Path) -> Counter[tuple[str, str]]:
    """By package and version the number of advisories that list it."""
    numbers: Counter[tuple[str, str]] = Counter()
    with zipfile.ZipFile(archive) as opened:
        for name in opened.namelist():
            record = json.loads(opened.read(name))
            if not record.get("withdrawn"):
                for affected in record.get("affected", ()):
                    numbers.update((affected["package"]["name"].lower(), version) for version in affected.get("versions", ()))
    return numbers


def write_earlier(archive: Path, target: Path, changed: int) -> None:
    """An OSV zip as it may have been before: so many records, spread over it, are not there yet, or (every other one) are withdrawn."""
    with zipfile.ZipFile(archive) as opened, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as written:
        names = sorted(name for name in opened.namelist() if not json.loads(opened.read(name)).get("withdrawn"))
        chosen = names[:: max(len(names) // changed, 1)][:changed]
        gone, withdrawn = set(chosen[::2]), set(chosen[1::2])
        for name in opened.namelist():
            record = json.loads(opened.read(name))
            if name in withdrawn:
                record["withdrawn"] = "2020-01-01T00:00:00Z"
            if name not in gone:
                written.writestr(name, json.dumps(record))
