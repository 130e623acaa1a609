"""JSON decoded into typed records at full speed when it is right, and as far as it can be read when it is not."""

from functools import cache
from types import NoneType
from typing import Any

from msgspec import UNSET, Raw, Struct, ValidationError, defstruct, json

from sbommatch.errors import UnreadableError
from sbommatch.problem import ProblemCode
from sbommatch.sbom._reader import Problems, Source
from sbommatch.sbom._shapes import Record, choices, element_in, fields_of, record_in

MAX_SALVAGED_VALUES = 8_000_000
"""Values in a document that is decoded member by member: each costs about 64 bytes until its own member is decoded."""

MAX_SALVAGED_DEPTH = 32
"""Levels of JSON that are decoded member by member: each reads all below it again. Real documents have ten."""

INVENTORY = ("components", "metadata.component", "packages", "artifacts", "@graph", "statements", "vulnerabilities")
"""Members that list what is matched, and what is said of it: what is left out of them is a loss, anything else (who wrote it) a note."""


def decode(source: Source, record: type[Record]) -> Record:
    """A document as a record.

    First in one go. A value of another type than the record's sends it through a second, slower way: each member and each element by
    itself, so that one wrong value costs that value alone and is named with its JSON path. Every field of a record must therefore
    have a default, and take None where it is not `Raw`; a list of elements that take None keeps its places.

    Raises `UnreadableError` for a broken document that is too big for the second way; `msgspec.DecodeError`, `UnicodeDecodeError`
    and `RecursionError` for malformed JSON.
    """
    try:
        decoded: Record = _decoder(record).decode(source.text)
    except ValidationError as error:
        if source.text.count(b",") > MAX_SALVAGED_VALUES:
            raise UnreadableError(f"{source.path}: {error}; the document is too big to be read around it") from error
    else:
        return decoded
    salvaged = _Salvage(source.problems).value(Raw(source.text), record, "", 0)
    return salvaged if isinstance(salvaged, record) else record()


def decode_part(part: Raw, type_: Any, place: str, problems: Problems) -> Any:
    """A part of a document that was left as JSON text, decoded the same way; None where nothing of it can be read."""
    return _Salvage(problems).value(part, type_, place, 0)


class _Salvage:
    """Decodes a value, else what is in it, else nothing."""

    def __init__(self, problems: Problems) -> None:
        self._problems = problems

    def value(self, text: Raw, type_: Any, place: str, depth: int) -> Any:
        """The value of a JSON text, or None and a problem."""
        try:
            return _decoder(type_).decode(text)
        except ValidationError as error:
            reason = str(error).partition(" - at ")[0]
        if depth == MAX_SALVAGED_DEPTH:
            self._left_out(ProblemCode.LIMIT_REACHED, place, f"{reason}, nested too deeply to be read around: left out")
            return None
        first = bytes(memoryview(text)[:1])
        if first == b"{" and (record := record_in(type_)):
            return self._members(text, record, place, depth + 1)
        if first == b"[" and (element := element_in(type_)):
            return self._elements(text, element, place, depth + 1)
        if str in choices(type_) and first not in b"{[":
            self._problems.note(ProblemCode.BAD_COMPONENT, place, f"{reason}: taken as a text")
            return bytes(text).decode()
        self._left_out(ProblemCode.BAD_COMPONENT, place, f"{reason}: left out")
        return None

    def _left_out(self, code: ProblemCode, place: str, message: str) -> None:
        report = self._problems.loss if place.startswith(INVENTORY) else self._problems.note
        report(code, place, message)

    def _members(self, text: Raw, record: type[Struct], place: str, depth: int) -> Struct:
        members = _decoder(_raw_twin(record)).decode(text)
        values = {}
        for info in fields_of(record):
            member = getattr(members, info.name)
            if member is not UNSET:
                values[info.name] = self.value(member, info.type, f"{place}.{info.encode_name}" if place else info.encode_name, depth)
        return record(**values)

    def _elements(self, text: Raw, element: Any, place: str, depth: int) -> list[Any]:
        values = (self.value(each, element, f"{place}[{index}]", depth) for index, each in enumerate(_decoder(list[Raw]).decode(text)))
        return [value for value in values if value is not None or NoneType in choices(element)]


@cache
def _decoder(type_: Any) -> json.Decoder[Any]:
    return json.Decoder(type_)


@cache
def _raw_twin(record: type[Struct]) -> type[Struct]:
    """The same record with all members left as JSON text; a dictionary would keep members that nobody asks for."""
    members = [(info.name, Raw, UNSET) for info in fields_of(record)]
    return defstruct(f"{record.__name__}Members", members, rename={info.name: info.encode_name for info in fields_of(record)})
