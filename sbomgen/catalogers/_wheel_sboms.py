"""SBOMs that wheels carry in `*.dist-info/sboms` (PEP 770): what was compiled or copied into them.

CycloneDX and SPDX 2, in JSON, as maturin, auditwheel, and projects by hand write them. One bad component costs itself alone. A component
without a PURL, or copied out of a distribution's package (auditwheel's `pkg:rpm/almalinux/libXau`), is a `generic` package: no package
manager of the image looks after it, and advisories for that distribution's packages are not about it.
"""

import re
from collections.abc import Iterator
from urllib.parse import unquote

import msgspec
from msgspec import Raw, Struct

from sbomgen.decoders import json_decoder
from sbomgen.model import Hash

COMPONENTS_LIMIT = 10_000
"""Of one document: the longest seen (uv) has 566."""

NAME_LIMIT_CHARS = 500
"""Of a name or a version."""

_KEPT_TYPES = frozenset({"cargo", "composer", "gem", "generic", "golang", "hackage", "hex", "maven", "npm", "nuget", "pub", "pypi"})
"""Types of PURLs that name what is in a wheel wherever it came from; others say `generic`."""

_WITH_NAMESPACE = {"composer": "/", "golang": "/", "maven": ":", "npm": "/"}
"""What joins namespace and name in `Package.name`."""

_KEPT_QUALIFIERS = frozenset({"download_url", "vcs_url"})
_PURL = re.compile(
    r"pkg:/*(?P<type>[A-Za-z][\w.+-]*)/(?P<path>[^@?#]+)(?:@(?P<version>[^?#]*))?(?:\?(?P<qualifiers>[^#]*))?(?P<subpath>#.*)?"
)
_EXCLUDED = "excluded"
_UNKNOWN_LICENCES = frozenset({"", "NOASSERTION", "NONE"})


class Component(Struct, frozen=True, array_like=True, omit_defaults=True):
    """A component in the words of `Package`."""

    type: str
    name: str
    version: str
    qualifiers: tuple[tuple[str, str], ...] = ()
    licences: tuple[str, ...] = ()
    hashes: tuple[Hash, ...] = ()


class WheelSbomError(Exception):
    """A document that cannot be read; the message says why."""


class _Licence(Struct):
    id: str = ""
    name: str = ""


class _LicenceChoice(Struct):
    license: _Licence | None = None
    expression: str = ""


class _Hash(Struct):
    alg: str
    content: str


class _Component(Struct):
    name: str
    version: str = ""
    purl: str = ""
    scope: str = ""
    type: str = "library"
    licenses: list[_LicenceChoice] = []
    hashes: list[_Hash] = []


class _Reference(Struct, rename="camel"):
    reference_type: str = ""
    reference_locator: str = ""


class _SpdxPackage(Struct, rename={"version": "versionInfo", "references": "externalRefs", "licence": "licenseDeclared"}):
    name: str
    version: str = ""
    references: list[_Reference] = []
    licence: str = ""


class _Document(Struct, rename={"bom_format": "bomFormat", "spdx_version": "spdxVersion"}):
    bom_format: str = ""
    spdx_version: str = ""
    components: list[Raw] = []
    packages: list[Raw] = []


def read_components(body: bytes) -> tuple[tuple[Component, ...], int]:
    """The components of a document, each once, and how many could not be read. Raises `WheelSbomError`."""
    try:
        document = json_decoder(_Document).decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as exc:
        raise WheelSbomError(f"no JSON of CycloneDX or SPDX: {exc}") from exc
    if document.bom_format == "CycloneDX":
        records, read = document.components, _cyclonedx
    elif document.spdx_version:
        records, read = document.packages, _spdx
    else:
        raise WheelSbomError("neither CycloneDX nor SPDX 2 in JSON: passed over")
    found: dict[Component, None] = {}
    bad = max(0, len(records) - COMPONENTS_LIMIT)
    for record in records[:COMPONENTS_LIMIT]:
        try:
            found.update(dict.fromkeys(read(record)))
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            bad += 1
    return tuple(found), bad


def _cyclonedx(record: Raw) -> Iterator[Component]:
    stated = json_decoder(_Component).decode(record)
    if stated.scope == _EXCLUDED or stated.type == "file":
        return
    entries = (entry.expression or (entry.license and (entry.license.id or entry.license.name)) for entry in stated.licenses)
    hashes = tuple(sorted(Hash(found.alg, found.content.lower()) for found in stated.hashes))
    yield from _component((stated.name, stated.version, stated.purl), tuple(entry for entry in entries if entry), hashes)


def _spdx(record: Raw) -> Iterator[Component]:
    stated = json_decoder(_SpdxPackage).decode(record)
    purl = next((found.reference_locator for found in stated.references if found.reference_type == "purl"), "")
    yield from _component((stated.name, stated.version, purl), (stated.licence,) if stated.licence not in _UNKNOWN_LICENCES else (), ())


def _component(identity: tuple[str, str, str], licences: tuple[str, ...], hashes: tuple[Hash, ...]) -> Iterator[Component]:
    """The component of a name, a version and a PURL; none for what has no version, and for parts of a package (`#c-ext/PIL._avif`)."""
    name, version, text = identity
    purl = _PURL.fullmatch(text)
    purl_type = "generic"
    qualifiers: tuple[tuple[str, str], ...] = ()
    if purl:
        if purl["subpath"] and purl["type"].lower() == "pypi":
            return
        version = unquote(purl["version"] or "") or version
        if purl["type"].lower() in _KEPT_TYPES:
            purl_type = purl["type"].lower()
            *namespace, last = (unquote(part) for part in purl["path"].split("/") if part)
            joiner = _WITH_NAMESPACE.get(purl_type)
            name = joiner.join(filter(None, ("/".join(namespace), last))) if joiner else last
            stated = (pair.partition("=") for pair in (purl["qualifiers"] or "").split("&"))
            qualifiers = tuple((key, unquote(value)) for key, _, value in stated if key in _KEPT_QUALIFIERS)
    if name.strip() and version.strip() and len(name) <= NAME_LIMIT_CHARS and len(version) <= NAME_LIMIT_CHARS:
        yield Component(purl_type, name, version, qualifiers, licences, hashes)
