import re
import uuid
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sbomgen.documents import WriteOptions
from sbomgen.documents._spdx_facts import HIDDEN, OWNED_BY
from sbomgen.documents.spdx import SpdxJson, SpdxTagValue
from sbomgen.documents.spdx3 import Spdx3Json
from sbomgen.inventory import Inventory
from sbomgen.model import Hash, Package, Problem, ProblemCode, SourcePackage
from tests.support.hostile import HOSTILE_INVENTORIES
from tests.support.inventories import alpine_inventory, apk, digest, inventory, nested_inventory, tracked
from tests.support.spdx import judged

VERSIONS = ("2.3", "2.2")


def written(whole: Inventory, **options: Any) -> Any:
    document = SpdxJson().write(whole, WriteOptions(tool_version="1.0", **options))
    judged(document)
    return msgspec.json.decode(document)


def package(whole: Inventory, name: str, **options: Any) -> Any:
    """Of several by this name the one that is installed."""
    return next(part for part in written(whole, all_layers=True, **options)["packages"] if part["name"] == name)


def annotation(part: Any) -> Any:
    (stated,) = part["annotations"]
    return msgspec.json.decode(stated["comment"])


def of(version: str = "2.3", **fields: Any) -> Any:
    """One Alpine package."""
    whole = inventory([tracked(apk("demo", "1.0-r0", **fields), "pkg:apk/alpine/demo@1.0-r0")])
    return package(whole, "demo", version=version)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("all_layers", [False, True])
@pytest.mark.parametrize("whole", [alpine_inventory(), inventory(), inventory(distro=None), nested_inventory()])
def test_documents_are_valid_by_the_schema_of_their_version(whole: Inventory, all_layers: bool, version: str, shared_data: Path) -> None:
    schema = msgspec.json.decode((shared_data / "schemas" / f"spdx-{version}-schema.json").read_bytes())
    document = written(whole, all_layers=all_layers, version=version, timestamp="2024-09-06T12:05:36Z")
    jsonschema.validate(document, schema)
    assert document["spdxVersion"] == f"SPDX-{version}"


def test_2_3_is_the_default() -> None:
    assert written(alpine_inventory()) == written(alpine_inventory(), version="2.3")


def test_2_2_has_what_it_demands_and_nothing_that_it_does_not_know() -> None:
    newer, older = (written(alpine_inventory(), version=version)["packages"] for version in VERSIONS)
    demanded = {"licenseConcluded", "licenseDeclared", "copyrightText"}
    for new, old in zip(newer, older, strict=True):
        assert demanded <= old.keys()
        assert {key for key in new if key not in old} <= {"primaryPackagePurpose", "builtDate"}
        assert {key: value for key, value in old.items() if value != "NOASSERTION"} == {
            key: value for key, value in new.items() if key in old and value != "NOASSERTION"
        }


def test_the_head_says_what_made_it_when_and_from_what() -> None:
    document = written(alpine_inventory(), timestamp="2024-09-06T12:05:36Z")
    assert document["creationInfo"] == {
        "created": "2024-09-06T12:05:36Z",
        "creators": ["Tool: sbomgen-1.0"],
        "licenseListVersion": "3.28",
        "comment": "SBOM Type: Analyzed",
    }
    assert written(alpine_inventory())["creationInfo"]["created"] == "1970-01-01T00:00:00Z"


def test_the_namespace_names_the_content() -> None:
    names = {written(whole)["documentNamespace"] for whole in (alpine_inventory(), alpine_inventory(), inventory())}
    assert len(names) == 2
    assert {uuid.UUID(name.removeprefix("urn:uuid:")).version for name in names} == {5}


def test_the_image_is_the_described_container() -> None:
    document = written(alpine_inventory())
    root = document["packages"][0]
    assert (root["primaryPackagePurpose"], root["builtDate"]) == ("CONTAINER", "2024-09-06T12:05:36Z")
    assert root["checksums"] == [{"algorithm": "SHA256", "checksumValue": digest("manifest").removeprefix("sha256:")}]
    assert root["externalRefs"][0]["referenceLocator"].startswith("pkg:oci/demo@sha256:")
    stated = annotation(root)
    assert stated["sbomgen:image:config_digest"] == digest("config")
    assert stated["sbomgen:image:tag"] == ["registry.example:5000/team/Demo:1.2"]
    assert len(stated["sbomgen:image:layer"]) == 4
    assert stated["syft:image:labels:team"] == "blue"


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
        "sbomgen:path:layer": ["0"],
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
    ids = {part["name"]: part["SPDXID"] for part in document["packages"] if part["primaryPackagePurpose"] != "SOURCE"}
    sources = {part["name"]: part["SPDXID"] for part in document["packages"] if part["primaryPackagePurpose"] == "SOURCE"}
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
        (root, "CONTAINS", "NOASSERTION"),
        (system, "CONTAINS", "NOASSERTION"),
        (ids["libssl3"], "DEPENDS_ON", ids["musl"]),
        (ids["py3-idna"], "DEPENDS_ON", ids["libssl3"]),
        (ids["py3-idna"], "DEPENDS_ON", ids["musl"]),
        (ids["idna"], "OTHER", ids["py3-idna"]),
        (ids["musl"], "GENERATED_FROM", sources["musl"]),
        (ids["libssl3"], "GENERATED_FROM", sources["openssl"]),
    ]
    comments = {part["relationshipType"]: part.get("comment") for part in document["relationships"]}
    assert comments["OTHER"] == OWNED_BY
    assert annotation(package(alpine_inventory(), "idna"))["sbomgen:owned_by"] == ids["py3-idna"]


