"""CycloneDX 1.4 to 1.7, JSON and XML: each valid by the official schemas, both forms of a version the same to another library's reader."""

import xml.etree.ElementTree as ET
from typing import Any

import msgspec
import pytest
from cyclonedx.model.bom import Bom
from cyclonedx.schema import SchemaVersion, schema
from cyclonedx.validation.json import JsonStrictValidator
from cyclonedx.validation.xml import XmlValidator
from hypothesis import given, settings
from hypothesis import strategies as st

from sbomgen.documents import LossyWriter, WriteOptions
from sbomgen.documents.cyclonedx import VERSION_LIMIT_CHARACTERS, CycloneDxJson, CycloneDxXml
from sbomgen.inventory import Inventory
from sbomgen.model import Distro, Hash, Package, SourcePackage, Technique
from sbomgen.purl import purl_of
from tests.support.inventories import alpine_inventory, apk, image, inventory, large_inventory, nested_inventory, tracked

pytestmark = pytest.mark.filterwarnings("ignore::cyclonedx.schema.deprecation.SchemaDeprecationWarning1Dot5")
"""1.4 has tools in no other form."""

VERSIONS = ("1.4", "1.5", "1.6", "1.7")
JSON_VALIDATORS = {version: JsonStrictValidator(SchemaVersion.from_version(version)) for version in VERSIONS}
XML_VALIDATORS = {version: XmlValidator(SchemaVersion.from_version(version)) for version in VERSIONS}
TIME = "2024-09-06T12:05:36Z"
NAMESPACE = "{http://cyclonedx.org/schema/bom/%s}"
DEBIAN = Distro("debian", "12", "Debian GNU/Linux 12 (bookworm)", "bookworm")


def written(whole: Inventory, version: str, timestamp: str | None = TIME) -> tuple[Any, bytes]:
    """The decoded JSON and the XML, both valid."""
    options = WriteOptions(tool_version="1.0", version=version, all_layers=True, timestamp=timestamp)
    in_json, in_xml = CycloneDxJson().write(whole, options), CycloneDxXml().write(whole, options)
    assert JSON_VALIDATORS[version].validate_str(in_json.decode()) is None
    assert XML_VALIDATORS[version].validate_str(in_xml.decode()) is None
    return msgspec.json.decode(in_json), in_xml


def same_to_another_reader(in_json: Any, in_xml: bytes, version: str) -> bool:
    """By what cyclonedx-python-lib makes of both, but for compositions, which it does not know."""
    read: Any = Bom
    view = getattr(schema, f"SchemaVersion{version.replace('.', 'Dot')}")
    return bool(read.from_json(in_json).as_json(view_=view) == read.from_xml(ET.fromstring(in_xml)).as_json(view_=view))


def compositions(in_xml: bytes, version: str) -> list[Any]:
    space = NAMESPACE % version
    lists = [f"{space}{of}/{space}{one}" for of, one in (("assemblies", "assembly"), ("dependencies", "dependency"))]
    return [
        (part.findtext(f"{space}aggregate"), *([each.get("ref") for each in part.findall(path)] for path in lists))
        for part in ET.fromstring(in_xml).iter(f"{space}composition")
    ]


def only(*packages: Package, distro: Distro | None = None) -> Inventory:
    return inventory([tracked(package, purl_of(package)) for package in packages], distro=distro)


def component(whole: Inventory, version: str) -> Any:
    return written(whole, version)[0]["components"][-1]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("whole", [alpine_inventory(), inventory(), inventory(distro=None), large_inventory(20), nested_inventory()])
def test_both_forms_are_valid_and_say_the_same(whole: Inventory, version: str) -> None:
    in_json, in_xml = written(whole, version)
    assert in_json["specVersion"] == version
    assert in_json["$schema"] == f"http://cyclonedx.org/schema/bom-{version}.schema.json"
    assert ET.fromstring(in_xml).tag == NAMESPACE % version + "bom"
    assert same_to_another_reader(in_json, in_xml, version)
    stated = [(part["aggregate"], part.get("assemblies", []), part["dependencies"]) for part in in_json["compositions"]]
    assert compositions(in_xml, version) == stated


