"""The version schemes, one file each."""

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache

from sbommatch.versions.alpm import AlpmScheme
from sbommatch.versions.apk import ApkScheme
from sbommatch.versions.bitnami import BitnamiScheme
from sbommatch.versions.cargo import CargoScheme
from sbommatch.versions.composer import ComposerScheme
from sbommatch.versions.cran import CranScheme
from sbommatch.versions.deb import DebScheme
from sbommatch.versions.gem import GemScheme
from sbommatch.versions.generic import GenericScheme
from sbommatch.versions.gentoo import GentooScheme
from sbommatch.versions.github_actions import GithubActionsScheme
from sbommatch.versions.go import GoScheme
from sbommatch.versions.hackage import HackageScheme
from sbommatch.versions.hex import HexScheme
from sbommatch.versions.julia import JuliaScheme
from sbommatch.versions.maven import MavenScheme
from sbommatch.versions.npm import NpmScheme
from sbommatch.versions.nuget import NugetScheme
from sbommatch.versions.opam import OpamScheme
from sbommatch.versions.pub import PubScheme
from sbommatch.versions.pypi import PypiScheme
from sbommatch.versions.rpm import RpmScheme
from sbommatch.versions.scheme import Scheme
from sbommatch.versions.semver import SemverScheme
from sbommatch.versions.swift import SwiftScheme

SCHEMES: tuple[Scheme, ...] = (
    AlpmScheme(),
    ApkScheme(),
    BitnamiScheme(),
    CargoScheme(),
    ComposerScheme(),
    CranScheme(),
    DebScheme(),
    GemScheme(),
    GenericScheme(),
    GentooScheme(),
    GithubActionsScheme(),
    GoScheme(),
    HackageScheme(),
    HexScheme(),
    JuliaScheme(),
    MavenScheme(),
    NpmScheme(),
    NugetScheme(),
    OpamScheme(),
    PubScheme(),
    PypiScheme(),
    RpmScheme(),
    SemverScheme(),
    SwiftScheme(),
)

KEYS_REMEMBERED = 1 << 18
"""Distinct versions of one memo, about 50 MB with their keys: several times those of a large feed."""


class SchemeIndex(Mapping[str, Scheme]):
    """Schemes by name and by synonym (PURL type, OSV ecosystem), in any case of letters; iterates over the names.

    >>> SCHEME_BY_NAME["PyPI"] is SCHEME_BY_NAME["pypi"], SCHEME_BY_NAME["crates.io"].name
    (True, 'cargo')
    """

    def __init__(self, schemes: tuple[Scheme, ...]) -> None:
        self._names = tuple(scheme.name for scheme in schemes)
        self._schemes = {word.lower(): scheme for scheme in schemes for word in (scheme.name, *scheme.synonyms)}

    def __getitem__(self, word: str) -> Scheme:
        return self._schemes[word.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


SCHEME_BY_NAME = SchemeIndex(SCHEMES)


def keys(scheme: Scheme) -> Callable[[str], bytes]:
    """The scheme's `key` with a memo, for versions that come again and again; what `key` raises is not remembered."""
    return lru_cache(maxsize=KEYS_REMEMBERED)(scheme.key)
