"""What an SBOM says, whatever its format: the model between the readers and `check` and `convert`.

It holds what CycloneDX and SPDX both have a place for. Ours and not the libraries': theirs are one for each family, need minutes for a
large document, and refuse it whole for one wrong value. What a reader does not take up it counts by its place: nothing is lost unsaid.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from enum import StrEnum

from msgspec import Struct

CONTAINERS = frozenset({"container", "operating-system"})
"""What these are said to depend on in CycloneDX is what they contain: no document says that of an image otherwise."""


class PartyKind(StrEnum):
    """What somebody is, where the document says so."""

    PERSON = "Person"
    ORGANIZATION = "Organization"


class Party(Struct, frozen=True, kw_only=True):
    """A person or organisation; one of name, email and url is known at least."""

    name: str = ""
    email: str | None = None
    url: str | None = None
    kind: PartyKind | None = None


class Tool(Struct, frozen=True):
    """What made the document."""

    name: str
    version: str | None = None


class Hash(Struct, frozen=True):
    """A checksum, in CycloneDX's spelling of the algorithm: `SHA-256`."""

    algorithm: str
    value: str


class Path(Struct, frozen=True):
    """A file that shows a component."""

    path: str
    diff_id: str | None = None
    """Of the layer that last wrote it, if the document says so."""


class Method(Struct, frozen=True):
    """How an identity was found: one of CycloneDX's techniques, how sure that is (0 to 1), and what it goes by."""

    technique: str
    confidence: float
    value: str | None = None


class Identity(Struct, frozen=True):
    """Why a component is what it is said to be; CycloneDX alone has it."""

    field: str
    confidence: float | None = None
    concluded: str | None = None
    methods: tuple[Method, ...] = ()


class Swid(Struct, frozen=True):
    """A software identification tag (ISO/IEC 19770-2)."""

    tag_id: str
    name: str
    version: str | None = None


class Reference(Struct, frozen=True):
    """Something that stands elsewhere; types in CycloneDX's words: `website`, `distribution`, `vcs`."""

    type: str
    url: str
    hashes: tuple[Hash, ...] = ()


class Component(Struct, frozen=True, kw_only=True):
    """A package, the image, an operating system, a source package."""

    ref: str
    """Unique in the document."""
    place: str
    """Where it stands: a JSON pointer, `line 12`, or an identifier."""
    kind: str = "library"
    """CycloneDX's `type`, and `source` for a source package."""
    name: str = ""
    group: str | None = None
    version: str | None = None
    description: str | None = None
    supplier: Party | None = None
    originator: Party | None = None
    built: str | None = None
    """When; SPDX alone has it."""
    publisher: str | None = None
    """CycloneDX alone has it."""
    purl: str | None = None
    cpes: tuple[str, ...] = ()
    hashes: tuple[Hash, ...] = ()
    declared: tuple[str, ...] = ()
    """Licences: SPDX expressions or other texts."""
    concluded: tuple[str, ...] = ()
    copyright: str | None = None
    references: tuple[Reference, ...] = ()
    properties: tuple[tuple[str, str], ...] = ()
    paths: tuple[Path, ...] = ()
    identities: tuple[Identity, ...] = ()
    swid: Swid | None = None
    excluded: bool = False
    """It is not part of what runs: in ours, a later layer removed it."""
    identified: bool = False
    """The document states an identifier beside PURL and CPE: SWID, SWHID, OmniBOR."""


class RelationKind(StrEnum):
    """How two components belong together."""

    DEPENDS_ON = "depends_on"
    CONTAINS = "contains"
    GENERATED_FROM = "generated_from"
    """The second is the source package of the first."""
    OWNED_BY = "owned_by"


class Relation(Struct, frozen=True, order=True):
    """One, by refs."""

    from_ref: str
    kind: RelationKind
    to_ref: str


