"""Relations between packages of different catalogers: which OS package delivers a language package."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import cache

from sbomgen.model import Edge, EdgeKind, Package

OS_TYPES = frozenset({"alpm", "apk", "deb", "opkg", "rpm"})
"""Types whose package databases list the files they deliver."""


def owned_by_edges(packages: Sequence[Package], resolve: Callable[[str], str | None]) -> tuple[Edge, ...]:
    """An edge from each language package to every OS package whose list has all of its evidence.

    All of it, because a list is a promise and pip breaks it: where pip put its own copy over the distribution's, under the same path even,
    it left a `RECORD` (or `INSTALLER`, `REQUESTED`) that the distribution's list does not have. What INSTALLER says proves nothing: there
    are distributions that build with pip.

    Both sides are compared with the links of their folders resolved: a list from before the merged `/usr` has `lib/x` for `usr/lib/x`.
    """
    languages = [package for package in packages if package.type not in OS_TYPES]
    evidence = {path for package in languages for path in package.evidence}
    if not evidence:
        return ()
    located = _locator(resolve)
    owners = _owners(packages, {located(path) for path in evidence}, located)
    return tuple(sorted(edge for package in languages for edge in _edges(package, owners, located)))


def _edges(package: Package, owners: dict[str, set[str]], located: Callable[[str], str]) -> Iterator[Edge]:
    lists = [owners.get(located(path), set()) for path in package.evidence]
    if lists:
        yield from (Edge(EdgeKind.OWNED_BY, package.slot, owner) for owner in set.intersection(*lists))


def _owners(packages: Sequence[Package], wanted: set[str], located: Callable[[str], str]) -> dict[str, set[str]]:
    """The slots of the OS packages that list each wanted path; only paths with a wanted file name are resolved, of 100,000 some hundred."""
    names = {path.rpartition("/")[2] for path in wanted}
    owners: dict[str, set[str]] = defaultdict(set)
    for package in packages:
        if package.type in OS_TYPES:
            for path in package.owned_files:
                if path.rpartition("/")[2] in names and (place := located(path)) in wanted:
                    owners[place].add(package.slot)
    return owners


def _locator(resolve: Callable[[str], str | None]) -> Callable[[str], str]:
    """Path → the same path with the links of its folder resolved; unchanged where they lead nowhere."""
    folder_of = cache(resolve)

    def located(path: str) -> str:
        folder, _, name = path.rpartition("/")
        return f"{folder_of(folder) or folder}/{name}"

    return located
