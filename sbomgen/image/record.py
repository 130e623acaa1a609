"""The stored form of a layer's record: msgpack, by msgspec; never anything that can execute."""

from collections.abc import Sequence
from types import GenericAlias
from typing import Any

import msgspec
from msgspec import msgpack

from sbomgen.errors import UnreadableError
from sbomgen.evidence import Cataloger
from sbomgen.layerscan import LAYER_SCAN_FORMAT, FileFacts, LayerScan

_RAW_TEXT = 1
"""The msgpack extension for a text that is no Unicode: a name that is not UTF-8, held by surrogateescape; its bytes."""


def encode_scan(scan: LayerScan) -> bytes:
    """The stored form of a record."""
    try:
        return msgpack.encode(scan)
    except UnicodeEncodeError:
        return msgpack.encode(_escaped(msgspec.to_builtins(scan, builtin_types=(bytes, bytearray), str_keys=False)))


def decode_scan(content: bytes, catalogers: Sequence[Cataloger]) -> LayerScan:
    """The record, with the facts of these catalogers as their own types; those of others are left out.

    Raises `UnreadableError` where the content is no such record, or one of another format.
    """
    types = {cataloger.name: GenericAlias(tuple, (cataloger.fact_type, ...)) for cataloger in catalogers}
    try:
        scan = _decode(content)
        facts = {name: tuple(_typed(file, types[name]) for file in files) for name, files in scan.facts.items() if name in types}
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as exc:
        raise UnreadableError(f"a stored layer record cannot be read: {exc}; clear the cache") from exc
    if scan.format != LAYER_SCAN_FORMAT:
        raise UnreadableError(f"a stored layer record has format {scan.format}, this release reads {LAYER_SCAN_FORMAT}; clear the cache")
    return msgspec.structs.replace(scan, facts=facts)


def _decode(content: bytes) -> LayerScan:
    """The record, its facts still builtin values; by way of builtin values altogether where one of its own texts is an extension."""
    try:
        return msgpack.decode(content, type=LayerScan, ext_hook=_raw_text)
    except msgspec.ValidationError:
        return msgspec.convert(msgpack.decode(content, ext_hook=_raw_text), LayerScan)


def _typed(file: FileFacts, facts_type: Any) -> FileFacts:
    return FileFacts(file.path, msgspec.convert(file.facts, facts_type))


def _escaped(value: Any) -> Any:
    """The same tree, its texts that msgpack cannot hold as extensions."""
    if isinstance(value, str):
        return value if value.isascii() or not _has_surrogates(value) else msgpack.Ext(_RAW_TEXT, value.encode("utf-8", "surrogatepass"))
    if isinstance(value, dict):
        return {_escaped(key): _escaped(content) for key, content in value.items()}
    if isinstance(value, list | tuple):
        return [_escaped(part) for part in value]
    return value


def _has_surrogates(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)


def _raw_text(code: int, content: memoryview) -> Any:
    if code != _RAW_TEXT:
        raise msgspec.DecodeError(f"extension {code} is unknown")
    return bytes(content).decode("utf-8", "surrogatepass")
