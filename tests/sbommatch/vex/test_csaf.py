"""CSAF as VEX."""

from typing import Any

from sbommatch.statement import Product, Status
from tests.sbommatch.vex.made import csaf, read


def branch(identifier: str, category: str = "product_version", name: str = "", **helper: str) -> dict[str, Any]:
    return {
        "category": category,
        "name": name,
        "product": {"product_id": identifier, "name": identifier, "product_identification_helper": helper},
    }


def relation(component: str, whole: str) -> dict[str, Any]:
    product = {"product_id": f"{whole}:{component}", "name": "x"}
    return {
        "category": "default_component_of",
        "full_product_name": product,
        "product_reference": component,
        "relates_to_product_reference": whole,
    }


CURL = branch("curl", purl="pkg:rpm/redhat/curl?arch=src")
BASE_OS = branch("BaseOS-9", cpe="cpe:/o:redhat:enterprise_linux:9::baseos")
IMAGE = branch("image", purl="pkg:oci/app@sha256%3Aab")
NAMED = branch("named")


def products(document: dict[str, Any]) -> list[Product]:
    return [product for one in read(document).statements for product in one.products]


def test_statuses_are_those_of_vex_and_words_stand_by_their_products() -> None:
    status = {"known_not_affected": ["curl", "image"], "fixed": ["image"], "under_investigation": ["curl"], "recommended": ["image"]}
    document = csaf([CURL, IMAGE], [], **status)
    document["vulnerabilities"][0] |= {
        "flags": [{"label": "vulnerable_code_not_present", "product_ids": ["curl"]}],
        "threats": [{"category": "impact", "details": "never built", "product_ids": ["curl"]}],
        "remediations": [{"category": "vendor_fix", "details": "update", "product_ids": ["image"]}],
    }
    said = [(one.status, one.justification, one.impact, one.action) for one in read(document).statements]
    assert said == [
        (Status.FIXED, None, None, "update"),
        (Status.NOT_AFFECTED, "vulnerable_code_not_present", "never built", None),
        (Status.NOT_AFFECTED, None, None, "update"),
        (Status.UNDER_INVESTIGATION, "vulnerable_code_not_present", "never built", None),
    ]


def test_a_component_is_a_part_of_its_whole() -> None:
    found = products(csaf([CURL, BASE_OS, IMAGE], [relation("curl", "BaseOS-9"), relation("curl", "image")],
                          known_affected=["BaseOS-9:curl", "image:curl"]))  # fmt: skip
    assert [product.software.releases for product in found] == [(("rhel:9", None),), ()]
    assert [product.parts[0].purls[0].name for product in found] == ["curl", "curl"]
    assert found[1].software.purls[0].name == "app"


def test_a_component_without_purl_is_a_source_package_of_the_release() -> None:
    (product,) = products(csaf([branch("openssl"), BASE_OS], [relation("openssl", "BaseOS-9")], known_not_affected=["BaseOS-9:openssl"]))
    assert (product.parts[0].purls[0].name, product.parts[0].purls[0].qualifiers) == ("openssl", {"arch": "src"})


def test_what_nothing_identifies_is_counted_and_not_applied() -> None:
    document = read(csaf([NAMED, CURL], [relation("curl", "named")], known_not_affected=["named", "named:curl", "gone"]))
    assert not document.statements
    assert [(problem.message[:10], problem.loss) for problem in document.problems] == [("3 products", False)]


def test_a_range_narrows_its_product_even_where_it_cannot_be_read() -> None:
    ranges = [branch(text, "product_version_range", text, purl="pkg:npm/a") for text in ("vers:npm/<2", "< 2 or so")]
    found = products(csaf(ranges, [], known_not_affected=["vers:npm/<2", "< 2 or so"]))
    assert [product.software.versions for product in found] == [("vers:npm/<2",), ("< 2 or so",)]


def test_a_document_has_identity_and_version() -> None:
    document = read(csaf([CURL], [], fixed=["curl"]))
    assert (document.id, document.version, document.author) == ("Acme A-1", (2,), "Acme")
