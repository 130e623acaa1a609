"""The image of a document by Tern, which says in comments of its layers what they are: https://github.com/tern-tools/tern.

A layer is a package named by its digest, whose diff_id is its checksum; it contains the packages that were found in it. Those have no
PURL: their kind is the method that listed them. A package of Debian is generated from another one, its source.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from msgspec import Struct

from sbommatch.sbom._made import package_type_of
from sbommatch.sbom.component import ComponentLayer, DistroStatement
from sbommatch.sbom.spellings import stated_distro, stated_version

_LAYER = re.compile(r"Layer \d+:\n")
_COMMAND = re.compile(r"info: Layer created by commands: (.+?)[ \t]*$", re.MULTILINE)
_DISTRO = re.compile(r"info: Found '([^'\n]+)' in /etc/os-release")
_METHOD = re.compile(r"info: Retrieved package metadata using (\S+) default method")

_PRETTY_NAME = re.compile(r"(?:Distroless - )?(?P<name>.+?)(?:\s+v?(?P<version>\d[\w.]*).*)?")
"""os-release's PRETTY_NAME: `Alpine Linux v3.14`, `Distroless - Debian GNU/Linux 11 (bullseye)`, `Ubuntu 18.04.6 LTS`."""


class _Checksum(Protocol):
    algorithm: str | None
    digest: str | None


class _Package(Protocol):
    spdx_id: str | None
    name: str | None
    version: str | None
    comment: str | None

    @property
    def checksums(self) -> Iterable[_Checksum] | None: ...


class TernPackage(Struct, frozen=True):
    """What the image says of a package."""

    index: int
    """Of its layer."""
    package_type: str | None
    """None where several methods listed the layer's packages: nobody says which listed what."""
    source: tuple[str | None, str | None]
    """Name and version of its source package."""


class TernImage:
    """The layers and the distribution of an image, and what they say of its packages."""

    def __init__(self, packages: Sequence[_Package], containers: Mapping[str, str], sources: Mapping[str, str]) -> None:
        layers = [(package, package.comment or "") for package in packages if _LAYER.match(package.comment or "")]
        self.layers = tuple(_layer(index, package, comment) for index, (package, comment) in enumerate(layers))
        self.distros = tuple(dict.fromkeys(distro for _, comment in layers for distro in _distros(comment)))
        self._containers = containers
        self._sources = sources
        self._layers = {package.spdx_id: (index, _type(comment)) for index, (package, comment) in enumerate(layers)}
        self._packages = {package.spdx_id: package for package in packages}

    def of(self, spdx_id: str | None) -> TernPackage | None:
        """A package that a layer contains; None for any other."""
        layer = self._layers.get(self._containers.get(spdx_id or ""))
        if layer is None:
            return None
        source = self._packages.get(self._sources.get(spdx_id or ""))
        return TernPackage(*layer, (source.name, stated_version(source.version)) if source else (None, None))


def _layer(index: int, package: _Package, comment: str) -> ComponentLayer:
    sha256 = next((each.digest for each in package.checksums or () if each.algorithm == "SHA256"), None)
    command = _COMMAND.search(comment)
    return ComponentLayer(
        index=index,
        diff_id=f"sha256:{sha256}" if sha256 else "",
        digest=f"sha256:{package.name}" if package.name else None,
        created_by=command[1] if command else None,
    )


def _type(comment: str) -> str | None:
    methods = set(_METHOD.findall(comment))
    return package_type_of(methods.pop()) if len(methods) == 1 else None


def _distros(comment: str) -> Iterator[DistroStatement]:
    for pretty_name in _DISTRO.findall(comment):
        match = _PRETTY_NAME.fullmatch(pretty_name)
        distro = stated_distro(match["name"], match["version"]) if match else None
        if distro:
            yield distro
