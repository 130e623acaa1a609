"""SPDX 2.2 and 2.3 in every form, judged by spdx-tools: its parsers, then its validator.

The judge is overruled where the standard says otherwise: it knows no `Apache-2.0+`.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

from sbomgen.errors import UnreadableError
from sbomgen.sbom import document as forms
from sbomgen.sbom.document import Document
from sbomgen.sbom.silence import silence, why_not
from sbomgen.sbom.spdx_xml import spdx_xml_tree
from sbomgen.sbom.yaml import yaml_tree
from sbomgen.validation.failure import Failure, libraries_needed, pointer_of, shortened

JUDGE = "the parser and validator of spdx-tools"
VERSIONS = ("2.2", "2.3")

_OR_LATER = re.compile(r"Unrecognized license reference: (\S+)\+\.")
_LINE = re.compile(r"[Ll]ine:? (\d+)")
_LISTS = ("packages", "files", "snippets", "hasExtractedLicensingInfos")


def failures(document: Document) -> Iterator[Failure]:
    """What the library refuses."""
    with libraries_needed():
        from spdx_tools.spdx.parser.error import SPDXParsingError
        from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document
    parse = _PARSERS[document.format]
    places = _Places(document)
    try:
        with silence():
            whole = parse(document)
    except SPDXParsingError as exc:
        return (places.failure(message, None) for message in list(exc.messages))
    except UnreadableError:
        raise
    except (Exception, SystemExit) as exc:  # its reader of RDF ends the process where it finds no document
        raise UnreadableError(f"{document.path}: the parser of spdx-tools breaks off: {why_not(exc)}") from exc
    messages = validate_full_spdx_document(whole)
    return (
        places.failure(message.validation_message, message.context.spdx_id or message.context.parent_id)
        for message in messages
        if not is_mistaken(message.validation_message)
    )


def is_mistaken(message: str) -> bool:
    """Of every identifier of the list the standard has this or a later version (SPDX 2.3, annex D.2: `license-id"+"`)."""
    unknown = _OR_LATER.match(message)
    if unknown is None:
        return False
    from license_expression import get_spdx_licensing

    return unknown[1] in get_spdx_licensing().known_symbols


class _Places:
    """Where elements stand: the judge names them by identifier."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._pointers: dict[str, str] = {}
        tree = document.tree if isinstance(document.tree, dict) else {}
        for key in _LISTS:
            for number, element in enumerate(tree.get(key) or ()):
                name = element.get("SPDXID") or element.get("licenseId") if isinstance(element, dict) else None
                if isinstance(name, str):
                    self._pointers.setdefault(name, pointer_of([key, number]))

    def failure(self, message: str, spdx_id: str | None) -> Failure:
        """The failure, with its place where that can be told."""
        said = shortened(message if spdx_id is None or spdx_id in message else f"{spdx_id}: {message}")
        if self._document.format == forms.SPDX_JSON:
            return Failure(said, self._pointers.get(spdx_id or "", "" if spdx_id == "SPDXRef-DOCUMENT" else None))
        stated = _LINE.search(message)
        return Failure(said, line=int(stated[1]) if stated else self._line(spdx_id))

    def _line(self, spdx_id: str | None) -> int | None:
        if spdx_id is None or self._document.format == forms.SPDX_RDF:
            return None
        found = re.search(
            rb"^\W*(?:SPDXID|LicenseID|licenseId)\W+" + re.escape(spdx_id.encode()) + rb"\b", self._document.text, re.MULTILINE
        )
        return self._document.text.count(b"\n", 0, found.start()) + 1 if found else None


def _from_json(document: Document) -> Any:
    return _from_tree(document.tree)


def _from_tree(tree: Any) -> Any:
    from spdx_tools.spdx.parser.jsonlikedict.json_like_dict_parser import JsonLikeDictParser

    parser: Any = JsonLikeDictParser  # the library has no types for it
    return parser().parse(tree)


def _from_yaml(document: Document) -> Any:
    return _from_tree(yaml_tree(document.text, document.path))


def _from_xml(document: Document) -> Any:
    return _from_tree(spdx_xml_tree(document.tree))


def _from_tag_value(document: Document) -> Any:
    from spdx_tools.spdx.parser.tagvalue.parser import Parser

    parser: Any = Parser
    return parser().parse(document.text.decode())


def _from_rdf(document: Document) -> Any:
    from rdflib import Graph
    from spdx_tools.spdx.parser.rdf.rdf_parser import translate_graph_to_document

    graph = Graph()
    graph.parse(data=document.text.decode(), format="xml")
    return translate_graph_to_document(graph)


_PARSERS: dict[str, Callable[[Document], Any]] = {
    forms.SPDX_JSON: _from_json,
    forms.SPDX_TAG_VALUE: _from_tag_value,
    forms.SPDX_YAML: _from_yaml,
    forms.SPDX_XML: _from_xml,
    forms.SPDX_RDF: _from_rdf,
}
