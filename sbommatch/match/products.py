"""Which of a document's packages a product of a statement is, or holds.

A product is what the document describes (an image, an application), or one of its packages:

- PURLs: by OpenVEX's rules of PURL matching. Type, namespace and name are equal as the ecosystem compares names; a version or qualifier
  that the statement does not name may be any. Versions are equal as texts or in the ecosystem's order. `?arch=src` of an rpm and
  `?arch=source` of a deb mean all packages built from that source.
- Images: by digest (of manifest or config), whatever they are called; else by name, repository and tag, as far as the statement names them.
- BOM-Links, names, CPEs, releases of a distribution: exactly.

A part is meant only inside its product. That is so where the document describes the product, and where all that depends on the part, as far
as the document says, does so through the product: what is said of a library inside one program says nothing of the same library in another.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from urllib.parse import unquote

from sbommatch.advisory import NameKind
from sbommatch.ecosystems import LANGUAGE_BY_PURL_TYPE, unchanged
from sbommatch.match.coordinates import SCHEME_BY_OS_TYPE
from sbommatch.match.cpes import parse_cpe
from sbommatch.match.images import DIGEST_PREFIX, IMAGE_TYPES, digests_of, image_named, images_of, is_called, purl_of
from sbommatch.match.model import ComponentResult
from sbommatch.purl import Purl
from sbommatch.sbom.component import Document
from sbommatch.statement import Product, Software
from sbommatch.versions import SCHEME_BY_NAME
from sbommatch.versions.scheme import InvalidVersion

SOURCE_ARCHITECTURES = frozenset({"src", "source"})
NAMESPACE_SYNONYMS = {"rhel": "redhat"}
"""Of rpms: producers write os-release's ID, or the vendor."""

Identity = tuple[str, str | None, str]


def identity(purl: Purl) -> Identity:
    """What two PURLs of one package have in common: type, and namespace and name as the ecosystem compares them."""
    language = LANGUAGE_BY_PURL_TYPE.get(purl.type)
    normalise = language.normalise if language else unchanged
    namespace = purl.namespace and normalise(purl.namespace)
    if purl.type == "rpm":
        namespace = NAMESPACE_SYNONYMS.get(namespace or "", namespace)
    return purl.type, namespace, normalise(purl.name)


def is_same(stated: Purl, own: Purl, version: str | None = None) -> bool:
    """Whether a stated PURL means a package; `version` is the package's where its own PURL has none."""
    qualifiers = stated.qualifiers if stated.type != "rpm" else {key: value for key, value in stated.qualifiers.items() if key != "epoch"}
    return (
        identity(own) == identity(stated)
        and qualifiers.items() <= own.qualifiers.items()
        and stated.subpath in {None, own.subpath}
        and (stated.version is None or _is_version(stated, own, own.version or version))
    )


def _is_version(stated: Purl, own: Purl, version: str | None) -> bool:
    if version is None or stated.version is None:
        return False
    wanted = stated.version
    if stated.type == "rpm" and "epoch" in stated.qualifiers:
        wanted, version = f"{stated.qualifiers['epoch']}:{wanted}", f"{own.qualifiers.get('epoch', '0')}:{version}"
    return is_equal(wanted, version, own.type)


@lru_cache(maxsize=1 << 16)  # the same few versions stand in thousands of statements
def is_equal(left: str, right: str, purl_type: str) -> bool:
    """Whether two versions are one, as texts or in their order: PyPI's `1.0` and `1.0.0`."""
    if left == right:
        return True
    language = LANGUAGE_BY_PURL_TYPE.get(purl_type)
    scheme = language.scheme if language else SCHEME_BY_OS_TYPE.get(purl_type)
    try:
        return scheme is not None and SCHEME_BY_NAME[scheme].compare(left, right) == 0
    except InvalidVersion:
        return False


def has_version(versions: Iterable[str], version: str | None, purl_type: str) -> bool:
    """Whether a version is one of those listed, or in one of the ranges (VERS) among them; no guess is made about others."""
    return version is not None and any(
        _in_range(text, version) if text.startswith("vers:") else is_equal(text, version, purl_type) for text in versions
    )


def _in_range(text: str, version: str) -> bool:
    from sbommatch.ranges import SYNTAX_BY_NAME, InvalidRange, contains

    try:
        native = SYNTAX_BY_NAME["vers"].parse(text)
        scheme = SCHEME_BY_NAME.get(native.scheme or "")
        return scheme is not None and contains(native, scheme, version)
    except (InvalidRange, InvalidVersion):
        return False


