"""Package history: what each layer introduced, upgraded, downgraded, removed or brought back, by slot.

Consecutive views are compared by slot (`TYPE|ROOT|NAME|ARCH`), so that an upgrade is an upgrade although the path of its evidence carries
the version.
A rewrite of the same version is no event. The origin of a package is the layer in which its slot last took the version it has now.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable

from sbomgen.cpes import cpes_of
from sbomgen.model import EventKind, EvidencePath, Package, PackageEvent, TrackedPackage
from sbomgen.purl import purl_of
from sbomgen.versions import compare

Locate = Callable[[str], int | None]
"""Path → the layer that last wrote it on the view at hand; None where nothing visible stands there."""


class _Track:
    """One line of versions in a slot: usually the slot's only one."""

    __slots__ = ("cataloger", "events", "package", "paths", "visible")

    def __init__(self, cataloger: str) -> None:
        self.cataloger = cataloger
        self.events: list[PackageEvent] = []
        self.package: Package
        self.paths: tuple[EvidencePath, ...] = ()
        self.visible = False

    def show(self, package: Package, layer: int, locate: Locate) -> None:
        event = self._event(package, layer)
        if event is not None:
            self.events.append(event)
        self.package = package
        self.paths = tuple(EvidencePath(path, found) for path in package.evidence if (found := locate(path)) is not None)
        self.visible = True

    def hide(self, layer: int) -> None:
        self.events.append(PackageEvent(EventKind.REMOVED, layer, self.package.raw_version))
        self.visible = False

    def _event(self, package: Package, layer: int) -> PackageEvent | None:
        if not self.events:
            return PackageEvent(EventKind.INTRODUCED, layer, package.raw_version)
        before = self.package.raw_version
        if not self.visible:
            return PackageEvent(EventKind.REINTRODUCED, layer, package.raw_version, before if before != package.raw_version else None)
        if before == package.raw_version:
            return None
        kind = EventKind.UPGRADED if compare(package.type, before, package.raw_version) <= 0 else EventKind.DOWNGRADED
        return PackageEvent(kind, layer, package.raw_version, before)


class PackageHistory:
    """Gathers the packages of view after view, bottom first."""

    def __init__(self) -> None:
        self._slots: defaultdict[str, list[_Track]] = defaultdict(list)
        self._live: dict[str, set[str]] = {}
        """Slots with something visible, by cataloger."""

    def observe(self, layer: int, cataloger: str, packages: Iterable[Package], locate: Locate) -> None:
        """Takes in all that `cataloger` finds on the view of `layer`; one whose evidence did not change need not be observed."""
        found: defaultdict[str, dict[str, Package]] = defaultdict(dict)
        for package in packages:
            found[package.slot].setdefault(package.raw_version, package)
        for slot in sorted(found.keys() | self._live.get(cataloger, set())):
            self._observe_slot(slot, dict(found.get(slot, {})), (layer, cataloger), locate)
        self._live[cataloger] = set(found)

    def _observe_slot(self, slot: str, packages: dict[str, Package], at: tuple[int, str], locate: Locate) -> None:
        """Pairs versions with tracks: the same version first, then a version with one that it replaces, then with one long gone."""
        layer, cataloger = at
        tracks = self._slots[slot]
        replaced = []
        for track in [track for track in tracks if track.visible]:
            same = packages.pop(track.package.raw_version, None)
            if same is not None:
                track.show(same, layer, locate)
            else:
                replaced.append(track)
        for version in list(packages):
            track = replaced.pop(0) if replaced else next((old for old in tracks if not old.visible), None) or _Track(cataloger)
            if track not in tracks:
                tracks.append(track)
            track.show(packages.pop(version), layer, locate)
        for track in replaced:
            track.hide(layer)

    def packages(self) -> tuple[TrackedPackage, ...]:
        """Everything that ever stood, visible or not, sorted by ref."""
        tracked: dict[str, TrackedPackage] = {}
        for track in (track for _, tracks in sorted(self._slots.items()) for track in tracks):
            package = _tracked(track)
            ref = unused_ref(package.ref, tracked)
            tracked[ref] = package if ref == package.ref else _renamed(package, ref)
        return tuple(tracked[ref] for ref in sorted(tracked))


def _tracked(track: _Track) -> TrackedPackage:
    from msgspec.structs import replace

    package = track.package
    purl = purl_of(package)
    if not package.cpes and (cpes := cpes_of(package)):
        package = replace(package, cpes=cpes)
    origin = next(event.layer for event in reversed(track.events) if event.kind is not EventKind.REMOVED)
    return TrackedPackage(
        ref=ref_of(purl, package.root),
        purl=purl,
        package=package,
        cataloger=track.cataloger,
        visible=track.visible,
        layer=origin,
        paths=track.paths,
        events=tuple(track.events),
    )


def _renamed(package: TrackedPackage, ref: str) -> TrackedPackage:
    from msgspec.structs import replace

    return replace(package, ref=ref)


def ref_of(purl: str, root: str) -> str:
    """The PURL, and for a package with a folder of its own a digest of that folder, in the way of Syft's `package-id`.

    So a rebuild of an unchanged package keeps its ref, and the same package in two folders has two.
    """
    if not root:
        return purl
    import hashlib

    digest = hashlib.sha256(root.encode("utf-8", "surrogateescape")).hexdigest()[:16]
    return f"{purl}{'&' if '?' in purl else '?'}package-id={digest}"


def unused_ref(ref: str, taken: Iterable[str]) -> str:
    """`ref`, or with a number where it is taken: two lines of versions of one slot can end at the same version."""
    number, unused = 1, ref
    while unused in taken:
        number += 1
        unused = f"{ref}#{number}"
    return unused
