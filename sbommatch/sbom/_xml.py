"""XML as a stream of elements, and records filled from it: no tree is built, no entity is expanded, nothing outside is opened."""

from collections.abc import Mapping
from typing import Any, Protocol
from xml.parsers import expat

from msgspec import Struct

from sbommatch.errors import UnreadableError
from sbommatch.problem import ProblemCode
from sbommatch.sbom import _reader
from sbommatch.sbom._reader import Budget, Source
from sbommatch.sbom._shapes import Member, Record, members_of

SEPARATOR = " "
"""Between namespace and local name: neither can hold one."""


class Handler(Protocol):
    """What is told of a document's elements. Names are `NAMESPACE LOCAL`, or the local name alone."""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        ...

    def text(self, text: str) -> None:
        """A piece of an element's text."""
        ...

    def end(self, name: str) -> None:
        """The last one begun ends."""
        ...


def parse(source: Source, handler: Handler) -> None:
    """Tells the handler of every element.

    Entities that the document declares itself are refused: they are what XML bombs are made of, and no SBOM needs them. External
    ones are never opened; where one is used, its text is missing, and that is a loss. Raises `UnreadableError` for those, for
    malformed XML and for elements nested more deeply than `MAX_DEPTH`; `UnicodeDecodeError` where the text is no UTF-8 and says no other.
    """
    parser = expat.ParserCreate("utf-8" if source.is_utf8 else None, SEPARATOR)
    parser.buffer_text = True
    depth = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _reader.MAX_DEPTH:
            raise UnreadableError(f"{source.path}: nested more deeply than any SBOM is")
        handler.start(name, attributes)

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        handler.end(name)

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = handler.text
    _guard(parser, source)
    try:
        parser.Parse(source.text, True)
    except expat.ExpatError as error:
        if error.code == expat.errors.codes[expat.errors.XML_ERROR_INVALID_TOKEN] and not declares_encoding(source.text):
            source.text.decode()
        where = f"line {error.lineno}, column {error.offset + 1}"
        raise UnreadableError(f"{source.path}: malformed XML, perhaps cut short: {expat.ErrorString(error.code)} ({where})") from error
    except (LookupError, ValueError) as error:  # the document declares an encoding that Python does not know, or one of several bytes
        raise UnreadableError(f"{source.path}: malformed XML: {error}") from error


def declares_encoding(text: bytes) -> bool:
    """Whether the XML declaration names another encoding than UTF-8."""
    declaration = text[: text.find(b"?>") if text.startswith(b"<?xml") else 0].lower()
    return b"encoding" in declaration and b"utf-8" not in declaration


def _guard(parser: expat.XMLParserType, source: Source) -> None:
    def declared(name: str, is_parameter: bool, value: str | None, *_: object) -> None:
        if value is not None:
            raise UnreadableError(
                f"{source.path}: declares the XML entity {name[:40]!r}, as attacks do and no SBOM needs; take its DOCTYPE out"
            )
        kind = "parameter entity" if is_parameter else "entity"
        source.problems.note(ProblemCode.BAD_RECORD, "", f"declares the external {kind} {name[:40]!r}: it is not opened")

    def left_out(*_: object) -> int:
        source.problems.loss(ProblemCode.BAD_RECORD, f"line {parser.CurrentLineNumber}", "uses an external entity: its text is left out")
        return 1

    parser.EntityDeclHandler = declared
    parser.ExternalEntityRefHandler = left_out
    parser.SkippedEntityHandler = left_out


def decode_xml(source: Source, record: type[Record], wrappers: Mapping[str, str]) -> tuple[str, Record]:
    """The root's namespace, and the document as a record.

    Members are attributes and child elements of the root's namespace. A list is either one element per value, or an element around
    them: `wrappers` names those, and the elements in each. The member `value` is an element's own text.
    """
    root = record()
    builder = _RecordBuilder(root, wrappers, source)
    parse(source, builder)
    return builder.prefix.removesuffix(SEPARATOR), root


