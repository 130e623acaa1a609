"""KEV, EPSS and end-of-life dates, on what they publish."""

import gzip
from collections.abc import Iterable
from pathlib import Path

import msgspec
import pytest

from sbommatch.advisory import EndOfLife, Enrichment, Epss, Kev
from sbommatch.formats import FORMAT_BY_NAME, FeedContext
from sbommatch.formats._format import Read
from sbommatch.problem import Problem, ProblemCode

NATIVE = "feeds/native"
FIXTURES = f"{NATIVE}/fixtures"


def read(name: str, document: bytes, where: str = "x") -> list[Read]:
    return list(FORMAT_BY_NAME[name].read(document, where, FeedContext(name)))


def enrichments(found: Iterable[Read]) -> dict[str, Enrichment]:
    return {one.id: one for one in found if isinstance(one, Enrichment)}


def problems(found: Iterable[Read]) -> list[Problem]:
    return [one for one in found if isinstance(one, Problem)]


def test_the_whole_catalog_is_read_alike_from_json_and_csv(shared_data: Path) -> None:
    folder = shared_data / NATIVE / "kev"
    read_json = read("kev", gzip.decompress((folder / "known_exploited_vulnerabilities.json.gz").read_bytes()))
    read_csv = read("kev", gzip.decompress((folder / "known_exploited_vulnerabilities.csv.gz").read_bytes()))
    assert read_json == read_csv
    catalog = enrichments(read_json)
    assert len(catalog) == len(read_json) == 1404
    assert catalog["CVE-2025-48384"].kev == Kev("2025-08-25", "2025-09-15", None)
    assert sum(one.kev is not None and one.kev.ransomware is True for one in catalog.values()) == 293


def test_the_schema_beside_the_catalog_is_a_note(shared_data: Path) -> None:
    [schema] = (shared_data / NATIVE / "kev").glob("*schema.json")
    [problem] = problems(read("kev", schema.read_bytes()))
    assert (problem.code, problem.loss) == (ProblemCode.BAD_RECORD, False)


ENTRY = {"cveID": "CVE-2024-1000", "dateAdded": "2024-01-02", "dueDate": "2024-01-03", "knownRansomwareCampaignUse": "Known"}


@pytest.mark.parametrize(
    "broken", [{"cveID": "CVE-24-1"}, {"dateAdded": "today"}, {"cveID": 1}, {"dateAdded": None}], ids=lambda change: str(next(iter(change)))
)
def test_a_broken_entry_is_a_loss_and_the_others_are_read(broken: dict[str, object]) -> None:
    document = msgspec.json.encode({"vulnerabilities": [ENTRY | broken, ENTRY]})
    problem, entry = read("kev", document)
    assert isinstance(problem, Problem)
    assert (problem.where, problem.loss) == ("x: vulnerabilities[0]", True)
    assert entry == Enrichment(id="CVE-2024-1000", feed="kev", kev=Kev("2024-01-02", "2024-01-03", True))


def test_a_due_date_that_is_none_is_left_out() -> None:
    [entry] = read("kev", msgspec.json.encode({"vulnerabilities": [ENTRY | {"dueDate": "soon"}]}))
    assert entry == Enrichment(id="CVE-2024-1000", feed="kev", kev=Kev("2024-01-02", None, True))


@pytest.mark.parametrize("name", ["kev", "epss", "endoflife", "private"])
@pytest.mark.parametrize("document", [b"", b"{", b"[" * 1_000_000, b"\xff\xfe", b"<html>", b"null", b'"x"', b"a,b\n1,2\n"])
def test_what_is_no_such_document_is_one_loss(name: str, document: bytes) -> None:
    [problem] = problems(read(name, document))
    assert (problem.where, problem.loss) == ("x", True)


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("2021-04-14", Epss(0.65117, None, "2021-04-14")),
        ("2021-09-01", Epss(0.65117, 0.9981063485700858, "2021-09-01")),
        ("2022-02-04", Epss(0.96817, 0.99999, "2022-02-04")),
        ("2023-03-07", Epss(0.97567, 0.99995, "2023-03-07")),
    ],
)
def test_scores_of_every_age_of_the_file_are_read(shared_data: Path, day: str, expected: Epss) -> None:
    folder = shared_data / FIXTURES / "MaineK00n+vuls-data-update/pkg/fetch/epss/testdata/fixtures"
    path = folder / f"epss_scores-{day}.csv.gz"
    found = enrichments(read("epss", gzip.decompress(path.read_bytes()), path.name))
    assert found["CVE-2020-5902"].epss == expected


def test_six_thousand_real_scores_are_read(shared_data: Path) -> None:
    found = read("epss", (shared_data / NATIVE / "epss" / "patchthisapp-cve-epss.csv").read_bytes())
    assert len(enrichments(found)) == len(found) == 6182


@pytest.mark.parametrize(
    "line", ["CVE-2020-1", "CVE-2020-1000", "CVE-2020-1000,x,0.5", "CVE-2020-1000,1.5,0.5", "CVE-2020-1000,nan", "CVE-2020-1000,1,1,1", ""]
)
def test_a_broken_row_is_a_loss_with_its_line(line: str) -> None:
    problem, score = read("epss", f"#model,score_date:2026-01-01T00:00:00Z\ncve,epss,percentile\n{line}\nCVE-2020-1001,0.1,0.2\n".encode())
    assert isinstance(problem, Problem)
    assert (problem.where, problem.loss) == ("x: line 3", True)
    assert score == Enrichment(id="CVE-2020-1001", feed="epss", epss=Epss(0.1, 0.2, "2026-01-01"))


def test_end_of_life_dates_of_a_whole_answer_are_read(shared_data: Path) -> None:
    path = shared_data / FIXTURES / "MaineK00n+vuls-data-update/pkg/fetch/endoflife-date/api/testdata/fixtures/happy/full"
    dates = {(one.namespace, one.what): one.on for one in read("endoflife", path.read_bytes()) if isinstance(one, EndOfLife)}
    assert dates["ubuntu:24.04", "standard"] == "2029-04-25"
    assert dates["ubuntu:24.10", "standard"] == "2025-07-10"
    assert dates["ubuntu:20.04", "extended"] > dates["ubuntu:20.04", "standard"]
    assert {namespace.partition(":")[0] for namespace, _ in dates} == {"ubuntu"}, "windows, the other product, is no distribution"


def test_products_are_called_as_os_release_calls_them(shared_data: Path) -> None:
    path = shared_data / FIXTURES / "aquasecurity+vuln-list-update/eoldates/testdata/eoldata.json"
    found = read("endoflife", path.read_bytes())
    assert EndOfLife("ol:9", "endoflife", "2035-06-30", "extended") in found
    assert EndOfLife("alpine:3.22", "endoflife", "2027-05-01", "standard") in found


def test_a_release_of_another_shape_is_a_loss_and_the_others_are_read() -> None:
    good = {
        "name": "debian",
        "releases": [{"name": "12", "eolFrom": "2026-06-10"}, {"name": "13", "eolFrom": False}, {"eolFrom": "2020-01-01"}],
    }
    document = msgspec.json.encode({"result": [{"name": "debian", "releases": [{"name": 12}]}, good, {"releases": []}]})
    found = read("endoflife", document)
    assert [one.where for one in problems(found)] == ["x: result[0]", "x: result[2]"]
    assert [one for one in found if isinstance(one, EndOfLife)] == [EndOfLife("debian:12", "endoflife", "2026-06-10", "standard")]
