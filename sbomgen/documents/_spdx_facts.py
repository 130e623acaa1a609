"""What every version of SPDX says, in values that the writers of SPDX 2 and of SPDX 3 spell out."""

import re
from collections.abc import Iterable
from enum import StrEnum

import msgspec
from msgspec import Struct

from sbomgen.documents._peers import OS_TYPES
from sbomgen.documents._subject import image_facts, label_facts
from sbomgen.documents._values import is_hash, parse_mailbox
from sbomgen.documents.content import short_digest
from sbomgen.documents.escape import clean, clean_lines
from sbomgen.documents.licences import is_compound, licence_expression
from sbomgen.documents.properties import REPEATED_NAMES, package_facts
from sbomgen.inventory import Inventory, ReadState
from sbomgen.model import Package, SourcePackage, TrackedPackage

LICENSE_LIST_VERSION = "3.28"
NO_TIME = "1970-01-01T00:00:00Z"
"""The formats demand a time even where none is known."""

OWNED_BY = "owned-by: the file list of the related package of the operating system delivers this package"
"""From the owned to the owner: the other way round, Trivy's reader takes the owned for a package of the operating system."""
COMPLETE = "complete: there is nothing else"
INDEPENDENT = "complete: its own metadata name nothing that is installed here"
HIDDEN = "hidden: a later layer removed this package; its bytes still ship in a lower one"

NOT_SAID = ("how a package was recognised: by its metadata, its checksum, its file name",)
"""What no version has a place for."""

SLUG_CHARACTERS = 60
"""Of a name within an identifier: what makes it unique is the digest behind it."""

_NOT_IN_IDENTIFIERS = re.compile(r"[^A-Za-z0-9.-]+")
_LICENCE_NAME = re.compile(r"[A-Za-z0-9.-]{1,64}")
_LICENCE_REFERENCE = re.compile(r"LicenseRef-[A-Za-z0-9.-]+")
_WORD = re.compile(r"\w+")
_ORGANISATIONS = frozenset({
    "association", "authors", "community", "company", "contributors", "corp", "corporation", "developers", "foundation", "gmbh", "group",
    "hat", "inc", "limited", "llc", "ltd", "maintainers", "organisation", "organization", "packagers", "project", "suse", "team",
    "university",
})  # fmt: skip
"""Words in the names of those that are more than one person."""


class ActorKind(StrEnum):
    """What somebody is; the words of SPDX."""

    PERSON = "Person"
    ORGANIZATION = "Organization"


class Actor(Struct, frozen=True):
    """Somebody who supplied or made a package."""

    kind: ActorKind
    name: str
    email: str | None

    @property
    def identifier(self) -> str:
        """Of an element: readable, and unique by its digest."""
        return f"Agent-{slug(self.name)}-{short_digest(repr((self.kind.value, self.name, self.email)))}"


class Source(Struct, frozen=True):
    """A source package."""

    identifier: str
    """Of its element: readable, and unique by its digest."""
    package: SourcePackage
    built: list[TrackedPackage]
    """What was built from it."""


class DeclaredLicences:
    """Declared licences as expressions; texts that are none get a `LicenseRef-` of the document."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}

    def expression(self, texts: Iterable[str]) -> str | None:
        """All of them, joined with AND; None where there is none."""
        terms = list(dict.fromkeys(self._term(text.strip()) for text in texts if text.strip()))
        if len(terms) < 2:
            return terms[0] if terms else None
        return " AND ".join(f"({term})" if is_compound(term) else term for term in terms)

    def _term(self, text: str) -> str:
        expression = licence_expression(text)
        if expression is not None:
            return expression
        reference = f"LicenseRef-{text}" if _LICENCE_NAME.fullmatch(text) else f"LicenseRef-{slug(text)}-{short_digest(text)}"
        self._texts[reference] = text
        return reference

    def extracted(self) -> list[tuple[str, str, str]]:
        """Reference, name and text of each licence that is not on the list, by reference."""
        return [(reference, clean(text.splitlines()[0]), clean_lines(text)) for reference, text in sorted(self._texts.items())]


def licence_references(expression: str) -> list[str]:
    """The `LicenseRef-` in an expression, each once."""
    return list(dict.fromkeys(_LICENCE_REFERENCE.findall(expression)))


def slug(text: str) -> str:
    """The beginning of a text as people recognise it in an identifier."""
    return _NOT_IN_IDENTIFIERS.sub("-", text)[:SLUG_CHARACTERS].strip("-")


def package_identifier(found: TrackedPackage) -> str:
    """Of a package's element: readable, and unique by the ref."""
    return f"Package-{slug(f'{found.package.type}-{found.package.name}')}-{short_digest(found.ref)}"


