"""spdx-tools as the judge of SPDX 2 documents."""

import contextlib
import io
from typing import Any

import msgspec
from spdx_tools.spdx.parser.jsonlikedict.json_like_dict_parser import JsonLikeDictParser
from spdx_tools.spdx.parser.tagvalue.parser import Parser
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document


def judged(document: bytes) -> Any:
    """The document, JSON or tag-value, as spdx-tools reads it; it has nothing to say against it."""
    read = _from_json(document) if document.startswith(b"{") else _from_tag_value(document)
    messages = validate_full_spdx_document(read)
    assert not [(message.validation_message, message.context.spdx_id) for message in messages]
    return read


def _from_json(document: bytes) -> Any:
    parser: Any = JsonLikeDictParser  # the library has no types for it
    return parser().parse(msgspec.json.decode(document))


def _from_tag_value(document: bytes) -> Any:
    parser: Any = Parser
    with contextlib.redirect_stderr(io.StringIO()):  # it tells about the tables that it makes
        return parser().parse(document.decode())