@pytest.mark.parametrize(
    ("text", "other"),
    [
        (b"the musl c library", b"a c library"), (b"<location>app", b"<location>opt"), (b'"sbomgen:history"', b'"history"'),
        (b'"declared"', b'"concluded"'), (b">5c5c", b">5d5c"), (b"<dependency ref=", b"<dependency ref='x'/><dependency ref="),
    ],
)  # fmt: skip
def test_the_judge_of_both_forms_sees_a_difference(text: bytes, other: bytes) -> None:
    in_json, in_xml = written(alpine_inventory(), "1.6")
    assert text in in_xml
    assert not same_to_another_reader(in_json, in_xml.replace(text, other, 1), "1.6")


@pytest.mark.parametrize("version", VERSIONS)
def test_the_serial_number_is_that_of_both_forms_and_of_no_other_version(version: str) -> None:
    in_json, in_xml = written(alpine_inventory(), version)
    assert ET.fromstring(in_xml).get("serialNumber") == in_json["serialNumber"]
    others = [written(alpine_inventory(), other)[0]["serialNumber"] for other in VERSIONS if other != version]
    assert in_json["serialNumber"] not in others


@pytest.mark.parametrize("version", VERSIONS)
def test_xml_needs_no_time(version: str) -> None:
    assert b"<timestamp>" not in written(inventory(), version, timestamp=None)[1]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_version_has_what_it_has_a_place_for(version: str) -> None:
    in_json, _ = written(alpine_inventory(), version)
    metadata = in_json["metadata"]
    musl = next(part for part in in_json["components"] if part["name"] == "musl")
    assert ("lifecycles" in metadata) is (version >= "1.5")
    assert isinstance(metadata["tools"], list) is (version == "1.4")
    assert ("evidence" in musl) is (version >= "1.5")
    assert ("acknowledgement" in musl["licenses"][0]["license"]) is (version >= "1.6")
    if version >= "1.5":
        identity = musl["evidence"]["identity"]
        assert isinstance(identity, list) is (version == "1.7")
        stated = identity[0] if isinstance(identity, list) else identity
        assert ("concludedValue" in stated) is (version >= "1.6")
        assert ("additionalContext" in musl["evidence"]["occurrences"][0]) is (version >= "1.6")


@pytest.mark.parametrize("version", VERSIONS)
def test_files_are_stated_in_every_version(version: str) -> None:
    part = component(only(apk("demo", "1")), version)
    stated = [each["value"] for each in part["properties"] if each["name"] == "sbomgen:path"]
    stated += [each["location"] for each in part.get("evidence", {}).get("occurrences", ())]
    assert stated == ["lib/apk/db/installed"]


@pytest.mark.parametrize("version", VERSIONS)
def test_expressions_stand_among_licences_from_1_7_on(version: str) -> None:
    part = component(only(apk("demo", "1", licences=("MIT", "ISC and Zlib"))), version)
    declared = {"acknowledgement": "declared"} if version >= "1.6" else {}
    expression = {"expression": "ISC AND Zlib", **declared} if version == "1.7" else {"license": {"name": "ISC AND Zlib", **declared}}
    assert part["licenses"] == [{"license": {"id": "MIT", **declared}}, expression]


@pytest.mark.parametrize("version", VERSIONS)
def test_the_source_package_is_an_ancestor(version: str) -> None:
    source = SourcePackage("openssl", "3.0.11-1")
    deb = Package(type="deb", name="libssl3", raw_version="3.0.11-1+b1", arch="amd64", distro=DEBIAN, source=source)
    assert component(only(deb), version)["pedigree"]["ancestors"] == [
        {
            "type": "library", "name": "openssl", "version": "3.0.11-1",
            "purl": "pkg:deb/debian/openssl@3.0.11-1?arch=source&distro=debian-12",
        }
    ]  # fmt: skip
    unversioned = only(apk("libssl3", "3.3.2-r1", source=SourcePackage("openssl")))
    assert component(unversioned, version)["pedigree"] == {"ancestors": [{"type": "library", "name": "openssl"}]}
    assert "pedigree" not in component(only(apk("libssl3", "3.3.2-r1")), version)


