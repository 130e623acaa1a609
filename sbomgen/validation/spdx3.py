"""SPDX 3 held against its model, whose classes spdx-python-model has generated from the SHACL shapes.

It knows types, properties, their number, values and forms. By ourselves we check that identifiers are unique and that what an element
names is in the document, is imported by it, or is an individual or licence of SPDX. Shapes that span elements (a relationship's ends, what
a profile demands) are not checked.
"""

from collections.abc import Iterator
from io import BytesIO
from typing import Any

from sbomgen.errors import UnreadableError
from sbomgen.sbom.document import Document
from sbomgen.validation.failure import Failure, libraries_needed, pointer_of, shortened

JUDGE = "the classes of spdx-python-model (types, properties, cardinality), and our rules on identifiers"

_SPDX_SITES = ("https://spdx.org/", "http://spdx.org/")
_INDIVIDUALS = {"NoneElement", "NoAssertionElement", "NoneLicense", "NoAssertionLicense", "expandedlicensing_NoneLicense",
                "expandedlicensing_NoAssertionLicense", "SpdxOrganization"}  # fmt: skip
_REFERENCES = ("creationInfo", "createdBy", "createdUsing", "element", "rootElement", "from", "to", "subject", "originatedBy", "suppliedBy",
               "dataLicense")  # fmt: skip
"""Properties whose texts are identifiers of elements."""


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
    prefix: list[str | int] = ["@graph"]
    if graph is None:
        members, prefix = [{key: value for key, value in tree.items() if key != "@context"}], []
    elif isinstance(graph, list):
        members = graph
    else:
        yield Failure("@graph is no list of elements", "/@graph")
        return
    for number, member in enumerate(members):
        why = _refusal(member, model, tree["@context"])
        if why is not None:
            yield Failure(shortened(why), pointer_of([*prefix, *([number] if prefix else [])]))
    yield from _identifiers(members, prefix)


def _refusal(member: Any, model: Any, context: Any) -> str | None:
    """Why the model does not take an element, alone: what it names may stand elsewhere."""
    if not isinstance(member, dict):
        return "is no element: an object is due"
    elements = model.SHACLObjectSet()
    try:
        model.JSONLDDeserializer().deserialize_data({"@context": context, "@graph": [member]}, elements)
        # Reading takes what is there; writing knows what is missing.
        model.JSONLDSerializer().write(elements, BytesIO())
    except (TypeError, ValueError, KeyError, AttributeError, NotImplementedError) as exc:
        return str(exc.args[0]) if exc.args else type(exc).__name__
    return None


def _identifiers(members: list[Any], prefix: list[str | int]) -> Iterator[Failure]:
    """Identifiers that stand twice, and names of elements that are nowhere."""
    known: set[str] = set()
    for number, member in enumerate(members):
        for name in _named(member):
            if name in known:
                yield Failure(f"the identifier {name} stands twice", pointer_of([*prefix, number]))
            known.add(name)
    for number, member in enumerate(members):
        for key in _REFERENCES:
            value = member.get(key) if isinstance(member, dict) else None
            for place, name in enumerate(value if isinstance(value, list) else [value]):
                if isinstance(name, str) and name not in known and not _elsewhere(name):
                    at = [*prefix, number, key, *([place] if isinstance(value, list) else [])]
                    yield Failure(f"names {name}, which is neither in the document nor imported", pointer_of(at))


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


def _elsewhere(name: str) -> bool:
    return name in _INDIVIDUALS or name.startswith(_SPDX_SITES)