def test_an_archive_contains_what_lies_in_it_and_a_package_that_depends_on_none_says_so() -> None:
    document = written(nested_inventory())
    ids = {part["name"].removeprefix("org.example:"): part["SPDXID"] for part in document["packages"]}
    found = [(part["spdxElementId"], part["relationshipType"], part["relatedSpdxElement"]) for part in document["relationships"]]
    root = document["packages"][0]["SPDXID"]
    assert [one for one in found if one[0] not in {"SPDXRef-DOCUMENT", root, ids["debian"]}] == [
        (ids["core"], "CONTAINS", ids["io"]),
        (ids["core"], "CONTAINS", "NOASSERTION"),
        (ids["shop"], "CONTAINS", ids["core"]),
        (ids["shop"], "CONTAINS", "NOASSERTION"),
        (ids["libc6"], "DEPENDS_ON", "NONE"),
    ]
    comments = {part.get("comment") for part in document["relationships"] if part["spdxElementId"] == ids["core"]}
    assert comments == {None, "unknown: what has no name of its own may be in it unseen"}
    lost = written(msgspec.structs.replace(nested_inventory(), problems=(Problem(ProblemCode.BAD_RECORD, "", "", loss=True),)))
    assert "DEPENDS_ON" not in {part["relationshipType"] for part in lost["relationships"]}
    assert {part.get("comment") for part in lost["relationships"] if part["spdxElementId"] == ids["core"]} == {
        None, "incomplete: a part of the image could not be read",
    }  # fmt: skip


def test_without_a_system_all_packages_are_in_the_image() -> None:
    document = written(msgspec.structs.replace(alpine_inventory(), distro=None))
    containers = {part["spdxElementId"] for part in document["relationships"] if part["relationshipType"] == "CONTAINS"}
    assert containers == {document["packages"][0]["SPDXID"]}


UNSEEN = "unknown: what no package database names may be in an image unseen"
UNREAD = "layer 3 was not read: not in the archive"


@pytest.mark.parametrize(
    ("whole", "unknown", "why"),
    [
        (alpine_inventory(), ["ContainerImage", "OperatingSystem"], f"incomplete: a part of the image could not be read; {UNREAD}"),
        (msgspec.structs.replace(alpine_inventory(), problems=()), ["ContainerImage"], f"{UNSEEN}; {UNREAD}"),
        (inventory(), ["ContainerImage", "OperatingSystem"], UNSEEN),
    ],
)
def test_what_may_be_missing_is_said(whole: Inventory, unknown: list[str], why: str) -> None:
    found = [part for part in written(whole)["relationships"] if part["relatedSpdxElement"] == "NOASSERTION"]
    assert [part["spdxElementId"].split("-")[1] for part in found] == unknown
    assert {part["comment"] for part in found} == {why}


def test_a_source_package_stands_once_and_has_no_purl() -> None:
    source = SourcePackage("openssl", "3.1-r2")
    found = [tracked(apk(name, "3.1-r2", source=source), f"pkg:apk/alpine/{name}@3.1-r2") for name in ("libssl3", "libcrypto3")]
    document = written(inventory(found))
    (part,) = [part for part in document["packages"] if part["primaryPackagePurpose"] == "SOURCE"]
    assert part["SPDXID"].startswith("SPDXRef-Source-apk-openssl-")
    assert part.keys() == {"SPDXID", "name", "versionInfo", "downloadLocation", "filesAnalyzed", "primaryPackagePurpose"}
    built = [each for each in document["relationships"] if each["relatedSpdxElement"] == part["SPDXID"]]
    assert [each["relationshipType"] for each in built] == ["GENERATED_FROM"] * 2


def test_source_packages_are_told_apart_whatever_they_are_called() -> None:
    sources = (SourcePackage("a", "b|c"), SourcePackage("a|b", "c"), SourcePackage("a|b", None), SourcePackage("a|b", "None"))
    found = [tracked(apk(f"x{number}", "1", source=source), f"pkg:apk/alpine/x{number}@1") for number, source in enumerate(sources)]
    assert len([part for part in written(inventory(found))["packages"] if part["primaryPackagePurpose"] == "SOURCE"]) == len(sources)


CPE23 = r"cpe:2.3:a:openssl:openssl:3.1\+b:*:*:*:*:*:*:*"


