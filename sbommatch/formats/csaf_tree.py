"""What CSAF 2.0 documents consist of, as far as it is read: the tree of products, and what is said of them.

https://docs.oasis-open.org/csaf/csaf/v2.0/os/csaf-v2.0-os.html; shared by the feed's format and the reader of VEX documents.
"""

import re
from typing import NamedTuple

import msgspec
from msgspec import Struct

from sbommatch.purl import InvalidPurl, Purl, parse_purl

MAX_BRANCHES = 100
"""Depth of the tree of products; the standard's own examples and real documents stay below ten."""

MAX_RELATIONS = 10
"""Relations upon relations: package of a module of a product are two."""

_RELEASE = re.compile(r"cpe:/[ao]:redhat:enterprise_linux:(\d+)(?:\.(\d+))?(?::|$)")
_STREAM = re.compile(r"cpe:/[ao]:redhat:rhel_(eus|aus|tus|e4s|els)(?:_long_life)?:(\d+)(?:\.(\d+))?(?::|$)")
_COMPONENT = re.compile(r"[A-Za-z0-9][\w.+-]*")
"""A source package's name."""

_LAYERED = re.compile(r"cpe:/[ao]:redhat:([^:]+):([^:]*):[^:]*:el(\d+)")


class Helper(Struct, frozen=True):
    """How a product is identified."""

    purl: str | None = None
    cpe: str | None = None


class Product(Struct, frozen=True):
    """A product: whole, package, or version."""

    product_id: str
    name: str = ""
    product_identification_helper: Helper = Helper()


class Branch(Struct, frozen=True):
    """A step of the tree."""

    category: str = ""
    name: str = ""
    product: Product | None = None
    branches: tuple[msgspec.Raw, ...] = ()


class Relation(Struct, frozen=True):
    """A product that is a component of another."""

    full_product_name: Product
    product_reference: str = ""
    relates_to_product_reference: str = ""


class Tree(Struct, frozen=True):
    """All products, and how they hang together."""

    branches: tuple[msgspec.Raw, ...] = ()
    full_product_names: tuple[Product, ...] = ()
    relationships: tuple[Relation, ...] = ()


class Remediation(Struct, frozen=True):
    """What can be done, for some products."""

    category: str = ""
    details: str = ""
    product_ids: tuple[str, ...] = ()


class Cvss(Struct, frozen=True, rename="camel"):
    """A vector."""

    vector_string: str = ""


class Score(Struct, frozen=True):
    """Vectors of one assessment."""

    cvss_v2: Cvss | None = None
    cvss_v3: Cvss | None = None


class Reference(Struct, frozen=True):
    """A link."""

    url: str = ""


class Threat(Struct, frozen=True):
    """An assessment in words, for some products."""

    category: str = ""
    details: str = ""
    product_ids: tuple[str, ...] = ()


class Flag(Struct, frozen=True):
    """Why some products are not affected, in one of the standard's words."""

    label: str = ""
    product_ids: tuple[str, ...] = ()


class Identifier(Struct, frozen=True):
    """An identifier that is no CVE."""

    text: str = ""


class Vulnerability(Struct, frozen=True):
    """A vulnerability, and which products have which status."""

    cve: str | None = None
    ids: tuple[Identifier, ...] = ()
    title: str = ""
    product_status: dict[str, tuple[str, ...]] = {}
    remediations: tuple[Remediation, ...] = ()
    scores: tuple[Score, ...] = ()
    threats: tuple[Threat, ...] = ()
    flags: tuple[Flag, ...] = ()
    references: tuple[Reference, ...] = ()


class Tracking(Struct, frozen=True):
    """The document's identity and age."""

    id: str
    version: str = ""
    current_release_date: str | None = None
    initial_release_date: str | None = None


class Publisher(Struct, frozen=True):
    """Who says it."""

    name: str = ""


class Head(Struct, frozen=True):
    """What is said of the document itself."""

    tracking: Tracking
    title: str = ""
    publisher: Publisher = Publisher()


class CsafDocument(Struct, frozen=True):
    """A whole document."""

    document: Head
    product_tree: Tree = Tree()
    vulnerabilities: tuple[Vulnerability, ...] = ()


DECODER = msgspec.json.Decoder(CsafDocument)
_BRANCH = msgspec.json.Decoder(Branch)


