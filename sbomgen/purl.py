"""Package URLs of packages, written as the PURL specification says.

They are built here and not by packageurl-python, which leaves `/` unencoded in names, versions and qualifiers (0.17.6) and takes six times
as long; the tests hold every result against that library's parser and against the specification's own cases.
"""

import re

from sbomgen.model import Distro, Package

UNKNOWN_VENDOR = "linux"
"""The namespace where no distribution is known: the specification requires one for `alpm`, `apk` and `deb`, and os-release(5)
has `linux` stand for a distribution that does not say its name. There is no `distro` qualifier then: nobody can take it for a release."""

DISTRIBUTION_TYPES = frozenset({"alpm", "apk", "deb", "opkg", "rpm"})
"""Types whose namespace is the distribution, with the qualifiers `arch`, `distro` and `upstream`."""

LOWER_CASE_TYPES = frozenset({"alpm", "apk", "deb", "golang", "opkg", "pypi"})
"""Types whose names the specification lower-cases."""

_RPM_VENDORS = {
    "rhel": "redhat",
    "sles": "suse",
    "sles_sap": "suse",
    "suse-microos": "suse",
    "opensuse-leap": "opensuse",
    "opensuse-tumbleweed": "opensuse",
}
"""Namespaces of rpm packages that are not their distribution's ID, as all producers write them."""

_ALPM_VENDORS = {"msys2": "msys"}
"""Namespaces of alpm packages that are not their distribution's ID, as the specification has them."""

_SOURCE_ARCHS = {"deb": "source", "rpm": "src"}
"""What `arch` says of a source package: the specification's word for deb, rpm's own. Other types have none."""

_TO_ENCODE = re.compile(rb"[^A-Za-z0-9.\-_~:]")


def purl_of(package: Package) -> str:
    """The canonical PURL.

    `distro` is `ID-VERSION_ID` as in os-release (the codename for a release without a number), `upstream` the source package as Syft writes
    it: `NAME` where only the name differs from the package's, `NAME@VERSION` where the version does; absent where both are the same; for
    rpm the name of the source rpm. An rpm's epoch is a qualifier.

    >>> purl_of(Package(type="pypi", name="Flask_Login", raw_version="0.6.3+local"))
    'pkg:pypi/flask-login@0.6.3%2Blocal'
    >>> purl_of(Package(type="npm", name="@angular/core", raw_version="17.0.0"))
    'pkg:npm/%40angular/core@17.0.0'
    >>> purl_of(Package(type="maven", name="org.slf4j:slf4j-api", raw_version="2.0.9"))
    'pkg:maven/org.slf4j/slf4j-api@2.0.9'
    """
    qualifiers = dict(package.qualifiers)
    name = package.name.lower() if package.type in LOWER_CASE_TYPES else package.name
    if package.type in DISTRIBUTION_TYPES:
        vendor = package.distro.id if package.distro else UNKNOWN_VENDOR
        qualifiers |= {"arch": package.arch or "", "distro": _distro(package.distro), "upstream": _upstream(package)}
        if package.type == "rpm":
            epoch, colon, version = package.raw_version.rpartition(":")
            qualifiers |= {"epoch": epoch} if colon else {}
            return _join(package.type, (_RPM_VENDORS.get(vendor, vendor).lower(),), name, version, qualifiers)
        vendor = _ALPM_VENDORS.get(vendor, vendor) if package.type == "alpm" else vendor
        return _join(package.type, (vendor.lower(),), name, package.raw_version, qualifiers)
    namespace, name = _namespace_and_name(package.type, name)
    return _join(package.type, namespace, name, package.raw_version, qualifiers)


def source_purl(package: Package) -> str | None:
    """The canonical PURL of the source package; None where its version is not known, or its type has no PURLs of sources."""
    source, arch = package.source, _SOURCE_ARCHS.get(package.type)
    if source is None or source.version is None or arch is None:
        return None
    return purl_of(Package(type=package.type, name=source.name, raw_version=source.version, arch=arch, distro=package.distro))


def _namespace_and_name(purl_type: str, name: str) -> tuple[tuple[str, ...], str]:
    """The segments of the namespace, and the name: npm's scope, Go's path, Maven's group, Composer's vendor."""
    if purl_type == "pypi":
        return (), name.replace("_", "-")
    *namespace, last = (
        name.split(":", 1) if purl_type == "maven" else name.split("/") if purl_type in {"npm", "golang", "composer"} else (name,)
    )
    return tuple(namespace), last


def _distro(distro: Distro | None) -> str:
    if distro is None:
        return ""
    release = distro.version_id or distro.codename
    return f"{distro.id}-{release}" if release else distro.id


def _upstream(package: Package) -> str:
    source = package.source
    if source is None:
        return ""
    if package.type == "rpm":
        return f"{source.name}-{source.version}.src.rpm" if source.version else source.name
    if source.version is not None and source.version != package.raw_version:
        return f"{source.name}@{source.version}"
    return source.name if source.name != package.name else ""


def _join(purl_type: str, namespace: tuple[str, ...], name: str, version: str, qualifiers: dict[str, str]) -> str:
    """The parts, each encoded; qualifiers sorted by key, empty ones left out."""
    path = "/".join(_encoded(part) for part in (*namespace, name) if part)
    query = "&".join(f"{key}={_encoded(value)}" for key, value in sorted(qualifiers.items()) if value)
    return f"pkg:{purl_type}/{path}{'@' if version else ''}{_encoded(version)}{'?' if query else ''}{query}"


def _encoded(text: str) -> str:
    """Percent-encoded but for letters, digits, `.-_~` and the colon ("Character encoding" in the specification)."""
    return _TO_ENCODE.sub(lambda match: b"%%%02X" % match[0][0], text.encode("utf-8", "surrogateescape")).decode("ascii")
