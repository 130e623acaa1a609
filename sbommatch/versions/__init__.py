"""The version schemes, one file each."""

from sbommatch.versions.apk import ApkScheme
from sbommatch.versions.deb import DebScheme
from sbommatch.versions.pypi import PypiScheme
from sbommatch.versions.scheme import Scheme
from sbommatch.versions.semver import SemverScheme

SCHEMES: tuple[Scheme, ...] = (
    ApkScheme(),
    DebScheme(),
    PypiScheme(),
    SemverScheme(),
)
