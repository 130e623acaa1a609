"""SPDX 2 → `Bom`, from what its JSON says; the other forms are brought into that shape first."""

import re
from collections.abc import Iterator
from typing import Any

from sbomgen.sbom._trees import NO_VALUES, part, parts, stated, text, texts
from sbomgen.sbom.bom import (
    Bom,
    Component,
    Hash,
    Party,
    PartyKind,
    Reference,
    Relation,
    RelationKind,
    Tool,
    Unread,
    containers,
    shapes,
    unique_ref,
)
from sbomgen.sbom.properties import PATHS, Properties, diff_ids, paths_of_properties, properties_of_statement, without_owner

DOCUMENT = "SPDXRef-DOCUMENT"
NO_TIME = "1970-01-01T00:00:00Z"
"""Stands where the format demands a time and none is known, in ours and in other reproducible documents."""

_DOCUMENT = frozenset({"SPDXID", "spdxVersion", "creationInfo", "name", "dataLicense", "documentNamespace", "documentDescribes", "packages",
                       "hasExtractedLicensingInfos", "relationships", "annotations", "files", "snippets"})  # fmt: skip
_PACKAGE = frozenset({
    "SPDXID", "name", "versionInfo", "supplier", "originator", "downloadLocation", "filesAnalyzed", "checksums", "homepage", "sourceInfo",
    "licenseConcluded", "licenseDeclared", "copyrightText", "description", "summary", "externalRefs", "primaryPackagePurpose",
    "annotations", "builtDate",
})  # fmt: skip
_DOCUMENT_SHAPES = shapes(
    texts=("name", "documentNamespace"),
    objects=("creationInfo",),
    lists=("packages", "files", "snippets", "hasExtractedLicensingInfos", "relationships", "annotations"),
)
_PACKAGE_SHAPES = shapes(
    texts=("SPDXID", "name", "versionInfo", "supplier", "originator", "downloadLocation", "homepage", "licenseConcluded", "licenseDeclared",
           "copyrightText", "description", "primaryPackagePurpose", "builtDate"),
    lists=("checksums", "externalRefs", "annotations"),
)  # fmt: skip
KINDS = {
    "APPLICATION": "application", "FRAMEWORK": "framework", "LIBRARY": "library", "CONTAINER": "container",
    "OPERATING_SYSTEM": "operating-system", "OPERATING-SYSTEM": "operating-system", "DEVICE": "device", "FIRMWARE": "firmware",
    "FILE": "file", "SOURCE": "source",
}  # fmt: skip
ALGORITHMS = {"SHA1": "SHA-1", "SHA256": "SHA-256", "SHA384": "SHA-384", "SHA512": "SHA-512"}
"""SPDX's spellings where CycloneDX has others; `MD5`, `SHA3-256`, `BLAKE3` are the same in both."""

_ACTOR = re.compile(r"(Person|Organization|Tool):\s*(.*?)\s*(?:\(([^()]*)\))?\s*", re.DOTALL)
_TOOL_VERSION = re.compile(r"(.+)[-_ ]v?(\d[\w.+~-]*)")
_FORWARD = {"DEPENDS_ON": RelationKind.DEPENDS_ON, "CONTAINS": RelationKind.CONTAINS, "GENERATED_FROM": RelationKind.GENERATED_FROM}
_BACKWARD = {"DEPENDENCY_OF": RelationKind.DEPENDS_ON, "CONTAINED_BY": RelationKind.CONTAINS, "GENERATES": RelationKind.GENERATED_FROM}
_OWNED = "owned-by"
"""Beginning of the comment on our relationships `OTHER`."""


def spdx2_bom(tree: dict[str, Any], form: str, version: str) -> Bom:
    """What the document says."""
    return _Reader(tree, form, version).bom()


