"""SPDX 2.3 JSON.

Provenance stands in one annotation per package: a JSON object with the names that CycloneDX's properties have, and `sbomgen:path` for the
files that show the package. Nothing is asserted that is not known, no checksum is made up, and no identifier is random.
"""

import re
from collections.abc import Iterable

import msgspec

from sbomgen.documents import _spdx_model as spdx
from sbomgen.documents._peers import OS_TYPES, distro_facts, trivy_family
from sbomgen.documents._spdx_model import NOASSERTION
from sbomgen.documents._subject import image_facts, subject_of
from sbomgen.documents._values import hash_of_digest, is_hash, is_url, parse_mailbox
from sbomgen.documents._writer import WriteOptions
from sbomgen.documents.content import content_uuid, short_digest
from sbomgen.documents.escape import clean, clean_lines
from sbomgen.documents.licences import is_compound, licence_expression
from sbomgen.documents.properties import REPEATED_NAMES, layer_facts, listed_packages, package_facts, relations
from sbomgen.inventory import Inventory
from sbomgen.model import Distro, Package, SourcePackage, TrackedPackage

DOCUMENT_ID = "SPDXRef-DOCUMENT"
ROOT_ID = "SPDXRef-Image"
SYSTEM_ID = "SPDXRef-OperatingSystem"
"""Trivy's reader knows the operating system by this beginning of the identifier."""
LICENSE_LIST_VERSION = "3.28"
NO_TIME = "1970-01-01T00:00:00Z"
"""The format demands a time even where none is known."""

OWNED_BY = "owned-by: the file list of the related package of the operating system delivers this package"
"""From the owned to the owner: the other way round, Trivy's reader takes the owned for a package of the operating system."""
HIDDEN = "hidden: a later layer removed this package; its bytes still ship in a lower one"

SLUG_CHARACTERS = 60
"""Of a name within an identifier: what makes it unique is the digest behind it."""

_NOT_IN_IDENTIFIERS = re.compile(r"[^A-Za-z0-9.-]+")
_LICENCE_NAME = re.compile(r"[A-Za-z0-9.-]{1,64}")
_WORD = re.compile(r"\w+")
_ORGANISATIONS = frozenset({
    "association", "authors", "community", "company", "contributors", "corp", "corporation", "developers", "foundation", "gmbh", "group",
    "hat", "inc", "limited", "llc", "ltd", "maintainers", "organisation", "organization", "packagers", "project", "suse", "team",
    "university",
})  # fmt: skip
"""Words in the names of those that are more than one person."""


class SpdxJson:
    """Writes SPDX JSON."""

    name = "spdx-json"
    title = "SPDX, the JSON form"
    versions: tuple[str, ...] = ("2.3",)
    suffix = ".spdx.json"

    def write(self, inventory: Inventory, options: WriteOptions) -> bytes:
        """The document, indented."""
        document = _Document(inventory, options).document()
        namespace = f"urn:uuid:{content_uuid(msgspec.json.encode(document))}"
        encoded = msgspec.json.encode(msgspec.structs.replace(document, document_namespace=namespace))
        return msgspec.json.format(encoded, indent=2) + b"\n"


