"""Packages of a distribution: by which names, versions, modules and architectures they are asked for.

A package has its own name and that of the source package which it was built from, each with a version of its own: the binary package
`libcrypt1 1:4.4.27-1` comes from `libxcrypt 1:4.4.27-1`, `gcc 4:12.2` from `gcc-defaults 1.203`.

Epochs: producers keep them in the version, or beside it in a qualifier. Without either, a deb has none, and the epoch of an rpm is 0 where
the producer read the rpm database. Where it did not, nobody knows the epoch, and each comparison takes the bound's (`epoch_assumed`).
File names of source rpms have no epochs at all: a source has its binary's where they have the same version, for then it is the main
package of that source, or as good as that; else it is assumed too.
"""

import re

from msgspec import Struct

from sbommatch.advisory import ANY_MODULE, NameKind
from sbommatch.purl import Purl
from sbommatch.sbom.component import Component
from sbommatch.store.model import EPOCH_ASSUMED, MODULE_ASSUMED

MODULAR = re.compile(r"\.module[_+]")
"""What the releases of all rpms bear that were built in a module: `1.14.1-9.module_el8.0.0+184+e34fea82`."""

ARCHITECTURES = {"amd64": "x86_64", "arm64": "aarch64", "x64": "x86_64"}
"""Producers' words by rpm's."""

NO_ARCHITECTURES = frozenset({"all", "any", "noarch", "none", "(none)", "src", "source"})

_SOURCE_RPM = re.compile(r"(?P<name>.+)-(?P<version>[^-]+-[^-]+?)(?:\.(?:no)?src\.rpm)?")
"""`util-linux-2.32.1-42.el8_8.src.rpm`"""


class Asked(Struct, frozen=True):
    """One way to ask for a package."""

    purl_type: str
    name: str
    name_kind: NameKind
    version: str
    arch: str | None = None
    module: str | None = None
    assumes: tuple[str, ...] = ()


def asked_as(component: Component, purl: Purl, version: str, *, reads_rpmdb: bool) -> tuple[Asked, Asked]:
    """The two ways to ask for a package, by its source and by its own name. `version` as stated, perhaps without its epoch."""
    version = _with_epoch(version, purl)
    name, source_version = _source(component, purl)
    if purl.type != "rpm":
        return (
            Asked(purl.type, name, NameKind.SOURCE, source_version or version),
            Asked(purl.type, purl.name, NameKind.BINARY, version),
        )
    is_known = reads_rpmdb or ":" in version
    source_version, source_is_known = _source_evr(source_version, version, is_known=is_known)
    arch, module = _arch(purl), _module(component, purl, version)
    source = Asked("rpm", name, NameKind.SOURCE, source_version, arch, module, _assumes(module, epoch_is_known=source_is_known))
    return source, Asked("rpm", purl.name, NameKind.BINARY, version, arch, module, _assumes(module, epoch_is_known=is_known))


def _with_epoch(version: str, purl: Purl) -> str:
    """Syft (rpm), Trivy and cdxgen keep the epoch out of the PURL's version, in a qualifier."""
    epoch = purl.qualifiers.get("epoch", "0")
    return f"{epoch}:{version}" if purl.type in {"deb", "rpm"} and epoch != "0" and ":" not in version else version


def _source_evr(stated: str | None, version: str, *, is_known: bool) -> tuple[str, bool]:
    """The version of the source rpm, and whether its epoch is known."""
    if stated is None or stated == version:
        return version, is_known
    if ":" in stated:
        return stated, True
    return (version, is_known) if version.rpartition(":")[2] == stated else (stated, False)


def _assumes(module: str | None, *, epoch_is_known: bool) -> tuple[str, ...]:
    return (*(() if epoch_is_known else (EPOCH_ASSUMED,)), *((MODULE_ASSUMED,) if module == ANY_MODULE else ()))


def _source(component: Component, purl: Purl) -> tuple[str, str | None]:
    """Name and version of the source package; without a statement the package is its own source.

    Stated by the producer's property, Syft's `upstream`, `source` with `sourceversion`, cdxgen's `origin`, or `sourcerpm`. The version is
    None where nobody states it: then it is the package's own.
    """
    qualifiers = purl.qualifiers
    stated = (
        (component.source_name, component.source_version),
        _source_in(qualifiers.get("upstream", ""), purl.type),
        (qualifiers.get("source"), qualifiers.get("sourceversion")),
        _source_in(qualifiers.get("sourcerpm", ""), purl.type),
        (qualifiers.get("origin"), None),
    )
    name = next((name for name, _ in stated if name), purl.name)
    return name, next((version for other, version in stated if other == name and version), None)


def _source_in(text: str, purl_type: str) -> tuple[str | None, str | None]:
    """`NAME@VERSION`, or an rpm's `NAME-VERSION-RELEASE.src.rpm`."""
    if purl_type == "rpm" and (found := _SOURCE_RPM.fullmatch(text)):
        return found["name"], found["version"]
    name, _, version = text.partition("@")
    return name or None, version or None


def _arch(purl: Purl) -> str | None:
    arch = purl.qualifiers.get("arch", "").lower()
    return None if not arch or arch in NO_ARCHITECTURES else ARCHITECTURES.get(arch, arch)


def _module(component: Component, purl: Purl, version: str) -> str | None:
    """`NAME:STREAM` of a label `NAME:STREAM:VERSION:CONTEXT`; `ANY_MODULE` where only the release says that there is one."""
    qualifiers = purl.qualifiers
    label = component.module or qualifiers.get("rpmmod") or qualifiers.get("modularitylabel") or ""
    name, stream, *_ = (*label.split(":"), "", "")
    if name and stream and name != "(none)":
        return f"{name}:{stream}"
    return ANY_MODULE if MODULAR.search(version) else None
