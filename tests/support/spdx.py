"""The judges of SPDX: spdx-tools of SPDX 2, the standard's SHACL shapes, by pyshacl, of SPDX 3."""

import contextlib
import io
import re
import warnings
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from spdx_tools.spdx.parser.jsonlikedict.json_like_dict_parser import JsonLikeDictParser
from spdx_tools.spdx.parser.tagvalue.parser import Parser
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

from sbomgen.validation.spdx2 import is_mistaken


def judged(document: bytes) -> Any:
    """The document, JSON or tag-value, as spdx-tools reads it; it has nothing to say against it in which it is not mistaken."""
    read = _from_json(document) if document.startswith(b"{") else _from_tag_value(document)
    messages = [message for message in validate_full_spdx_document(read) if not is_mistaken(message.validation_message)]
    assert not [(message.validation_message, message.context.spdx_id) for message in messages]
    return read


def _from_json(document: bytes) -> Any:
    parser: Any = JsonLikeDictParser  # the library has no types for it
    return parser().parse(msgspec.json.decode(document))


def _from_tag_value(document: bytes) -> Any:
    parser: Any = Parser
    with contextlib.redirect_stderr(io.StringIO()):  # it tells about the tables that it makes
        return parser().parse(document.decode())


def against_shapes(document: bytes, schemas: Path) -> list[str]:
    """What the shapes of SPDX 3.0.1 have against a document; `schemas` is the folder with the standard's files."""
    import pyshacl
    import rdflib

    shapes, context = _model(schemas)
    whole = {**msgspec.json.decode(document), "@context": context}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # rdflib's reader of JSON-LD uses what rdflib deprecates
        graph = rdflib.Graph().parse(data=msgspec.json.encode(whole), format="json-ld")
    conforming, _, report = pyshacl.validate(graph, shacl_graph=shapes, ont_graph=shapes)
    return [] if conforming else re.findall(r"Message: (.*)", str(report)) or [str(report)]


@cache
def _model(schemas: Path) -> tuple[Any, Any]:
    """The shapes, and the context that documents name."""
    import rdflib

    context = msgspec.json.decode((schemas / "spdx-3.0.1-spdx-context.jsonld").read_bytes())["@context"]
    return rdflib.Graph().parse(schemas / "spdx-3.0.1-spdx-model.ttl"), context
