"""Ecosystems: how OSV and the PURL specification call them, their namespace in the database, their version scheme and their rule for names.

Bottom of the house: feeds, matching and readers all stand on this table and on nothing else in common.
"""

import re
from collections.abc import Callable

from msgspec import Struct

from sbommatch.advisory import NameKind


def normalise_pypi(name: str) -> str:
    """PEP 503: lower case, runs of `-`, `_` and `.` are one `-`.

    >>> normalise_pypi("Zope.Interface")
    'zope-interface'
    """
    return re.sub(r"[-_.]+", "-", name).lower()


def unchanged(name: str) -> str:
    """Names that are compared as written."""
    return name


class Language(Struct, frozen=True):
    """A language ecosystem: one namespace, and packages that have one name only."""

    purl_type: str
    """The namespace, too."""
    osv: str
    """OSV's ecosystem name."""
    scheme: str
    """Name in `sbommatch.versions.SCHEMES`."""
    normalise: Callable[[str], str] = unchanged
    separator: str | None = None
    """What stands between a PURL's namespace and name in the package's own name; None where PURLs have no namespace."""


class Distribution(Struct, frozen=True):
    """A distribution: namespaces `ID:VERSION`, packages with source and binary names."""

    id: str
    """As os-release says it."""
    osv: str
    """OSV's ecosystem name before the first colon."""
    purl_type: str
    scheme: str
    release_parts: int
    """How many dotted parts of a version name the release: 2 for `alpine:3.20`, 1 for `debian:12`; 0 for one that rolls."""
    name_kind: NameKind = NameKind.SOURCE
    """What its feeds speak of, most of them: a row says of itself whether it names a source or a binary package."""


def without_git(name: str) -> str:
    """Swift packages are called by the address of their repository, in more than one spelling.

    >>> without_git("https://github.com/Alamofire/Alamofire.git")
    'github.com/alamofire/alamofire'
    """
    return name.lower().removeprefix("https://").removesuffix(".git")


LANGUAGES: tuple[Language, ...] = (
    Language("bitnami", "Bitnami", "bitnami"),
    Language("brew", "Homebrew", "generic"),
    Language("cargo", "crates.io", "cargo"),
    Language("composer", "Packagist", "composer", str.lower, "/"),
    Language("cran", "CRAN", "cran"),
    Language("gem", "RubyGems", "gem"),
    Language("githubactions", "GitHub Actions", "github-actions", str.lower, "/"),
    Language("golang", "Go", "go", str.lower, "/"),  # the PURL specification lower-cases module paths, the feeds do not
    Language("hackage", "Hackage", "hackage"),
    Language("hex", "Hex", "hex", str.lower),
    Language("julia", "Julia", "julia"),
    Language("k8s", "Kubernetes", "semver", separator="/"),  # of clusters, as Trivy describes them
    Language("maven", "Maven", "maven", separator=":"),
    Language("npm", "npm", "npm", separator="/"),
    Language("nuget", "NuGet", "nuget", str.lower),  # its registry knows no letter case
    Language("opam", "opam", "opam"),
    Language("pub", "Pub", "pub"),
    Language("pypi", "PyPI", "pypi", normalise_pypi),
    Language("swift", "SwiftURL", "swift", without_git, "/"),
    Language("vscode-extension", "VSCode", "semver", str.lower, "."),
)

DISTRIBUTIONS: tuple[Distribution, ...] = (
    Distribution("almalinux", "AlmaLinux", "rpm", "rpm", 1, NameKind.BINARY),
    Distribution("alpaquita", "Alpaquita", "apk", "apk", 1),
    Distribution("alpine", "Alpine", "apk", "apk", 2),
    Distribution("amzn", "Amazon Linux", "rpm", "rpm", 1, NameKind.BINARY),
    Distribution("arch", "Arch Linux", "alpm", "alpm", 0, NameKind.BINARY),
    Distribution("azurelinux", "Azure Linux", "rpm", "rpm", 2, NameKind.BINARY),
    Distribution("bellsoft-hardened-containers", "BellSoft Hardened Containers", "apk", "apk", 1),
    Distribution("chainguard", "Chainguard", "apk", "apk", 0),
    Distribution("debian", "Debian", "deb", "deb", 1),
    Distribution("echo", "Echo", "deb", "deb", 0),
    Distribution("fedora", "Fedora", "rpm", "rpm", 1, NameKind.BINARY),
    Distribution("mageia", "Mageia", "rpm", "rpm", 1),
    Distribution("mariner", "CBL-Mariner", "rpm", "rpm", 2, NameKind.BINARY),
    Distribution("minimos", "MinimOS", "apk", "apk", 0),
    Distribution("ol", "Oracle Linux", "rpm", "rpm", 1, NameKind.BINARY),
    Distribution("openeuler", "openEuler", "rpm", "rpm", 2),
    Distribution("opensuse-leap", "openSUSE:Leap", "rpm", "rpm", 2, NameKind.BINARY),
    Distribution("opensuse-tumbleweed", "openSUSE:Tumbleweed", "rpm", "rpm", 0, NameKind.BINARY),
    Distribution("photon", "Photon OS", "rpm", "rpm", 2, NameKind.BINARY),
    Distribution("rhel", "Red Hat", "rpm", "rpm", 1, NameKind.BINARY),
    Distribution("rocky", "Rocky Linux", "rpm", "rpm", 1, NameKind.BINARY),
    Distribution("sles", "SUSE", "rpm", "rpm", 2, NameKind.BINARY),
    Distribution("ubuntu", "Ubuntu", "deb", "deb", 2),
    Distribution("wolfi", "Wolfi", "apk", "apk", 0),
)

