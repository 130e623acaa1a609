"""CycloneDX, JSON and XML: one typed model for both, built for the version that is asked for.

The graph is root → operating system → its packages, and root → other packages. All packages of distributions stand under the one operating
system, also hidden ones and those of a chroot: Trivy drops all others as soon as one stands elsewhere, and refuses a second system. Only
packages whose dependencies are known have an entry of their own; an empty one says that there are none. Nothing is random.

What lies in another package stands beside it, not within it (`components` of a component): Trivy, to 0.74 at least, passes over all that
is nested. Instead a property names the package around it, the package around it depends on it (for a reader of graphs), and
`compositions` name it among the assemblies. Who asks for it (`WriteOptions.nested`) gets it nested too; all else is the same.
"""

from collections.abc import Iterable

import msgspec

from sbomgen.documents import _cyclonedx_model as cdx
from sbomgen.documents import _cyclonedx_versions as versions
from sbomgen.documents._cyclonedx_nesting import nested_within
from sbomgen.documents._peers import OS_TYPES, TRIVY, PeerLayer, distro_facts, peer_facts, trivy_family
from sbomgen.documents._subject import image_facts, label_facts, subject_of
from sbomgen.documents._values import hash_of_digest, is_cpe, is_hash, is_url, parse_mailbox
from sbomgen.documents._writer import WriteOptions
from sbomgen.documents.content import content_uuid
from sbomgen.documents.escape import clean, clean_lines
from sbomgen.documents.licences import licence_expression, licence_id
from sbomgen.documents.properties import (
    Relations,
    contents_known,
    holders_of,
    layer_facts,
    listed_packages,
    package_facts,
    relations,
    without_dependencies,
)
from sbomgen.inventory import Inventory
from sbomgen.model import Distro, EvidencePath, Package, Technique, TrackedPackage
from sbomgen.purl import source_purl

DECLARED = "declared"
FILENAME_CONFIDENCE = 0.5
"""A file name states name and version of an archive, and may not be the one that it was published under."""

VERSION_LIMIT_CHARACTERS = 1_024
"""The schemas' (`version`); nobody's version is longer, and the PURL has it whole."""


class _CycloneDx:
    """What both forms share."""

    versions: tuple[str, ...] = versions.VERSIONS

    def losses(self, version: str | None) -> tuple[str, ...]:
        """See `LossyWriter.losses`."""
        return versions.losses(version or self.versions[0])


class CycloneDxJson(_CycloneDx):
    """Writes CycloneDX JSON."""

    name = "cyclonedx-json"
    title = "CycloneDX, the JSON form"
    suffix = ".cdx.json"

    def write(self, inventory: Inventory, options: WriteOptions) -> bytes:
        """The document, indented."""
        return msgspec.json.format(_named(msgspec.json.encode(_Document(inventory, options).bom())), indent=2) + b"\n"


class CycloneDxXml(_CycloneDx):
    """Writes CycloneDX XML."""

    name = "cyclonedx-xml"
    title = "CycloneDX, the XML form"
    suffix = ".cdx.xml"

    def write(self, inventory: Inventory, options: WriteOptions) -> bytes:
        """The document, indented."""
        from sbomgen.documents._cyclonedx_xml import bom_xml

        bom = _Document(inventory, options).bom()
        return bom_xml(msgspec.structs.replace(bom, serial_number=_serial_number(msgspec.json.encode(bom))))


def _named(content: bytes) -> bytes:
    """The document with its serial number, put in where it stands, since to encode all of it once more takes longer."""
    return content.replace(b'"version":', f'"serialNumber":"{_serial_number(content)}","version":'.encode(), 1)


def _serial_number(content: bytes) -> str:
    """That of a document by its JSON without one; the same for both forms: they say the same."""
    return f"urn:uuid:{content_uuid(content)}"


