"""Distributions as SBOMs state them: the producers' spellings, codenames and rolling releases -> the namespaces `ID:RELEASE` of the feeds.

Nothing is guessed: a statement without a release that the tables below know gives no namespace, and its packages are *not checked*.
"""

import re

from sbommatch.ecosystems import DISTRIBUTION_BY_ID, Distribution, release_of
from sbommatch.match.model import NotChecked
from sbommatch.sbom.component import DistroStatement

CODENAMES: dict[str, dict[str, str]] = {
    "debian": {
        "etch": "4", "lenny": "5", "squeeze": "6", "wheezy": "7", "jessie": "8", "stretch": "9", "buster": "10", "bullseye": "11",
        "bookworm": "12", "trixie": "13", "forky": "14", "duke": "15", "sid": "sid", "unstable": "sid",
    },
    "ubuntu": {
        "precise": "12.04", "trusty": "14.04", "xenial": "16.04", "bionic": "18.04", "focal": "20.04", "impish": "21.10",
        "jammy": "22.04", "kinetic": "22.10", "lunar": "23.04", "mantic": "23.10", "noble": "24.04", "oracular": "24.10",
        "plucky": "25.04", "questing": "25.10",
    },
    "alpine": {"edge": "edge"},
}  # fmt: skip
"""Names of releases that never move. `stable` and `testing` do, and `trixie/sid`, as Debian testing calls itself, names two."""

SEPARATOR = re.compile(r"[-:@](?=[^-:@]+$)")
"""Between ID and VERSION, the last one counts: `opensuse-leap-15.5`."""

ALPINE_EDGE = re.compile(r"[0-9]+\.[0-9]+(\.[0-9]+)?_alpha[0-9]+")
"""VERSION_ID of Alpine's edge: `3.21_alpha20240807`."""


def parse_distro(text: str, vendor: str | None = None) -> DistroStatement | None:
    """What a `distro` qualifier or `--distro` says; None where there is no ID.

    A text without an ID is a release of `vendor`, the PURL's namespace, or a codename.

    >>> parse_distro("debian-12.5")
    DistroStatement(id='debian', version='12.5')
    >>> parse_distro("3.18.0", "alpine")
    DistroStatement(id='alpine', version='3.18.0')
    """
    distro, separator, version = _split(text.strip().lower())
    if separator:
        return DistroStatement(distro, version)
    if distro in DISTRIBUTION_BY_ID or distro == vendor:
        return DistroStatement(distro)
    named = next((id_ for id_, codenames in CODENAMES.items() if distro in codenames), None)
    stated_id = vendor or named
    return DistroStatement(stated_id, distro or None) if stated_id else None


def _split(text: str) -> tuple[str, str, str]:
    if found := SEPARATOR.search(text):
        return text[: found.start()], found[0], text[found.end() :]
    return text, "", ""


def release_named(distribution: Distribution, version: str) -> str | None:
    """The release that a stated version or codename belongs to; None where it names none.

    >>> release_named(DISTRIBUTION_BY_ID["debian"], "bookworm")
    '12'
    >>> release_named(DISTRIBUTION_BY_ID["alpine"], "3.21_alpha20240807")
    'edge'
    """
    version = version.strip().lower()
    if distribution.id == "alpine" and ALPINE_EDGE.fullmatch(version):
        return "edge"
    return CODENAMES.get(distribution.id, {}).get(version) or release_of(distribution, version)


def namespace_of(statement: DistroStatement, purl_type: str) -> str | NotChecked:
    """The namespace that packages of this PURL type have in a stated distribution, or why there is none.

    A distribution without feeds of its own, derivatives among them, is `no_feed`: its releases and versions are not its parent's.
    """
    distribution = DISTRIBUTION_BY_ID.get(statement.id.lower())
    if distribution is None or distribution.purl_type != purl_type:
        return NotChecked.NO_FEED
    release = release_named(distribution, statement.version) if statement.version else None
    return f"{distribution.id}:{release}" if release else NotChecked.NO_DISTRO
