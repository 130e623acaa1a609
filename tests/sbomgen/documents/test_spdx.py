import re
import uuid
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from spdx_tools.spdx.parser.jsonlikedict.json_like_dict_parser import JsonLikeDictParser
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

from sbomgen.documents import WriteOptions
from sbomgen.documents.spdx import HIDDEN, OWNED_BY, SpdxJson
from sbomgen.inventory import Inventory
from sbomgen.model import Distro, Hash, SourcePackage
from tests.support.inventories import alpine_inventory, apk, digest, image, inventory, tracked


def written(whole: Inventory, **options: Any) -> Any:
    document = msgspec.json.decode(SpdxJson().write(whole, WriteOptions(tool_version="1.0", **options)))
    parser: Any = JsonLikeDictParser  # the library has no types for it
    messages = validate_full_spdx_document(parser().parse(document))
    assert not [(message.validation_message, message.context.spdx_id) for message in messages]
    return document


def package(whole: Inventory, name: str) -> Any:
    return next(part for part in written(whole, all_layers=True)["packages"] if part["name"] == name)


def annotation(part: Any) -> Any:
    (stated,) = part["annotations"]
    return msgspec.json.decode(stated["comment"])


def of(**fields: Any) -> Any:
    """One Alpine package."""
    return package(inventory([tracked(apk("demo", "1.0-r0", **fields), "pkg:apk/alpine/demo@1.0-r0")]), "demo")


@pytest.mark.parametrize("all_layers", [False, True])
@pytest.mark.parametrize("whole", [alpine_inventory(), inventory(), inventory(distro=None)])
def test_documents_are_valid_by_the_schema(whole: Inventory, all_layers: bool, shared_data: Path) -> None:
    schema = msgspec.json.decode((shared_data / "schemas" / "spdx-2.3-schema.json").read_bytes())
    jsonschema.validate(written(whole, all_layers=all_layers, timestamp="2024-09-06T12:05:36Z"), schema)


def test_the_head_says_what_made_it_and_when() -> None:
    document = written(alpine_inventory(), timestamp="2024-09-06T12:05:36Z")
    assert document["creationInfo"] == {"created": "2024-09-06T12:05:36Z", "creators": ["Tool: sbomgen-1.0"], "licenseListVersion": "3.28"}
    assert written(alpine_inventory())["creationInfo"]["created"] == "1970-01-01T00:00:00Z"


def test_the_namespace_names_the_content() -> None:
    names = {written(whole)["documentNamespace"] for whole in (alpine_inventory(), alpine_inventory(), inventory())}
    assert len(names) == 2
    assert {uuid.UUID(name.removeprefix("urn:uuid:")).version for name in names} == {5}


def test_the_image_is_the_described_container() -> None:
    document = written(alpine_inventory())
    root = document["packages"][0]
    assert root["primaryPackagePurpose"] == "CONTAINER"
    assert root["checksums"] == [{"algorithm": "SHA256", "checksumValue": digest("manifest").removeprefix("sha256:")}]
    assert root["externalRefs"][0]["referenceLocator"].startswith("pkg:oci/demo@sha256:")
    stated = annotation(root)
    assert stated["sbomgen:image:config_digest"] == digest("config")
    assert stated["sbomgen:image:tag"] == ["registry.example:5000/team/Demo:1.2"]
    assert len(stated["sbomgen:image:layer"]) == 4


def test_provenance_is_one_canonical_object_with_the_names_of_cyclonedx() -> None:
    part = package(alpine_inventory(), "libssl3")
    comment = part["annotations"][0]["comment"]
    assert comment == msgspec.json.encode(msgspec.json.decode(comment), order="sorted").decode()
    assert part["annotations"][0]["annotator"] == "Tool: sbomgen-1.0"
    assert annotation(part) == {
        "sbomgen:history": ["introduced 0 3.3.1-r0", "upgraded 1 3.3.2-r1 3.3.1-r0"],
        "sbomgen:layer:created_by": "RUN apk upgrade && apk del curl",
        "sbomgen:layer:diff_id": digest("layer 1"),
        "sbomgen:layer:digest": digest("blob 1"),
        "sbomgen:layer:dockerfile": "Dockerfile:3-4",
        "sbomgen:layer:index": "1",
        "sbomgen:layer:origin": "own",
        "sbomgen:path": ["lib/apk/db/installed"],
        "sbomgen:source:name": "openssl",
        "sbomgen:source:version": "3.3.2-r1",
    }


def test_what_repeats_is_an_array_even_when_it_stands_once() -> None:
    assert annotation(of())["sbomgen:history"] == ["introduced 0 1.0-r0"]


def test_hidden_packages_stand_only_in_documents_of_all_layers_and_say_so() -> None:
    assert "curl" not in [part["name"] for part in written(alpine_inventory())["packages"]]
    document = written(alpine_inventory(), all_layers=True)
    curl = next(part for part in document["packages"] if part["name"] == "curl")
    assert annotation(curl)["sbomgen:visible"] == "false"
    assert [part.get("comment") for part in document["relationships"] if part["relatedSpdxElement"] == curl["SPDXID"]] == [HIDDEN]


