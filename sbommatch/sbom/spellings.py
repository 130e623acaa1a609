"""What producers spell in different ways, spelt in one: absent versions, distributions, tools, PURL types."""

import re

from sbommatch.sbom.component import DistroStatement

_NO_VERSION = frozenset({
    "", "-", "?", "*", "n/a", "none", "null", "noassertion", "undefined", "unspecified",
    "unknown", "(unknown)", "(devel)", "[not provided]", "latest",
})  # fmt: skip
"""Written where no version is known: by Syft (`UNKNOWN`, `[not provided]`), Go (`(devel)`: built in place), SPDX (`NOASSERTION`), Gradle
(`unspecified`), cdxgen (`latest`: a tag that moves). None is a version in any order, and some orders would place it above every fix."""

_DISTRO_IDS = {
    "alma": "almalinux",
    "alpine linux": "alpine",
    "amazon": "amzn",
    "amazon linux": "amzn",
    "cbl-mariner": "mariner",
    "centos linux": "centos",
    "debian gnu/linux": "debian",
    "fedora linux": "fedora",
    "opensuse leap": "opensuse-leap",
    "opensuse.leap": "opensuse-leap",
    "opensuse.tumbleweed": "opensuse-tumbleweed",
    "oracle": "ol",
    "oracle linux server": "ol",
    "red hat enterprise linux": "rhel",
    "red hat enterprise linux server": "rhel",
    "redhat": "rhel",
    "rocky linux": "rocky",
    "suse linux enterprise server": "sles",
    "vmware photon os/linux": "photon",
}
"""Trivy's family names and os-release's NAME (Claircore, people) by os-release's ID, where they differ."""

_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")

_ALPINE = "pkg:alpine/"

_TOOL = re.compile(r"(?P<name>.+?)-(?P<version>v?\d\S*|dev|\[not provided\])")
"""SPDX wants tools written `NAME-VERSION`, and names hold hyphens too."""


def stated_version(text: str | None) -> str | None:
    """The version that a text states; None where it stands in for one that is not known.

    >>> stated_version("1.2.3"), stated_version("UNKNOWN"), stated_version("${project.version}")
    ('1.2.3', None, None)
    """
    if not text:
        return None
    text = text.strip()
    return None if text.lower() in _NO_VERSION or "${" in text else text


def stated_purl(text: str | None) -> str | None:
    """A PURL as stated; Syft before 0.67 has a type of its own for packages of apk, whatever the distribution.

    >>> stated_purl("pkg:alpine/musl@1.2.3-r0?distro=alpine-3.16.2")
    'pkg:apk/musl@1.2.3-r0?distro=alpine-3.16.2'
    """
    if not text:
        return None
    text = text.strip()
    return f"pkg:apk/{text[len(_ALPINE) :]}" if text.startswith(_ALPINE) else text or None


def stated_distro(name: str | None, version: str | None) -> DistroStatement | None:
    """A distribution by os-release's ID, its version without a codename in brackets; None where none is named (Trivy writes `none`).

    >>> stated_distro("Debian GNU/Linux", "12 (bookworm)")
    DistroStatement(id='debian', version='12')
    """
    id_ = (name or "").strip().lower()
    if id_ in _NO_VERSION:
        return None
    return DistroStatement(_DISTRO_IDS.get(id_, id_), stated_version((version or "").partition(" (")[0]))


def stated_tool(text: str) -> str:
    """A tool of SPDX as `NAME VERSION`.

    >>> stated_tool("syft-0.57.0"), stated_tool("ko 0.12.0"), stated_tool("my-tool")
    ('syft 0.57.0', 'ko 0.12.0', 'my-tool')
    """
    match = _TOOL.fullmatch(text)
    return named_tool(match["name"], match["version"]) if match else text


def named_tool(name: str, version: str | None) -> str:
    """`NAME VERSION`, or the name alone."""
    version = stated_version(version)
    return f"{name} {version}" if version else name


def upper_snake(word: str) -> str:
    """A word of SPDX's RDF and of SPDX 3 as SPDX 2 writes it elsewhere.

    >>> upper_snake("operatingSystem"), upper_snake("DESCRIBED_BY")
    ('OPERATING_SYSTEM', 'DESCRIBED_BY')
    """
    return _HUMP.sub("_", word).upper()
