"""The real documents: those that INDEX.csv lists, and those in the two packed samples."""

import csv
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import zstandard

READ_FORMATS = ("cyclonedx-json", "spdx-json")
ARCHIVES = ("bom-shelter-in-the-lab.sample.tar.zst", "guac-data-top-dockerhub.sample.tar.zst")


class IndexRow(NamedTuple):
    """A document, and what the index says of it."""

    path: Path
    format: str
    components: int
    """Of CycloneDX the elements of `components`, without nested ones; of SPDX the elements of `packages`."""
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