class Products:
    """One document, for products to be looked for in it."""

    def __init__(self, document: Document, results: Sequence[ComponentResult]) -> None:
        self._document = document
        self._subject = purl_of(document.subject.purl)
        self._images = tuple(images_of(document.subject))
        self._digests = frozenset(digests_of(document.subject, self._images))
        self._purls = {result.component.ref: purl_of(result.component.purl) for result in results}
        self._by_ref = {result.component.ref: result for result in results}
        self._named: dict[Identity, list[ComponentResult]] = {}
        for result in results:
            if purl := self._purls[result.component.ref]:
                self._named.setdefault(identity(purl), []).append(result)
        self._dependents = _dependents(document)
        self._is_subject: dict[int, tuple[Software, bool]] = {}  # by id of the product, which is held so that it stays its own

    def candidates(self, software: Software) -> Iterator[ComponentResult]:
        """The packages of that name, in any version, and the one that a BOM-Link leads to."""
        for purl in software.purls:
            yield from self._named.get(identity(purl), ())
        linked = self._by_ref.get(unquote((software.id or "").partition("#")[2]))
        if linked and self._is_linked(software, linked.component.ref):
            yield linked

    def means(self, product: Product, result: ComponentResult) -> bool:
        """Whether a statement about the product is one about that package."""
        if product.parts:
            return self._holds(product.software, result) and any(self.is_package(part, result) for part in product.parts)
        return self.is_package(product.software, result) or self._holds(product.software, result)

    def is_package(self, software: Software, result: ComponentResult) -> bool:
        """Whether that package is meant by itself."""
        component, own = result.component, self._purls[result.component.ref]
        purl_type = own.type if own else ""
        if software.versions and not has_version(software.versions, component.version, purl_type):
            return False
        if own and any(is_same(stated, own, component.version) or _is_built_from(stated, own, result) for stated in software.purls):
            return True
        return self._is_linked(software, component.ref) or any(_is_cpe(stated, component.cpes) for stated in software.cpes)

    def _holds(self, software: Software, result: ComponentResult) -> bool:
        if self.is_subject(software) or _is_release(software, result):
            return True
        owners = {owner.component.ref for owner in self.candidates(software) if self.is_package(software, owner)}
        return bool(owners - {result.component.ref}) and self._is_only_within(owners, result.component.ref)

    def _is_only_within(self, owners: set[str], ref: str) -> bool:
        """Whether all that depends on a package, directly or not, does so through one of the owners; nothing else must be at the top."""
        met, seen, waiting = False, {ref}, [ref]
        while waiting:
            dependents = self._dependents.get(waiting.pop())
            if not dependents:
                return False
            met = met or not owners.isdisjoint(dependents)
            fresh = dependents - owners - seen
            seen |= fresh
            waiting += fresh
        return met

    def is_subject(self, software: Software) -> bool:
        """Whether the document as a whole is meant."""
        remembered = self._is_subject.get(id(software))
        if remembered is None:
            remembered = self._is_subject[id(software)] = software, self._is_about(software)
        return remembered[1]

    def _is_about(self, software: Software) -> bool:
        subject = self._document.subject
        if software.versions and not has_version(software.versions, subject.version, self._subject.type if self._subject else ""):
            return False
        if any(self._is_image(purl) if purl.type in IMAGE_TYPES else self._is_subject_purl(purl) for purl in software.purls):
            return True
        if software.name and software.name == subject.name and software.version in {None, subject.version}:
            return True
        return bool(software.id) and (self._is_linked(software, self._document.subject_ref) or self._is_reference(software.id or ""))

    def _is_subject_purl(self, stated: Purl) -> bool:
        return self._subject is not None and is_same(stated, self._subject, self._document.subject.version)

    def _is_image(self, stated: Purl) -> bool:
        digest = stated.version if stated.version and stated.version.startswith(DIGEST_PREFIX) else None
        if digest:
            return digest in self._digests and self._is_platform(stated)
        return any(is_called(stated, image) for image in self._images) and self._is_platform(stated)

    def _is_platform(self, stated: Purl) -> bool:
        """Whether the architecture is the image's, as far as both are stated."""
        arch, platform = stated.qualifiers.get("arch"), (self._document.subject.platform or "").split("/")
        return arch is None or len(platform) < 2 or arch in {platform[1], "/".join(platform[1:])}

    def _is_reference(self, text: str) -> bool:
        wanted = image_named(text)
        if wanted.digest:
            return wanted.digest in self._digests
        return any(wanted.repository == image.repository and wanted.tag in {None, image.tag} for image in self._images)

    def _is_linked(self, software: Software, ref: str | None) -> bool:
        """Whether a BOM-Link leads to that component of this very document; one without a fragment leads to the document."""
        if not software.id or self._document.bom_link is None:
            return False
        link, _, fragment = software.id.partition("#")
        if link.lower() != self._document.bom_link:
            return False
        return ref is not None and ref in {fragment, unquote(fragment)} if fragment else ref == self._document.subject_ref


def _is_built_from(stated: Purl, own: Purl, result: ComponentResult) -> bool:
    """Whether a PURL of a source package is that of the package's source."""
    if stated.qualifiers.get("arch") not in SOURCE_ARCHITECTURES or (stated.type, identity(stated)[1]) != (own.type, identity(own)[1]):
        return False
    qualifiers = {key: value for key, value in stated.qualifiers.items() if key not in {"arch", "epoch"}}
    sources = [lookup for lookup in result.lookups if lookup.name_kind is NameKind.SOURCE and lookup.name == stated.name]
    epoch = f"{stated.qualifiers['epoch']}:" if "epoch" in stated.qualifiers else ""
    return qualifiers.items() <= own.qualifiers.items() and any(
        stated.version is None or is_equal(f"{epoch}{stated.version}", lookup.raw_version, own.type) for lookup in sources
    )


def _is_cpe(stated: str, own: Iterable[str]) -> bool:
    wanted = parse_cpe(stated)
    if wanted is None:
        return False
    name = (wanted.part, wanted.vendor, wanted.product)
    found = [cpe for cpe in map(parse_cpe, own) if cpe and (cpe.part, cpe.vendor, cpe.product) == name]
    return any(wanted.version in {None, cpe.version} for cpe in found)


def _is_release(software: Software, result: ComponentResult) -> bool:
    """Whether the release of a distribution, or its stream of updates, is meant that the package is of."""
    return any(
        lookup.namespace == namespace and (channel is None or channel in lookup.channels)
        for namespace, channel in software.releases
        for lookup in result.lookups
    )


def _dependents(document: Document) -> Mapping[str, set[str]]:
    """By ref what depends on it, the document's subject aside: many producers let it depend on everything."""
    dependents: dict[str, set[str]] = {}
    for ref, named in document.dependencies:
        if ref != document.subject_ref:
            for one in named:
                dependents.setdefault(one, set()).add(ref)
    return dependents
