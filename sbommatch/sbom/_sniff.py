"""What a file is that no reader recognises: a known format of SBOM that cannot be read yet, or no SBOM at all."""

import re

from msgspec import Struct

from sbommatch.sbom._reader import Head

_HEAD_BYTES = 65_536
"""How much of a file is looked at: comments and licence texts may stand before what tells."""

_QUOTED_CHARACTERS = 40
"""How much of an unknown file a message quotes."""


class Refused(Struct, frozen=True):
    """A format that is recognised and not read."""

    name: str
    advice: str


_CYCLONEDX_XML = Refused("CycloneDX XML", "convert it first: `cyclonedx convert --input-file FILE --output-file FILE.cdx.json`")
_SPDX_TEXTS = "convert it first: `pyspdxtools --infile FILE --outfile FILE.spdx.json`"
_SPDX_TAG_VALUE = Refused("SPDX tag-value", _SPDX_TEXTS)
_SPDX_YAML = Refused("SPDX YAML", _SPDX_TEXTS)
_SPDX_RDF = Refused("SPDX RDF", _SPDX_TEXTS)
_SPDX_XML = Refused("SPDX XML", _SPDX_TEXTS)
_SPDX_3 = Refused("SPDX 3 JSON-LD", "let its producer write SPDX 2.3 JSON or CycloneDX JSON")
_SPDX_LD = Refused("SPDX JSON-LD", "let its producer write SPDX 2.3 JSON or CycloneDX JSON")
_SYFT = Refused("Syft JSON", "convert it first: `syft convert FILE -o cyclonedx-json`")
_TRIVY = Refused("Trivy JSON", "convert it first: `trivy convert --format cyclonedx FILE`")
_IN_TOTO = Refused("in-toto statements", "take the SBOM out of it: `jq .predicate FILE`")
_DSSE = Refused("DSSE envelopes", "take the SBOM out of it: `jq -r .payload FILE | base64 -d | jq .predicate`")
_GITHUB = Refused("GitHub's wrapper", "take the SBOM out of it: `jq .sbom FILE`")

_TAG_VALUE_LINE = re.compile(rb"^[ \t]*SPDXVersion:", re.MULTILINE)
_YAML_LINE = re.compile(rb"^[\"']?(SPDXID|spdxVersion)[\"']?[ \t]*:", re.MULTILINE)
_XML_ROOT = re.compile(rb"<([A-Za-z_][\w.:-]*)")
_FIRST_MEMBER = re.compile(rb'\s*\{\s*"([^"\\]*)"')

_MAGICS: tuple[tuple[int, bytes, str], ...] = (
    (257, b"ustar", "a tar archive (`sbomgen` makes the SBOM of an image)"),
    (0, b"PK\x03\x04", "a ZIP archive"),
    (0, b"\x1f\x8b", "compressed with gzip"),
    (0, b"\x28\xb5\x2f\xfd", "compressed with zstd"),
    (0, b"\x7fELF", "an ELF binary"),
    (0, b"%PDF-", "a PDF"),
)
"""Offset, bytes, what they tell."""


def refused_json(head: Head) -> Refused | None:
    """The format of a JSON object that no reader recognises, by its members; None where it is unknown."""
    if head.context or head.at_type:
        return _SPDX_3 if b"spdx.org/rdf/3" in bytes(head.context) else _SPDX_LD if b"spdx" in bytes(head.at_type) else None
    if head.artifacts and head.descriptor:
        return _SYFT
    if head.artifact_name:
        return _TRIVY
    if head.predicate_type:
        return _IN_TOTO
    if head.payload_type:
        return _DSSE
    return _GITHUB if head.sbom else None


def refused_text(data: bytes) -> Refused | None:
    """The format of a text that is no JSON; None where it is unknown."""
    beginning = data[:_HEAD_BYTES]
    if beginning.lstrip().startswith(b"<"):
        return _refused_xml(beginning)
    if _TAG_VALUE_LINE.search(beginning):
        return _SPDX_TAG_VALUE
    return _SPDX_YAML if _YAML_LINE.search(beginning) else None


def _refused_xml(beginning: bytes) -> Refused | None:
    if b"cyclonedx.org/schema/bom" in beginning:
        return _CYCLONEDX_XML
    if b"spdx.org/rdf/terms" in beginning:
        return _SPDX_RDF
    return _SPDX_XML if b"<SPDXID>" in beginning or b"<spdxVersion>" in beginning else None


def described(data: bytes, head: Head | None = None) -> str:
    """What a file is that is no SBOM, for a message: `a JSON object whose first member is 'name'`, `an ELF binary`."""
    if head and head.bom_format:
        return f"a JSON object whose bomFormat is {_quoted(bytes(head.bom_format))}"
    for offset, magic, what in _MAGICS:
        if data.startswith(magic, offset):
            return what
    beginning = data[:_HEAD_BYTES].lstrip()
    if match := _FIRST_MEMBER.match(beginning):
        return f"a JSON object without bomFormat or spdxVersion, whose first member is {_quoted(match[1])}"
    if beginning.startswith(b"{"):
        return "a JSON object without bomFormat or spdxVersion"
    if beginning.startswith(b"["):
        return "a JSON array"
    if beginning.startswith(b"<"):
        root = _XML_ROOT.search(beginning)
        return f"XML or HTML with the root element {_quoted(root[1])}" if root else "XML"
    if b"\x00" in beginning:
        return "binary data"
    return f"a text that begins with {_quoted(beginning)}"


def _quoted(text: bytes) -> str:
    """Quoted, control characters escaped, bounded."""
    characters = text[: 4 * _QUOTED_CHARACTERS].decode("utf-8", "replace")
    return repr(characters if len(characters) <= _QUOTED_CHARACTERS else f"{characters[:_QUOTED_CHARACTERS]}…")
