"""The part of the feeds that a site wants: namespaces."""

from collections.abc import Sequence

import msgspec
from msgspec import Struct

from sbommatch.advisory import Advisory
from sbommatch.ecosystems import CPE_NAMESPACE, DISTRIBUTION_BY_ID, LANGUAGE_BY_PURL_TYPE
from sbommatch.errors import UsageError


class Subset(Struct, frozen=True):
    """Namespaces: `pypi`, `cpe`, `alpine:3.20`, `alpine` for all of its releases; none for all there are."""

    ecosystems: tuple[str, ...] = ()
    """Sorted."""

    def takes(self, namespace: str) -> bool:
        """Whether it holds a namespace."""
        return not self.ecosystems or namespace in self.ecosystems or namespace.partition(":")[0] in self.ecosystems

    def of(self, advisory: Advisory, covers: Sequence[str]) -> Advisory | None:
        """The advisory with the packages of these namespaces; None where it has others only.

        One that names no package, or none that can be placed, belongs to what its feed covers.
        """
        if not self.ecosystems:
            return advisory
        if not advisory.affected:
            return advisory if self.meets(covers) else None
        affected = tuple(affected for affected in advisory.affected if self.takes(affected.namespace))
        return msgspec.structs.replace(advisory, affected=affected) if affected else None

    def meets(self, covers: Sequence[str]) -> bool:
        """Whether any of it may be in a feed that declares to cover that (`alpine:*`); a feed that covers nothing speaks of all."""
        return not self.ecosystems or not covers or any(self._meets(pattern) for pattern in covers)

    def _meets(self, pattern: str) -> bool:
        if not pattern.endswith(":*"):
            return self.takes(pattern)
        distribution = pattern.removesuffix(":*")
        return any(ecosystem.partition(":")[0] == distribution for ecosystem in self.ecosystems)


def subset_of(ecosystems: Sequence[str]) -> Subset:
    """The subset that some names make. Raises UsageError for one that is no ecosystem."""
    without_releases = (*LANGUAGE_BY_PURL_TYPE, CPE_NAMESPACE)
    for ecosystem in ecosystems:
        name, colon, release = ecosystem.partition(":")
        if not (name in DISTRIBUTION_BY_ID and bool(release) == bool(colon)) and ecosystem not in without_releases:
            known = ", ".join((*without_releases, *DISTRIBUTION_BY_ID))
            raise UsageError(f"{ecosystem!r} is no ecosystem; there are {known}, and releases such as alpine:3.20")
    return Subset(tuple(sorted(set(ecosystems))))
