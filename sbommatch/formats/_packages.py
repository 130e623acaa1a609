"""Packages as PURLs name them, in the words of the database."""

from typing import NamedTuple

from sbommatch.advisory import NameKind
from sbommatch.ecosystems import DISTRIBUTION_BY_ID, LANGUAGE_BY_PURL_TYPE, release_of
from sbommatch.purl import Purl


class PackageName(NamedTuple):
    """What an affected row says of its package."""

    namespace: str
    name: str
    name_kind: NameKind
    scheme: str


def package_of(purl: Purl) -> PackageName | None:
    """The package of a language, or of a distribution whose release `?distro=ID-RELEASE` states; None of any other.

    An architecture of `source` or `src` says that the name is a source package's.
    """
    if language := LANGUAGE_BY_PURL_TYPE.get(purl.type):
        name = f"{purl.namespace}{language.separator}{purl.name}" if purl.namespace and language.separator else purl.name
        return PackageName(language.purl_type, language.normalise(name), NameKind.SELF, language.scheme)
    identifier, _, version = purl.qualifiers.get("distro", "").rpartition("-")
    distribution = DISTRIBUTION_BY_ID.get(identifier)
    release = release_of(distribution, version) if distribution else None
    if distribution is None or release is None or distribution.purl_type != purl.type:
        return None
    kind = NameKind.SOURCE if purl.qualifiers.get("arch") in {"source", "src"} else NameKind.BINARY
    return PackageName(f"{distribution.id}:{release}", purl.name, kind, distribution.scheme)
