import uuid
from typing import Any

import msgspec
import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import structs

from sbomgen.documents import WriteOptions
from sbomgen.documents.cyclonedx import CycloneDxJson
from sbomgen.inventory import Inventory
from sbomgen.model import Distro, EvidencePath, Hash, Package, Problem, ProblemCode, SourcePackage, Technique, TrackedPackage
from tests.support.inventories import alpine_inventory, apk, digest, image, inventory, large_inventory, nested_inventory, tracked

VALIDATOR = JsonStrictValidator(SchemaVersion.V1_6)
RHEL = Distro("rhel", "9.4", "Red Hat Enterprise Linux 9.4 (Plow)", "Plow", ("fedora",))


def written(whole: Inventory, **options: Any) -> Any:
    document = CycloneDxJson().write(whole, WriteOptions(tool_version="1.0", **options))
    assert VALIDATOR.validate_str(document.decode()) is None
    return msgspec.json.decode(document)


def component(whole: Inventory, name: str) -> Any:
    return next(part for part in written(whole, all_layers=True)["components"] if part["name"] == name)


def values(part: Any, name: str) -> list[str]:
    return [stated["value"] for stated in part["properties"] if stated["name"] == name]


def of(**fields: Any) -> Any:
    """The component of one Alpine package."""
    return component(inventory([tracked(apk("demo", "1.0-r0", **fields), "pkg:apk/alpine/demo@1.0-r0")]), "demo")


@pytest.mark.parametrize("all_layers", [False, True])
@pytest.mark.parametrize("whole", [alpine_inventory(), inventory(), inventory(distro=None), large_inventory(20)])
def test_documents_are_valid(whole: Inventory, all_layers: bool) -> None:
    written(whole, all_layers=all_layers, timestamp="2024-09-06T12:05:36Z")


def test_the_head_says_what_made_it_of_what_and_when() -> None:
    metadata = written(alpine_inventory(), timestamp="2024-09-06T12:05:36Z")["metadata"]
    assert metadata["timestamp"] == "2024-09-06T12:05:36Z"
    assert metadata["tools"] == {"components": [{"type": "application", "name": "sbomgen", "version": "1.0"}]}
    assert metadata["lifecycles"] == [{"phase": "post-build"}]
    assert metadata["component"]["type"] == "container"
    assert metadata["component"]["hashes"] == [{"alg": "SHA-256", "content": digest("manifest").removeprefix("sha256:")}]
    assert metadata["properties"] == [{"name": "syft:image:labels:team", "value": "blue"}]


def test_without_a_time_there_is_no_timestamp() -> None:
    assert "timestamp" not in written(inventory())["metadata"]


def test_the_serial_number_names_the_content() -> None:
    numbers = [
        written(alpine_inventory())["serialNumber"],
        written(alpine_inventory())["serialNumber"],
        written(alpine_inventory(), all_layers=True)["serialNumber"],
        written(inventory())["serialNumber"],
    ]
    assert numbers[0] == numbers[1]
    assert len(set(numbers)) == 3
    assert uuid.UUID(numbers[0].removeprefix("urn:uuid:")).version == 5


def test_components_are_the_system_and_then_packages_by_ref() -> None:
    components = written(alpine_inventory(), all_layers=True)["components"]
    refs = [part["bom-ref"] for part in components]
    assert refs[0] == "os:alpine@3.20.3"
    assert refs[1:] == sorted(refs[1:])
    assert len(set(refs)) == len(refs) == 7


def test_hidden_packages_stand_only_in_documents_of_all_layers_and_are_excluded() -> None:
    names = [part["name"] for part in written(alpine_inventory())["components"]]
    assert "curl" not in names
    curl = component(alpine_inventory(), "curl")
    assert curl["scope"] == "excluded"
    assert values(curl, "sbomgen:visible") == ["false"]
    assert "scope" not in component(alpine_inventory(), "musl")


def test_provenance_is_that_of_the_package_s_layer() -> None:
    ssl, layer = component(alpine_inventory(), "libssl3"), alpine_inventory().layers[1].layer
    assert values(ssl, "sbomgen:layer:index") == ["1"]
    assert values(ssl, "sbomgen:layer:diff_id") == values(ssl, "aquasecurity:trivy:LayerDiffID") == [layer.diff_id]
    assert values(ssl, "sbomgen:layer:digest") == values(ssl, "aquasecurity:trivy:LayerDigest") == [layer.digest]
    assert values(ssl, "sbomgen:history") == ["introduced 0 3.3.1-r0", "upgraded 1 3.3.2-r1 3.3.1-r0"]


