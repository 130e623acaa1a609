import re
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

import sbomgen
from sbomgen.check import PROFILES, Checked, Status
from sbomgen.documents import WRITERS, WriteOptions
from sbomgen.errors import UnreadableError
from sbomgen.sbom.bom import Bom, Component, Hash, Party, Reference, Relation, RelationKind, Tool
from sbomgen.sbom.document import document_of, read_document
from sbomgen.sbom.read import bom_of
from tests.support.inventories import alpine_inventory, inventory, nested_inventory
from tests.support.run import run

SCHEMA = msgspec.json.decode((Path(sbomgen.__file__).parent / "schemas" / "check-1.schema.json").read_bytes())
NTIA, CISA, BSI = PROFILES
FORMS = [(writer.name, version) for writer in WRITERS for version in writer.versions]
SOMEBODY = Party(name="ACME Inc", email="sbom@acme.example")


def written(form: str, version: str | None = None, **options: Any) -> bytes:
    writer = next(writer for writer in WRITERS if writer.name == form)
    return writer.write(alpine_inventory(), WriteOptions(tool_version="1.0", version=version, all_layers=True, **options))


def statuses(checked: Checked) -> dict[str, Status]:
    return {result.element.id: result.status for result in checked.results}


def whole(**changes: Any) -> Bom:
    """A document that has everything."""
    properties = tuple((f"bsi:component:{name}", "x") for name in ("filename", "executable", "archive", "structured"))
    complete = Component(
        ref="a", place="/metadata/component", kind="container", name="a", version="1", purl="pkg:oci/a", supplier=SOMEBODY,
        hashes=(Hash("SHA-512", "0" * 128),), declared=("MIT",), concluded=("MIT",), properties=properties,
    )  # fmt: skip
    document = Bom(
        format="cyclonedx-json", version="1.6", timestamp="2024-01-01T00:00:00Z", phase="post-build", tools=(Tool("sbomgen"),),
        authors=(SOMEBODY,), root="a", components=(complete, msgspec.structs.replace(complete, ref="b", kind="library")),
        relations=(Relation("a", RelationKind.CONTAINS, "b"),), known=(("a", "complete"),),
    )  # fmt: skip
    return msgspec.structs.replace(document, **changes)


@pytest.mark.parametrize("profile", PROFILES)
def test_a_document_that_has_everything_conforms(profile: Any) -> None:
    assert profile.check(whole()).conforms


@pytest.mark.parametrize("profile", PROFILES)
def test_what_is_due_where_it_exists_is_told_and_a_document_conforms_without_it(profile: Any) -> None:
    checked = profile.check(whole())
    lacking = {result.element.id for result in checked.results if result.status is not Status.MET}
    assert lacking == ({"sbom_uri", "source_uri", "deployable_uri"} if profile is BSI else set())
    references = tuple(Reference(kind, "https://a.example/") for kind in ("vcs", "distribution"))
    components = tuple(msgspec.structs.replace(one, references=references) for one in whole().components)
    assert set(statuses(profile.check(whole(identifier="urn:uuid:1", components=components))).values()) == {Status.MET}


@pytest.mark.parametrize(
    ("profile", "element", "change"),
    [
        (NTIA, "sbom_author", {"authors": ()}),
        (NTIA, "timestamp", {"timestamp": None}),
        (NTIA, "dependency_relationship", {"relations": ()}),
        (NTIA, "dependency_relationship", {"root": None}),
        (CISA, "tool_name", {"tools": ()}),
        (CISA, "generation_context", {"phase": None}),
        (CISA, "coverage", {"known": ()}),
        (BSI, "format", {"version": "1.5"}),
        (BSI, "format", {"format": "spdx-json", "version": "2.3"}),
        (BSI, "format", {"format": "spdx3-json", "version": "3.0.0"}),
        (BSI, "format", {"version": "no number"}),
        (BSI, "sbom_creator", {"authors": (Party(name="ACME Inc"),)}),
        (BSI, "no_vulnerabilities", {"vulnerabilities": True}),
    ],
)
def test_what_the_document_lacks_is_missing(profile: Any, element: str, change: dict[str, Any]) -> None:
    assert statuses(profile.check(whole(**change)))[element] is Status.MISSING


