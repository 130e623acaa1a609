"""SBOMs of any producer, read into components. Add a format: a module with a `Reader`, a line in `READERS`, a test."""

from sbommatch.sbom._reader import Reader
from sbommatch.sbom.cyclonedx import CycloneDxJson
from sbommatch.sbom.spdx import SpdxJson

READERS: tuple[Reader, ...] = (
    CycloneDxJson(),
    SpdxJson(),
)
