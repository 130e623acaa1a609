"""Package URLs of packages, written as the PURL specification says.

They are built here and not by packageurl-python, which leaves `/` unencoded in names, versions and qualifiers (0.17.6) and takes six times
as long; the tests hold every result against that library's parser and against the specification's own cases.
"""

import re

from sbomgen.model import Distro, Package

UNKNOWN_VENDOR = "linux"
"""The namespace where no distribution is known: the specification requires one for `deb` and `apk`, and os-release(5) has `linux` stand for
a distribution that does not say its name. There is no `distro` qualifier then: nobody can take it for a release."""

DISTRIBUTION_TYPES = frozenset({"apk", "deb", "opkg"})
"""Types whose namespace is the distribution, with lower-case names and the qualifiers `arch`, `distro` and `upstream`."""

_TO_ENCODE = re.compile(rb"[^A-Za-z0-9.\-_~:]")


def purl_of(package: Package) -> str:
    """The canonical PURL.

    `distro` is `ID-VERSION_ID` as in os-release (the codename for a release without a number), `upstream` the source package as Syft writes
    it: `NAME` where only the name differs from the package's, `NAME@VERSION` where the version does; absent where both are the same.

    >>> purl_of(Package(type="pypi", name="Flask_Login", raw_version="0.6.3+local"))
    'pkg:pypi/flask-login@0.6.3%2Blocal'
    """
    if package.type not in DISTRIBUTION_TYPES:
        name = package.name.lower().replace("_", "-") if package.type == "pypi" else package.name
        return _join(package.type, "", name, package.raw_version, {})
    namespace = package.distro.id if package.distro else UNKNOWN_VENDOR
    qualifiers = {"arch": package.arch or "", "distro": _distro(package.distro), "upstream": _upstream(package)}
    return _join(package.type, namespace.lower(), package.name.lower(), package.raw_version, qualifiers)


def _distro(distro: Distro | None) -> str:
    if distro is None:
        return ""
    release = distro.version_id or distro.codename
    return f"{distro.id}-{release}" if release else distro.id


def _upstream(package: Package) -> str:
    source = package.source
    if source is None:
        return ""
    if source.version is not None and source.version != package.raw_version:
        return f"{source.name}@{source.version}"
    return source.name if source.name != package.name else ""


def _join(purl_type: str, namespace: str, name: str, version: str, qualifiers: dict[str, str]) -> str:
    """The parts, each encoded; qualifiers sorted by key, empty ones left out."""
    path = "/".join(_encoded(part) for part in (namespace, name) if part)
    query = "&".join(f"{key}={_encoded(value)}" for key, value in sorted(qualifiers.items()) if value)
    return f"pkg:{purl_type}/{path}@{_encoded(version)}{'?' if query else ''}{query}"


def _encoded(text: str) -> str:
    """Percent-encoded but for letters, digits, `.-_~` and the colon ("Character encoding" in the specification)."""
    return _TO_ENCODE.sub(lambda match: b"%%%02X" % match[0][0], text.encode("utf-8", "surrogateescape")).decode("ascii")
