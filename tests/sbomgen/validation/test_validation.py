import sys
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

import sbomgen
from sbomgen.documents import WRITERS, WriteOptions
from sbomgen.errors import UnreadableError, UsageError
from sbomgen.sbom.document import document_of, read_document
from sbomgen.validation import FAILURES_LIMIT, Failure, validate
from sbomgen.validation.failure import MESSAGE_LIMIT_CHARACTERS, shortened
from tests.support.inventories import alpine_inventory
from tests.support.run import run
from tests.support.spdx import against_shapes

SCHEMA = msgspec.json.decode((Path(sbomgen.__file__).parent / "schemas" / "validate-1.schema.json").read_bytes())
NONE_ELEMENT = "https://spdx.org/rdf/3.0.1/terms/Core/NoneElement"
FORMS = [(writer.name, version) for writer in WRITERS for version in writer.versions]


def written(form: str, version: str | None = None) -> bytes:
    writer = next(writer for writer in WRITERS if writer.name == form)
    return writer.write(alpine_inventory(), WriteOptions(tool_version="1.0", version=version, all_layers=True))


def failures(text: bytes) -> tuple[Failure, ...]:
    return validate(document_of(text, "x")).failures


@pytest.mark.parametrize(("form", "version"), FORMS)
def test_what_sbomgen_writes_is_valid(form: str, version: str) -> None:
    document = document_of(written(form, version), "x")
    assert (document.format, document.version) == (form, version)
    assert validate(document).failures == ()


def changed(form: str, change: Any) -> bytes:
    tree = msgspec.json.decode(written(form))
    change(tree)
    return msgspec.json.encode(tree)


@pytest.mark.parametrize(
    ("form", "change", "pointer", "said"),
    [
        ("cyclonedx-json", lambda tree: tree["components"][1].update(version=3), "/components/1/version", "string"),
        ("cyclonedx-json", lambda tree: tree["dependencies"][0].pop("ref"), "/dependencies/0", "ref"),
        ("cyclonedx-json", lambda tree: tree["metadata"].update(timestamp="today"), "/metadata/timestamp", "date-time"),
        ("cyclonedx-json", lambda tree: tree.update(unknown=1), "", "unknown"),
        ("spdx-json", lambda tree: tree["packages"][2].update(downloadLocation="no url"), "/packages/2", "no url"),
        ("spdx-json", lambda tree: tree.update(documentNamespace="a#b"), "", "a#b"),
        ("spdx3-json", lambda tree: tree["@graph"][4].update(nonsense=1), "/@graph/4", "nonsense"),
        ("spdx3-json", lambda tree: tree["@graph"][1].pop("creationInfo"), "/@graph/1", "required"),
        ("spdx3-json", lambda tree: tree["@graph"].append(tree["@graph"][1]), None, "stands twice"),
        ("spdx3-json", lambda tree: tree["@graph"][-1]["element"].append("urn:other"), None, "neither in the document nor imported"),
        ("spdx3-json", lambda tree: tree["@graph"][0]["createdBy"].append("urn:other"), "/@graph/0/createdBy/1", "neither in the document"),
        ("spdx3-json", lambda tree: tree["@graph"][-1].update(dataLicense="_:creationInfo"), None, "AnyLicenseInfo is due"),
        ("spdx3-json", lambda tree: tree["@graph"][-1].update(dataLicense=NONE_ELEMENT), None, "of class Individ"),
    ],
)  # fmt: skip
def test_failures_name_their_place_in_json(form: str, change: Any, pointer: str | None, said: str) -> None:
    found = failures(changed(form, change))
    assert [failure for failure in found if said in failure.message and pointer in {None, failure.pointer}], found
    assert all(failure.pointer is not None for failure in found)


@pytest.mark.parametrize(("licence", "is_valid"), [("Apache-2.0+", True), ("MIT AND MPL-1.1+", True), ("Nonsense-1.0+", False)])
def test_or_later_is_said_of_every_identifier(licence: str, is_valid: bool) -> None:
    found = failures(changed("spdx-json", lambda tree: tree["packages"][2].update(licenseDeclared=licence)))
    assert (found == ()) is is_valid, found


def test_failures_name_their_line_in_other_forms() -> None:
    broken = written("cyclonedx-xml").replace(b'type="library"', b'type="thing"', 1)
    line = broken[: broken.index(b'"thing"')].count(b"\n") + 1
    assert {failure.line for failure in failures(broken)} == {line}
    broken = written("spdx-tag-value").replace(b"PackageDownloadLocation: NOASSERTION", b"PackageDownloadLocation: no url", 1)
    (failure,) = failures(broken)
    package = failure.message.split(":")[0]
    assert broken.splitlines()[(failure.line or 0) - 1].decode() == f"SPDXID: {package}"
    broken = written("spdx-tag-value").replace(b"FilesAnalyzed: false", b"FilesAnalyzed: perhaps", 1)
    assert "perhaps" in failures(broken)[0].message