@pytest.mark.parametrize(
    ("profile", "element", "change"),
    [
        (NTIA, "component_name", {"name": ""}),
        (NTIA, "component_version", {"version": None}),
        (NTIA, "identifier", {"purl": None}),
        (NTIA, "supplier", {"supplier": None}),
        (CISA, "software_producer", {"supplier": None}),
        (CISA, "component_hash", {"hashes": ()}),
        (CISA, "licence", {"declared": (), "concluded": ()}),
        (BSI, "component_creator", {"supplier": Party(name="ACME Inc")}),
        (BSI, "distribution_licence", {"concluded": ()}),
        (BSI, "deployable_hash", {"hashes": (Hash("SHA-256", "0" * 64),), "properties": ()}),
        (BSI, "filename", {"properties": ()}),
        (BSI, "archive_property", {"properties": ()}),
        (BSI, "other_identifiers", {"purl": None}),
        (BSI, "original_licence", {"declared": ()}),
    ],
)
def test_a_component_that_lacks_an_element_is_named(profile: Any, element: str, change: dict[str, Any]) -> None:
    image, package = whole().components
    lacking = whole(components=(image, msgspec.structs.replace(package, **change)))
    (result,) = (result for result in profile.check(lacking).results if result.element.id == element)
    assert [component.ref for component in result.missing] == ["b"]
    assert result.status is (Status.IMPOSSIBLE if result.element.not_in_images else Status.MISSING)
    assert bool(result.why) == (result.status is Status.IMPOSSIBLE)
    application = msgspec.structs.replace(image, kind="application")
    built = msgspec.structs.replace(lacking, components=(application, lacking.components[1]))
    assert statuses(profile.check(built))[element] is Status.MISSING, "what an image does not tell, a build may know"


def test_the_checksum_of_a_file_that_is_still_there_is_missing_not_impossible() -> None:
    image, package = whole().components
    (result,) = (
        result
        for result in BSI.check(whole(components=(image, msgspec.structs.replace(package, hashes=())))).results
        if result.element.id == "deployable_hash"
    )
    assert (result.status, [component.ref for component in result.missing]) == (Status.MISSING, ["b"])
    assert "sbomgen does not" in (result.why or "")


@pytest.mark.parametrize("form", ["cyclonedx-json", "spdx3-json"])
def test_a_delivered_file_has_what_bsi_asks_of_it(form: str) -> None:
    writer = next(writer for writer in WRITERS if writer.name == form)
    bom = bom_of(document_of(writer.write(nested_inventory(), WriteOptions(tool_version="1.0")), "x"))
    asked = {"filename", "executable_property", "archive_property", "structured_property"}
    missing = {
        result.element.id: {component.name.rpartition(":")[2] for component in result.missing}
        for result in BSI.check(bom).results
        if result.element.id in asked
    }
    of_no_file = {one.name.rpartition(":")[2] for one in bom.components} - {"shop", "core"}
    assert missing == {**dict.fromkeys(asked, of_no_file), "executable_property": of_no_file | {"core"}}


def test_source_packages_are_asked_for_nothing() -> None:
    source = Component(ref="s", place="/packages/2", kind="source", name="a")
    assert NTIA.check(whole(components=(*whole().components, source))).conforms


@pytest.mark.parametrize(("form", "version"), FORMS)
def test_options_of_scan_add_authors_and_supplier_in_every_format(form: str, version: str) -> None:
    without = bom_of(document_of(written(form, version), "x"))
    assert statuses(NTIA.check(without))["sbom_author"] is Status.MISSING
    (supplier,) = (result for result in NTIA.check(without).results if result.element.id == "supplier")
    assert (supplier.status, supplier.adds is not None) == (Status.MISSING, True)
    named = {"authors": ("Jo Doe <jo@acme.example>", "ACME Inc"), "supplier": "ACME Inc <sbom@acme.example>"}
    bom = bom_of(document_of(written(form, version, **named), "x"))
    assert [(author.name, author.email) for author in bom.authors] == [("Jo Doe", "jo@acme.example"), ("ACME Inc", None)]
    assert bom.subject is not None
    assert bom.subject.supplier is not None
    assert (bom.subject.supplier.name, bom.subject.supplier.email) == ("ACME Inc", "sbom@acme.example")
    (supplier,) = (result for result in NTIA.check(bom).results if result.element.id == "supplier")
    assert (supplier.status, supplier.adds) == (Status.IMPOSSIBLE, None)


