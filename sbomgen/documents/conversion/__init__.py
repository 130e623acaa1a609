"""`sbomgen convert`: what one document says, written in another format, and what is lost on the way.

Reader → `Bom` → the typed models that scans are written with. Ours and not the libraries' converters: spdx-tools knows SPDX alone (and
versions of SPDX 3 before 3.0.1), cyclonedx-python-lib CycloneDX alone, at 49 s for 5,000 components; neither says what it drops.
"""

from collections.abc import Callable

from msgspec import Struct

from sbomgen.documents.conversion._cleaned import cleaned
from sbomgen.documents.conversion._losses import Losses
from sbomgen.documents.conversion.cyclonedx import cyclonedx_json, cyclonedx_xml
from sbomgen.documents.conversion.spdx2 import spdx_json, spdx_tag_value
from sbomgen.documents.conversion.spdx3 import spdx3_json
from sbomgen.sbom.bom import Bom

__all__ = ["CONVERTERS", "Converted", "convert"]

Converter = Callable[[Bom, str, str, Losses], bytes]
"""What a document says, the version of the format, our own version, and where losses are noted."""

CONVERTERS: dict[str, Converter] = {
    "cyclonedx-json": cyclonedx_json,
    "cyclonedx-xml": cyclonedx_xml,
    "spdx-json": spdx_json,
    "spdx-tag-value": spdx_tag_value,
    "spdx3-json": spdx3_json,
}
"""By the format's name, as `-o` has it."""


class Converted(Struct, frozen=True):
    """A document in another format."""

    document: bytes
    losses: tuple[str, ...]
    """What it does not say though the first one does, in words, with counts."""


def convert(bom: Bom, form: str, version: str, tool_version: str) -> Converted:
    """The document in a format and version that scans are written in."""
    losses = Losses(dict(bom.unread))
    document = CONVERTERS[form](cleaned(bom), version, tool_version, losses)
    return Converted(document, losses.told())
