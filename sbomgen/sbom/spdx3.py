"""SPDX 3 → `Bom`, from JSON-LD as its schema wants it (compact names, one graph)."""

from collections.abc import Iterable, Iterator
from typing import Any

from sbomgen.sbom._trees import parts, text, texts
from sbomgen.sbom.bom import Bom, Component, Hash, Party, PartyKind, Reference, Relation, RelationKind, Tool, Unread, shapes
from sbomgen.sbom.properties import PATHS, Properties, diff_ids, paths_of_properties, properties_of_statement, without_owner
from sbomgen.sbom.spdx2 import NO_TIME, PHASES, known_of

KINDS = {"operatingSystem": "operating-system"}
_SAME = frozenset({"application", "container", "device", "file", "firmware", "framework", "library", "source"})
ALGORITHMS = {"sha1": "SHA-1", "sha256": "SHA-256", "sha384": "SHA-384", "sha512": "SHA-512", "md5": "MD5", "sha3_256": "SHA3-256",
              "sha3_384": "SHA3-384", "sha3_512": "SHA3-512", "blake3": "BLAKE3", "blake2b256": "BLAKE2b-256",
              "blake2b384": "BLAKE2b-384", "blake2b512": "BLAKE2b-512"}  # fmt: skip
_PACKAGE = frozenset({
    "type", "spdxId", "@id", "creationInfo", "name", "description", "summary", "externalIdentifier", "externalRef", "verifiedUsing",
    "originatedBy", "suppliedBy", "software_primaryPurpose", "software_packageVersion", "software_packageUrl", "software_homePage",
    "software_downloadLocation", "software_sourceInfo", "software_copyrightText", "builtTime",
})  # fmt: skip
_PACKAGE_SHAPES = shapes(
    texts=("name", "description", "software_primaryPurpose", "software_packageVersion", "software_packageUrl", "software_copyrightText",
           "suppliedBy", "builtTime"),
    lists=("externalIdentifier", "externalRef", "verifiedUsing"),
)  # fmt: skip
_HANDLED = frozenset({"CreationInfo", "SpdxDocument", "software_Sbom", "Relationship", "LifecycleScopedRelationship", "Annotation", "Tool",
                      "SoftwareAgent", "Person", "Organization", "Agent", "software_Package", "simplelicensing_LicenseExpression",
                      "simplelicensing_SimpleLicensingText"})  # fmt: skip
_COMPLETENESS = {"complete": "complete", "incomplete": "incomplete", "noAssertion": "unknown"}
_NOTHING = frozenset({"NoneElement", "NoAssertionElement"})
_RELATIONS = {"dependsOn": RelationKind.DEPENDS_ON, "contains": RelationKind.CONTAINS}
_SPDX_2 = {"contains": "CONTAINS", "dependsOn": "DEPENDS_ON"}
_OWNED = "owned-by"


def spdx3_bom(tree: dict[str, Any], form: str, version: str) -> Bom:
    """What the document says."""
    return _Reader(tree, form, version).bom()