def test_evidence_names_the_files_and_the_layers_that_wrote_them() -> None:
    package = tracked(
        apk("demo", "1"), "pkg:apk/alpine/demo@1", paths=(EvidencePath("lib/apk/db/installed", 1), EvidencePath("etc/apk/world", 0))
    )
    whole = inventory([package], image=image(("one", "two")))
    evidence = component(whole, "demo")["evidence"]
    assert evidence["occurrences"] == [
        {"location": "lib/apk/db/installed", "additionalContext": digest("layer 1")},
        {"location": "etc/apk/world", "additionalContext": digest("layer 0")},
    ]
    assert evidence["identity"] == {
        "field": "purl", "confidence": 1, "concludedValue": "pkg:apk/alpine/demo@1",
        "methods": [{"technique": "manifest-analysis", "confidence": 1, "value": "lib/apk/db/installed"}],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("technique", "confidence"), [(Technique.BINARY_ANALYSIS, 1), (Technique.HASH_COMPARISON, 1), (Technique.FILENAME, 0.5)]
)
def test_evidence_says_how_a_package_was_recognised(technique: Technique, confidence: float) -> None:
    found = Package(type="maven", name="a", raw_version="1", root="app", evidence=("app/a-1.jar",), technique=technique)
    identity = component(inventory([tracked(found, "pkg:maven/a@1")]), "a")["evidence"]["identity"]
    assert (identity["confidence"], identity["methods"]) == (
        confidence, [{"technique": technique.value, "confidence": confidence, "value": "app/a-1.jar"}],
    )  # fmt: skip


def test_a_package_without_files_has_no_evidence() -> None:
    assert "evidence" not in of(evidence=())


@pytest.mark.parametrize(
    ("licences", "expected"),
    [
        ((), None),
        (("", " "), None),
        (("mit",), [{"license": {"id": "MIT", "acknowledgement": "declared"}}]),
        (("MIT OR ISC",), [{"expression": "MIT OR ISC", "acknowledgement": "declared"}]),
        (("Apache-2.0+",), [{"expression": "Apache-2.0+", "acknowledgement": "declared"}]),
        (("BSD",), [{"license": {"name": "BSD", "acknowledgement": "declared"}}]),
        (
            ("MIT", "ISC and Zlib", "BSD", "MIT"),
            [
                {"license": {"id": "MIT", "acknowledgement": "declared"}},
                {"license": {"name": "ISC AND Zlib", "acknowledgement": "declared"}},
                {"license": {"name": "BSD", "acknowledgement": "declared"}},
            ],
        ),
        (
            ("\nMy licence \nYou may\x1b look.",),
            [{"license": {"name": "My licence", "text": {"content": "My licence \nYou may\\x1b look."}, "acknowledgement": "declared"}}],
        ),
    ],
)
def test_licences_are_identifiers_one_expression_or_names(licences: tuple[str, ...], expected: Any) -> None:
    assert of(licences=licences).get("licenses") == expected


def test_only_checksums_and_addresses_that_are_such_are_stated() -> None:
    sound = Hash("SHA-1", "AB" * 20)
    part = of(hashes=(sound, Hash("SHA-1", "ab"), Hash("CRC", "abcdef12")), homepage="https://example.org/")
    assert part["hashes"] == [{"alg": "SHA-1", "content": "ab" * 20}]
    assert part["externalReferences"] == [{"type": "website", "url": "https://example.org/"}]
    bare = of(hashes=(Hash("SHA-1", "ab"),), homepage="none")
    assert not {"hashes", "externalReferences"} & bare.keys()


def test_the_supplier_has_an_address_where_one_is_stated() -> None:
    part = of(supplier="Natanael Copa <ncopa@alpinelinux.org>")
    assert part["supplier"] == {"name": "Natanael Copa", "contact": [{"email": "ncopa@alpinelinux.org"}]}
    assert part["publisher"] == "Natanael Copa <ncopa@alpinelinux.org>"
    assert of(supplier=" Somebody ")["supplier"] == {"name": "Somebody"}
    assert "supplier" not in of(supplier=" ")
    assert not {"supplier", "publisher"} & of().keys()


def test_maven_s_group_stands_in_its_own_field() -> None:
    jar = Package(type="maven", name="org.apache:log4j", raw_version="2.0", root="app.jar", evidence=("app.jar",))
    assert component(inventory([tracked(jar, "pkg:maven/org.apache/log4j@2.0")]), "log4j")["group"] == "org.apache"


def test_the_graph_goes_from_the_image_over_the_system_to_packages() -> None:
    whole = alpine_inventory()
    document = written(whole, all_layers=True)
    graph = {part["ref"]: part["dependsOn"] for part in document["dependencies"]}
    refs = {found.package.name: found.ref for found in whole.packages}
    root = document["metadata"]["component"]["bom-ref"]
    assert graph[root] == ["os:alpine@3.20.3", refs["idna"], refs["Jinja2"]]
    assert graph["os:alpine@3.20.3"] == [refs["curl"], refs["libssl3"], refs["musl"], refs["py3-idna"]]
    assert graph[refs["py3-idna"]] == [refs["libssl3"], refs["musl"]]
    assert refs["musl"] not in graph, "nothing is known of its dependencies"
    assert values(component(whole, "idna"), "sbomgen:owned_by") == [refs["py3-idna"]]


