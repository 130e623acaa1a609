"""SPDX 3 held against its model, whose classes spdx-python-model has generated from the SHACL shapes.

It knows types, properties, their number, values and forms. By ourselves we check what spans elements: that identifiers are unique, and that
what an element names is of the class that the shapes want there (`sh:class`) and is in the document, imported by it, or an individual or
licence of SPDX. The shapes know nothing else that spans elements; pyshacl, which judges by them, is the judge of this in the tests.
"""

from collections.abc import Iterator
from io import BytesIO
from typing import Any

from sbomgen.errors import UnreadableError
from sbomgen.sbom.document import Document
from sbomgen.validation.failure import Failure, libraries_needed, pointer_of, shortened

JUDGE = "the classes of spdx-python-model (types, properties, cardinality), and our rules on identifiers"

_SPDX_SITES = ("https://spdx.org/", "http://spdx.org/")
_Path = list[str | int]
_Read = tuple[_Path, dict[str, Any], Any]
"""Where an element stands, what JSON says of it, and the model's object."""


def failures(document: Document) -> Iterator[Failure]:
    """What the model refuses."""
    with libraries_needed():
        from spdx_python_model import LoadError, load_data
    tree = document.tree
    try:
        model, _ = load_data({"@context": tree["@context"], "@graph": []})
    except LoadError as exc:
        raise UnreadableError(f"{document.path}: spdx-python-model does not know SPDX {document.version} by this @context") from exc
    return _failures(tree, model)


def _failures(tree: dict[str, Any], model: Any) -> Iterator[Failure]:
    graph = tree.get("@graph")
    prefix: _Path = ["@graph"]
    if graph is None:
        members, prefix = [{key: value for key, value in tree.items() if key != "@context"}], []
    elif isinstance(graph, list):
        members = graph
    else:
        yield Failure("@graph is no list of elements", "/@graph")
        return
    read: list[_Read] = []
    for number, member in enumerate(members):
        place = [*prefix, *([number] if prefix else [])]
        element, why = _element(member, model, tree["@context"])
        if why is not None:
            yield Failure(shortened(why), pointer_of(place))
        if element is not None:
            read.append((place, member, element))
    yield from _repeated(members, prefix)
    yield from _Names(members, read, model).failures()


def _element(member: Any, model: Any, context: Any) -> tuple[Any, str | None]:
    """An element as the model has it, alone, and why the model does not take it: what it names may stand elsewhere."""
    if not isinstance(member, dict):
        return None, "is no element: an object is due"
    elements = model.SHACLObjectSet()
    try:
        model.JSONLDDeserializer().deserialize_data({"@context": context, "@graph": [member]}, elements)
        # Reading takes what is there; writing knows what is missing.
        model.JSONLDSerializer().write(elements, BytesIO())
    except (TypeError, ValueError, KeyError, AttributeError, NotImplementedError) as exc:
        return next(iter(elements.objects), None), str(exc.args[0]) if exc.args else type(exc).__name__
    return next(iter(elements.objects), None), None


def _repeated(members: list[Any], prefix: _Path) -> Iterator[Failure]:
    """Identifiers that stand twice."""
    known: set[str] = set()
    for number, member in enumerate(members):
        for name in _named(member):
            if name in known:
                yield Failure(f"the identifier {name} stands twice", pointer_of([*prefix, number]))
            known.add(name)


class _Names:
    """What the names in a document stand for."""

    def __init__(self, members: list[Any], read: list[_Read], model: Any) -> None:
        self._model, self._read = model, read
        self._known = {name for member in members for name in _named(member)}
        self._classes: dict[str, Any] = {
            name: kind for kind in model.SHACLObject.CLASSES.values() for name in kind.NAMED_INDIVIDUALS.values()
        }
        for _, member, element in read:
            # The model forgets what blank nodes are called.
            self._classes.update((name, type(element)) for name in (member.get("spdxId"), member.get("@id")) if isinstance(name, str))
            for inner in element.iter_objects(recursive=True, visited={element}):
                self._classes.setdefault(inner.get_id() or "", type(inner))

    def failures(self) -> Iterator[Failure]:
        """Names of what is nowhere, or of another class than is wanted."""
        for start, member, element in self._read:
            for place, name, wanted in self._references(element, member, start):
                kind = self._classes.get(name)
                if kind is not None and not issubclass(kind, wanted):
                    yield Failure(f"names {name}, which is of class {kind.__name__}: {wanted.__name__} is due", pointer_of(place))
                elif kind is None and name not in self._known and not name.startswith(_SPDX_SITES):
                    yield Failure(f"names {name}, which is neither in the document nor imported", pointer_of(place))

    def _references(self, found: Any, tree: dict[str, Any], at: _Path) -> Iterator[tuple[_Path, str, Any]]:
        """Each name of an element in an object and those within it: where it stands, the name, and the class that is due."""
        for stated in found._OBJ_PY_PROPS.values():  # noqa: SLF001  nothing public tells the class that is due
            prop, values = stated.prop, getattr(found, stated.pyname)
            prop, values = (prop.prop, values) if isinstance(prop, self._model.ListProp) else (prop, [values])
            if not isinstance(prop, self._model.ObjectProp):
                continue
            key = stated.compact or stated.iri
            whole = tree.get(key)
            listed = whole if isinstance(whole, list) else []
            for number, value in enumerate(values):
                place = [*at, key, *([number] if number < len(listed) else [])]
                inner = listed[number] if number < len(listed) else whole
                if isinstance(value, str):
                    yield place, value, prop.cls
                elif isinstance(inner, dict):
                    yield from self._references(value, inner, place)


def _named(member: Any) -> Iterator[str]:
    """The identifiers of an element, of objects within it, and those that it imports."""
    stack = [member]
    while stack:
        part = stack.pop()
        if isinstance(part, dict):
            stack.extend(part.values())
            names = (part.get("spdxId"), part.get("@id"), part.get("externalSpdxId"))
            yield from (name for name in names if isinstance(name, str))
        elif isinstance(part, list):
            stack.extend(part)
