"""The profiles: NTIA 2021, CISA 2025 (draft), BSI TR-03183-2."""

from collections.abc import Callable, Iterator

from sbomgen.check.element import Element, Profile, listed
from sbomgen.sbom.bom import Bom, Component, Hash, Party

AUTHOR_OPTION = "sbomgen scan --author 'NAME <ADDRESS>'"
SUPPLIER_OPTION = "sbomgen scan --supplier 'NAME <ADDRESS>'"
TIME_VARIABLE = "SOURCE_DATE_EPOCH, where the image states no time"

_BSI_FORMATS = {"cyclonedx-json": (1, 6), "cyclonedx-xml": (1, 6), "spdx3-json": (3, 0, 1)}
"""The least version of each format that the guideline takes (section 4)."""

_FILENAME = "bsi:component:filename"
_DELIVERED = "an installed package is mostly no longer the file that it was delivered as"
_NO_FILE = (
    "a package of several files is a logical component, of which it is not asked (3.2.2); what was shaded or compiled in has none (3.2.1); "
    "archives and executables have it, but for what archives without classes may execute"
)
_NO_SHA_512 = (
    "a package of several files has none; of archives and executables it could be told, but sbomgen does not: a scan would take half as "
    "long again"
)


def _reachable(bom: Bom) -> set[str]:
    """The refs that relations lead to from what the document is about."""
    leads: dict[str, list[str]] = {}
    for relation in bom.relations:
        leads.setdefault(relation.from_ref, []).append(relation.to_ref)
    found: set[str] = set()
    waiting = [bom.root] if bom.root else []
    while waiting:
        ref = waiting.pop()
        if ref not in found:
            found.add(ref)
            waiting.extend(leads.get(ref, ()))
    return found


def _unrelated(bom: Bom) -> Iterator[Component]:
    """Components that nothing leads to. Alone, a component has nothing to be related to."""
    reachable = _reachable(bom)
    return (component for component in listed(bom) if component.ref not in reachable and len(listed(bom)) > 1)


def _unknown_contents(bom: Bom) -> Iterator[Component]:
    """What contains others without a word on how completely they are known."""
    known = {ref for ref, _ in bom.known}
    subject = bom.subject
    return (component for component in (subject,) if component is not None and component.ref not in known)


def _named(party: Party | None) -> bool:
    return party is not None and bool(party.name)


def _addressed(party: Party | None) -> bool:
    return party is not None and bool(party.email or party.url)


def _identified(component: Component) -> bool:
    return bool(component.purl or component.cpes or component.identified)


def _checksums(component: Component) -> Iterator[Hash]:
    """Its own, and those of the files that it can be had as."""
    yield from component.hashes
    for reference in component.references:
        if reference.type == "distribution":
            yield from reference.hashes


def _has_property(name: str) -> Callable[[Component], bool]:
    return lambda component: any(stated.lower() == name for stated, _ in component.properties)


def _refers_to(*types: str) -> Callable[[Component], bool]:
    return lambda component: any(reference.type in types for reference in component.references)


def _accepted_form(bom: Bom) -> bool:
    least = _BSI_FORMATS.get(bom.format)
    numbers = [int(part) for part in bom.version.split(".") if part.isdecimal()]
    return least is not None and tuple(numbers) >= least


_NAME = Element(id="component_name", title="Component name", of_component=lambda one: bool(one.name))
_VERSION = Element(
    id="component_version",
    title="Component version",
    of_component=lambda one: bool(one.version),
    not_in_images="the package's own metadata state no version, as those of Go's main modules",
)
_IDENTIFIER = Element(
    id="identifier",
    title="Unique identifier (PURL, CPE, SWID, …)",
    of_component=_identified,
    not_in_images="no scheme of identifiers covers it; an image that no registry names has no PURL",
)
_SUPPLIER = Element(
    id="supplier",
    title="Supplier of each component",
    of_component=lambda one: _named(one.supplier),
    adds=SUPPLIER_OPTION,
    not_in_images="the metadata of these packages name nobody",
)
_DEPENDENCIES = Element(id="dependency_relationship", title="Dependency relationships", lacking=_unrelated)
_AUTHOR = Element(
    id="sbom_author",
    title="Author of the SBOM (a person or organisation)",
    of_document=lambda bom: any(map(_named, bom.authors)),
    adds=AUTHOR_OPTION,
)
_TIMESTAMP = Element(id="timestamp", title="Timestamp", of_document=lambda bom: bool(bom.timestamp), adds=TIME_VARIABLE)
_LICENCE = Element(id="licence", title="Licence", of_component=lambda one: bool(one.declared or one.concluded))

