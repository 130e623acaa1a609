"""SPDX JSON, 2.1 to 2.3."""

from msgspec import Raw

from sbommatch.sbom._lenient import decode, decode_part
from sbommatch.sbom._reader import Opening, Problems, Source
from sbommatch.sbom._spdx import Relationship, Spdx, spdx2_document
from sbommatch.sbom.component import Document


class _SpdxJson(Spdx, gc=False):
    relationships: Raw = Raw(b"")
    """Mostly tens of thousands, of which a few are wanted."""


class SpdxJson:
    """Reads SPDX 2 JSON."""

    format = "spdx-json"

    def recognises(self, opening: Opening) -> bool:
        """By `spdxVersion`, or by the identifier that every SPDX 2 document has."""
        head = opening.head
        return head is not None and (bool(head.spdx_version) or bytes(head.spdx_id) == b'"SPDXRef-DOCUMENT"')

    def read(self, source: Source) -> Document:
        """See `Reader.read`."""
        spdx = decode(source, _SpdxJson)
        return spdx2_document(spdx, _relationships(spdx.relationships, source.problems), source, self.format)


def _relationships(relationships: Raw, problems: Problems) -> list[Relationship]:
    text = bytes(relationships)
    if not any(word in text for word in (b"DESCRIBE", b"GENERATED_FROM", b"ownership-by-file-overlap")):
        return []
    return decode_part(relationships, list[Relationship], "relationships", problems) or []
