"""OpenVEX."""

from typing import Any

import pytest

from sbommatch.statement import Status
from tests.sbommatch.vex.made import AFFECTED, openvex, read, statement

OLD = {
    "@context": "https://openvex.dev/ns", "@id": "old", "author": "A", "timestamp": "2023-01-08T18:02:03.647787998-06:00", "version": "1",
    "statements": [{"vulnerability": "CVE-2023-1", "products": ["pkg:apk/wolfi/git@2.39.0-r1?arch=armv7"], "subcomponents": ["pkg:npm/a"],
                    "status": "fixed"}],
}  # fmt: skip


def test_both_versions_say_the_same() -> None:
    new = openvex(
        statement("CVE-2023-1", {"@id": "pkg:apk/wolfi/git@2.39.0-r1?arch=armv7", "subcomponents": [{"@id": "pkg:npm/a"}]}, status="fixed"),
        timestamp=OLD["timestamp"],
    )
    (old_one,), (new_one,) = read(OLD).statements, read(new).statements
    assert old_one == new_one
    assert (old_one.said_at, old_one.status) == ("2023-01-09T00:02:03.647787Z", Status.FIXED)
    assert [part.purls[0].name for part in old_one.products[0].parts] == ["a"]


def test_a_vulnerability_goes_by_all_its_names() -> None:
    named = {"name": "GO-2021-0356", "aliases": ["CVE-2022-27191", "GHSA-8c26-wmh5-6g9v"]}
    by_id = {"@id": "https://nvd.nist.gov/vuln/detail/CVE-2023-2"}
    ids = [one.ids for one in read(openvex(statement(named, "pkg:npm/a"), statement(by_id, "pkg:npm/a"))).statements]
    assert ids == [("GO-2021-0356", "CVE-2022-27191", "GHSA-8c26-wmh5-6g9v"), ("CVE-2023-2",)]


def test_statements_have_the_documents_time_where_they_state_none() -> None:
    own = statement("CVE-1", "pkg:npm/a", timestamp="2024-02-02T00:00:00Z", last_updated="2024-03-03T00:00:00Z")
    times = [one.said_at for one in read(openvex(own, statement("CVE-1", "pkg:npm/a"))).statements]
    assert times == ["2024-03-03T00:00:00.000000Z", "2024-01-01T00:00:00.000000Z"]


def test_a_product_has_every_identifier_that_it_states() -> None:
    product = {"@id": "https://acme.example/app", "identifiers": {"purl": "pkg:oci/app@sha256%3Aab", "cpe23": "cpe:2.3:a:b:c:*"}}
    (said,) = read(openvex(statement("CVE-1", product))).statements
    software = said.products[0].software
    assert (software.id, software.cpes, software.purls[0].version) == ("https://acme.example/app", ("cpe:2.3:a:b:c:*",), "sha256:ab")


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"status": "not_affected", "justification": None}, "without justification or impact statement"),
        ({"status": "maybe"}, "has the status 'maybe', which is none"),
        ({"vulnerability": {}}, "names no vulnerability"),
        ({"products": []}, "names no product"),
        ({"products": [{"@id": "pkg:npm/a", "subcomponents": {"@id": "pkg:npm/b"}}]}, "left out"),
        ({"products": [{"@id": "pkg:npm"}]}, "no PURL, so that nothing is applied by it"),
    ],
)
def test_a_bad_statement_says_nothing_and_is_a_loss(bad: dict[str, Any], message: str) -> None:
    document = read(openvex(statement("CVE-1", "pkg:npm/a") | bad, statement("CVE-2", "pkg:npm/a", **AFFECTED)))
    assert [one.ids for one in document.statements if any(product.software.purls for product in one.products)] == [("CVE-2",)]
    (problem,) = document.problems
    assert problem.loss
    assert message in problem.message
    assert "statements[0]" in problem.where


def test_a_context_that_is_not_known_is_read_as_the_newest_and_noted() -> None:
    document = read(openvex(statement("CVE-1", "pkg:npm/a"), **{"@context": "https://openvex.dev/ns/v9.0.0"}))
    assert len(document.statements) == 1
    assert [problem.loss for problem in document.problems] == [False]