def sources_of(packages: Iterable[TrackedPackage]) -> list[Source]:
    """The source packages, by identifier."""
    built: dict[tuple[str, SourcePackage], list[TrackedPackage]] = {}
    for found in packages:
        if found.package.source is not None:
            built.setdefault((found.package.type, found.package.source), []).append(found)
    sources = [Source(_source_identifier(*key), key[1], of_it) for key, of_it in built.items()]
    return sorted(sources, key=lambda source: source.identifier)


def _source_identifier(purl_type: str, source: SourcePackage) -> str:
    return f"Source-{slug(f'{purl_type}-{source.name}')}-{short_digest(repr((purl_type, source.name, source.version)))}"


def missing_parts(inventory: Inventory) -> str:
    """For people: why it is not known completely what lies in an archive or a wheel."""
    if any(problem.loss for problem in inventory.problems):
        return "incomplete: a part of the image could not be read"
    return "unknown: what has no name of its own may be in it unseen"


def missing_contents(inventory: Inventory) -> str:
    """For people: why the contents of image and system are not known completely."""
    unread = [layer for layer in inventory.layers if layer.read is ReadState.NOT_READ]
    reasons = [f"layer {layer.layer.index} was not read: {clean(layer.reason or '')}".removesuffix(": ") for layer in unread]
    if not any(problem.loss for problem in inventory.problems):
        return "; ".join(["unknown: what no package database names may be in an image unseen", *reasons])
    return "; ".join(["incomplete: a part of the image could not be read", *reasons])


def image_statement(inventory: Inventory) -> str:
    """The annotation of the image."""
    return facts_as_json([*image_facts(inventory), *label_facts(inventory)])


def package_statement(found: TrackedPackage, owner: str | None, of_layer: list[tuple[str, str]]) -> str:
    """The annotation of a package: provenance, the element that owns it, and the files that show it, each with its layer."""
    owned = [("sbomgen:owned_by", owner)] if owner else []
    paths = [fact for path in found.paths for fact in (("sbomgen:path", clean(path.path)), ("sbomgen:path:layer", str(path.layer)))]
    return facts_as_json([*of_layer, *package_facts(found, None), *owned, *paths])


def facts_as_json(facts: Iterable[tuple[str, str]]) -> str:
    """One canonical JSON object: names sorted, no blanks, values are strings; those of a name that may repeat are an array."""
    values: dict[str, str | list[str]] = {}
    for name, value in facts:
        if name in REPEATED_NAMES:
            repeated = values.setdefault(name, [])
            assert isinstance(repeated, list)
            repeated.append(value)
        else:
            values[name] = value
    return msgspec.json.encode(values, order="sorted").decode()


def supplier_of(package: Package) -> Actor | None:
    """Whom the package's metadata name as maintainer or author."""
    return actor_of(package.supplier or "")


def originator_of(package: Package) -> Actor | None:
    """Who made it: of a language's package its author; a distribution's maintainer made the package, not what is in it."""
    return None if package.type in OS_TYPES else supplier_of(package)


def actor_of(text: str) -> Actor | None:
    """Somebody with an address is a person, unless the name sounds like more than one; None for no text."""
    mailbox = parse_mailbox(clean(text))
    if not mailbox.name:
        return None
    is_person = mailbox.email and _ORGANISATIONS.isdisjoint(_WORD.findall(mailbox.name.lower()))
    return Actor(ActorKind.PERSON if is_person else ActorKind.ORGANIZATION, mailbox.name, mailbox.email)


def source_info(source: SourcePackage) -> str:
    """As Trivy writes and reads it."""
    return clean(f"built package from: {source.name} {source.version}" if source.version else f"built package from: {source.name}")


def checksums_of(package: Package) -> list[tuple[str, str]]:
    """Algorithm and value of each checksum that is what its algorithm says; SPDX spells the algorithms without the hyphen: `SHA256`."""
    stated = sorted({(found.algorithm, found.value.lower()) for found in package.hashes})
    return [(algorithm.replace("-", ""), value) for algorithm, value in stated if is_hash(algorithm, value)]
