"""SPDX YAML, 2.2 and 2.3: SPDX JSON in YAML."""

import re

from sbommatch.sbom._reader import Opening, Source
from sbommatch.sbom._spdx import RelatedSpdx, spdx2_document
from sbommatch.sbom.component import Document

_MEMBER = re.compile(rb"^[\"']?(SPDXID|spdxVersion)[\"']?[ \t]*:", re.MULTILINE)


class SpdxYaml:
    """Reads SPDX 2 YAML."""

    format = "spdx-yaml"

    def recognises(self, opening: Opening) -> bool:
        """By members at the top; tag-value spells `spdxVersion` with capitals."""
        return opening.is_text and b"SPDXVersion:" not in opening.beginning and _MEMBER.search(opening.beginning) is not None

    def read(self, source: Source) -> Document:
        """See `Reader.read`."""
        from sbommatch.sbom._yaml import decode_yaml

        spdx = decode_yaml(source, RelatedSpdx)
        return spdx2_document(spdx, spdx.relationships or (), source, self.format)
