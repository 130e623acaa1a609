"""XML documents of feeds as a light tree: bounded, without entities, with nothing opened from outside."""

from collections.abc import Iterator
from typing import Any

MAX_DEPTH = 200
"""Elements within elements; OVAL's criteria nest some ten deep."""

MAX_ELEMENTS = 50_000_000
"""Of one document; the largest OVAL documents have some millions."""


CHUNK_BYTES = 1 << 20
"""Of a document at a time."""


class InvalidXml(ValueError):  # noqa: N818  beside InvalidVersion
    """A document that is no XML, or none that is read here; the message says why and where."""


class Element:
    """An element. Names are without their namespace: the documents of feeds have one name for one thing."""

    __slots__ = ("attributes", "children", "name", "text")

    def __init__(self, name: str, attributes: dict[str, str]) -> None:
        self.name = name
        self.attributes = attributes
        self.children: list[Element] = []
        self.text = ""

    def all(self, name: str) -> Iterator["Element"]:
        """The children of that name."""
        return (child for child in self.children if child.name == name)

    def first(self, *path: str) -> "Element | None":
        """The first child of the first name, of that the first of the second, and so on; None where there is none."""
        found: Element | None = self
        for name in path:
            found = next(found.all(name), None) if found is not None else None
        return found

    def text_of(self, *path: str) -> str:
        """The text of the element at a path, without blanks around it; empty where there is none."""
        found = self.first(*path)
        return found.text.strip() if found is not None else ""

    def descendants(self, name: str) -> Iterator["Element"]:
        """All elements of that name inside, in document order."""
        for child in self.children:
            if child.name == name:
                yield child
            yield from child.descendants(name)


def parse(document: bytes) -> Element:
    """The root of a document.

    Declared entities are refused: they are what XML bombs are made of, and no feed needs them. Raises InvalidXml.
    """
    *_, root = _parsed(document, "")
    return root


def each(document: bytes, name: str) -> Iterator[Element]:
    """The elements of a name, one by one as they end; none of them is kept. Raises InvalidXml, also when some have been given."""
    return (element for element in _parsed(document, name) if element.name == name)


def _parsed(document: bytes, wanted: str) -> Iterator[Element]:
    """Elements of the name wanted, detached from what holds them, and at the end the root."""
    from xml.parsers import expat

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    builder = _Builder(parser, wanted)
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    parser.EntityDeclHandler = builder.refuse
    try:
        for start in range(0, len(document), CHUNK_BYTES):
            parser.Parse(document[start : start + CHUNK_BYTES], False)
            yield from builder.taken()
        parser.Parse(b"", True)
    except expat.ExpatError as exc:
        raise InvalidXml(f"no XML, or cut short: {exc}") from exc
    except (LookupError, UnicodeError, ValueError) as exc:
        raise InvalidXml(str(exc)) from exc
    yield from builder.top.children


class _Builder:
    def __init__(self, parser: Any, wanted: str) -> None:
        self._parser = parser
        self._wanted = wanted
        self._taken: list[Element] = []
        self.top = Element("", {})
        self._open = [self.top]
        self._count = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if len(self._open) > MAX_DEPTH or self._count > MAX_ELEMENTS:
            raise InvalidXml(f"line {self._parser.CurrentLineNumber}: nested over {MAX_DEPTH} deep, or over {MAX_ELEMENTS} elements")
        element = Element(name.rpartition(" ")[2], attributes)
        self._open[-1].children.append(element)
        self._open.append(element)

    def end(self, _name: str) -> None:
        if self._open.pop().name == self._wanted:
            self._taken.append(self._open[-1].children.pop())

    def taken(self) -> list[Element]:
        """The wanted elements that ended since this was last asked."""
        found, self._taken = self._taken, []
        return found

    def data(self, text: str) -> None:
        self._open[-1].text += text

    def refuse(self, name: str, *_: object) -> None:
        raise InvalidXml(f"line {self._parser.CurrentLineNumber}: it declares the entity {name[:40]!r}")