class _Reader:
    def __init__(self, tree: dict[str, Any], form: str, version: str) -> None:
        self.tree, self.form, self.version = tree, form, version
        self.unread = Unread()
        self.statements: dict[str, list[Properties]] = {}
        self.licence_texts: dict[str, str] = {}
        self.known: dict[tuple[str, str], str] = {}
        self.sources: set[str] = set()
        self.refs: set[str] = set()
        self.ids = {spdx_id for _, one in parts(tree, "packages") if (spdx_id := text(one, "SPDXID"))}

    def bom(self) -> Bom:
        tree, info = self.tree, part(self.tree, "creationInfo")
        self.unread.members(tree, _DOCUMENT, "")
        self.unread.shapes(tree, _DOCUMENT_SHAPES, "")
        self.unread.shapes(info, shapes(texts=("created",)), "/creationInfo")
        for name in ("files", "snippets"):
            self.unread.add(f"/{name}", len(list(parts(tree, name))))
        self._annotations()
        for _, licence in parts(tree, "hasExtractedLicensingInfos"):
            if reference := text(licence, "licenseId"):
                self.licence_texts[reference] = text(licence, "extractedText", "name") or reference
        described = [*texts(tree, "documentDescribes"), *self._described()]
        root = next((name for name in described if name in self.ids), None)
        self.unread.add("/relationships: what the document describes beside its first package", len(set(described) & self.ids) - 1)
        layers = diff_ids(pair for statement in self.statements.get(root or "", ()) for pair in statement)
        relations = list(dict.fromkeys(self._relations()))
        self.sources = {relation.to_ref for relation in relations if relation.kind is RelationKind.GENERATED_FROM}
        components = [self._component(one, f"/packages/{number}", layers, relations) for number, one in parts(tree, "packages")]
        actors = [actor for creator in texts(info, "creators") if (actor := _actor(creator))]
        return Bom(
            format=self.form,
            version=self.version,
            name=text(tree, "name"),
            identifier=text(tree, "documentNamespace"),
            timestamp=time if (time := text(info, "created")) != NO_TIME else None,
            phase=_phase(info),
            tools=tuple(actor for actor in actors if isinstance(actor, Tool)),
            authors=tuple(actor for actor in actors if isinstance(actor, Party)),
            root=root,
            components=tuple(components),
            relations=tuple(dict.fromkeys(relations)),
            **known_of(self.known, components, root, relations),
            licence_texts=tuple(self.licence_texts.items()),
            unread=self.unread.counted(),
            wrong=self.unread.wrong(),
        )

    def _described(self) -> Iterator[str]:
        for _, one in parts(self.tree, "relationships"):
            kind, start, end = text(one, "relationshipType"), text(one, "spdxElementId"), text(one, "relatedSpdxElement")
            if kind == "DESCRIBES" and end:
                yield end
            elif kind == "DESCRIBED_BY" and start:
                yield start

    def _annotations(self) -> None:
        """Our statements, by their subject; others are counted."""
        pairs = [(text(one, "SPDXID", "SPDXREF") or "", annotation) for _, one in parts(self.tree, "packages")
                 for _, annotation in parts(one, "annotations")]  # fmt: skip
        pairs += [(text(annotation, "SPDXREF") or DOCUMENT, annotation) for _, annotation in parts(self.tree, "annotations")]
        for subject, annotation in pairs:
            statement = properties_of_statement(text(annotation, "comment") or "")
            if statement is None or not (text(annotation, "annotator") or "").startswith("Tool:"):
                self.unread.add("annotations of people and other tools")
            else:
                self.statements.setdefault(subject, []).append(statement)

    def _relations(self) -> Iterator[Relation]:
        for _, one in parts(self.tree, "relationships"):
            kind, start, end = text(one, "relationshipType") or "", text(one, "spdxElementId") or "", text(one, "relatedSpdxElement") or ""
            if kind in {"DESCRIBES", "DESCRIBED_BY"}:
                continue
            owned = kind == "OTHER" and (text(one, "comment") or "").startswith(_OWNED)
            relation = RelationKind.OWNED_BY if owned else _FORWARD.get(kind)
            if relation and start in self.ids and end in self.ids:
                yield Relation(start, relation, end)
            elif kind in _BACKWARD and start in self.ids and end in self.ids:
                yield Relation(end, _BACKWARD[kind], start)
            elif kind in {"CONTAINS", "DEPENDS_ON"} and end in NO_VALUES and start in self.ids:
                incomplete = (text(one, "comment") or "").startswith("incomplete")
                self.known[start, kind] = "complete" if end == "NONE" else "incomplete" if incomplete else "unknown"
            else:
                self.unread.add(f"/relationships/*: {kind or 'of no type'}")

    def _component(self, tree: dict[str, Any], place: str, layers: list[str], relations: list[Relation]) -> Component:
        self.unread.members(tree, _PACKAGE, "/packages/*")
        self.unread.shapes(tree, _PACKAGE_SHAPES, place)
        ref = unique_ref(text(tree, "SPDXID") or place, self.refs)
        owner, properties = without_owner(tuple(pair for statement in self.statements.get(ref, ()) for pair in statement))
        if owner in self.ids:
            relations.append(Relation(ref, RelationKind.OWNED_BY, owner or ""))
        references = [(text(one, "referenceType") or "", text(one, "referenceLocator") or "") for _, one in parts(tree, "externalRefs")]
        for kind, _ in references:
            if kind not in {"purl", "cpe23Type", "cpe22Type"}:
                self.unread.add(f"/packages/*/externalRefs: {kind}")
        supplier, originator = (_actor(stated(tree, name) or "") for name in ("supplier", "originator"))
        declared, concluded = stated(tree, "licenseDeclared"), stated(tree, "licenseConcluded")
        return Component(
            ref=ref,
            place=place,
            kind=self._kind(tree, ref, properties, {kind for kind, _ in references}),
            name=text(tree, "name") or "",
            version=stated(tree, "versionInfo"),
            description=text(tree, "description", "summary"),
            supplier=supplier if isinstance(supplier, Party) else None,
            originator=originator if isinstance(originator, Party) else None,
            purl=next((locator for kind, locator in references if kind == "purl"), None),
            cpes=tuple(locator for kind, locator in references if kind in {"cpe23Type", "cpe22Type"}),
            hashes=tuple(_hashes(tree)),
            declared=(declared,) if declared else (),
            concluded=(concluded,) if concluded else (),
            copyright=stated(tree, "copyrightText"),
            built=text(tree, "builtDate"),
            references=tuple(_references(tree)),
            properties=tuple(pair for pair in properties if pair[0] not in PATHS),
            paths=paths_of_properties(properties, layers),
            excluded=("sbomgen:visible", "false") in properties,
            identified=any(kind in {"swid", "swh", "gitoid"} for kind, _ in references),
        )

    def _kind(self, tree: dict[str, Any], ref: str, properties: Properties, identifiers: set[str]) -> str:
        """What it is for; 2.2 has no word for it, so of our documents the image and the system are known by what else they say."""
        purpose = text(tree, "primaryPackagePurpose")
        if purpose is not None:
            return KINDS.get(purpose, "library")
        if ref in self.sources and "purl" not in identifiers:
            return "source"
        if any(name.startswith("sbomgen:image:") for name, _ in properties):
            return "container"
        return "operating-system" if ref.startswith("SPDXRef-OperatingSystem-") else "library"


