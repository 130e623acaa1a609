"""CycloneDX JSON, 1.2 to 1.7 (and what calls itself 1.0 or 1.1)."""

from sbommatch.sbom._cyclonedx import Bom, cyclonedx_document
from sbommatch.sbom._lenient import decode
from sbommatch.sbom._reader import Opening, Source
from sbommatch.sbom.component import Document


class CycloneDxJson:
    """Reads CycloneDX JSON."""

    format = "cyclonedx-json"

    def recognises(self, opening: Opening) -> bool:
        """By `bomFormat`, which the specification demands."""
        return opening.head is not None and bytes(opening.head.bom_format) == b'"CycloneDX"'

    def read(self, source: Source) -> Document:
        """See `Reader.read`."""
        return cyclonedx_document(decode(source, Bom), source, self.format)
