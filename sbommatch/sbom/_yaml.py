"""YAML decoded into records from its stream of events: only what a record asks for is built, and an alias never copies.

Imported by the readers of YAML when they read: PyYAML takes 15 ms.
"""

from types import NoneType
from typing import Any, Protocol

import yaml
from yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from sbommatch.errors import UnreadableError
from sbommatch.problem import ProblemCode
from sbommatch.sbom import _reader
from sbommatch.sbom._lenient import INVENTORY
from sbommatch.sbom._reader import Budget, Source
from sbommatch.sbom._shapes import Record, choices, element_in, members_of, record_in

MAX_YAML_BYTES = 64 * 2**20
"""Size of a document: it is read at some 3 MB a second, and the largest known are below 1 MB."""

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
"""What plain scalars say for nothing."""


class _Events(Protocol):
    def get_event(self) -> Event: ...


def decode_yaml(source: Source, record: type[Record]) -> Record:
    """A document as a record; scalars are texts as they stand, `1.10` too. What is of another type than the record's is left out.

    Raises `UnreadableError` for malformed YAML, more than one nesting limit, too many records and documents over the size;
    `UnicodeDecodeError` for what is no UTF-8.
    """
    if len(source.text) > MAX_YAML_BYTES:
        raise UnreadableError(f"{source.path}: YAML larger than {MAX_YAML_BYTES} bytes; let its producer write JSON")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(source.text.decode())
    try:
        decoded = _Decoder(loader, source).document(record)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
        raise UnreadableError(f"{source.path}: malformed YAML, perhaps cut short: {error.problem or error.context}{where}") from error
    except yaml.YAMLError as error:
        raise UnreadableError(f"{source.path}: malformed YAML: {str(error).splitlines()[0]}") from error
    finally:
        loader.dispose()
    return decoded


class _Decoder:
    """Takes values from events, one after the other."""

    def __init__(self, events: _Events, source: Source) -> None:
        self._events = events
        self._source = source
        self._budget = Budget(source.path)
        self._anchors: dict[str, tuple[Any, Any, int]] = {}
        """What stood at each anchor: the type it was asked for by, the value, and how many records that is: an alias counts as many."""
        self._depth = 0

    def document(self, record: type[Record]) -> Record:
        """The first document of the stream."""
        event = self._events.get_event()
        while not isinstance(event, DocumentStartEvent | StreamEndEvent):
            event = self._events.get_event()
        value = self._value(self._events.get_event(), record, "") if isinstance(event, DocumentStartEvent) else None
        return value if isinstance(value, record) else record()

    def _value(self, event: Event, type_: Any, place: str) -> Any:
        if isinstance(event, AliasEvent):
            return self._anchored(event.anchor or "", type_, place)
        before = self._budget.spent
        self._budget.spend()
        if isinstance(event, ScalarEvent) and (str in choices(type_) or _is_null(event)):
            value: Any = None if _is_null(event) else event.value
        elif isinstance(event, MappingStartEvent) and (record := record_in(type_)):
            value = self._record(record, place)
        elif isinstance(event, SequenceStartEvent) and (element := element_in(type_)):
            value = self._list(element, place)
        else:
            self._skip(event)
            self._left_out(place, "is of another kind than SPDX says")
            value = None
        if isinstance(event, NodeEvent) and event.anchor:
            self._anchors[event.anchor] = (type_, value, self._budget.spent - before)
        return value

    def _anchored(self, anchor: str, type_: Any, place: str) -> Any:
        stored, value, records = self._anchors.get(anchor, (None, None, 0))
        if stored is None or stored != type_:
            self._left_out(place, f"refers to {anchor[:40]!r}, which is something else")
            return None
        self._budget.spend(records)
        return value

    def _left_out(self, place: str, reason: str) -> None:
        report = self._source.problems.loss if place.startswith(INVENTORY) else self._source.problems.note
        report(ProblemCode.BAD_COMPONENT, place, f"{reason}: left out")

    def _record(self, record: type[Record], place: str) -> Record:
        self._enter()
        value, members = record(), members_of(record)
        while not isinstance(key := self._events.get_event(), MappingEndEvent):
            name = key.value if isinstance(key, ScalarEvent) else None
            if name is None:
                self._skip(key)
            event = self._events.get_event()
            if name in members:
                setattr(value, members[name].field, self._value(event, members[name].of_type, f"{place}.{name}" if place else name))
            else:
                self._skip(event)
        self._depth -= 1
        return value

    def _list(self, element: Any, place: str) -> list[Any]:
        self._enter()
        values: list[Any] = []
        index = 0
        while not isinstance(event := self._events.get_event(), SequenceEndEvent):
            value = self._value(event, element, f"{place}[{index}]")
            if value is not None or NoneType in choices(element):  # what keeps its places
                values.append(value)
            index += 1
        self._depth -= 1
        return values

    def _enter(self) -> None:
        self._depth += 1
        if self._depth > _reader.MAX_DEPTH:
            raise UnreadableError(f"{self._source.path}: nested more deeply than any SBOM is")

    def _skip(self, event: Event) -> None:
        """Passes over a value."""
        depth = 0
        while True:
            if isinstance(event, CollectionStartEvent):
                depth += 1
            elif isinstance(event, CollectionEndEvent):
                depth -= 1
            if depth == 0:
                return
            if self._depth + depth > _reader.MAX_DEPTH:
                raise UnreadableError(f"{self._source.path}: nested more deeply than any SBOM is")
            event = self._events.get_event()


def _is_null(event: Any) -> bool:
    return event.implicit[0] and event.value in _NULLS