def known_of(
    stated: dict[tuple[str, str], str], components: list[Component], root: str | None, relations: list[Relation]
) -> dict[str, Any]:
    """`Bom.known`, `assembled` and `independent`, of how completely elements are said to contain (`CONTAINS`) and depend (`DEPENDS_ON`)."""
    whole = containers(components, root)
    depending = {relation.from_ref for relation in relations if relation.kind is RelationKind.DEPENDS_ON}
    found: dict[str, list[Any]] = {"known": [], "assembled": [], "independent": []}
    for (ref, kind), aggregate in stated.items():
        if kind == "DEPENDS_ON" and aggregate == "complete" and ref not in depending:
            found["independent"].append(ref)
        else:
            found["assembled" if kind == "CONTAINS" and ref not in whole else "known"].append((ref, aggregate))
    return {name: tuple(stated) for name, stated in found.items()}


def _actor(text_: str) -> Party | Tool | None:
    """`Person: NAME (EMAIL)`, `Organization: …`, `Tool: NAME-VERSION`."""
    found = _ACTOR.fullmatch(text_.strip())
    if found is None or not found[2]:
        return None
    if found[1] == "Tool":
        version = _TOOL_VERSION.fullmatch(found[2])
        return Tool(version[1], version[2]) if version else Tool(found[2])
    return Party(name=found[2], email=found[3] or None, kind=PartyKind(found[1]))


def _phase(info: dict[str, Any]) -> str | None:
    """SPDX 2 has no field for it; ours and others state CISA's type of SBOM in the comment."""
    found = re.search(r"SBOM Type: (\w+)", text(info, "comment") or "")
    return PHASES.get(found[1].lower()) if found else None


PHASES = {
    "design": "design",
    "source": "pre-build",
    "build": "build",
    "analyzed": "post-build",
    "deployed": "operations",
    "runtime": "operations",
}
"""CISA's types of SBOM, in CycloneDX's words."""


def _hashes(tree: dict[str, Any]) -> Iterator[Hash]:
    for _, one in parts(tree, "checksums"):
        algorithm, value = text(one, "algorithm"), text(one, "checksumValue")
        if algorithm and value:
            yield Hash(ALGORITHMS.get(algorithm, algorithm), value.lower())


def _references(tree: dict[str, Any]) -> Iterator[Reference]:
    if homepage := stated(tree, "homepage"):
        yield Reference("website", homepage)
    if location := stated(tree, "downloadLocation"):
        yield Reference("vcs" if location.startswith(("git", "svn+", "hg+", "bzr+")) else "distribution", location)
