"""CycloneDX → `Bom`."""

from collections.abc import Iterator
from typing import Any

from sbomgen.sbom._trees import part, parts, text, texts
from sbomgen.sbom.bom import (
    CONTAINERS,
    Bom,
    Component,
    Hash,
    Identity,
    Method,
    Party,
    Path,
    Reference,
    Relation,
    RelationKind,
    Swid,
    Tool,
    Unread,
    containers,
    shapes,
    unique_ref,
)
from sbomgen.sbom.properties import FURTHER_CPE, PATHS, Properties, without_holders, without_owner

_BOM = frozenset({"$schema", "bomFormat", "specVersion", "serialNumber", "version", "metadata", "components", "dependencies",
                  "compositions", "vulnerabilities", "xmlns"})  # fmt: skip
_METADATA = frozenset({"timestamp", "lifecycles", "tools", "authors", "component", "supplier", "manufacture", "manufacturer", "properties"})
_COMPONENT = frozenset({
    "type", "bom-ref", "supplier", "author", "authors", "manufacturer", "publisher", "group", "name", "version", "description", "scope",
    "hashes", "licenses", "copyright", "cpe", "purl", "externalReferences", "properties", "evidence", "components", "pedigree",
    "omniborId", "swhid", "swid",
})  # fmt: skip
_LICENCE = frozenset({"id", "name", "expression", "text", "acknowledgement", "bom-ref"})
_IDENTITY = frozenset({"field", "confidence", "concludedValue", "methods"})
_BOM_SHAPES = shapes(objects=("metadata",), lists=("components", "dependencies", "compositions", "vulnerabilities"))
_METADATA_SHAPES = shapes(texts=("timestamp",), objects=("component", "supplier"), lists=("authors", "lifecycles", "properties"))
_COMPONENT_SHAPES = shapes(
    texts=("type", "bom-ref", "name", "group", "version", "description", "publisher", "scope", "copyright", "purl", "cpe"),
    objects=("supplier", "pedigree", "evidence", "swid"),
    lists=("hashes", "licenses", "externalReferences", "properties", "components"),
)
_MODELLED = PATHS | {FURTHER_CPE}


def cyclonedx_bom(tree: dict[str, Any], form: str, version: str) -> Bom:
    """What the document says."""
    return _Reader(tree, form, version).bom()


