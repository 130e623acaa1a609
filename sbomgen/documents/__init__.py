"""The documents that sbomgen writes, one file per format."""

from sbomgen.documents._writer import LossyWriter, WriteOptions, Writer, document_time
from sbomgen.documents.cyclonedx import CycloneDxJson, CycloneDxXml
from sbomgen.documents.purls import Purls
from sbomgen.documents.spdx import SpdxJson
from sbomgen.documents.table import Table

__all__ = ["WRITERS", "LossyWriter", "WriteOptions", "Writer", "document_time"]

WRITERS: tuple[Writer, ...] = (
    Table(),
    CycloneDxJson(),
    CycloneDxXml(),
    SpdxJson(),
    Purls(),
)