class Place(NamedTuple):
    """What a product identifier stands for."""

    purl: Purl | None
    versions: str | None
    """A range of versions (`vers:…`), where the tree names one."""
    cpes: tuple[str, ...]
    """Its own, or those of the product that it is a component of."""
    module: str | None
    whole: Purl | None = None
    """Of the product that it is a component of, where that has one."""
    is_component: bool = False
    range: str | None = None
    """Of the versions that are meant, as the tree writes it, `vers:…` or not."""
    component: str = ""
    """The name of what is a component of a product, where nothing else says what it is: a source package in Red Hat's first documents."""


class Products:
    """The tree of products, by identifier. Raises ValueError where it is nested without end."""

    def __init__(self, tree: Tree) -> None:
        self._products: dict[str, tuple[Product, str | None]] = {product.product_id: (product, None) for product in tree.full_product_names}
        self._relations = {relation.full_product_name.product_id: relation for relation in tree.relationships}
        self._places: dict[str, Place] = {}
        for raw in tree.branches:
            self._add(raw, 0)

    def _add(self, raw: msgspec.Raw, depth: int) -> None:
        if depth > MAX_BRANCHES:
            raise ValueError(f"its tree of products is over {MAX_BRANCHES} deep")
        branch = _BRANCH.decode(raw)
        if branch.product is not None:
            stated_range = branch.name if branch.category == "product_version_range" else None
            self._products[branch.product.product_id] = (branch.product, stated_range)
        for child in branch.branches:
            self._add(child, depth + 1)

    def place(self, identifier: str, depth: int = 0) -> Place:
        """What an identifier stands for; nothing is known of one that the tree does not have."""
        if identifier not in self._places:
            self._places[identifier] = self._placed(identifier, depth)
        return self._places[identifier]

    def _placed(self, identifier: str, depth: int) -> Place:
        relation = self._relations.get(identifier)
        if relation is not None and depth < MAX_RELATIONS:
            component = self.place(relation.product_reference, depth + 1)
            whole = self.place(relation.relates_to_product_reference, depth + 1)
            purl = component.purl if component.purl and component.purl.type != "rpmmod" else None
            outer = whole.whole if whole.purl is None or whole.purl.type == "rpmmod" else whole.purl
            name = "" if purl or component.cpes else relation.product_reference
            module = component.module or whole.module or _module_in(name)
            return Place(purl, component.versions, whole.cpes, module, outer, is_component=True, range=component.range, component=name)
        product, stated_range = self._products.get(identifier, (Product(identifier), None))
        helper = product.product_identification_helper
        try:
            purl = parse_purl(helper.purl) if helper.purl else None
        except InvalidPurl:
            purl = None
        versions = stated_range if stated_range and stated_range.startswith("vers:") else None
        return Place(purl, versions, (helper.cpe,) if helper.cpe else (), _module(purl), range=stated_range)


def _module(purl: Purl | None) -> str | None:
    """`NAME:STREAM` of a module, and of a package that says which it is of."""
    if purl is None:
        return None
    stated = purl.qualifiers.get("rpmmod", "")
    if purl.type == "rpmmod":
        stated = f"{purl.name}:{purl.version}" if purl.version else ""
    parts = stated.split(":")
    return ":".join(parts[:2]) if len(parts) > 1 else None


def _module_in(name: str) -> str | None:
    """`nodejs:12` of `nodejs:12/nodejs`."""
    module, slash, _ = name.rpartition("/")
    return module if slash and ":" in module else None


def source_package(place: Place) -> Purl | None:
    """The source package of Red Hat's that a component without a PURL is; None of any other."""
    name = place.component.rpartition("/")[2]
    return Purl("rpm", "redhat", name, None, {"arch": "src"}, None) if place.purl is None and _COMPONENT.fullmatch(name) else None


def release_of_cpe(cpe: str) -> tuple[str, str | None] | None:
    """Major release and channel of the product that a CPE names."""
    if match := _RELEASE.match(cpe):
        return match[1], None
    if match := _STREAM.match(cpe):
        return match[2], f"{match[1]}:{match[2]}.{match[3]}" if match[3] else f"{match[1]}:{match[2]}"
    if match := _LAYERED.match(cpe):
        return match[3], f"{match[1]}:{match[2]}" if match[2] else match[1]
    return None