class _Document:
    """What the parts of one document need of each other."""

    def __init__(self, inventory: Inventory, options: WriteOptions) -> None:
        self.inventory = inventory
        self.options = options
        self.version = options.version or versions.VERSIONS[0]
        self.acknowledgement = DECLARED if self.has(versions.ACKNOWLEDGEMENT) else None
        self.packages = listed_packages(inventory, options.all_layers)
        self.relations: Relations = relations(inventory)
        self.holders = holders_of(self.relations)
        self.within = nested_within(self.holders) if options.nested else {}
        self.contents: dict[str, list[TrackedPackage]] = {}
        for found in self.packages if self.within else ():
            if found.ref in self.within:
                self.contents.setdefault(self.within[found.ref], []).append(found)
        self.root_ref = f"image:{clean(inventory.image.config_digest or inventory.content_id)}"
        self.os_ref = _os_ref(inventory.distro) if inventory.distro else None
        self.layer_properties = [_properties(layer_facts(layer)) for layer in inventory.layers]
        self.peer_layers = [PeerLayer(clean(layer.diff_id) if layer.diff_id else None, layer.digest) for layer in inventory.image.layers]

    def has(self, feature: versions.Feature) -> bool:
        return feature.in_version(self.version)

    def bom(self) -> cdx.Bom:
        operating_system = [_operating_system(self.inventory.distro)] if self.inventory.distro else []
        return cdx.Bom(
            schema=f"http://cyclonedx.org/schema/bom-{self.version}.schema.json",
            bom_format="CycloneDX",
            spec_version=self.version,
            version=1,
            metadata=self._metadata(),
            components=operating_system + [self._component(found) for found in self.packages if found.ref not in self.within],
            dependencies=self._dependencies(),
            compositions=self._compositions(),
        )

    def _metadata(self) -> cdx.Metadata:
        return cdx.Metadata(
            timestamp=self.options.timestamp,
            lifecycles=[cdx.Lifecycle("post-build")] if self.has(versions.LIFECYCLES) else None,
            tools=self._tools(),
            authors=[_author(author) for author in self.options.authors] or None,
            component=self._image(),
            supplier=self._supplier(),
            properties=_properties(label_facts(self.inventory)) or None,
        )

    def _tools(self) -> cdx.Tools | list[cdx.Tool]:
        version = self.options.tool_version
        if self.has(versions.TOOLS_AS_COMPONENTS):
            return cdx.Tools([cdx.Component(type="application", name="sbomgen", version=version)])
        return [cdx.Tool("sbomgen", version)]

    def _supplier(self) -> cdx.Entity | None:
        return _entity(clean(self.options.supplier)) if self.options.supplier else None

    def _image(self) -> cdx.Component:
        subject, image = subject_of(self.inventory), self.inventory.image
        trivy = [
            ("ImageID", image.config_digest),
            *(("DiffID", diff_id) for diff_id in image.config.diff_ids),
            *(("RepoTag", reference) for reference in image.references),
        ]
        return cdx.Component(
            type="container",
            bom_ref=self.root_ref,
            supplier=self._supplier(),
            name=subject.name,
            version=subject.version,
            hashes=_digest_hash(image.manifest_digest),
            purl=subject.purl,
            properties=_properties([*image_facts(self.inventory), *((TRIVY + name, clean(value)) for name, value in trivy if value)]),
        )

    def _component(self, found: TrackedPackage) -> cdx.Component:
        package = found.package
        group, name = _group_and_name(package)
        supplier = clean(package.supplier or "").strip() or None
        own = package_facts(found, self.relations.owned_by.get(found.ref), self.holders.get(found.ref, ()))
        if not self.has(versions.EVIDENCE):
            own += [("sbomgen:path", clean(path.path)) for path in found.paths]
        return cdx.Component(
            type="library",
            bom_ref=clean(found.ref),
            supplier=_entity(supplier) if supplier else None,
            publisher=supplier,
            group=group,
            name=name,
            version=_version(package.raw_version),
            description=clean(package.description) if package.description else None,
            scope=None if found.visible else "excluded",
            hashes=_hashes(package),
            licenses=self._licenses(package.licences),
            cpe=next(filter(is_cpe, package.cpes), None),
            purl=clean(found.purl),
            pedigree=_pedigree(package),
            external_references=_website(package.homepage),
            properties=self.layer_properties[found.layer] + _properties([*own, *peer_facts(found, self.peer_layers)]),
            components=[self._component(inner) for inner in self.contents.get(found.ref, ())] or None,
            evidence=self._evidence(found),
        )

    def _evidence(self, found: TrackedPackage) -> cdx.Evidence | None:
        if not found.paths or not self.has(versions.EVIDENCE):
            return None
        technique = found.package.technique
        confidence = FILENAME_CONFIDENCE if technique is Technique.FILENAME else 1
        concluded = clean(found.purl) if self.has(versions.CONCLUDED_VALUE) else None
        method = cdx.Method(technique, confidence, clean(found.paths[0].path))
        identity = cdx.Identity(field="purl", confidence=confidence, concluded_value=concluded, methods=[method])
        return cdx.Evidence(
            [identity] if self.has(versions.LISTED_IDENTITIES) else identity,
            [cdx.Occurrence(clean(path.path), self._context(path)) for path in found.paths],
        )

    def _context(self, path: EvidencePath) -> str | None:
        return self.peer_layers[path.layer].diff_id if self.has(versions.OCCURRENCE_CONTEXT) else None

    def _licenses(self, texts: Iterable[str]) -> list[cdx.LicenseEntry | cdx.ExpressionEntry] | None:
        """A list of licences, or one expression alone: until 1.7 the format allows no other, so among others an expression is a name."""
        stated = list(dict.fromkeys(text for text in texts if text.strip()))
        with_expressions = len(stated) == 1 or self.has(versions.LISTED_EXPRESSIONS)
        return list(dict.fromkeys(self._license_entry(text, with_expressions) for text in stated)) or None

    def _license_entry(self, text: str, with_expressions: bool) -> cdx.LicenseEntry | cdx.ExpressionEntry:
        identifier = licence_id(text)
        if identifier is not None:
            return cdx.LicenseEntry(cdx.License(id=identifier, acknowledgement=self.acknowledgement))
        expression = licence_expression(text)
        if expression is not None and with_expressions:
            return cdx.ExpressionEntry(expression, self.acknowledgement)
        first, *more = text.strip().splitlines()
        whole = cdx.Attachment(clean_lines(text.strip())) if more else None
        return cdx.LicenseEntry(cdx.License(name=clean(expression or first.strip()), text=whole, acknowledgement=self.acknowledgement))

    def _dependencies(self) -> list[cdx.Dependency]:
        of_system: list[str] = []
        others: list[str] = []
        for found in self.packages:
            (of_system if found.package.type in OS_TYPES else others).append(clean(found.ref))
        if self.os_ref is None:
            top = [cdx.Dependency(self.root_ref, of_system + others)]
        else:
            top = [cdx.Dependency(self.root_ref, [self.os_ref, *others]), cdx.Dependency(self.os_ref, of_system)]
        on: dict[str, list[str]] = {ref: [] for ref in without_dependencies(self.inventory, self.packages, self.relations)}
        on |= self.relations.depends_on
        on |= {ref: sorted({*contents, *on.get(ref, ())}) for ref, contents in self.relations.contains.items()}
        return top + [cdx.Dependency(clean(ref), [clean(target) for target in targets]) for ref, targets in sorted(on.items())]

    def _compositions(self) -> list[cdx.Composition]:
        """What is in an archive without a name of its own is unseen, as in the image."""
        of_image, of_system = contents_known(self.inventory)
        assemblies = [clean(ref) for ref in self.relations.contains] or None
        if self.os_ref is None:
            return [cdx.Composition(of_image, assemblies, [self.root_ref])]
        if of_image is of_system:
            return [cdx.Composition(of_image, assemblies, [self.root_ref, self.os_ref])]
        return [cdx.Composition(of_image, assemblies, [self.root_ref]), cdx.Composition(of_system, None, [self.os_ref])]