class Bom(Struct, frozen=True, kw_only=True):
    """The document."""

    format: str
    version: str
    name: str | None = None
    identifier: str | None = None
    """Serial number or namespace."""
    timestamp: str | None = None
    phase: str | None = None
    """Of the life cycle in which it was made, in CycloneDX's words: `build`, `post-build`."""
    tools: tuple[Tool, ...] = ()
    authors: tuple[Party, ...] = ()
    supplier: Party | None = None
    root: str | None = None
    """Ref of what the document is about."""
    components: tuple[Component, ...] = ()
    relations: tuple[Relation, ...] = ()
    known: tuple[tuple[str, str], ...] = ()
    """Of components, how completely their dependencies are known, of images, systems and the root their contents; in CycloneDX's words:
    `complete`, `incomplete`, `unknown`."""
    assembled: tuple[tuple[str, str], ...] = ()
    """Of other components, how completely it is known what they contain; the same words."""
    independent: tuple[str, ...] = ()
    """Refs of components that are said to depend on nothing; of others without dependencies nothing is known."""
    vulnerabilities: bool = False
    properties: tuple[tuple[str, str], ...] = ()
    licence_texts: tuple[tuple[str, str], ...] = ()
    """Of licences that are not on SPDX's list, by `LicenseRef-`."""
    unread: tuple[tuple[str, int], ...] = ()
    """What the document says beyond this model: patterns of places (`/components/*/releaseNotes`), and how often."""
    wrong: tuple[str, ...] = ()
    """What could not be read since it is of another type than is due, with its place: `/components: a list is due`."""

    @property
    def subject(self) -> Component | None:
        """What the document is about."""
        return next((component for component in self.components if component.ref == self.root), None)


def containers(components: Iterable[Component], root: str | None) -> set[str]:
    """Refs of what is made of all that it leads to: images, systems, and what the document is about."""
    return {one.ref for one in components if one.kind in CONTAINERS or one.ref == root}


def unique_ref(wanted: str, taken: set[str]) -> str:
    """A ref that no component has yet, then taken. A second of the same is the document's mistake; both components are kept."""
    ref, number = wanted, 2
    while ref in taken:
        ref, number = f"{wanted}-{number}", number + 1
    taken.add(ref)
    return ref


_EMPTY: tuple[object, ...] = (None, [], {}, "")
_DUE: dict[type, str] = {str: "a text", list: "a list", dict: "an object"}
WRONG_LIMIT = 100
"""Values of wrong types that are told: a document may have millions."""


def shapes(texts: Iterable[str] = (), objects: Iterable[str] = (), lists: Iterable[str] = ()) -> dict[str, type]:
    """Of which type members of an object are to be, by name; lists are of objects."""
    return {name: kind for kind, names in ((str, texts), (dict, objects), (list, lists)) for name in names}


class Unread:
    """Counts what a reader passes over, and notes where a value is of another type than is due."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._wrong: list[str] = []

    def shapes(self, tree: Mapping[str, object], due: Mapping[str, type], place: str) -> None:
        """Members of an object that are not of the type that is due, or lists of what are no objects; what is empty is of any."""
        for name, kind in due.items():
            value = tree.get(name)
            if value in _EMPTY:
                continue
            if not isinstance(value, kind):
                self._wrong.append(f"{place}/{name}: {_DUE[kind]} is due")
            elif isinstance(value, list):
                self._wrong += [f"{place}/{name}/{at}: {_DUE[dict]} is due" for at, one in enumerate(value) if not isinstance(one, dict)]

    def wrong(self) -> tuple[str, ...]:
        """The first of what was noted."""
        return tuple(self._wrong[:WRONG_LIMIT])

    def members(self, tree: dict[str, object], known: Iterable[str], where: str) -> None:
        """Those of an object that are not among the known."""
        for name in tree.keys() - known:
            if tree[name] not in _EMPTY:
                self.add(f"{where}/{name}")

    def add(self, where: str, times: int = 1) -> None:
        """One kind of place, so often."""
        if times:
            self._counts[where] += times

    def counted(self) -> tuple[tuple[str, int], ...]:
        """All of them, by place."""
        return tuple(sorted(self._counts.items()))