NTIA = Profile(
    "ntia",
    "NTIA, The Minimum Elements For an SBOM (2021)",
    "https://www.ntia.gov/report/2021/minimum-elements-software-bill-materials-sbom",
    (_SUPPLIER, _NAME, _VERSION, _IDENTIFIER, _DEPENDENCIES, _AUTHOR, _TIMESTAMP),
)

CISA = Profile(
    "cisa-2025",
    "CISA, 2025 Minimum Elements for an SBOM (draft of August 2025)",
    "https://www.cisa.gov/resources-tools/resources/2025-minimum-elements-software-bill-materials-sbom",
    (
        _AUTHOR,
        Element(
            id="software_producer",
            title="Software producer of each component",
            of_component=lambda one: _named(one.supplier) or _named(one.originator),
            adds=SUPPLIER_OPTION,
            not_in_images="the metadata of these packages name nobody",
        ),
        _NAME,
        _VERSION,
        _IDENTIFIER,
        Element(
            id="component_hash",
            title="Component hash",
            of_component=lambda one: any(_checksums(one)),
            not_in_images=f"{_DELIVERED}, and these package databases keep no checksum of it",
        ),
        _LICENCE,
        _DEPENDENCIES,
        Element(id="tool_name", title="Tool that made the SBOM", of_document=lambda bom: bool(bom.tools)),
        _TIMESTAMP,
        Element(id="generation_context", title="Generation context (phase of the life cycle)", of_document=lambda bom: bool(bom.phase)),
        Element(id="coverage", title="Coverage: how completely the contents are known", lacking=_unknown_contents),
    ),
)

BSI = Profile(
    "bsi-tr-03183-2",
    "BSI TR-03183-2, Cyber Resilience Requirements, Part 2: SBOM (2.1.0)",
    "https://www.bsi.bund.de/dok/TR-03183-en",
    (
        Element(id="format", title="CycloneDX 1.6 or SPDX 3.0.1, or later", of_document=_accepted_form),
        Element(
            id="sbom_creator",
            title="Creator of the SBOM, with address or site",
            of_document=lambda bom: any(map(_addressed, bom.authors)),
            adds=AUTHOR_OPTION,
        ),
        _TIMESTAMP,
        Element(id="no_vulnerabilities", title="No vulnerabilities in the SBOM", of_document=lambda bom: not bom.vulnerabilities),
        Element(
            id="component_creator",
            title="Creator of each component, with address or site",
            of_component=lambda one: _addressed(one.supplier) or _addressed(one.originator),
            adds=SUPPLIER_OPTION,
            not_in_images="the metadata of these packages name nobody, or no address",
        ),
        _NAME,
        _VERSION,
        Element(
            id="filename",
            title=f"File name of each component ({_FILENAME})",
            of_component=_has_property(_FILENAME),
            not_in_images=_NO_FILE,
        ),
        _DEPENDENCIES,
        Element(id="completeness", title="Completeness of the dependencies", lacking=_unknown_contents),
        Element(
            id="distribution_licence",
            title="Distribution licence (concluded)",
            of_component=lambda one: bool(one.concluded),
            not_in_images="which licence was chosen is the decision of whoever distributes; metadata declare those on offer",
        ),
        Element(
            id="deployable_hash",
            title="SHA-512 of the deployable component",
            of_component=lambda one: any(found.algorithm == "SHA-512" for found in _checksums(one)),
            not_in_images=_NO_SHA_512,
            told_of=_has_property(_FILENAME),
        ),
        *(
            Element(
                id=f"{name}_property",
                title=f"{name.capitalize()} property (bsi:component:{name})",
                of_component=_has_property(f"bsi:component:{name}"),
                not_in_images=_NO_FILE,
            )
            for name in ("executable", "archive", "structured")
        ),
        Element(id="sbom_uri", title="URI of the SBOM, where it exists", of_document=lambda bom: bool(bom.identifier), required=False),
        *(
            Element(
                id=identifier,
                title=f"{title}, where it exists",
                of_component=of_component,
                required=False,
                not_in_images="the metadata of these packages do not state it",
            )
            for identifier, title, of_component in (
                ("source_uri", "URI of the source code", _refers_to("vcs", "source-distribution")),
                ("deployable_uri", "URI of the deployable component", _refers_to("distribution")),
                ("other_identifiers", "Other unique identifiers (PURL, CPE, SWID, …)", _identified),
                ("original_licence", "Original licence (declared)", lambda one: bool(one.declared)),
            )
        ),
    ),
)  # fmt: skip

PROFILES: tuple[Profile, ...] = (NTIA, CISA, BSI)
