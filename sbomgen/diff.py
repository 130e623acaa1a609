"""What differs between two images: packages by slot, layers by chain id, distribution and base image."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from enum import StrEnum

from msgspec import Struct

from sbomgen.inventory import Inventory
from sbomgen.model import TrackedPackage
from sbomgen.versions import compare


class Change(StrEnum):
    """What became of a package."""

    ADDED = "added"
    REMOVED = "removed"
    UPGRADED = "upgraded"
    DOWNGRADED = "downgraded"


class PackageChange(Struct, frozen=True, kw_only=True):
    """One package that is not the same in both images."""

    change: Change
    before: TrackedPackage | None
    """None of one that was added."""
    after: TrackedPackage | None
    """None of one that was removed."""

    @property
    def package(self) -> TrackedPackage:
        """The later of the two."""
        found = self.after or self.before
        assert found is not None
        return found


class ImageDiff(Struct, frozen=True, kw_only=True):
    """Two images, and what of the second is not in the first."""

    before: Inventory
    after: Inventory
    packages: tuple[PackageChange, ...]
    """Sorted by kind of change, type, name and ref."""
    shared_layers: int
    """How many layers from the bottom are the same."""
    unchanged: int
    """How many visible packages have the same slot and version in both."""


def diff_inventories(before: Inventory, after: Inventory) -> ImageDiff:
    """Compares what is visible in two images.

    Packages of one slot belong together, then those of one type, name and architecture in other folders (Python's site folder is named
    after its version): an upgrade is an upgrade although the path changed.
    """
    old, new = _visible(before), _visible(after)
    pairs = list(_paired(old, new, lambda found: (found.package.slot, found.package.raw_version)))
    unchanged = len(pairs)
    for key in (_slot, _name):
        moved = list(_paired(old, new, key))
        unchanged += sum(one.package.raw_version == other.package.raw_version for one, other in moved)
        pairs += moved
    changes = [_changed(one, other) for one, other in pairs if one.package.raw_version != other.package.raw_version]
    changes += [PackageChange(change=Change.REMOVED, before=one, after=None) for one in old.values()]
    changes += [PackageChange(change=Change.ADDED, before=None, after=one) for one in new.values()]
    return ImageDiff(
        before=before,
        after=after,
        packages=tuple(sorted(changes, key=_order)),
        shared_layers=_shared_layers(before, after),
        unchanged=unchanged,
    )


_ByRef = dict[str, TrackedPackage]


def _visible(inventory: Inventory) -> _ByRef:
    return {package.ref: package for package in inventory.packages if package.visible}


def _slot(found: TrackedPackage) -> tuple[str, ...]:
    return (found.package.slot,)


def _name(found: TrackedPackage) -> tuple[str, ...]:
    package = found.package
    return (package.type, package.slot_name or package.name, package.arch or "")


def _paired(old: _ByRef, new: _ByRef, key: Callable[[TrackedPackage], tuple[str, ...]]) -> Iterator[tuple[TrackedPackage, TrackedPackage]]:
    """Takes out of both the packages whose keys are equal, in the order of their refs, as long as both have one left."""
    waiting: defaultdict[tuple[str, ...], list[TrackedPackage]] = defaultdict(list)
    for before in reversed(old.values()):
        waiting[key(before)].append(before)
    for after in list(new.values()):
        if befores := waiting.get(key(after)):
            before = befores.pop()
            del old[before.ref], new[after.ref]
            yield before, after


def _changed(before: TrackedPackage, after: TrackedPackage) -> PackageChange:
    order = compare(after.package.type, before.package.raw_version, after.package.raw_version)
    return PackageChange(change=Change.UPGRADED if order <= 0 else Change.DOWNGRADED, before=before, after=after)


def _order(change: PackageChange) -> tuple[int, str, str, str]:
    package = change.package
    return (tuple(Change).index(change.change), package.package.type, package.package.name.lower(), package.ref)


def _shared_layers(before: Inventory, after: Inventory) -> int:
    """By chain ids: equal ones have everything below them in common."""
    pairs = zip(before.layers, after.layers, strict=False)
    return sum(one.layer.chain_id == other.layer.chain_id is not None for one, other in pairs)
