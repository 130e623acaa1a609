"""Packages as PURLs name them, in the words of the database."""

from typing import NamedTuple

from sbommatch.advisory import NameKind
from sbommatch.ecosystems import CODENAMES, DISTRIBUTION_BY_ID, LANGUAGE_BY_PURL_TYPE, Distribution, release_of
from sbommatch.purl import Purl


class PackageName(NamedTuple):
    """What an affected row says of its package."""

    namespace: str
    name: str
    name_kind: NameKind
    scheme: str
    channel: str | None = None


def package_of(purl: Purl) -> PackageName | None:
    """The package of a language, or of a distribution whose release a qualifier states; None of any other.

    `?distro=` is `ID-RELEASE`, or the codename of a release with its channel before it: `jammy`, `esm-infra/xenial`; a distribution that
    rolls has one release. An architecture of `source` or `src` says that the name is a source package's.
    """
    if language := LANGUAGE_BY_PURL_TYPE.get(purl.type):
        name = f"{purl.namespace}{language.separator}{purl.name}" if purl.namespace and language.separator else purl.name
        return PackageName(language.purl_type, language.normalise(name), NameKind.SELF, language.scheme)
    distribution, release, channel = _release(purl.namespace or "", purl.qualifiers.get("distro", ""))
    if distribution is None or release is None or distribution.purl_type != purl.type:
        return None
    kind = NameKind.SOURCE if purl.qualifiers.get("arch") in {"source", "src"} else NameKind.BINARY
    return PackageName(f"{distribution.id}:{release}", purl.name, kind, distribution.scheme, channel)


def _release(vendor: str, stated: str) -> tuple[Distribution | None, str | None, str | None]:
    channel, _, last = stated.rpartition("/")
    if release := CODENAMES.get(vendor, {}).get(last):
        # Ubuntu's "legacy" goes on with the same packages for some more years.
        return DISTRIBUTION_BY_ID[vendor], release, channel.removesuffix("-legacy") or None
    identifier, _, version = stated.rpartition("-")
    distribution = DISTRIBUTION_BY_ID.get(identifier or vendor)
    return distribution, release_of(distribution, version) if distribution else None, None