class _Reader:
    def __init__(self, tree: dict[str, Any], form: str, version: str) -> None:
        self.form, self.version = form, version
        self.unread = Unread()
        self.unread.shapes(tree, shapes(lists=("@graph",)), "")
        whole = tree if isinstance(tree.get("@graph"), list) else {"@graph": [tree]}
        self.places: dict[str, str] = {}
        self.elements: dict[str, dict[str, Any]] = {}
        for number, one in parts(whole, "@graph"):
            name = text(one, "spdxId", "@id") or f"#{number}"
            self.elements.setdefault(name, one)
            self.places.setdefault(name, f"/@graph/{number}")
        self.relationships = [one for one in self.elements.values() if (text(one, "type") or "").endswith("Relationship")]
        self.packages = {name for name, one in self.elements.items() if one.get("type") == "software_Package"}
        self.known: dict[tuple[str, str], str] = {}

    def bom(self) -> Bom:
        for one in self.elements.values():
            kind = text(one, "type") or "of no type"
            if kind not in _HANDLED:
                self.unread.add(f"/@graph/*: {kind}")
        document = next(self._of_type("SpdxDocument"), {})
        sbom = next(self._of_type("software_Sbom"), {})
        info = self._creation_info(document or sbom)
        root = next((name for name in self._roots(document) if name in self.packages), None)
        statements = self._statements()
        layers = diff_ids(pair for pair in statements.get(root or "", ()))
        relations = list(dict.fromkeys(self._relations()))
        licences = self._licences()
        components = [self._component(name, statements.get(name, ()), layers, licences, relations) for name in self.elements
                      if name in self.packages]  # fmt: skip
        return Bom(
            format=self.form,
            version=self.version,
            name=text(document, "name") or text(sbom, "name"),
            identifier=text(document, "spdxId"),
            timestamp=time if (time := text(info, "created")) != NO_TIME else None,
            phase=next((PHASES[one] for one in texts(sbom, "software_sbomType") if one in PHASES), None),
            tools=tuple(self._tools(info)),
            authors=tuple(party for name in texts(info, "createdBy") if (party := self._party(name))),
            root=root,
            components=tuple(components),
            relations=tuple(dict.fromkeys(relations)),
            **known_of(self.known, components, root, relations),
            licence_texts=tuple(self._licence_texts()),
            unread=self.unread.counted(),
            wrong=self.unread.wrong(),
        )

    def _of_type(self, kind: str) -> Iterator[dict[str, Any]]:
        return (one for one in self.elements.values() if one.get("type") == kind)

    def _creation_info(self, element: dict[str, Any]) -> dict[str, Any]:
        stated = element.get("creationInfo")
        if isinstance(stated, dict):
            return stated
        return self.elements.get(str(stated)) or next(self._of_type("CreationInfo"), {})

    def _roots(self, document: dict[str, Any]) -> Iterator[str]:
        """What the document is about: the root of its SBOM, or its own."""
        for name in texts(document, "rootElement"):
            yield name
            yield from texts(self.elements.get(name, {}), "rootElement")
        for sbom in self._of_type("software_Sbom"):
            yield from texts(sbom, "rootElement")

    def _statements(self) -> dict[str, Properties]:
        found: dict[str, Properties] = {}
        for one in self._of_type("Annotation"):
            statement, subject = properties_of_statement(text(one, "statement") or ""), text(one, "subject") or ""
            if statement is None:
                self.unread.add("annotations of people and other tools")
            else:
                found[subject] = found.get(subject, ()) + statement
        return found

    def _relations(self) -> Iterator[Relation]:
        for one in self.relationships:
            start, kind, ends = text(one, "from") or "", text(one, "relationshipType") or "", texts(one, "to")
            if start in self.packages and kind in {"contains", "dependsOn"} and self._tells_of_packages(one, ends):
                self.known.setdefault((start, _SPDX_2[kind]), _COMPLETENESS[one["completeness"]])
            owned = kind == "other" and (text(one, "comment") or "").startswith(_OWNED)
            relation = RelationKind.OWNED_BY if owned else _RELATIONS.get(kind)
            for end in ends:
                if kind == "generates" and start in self.packages and end in self.packages:
                    yield Relation(end, RelationKind.GENERATED_FROM, start)
                elif relation and start in self.packages and end in self.packages:
                    yield Relation(start, relation, end)
                elif kind not in {"hasDeclaredLicense", "hasConcludedLicense"} and end not in _NOTHING:
                    self.unread.add(f"/@graph/*: the relationship {kind or 'of no type'}, beyond packages")

    def _tells_of_packages(self, relationship: dict[str, Any], ends: list[str]) -> bool:
        """Whether it says how completely packages are known: that all layers are named says nothing of them."""
        return relationship.get("completeness") in _COMPLETENESS and any(end in self.packages or end in _NOTHING for end in ends)

    def _licences(self) -> dict[str, tuple[list[str], list[str]]]:
        """Declared and concluded licences, by element."""
        found: dict[str, tuple[list[str], list[str]]] = {}
        for one in self.relationships:
            kind = text(one, "relationshipType")
            if kind not in {"hasDeclaredLicense", "hasConcludedLicense"}:
                continue
            lists = found.setdefault(text(one, "from") or "", ([], []))
            for name in texts(one, "to"):
                element = self.elements.get(name, {})
                if expression := text(element, "simplelicensing_licenseExpression", "simplelicensing_licenseText"):
                    lists[kind == "hasConcludedLicense"].append(expression)
        return found

    def _licence_texts(self) -> Iterator[tuple[str, str]]:
        for expression in self._of_type("simplelicensing_LicenseExpression"):
            for _, entry in parts(expression, "simplelicensing_customIdToUri"):
                whole = text(self.elements.get(text(entry, "value") or "", {}), "simplelicensing_licenseText")
                if whole and (key := text(entry, "key")):
                    yield key, whole

    def _component(
        self,
        name: str,
        statement: Properties,
        layers: list[str],
        licences: dict[str, tuple[list[str], list[str]]],
        relations: list[Relation],
    ) -> Component:
        tree = self.elements[name]
        self.unread.members(tree, _PACKAGE, "/@graph/*")
        self.unread.shapes(tree, _PACKAGE_SHAPES, self.places[name])
        owner, properties = without_owner(statement)
        if owner in self.packages:
            relations.append(Relation(name, RelationKind.OWNED_BY, owner or ""))
        identifiers = [(text(one, "externalIdentifierType"), text(one, "identifier") or "") for _, one in parts(tree, "externalIdentifier")]
        declared, concluded = licences.get(name, ([], []))
        purpose = text(tree, "software_primaryPurpose") or "library"
        return Component(
            ref=name,
            place=self.places[name],
            kind=KINDS.get(purpose, purpose if purpose in _SAME else "library"),
            name=text(tree, "name") or "",
            version=text(tree, "software_packageVersion"),
            description=text(tree, "description", "summary"),
            supplier=self._party(text(tree, "suppliedBy") or ""),
            originator=next((party for one in texts(tree, "originatedBy") if (party := self._party(one))), None),
            purl=text(tree, "software_packageUrl") or next((value for kind, value in identifiers if kind == "packageUrl"), None),
            cpes=tuple(value for kind, value in identifiers if kind in {"cpe23", "cpe22"}),
            hashes=tuple(_hashes(tree)),
            declared=tuple(declared),
            concluded=tuple(concluded),
            copyright=text(tree, "software_copyrightText"),
            built=text(tree, "builtTime"),
            references=tuple(_references(tree)),
            properties=tuple(pair for pair in properties if pair[0] not in PATHS),
            paths=paths_of_properties(properties, layers),
            excluded=("sbomgen:visible", "false") in properties,
            identified=any(kind in {"swid", "swhid", "gitoid"} for kind, _ in identifiers),
        )

    def _party(self, name: str) -> Party | None:
        """A person or organisation; a program is none."""
        element = self.elements.get(name, {})
        kind = text(element, "type")
        if kind not in {"Person", "Organization", "Agent"}:
            return None
        addresses = [
            text(one, "identifier") for _, one in parts(element, "externalIdentifier") if one.get("externalIdentifierType") == "email"
        ]
        urls = [
            text(one, "identifier") for _, one in parts(element, "externalIdentifier") if one.get("externalIdentifierType") == "urlScheme"
        ]
        return Party(
            name=text(element, "name") or "",
            email=next(iter(addresses), None),
            url=next(iter(urls), None),
            kind=None if kind == "Agent" else PartyKind(kind),
        )

    def _tools(self, info: dict[str, Any]) -> Iterator[Tool]:
        for name in texts(info, "createdUsing"):
            if stated := text(self.elements.get(name, {}), "name"):
                tool, dash, version = stated.rpartition("-")
                yield Tool(tool, version) if dash and version[:1].isdigit() else Tool(stated)


def _hashes(tree: dict[str, Any]) -> Iterable[Hash]:
    for _, one in parts(tree, "verifiedUsing"):
        algorithm, value = text(one, "algorithm"), text(one, "hashValue")
        if algorithm in ALGORITHMS and value:
            yield Hash(ALGORITHMS[algorithm], value.lower())


def _references(tree: dict[str, Any]) -> Iterable[Reference]:
    if homepage := text(tree, "software_homePage"):
        yield Reference("website", homepage)
    if location := text(tree, "software_downloadLocation"):
        yield Reference("distribution", location)
    for _, one in parts(tree, "externalRef"):
        for url in texts(one, "locator"):
            yield Reference(text(one, "externalRefType") or "other", url)
