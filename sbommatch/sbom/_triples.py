"""RDF/XML as a stream of triples: https://www.w3.org/TR/rdf-syntax-grammar/, section 7.2; rdflib is the judge in the tests.

Left out, as no SPDX document has them: containers (`rdf:li`), collections, XML literals, languages, reification.
"""

from collections.abc import Callable

from msgspec import Struct

from sbommatch.sbom._reader import Source
from sbommatch.sbom._xml import SEPARATOR, parse

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
TYPE = f"{RDF}type"

_XML = "http://www.w3.org/XML/1998/namespace"
_SYNTAX = frozenset({"RDF", "ID", "about", "parseType", "resource", "nodeID", "datatype"})
_BLANK = "_:"

Take = Callable[[str, str, str], None]
"""Takes subject, predicate and object: IRIs, blank nodes as `_:NAME`, literals as their text."""


def read_triples(source: Source, take: Take) -> None:
    """Gives the triples of a document, in document order. Raises what `_xml.parse` raises."""
    parse(source, _Triples(take))


class _Frame(Struct):
    """An element that is open: a node, or a property of one."""

    subject: str
    predicate: str | None = None
    """Of a property; None of a node."""
    base: str = ""
    is_done: bool = False
    """Whether a property has its object already."""
    is_root: bool = False
    """Whether it is rdf:RDF, which holds nodes."""


class _Triples:
    def __init__(self, take: Take) -> None:
        self._take = take
        self._open: list[_Frame] = []
        self._text: list[str] = []
        self._blanks = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._text.clear()
        iri = name.replace(SEPARATOR, "")
        parent = self._open[-1] if self._open else None
        base = attributes.get(f"{_XML}{SEPARATOR}base") or (parent.base if parent else "")
        if parent is None and iri == f"{RDF}RDF":
            self._open.append(_Frame("", base=base, is_root=True))
        elif parent is None or parent.predicate or parent.is_root:
            self._node(iri, attributes, parent, base)
        else:
            self._property(iri, attributes, parent, base)

    def _node(self, iri: str, attributes: dict[str, str], parent: _Frame | None, base: str) -> None:
        """A node element, section 7.2.11."""
        subject = self._named(attributes, base) or self._blank()
        if parent and parent.predicate:
            self._take(parent.subject, parent.predicate, subject)
            parent.is_done = True
        if iri != f"{RDF}Description":
            self._take(subject, TYPE, iri)
        self._literals(subject, attributes)
        self._open.append(_Frame(subject, base=base))

    def _property(self, iri: str, attributes: dict[str, str], parent: _Frame, base: str) -> None:
        """A property element, sections 7.2.14 to 7.2.21."""
        resource = attributes.get(f"{RDF}{SEPARATOR}resource")
        object_ = _resolved(resource, base) if resource is not None else self._named(attributes, base, with_about=False)
        if object_ is None and attributes.get(f"{RDF}{SEPARATOR}parseType") == "Resource":
            subject = self._blank()
            self._take(parent.subject, iri, subject)
            self._open.append(_Frame(subject, base=base))
            return
        frame = _Frame(parent.subject, iri, base, is_done=object_ is not None)
        if object_ is not None:
            self._take(parent.subject, iri, object_)
            self._literals(object_, attributes)
        self._open.append(frame)

    def _named(self, attributes: dict[str, str], base: str, *, with_about: bool = True) -> str | None:
        """The node that attributes name."""
        about, id_ = attributes.get(f"{RDF}{SEPARATOR}about"), attributes.get(f"{RDF}{SEPARATOR}ID")
        if with_about and about is not None:
            return _resolved(about, base)
        if with_about and id_ is not None:
            return _resolved(f"#{id_}", base)
        blank = attributes.get(f"{RDF}{SEPARATOR}nodeID")
        return f"{_BLANK}{blank}" if blank is not None else None

    def _blank(self) -> str:
        self._blanks += 1
        return f"{_BLANK} {self._blanks}"  # no name has a space

    def _literals(self, subject: str, attributes: dict[str, str]) -> None:
        """Property attributes."""
        for name, value in attributes.items():
            namespace, separator, local = name.partition(SEPARATOR)
            if separator and namespace != _XML and not (namespace == RDF and local in _SYNTAX):
                self._take(subject, f"{namespace}{local}", value)

    def text(self, text: str) -> None:
        if self._open and self._open[-1].predicate:
            self._text.append(text)

    def end(self, _name: str) -> None:
        frame = self._open.pop()
        if frame.predicate and not frame.is_done:
            self._take(frame.subject, frame.predicate, "".join(self._text))
        self._text.clear()


def _resolved(reference: str, base: str) -> str:
    """An IRI; fragments alone belong to the base, and relative paths do not occur."""
    return f"{base.partition('#')[0]}{reference}" if reference.startswith("#") or not reference else reference