@pytest.mark.parametrize(
    ("cpe", "type_"),
    [(CPE23, "cpe23Type"), ("cpe:/o:suse:sles:15:sp5", None), ("cpe:2.3:a:short", None), ("cpe:/a:b c", None), ("", None)],
)
def test_cpes_are_references_where_they_have_the_form_of_one(cpe: str, type_: str | None) -> None:
    references = [each for each in of(cpes=(cpe,))["externalRefs"] if each["referenceCategory"] == "SECURITY"]
    assert [(each["referenceType"], each["referenceLocator"]) for each in references] == ([(type_, cpe)] if type_ else [])


def test_the_author_of_a_languages_package_is_its_originator() -> None:
    found = Package(type="pypi", name="demo", raw_version="1", supplier="Kim Davies")
    part = package(inventory([tracked(found, "pkg:pypi/demo@1")]), "demo")
    assert (part["supplier"], part["originator"]) == ("Organization: Kim Davies", "Organization: Kim Davies")
    assert "originator" not in of(supplier="Natanael Copa <ncopa@alpinelinux.org>")


@pytest.mark.parametrize(
    ("supplier", "actor"),
    [
        (None, None),
        ("Natanael Copa <ncopa@alpinelinux.org>", "Person: Natanael Copa (ncopa@alpinelinux.org)"),
        ("Debian OpenSSL Team <openssl@lists.debian.org>", "Organization: Debian OpenSSL Team (openssl@lists.debian.org)"),
        ("Red Hat, Inc. <bugzilla@redhat.com>", "Organization: Red Hat, Inc. (bugzilla@redhat.com)"),
        ("Kim Davies", "Organization: Kim Davies"),
        (" ", None),
        ("(nobody)", "Organization: (nobody) ()"),
        ("Someone (at work) <s@example.org>", "Person: Someone (at work) (s@example.org)"),
        ("A <a@example.org>, B <b@example.org>", "Organization: A <a@example.org>, B <b@example.org>"),
    ],
)
def test_suppliers_are_persons_or_organisations(supplier: str | None, actor: str | None) -> None:
    assert of(supplier=supplier).get("supplier") == actor


@pytest.mark.parametrize(
    ("licences", "declared", "texts"),
    [
        ((), None, []),
        (("mit",), "MIT", []),
        (("MIT OR ISC",), "MIT OR ISC", []),
        (("MIT", "ISC OR Zlib"), "MIT AND (ISC OR Zlib)", []),
        (("BSD",), "LicenseRef-BSD", ["BSD"]),
        (("MIT", "GPL-2+"), "MIT AND LicenseRef-GPL-2-DIGEST", ["GPL-2+"]),
        (("LicenseRef-Odd",), "LicenseRef-LicenseRef-Odd", ["LicenseRef-Odd"]),
        ((" ", "Two\nlines"), "LicenseRef-Two-lines-DIGEST", ["Two\nlines"]),
    ],
)
def test_licences_are_expressions_or_references_to_their_text(licences: tuple[str, ...], declared: str | None, texts: list[str]) -> None:
    document = written(inventory([tracked(apk("demo", "1", licences=licences), "pkg:apk/alpine/demo@1")]))
    stated = document["packages"][-1].get("licenseDeclared", "")
    assert re.sub("-[0-9a-f]{16}", "-DIGEST", stated) == (declared or "")
    assert [part["extractedText"] for part in document.get("hasExtractedLicensingInfos", [])] == texts
    assert all(part["licenseId"] in stated for part in document.get("hasExtractedLicensingInfos", []))


@pytest.mark.parametrize(
    ("version", "demanded"),
    [("2.3", ["downloadLocation"]), ("2.2", ["copyrightText", "downloadLocation", "licenseConcluded", "licenseDeclared"])],
)
def test_nothing_is_made_up_and_no_assertion_is_made_only_where_one_is_demanded(version: str, demanded: list[str]) -> None:
    part = of(version, hashes=(Hash("SHA-1", "no checksum"),), homepage="none", source=None)
    assert not {"checksums", "homepage", "sourceInfo", "description", "supplier"} & part.keys()
    assert sorted(key for key, value in part.items() if value == "NOASSERTION") == demanded
    assert part["filesAnalyzed"] is False
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


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(HOSTILE_INVENTORIES, st.sampled_from(VERSIONS))
def test_whatever_an_image_says_the_document_is_valid(whole: Inventory, version: str) -> None:
    written(whole, all_layers=True, version=version)


@pytest.mark.parametrize("writer", [SpdxJson(), SpdxTagValue()])
def test_what_2_2_cannot_say_is_said(writer: SpdxJson | SpdxTagValue) -> None:
    (never,) = writer.losses(None)
    assert writer.losses("2.3") == Spdx3Json().losses(None) == (never,)
    assert [lost.split()[1] for lost in writer.losses("2.2") if lost != never] == ["purpose", "time"]
