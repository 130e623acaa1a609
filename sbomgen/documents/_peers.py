"""Property names of Trivy and Syft, written beside ours: what their readers, and matchers built on them, take from an SBOM.

Trivy: pkg/sbom/io/decode.go; it takes name, version and epoch from the PURL, and source package, layer and path from these properties.
Syft and Grype: syft/format/internal/cyclonedxutil/helpers; the source package comes from `syft:metadata:…` of the `metadataType`.
"""

import re

from msgspec import Struct

from sbomgen.documents._values import is_cpe
from sbomgen.documents.escape import clean
from sbomgen.model import Distro, SourcePackage, TrackedPackage

TRIVY = "aquasecurity:trivy:"
OS_TYPES = frozenset({"alpm", "apk", "deb", "opkg", "rpm"})
"""PURL types that distributions' package managers install."""

_TRIVY_FAMILIES = {"almalinux": "alma", "amzn": "amazon", "mariner": "cbl-mariner", "ol": "oracle", "rhel": "redhat"}
"""Trivy's words for distributions (pkg/fanal/types/const.go), where they differ from os-release's ID."""

_TRIVY_TYPES = {
    "cargo": "rustbinary", "composer": "composer-vendor", "conda": "conda-pkg", "gem": "gemspec", "golang": "gobinary", "julia": "julia",
    "maven": "jar", "npm": "node-pkg", "nuget": "dotnet-core", "pypi": "python-pkg",
}  # fmt: skip
_SYFT_TYPES = {
    "alpm": "alpm", "apk": "apk", "cargo": "rust-crate", "composer": "php-composer", "conda": "conda", "cran": "R-package", "deb": "deb",
    "gem": "gem", "generic": "binary", "golang": "go-module", "luarocks": "lua-rocks", "maven": "java-archive", "npm": "npm",
    "nuget": "dotnet", "pypi": "python", "rpm": "rpm",
}  # fmt: skip
_SYFT_METADATA_TYPES = {"alpm": "alpm-db-entry", "apk": "apk-db-entry", "deb": "dpkg-db-entry", "rpm": "rpm-db-entry"}
_SYFT_SOURCES = {"alpm": "syft:metadata:basepackage", "apk": "syft:metadata:originPackage"}
_EPOCH = re.compile(r"(\d{1,9}):(.+)", re.DOTALL)


class PeerLayer(Struct, frozen=True):
    """The two identifiers of a layer that peers state."""

    diff_id: str | None
    digest: str | None


def trivy_family(distro: Distro) -> str:
    """Trivy's word for a distribution: it reads the name of the operating-system component as that."""
    return clean(_TRIVY_FAMILIES.get(distro.id, distro.id))


def distro_facts(distro: Distro) -> list[tuple[str, str]]:
    """Properties of the operating-system component."""
    facts = [
        (TRIVY + "Class", "os-pkgs"),
        (TRIVY + "Type", trivy_family(distro)),
        ("syft:distro:id", distro.id),
        *((f"syft:distro:idLike:{number}", like) for number, like in enumerate(distro.id_like)),
        ("syft:distro:prettyName", distro.name),
        ("syft:distro:versionCodename", distro.codename),
        ("syft:distro:versionID", distro.version_id),
    ]
    return [(name, clean(value)) for name, value in facts if value]


def peer_facts(found: TrackedPackage, layers: list[PeerLayer]) -> list[tuple[str, str]]:
    """Properties of a package's component; `layers` are the image's, by index."""
    return _trivy_facts(found, layers[found.layer]) + _syft_facts(found, layers)


def _trivy_facts(found: TrackedPackage, layer: PeerLayer) -> list[tuple[str, str]]:
    package = found.package
    facts: list[tuple[str, str | None]] = [("LayerDiffID", layer.diff_id), ("LayerDigest", layer.digest)]
    if package.type in OS_TYPES:
        facts.append(("PkgID", clean(f"{package.name}@{package.raw_version}")))
        facts.append(("PkgType", trivy_family(package.distro) if package.distro else None))
        facts.extend(_trivy_source(package.type, package.source))
    else:
        facts.append(("FilePath", clean(found.paths[0].path) if found.paths else None))
        facts.append(("PkgType", _TRIVY_TYPES.get(package.type)))
    return [(TRIVY + name, value) for name, value in facts if value]


def _trivy_source(purl_type: str, source: SourcePackage | None) -> list[tuple[str, str | None]]:
    """Trivy splits the versions of deb and rpm into epoch, version and release, and leaves those of apk whole."""
    if source is None:
        return []
    facts: list[tuple[str, str | None]] = [("SrcName", clean(source.name))]
    if source.version is None:
        return facts
    epoch, rest = _split_epoch(source.version)
    if purl_type == "apk" or "-" not in rest:
        facts.append(("SrcVersion", clean(rest)))
    else:
        version, _, release = rest.rpartition("-")
        facts.extend((("SrcRelease", clean(release)), ("SrcVersion", clean(version))))
    return [*facts, ("SrcEpoch", epoch)]


def _split_epoch(version: str) -> tuple[str | None, str]:
    match = _EPOCH.fullmatch(version)
    return (match[1] if match[1].strip("0") else None, match[2]) if match else (None, version)


def _syft_facts(found: TrackedPackage, layers: list[PeerLayer]) -> list[tuple[str, str]]:
    package = found.package
    facts: list[tuple[str, str | None]] = [
        ("syft:package:type", _SYFT_TYPES.get(package.type)),
        ("syft:package:metadataType", _SYFT_METADATA_TYPES.get(package.type)),
    ]
    for number, path in enumerate(found.paths):
        facts.append((f"syft:location:{number}:layerID", layers[path.layer].diff_id))
        facts.append((f"syft:location:{number}:path", f"/{clean(path.path)}"))
    # Syft reads the first from the component's own field.
    facts.extend(("syft:cpe23", cpe) for cpe in list(filter(is_cpe, package.cpes))[1:])
    facts.extend(_syft_source(package.type, package.source))
    return [(name, value) for name, value in facts if value]


def _syft_source(purl_type: str, source: SourcePackage | None) -> list[tuple[str, str | None]]:
    if source is None:
        return []
    name, version = clean(source.name), clean(source.version) if source.version else None
    if purl_type in _SYFT_SOURCES:
        return [(_SYFT_SOURCES[purl_type], name)]
    if purl_type == "rpm":
        return [("syft:metadata:sourceRpm", f"{name}-{_split_epoch(version)[1]}.src.rpm" if version else None)]
    return [("syft:metadata:source", name), ("syft:metadata:sourceVersion", version)] if purl_type == "deb" else []
