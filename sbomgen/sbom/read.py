"""A document of any format → what it says."""

from typing import Any

from sbomgen.errors import UnreadableError, UsageError
from sbomgen.sbom import document as forms
from sbomgen.sbom.bom import Bom
from sbomgen.sbom.document import Document


def bom_of(document: Document) -> Bom:
    """What the document says. Wrong values within it are not there; raises `UnreadableError` where it is malformed as a whole."""
    if document.format in {forms.CYCLONEDX_JSON, forms.CYCLONEDX_XML}:
        from sbomgen.sbom.cyclonedx import cyclonedx_bom
        from sbomgen.sbom.cyclonedx_xml import cyclonedx_xml_tree

        tree = document.tree if document.format == forms.CYCLONEDX_JSON else cyclonedx_xml_tree(document.tree)
        return cyclonedx_bom(tree, document.format, document.version)
    if document.format == forms.SPDX3_JSON:
        from sbomgen.sbom.spdx3 import spdx3_bom

        return spdx3_bom(document.tree, document.format, document.version)
    from sbomgen.sbom.spdx2 import spdx2_bom

    tree = _spdx2_tree(document)
    if not isinstance(tree, dict):
        raise UnreadableError(f"{document.path}: is no object at its top")
    return spdx2_bom(tree, document.format, document.version)


def _spdx2_tree(document: Document) -> Any:
    match document.format:
        case forms.SPDX_TAG_VALUE:
            from sbomgen.sbom.spdx_tag_value import tag_value_tree

            return tag_value_tree(document.text.decode())
        case forms.SPDX_YAML:
            from sbomgen.sbom.yaml import yaml_tree

            return yaml_tree(document.text, document.path)
        case forms.SPDX_XML:
            from sbomgen.sbom.spdx_xml import spdx_xml_tree

            return spdx_xml_tree(document.tree)
        case forms.SPDX_RDF:
            return _rdf_tree(document)
    return document.tree


def _rdf_tree(document: Document) -> Any:
    """Through spdx-tools: RDF is a graph in many spellings, and this form is dying out."""
    try:
        from rdflib import Graph
        from spdx_tools.spdx.jsonschema.document_converter import DocumentConverter
        from spdx_tools.spdx.parser.rdf.rdf_parser import translate_graph_to_document
    except ImportError as exc:
        raise UsageError(f"{document.path}: RDF/XML is read by spdx-tools: pip install 'sbompair[validate]'") from exc
    from sbomgen.sbom.silence import silence, why_not

    graph = Graph()
    converter: Any = DocumentConverter  # the library has no types for it
    try:
        with silence():
            graph.parse(data=document.text.decode(), format="xml")
            return converter().convert(translate_graph_to_document(graph))
    except (Exception, SystemExit) as exc:  # the reader ends the process where it finds no document
        raise UnreadableError(f"{document.path}: spdx-tools does not read this RDF/XML: {why_not(exc)}") from exc
