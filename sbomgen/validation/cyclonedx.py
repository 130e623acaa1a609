"""CycloneDX held against its official schemas, which cyclonedx-python-lib brings along.

JSON is judged by jsonschema-rs with the library's schemas: its own validator needs 40 s of CPU for 2,500 components, this one 0.1 s (a test
compares their verdicts). XML is judged by the library's validator, which is libxml2's.
"""

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from sbomgen.errors import UnreadableError
from sbomgen.sbom.document import Document
from sbomgen.validation.failure import Failure, libraries_needed, pointer_of, shortened

if TYPE_CHECKING:
    from jsonschema_rs import ValidationError

JSON_JUDGE = "the JSON schema of cyclonedx-python-lib, by jsonschema-rs"
XML_JUDGE = "the XML schema of cyclonedx-python-lib, by libxml2"

_SCHEMAS = "http://cyclonedx.org/schema"
_PARTS = ("spdx.SNAPSHOT.schema.json", "cryptography-defs.SNAPSHOT.schema.json", "jsf-0.82.SNAPSHOT.schema.json")
"""Schemas that the others refer to, by what they call them."""
_WITH_STRICT_FORM = {"1.2", "1.3"}
"""Versions whose schema comes also in a form that allows no unknown fields; later ones never do."""


def json_failures(document: Document) -> Iterator[Failure]:
    """What the schema of the document's version refuses."""
    with libraries_needed():
        import cyclonedx.schema
        from jsonschema_rs import Draft7Validator, Registry
    folder = Path(cyclonedx.schema.__file__).parent / "_res"
    strict = "-strict" if document.version in _WITH_STRICT_FORM else ""
    file = folder / f"bom-{document.version}{strict}.SNAPSHOT.schema.json"
    if not document.version.replace(".", "").isdigit() or not file.is_file():
        raise _unknown(document)
    registry = Registry([(f"{_SCHEMAS}/{name}", _schema(folder / name)) for name in _PARTS])
    validator = Draft7Validator(_schema(file), registry=registry, validate_formats=True)
    return (_failure(error) for error in validator.iter_errors(document.tree))


def _schema(file: Path) -> Any:
    return msgspec.json.decode(file.read_bytes())


def _failure(error: "ValidationError") -> Failure:
    return Failure(shortened(error.message), pointer_of(list(error.instance_path)))


def xml_failures(document: Document) -> Iterator[Failure]:
    """What the schema of the document's version refuses."""
    with libraries_needed():
        import_module("lxml.etree")  # the library asks for it only when it is used
        from cyclonedx.schema import SchemaVersion
        from cyclonedx.validation.xml import XmlValidator
    try:
        validator = XmlValidator(SchemaVersion.from_version(document.version))
    except ValueError as exc:
        raise _unknown(document) from exc
    errors = validator.validate_str(document.text.decode(), all_errors=True)
    return (Failure(shortened(error.data.message), line=error.data.line) for error in errors or ())


def _unknown(document: Document) -> UnreadableError:
    version = document.version or "without a version"
    return UnreadableError(f"{document.path}: cyclonedx-python-lib has no schema for CycloneDX {version} in this form")
