"""OSV's ecosystems: where their packages stand here, and why those of some stand nowhere."""

from collections.abc import Callable
from functools import lru_cache

import msgspec
from msgspec import Struct

from sbommatch.advisory import NameKind
from sbommatch.ecosystems import DISTRIBUTION_BY_OSV, LANGUAGE_BY_OSV, ROLLING_RELEASES, release_of
from sbommatch.formats.suse_oval import place_of

AZURE_LINUX = {"1": "mariner:1.0", "2": "mariner:2.0", "3": "azurelinux:3.0"}
"""OSV calls CBL-Mariner, as its os-release says, by the name that it has had since its third release."""

REBUILDS = {"Root": ("rootio-", "rootio_", "@rootio/", "io.root.")}
"""Vendors of rebuilds, `Root:Alpine:3.18`, and what names of theirs begin with: by that they stand beside the packages that they are
made from. A record of a rebuild under the first name would find every package that was never theirs.
"""

NOWHERE = {
    "Android": "source projects, with the patch levels of devices for versions",
    "Bioconductor": "no SBOM tells its packages from CRAN's",
    "CleanStart": "no PURL of its packages is agreed on",
    "ConanCenter": "no order of versions is defined for it",
    "Docker Hardened Images": "rebuilds under the first names: no SBOM tells them from Alpine's and Debian's",
    "FreeBSD": "no PURL of its packages is agreed on",
    "GHC": "parts of a compiler, which have no PURL",
    "GIT": "commits",
    "Linux": "commits of the kernel's source; kernels of distributions are in the feeds of these",
    "OSS-Fuzz": "fuzzed projects, with commits and tags of their repositories for versions",
    "Root": "a rebuild under the first name, which nothing tells from the package that it is made from",
    "Seal": "rebuilds whose fixes to come are told as versions (`+sp999`) that do not exist",
    "TuxCare": "rebuilds under the first names: nothing tells them from those that they are made from",
}
"""Ecosystems of OSV whose packages no component of an SBOM could be, and why."""


class Target(Struct, frozen=True):
    """What an OSV ecosystem is here."""

    namespace: str
    scheme: str
    name_kind: NameKind
    channel: str | None = None
    normalise: Callable[[str], str] | None = None
    """The rule for names; None where they stand as written."""
    prefixes: tuple[str, ...] = ()
    """What names begin with that stand here; none: all do."""


@lru_cache(maxsize=4096)
def target_of(ecosystem: str) -> Target | None:
    """The namespace of `PyPI`, `Alpine:v3.11`, `Ubuntu:Pro:22.04:LTS` (channel `pro`), `Wolfi`; None where it has none here."""
    base, *suffixes = ecosystem.split(":")
    if language := LANGUAGE_BY_OSV.get(base):
        return Target(language.purl_type, language.scheme, NameKind.SELF, normalise=language.normalise)
    if base in REBUILDS:
        inner = target_of(":".join(suffixes)) if suffixes and suffixes[0] not in REBUILDS else None
        return msgspec.structs.replace(inner, prefixes=REBUILDS[base]) if inner else None
    if base in {"SUSE", "openSUSE"}:
        place = place_of(f"{ecosystem.replace(':', ' ', 1)} is installed")
        return Target(place[0], "rpm", NameKind.SOURCE, place[1]) if place else None
    if base == "Azure Linux":
        namespace = AZURE_LINUX.get(":".join(suffixes).removesuffix(".0"))
        return Target(namespace, "rpm", NameKind.SOURCE) if namespace else None
    distribution = DISTRIBUTION_BY_OSV.get(base)
    if distribution is None:
        return None
    if not distribution.release_parts:
        return Target(f"{distribution.id}:rolling", distribution.scheme, distribution.name_kind)
    for index, suffix in enumerate(suffixes):
        release = suffix if suffix in ROLLING_RELEASES else release_of(distribution, suffix)
        if release:
            channel = ":".join(suffixes[:index]).lower() or None
            return Target(f"{distribution.id}:{release}", distribution.scheme, distribution.name_kind, channel)
    return None


def why_none(ecosystem: str) -> str:
    """Why a package of this ecosystem stands nowhere here.

    >>> why_none("GHC")
    'GHC: parts of a compiler, which have no PURL'
    """
    reason = NOWHERE.get(ecosystem.partition(":")[0])
    return f"{ecosystem}: {reason}" if reason else f"nothing is known here of the ecosystem {ecosystem!r}"