class _RecordBuilder:
    """Fills records from elements; what no member asks for is passed over."""

    def __init__(self, root: Struct, wrappers: Mapping[str, str], source: Source) -> None:
        self._root = root
        self._wrappers = wrappers
        self._budget = Budget(source.path)
        self.prefix = ""
        self._open: list[_Open] = []
        self._skipped = 0
        """How many of the open elements nobody asks for: they stand inside the last of the others."""
        self._text: list[str] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if self._text:
            self._text.clear()
        opened = None if self._skipped else self._opened(name)
        if opened is None:
            self._skipped += 1
        else:
            self._budget.spend()
            self._open.append(opened)
            if attributes:
                opened.take(attributes)

    def _opened(self, name: str) -> "_Open | None":
        if self._open:
            return self._open[-1].child(name[len(self.prefix) :]) if name.startswith(self.prefix) else None
        namespace = name.rpartition(SEPARATOR)[0]
        self.prefix = f"{namespace}{SEPARATOR}" if namespace else ""
        return _Record(self._root, self._wrappers)

    def text(self, text: str) -> None:
        if not self._skipped:
            self._text.append(text)

    def end(self, _name: str) -> None:
        if self._skipped:
            self._skipped -= 1
            return
        opened = self._open.pop()
        if self._text:
            if text := "".join(self._text).strip():
                opened.take({"value": text})
            self._text.clear()


class _Open(Protocol):
    """An element that is open."""

    def child(self, name: str) -> "_Open | None":
        """What a child fills; None where nobody asks for it."""
        ...

    def take(self, texts: dict[str, str]) -> None:
        """Takes the attributes, and the element's text under the name `value`."""
        ...


class _Record:
    """A record: its members are attributes and children."""

    def __init__(self, record: Struct, wrappers: Mapping[str, str]) -> None:
        self._record = record
        self._wrappers = wrappers
        self._members = members_of(type(record))

    def child(self, name: str) -> _Open | None:
        member = self._members.get(name)
        if member is None:
            return None
        if member.is_text:
            return _Text(self._record, member.field)
        if name in self._wrappers:
            return _Wrapper(self._record, member, self._wrappers, self._wrappers[name])
        if member.record:
            record = member.record()
            setattr(self._record, member.field, record)
            return _Record(record, self._wrappers)
        return _element(self._record, member, self._wrappers)

    def take(self, texts: dict[str, str]) -> None:
        for name, text in texts.items():
            member = self._members.get(name)
            if member and member.is_text:
                setattr(self._record, member.field, text)


class _Text:
    """A member that is a text."""

    def __init__(self, record: Struct, field: str) -> None:
        self._record = record
        self._field = field

    def child(self, name: str) -> None:
        return None

    def take(self, texts: dict[str, str]) -> None:
        if "value" in texts:
            setattr(self._record, self._field, texts["value"])


class _Element:
    """A list's element that is a text."""

    def __init__(self, values: list[Any]) -> None:
        self._values = values

    def child(self, name: str) -> None:
        return None

    def take(self, texts: dict[str, str]) -> None:
        if "value" in texts:
            self._values.append(texts["value"])


class _Wrapper(Struct):
    """An element around the values of a list."""

    record: Struct
    member: Member
    wrappers: Mapping[str, str]
    element: str

    def child(self, name: str) -> _Open | None:
        return _element(self.record, self.member, self.wrappers) if name == self.element else None

    def take(self, texts: dict[str, str]) -> None:
        pass


def _element(record: Struct, member: Member, wrappers: Mapping[str, str]) -> _Open | None:
    """One more value of a list; None for a member that is none."""
    if member.element is None:
        return None
    values: list[Any] | None = getattr(record, member.field)
    if values is None:
        values = []
        setattr(record, member.field, values)
    if member.element_record is None:
        return _Element(values)
    values.append(member.element_record())
    return _Record(values[-1], wrappers)
