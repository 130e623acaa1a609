"""Feeds, databases and lookups for tests, with the fields that a test does not speak of filled in."""

import zipfile
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import pytest

from sbommatch.advisory import NameKind
from sbommatch.ecosystems import DISTRIBUTION_BY_ID, LANGUAGE_BY_PURL_TYPE
from sbommatch.formats import FORMAT_BY_NAME, FeedContext
from sbommatch.formats._format import Read
from sbommatch.store.build import BuildResult, build
from sbommatch.store.model import Lookup
from sbommatch.supply.sources import sources_of
from sbommatch.versions import SCHEME_BY_NAME
from sbommatch.versions.scheme import InvalidVersion, KeyDeclined


def osv(identifier: str = "X-1", name: str = "demo", ecosystem: str = "PyPI", **fields: Any) -> dict[str, Any]:
    """An OSV record of one package; `events` as (kind, version) pairs of its one range, `versions` as they are."""
    entry: dict[str, Any] = {"package": {"ecosystem": ecosystem, "name": name}}
    if events := fields.pop("events", None):
        entry["ranges"] = [{"type": "ECOSYSTEM", "events": [{kind: version} for kind, version in events]}]
    if versions := fields.pop("versions", None):
        entry["versions"] = versions
    return {"id": identifier, "modified": "2026-01-02T03:04:05Z", "affected": [entry], **fields}


def below(version: str) -> list[tuple[str, str]]:
    """Events of a range that ends with a fix."""
    return [("introduced", "0"), ("fixed", version)]


def write_zip(path: Path, records: Iterable[Mapping[str, Any] | bytes]) -> Path:
    """What OSV publishes of an ecosystem."""
    with zipfile.ZipFile(path, "w") as archive:
        for number, record in enumerate(records):
            content = record if isinstance(record, bytes) else msgspec.json.encode(record)
            name = f"broken-{number}" if isinstance(record, bytes) else record["id"]
            archive.writestr(f"{name}.json", content)
    return path


def build_osv(folder: Path, *records: Mapping[str, Any] | bytes, feed: str = "osv-pypi") -> BuildResult:
    """A database of one feed; its pointer is `pointer.json` in the folder."""
    path = write_zip(folder / f"{feed}.zip", records)
    return build(sources_of([f"{feed}={path}@2026-08-21"]), folder / "pointer.json")


def build_secdb(folder: Path, secfixes: Mapping[str, Mapping[str, list[str]]], release: str = "v3.11") -> BuildResult:
    """A database of one secdb document: version -> items, by package."""
    packages = [{"pkg": {"name": name, "secfixes": fixes}} for name, fixes in secfixes.items()]
    path = folder / "main.json"
    path.write_bytes(msgspec.json.encode({"distroversion": release, "packages": packages}))
    return build(sources_of([f"alpine-secdb={path}@2026-08-21"]), folder / "pointer.json")


class Said:
    """A format that reads what a test says, whatever the file holds."""

    name = "said"
    suffixes = (".json",)

    def __init__(self, *parts: Read) -> None:
        self._parts = parts

    def read(self, document: bytes, where: str, context: FeedContext) -> Iterator[Read]:
        """The parts."""
        yield from self._parts


def saying(monkeypatch: pytest.MonkeyPatch, format_name: str, said: Said) -> None:
    """Feeds of that format say this from now on."""
    monkeypatch.setitem(FORMAT_BY_NAME, format_name, said)


def lookup(namespace: str, name: str, version: str, **fields: Any) -> Lookup:
    """A question for one package, its key computed."""
    language = LANGUAGE_BY_PURL_TYPE.get(namespace)
    scheme = language.scheme if language else DISTRIBUTION_BY_ID[namespace.partition(":")[0]].scheme
    try:
        key: bytes | None = SCHEME_BY_NAME[scheme].key(version)
    except (InvalidVersion, KeyDeclined):
        key = None
    defaults: dict[str, Any] = {
        "coordinate_id": sha256(f"{namespace} {name} {version}".encode()).digest()[:16],
        "namespace": namespace,
        "name": name,
        "name_kind": NameKind.SELF if language else NameKind.SOURCE,
        "scheme": scheme,
        "raw_version": version,
        "key": key,
    }
    return Lookup(**defaults | fields)
