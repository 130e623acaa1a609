"""SPDX XML, 2.2 and 2.3: SPDX JSON as the Java tools turn it into XML, an element for each value of a list."""

from sbommatch.sbom._reader import Opening, Source
from sbommatch.sbom._spdx import RelatedSpdx, spdx2_document
from sbommatch.sbom.component import Document


class SpdxXml:
    """Reads SPDX 2 XML."""

    format = "spdx-xml"

    def recognises(self, opening: Opening) -> bool:
        """By elements that nothing else has; the order of the elements is not fixed."""
        return opening.is_xml and (b"<SPDXID>" in opening.beginning or b"<spdxVersion>" in opening.beginning)

    def read(self, source: Source) -> Document:
        """See `Reader.read`."""
        from sbommatch.sbom._xml import decode_xml

        _, spdx = decode_xml(source, RelatedSpdx, {})
        return spdx2_document(spdx, spdx.relationships or (), source, self.format)
