"""What an archive keeps of a document, and that it says when the rules of that change."""

import hashlib
from array import array
from pathlib import Path

import msgspec
import pytest

from sbommatch.archive import extract as module
from sbommatch.archive.extract import Extractor, Source
from sbommatch.archive.model import INDEX_FORMAT, Coordinate, Extract, Refusal
from tests.sbommatch.archive.test_matching import CPE, DOCUMENTS, library
from tests.sbommatch.cli.sboms import ALPINE_OPENSSL, JINJA_HIGH, sbom

INDEXED = {1: "61d8"}
"""INDEX_FORMAT -> the beginning of the digest of what it makes of `DOCUMENTS`. Where it differs, stored lookups are no longer those that a
scan would make: raise INDEX_FORMAT, and put the new digest here beside its number."""


def extracted(path: Path, extractor: Extractor | None = None) -> Extract:
    found = (extractor or Extractor()).extract(Source(str(path)))
    assert isinstance(found, Extract), found
    return found


def coordinates(path: Path) -> list[Coordinate]:
    return list(extracted(path).fresh)


def test_stored_lookups_are_those_of_this_release(tmp_path: Path) -> None:
    extractor = Extractor()
    made = [extracted(sbom(tmp_path / "a.json", components=components), extractor).fresh for components in DOCUMENTS]
    assert hashlib.sha256(msgspec.json.encode(made)).hexdigest()[:4] == INDEXED[INDEX_FORMAT]


def test_what_asks_the_same_is_one_coordinate(tmp_path: Path) -> None:
    spelt = [library("a", JINJA_HIGH), library("b", "pkg:pypi/Jinja2@2.11.1", name="Jinja2"), library("c", JINJA_HIGH)]
    found = extracted(sbom(tmp_path / "a.json", components=spelt))
    assert [one.package for one in found.fresh] == ["jinja2"]
    assert (list(array("i", found.positions)), list(array("i", found.coordinates))) == ([0, 1, 2], [0, 0, 0])


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (library("a", JINJA_HIGH), library("a", JINJA_HIGH, cpe=CPE)),
        (library("a", ALPINE_OPENSSL), library("a", ALPINE_OPENSSL, name="other")),
        (library("a", None, version="1"), library("a", None, version="2")),
        (library("a", "pkg:pypi/x"), library("a", "pkg:npm/x")),
    ],
)
def test_what_may_get_another_verdict_is_another_coordinate(tmp_path: Path, first: dict[str, object], second: dict[str, object]) -> None:
    found = coordinates(sbom(tmp_path / "a.json", components=[first, second | {"bom-ref": "b"}]))
    assert len({one.coordinate_id for one in found}) == 2


def test_coordinates_are_told_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    extractor = Extractor()
    path = sbom(tmp_path / "a.json", JINJA_HIGH, ALPINE_OPENSSL)
    first = extracted(path, extractor)
    monkeypatch.setattr(module, "COMPONENTS_REMEMBERED", 0)  # what is forgotten is looked at again, and numbered as before
    second = extracted(path, extractor)
    assert (len(first.fresh), len(second.fresh)) == (2, 0)
    assert first.coordinates == second.coordinates


def test_a_file_of_a_folder_that_is_no_sbom_is_a_note(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"a": 1}')
    for is_from_folder in (True, False):
        found = Extractor().extract(Source(str(tmp_path / "a.json"), is_from_folder))
        assert isinstance(found, Refusal)
        assert found.is_note is is_from_folder