class _Document:
    """What the parts of one document need of each other."""

    def __init__(self, inventory: Inventory, options: WriteOptions) -> None:
        self.inventory = inventory
        self.tool = f"Tool: sbomgen-{options.tool_version}"
        self.created = options.timestamp or NO_TIME
        self.packages = listed_packages(inventory, options.all_layers)
        self.relations = relations(inventory)
        self.ids = {found.ref: _package_id(found) for found in self.packages}
        self.layer_facts = [layer_facts(layer) for layer in inventory.layers]
        self.licences = _Licences()

    def document(self) -> spdx.Document:
        distro = self.inventory.distro
        packages = [self._image(), *([self._operating_system(distro)] if distro else []), *map(self._package, self.packages)]
        return spdx.Document(
            spdx_version="SPDX-2.3",
            data_license="CC0-1.0",
            spdx_id=DOCUMENT_ID,
            name=subject_of(self.inventory).name,
            document_namespace="",
            creation_info=spdx.CreationInfo(self.created, [self.tool], LICENSE_LIST_VERSION),
            packages=packages,
            has_extracted_licensing_infos=self.licences.extracted() or None,
            relationships=self._relationships(),
        )

    def _image(self) -> spdx.Package:
        subject = subject_of(self.inventory)
        digest = hash_of_digest(self.inventory.image.manifest_digest or "")
        return spdx.Package(
            spdx_id=ROOT_ID,
            name=subject.name,
            version_info=subject.version,
            supplier=NOASSERTION,
            download_location=NOASSERTION,
            files_analyzed=False,
            checksums=[_checksum(*digest)] if digest else None,
            license_concluded=NOASSERTION,
            license_declared=NOASSERTION,
            copyright_text=NOASSERTION,
            external_refs=[_purl_ref(subject.purl)] if subject.purl else None,
            primary_package_purpose="CONTAINER",
            annotations=[self._annotation(image_facts(self.inventory))],
        )

    def _operating_system(self, distro: Distro) -> spdx.Package:
        """Named as in CycloneDX: Trivy's word here, os-release's in the annotation."""
        return spdx.Package(
            spdx_id=SYSTEM_ID,
            name=trivy_family(distro),
            version_info=clean(distro.version_id) if distro.version_id else None,
            supplier=NOASSERTION,
            download_location=NOASSERTION,
            files_analyzed=False,
            license_concluded=NOASSERTION,
            license_declared=NOASSERTION,
            copyright_text=NOASSERTION,
            description=clean(distro.name) if distro.name else None,
            primary_package_purpose="OPERATING_SYSTEM",
            annotations=[self._annotation(distro_facts(distro))],
        )

    def _package(self, found: TrackedPackage) -> spdx.Package:
        package = found.package
        owner = self.relations.owned_by.get(found.ref)
        facts = self.layer_facts[found.layer] + package_facts(found, self.ids[owner] if owner else None)
        paths = [("sbomgen:path", clean(path.path)) for path in found.paths]
        return spdx.Package(
            spdx_id=self.ids[found.ref],
            name=clean(package.name),
            version_info=clean(package.raw_version) or None,
            supplier=_actor(clean(package.supplier or "")),
            download_location=NOASSERTION,
            files_analyzed=False,
            checksums=_checksums(package),
            homepage=package.homepage if package.homepage and is_url(package.homepage) else None,
            source_info=_source_info(package.source) if package.source else None,
            license_concluded=NOASSERTION,
            license_declared=self.licences.declared(package.licences),
            copyright_text=NOASSERTION,
            description=clean(package.description) if package.description else None,
            external_refs=[_purl_ref(found.purl)],
            primary_package_purpose="LIBRARY",
            annotations=[self._annotation([*facts, *paths])],
        )

    def _annotation(self, facts: Iterable[tuple[str, str]]) -> spdx.Annotation:
        return spdx.Annotation(self.tool, self.created, "OTHER", facts_as_json(facts))

    def _relationships(self) -> list[spdx.Relationship]:
        distro = self.inventory.distro
        found = [spdx.Relationship(DOCUMENT_ID, "DESCRIBES", ROOT_ID)]
        if distro is not None:
            found.append(spdx.Relationship(ROOT_ID, "CONTAINS", SYSTEM_ID))
        for package in self.packages:
            container = SYSTEM_ID if distro is not None and package.package.type in OS_TYPES else ROOT_ID
            found.append(spdx.Relationship(container, "CONTAINS", self.ids[package.ref], None if package.visible else HIDDEN))
        for ref, targets in self.relations.depends_on.items():
            found.extend(spdx.Relationship(self.ids[ref], "DEPENDS_ON", self.ids[target]) for target in targets)
        for ref, owner in sorted(self.relations.owned_by.items()):
            found.append(spdx.Relationship(self.ids[ref], "OTHER", self.ids[owner], OWNED_BY))
        return found


class _Licences:
    """Declared licences as expressions; texts that are none get a `LicenseRef-` of the document."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}
        """Declared text by its LicenseRef."""

    def declared(self, texts: Iterable[str]) -> str:
        """All of them, joined with AND; NOASSERTION where there is none."""
        terms = list(dict.fromkeys(self._term(text.strip()) for text in texts if text.strip()))
        if len(terms) < 2:
            return terms[0] if terms else NOASSERTION
        return " AND ".join(f"({term})" if is_compound(term) else term for term in terms)

    def _term(self, text: str) -> str:
        expression = licence_expression(text)
        if expression is not None:
            return expression
        reference = f"LicenseRef-{text}" if _LICENCE_NAME.fullmatch(text) else f"LicenseRef-{_slug(text)}-{short_digest(text)}"
        self._texts[reference] = text
        return reference

    def extracted(self) -> list[spdx.ExtractedLicense]:
        """What the references mean, sorted by them."""
        return [
            spdx.ExtractedLicense(reference, clean_lines(text), clean(text.splitlines()[0]))
            for reference, text in sorted(self._texts.items())
        ]


def _slug(text: str) -> str:
    """The beginning of a text as people recognise it in an identifier."""
    return _NOT_IN_IDENTIFIERS.sub("-", text)[:SLUG_CHARACTERS].strip("-")


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


def _package_id(found: TrackedPackage) -> str:
    """Readable, and unique by the ref."""
    return f"SPDXRef-Package-{_slug(f'{found.package.type}-{found.package.name}')}-{short_digest(found.ref)}"


def _actor(text: str) -> str:
    """Somebody with an address is a person, unless the name sounds like more than one.

    The address stands in brackets; where there is none but the name has brackets, empty ones keep those from being taken for it.
    """
    mailbox = parse_mailbox(text)
    if not mailbox.name:
        return NOASSERTION
    kind = "Person" if mailbox.email and _ORGANISATIONS.isdisjoint(_WORD.findall(mailbox.name.lower())) else "Organization"
    return f"{kind}: {mailbox.name} ({mailbox.email or ''})" if mailbox.email or "(" in mailbox.name else f"{kind}: {mailbox.name}"


def _source_info(source: SourcePackage) -> str:
    """As Trivy writes and reads it."""
    return clean(f"built package from: {source.name} {source.version}" if source.version else f"built package from: {source.name}")


def _purl_ref(purl: str) -> spdx.ExternalRef:
    return spdx.ExternalRef("PACKAGE-MANAGER", "purl", clean(purl))


def _checksums(package: Package) -> list[spdx.Checksum] | None:
    stated = sorted({(found.algorithm, found.value.lower()) for found in package.hashes})
    return [_checksum(algorithm, value) for algorithm, value in stated if is_hash(algorithm, value)] or None


def _checksum(algorithm: str, value: str) -> spdx.Checksum:
    """SPDX spells the algorithms without the hyphen: `SHA256`."""
    return spdx.Checksum(algorithm.replace("-", ""), value)
