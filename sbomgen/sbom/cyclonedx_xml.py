"""CycloneDX as XML: what its JSON says in other clothes."""

from typing import Any

from sbomgen.sbom.xml import Element

_LISTS = frozenset({
    "components", "properties", "hashes", "externalReferences", "licenses", "authors", "occurrences", "methods", "lifecycles", "ancestors",
    "descendants", "variants", "commits", "patches", "compositions", "dependencies", "services", "vulnerabilities", "annotations",
    "assemblies", "tags", "omniborId", "swhid",
})  # fmt: skip
"""Elements that hold a list; a list of bare elements is one without element around it."""
_BARE_LISTS = frozenset({"contact", "identity", "url"})
_VALUES = {"hash": "content", "property": "value", "text": "content", "expression": "expression"}
"""Elements whose text stands beside attributes, and what JSON calls that text."""
_REFERENCES = frozenset({"assembly", "dependency"})


def cyclonedx_xml_tree(root: Element) -> dict[str, Any]:
    """What the JSON would say."""
    tree = _object(root)
    tree["dependencies"] = [_dependency(one) for one in _children(root, "dependencies")]
    tree["compositions"] = [_composition(one) for one in _children(root, "compositions")]
    return {"bomFormat": "CycloneDX", **tree}


def _children(element: Element, name: str) -> list[Element]:
    found = element.child(name)
    return found.children if found else []


def _value(element: Element) -> Any:
    if element.name in _VALUES:
        return {**element.attributes, _VALUES[element.name]: element.text}
    if element.name == "tools":
        return _tools(element)
    if element.name in _LISTS:
        return [_listed(child) for child in element.children]
    if element.name in _REFERENCES:
        return element.attributes.get("ref")
    if not element.children and not element.attributes:
        return element.text.strip()
    return _object(element)


def _object(element: Element) -> dict[str, Any]:
    tree: dict[str, Any] = dict(element.attributes)
    for child in element.children:
        value = _value(child)
        if child.name in _BARE_LISTS and (child.name != "url" or element.name in {"supplier", "manufacturer", "manufacture"}):
            tree.setdefault(child.name, []).append(value)
        else:
            tree[child.name] = value
    return tree


def _listed(element: Element) -> Any:
    return {"license": _object(element)} if element.name == "license" else _value(element)


def _tools(element: Element) -> Any:
    """A list of tools, as before 1.5, or an object with components and services."""
    legacy = [child for child in element.children if child.name == "tool"]
    return [_object(child) for child in legacy] if legacy else _object(element)


def _dependency(element: Element) -> dict[str, Any]:
    tree: dict[str, Any] = {"ref": element.attributes.get("ref")}
    on = [child.attributes.get("ref") for child in element.children if child.name == "dependency"]
    return {**tree, "dependsOn": on} if on else tree


def _composition(element: Element) -> dict[str, Any]:
    tree = _object(element)
    for name in ("dependencies", "assemblies"):
        if name in tree:
            tree[name] = [child.attributes.get("ref") for child in _children(element, name)]
    return tree
