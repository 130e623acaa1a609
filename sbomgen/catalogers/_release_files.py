"""What root file systems older than os-release say of their distribution, in the words that an os-release of theirs would have.

Sources: the files as distributions ship them; where one still ships both, the tests hold the two against each other.
"""

import re

RELEASE_FILES = (
    *("lsb-release", "oracle-release", "centos-release", "redhat-release", "system-release"),
    *("SuSE-release", "alpine-release", "debian_version"),
)
"""In `/etc`. Oracle's redhat-release says that it is Red Hat's, Ubuntu's debian_version that it is Debian's."""

_NAMES = {
    "CentOS": "centos",
    "Red Hat Enterprise Linux": "rhel",
    "Oracle Linux": "ol",
    "Enterprise Linux": "ol",  # Oracle's until 5.3
    "Scientific Linux": "scientific",
    "Amazon Linux": "amzn",
    "Fedora": "fedora",
    "Rocky Linux": "rocky",
    "AlmaLinux": "almalinux",
    "SUSE Linux Enterprise Server": "sles",
    "SUSE Linux Enterprise Desktop": "sled",
    "openSUSE": "opensuse",
}
"""What the first line begins with, and the distribution's `ID`."""

_RELEASE = re.compile(r".{1,200} release (?P<version>\d[\d.]{0,20})(?: .{0,200})?")
_SUSE_NUMBER = re.compile(r"(?:VERSION|PATCHLEVEL) *= *(\d[\d.]{0,20})")
_ALPINE = re.compile(r"\d[\w.]{0,40}")
_DEBIAN = re.compile(r"(?P<major>\d{1,4})[\d.]{0,20}|(?P<codename>[a-z]{1,40})(?:/sid)?")


def release_values(name: str, text: str) -> dict[str, str]:
    """The assignments that an os-release would have, of a file of `RELEASE_FILES`; none where it says nothing that is known.

    >>> release_values("redhat-release", "CentOS release 6.10 (Final)")
    {'ID': 'centos', 'PRETTY_NAME': 'CentOS release 6.10 (Final)', 'VERSION_ID': '6.10'}
    >>> release_values("debian_version", "7.11")
    {'ID': 'debian', 'PRETTY_NAME': 'Debian GNU/Linux 7.11', 'VERSION_ID': '7'}
    """
    first = text.strip().partition("\n")[0].strip()
    if name == "alpine-release":
        return _values("alpine", f"Alpine Linux v{first}", first) if _ALPINE.fullmatch(first) else {}
    if name == "debian_version":
        return _debian(first)
    distribution = next((found for start, found in _NAMES.items() if first.startswith(start)), "")
    if name == "SuSE-release":
        version = ".".join(number for number in _SUSE_NUMBER.findall(text)[:2] if number != "0")
    else:
        release = _RELEASE.fullmatch(first)
        version = release["version"].rstrip(".") if release else ""
    return _values(distribution, first, version) if distribution and version else {}


def lsb_values(values: dict[str, str]) -> dict[str, str]:
    """Those of an lsb-release that names a distribution; Red Hat's states modules of the standard alone."""
    if "DISTRIB_ID" not in values:
        return {}
    release = _values(values["DISTRIB_ID"].lower(), values.get("DISTRIB_DESCRIPTION", ""), values.get("DISTRIB_RELEASE", ""))
    return release | {"VERSION_CODENAME": values.get("DISTRIB_CODENAME", "")}


def _values(distribution: str, title: str, version: str) -> dict[str, str]:
    return {"ID": distribution, "PRETTY_NAME": title, "VERSION_ID": version}


def _debian(first: str) -> dict[str, str]:
    stated = _DEBIAN.fullmatch(first)
    if stated is None:
        return {}
    values = {"ID": "debian", "PRETTY_NAME": f"Debian GNU/Linux {first}"}
    return values | ({"VERSION_ID": stated["major"]} if stated["major"] else {"VERSION_CODENAME": stated["codename"]})
