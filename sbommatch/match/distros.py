"""Distributions as SBOMs state them: the producers' spellings, codenames, rolling releases, derivatives -> the namespaces of the feeds.

Nothing is guessed: a statement without a release that the tables below know gives no namespace, and its packages are *not checked*.
"""

import re
from collections.abc import Mapping

from msgspec import Struct

from sbommatch.ecosystems import CODENAMES, DISTRIBUTION_BY_ID, Distribution, release_of
from sbommatch.match.channels import channels_of_distro
from sbommatch.match.model import NotChecked
from sbommatch.sbom.component import DistroStatement
from sbommatch.sbom.spellings import stated_distro

SEPARATOR = re.compile(r"[-:@](?=[^-:@]+$)")
"""Between ID and VERSION, where the ID is not known: the last one counts."""

ALPINE_EDGE = re.compile(r"[0-9]+\.[0-9]+(\.[0-9]+)?_alpha[0-9]+")
"""VERSION_ID of Alpine's edge: `3.21_alpha20240807`."""

SERVICE_PACK = re.compile(r"([0-9]+)(?:[- .]?sp([0-9]+)|\.([0-9]+))?")
"""Of SUSE's: `15.5` as os-release has it, `15-SP5`, `15 SP5`; `15` is what came before the first service pack."""

AMAZON_LINUX_1 = re.compile(r"201[0-8]\.[0-9]+")
"""Its releases are dates, the last one 2018.03; all feeds speak of version 1."""

DERIVATIVE_OF = "derivative_of"
"""The rule of findings by the feeds of the distribution that a package's own one is made from."""


class Derivative(Struct, frozen=True):
    """A distribution that has no feed of its own and installs the builds, or rebuilds of the same versions, of one that has.

    Others are no fallbacks: Raspbian's rebuilds (`+rpi1`) stand above Debian's fixes (`+deb12u1`) and would all look fixed.
    """

    parent: str
    releases: Mapping[str, str] | None = None
    """First number of its release -> namespace; None where it counts as its parent does."""


DERIVATIVES: dict[str, Derivative] = {
    "centos": Derivative("rhel"),
    "devuan": Derivative("debian", {"2": "debian:9", "3": "debian:10", "4": "debian:11", "5": "debian:12", "6": "debian:13"}),
    "elementary": Derivative("ubuntu", {"5": "ubuntu:18.04", "6": "ubuntu:20.04", "7": "ubuntu:22.04", "8": "ubuntu:24.04"}),
    "linuxmint": Derivative("ubuntu", {
        "17": "ubuntu:14.04", "18": "ubuntu:16.04", "19": "ubuntu:18.04", "20": "ubuntu:20.04", "21": "ubuntu:22.04", "22": "ubuntu:24.04",
        "4": "debian:10", "5": "debian:11", "6": "debian:12", "7": "debian:13",  # its Debian edition
    }),
    "neon": Derivative("ubuntu"),
    "pop": Derivative("ubuntu"),
    "scientific": Derivative("rhel"),
    "sle_hpc": Derivative("sles"),
    "sled": Derivative("sles"),
    "sles_sap": Derivative("sles"),
    "zorin": Derivative("ubuntu", {"15": "ubuntu:18.04", "16": "ubuntu:20.04", "17": "ubuntu:22.04", "18": "ubuntu:24.04"}),
}  # fmt: skip

VENDORS: dict[str, tuple[str, ...]] = {
    "microsoft": ("azurelinux", "mariner"),
    "opensuse": ("opensuse-leap", "opensuse-tumbleweed"),
    "suse": ("sles", "sled", "sles_sap", "sle_hpc", "opensuse-leap", "opensuse-tumbleweed"),
    "vmware": ("photon",),
}
"""Namespaces of PURLs that name a vendor, and the distributions that it may mean."""

KNOWN_IDS = sorted({*DISTRIBUTION_BY_ID, *DERIVATIVES}, key=len, reverse=True)
"""Longest first: `opensuse-leap` before what begins it."""


