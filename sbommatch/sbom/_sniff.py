"""What a file is that no reader recognises: a known format of SBOM that cannot be read yet, or no SBOM at all."""

import re

from msgspec import Struct, json

from sbommatch.sbom._reader import Head, Opening

BEGINNING_BYTES = 65_536
"""How much of a file is looked at: comments and licence texts may stand before what tells."""

_BLANK = re.compile(rb"\s*")

_QUOTED_CHARACTERS = 40
"""How much of an unknown file a message quotes."""


class Refused(Struct, frozen=True):
    """A format that is recognised and not read."""

    name: str
    advice: str


_TRIVY = Refused("Trivy JSON", "convert it first: `trivy convert --format cyclonedx FILE`")
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


def opening_of(text: bytes) -> Opening:
    """What a document begins with. Raises `msgspec.DecodeError`, `RecursionError`, `UnicodeDecodeError` for malformed JSON."""
    blank = _BLANK.match(text)
    start = blank.end() if blank else 0
    head = json.decode(text, type=Head) if text.startswith(b"{", start) else None
    return Opening(text[start : start + BEGINNING_BYTES], head)


def refused(head: Head) -> Refused | None:
    """The format of a JSON object that no reader recognises, by its members; None where it is unknown."""
    return _TRIVY if head.artifact_name else None


def described(data: bytes, head: Head | None = None) -> str:
    """What a file is that is no SBOM, for a message: `a JSON object whose first member is 'name'`, `an ELF binary`."""
    if head and (head.at_type or head.at_id):
        return f"JSON-LD about something else: a {_quoted(bytes(head.at_type))}"
    if head and head.bom_format:
        return f"a JSON object whose bomFormat is {_quoted(bytes(head.bom_format))}"
    for offset, magic, what in _MAGICS:
        if data.startswith(magic, offset):
            return what
    beginning = data[:BEGINNING_BYTES].lstrip()
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
