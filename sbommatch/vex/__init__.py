"""VEX documents: what somebody says of vulnerabilities in products, one file a format."""

from sbommatch.vex._format import VexFormat
from sbommatch.vex.csaf import CsafVex
from sbommatch.vex.cyclonedx import CycloneDxVexJson, CycloneDxVexXml
from sbommatch.vex.openvex import OpenVex

__all__ = ["VEX_FORMATS", "VexFormat"]

VEX_FORMATS: tuple[VexFormat, ...] = (
    CsafVex(),
    CycloneDxVexJson(),
    CycloneDxVexXml(),
    OpenVex(),
)