class Place(Struct, frozen=True):
    """Where packages of a distribution are looked up."""

    namespace: str
    channels: tuple[str, ...] = ()
    """The channels of updates that the statement names, sorted."""
    is_derived: bool = False
    """By its parent's feeds."""


def parse_distro(text: str, vendor: str | None = None) -> DistroStatement | None:
    """What a `distro` qualifier or `--distro` says; None where there is no ID.

    A text without an ID is a release of `vendor`, the PURL's namespace, or a codename.

    >>> parse_distro("debian-12.5")
    DistroStatement(id='debian', version='12.5')
    >>> parse_distro("3.18.0", "alpine")
    DistroStatement(id='alpine', version='3.18.0')
    >>> parse_distro("redhat-9.4+eus")
    DistroStatement(id='rhel', version='9.4+eus')
    """
    distro, version = _split(text.strip().lower())
    if version or family_of(distro) or distro == vendor:
        return stated_distro(distro, version)
    if (named := stated_distro(distro, None)) and family_of(named.id):
        return named
    by_codename = next((id_ for id_, codenames in CODENAMES.items() if distro in codenames), None)
    return stated_distro(vendor or by_codename, distro)


def _split(text: str) -> tuple[str, str]:
    """ID and version, which may be empty."""
    known = next((id_ for id_ in KNOWN_IDS if text.startswith(id_) and text[len(id_) : len(id_) + 1] in {"", "-", ":", "@"}), None)
    if known:
        return known, text[len(known) + 1 :]
    found = SEPARATOR.search(text)
    return (text[: found.start()], text[found.end() :]) if found else (text, "")


def family_of(distro: str) -> Distribution | None:
    """The distribution whose feeds speak for one: itself, or what it is derived from; None where none does."""
    derivative = DERIVATIVES.get(distro)
    return DISTRIBUTION_BY_ID.get(derivative.parent if derivative else distro)


def ids_meant(vendor: str) -> tuple[str, ...]:
    """The distributions that a PURL's namespace may mean: itself in most cases.

    >>> ids_meant("redhat"), ids_meant("opensuse")
    (('rhel',), ('opensuse-leap', 'opensuse-tumbleweed'))
    """
    if vendor in VENDORS:
        return VENDORS[vendor]
    statement = stated_distro(vendor, None)
    return (statement.id,) if statement else (vendor,)


def release_named(distribution: Distribution, version: str) -> str | None:
    """The release that a stated version or codename belongs to; None where it names none.

    >>> release_named(DISTRIBUTION_BY_ID["debian"], "bookworm")
    '12'
    >>> release_named(DISTRIBUTION_BY_ID["sles"], "15-SP5")
    '15.5'
    """
    version = version.strip().lower().partition("+")[0]
    if distribution.id == "alpine" and ALPINE_EDGE.fullmatch(version):
        return "edge"
    if distribution.id == "amzn" and AMAZON_LINUX_1.fullmatch(version):
        return "1"
    if distribution.id == "sles" and (pack := SERVICE_PACK.fullmatch(version)):
        return f"{pack[1]}.{pack[2] or pack[3] or '0'}"
    return CODENAMES.get(distribution.id, {}).get(version) or release_of(distribution, version)


def place_of(statement: DistroStatement, purl_type: str) -> Place | NotChecked:
    """Where packages of this PURL type are looked up in a stated distribution, or why they are not."""
    distribution = family_of(statement.id)
    if distribution is None or distribution.purl_type != purl_type:
        return NotChecked.NO_FEED
    derivative = DERIVATIVES.get(statement.id)
    version = (statement.version or "").removeprefix("stream-")
    if derivative and derivative.releases:
        namespace = derivative.releases.get(version.partition(".")[0])
    else:
        release = release_named(distribution, version)
        namespace = f"{distribution.id}:{release}" if release else None
    if namespace is None:
        return NotChecked.NO_DISTRO
    return Place(namespace, channels_of_distro(namespace, version), derivative is not None)


def namespace_of(statement: DistroStatement, purl_type: str) -> str | NotChecked:
    """The namespace alone."""
    place = place_of(statement, purl_type)
    return place if isinstance(place, NotChecked) else place.namespace
