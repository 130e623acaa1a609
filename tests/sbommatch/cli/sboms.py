"""SBOMs and databases for tests of the command line."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.sbommatch.match.feeds import below, database, osv_record

JINJA_HIGH = "pkg:pypi/jinja2@2.11.1"
FLASK_UNKNOWN = "pkg:pypi/flask@0.1"
ALPINE_OPENSSL = "pkg:apk/alpine/libssl1.1@1.1.1d-r2?upstream=openssl&distro=alpine-3.11.3"
NO_FINDING = "pkg:pypi/nothing@1.0"

FEEDS: dict[str, Any] = {
    "secdb": {"v3.11": {"openssl": {"1.1.1d-r3": ["CVE-2019-1551"], "1.1.1d-r1": ["CVE-2019-1547"]}}},
    "pypi": [
        osv_record(
            "GHSA-g3rq-g295-4j3m", "PyPI", "jinja2", below("2.11.3"), aliases=["CVE-2020-28493"],
            severity=[{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H"}],
        ),
        osv_record("PYSEC-2020-1", "PyPI", "jinja2", below("3.0"), withdrawn="2021-01-01T00:00:00Z"),
        osv_record("PYSEC-2019-179", "PyPI", "flask", below("1.0")),
    ],
}  # fmt: skip


def feeds(folder: Path) -> Path:
    """The pointer to a database of these feeds."""
    return database(folder, **FEEDS)


def sbom(path: Path, *purls: str, hidden: str | None = None, **fields: Any) -> Path:
    """A CycloneDX document of libraries with these PURLs; `hidden` is one more that a later layer removed."""
    components: list[Mapping[str, Any]] = [_component(purl) for purl in purls]
    if hidden:
        components.append(_component(hidden) | {"scope": "excluded", "properties": [{"name": "sbomgen:visible", "value": "false"}]})
    document = {"bomFormat": "CycloneDX", "specVersion": "1.6", "components": components, **fields}
    path.write_text(json.dumps(document), "utf-8")
    return path


def _component(purl: str) -> dict[str, Any]:
    name, _, version = purl.partition("?")[0].rpartition("/")[2].partition("@")
    return {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}