@pytest.mark.parametrize("profile", PROFILES)
def test_every_form_of_an_image_gives_the_same_elements(profile: Any) -> None:
    """But for identifiers: CycloneDX has SWID for the operating system; and what BSI says of the format itself."""
    found = {}
    for form, version in FORMS:
        if version in {"1.6", "1.7", "2.3", "3.0.1"}:
            checked = profile.check(bom_of(document_of(written(form, version, timestamp="2024-01-01T00:00:00Z"), "x")))
            found[form, version] = {
                result.element.id: (result.status, sorted(component.name for component in result.missing))
                for result in checked.results
                if result.element.id not in {"identifier", "other_identifiers", "format"}
            }
    first, *others = found.values()
    assert all(other == first for other in others)


def test_the_command_says_it_in_json_and_by_its_exit_code(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_bytes(written("cyclonedx-json"))
    for profile in PROFILES:
        ran = run("sbomgen", "check", file, "--profile", profile.name, "-o", "json")
        jsonschema.validate(ran.json, SCHEMA)
        assert (ran.code, ran.json["conforms"], len(ran.json["elements"])) == (1, False, len(profile.elements))
    table = run("sbomgen", "check", file).text
    assert re.search(r"missing +Author of the SBOM .* added by sbomgen scan --author", table)
    assert "does not conform to NTIA" in table
    file.write_bytes(b'{"bomFormat": "CycloneDX",')
    ran = run("sbomgen", "check", file)
    assert (ran.code, "a.json: line 1, column" in ran.stderr) == (3, True)


def test_an_author_from_the_environment_may_have_blanks(corpus: Path, tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    ran = run(
        "sbomgen", corpus / "archives" / "alpine-3.20.tar", "-q", "-o", f"spdx-json={file}", env={"SBOMGEN_AUTHOR": "Jo Doe\nACME Inc"}
    )
    assert ran.code == 0
    assert [author.name for author in bom_of(read_document(str(file))).authors] == ["Jo Doe", "ACME Inc"]


def test_an_empty_image_is_judged_too() -> None:
    writer = next(writer for writer in WRITERS if writer.name == "spdx-json")
    bom = bom_of(document_of(writer.write(inventory(distro=None), WriteOptions(tool_version="1.0")), "x"))
    assert statuses(NTIA.check(bom))["dependency_relationship"] is Status.MET


PEER_ELEMENTS = {
    "component_name": "components_without_names",
    "component_version": "components_without_versions",
    "supplier": "components_without_suppliers",
}


@pytest.mark.peer
def test_ntia_elements_are_those_of_ntia_conformance_checker(shared_data: Path) -> None:
    """On SPDX 2 documents, where ours differs on purpose only.

    | element | ntia-conformance-checker | here | why |
    |---|---|---|---|
    | identifier | the SPDXID | PURL, CPE, SWID, … | an identifier that ends with the document looks nothing up in another database |
    | author | any creator, also a tool | a person or organisation | NTIA: the name of the entity that creates the SBOM data |
    | dependencies | one DESCRIBES of a package | every component is reached | NTIA: relationships of components |
    | time | any | another than 1970-01-01T00:00:00Z | that stands where the format demands one and none is known |
    | components | those that relations reach | all but source packages | what nothing reaches is delivered all the same |
    """
    checker = pytest.importorskip("ntia_conformance_checker")
    compared, differing = 0, []
    for path in sorted((shared_data / "sboms").rglob("*.json")):
        if path.stat().st_size > 100_000 or "invalid" in path.parts:
            continue
        try:
            document = read_document(str(path))
        except UnreadableError:
            continue
        theirs = checker.SbomChecker(str(path), validate=False) if document.format == "spdx-json" else None
        if theirs is None or theirs.doc is None:
            continue
        bom = bom_of(document)
        sources = {component.ref for component in bom.components if component.kind == "source"}
        for result in NTIA.check(bom).results:
            if name := PEER_ELEMENTS.get(result.element.id):
                ours = {component.ref for component in result.missing} & theirs.reachable_component_ids
                if ours != {spdx_id for _, spdx_id in getattr(theirs, name)} - sources:
                    differing.append((path.name, result.element.id))
        stated = statuses(NTIA.check(bom))
        assert theirs.doc_author or stated["sbom_author"] is Status.MISSING, path
        known = theirs.doc_timestamp and document.tree["creationInfo"]["created"] != "1970-01-01T00:00:00Z"
        assert known == (stated["timestamp"] is Status.MET), path
        compared += 1
    assert not differing
    assert compared > 100