def test_the_first_cpe_that_is_one_has_its_field_and_the_others_syft_s_property() -> None:
    cpes = ("openssl", *(f"cpe:2.3:a:{vendor}:openssl:3.0.7:*:*:*:*:*:*:*" for vendor in ("openssl", "debian", "not valid")))
    part = component(only(apk("openssl", "3.0.7", cpes=cpes)), "1.6")
    assert part["cpe"] == cpes[1]
    assert [each["value"] for each in part["properties"] if each["name"] == "syft:cpe23"] == [cpes[2]]
    assert "cpe" not in component(only(apk("openssl", "3.0.7", cpes=("openssl",))), "1.6")


@pytest.mark.parametrize("version", VERSIONS)
def test_a_version_longer_than_the_schema_s_limit_is_only_in_the_purl(version: str) -> None:
    longest = "1" * VERSION_LIMIT_CHARACTERS
    assert component(only(apk("demo", longest)), version)["version"] == longest
    part = component(only(apk("demo", longest + "1", source=SourcePackage("demo", longest + "1"))), version)
    assert "version" not in part
    assert longest + "1" in part["purl"]
    assert "version" not in written(inventory(distro=Distro("alpine", longest + "1")), version)[0]["components"][0]


def test_what_an_executable_says_of_itself_is_binary_analysis() -> None:
    package = apk("demo", "1", evidence=("usr/bin/demo",), technique=Technique.BINARY_ANALYSIS)
    noted = tracked(package, "pkg:apk/alpine/demo@1", cataloger="elf-note")
    assert component(inventory([noted]), "1.6")["evidence"]["identity"]["methods"][0]["technique"] == "binary-analysis"


def test_losses_are_said_of_each_version() -> None:
    writer = CycloneDxXml()
    assert isinstance(writer, LossyWriter)
    assert [len(writer.losses(version)) for version in VERSIONS] == [4, 2, 0, 0]
    assert writer.losses(None) == writer.losses("1.6")
    assert set(writer.losses("1.5")) < set(writer.losses("1.4"))


def test_markup_in_names_is_text() -> None:
    name = """</name>&amp;<!--"']]><![CDATA["""
    _, in_xml = written(only(apk(name, name, licences=(name,), description=name, evidence=(name,))), "1.6")
    space = NAMESPACE % "1.6"
    part = ET.fromstring(in_xml).findall(f"{space}components/{space}component")[-1]
    assert [part.findtext(f"{space}{tag}") for tag in ("name", "version", "description")] == [name] * 3
    assert part.findtext(f".//{space}location") == name


ANY_TEXT = st.one_of(
    st.text(st.characters(codec=None), min_size=1, max_size=8),
    st.text(st.sampled_from("ab()<>@.:/ +&;\"'\n\t\r\x00\x0b\udcff\ufffe\uffff"), min_size=1, max_size=9),
)


@settings(max_examples=15)
@given(texts=st.lists(ANY_TEXT, min_size=9, max_size=9), version=st.sampled_from(VERSIONS))
def test_whatever_an_image_says_both_forms_are_valid(texts: list[str], version: str) -> None:
    name, raw_version, supplier, licence, path, distro, tag, hint, cpe = texts
    package = Package(
        type="deb", name=name, raw_version=raw_version, supplier=supplier, licences=(licence, hint), evidence=(path,), cpes=(cpe,),
        source=SourcePackage(name, raw_version), homepage=f"https://{hint}", description=hint, hashes=(Hash("SHA-1", hint),),
        distro=Distro(distro, raw_version, name, hint, (hint,)),
    )  # fmt: skip
    found = tracked(package, purl_of(package))
    whole = inventory([found], distro=package.distro, image=image((hint,), references=(tag,)))
    in_json, in_xml = written(whole, version)
    values = [each["value"] for each in in_json["components"][-1]["properties"]]
    space = NAMESPACE % version
    part = ET.fromstring(in_xml).findall(f"{space}components/{space}component")[-1]
    assert [each.text or "" for each in part.findall(f"{space}properties/{space}property")] == values
