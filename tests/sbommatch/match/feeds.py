"""Small databases, built by the real way in from feeds that a test writes by hand."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from sbommatch.store.build import build
from sbommatch.supply.declarations import Completeness
from sbommatch.supply.sources import sources_of

CAPTURED = "2026-08-01"

Secdb = Mapping[str, Mapping[str, Mapping[str, Sequence[str]]]]
"""Release -> package -> version -> identifiers: {"v3.11": {"openssl": {"1.1.1d-r3": ["CVE-2019-1551"]}}}."""


def osv_record(id_: str, ecosystem: str, name: str, events: Sequence[Mapping[str, str]], **fields: Any) -> dict[str, Any]:
    """An OSV record with one range, or none without events; `affected` fields go with `versions`, all others to the record."""
    affected: dict[str, Any] = {"package": {"ecosystem": ecosystem, "name": name}}
    if events:
        affected["ranges"] = [{"type": "ECOSYSTEM", "events": list(events)}]
    if "versions" in fields:
        affected["versions"] = fields.pop("versions")
    return {"id": id_, "modified": "2026-07-01T00:00:00Z", "affected": [affected], **fields}


def below(fixed: str) -> tuple[dict[str, str], ...]:
    """Events: everything below a fix."""
    return ({"introduced": "0"}, {"fixed": fixed})


def database(folder: Path, *, secdb: Secdb | None = None, partial: Sequence[str] = (), **osv: Sequence[Mapping[str, Any]]) -> Path:
    """The pointer to a database of Alpine's secdb and OSV feeds (`pypi=[…]` is osv-pypi); those named in `partial` say that they are."""
    sources = []
    if secdb:
        sources.append(f"alpine-secdb={_write_secdb(folder / 'secdb', secdb)}@{CAPTURED}")
    for feed, records in osv.items():
        sources.append(f"osv-{feed}={_write_osv(folder / feed, records)}@{CAPTURED}")
    declared = sources_of(sources)
    incomplete = [
        msgspec.structs.replace(source, declaration=msgspec.structs.replace(source.declaration, completeness=Completeness.PARTIAL))
        for source in declared
        if source.declaration.name in partial
    ]
    pointer = folder / "sbommatch.json"
    build([*(source for source in declared if source.declaration.name not in partial), *incomplete], pointer)
    return pointer


def _write_secdb(folder: Path, secdb: Secdb) -> Path:
    for release, packages in secdb.items():
        (folder / release).mkdir(parents=True)
        listed = [{"pkg": {"name": name, "secfixes": fixes}} for name, fixes in packages.items()]
        document = {"distroversion": release, "reponame": "main", "packages": listed}
        (folder / release / "main.json").write_text(json.dumps(document), "utf-8")
    return folder


def _write_osv(folder: Path, records: Sequence[Mapping[str, Any]]) -> Path:
    folder.mkdir()
    for record in records:
        (folder / f"{record['id']}.json").write_text(json.dumps(record), "utf-8")
    return folder