def _os_ref(distro: Distro) -> str:
    return clean(f"os:{distro.id}@{distro.version_id}" if distro.version_id else f"os:{distro.id}")


def _operating_system(distro: Distro) -> cdx.Component:
    """The name is Trivy's word for the distribution; Syft's readers take os-release's from `swid` and the properties."""
    version = _version(distro.version_id or "")
    return cdx.Component(
        type="operating-system",
        bom_ref=_os_ref(distro),
        name=trivy_family(distro),
        version=version,
        description=clean(distro.name) if distro.name else None,
        swid=cdx.Swid(tag_id=clean(distro.id), name=clean(distro.id), version=version),
        properties=_properties(distro_facts(distro)),
    )


def _properties(facts: Iterable[tuple[str, str]]) -> list[cdx.Property]:
    return [cdx.Property(name, value) for name, value in facts]


def _group_and_name(package: Package) -> tuple[str | None, str]:
    """Maven's `group:artifact` taken apart; every other name as it is."""
    group, colon, artifact = clean(package.name).partition(":")
    return (group, artifact) if package.type == "maven" and colon and group and artifact else (None, clean(package.name))


def _version(text: str) -> str | None:
    version = clean(text)
    return version if 0 < len(version) <= VERSION_LIMIT_CHARACTERS else None


def _pedigree(package: Package) -> cdx.Pedigree | None:
    """The source package, which the package was built from."""
    source = package.source
    if source is None:
        return None
    purl = source_purl(package)
    return cdx.Pedigree([cdx.Component(type="library", name=clean(source.name), version=_version(source.version or ""), purl=purl)])


def _entity(text: str) -> cdx.Entity:
    mailbox = parse_mailbox(text)
    return cdx.Entity(mailbox.name, [cdx.Contact(mailbox.email)] if mailbox.email else None)


def _author(text: str) -> cdx.Author:
    mailbox = parse_mailbox(clean(text))
    return cdx.Author(mailbox.name, mailbox.email)


def _hashes(package: Package) -> list[cdx.Hash] | None:
    """Checksums that are what their algorithm says; the schema refuses others."""
    stated = sorted({(found.algorithm, found.value.lower()) for found in package.hashes})
    return [cdx.Hash(algorithm, value) for algorithm, value in stated if is_hash(algorithm, value)] or None


def _digest_hash(digest: str | None) -> list[cdx.Hash] | None:
    found = hash_of_digest(digest or "")
    return [cdx.Hash(*found)] if found else None


def _website(homepage: str | None) -> list[cdx.ExternalReference] | None:
    return [cdx.ExternalReference("website", homepage)] if homepage and is_url(homepage) else None