def test_relationships_go_from_the_document_over_the_system_to_packages() -> None:
    document = written(alpine_inventory())
    ids = {part["name"]: part["SPDXID"] for part in document["packages"]}
    root, system = document["packages"][0]["SPDXID"], ids["alpine"]
    found = [(part["spdxElementId"], part["relationshipType"], part["relatedSpdxElement"]) for part in document["relationships"]]
    assert found == [
        ("SPDXRef-DOCUMENT", "DESCRIBES", root),
        (root, "CONTAINS", system),
        (system, "CONTAINS", ids["libssl3"]),
        (system, "CONTAINS", ids["musl"]),
        (system, "CONTAINS", ids["py3-idna"]),
        (root, "CONTAINS", ids["idna"]),
        (root, "CONTAINS", ids["Jinja2"]),
        (ids["libssl3"], "DEPENDS_ON", ids["musl"]),
        (ids["py3-idna"], "DEPENDS_ON", ids["libssl3"]),
        (ids["py3-idna"], "DEPENDS_ON", ids["musl"]),
        (ids["idna"], "OTHER", ids["py3-idna"]),
    ]
    assert document["relationships"][-1]["comment"] == OWNED_BY
    assert annotation(package(alpine_inventory(), "idna"))["sbomgen:owned_by"] == ids["py3-idna"]


def test_without_a_system_all_packages_are_in_the_image() -> None:
    document = written(msgspec.structs.replace(alpine_inventory(), distro=None))
    containers = {part["spdxElementId"] for part in document["relationships"] if part["relationshipType"] == "CONTAINS"}
    assert containers == {document["packages"][0]["SPDXID"]}


@pytest.mark.parametrize(
    ("supplier", "actor"),
    [
        (None, "NOASSERTION"),
        ("Natanael Copa <ncopa@alpinelinux.org>", "Person: Natanael Copa (ncopa@alpinelinux.org)"),
        ("Debian OpenSSL Team <openssl@lists.debian.org>", "Organization: Debian OpenSSL Team (openssl@lists.debian.org)"),
        ("Red Hat, Inc. <bugzilla@redhat.com>", "Organization: Red Hat, Inc. (bugzilla@redhat.com)"),
        ("Kim Davies", "Organization: Kim Davies"),
        (" ", "NOASSERTION"),
        ("(nobody)", "Organization: (nobody) ()"),
        ("Someone (at work) <s@example.org>", "Person: Someone (at work) (s@example.org)"),
        ("A <a@example.org>, B <b@example.org>", "Organization: A <a@example.org>, B <b@example.org>"),
    ],
)
def test_suppliers_are_persons_or_organisations(supplier: str | None, actor: str) -> None:
    assert of(supplier=supplier)["supplier"] == actor


@pytest.mark.parametrize(
    ("licences", "declared", "texts"),
    [
        ((), "NOASSERTION", []),
        (("mit",), "MIT", []),
        (("MIT OR ISC",), "MIT OR ISC", []),
        (("MIT", "ISC OR Zlib"), "MIT AND (ISC OR Zlib)", []),
        (("BSD",), "LicenseRef-BSD", ["BSD"]),
        (("MIT", "GPL-2+"), "MIT AND LicenseRef-GPL-2-DIGEST", ["GPL-2+"]),
        (("LicenseRef-Odd",), "LicenseRef-LicenseRef-Odd", ["LicenseRef-Odd"]),
        ((" ", "Two\nlines"), "LicenseRef-Two-lines-DIGEST", ["Two\nlines"]),
    ],
)
def test_licences_are_expressions_or_references_to_their_text(licences: tuple[str, ...], declared: str, texts: list[str]) -> None:
    document = written(inventory([tracked(apk("demo", "1", licences=licences), "pkg:apk/alpine/demo@1")]))
    stated = document["packages"][-1]["licenseDeclared"]
    assert re.sub("-[0-9a-f]{16}", "-DIGEST", stated) == declared
    assert [part["extractedText"] for part in document.get("hasExtractedLicensingInfos", [])] == texts
    assert all(part["licenseId"] in stated for part in document.get("hasExtractedLicensingInfos", []))


def test_nothing_is_made_up() -> None:
    part = of(hashes=(Hash("SHA-1", "no checksum"),), homepage="none", source=None)
    assert not {"checksums", "homepage", "sourceInfo", "description"} & part.keys()
    assert (part["downloadLocation"], part["filesAnalyzed"], part["licenseConcluded"]) == ("NOASSERTION", False, "NOASSERTION")
    assert of(hashes=(Hash("SHA-256", "ab" * 32),))["checksums"] == [{"algorithm": "SHA256", "checksumValue": "ab" * 32}]


def test_the_source_package_is_written_as_trivy_reads_it() -> None:
    assert of(source=SourcePackage("openssl", "3.1-r2"))["sourceInfo"] == "built package from: openssl 3.1-r2"
    assert of(source=SourcePackage("openssl"))["sourceInfo"] == "built package from: openssl"


def test_identifiers_come_from_refs() -> None:
    one = tracked(apk("li+b", "1", root="a"), "pkg:apk/alpine/lib@1")
    two = tracked(apk("li+b", "1", root="b"), "pkg:apk/alpine/lib@1")
    both = [part["SPDXID"] for part in written(inventory([one, two]))["packages"][-2:]]
    alone = written(inventory([two]))["packages"][-1]["SPDXID"]
    assert len(set(both)) == 2
    assert alone in both
    assert alone.startswith("SPDXRef-Package-apk-li-b-")


ANY_TEXT = st.one_of(
    st.text(st.characters(codec=None), min_size=1, max_size=8),
    st.text(st.sampled_from("ab()<>@.:/ +\n"), min_size=1, max_size=9),
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(ANY_TEXT, min_size=8, max_size=8))
def test_whatever_an_image_says_the_document_is_valid(texts: list[str]) -> None:
    name, version, supplier, licence, path, distro, tag, hint = texts
    found = apk(
        name, version, supplier=supplier, licences=(licence,), evidence=(path,), source=SourcePackage(name, version), homepage=f"https://{hint}",
        description=hint, distro=Distro(distro, version, name, hint, (hint,)),
    )  # fmt: skip
    whole = inventory([tracked(found, "pkg:apk/alpine/x@1")], distro=found.distro, image=image((hint,), references=(tag,)))
    written(whole, all_layers=True)
