"""Producers' properties: what sbomgen, Trivy, Syft and cdxgen state about a component beside the format's own fields.

SPDX documents have the same statements as annotations; their reader turns them into these properties first.
"""

import re
from collections.abc import Iterable

from msgspec import Struct

from sbommatch.sbom._made import package_type_of
from sbommatch.sbom.component import DistroStatement
from sbommatch.sbom.spellings import stated_distro, stated_version

TRIVY = "aquasecurity:trivy:"
"""Trivy's prefix in CycloneDX; its SPDX annotations have the names without it."""

_TRIVY_LAYER = f"{TRIVY}LayerDiffID"
_TRIVY_TYPE = f"{TRIVY}PkgType"
_TRIVY_MODULE = f"{TRIVY}Modularitylabel"

_CDXGEN_ORIGIN, _CDXGEN_SOURCE = f"{TRIVY}PackageOrigin", f"{TRIVY}PackageSource"
"""Of cdxgen, which asks a Trivy of its own: an apk's origin; an rpm's source by its file's name, a deb's in dpkg's words: `gcc (4:12)`."""

_CDXGEN_DEB_SOURCE = re.compile(r"(?!\d+$)([a-z0-9][a-z0-9+.-]*)(?: \(([^()]+)\))?")
"""Of an apk the same property is a number."""

_PATHS = frozenset({"sbomgen:path", f"{TRIVY}FilePath", "SrcFile", "cdx:npm:package:path"})
"""Names whose value is a path; `sbomgen:path` stands where a format has no evidence, `SrcFile` is cdxgen's. Syft numbers its own:
`syft:location:0:path`."""

_KNOWN = frozenset({
    "sbomgen:layer:index", "sbomgen:layer:diff_id", "sbomgen:layer:dockerfile", "sbomgen:layer:origin",
    "sbomgen:visible", "sbomgen:source:name", "sbomgen:source:version", "sbomgen:owned_by",
    f"{TRIVY}SrcName", f"{TRIVY}SrcVersion", f"{TRIVY}SrcRelease", f"{TRIVY}SrcEpoch", _TRIVY_LAYER, _CDXGEN_ORIGIN, _CDXGEN_SOURCE,
    _TRIVY_TYPE, _TRIVY_MODULE, "syft:package:type", "syft:metadata:modularityLabel",
    "syft:metadata:source", "syft:metadata:sourceVersion", "syft:metadata:originPackage", "syft:metadata:sourceRpm",
    "syft:location:0:layerID", "syft:distro:id", "syft:distro:versionID",
})  # fmt: skip

_RPM_PARTS = 3
"""name, version, release"""

_INDEX_DIGITS = 4
"""An image has at most 127 layers: a longer number is no position."""


class Property(Struct, gc=False):
    """A name and a value, as CycloneDX writes them."""

    name: str | None = None
    value: str | None = None


class Stated(Struct, frozen=True, kw_only=True):
    """What the properties of one component state."""

    source_name: str | None = None
    source_version: str | None = None
    package_type: str | None = None
    module: str | None = None
    distro: DistroStatement | None = None
    visible: bool = True
    layer: int | None = None
    diff_id: str | None = None
    dockerfile: str | None = None
    origin: str | None = None
    owned_by: str | None = None
    paths: tuple[str, ...] = ()
    cpes: tuple[str, ...] = ()


NOTHING_STATED = Stated()


def stated_by(properties: Iterable[Property]) -> Stated:
    """What properties state, ours before Trivy's before Syft's; the first of a repeated name counts, but all paths and CPEs do."""
    known: dict[str, str] = {}
    paths: list[str] = []
    cpes: list[str] = []
    for property_ in properties:
        name, value = property_.name, property_.value
        if not name or not value:
            continue
        if name == "syft:cpe23":
            cpes.append(value)
        elif name in _KNOWN:
            known.setdefault(name, value)
        elif name in _PATHS or (name.startswith("syft:location:") and name.endswith(":path")):
            paths.append(value)
    if not known and not paths and not cpes:
        return NOTHING_STATED
    source_name, source_version = _source(known)
    return Stated(
        source_name=source_name,
        source_version=stated_version(source_version),
        package_type=package_type_of(known.get(_TRIVY_TYPE) or known.get("syft:package:type")),
        module=known.get(_TRIVY_MODULE) or known.get("syft:metadata:modularityLabel"),
        distro=stated_distro(known["syft:distro:id"], known.get("syft:distro:versionID")) if "syft:distro:id" in known else None,
        visible=known.get("sbomgen:visible") != "false",
        layer=layer_index(known.get("sbomgen:layer:index")),
        diff_id=known.get("sbomgen:layer:diff_id") or known.get(_TRIVY_LAYER) or known.get("syft:location:0:layerID"),
        dockerfile=known.get("sbomgen:layer:dockerfile"),
        origin=known.get("sbomgen:layer:origin"),
        owned_by=known.get("sbomgen:owned_by"),
        paths=distinct_paths(tuple(paths)),
        cpes=tuple(dict.fromkeys(cpes)),
    )


def distinct_paths(paths: tuple[str, ...]) -> tuple[str, ...]:
    """Paths without repetition: producers that state one in several ways differ in the leading slash, and the first spelling stays."""
    if len(paths) <= 1:
        return paths
    spelt: dict[str, str] = {}
    for path in paths:
        spelt.setdefault(path.lstrip("/"), path)
    return tuple(spelt.values())


def _source(known: dict[str, str]) -> tuple[str | None, str | None]:
    """Name and version of the source package; a version that is not stated is None, though it is mostly the binary package's."""
    if name := known.get("sbomgen:source:name"):
        return name, known.get("sbomgen:source:version")
    if name := known.get(f"{TRIVY}SrcName"):
        return name, _trivy_version(known)
    if name := known.get("syft:metadata:source"):
        return name, known.get("syft:metadata:sourceVersion")
    if name := known.get("syft:metadata:originPackage"):
        return name, None
    if file_name := known.get("syft:metadata:sourceRpm"):
        return source_of_rpm(file_name)
    return _cdxgen_source(known)


def _cdxgen_source(known: dict[str, str]) -> tuple[str | None, str | None]:
    if name := known.get(_CDXGEN_ORIGIN):
        return name, None
    stated = known.get(_CDXGEN_SOURCE, "")
    if stated.endswith(".src.rpm"):
        return source_of_rpm(stated)
    deb = _CDXGEN_DEB_SOURCE.fullmatch(stated)
    return (deb[1], deb[2]) if deb else (None, None)


def source_of_rpm(file_name: str | None) -> tuple[str | None, str | None]:
    """Name and version of a source package by its file's name: `bash-4.4.19-10.el8.src.rpm`."""
    parts = (file_name or "").removesuffix(".src.rpm").rsplit("-", _RPM_PARTS - 1)
    return (parts[0], f"{parts[1]}-{parts[2]}") if len(parts) == _RPM_PARTS else (None, None)


def _trivy_version(known: dict[str, str]) -> str | None:
    """Trivy takes the versions of dpkg and rpm apart: `[EPOCH:]VERSION[-RELEASE]`."""
    version = known.get(f"{TRIVY}SrcVersion")
    if version is None:
        return None
    epoch, release = known.get(f"{TRIVY}SrcEpoch", "0"), known.get(f"{TRIVY}SrcRelease")
    return f"{epoch + ':' if epoch != '0' else ''}{version}{'-' + release if release else ''}"


def layer_index(text: str | None) -> int | None:
    """A layer's position, from a property; None where the text is none."""
    return int(text) if text and len(text) <= _INDEX_DIGITS and text.isascii() and text.isdigit() else None