def test_failures_are_bounded() -> None:
    text = msgspec.json.encode({"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [{}] * (FAILURES_LIMIT + 1)})
    judged = validate(document_of(text, "x"))
    assert (len(judged.failures), judged.more) == (FAILURES_LIMIT, True)
    assert len(shortened("x" * 10_000)) < MESSAGE_LIMIT_CHARACTERS + 10


@pytest.mark.parametrize(
    "text",
    [
        b'{"bomFormat": "CycloneDX", "specVersion": "9.9"}',
        b'{"bomFormat": "CycloneDX", "specVersion": "../1.6"}',
        b'<bom xmlns="http://cyclonedx.org/schema/bom/9.9"/>',
        b"SPDXVersion: SPDX-2.1\n",
        b'{"@context": "https://spdx.org/rdf/3.9.9/spdx-context.jsonld", "@graph": []}',
    ],
)
def test_a_version_that_no_library_knows_is_not_judged(text: bytes) -> None:
    with pytest.raises(UnreadableError):
        failures(text)


@pytest.mark.parametrize(
    ("form", "library"),
    [
        ("cyclonedx-json", "cyclonedx.schema"),
        ("cyclonedx-json", "jsonschema_rs"),
        ("cyclonedx-xml", "lxml.etree"),
        ("spdx-json", "spdx_tools.spdx.parser.error"),
        ("spdx3-json", "spdx_python_model"),
    ],
)
def test_a_missing_library_is_told_with_how_to_get_it(form: str, library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(UsageError, match=r"pip install 'sbompair\[validate\]'"):
        failures(written(form))


def test_the_command_says_it_in_json_and_by_its_exit_code(tmp_path: Path) -> None:
    good, bad, none = tmp_path / "good.json", tmp_path / "bad.json", tmp_path / "none.json"
    good.write_bytes(written("cyclonedx-json"))
    bad.write_bytes(changed("cyclonedx-json", lambda tree: tree.update(version="one")))
    none.write_bytes(b"{}")
    ran = run("sbomgen", "validate", str(good), str(bad), str(none), "-o", "json")
    jsonschema.validate(ran.json, SCHEMA)
    assert [one["valid"] for one in ran.json["documents"]] == [True, False, None]
    assert ran.json["documents"][1]["failures"][0]["pointer"] == "/version"
    assert ran.code == 1
    assert "none.json" in ran.stderr
    assert run("sbomgen", "validate", str(good)).code == 0
    assert run("sbomgen", "validate", str(good), str(none)).code == 5
    assert run("sbomgen", "validate", str(none)).code == 3
    table = run("sbomgen", "validate", str(good), str(bad)).text
    assert "good.json: valid cyclonedx-json 1.6" in table
    assert "/version" in table


@pytest.mark.long
def test_verdicts_on_cyclonedx_json_are_those_of_the_library(shared_data: Path) -> None:
    """jsonschema-rs judges by the library's schemas; the library's own validator is as right, and slow."""
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    compared = 0
    for path in sorted((shared_data / "sboms").rglob("*.json")):
        if path.stat().st_size > 100_000:
            continue
        try:
            document = read_document(str(path))
            ours = not validate(document).failures if document.format == "cyclonedx-json" else None
        except UnreadableError:
            continue
        if ours is not None:
            theirs = JsonStrictValidator(SchemaVersion.from_version(document.version)).validate_str(document.text.decode()) is None
            assert ours == theirs, path
            compared += 1
    assert compared > 100


def references(tree: Any) -> list[tuple[dict[str, Any], str]]:
    """Each kind of property that names elements, once."""
    found = {}
    for element in tree["@graph"]:
        for key in (
            "createdBy",
            "createdUsing",
            "element",
            "from",
            "originatedBy",
            "rootElement",
            "subject",
            "suppliedBy",
            "to",
            "dataLicense",
        ):
            if key in element:
                found[element["type"], key] = (element, key)
    return list(found.values())


@pytest.mark.long
def test_what_an_element_names_is_judged_as_by_the_shapes(shared_data: Path) -> None:
    """Every property that names elements, given elements of several classes in turn."""
    tree = msgspec.json.decode(written("spdx3-json"))
    examples = {
        element["type"]: element.get("spdxId", element.get("@id"))
        for element in tree["@graph"]
        if element["type"] in {"CreationInfo", "Tool", "Organization", "software_Package", "simplelicensing_LicenseExpression"}
    }
    verdicts = []
    for element, key in references(tree):
        before = element[key]
        for name in examples.values():
            element[key] = [name] if isinstance(before, list) else name
            text = msgspec.json.encode(tree)
            verdicts.append((key, name, not failures(text), not against_shapes(text, shared_data / "schemas")))
        element[key] = before
    assert {ours for _, _, ours, _ in verdicts} == {True, False}
    assert [verdict for verdict in verdicts if verdict[2] != verdict[3]] == []


@pytest.mark.long
def test_verdicts_on_spdx_3_are_those_of_the_shapes(shared_data: Path) -> None:
    """But for identifiers: the shapes do not know imported elements, nor what stands twice or nowhere."""
    judged = 0
    for file in sorted((shared_data / "sboms").rglob("*.json*")):
        text = file.read_bytes()
        if b"/3.0.1/spdx-context.jsonld" not in text[:5_000]:
            continue
        ours = [failure.message for failure in failures(text)]
        theirs = against_shapes(text, shared_data / "schemas")
        assert not ours or theirs or all("stands twice" in one or "neither in the document" in one for one in ours), file
        assert ours or all(one.startswith("Value does not have class") for one in theirs), file
        assert ours or not theirs or b"externalSpdxId" in text or b"spdx.org/licenses" in text, file
        judged += 1
    assert judged > 60