@pytest.mark.parametrize(
    ("cataloger", "purl_type", "known"),
    [("dpkg", "deb", True), ("npm", "npm", True), ("python", "pypi", True), ("python", "cargo", False), ("golang", "golang", False)],
)
def test_an_empty_entry_says_that_a_package_depends_on_none_and_no_entry_that_nobody_knows(
    cataloger: str, purl_type: str, known: bool
) -> None:
    found = tracked(Package(type=purl_type, name="a", raw_version="1"), f"pkg:{purl_type}/a@1", cataloger=cataloger)
    whole = inventory([found])
    assert [entry for entry in written(whole)["dependencies"] if entry["ref"] == found.ref] == [{"ref": found.ref, "dependsOn": []}] * known
    lost = structs.replace(whole, problems=(Problem(ProblemCode.BAD_RECORD, "a", "b", loss=True),))
    assert [entry for entry in written(lost)["dependencies"] if entry["ref"] == found.ref] == []


def test_what_lies_in_another_package_stands_beside_it_and_names_it() -> None:
    whole = nested_inventory()
    refs = {found.package.name.removeprefix("org.example:"): found.ref for found in whole.packages}
    document = written(whole)
    assert {part["bom-ref"] for part in document["components"]} == {"os:debian@12", *refs.values()}
    holders = {part["bom-ref"]: values(part, "sbomgen:contained_by") for part in document["components"]}
    assert holders == {"os:debian@12": [], refs["libc6"]: [], refs["shop"]: [], refs["core"]: [refs["shop"]], refs["io"]: [refs["core"]]}
    graph = {part["ref"]: part["dependsOn"] for part in document["dependencies"][2:]}
    assert graph == {refs["libc6"]: [], refs["shop"]: [refs["core"]], refs["core"]: [refs["io"]]}
    (of_image, of_system) = document["compositions"]
    assert (of_image["aggregate"], of_image["assemblies"]) == ("unknown", [refs["core"], refs["shop"]])
    assert "assemblies" not in of_system
    lost = structs.replace(whole, problems=(LOSS,))
    assert [part["assemblies"] for part in written(lost)["compositions"] if part["aggregate"] == "incomplete"] == [of_image["assemblies"]]


def test_without_a_system_all_packages_hang_on_the_image() -> None:
    whole = msgspec.structs.replace(alpine_inventory(), distro=None)
    document = written(whole)
    assert document["dependencies"][0]["dependsOn"] == [found.ref for found in whole.packages if found.visible]
    assert all(part["type"] == "library" for part in document["components"])


def test_a_chroot_s_packages_stand_under_the_one_system() -> None:
    inner = tracked(apk("musl", "1", root="chroot", distro=Distro("wolfi")), "pkg:apk/wolfi/musl@1")
    document = written(inventory([inner]))
    assert [part["bom-ref"] for part in document["components"]] == ["os:alpine@3.20.3", inner.ref]
    assert document["dependencies"][1]["dependsOn"] == [inner.ref]


DEMO = (tracked(apk("demo", "1.0-r0"), "pkg:apk/alpine/demo@1.0-r0"),)
NOTE = Problem(ProblemCode.BAD_RECORD, "", "", loss=False)
LOSS = Problem(ProblemCode.LAYER_NOT_READ, "", "", loss=True)


@pytest.mark.parametrize(
    ("packages", "problems", "aggregates"),
    [
        (DEMO, (), {"unknown": 1, "complete": 1}),
        (DEMO, (NOTE,), {"unknown": 1, "complete": 1}),
        (DEMO, (LOSS,), {"incomplete": 2}),
        ((), (), {"unknown": 2}),
    ],
    ids=["a database", "a note", "a loss", "no database"],
)
def test_compositions_say_how_complete_the_document_is(
    packages: tuple[TrackedPackage, ...], problems: tuple[Problem, ...], aggregates: dict[str, int]
) -> None:
    compositions = written(inventory(packages, problems=problems))["compositions"]
    assert {part["aggregate"]: len(part["dependencies"]) for part in compositions} == aggregates


