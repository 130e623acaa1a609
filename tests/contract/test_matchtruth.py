"""Against recorded answers of OSV's own service: the records of the feeds at hand, for every package that was asked for."""

import json
import zipfile
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.support.run import run

FEEDS = {"Go": ("osv-go", "golang", "GO-"), "PyPI": ("osv-pypi", "pypi", "PYSEC-"), "crates.io": ("osv-crates.io", "cargo", "RUSTSEC-")}
"""Of the ecosystems asked for those whose records here have the identifiers of the service: folder, feed, PURL type, prefix."""

NEW = "the record is in no recorded answer at all: it was published since"

DIFFERENT = {
    ("stdlib", "1.22.4", record): NEW
    for record in (
        "GO-2026-5026", "GO-2026-5972", "GO-2026-6088", "GO-2026-6089", "GO-2026-6090", "GO-2026-6091", "GO-2026-6218",
    )
}  # fmt: skip
"""(package, version, record) on which the two differ, and why; all of them are ours alone."""


def asked(shared_data: Path, ecosystem: str) -> list[Any]:
    lines = (shared_data / "matchtruth" / "osv-api-querybatch.jsonl").read_text().splitlines()
    return [one for one in map(json.loads, lines) if one["ecosystem"] == ecosystem and one["version"]]


@pytest.mark.parametrize("ecosystem", FEEDS)
def test_the_records_are_those_of_the_service(ecosystem: str, shared_data: Path, tmp_path: Path) -> None:
    feed, purl_type, prefix = FEEDS[ecosystem]
    path = shared_data / "feeds" / "osv" / ecosystem / "all.zip"
    with zipfile.ZipFile(path) as archive:
        here = {name.removesuffix(".json") for name in archive.namelist()}
    questions = asked(shared_data, ecosystem)
    components = [
        {
            "type": "library",
            "bom-ref": str(number),
            "name": one["name"],
            "purl": f"pkg:{purl_type}/{quote(one['name'], safe='/')}@{quote(one['version'], safe='')}",
        }
        for number, one in enumerate(questions)
    ]
    (tmp_path / "a.cdx.json").write_text(json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.6", "components": components}))
    assert run("sbommatch", "db", "build", f"{feed}={path}", "--db", tmp_path / "feeds.json").code == 0
    (target,) = run("sbommatch", tmp_path / "a.cdx.json", "--db", tmp_path / "feeds.json", "-o", "json").json["targets"]
    found: dict[int, set[str]] = {number: set() for number in range(len(questions))}
    for finding in target["findings"]:
        found[int(finding["ref"])] |= {finding["record"], *(match["record"] for match in finding["match"]["also"])}
    differing = {}
    for number, one in enumerate(questions):
        theirs = {name for name in one["ids"] if name.startswith(prefix) and name in here}
        for record in theirs ^ found[number]:
            differing[one["name"], one["version"], record] = "theirs" if record in theirs else "ours"
    assert len(questions) >= 5
    assert sorted(differing) == sorted(key for key in DIFFERENT if key[2].startswith(prefix)), differing
    assert set(differing.values()) <= {"ours"}
