"""CycloneDX XML, 1.0 to 1.7: https://cyclonedx.org/docs/1.7/xml/."""

from sbommatch.sbom._cyclonedx import Bom, cyclonedx_document
from sbommatch.sbom._reader import Opening, Source
from sbommatch.sbom.component import Document

_NAMESPACE = "cyclonedx.org/schema/bom/"
"""Before the version; after `http://`, as a rule."""

_WRAPPERS = {
    "components": "component",
    "services": "service",
    "properties": "property",
    "occurrences": "occurrence",
    "dependencies": "dependency",
}
"""The lists that are read, and the elements in each."""


class CycloneDxXml:
    """Reads CycloneDX XML."""

    format = "cyclonedx-xml"

    def recognises(self, opening: Opening) -> bool:
        """By the namespace, which has the version in it."""
        return opening.is_xml and _NAMESPACE.encode() in opening.beginning

    def read(self, source: Source) -> Document:
        """See `Reader.read`."""
        from sbommatch.sbom._xml import decode_xml

        namespace, bom = decode_xml(source, Bom, _WRAPPERS)
        bom.spec_version = namespace.partition(_NAMESPACE)[2] or None
        return cyclonedx_document(bom, source, self.format)