LANGUAGE_BY_OSV = {language.osv: language for language in LANGUAGES}
LANGUAGE_BY_OSV["kubernetes"] = LANGUAGE_BY_OSV["Kubernetes"]  # as the Kubernetes feed of Trivy's writes it
LANGUAGE_BY_PURL_TYPE = {language.purl_type: language for language in LANGUAGES}
DISTRIBUTION_BY_OSV = {distribution.osv: distribution for distribution in DISTRIBUTIONS}
DISTRIBUTION_BY_ID = {distribution.id: distribution for distribution in DISTRIBUTIONS}

CODENAMES: dict[str, dict[str, str]] = {
    "debian": {
        "etch": "4", "lenny": "5", "squeeze": "6", "wheezy": "7", "jessie": "8", "stretch": "9", "buster": "10", "bullseye": "11",
        "bookworm": "12", "trixie": "13", "forky": "14", "duke": "15", "sid": "sid", "unstable": "sid",
    },
    "ubuntu": {
        "lucid": "10.04", "precise": "12.04", "trusty": "14.04", "xenial": "16.04", "artful": "17.10", "bionic": "18.04",
        "cosmic": "18.10", "disco": "19.04", "eoan": "19.10", "focal": "20.04", "groovy": "20.10", "hirsute": "21.04", "impish": "21.10",
        "jammy": "22.04", "kinetic": "22.10", "lunar": "23.04", "mantic": "23.10", "noble": "24.04", "oracular": "24.10",
        "plucky": "25.04", "questing": "25.10", "resolute": "26.04",
    },
    "alpine": {"edge": "edge"},
    "alpaquita": {"stream": "stream"},
    "bellsoft-hardened-containers": {"stream": "stream"},
}  # fmt: skip
"""Names of releases that never move. `stable` and `testing` do, and `trixie/sid`, as Debian testing calls itself, names two."""

CPE_NAMESPACE = "cpe"
"""Of rows that name a CPE and no package: see `sbommatch.advisory.Affected.namespace`."""

CPE_SCHEME = "generic"
"""The order that components are asked for in by their CPE; a row that states another one is settled in its own."""

OPENEULER_RELEASE = re.compile(r"[0-9]{2}\.[0-9]{2}-lts(-sp[0-9]+)?")
"""Service packs have packages of their own. Its os-release does not state them under VERSION_ID (`22.03`), which names no release then."""

ROLLING_RELEASES = frozenset({"edge", "sid", "stream", "rolling"})
"""Releases without a number, as namespaces write them: `alpine:edge`, `debian:sid`, `wolfi:rolling`."""


def release_of(distribution: Distribution, version: str) -> str | None:
    """The release that a stated version belongs to, as namespaces write it; None where the text is no numbered version of enough parts.

    >>> release_of(DISTRIBUTION_BY_ID["alpine"], "v3.20.3")
    '3.20'
    >>> release_of(DISTRIBUTION_BY_ID["debian"], "12.5")
    '12'
    """
    if not distribution.release_parts:
        return "rolling"
    if distribution.id == "openeuler":
        return version.lower() if OPENEULER_RELEASE.fullmatch(version.lower()) else None
    parts = version.removeprefix("v").split(".")[: distribution.release_parts]
    if len(parts) < distribution.release_parts or not all(part.isascii() and part.isdigit() for part in parts):
        return None
    return ".".join(parts)
