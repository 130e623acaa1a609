"""The real documents: those that INDEX.csv lists, and those in the two packed samples."""

import csv
import json
import re
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree

import yaml
import zstandard

FORMATS = {
    "cyclonedx-json": "cyclonedx-json",
    "cyclonedx-xml": "cyclonedx-xml",
    "spdx-json": "spdx-json",
    "spdx-rdfxml": "spdx-rdf",
    "spdx-tagvalue": "spdx-tag-value",
    "spdx-xml": "spdx-xml",
    "spdx-yaml": "spdx-yaml",
    "spdx3-jsonld": "spdx3-json",
    "syft-json": "syft-json",
}
"""The index's names of the formats that are read, and ours."""

ARCHIVES = ("bom-shelter-in-the-lab.sample.tar.zst", "guac-data-top-dockerhub.sample.tar.zst")


class IndexRow(NamedTuple):
    """A document, and what the index says of it."""

    path: Path
    format: str
    components: int
    """Of CycloneDX the elements of `components`, without nested ones; of SPDX 2 the packages; of SPDX 3 all elements of `@graph`; of Syft
    the artifacts."""
    invalid: bool


def indexed(shared_data: Path) -> list[IndexRow]:
    """Every document of the index."""
    folder = shared_data / "sboms"
    with (folder / "INDEX.csv").open(newline="", encoding="utf-8") as rows:
        return [
            IndexRow(folder / row["path"], row["format"], int(row["components"]), row["flag"] == "invalid") for row in csv.DictReader(rows)
        ]


def archived_bytes(shared_data: Path) -> Iterator[tuple[str, bytes]]:
    """Names and bytes of the packed documents, one at a time."""
    for archive in ARCHIVES:
        with (
            (shared_data / "sboms" / archive).open("rb") as packed,
            zstandard.ZstdDecompressor().stream_reader(packed) as stream,
            tarfile.open(fileobj=stream, mode="r|") as members,
        ):
            for member in members:
                file = members.extractfile(member) if member.isfile() else None
                if file is not None:
                    yield member.name, file.read()


def as_json(data: bytes) -> Any:
    """A document as the standard library reads it, whatever its encoding."""
    return json.loads(data.removeprefix(b"\xef\xbb\xbf"))


def listed(format_: str, data: bytes) -> int:
    """How many components or packages a document lists, nested ones too, counted by another library than sbommatch reads with."""
    match format_:
        case "cyclonedx-json":
            bom = as_json(data)
            return _nested(bom.get("components")) + _nested(((bom.get("metadata") or {}).get("component") or {}).get("components"))
        case "cyclonedx-xml":
            root = ElementTree.fromstring(data)
            namespace = root.tag.partition("}")[0] + "}"
            return _nested_elements(root, namespace) + sum(
                _nested_elements(subject, namespace) for subject in root.findall(f"{namespace}metadata/{namespace}component")
            )
        case "spdx-json":
            return len(as_json(data).get("packages") or ())
        case "spdx-yaml":
            return len(yaml.safe_load(data).get("packages") or ())
        case "spdx-xml":
            return len(ElementTree.fromstring(_text(data)).findall("packages"))
        case "spdx-tagvalue":
            text = re.sub(r"<text>.*?</text>", "", _text(data), flags=re.DOTALL)
            return len(re.findall(r"^\s*PackageName\s*:", text, re.MULTILINE))
        case "spdx-rdfxml":
            return sum(1 for _ in ElementTree.fromstring(data).iter("{http://spdx.org/rdf/terms#}Package"))
        case "spdx3-jsonld":
            document = as_json(data)
            return sum(each.get("type", "").endswith("Package") for each in document.get("@graph", [document]))
        case _:
            return len(as_json(data)["artifacts"])


def _text(data: bytes) -> str:
    return data.decode("utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8")


def _nested(components: Any) -> int:
    return sum(1 + _nested(each.get("components")) for each in components or ())


def _nested_elements(parent: ElementTree.Element, namespace: str) -> int:
    return sum(1 + _nested_elements(each, namespace) for each in parent.findall(f"{namespace}components/{namespace}component"))
