"""SBOMs of any producer, read into components. Add a format: a module with a `Reader`, a line in `READERS`, a test."""

from sbommatch.sbom._reader import Reader
from sbommatch.sbom.cyclonedx_json import CycloneDxJson
from sbommatch.sbom.cyclonedx_xml import CycloneDxXml
from sbommatch.sbom.spdx3_json import Spdx3Json
from sbommatch.sbom.spdx_json import SpdxJson
from sbommatch.sbom.spdx_rdf import SpdxRdf
from sbommatch.sbom.spdx_tag_value import SpdxTagValue
from sbommatch.sbom.spdx_xml import SpdxXml
from sbommatch.sbom.spdx_yaml import SpdxYaml
from sbommatch.sbom.syft_json import SyftJson

READERS: tuple[Reader, ...] = (
    CycloneDxJson(),
    CycloneDxXml(),
    SpdxJson(),
    SpdxTagValue(),
    SpdxYaml(),
    SpdxXml(),
    SpdxRdf(),
    Spdx3Json(),
    SyftJson(),
)
