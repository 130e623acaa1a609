"""XML of strangers: a tree without entities, without depth beyond reason, and the line of what is malformed."""

from xml.parsers import expat

from msgspec import Struct

from sbomgen.errors import UnreadableError

MAX_DEPTH = 200
"""Of elements: CycloneDX nests components, real documents less than 20 deep; readers go down by recursion."""


class Element(Struct):
    """An element with what is in it."""

    namespace: str
    name: str
    attributes: dict[str, str]
    line: int
    children: "list[Element]" = []
    text: str = ""
    """Of the element itself, all of it, as it stands."""

    def child(self, name: str) -> "Element | None":
        """The first of that name."""
        return next((child for child in self.children if child.name == name), None)


class _UnfitError(Exception):
    """What the document does that it must not."""


class _Builder:
    """Puts the elements into one another."""

    def __init__(self) -> None:
        self.parser = expat.ParserCreate(namespace_separator="\n")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.CharacterDataHandler = self.characters
        self.parser.EntityDeclHandler = self.entity
        self.root: Element | None = None
        self._open: list[Element] = []
        self._texts: list[list[str]] = []

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        namespace, _, name = tag.rpartition("\n")
        element = Element(namespace, name, attributes, self.parser.CurrentLineNumber)
        if self._open:
            self._open[-1].children.append(element)
        else:
            self.root = element
        self._open.append(element)
        self._texts.append([])
        if len(self._open) > MAX_DEPTH:
            raise _UnfitError(f"elements are nested more than {MAX_DEPTH} deep")

    def end(self, _: str) -> None:
        self._open.pop().text = "".join(self._texts.pop())

    def characters(self, text: str) -> None:
        self._texts[-1].append(text)

    def entity(self, name: str, *_: object) -> None:
        raise _UnfitError(f"declares the entity {name!r}; SBOMs with entities are not read")


def xml_root(text: bytes, path: str) -> Element:
    """The root element; the text is then known to be harmless to other parsers too.

    Raises `UnreadableError` with the line: malformed, an entity declared (no SBOM needs one, and they are how XML attacks), too deep.
    """
    builder = _Builder()
    try:
        builder.parser.Parse(text, True)
    except expat.ExpatError as exc:
        raise UnreadableError(f"{path}: line {exc.lineno}, column {exc.offset + 1}: {expat.errors.messages[exc.code]}") from exc
    except _UnfitError as exc:
        raise UnreadableError(f"{path}: line {builder.parser.CurrentLineNumber}: {exc}") from exc
    assert builder.root is not None  # expat refuses a text without an element
    return builder.root