class _Reader:
    def __init__(self, tree: dict[str, Any], form: str, version: str) -> None:
        self.tree, self.form, self.version = tree, form, version
        self.unread = Unread()
        self.components: list[Component] = []
        self.relations: dict[Relation, None] = {}
        self.refs: set[str] = set()
        self.owned: dict[str, str] = {}
        self.held: set[tuple[str, str]] = set()

    def bom(self) -> Bom:
        tree, metadata = self.tree, part(self.tree, "metadata")
        self.unread.members(tree, _BOM, "")
        self.unread.shapes(tree, _BOM_SHAPES, "")
        self.unread.shapes(metadata, _METADATA_SHAPES, "/metadata")
        self.unread.members(metadata, _METADATA, "/metadata")
        root = self._component(metadata["component"], "/metadata/component") if part(metadata, "component") else None
        for number, one in parts(tree, "components"):
            self._component(one, f"/components/{number}")
        self._stated_relations()
        independent = self._dependencies()
        self._within(tree, "compositions", {"bom-ref", "aggregate", "dependencies", "assemblies"}, "")
        self.unread.add("/vulnerabilities", len(list(parts(tree, "vulnerabilities"))))
        self._within(metadata, "lifecycles", {"phase"}, "/metadata", one_of_them=True)
        stated = [_party(author) for _, author in parts(metadata, "authors")]
        manufacturer = _party(part(metadata, "manufacturer") or part(metadata, "manufacture"))
        subject = self.components[0] if root else None
        whole, assembled = containers(self.components, root), tuple(self._known("assemblies"))
        return Bom(
            format=self.form,
            version=self.version,
            name=subject.name if subject else None,
            identifier=text(tree, "serialNumber"),
            timestamp=text(metadata, "timestamp"),
            phase=next((phase for _, one in parts(metadata, "lifecycles") if (phase := text(one, "phase"))), None),
            tools=tuple(_tools(metadata)),
            authors=tuple(party for party in (*stated, manufacturer) if party),
            supplier=_party(part(metadata, "supplier")),
            root=root,
            components=tuple(self.components),
            relations=tuple(self.relations),
            known=(*self._known("dependencies"), *(one for one in assembled if one[0] in whole)),
            assembled=tuple(one for one in assembled if one[0] not in whole),
            independent=independent,
            vulnerabilities=bool(tree.get("vulnerabilities")),
            properties=_properties(metadata),
            unread=self.unread.counted(),
            wrong=self.unread.wrong(),
        )

    def _component(self, tree: dict[str, Any], place: str) -> str:
        """Adds a component and those within it; its ref."""
        self.unread.members(tree, _COMPONENT, "/components/*" if place.startswith("/components") else place)
        self.unread.shapes(tree, _COMPONENT_SHAPES, place)
        self._within(tree, "externalReferences", {"type", "url", "hashes"}, "/components/*")
        self._within(tree, "authors", {"name", "email", "bom-ref"}, "/components/*", one_of_them=True)
        self._within(part(tree, "supplier"), "contact", {"name", "email", "bom-ref"}, "/components/*/supplier", one_of_them=True)
        ref = unique_ref(text(tree, "bom-ref") or place, self.refs)
        owner, properties = without_owner(_properties(tree))
        holders, properties = without_holders(properties)
        self.held.update((holder, ref) for holder in holders)
        if owner:
            self.owned[ref] = owner
        supplier = _party(part(tree, "supplier"))
        declared, concluded = self._licences(tree)
        self.components.append(
            Component(
                ref=ref,
                place=place,
                kind=text(tree, "type") or "library",
                name=text(tree, "name") or "",
                group=text(tree, "group"),
                version=text(tree, "version"),
                description=text(tree, "description"),
                supplier=supplier,
                originator=_originator(tree),
                publisher=text(tree, "publisher"),
                purl=text(tree, "purl"),
                cpes=_cpes(tree, properties),
                hashes=_hashes(tree),
                declared=declared,
                concluded=concluded,
                copyright=text(tree, "copyright"),
                references=tuple(_references(tree)),
                properties=tuple(pair for pair in properties if pair[0] not in _MODELLED),
                paths=self._paths(tree, properties),
                identities=tuple(self._identities(tree)),
                swid=self._swid(tree),
                excluded=tree.get("scope") == "excluded",
                identified=bool(tree.get("swid") or tree.get("swhid") or tree.get("omniborId")),
            )
        )
        for number, ancestor in parts(part(tree, "pedigree"), "ancestors"):
            self._source(ref, ancestor, f"{place}/pedigree/ancestors/{number}")
        for number, one in parts(tree, "components"):
            inner = self._component(one, f"{place}/components/{number}")
            self.relations[Relation(ref, RelationKind.CONTAINS, inner)] = None
        return ref

    def _source(self, ref: str, tree: dict[str, Any], place: str) -> None:
        """A source package stands with each of its packages; here it is one."""
        name, version, purl = text(tree, "name") or "", text(tree, "version"), text(tree, "purl")
        kind = next((one.purl or "" for one in self.components if one.ref == ref), "").partition("/")[0].removeprefix("pkg:")
        source = text(tree, "bom-ref") or f"source:{kind}/{name}@{version or ''}"
        if source not in self.refs:
            self.refs.add(source)
            self.components.append(Component(ref=source, place=place, kind="source", name=name, version=version, purl=purl))
        self.relations[Relation(ref, RelationKind.GENERATED_FROM, source)] = None

    def _licences(self, tree: dict[str, Any]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        declared: list[str] = []
        concluded: list[str] = []
        for _, entry in parts(tree, "licenses"):
            licence = part(entry, "license") or entry
            self.unread.members(licence, _LICENCE, "/components/*/licenses")
            whole = text(part(licence, "text"), "content")
            stated = text(licence, "id", "expression") or whole or text(licence, "name")
            if stated:
                (concluded if licence.get("acknowledgement") == "concluded" else declared).append(stated)
        return tuple(declared), tuple(concluded)

    def _paths(self, tree: dict[str, Any], properties: tuple[tuple[str, str], ...]) -> tuple[Path, ...]:
        evidence = part(tree, "evidence")
        self.unread.members(evidence, {"occurrences", "identity"}, "/components/*/evidence")
        self._within(evidence, "occurrences", {"location", "additionalContext", "bom-ref"}, "/components/*/evidence")
        found = [
            Path(location, text(one, "additionalContext"))
            for _, one in parts(evidence, "occurrences")
            if (location := text(one, "location"))
        ]
        return tuple(found) or tuple(Path(value) for name, value in properties if name == "sbomgen:path")

    def _within(self, tree: dict[str, Any], name: str, known: set[str], where: str, *, one_of_them: bool = False) -> None:
        """Counts what the objects of a list state beside what is known, or of which one is taken up the others."""
        listed = [one for _, one in parts(tree, name)]
        for one in listed:
            self.unread.members(one, known, f"{where}/{name}")
        self.unread.add(f"{where}/{name}: beside the first", len(listed) - 1 if one_of_them and listed else 0)

    def _identities(self, tree: dict[str, Any]) -> Iterator[Identity]:
        """One in 1.5, a list of them since."""
        stated = part(tree, "evidence").get("identity")
        for _, one in parts({"identity": stated if isinstance(stated, list) else [stated]}, "identity"):
            self.unread.members(one, _IDENTITY, "/components/*/evidence/identity")
            methods = tuple(
                Method(technique, confidence, text(method, "value"))
                for _, method in parts(one, "methods")
                if (technique := text(method, "technique")) and (confidence := _confidence(method)) is not None
            )
            if field := text(one, "field"):
                yield Identity(field, _confidence(one), text(one, "concludedValue"), methods)

    def _swid(self, tree: dict[str, Any]) -> Swid | None:
        swid = part(tree, "swid")
        self.unread.members(swid, {"tagId", "name", "version"}, "/components/*/swid")
        tag_id, name = text(swid, "tagId"), text(swid, "name")
        return Swid(tag_id, name, text(swid, "version")) if tag_id and name else None

    def _stated_relations(self) -> None:
        """Those that properties state, of refs that may come later."""
        stated = [Relation(ref, RelationKind.OWNED_BY, owner) for ref, owner in self.owned.items()]
        stated += [Relation(holder, RelationKind.CONTAINS, ref) for holder, ref in sorted(self.held)]
        for relation in stated:
            if self.refs.issuperset((relation.from_ref, relation.to_ref)) and relation.from_ref != relation.to_ref:
                self.relations[relation] = None
            else:
                self.unread.add("/components/*/properties: a ref that no other component has")

    def _dependencies(self) -> tuple[str, ...]:
        """Adds them; the refs of those that have none. What lies in a component is said to be depended on by it, too: once is enough."""
        independent: dict[str, None] = {}
        kinds = {one.ref: one.kind for one in self.components}
        self._within(self.tree, "dependencies", {"ref", "dependsOn"}, "")
        for _, one in parts(self.tree, "dependencies"):
            ref = text(one, "ref") or ""
            kind = RelationKind.CONTAINS if kinds.get(ref) in CONTAINERS else RelationKind.DEPENDS_ON
            targets = texts(one, "dependsOn")
            if ref in self.refs and not one.get("dependsOn") and kind is RelationKind.DEPENDS_ON:
                independent[ref] = None
            for target in targets:
                if ref not in self.refs or target not in self.refs:
                    self.unread.add("/dependencies/*: a ref that no component has")
                elif (ref, target) not in self.held:
                    self.relations[Relation(ref, kind, target)] = None
        depending = {relation.from_ref for relation in self.relations if relation.kind is RelationKind.DEPENDS_ON}
        return tuple(ref for ref in independent if ref not in depending)

    def _known(self, what: str) -> Iterator[tuple[str, str]]:
        for _, one in parts(self.tree, "compositions"):
            aggregate = text(one, "aggregate")
            for ref in texts(one, what):
                if aggregate and ref in self.refs:
                    yield ref, aggregate


def _confidence(tree: dict[str, Any]) -> float | None:
    """Between 0 and 1; XML has it as text."""
    try:
        stated = float(tree["confidence"])
    except (KeyError, TypeError, ValueError):
        return None
    return stated if 0 <= stated <= 1 else None


def _tools(metadata: dict[str, Any]) -> Iterator[Tool]:
    tools = metadata.get("tools")
    listed = parts(metadata, "tools") if isinstance(tools, list) else parts(part(metadata, "tools"), "components")
    for _, one in listed:
        if name := text(one, "name"):
            yield Tool(name, text(one, "version"))


def _party(tree: dict[str, Any]) -> Party | None:
    """An organisational entity or contact."""
    _, contact = next(parts(tree, "contact"), (0, {}))
    email = text(tree, "email") or text(contact, "email")
    url = next(iter(texts(tree, "url")), None)
    name = text(tree, "name") or text(contact, "name") or ""
    return Party(name=name, email=email, url=url) if name or email or url else None


def _originator(tree: dict[str, Any]) -> Party | None:
    author = text(tree, "author")
    listed = (_party(one) for _, one in parts(tree, "authors"))
    return next((one for one in listed if one), None) or _party(part(tree, "manufacturer")) or (Party(name=author) if author else None)


def _cpes(tree: dict[str, Any], properties: Properties) -> tuple[str, ...]:
    """The component has a place for one; Syft's readers and ours find others in a property."""
    first = text(tree, "cpe")
    return tuple(dict.fromkeys([*([first] if first else []), *(value for name, value in properties if name == FURTHER_CPE)]))


def _hashes(tree: dict[str, Any]) -> tuple[Hash, ...]:
    pairs = ((text(one, "alg"), text(one, "content")) for _, one in parts(tree, "hashes"))
    return tuple(Hash(algorithm, value.lower()) for algorithm, value in pairs if algorithm and value)


def _references(tree: dict[str, Any]) -> Iterator[Reference]:
    for _, one in parts(tree, "externalReferences"):
        if url := text(one, "url"):
            yield Reference(text(one, "type") or "other", url, _hashes(one))


def _properties(tree: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    pairs = ((text(one, "name"), one.get("value")) for _, one in parts(tree, "properties"))
    return tuple((name, value) for name, value in pairs if name and isinstance(value, str))