def test_the_system_is_named_for_trivy_and_identified_for_syft() -> None:
    system = written(inventory(distro=RHEL))["components"][0]
    assert (system["name"], system["version"], system["bom-ref"]) == ("redhat", "9.4", "os:rhel@9.4")
    assert system["swid"] == {"tagId": "rhel", "name": "rhel", "version": "9.4"}
    assert {stated["name"]: stated["value"] for stated in system["properties"]} == {
        "aquasecurity:trivy:Class": "os-pkgs",
        "aquasecurity:trivy:Type": "redhat",
        "syft:distro:id": "rhel",
        "syft:distro:idLike:0": "fedora",
        "syft:distro:prettyName": "Red Hat Enterprise Linux 9.4 (Plow)",
        "syft:distro:versionCodename": "Plow",
        "syft:distro:versionID": "9.4",
    }


def test_a_rolling_release_has_no_version() -> None:
    system = written(inventory(distro=Distro("arch")))["components"][0]
    assert system["bom-ref"] == "os:arch"
    assert "version" not in system
    assert "version" not in system["swid"]


@pytest.mark.parametrize(
    ("purl_type", "source", "trivy", "syft"),
    [
        ("apk", SourcePackage("openssl"), {"SrcName": "openssl"}, {"originPackage": "openssl"}),
        ("apk", SourcePackage("openssl", "3.1-r2"), {"SrcName": "openssl", "SrcVersion": "3.1-r2"}, {"originPackage": "openssl"}),
        (
            "deb", SourcePackage("attr", "1:2.5-4"),
            {"SrcName": "attr", "SrcVersion": "2.5", "SrcRelease": "4", "SrcEpoch": "1"}, {"source": "attr", "sourceVersion": "1:2.5-4"},
        ),
        ("deb", SourcePackage("apt", "2.6.1"), {"SrcName": "apt", "SrcVersion": "2.6.1"}, {"source": "apt", "sourceVersion": "2.6.1"}),
        ("deb", SourcePackage("apt"), {"SrcName": "apt"}, {"source": "apt"}),
        (
            "rpm", SourcePackage("bash", "0:5.1.8-6.el9"),
            {"SrcName": "bash", "SrcVersion": "5.1.8", "SrcRelease": "6.el9"}, {"sourceRpm": "bash-5.1.8-6.el9.src.rpm"},
        ),
        ("rpm", SourcePackage("bash"), {"SrcName": "bash"}, {}),
        (
            "alpm", SourcePackage("zlib", "1:1.3-2"),
            {"SrcName": "zlib", "SrcVersion": "1.3", "SrcRelease": "2", "SrcEpoch": "1"}, {"basepackage": "zlib"},
        ),
        ("rpm", None, {}, {}),
    ],
)  # fmt: skip
def test_source_packages_are_stated_as_trivy_and_syft_read_them(
    purl_type: str, source: SourcePackage | None, trivy: dict[str, str], syft: dict[str, str]
) -> None:
    package = Package(type=purl_type, name="demo", raw_version="1-1", distro=RHEL, source=source)
    part = component(inventory([tracked(package, f"pkg:{purl_type}/x/demo@1-1")], distro=RHEL), "demo")
    stated = {found["name"]: found["value"] for found in part["properties"]}
    assert {name.rpartition(":")[2]: value for name, value in stated.items() if name.startswith("aquasecurity:trivy:Src")} == trivy
    assert {name.rpartition(":")[2]: value for name, value in stated.items() if name.startswith("syft:metadata:")} == syft
    assert stated["aquasecurity:trivy:PkgType"] == "redhat"


def test_names_and_paths_that_are_no_utf8_are_written_as_hexadecimal() -> None:
    odd = b"n\xe4me\n".decode("utf-8", "surrogateescape")
    package = Package(type="pypi", name=odd, raw_version=odd, root=odd, evidence=(odd,), licences=(odd,), supplier=odd, description=odd)
    part = component(inventory([tracked(package, "pkg:pypi/x@1")]), "n\\xe4me\\x0a")
    assert part["version"] == part["evidence"]["occurrences"][0]["location"] == part["supplier"]["name"] == "n\\xe4me\\x0a"


ANY_TEXT = st.one_of(
    st.text(st.characters(codec=None), min_size=1, max_size=8),
    st.text(st.sampled_from("ab()<>@.:/ +\n"), min_size=1, max_size=9),
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(ANY_TEXT, min_size=8, max_size=8))
def test_whatever_an_image_says_the_document_is_valid(texts: list[str]) -> None:
    name, version, supplier, licence, path, distro, tag, hint = texts
    package = apk(
        name, version, supplier=supplier, licences=(licence,), evidence=(path,), source=SourcePackage(name, version), homepage=f"https://{hint}",
        description=hint, distro=Distro(distro, version, name, hint, (hint,)),
    )  # fmt: skip
    whole = inventory([tracked(package, "pkg:apk/alpine/x@1")], distro=package.distro, image=image((hint,), references=(tag,)))
    written(whole, all_layers=True)
