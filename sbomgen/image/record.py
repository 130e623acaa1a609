"""The stored form of a layer's record: msgpack, by msgspec; never anything that can execute.

The table of paths and the facts of each cataloger are parts of their own: one cataloger's facts are renewed without the others', and those
that nobody asks for are not decoded.
"""

from collections.abc import Iterable, Sequence
from types import GenericAlias
from typing import Any

import msgspec
from msgspec import Struct, msgpack

from sbomgen.decoders import msgpack_decoder
from sbomgen.errors import UnreadableError
from sbomgen.evidence import Cataloger
from sbomgen.layerscan import LAYER_SCAN_FORMAT, FileFacts, LayerScan, Run
from sbomgen.model import Problem

_RAW_TEXT = 1
"""The msgpack extension for a text that is no Unicode: a name that is not UTF-8, held by surrogateescape; its bytes."""


class StoredFacts(Struct, frozen=True, array_like=True):
    """What one cataloger read in a layer."""

    version: int
    """Of the cataloger."""
    content: bytes


class LayerRecord(Struct, frozen=True, array_like=True):
    """A layer's record as it is stored."""

    format: int
    diff_id: str | None
    size_bytes: int | None
    table: bytes
    facts: dict[str, StoredFacts]
    """By cataloger name."""

    def missing(self, catalogers: Iterable[Cataloger]) -> tuple[Cataloger, ...]:
        """Those whose facts are not there, or are of another version."""
        found = {name: stored.version for name, stored in self.facts.items()}
        return tuple(cataloger for cataloger in catalogers if found.get(cataloger.name) != cataloger.version)


class _Table(Struct, frozen=True, array_like=True):
    runs: tuple[Run, ...]
    whiteouts: tuple[str, ...]
    opaque: tuple[str, ...]
    problems: tuple[Problem, ...]


def make_record(scan: LayerScan, catalogers: Iterable[Cataloger], older: LayerRecord | None = None) -> LayerRecord:
    """The record of a complete scan by these catalogers, with the facts that an older record has of others."""
    facts = {cataloger.name: StoredFacts(cataloger.version, _encode(scan.facts[cataloger.name])) for cataloger in catalogers}
    table = _encode(_Table(scan.runs, scan.whiteouts, scan.opaque, scan.problems))
    return LayerRecord(LAYER_SCAN_FORMAT, scan.diff_id, scan.size_bytes, table, {**(older.facts if older else {}), **facts})


def scan_of(record: LayerRecord, catalogers: Sequence[Cataloger]) -> LayerScan:
    """The scan by these catalogers, the facts as their own types; raises `UnreadableError` where the record does not hold it."""
    if record.missing(catalogers):
        raise UnreadableError("a stored layer record lacks facts; clear the cache")
    table = _decode(record.table, _Table)
    return LayerScan(
        diff_id=record.diff_id,
        size_bytes=record.size_bytes,
        runs=table.runs,
        whiteouts=table.whiteouts,
        opaque=table.opaque,
        facts={cataloger.name: _decode(record.facts[cataloger.name].content, _files_of(cataloger)) for cataloger in catalogers},
        problems=table.problems,
    )


def encode_record(record: LayerRecord) -> bytes:
    """A record as bytes."""
    return msgpack.encode(record)


def decode_record(content: bytes) -> LayerRecord:
    """The record; raises `UnreadableError` where the content is none, or one of another format."""
    record: LayerRecord = _decode(content, LayerRecord)
    if record.format != LAYER_SCAN_FORMAT:
        raise UnreadableError(f"a stored layer record has format {record.format}, this release reads {LAYER_SCAN_FORMAT}; clear the cache")
    return record


def _files_of(cataloger: Cataloger) -> Any:
    files: Any = FileFacts
    return GenericAlias(tuple, (files[cataloger.fact_type], ...))


def _encode(value: Any) -> bytes:
    try:
        return msgpack.encode(value)
    except UnicodeEncodeError:
        return msgpack.encode(_escaped(msgspec.to_builtins(value, builtin_types=(bytes, bytearray), str_keys=False)))


def _decode(content: bytes, kind: Any) -> Any:
    """A value of a type; by way of builtin values where one of its texts is an extension."""
    try:
        try:
            return msgpack_decoder(kind).decode(content)
        except msgspec.ValidationError:
            return msgspec.convert(msgpack.decode(content, ext_hook=_raw_text), kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as exc:
        raise UnreadableError(f"a stored layer record cannot be read: {exc}; clear the cache") from exc


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
