"""The documents that sbomgen writes, one file per format."""

from sbomgen.documents._writer import LossyWriter, WriteOptions, Writer, document_time
from sbomgen.documents.cyclonedx import CycloneDxJson, CycloneDxXml
from sbomgen.documents.purls import Purls
from sbomgen.documents.spdx import SpdxJson, SpdxTagValue
from sbomgen.documents.spdx3 import Spdx3Json
from sbomgen.documents.table import Table

__all__ = ["WRITERS", "LossyWriter", "WriteOptions", "Writer", "document_time"]

WRITERS: tuple[Writer, ...] = (
    Table(),
    CycloneDxJson(),
    CycloneDxXml(),
    SpdxJson(),
    SpdxTagValue(),
    Spdx3Json(),
    Purls(),
)
