"""What a layer did to a package's slot, and which layer a package comes from."""

from collections.abc import Sequence

import pytest

from sbomgen.history import PackageHistory, ref_of, unused_ref
from sbomgen.model import EventKind, Package, TrackedPackage


def package(name: str, version: str, *, root: str = "", arch: str | None = "x86_64", type_: str = "apk") -> Package:
    return Package(type=type_, name=name, raw_version=version, arch=arch, root=root, evidence=("lib/apk/db/installed",))


def track(views: Sequence[Sequence[Package] | None]) -> tuple[TrackedPackage, ...]:
    """The history over views, one a layer; None where a layer changed nothing."""
    history = PackageHistory()
    for layer, packages in enumerate(views):
        if packages is not None:
            history.observe(layer, "apk", packages, lambda _, layer=layer: layer)  # type: ignore[misc]
    return history.packages()


def story(tracked: TrackedPackage) -> list[str]:
    return [
        f"{event.kind} {event.layer} {event.version}" + (f" {event.from_version}" if event.from_version else "") for event in tracked.events
    ]


ONE_SLOT = [
    (["1"], ["introduced 0 1"], 0, True),
    (["1", "1"], ["introduced 0 1"], 0, True),
    (["1", "2"], ["introduced 0 1", "upgraded 1 2 1"], 1, True),
    (["2", "1"], ["introduced 0 2", "downgraded 1 1 2"], 1, True),
    (["1.9-r0", "1.10-r0"], ["introduced 0 1.9-r0", "upgraded 1 1.10-r0 1.9-r0"], 1, True),
    (["1", None, ""], ["introduced 0 1", "removed 2 1"], 0, False),
    (["1", "", "1"], ["introduced 0 1", "removed 1 1", "reintroduced 2 1"], 2, True),
    (["1", "", "2"], ["introduced 0 1", "removed 1 1", "reintroduced 2 2 1"], 2, True),
    (["1", "2", "1"], ["introduced 0 1", "upgraded 1 2 1", "downgraded 2 1 2"], 2, True),
    (["", "1"], ["introduced 1 1"], 1, True),
]


@pytest.mark.parametrize(("versions", "events", "layer", "visible"), ONE_SLOT)
def test_events_of_one_slot(versions: list[str | None], events: list[str], layer: int, visible: bool) -> None:
    views = [None if version is None else [package("musl", version)] if version else [] for version in versions]
    (tracked,) = track(views)
    assert story(tracked) == events
    assert (tracked.layer, tracked.visible) == (layer, visible)


def test_the_version_of_a_removed_package_is_the_last_it_had() -> None:
    (tracked,) = track([[package("musl", "1")], [package("musl", "2")], []])
    assert tracked.package.raw_version == "2"
    assert (tracked.visible, tracked.layer) == (False, 1)


def test_architectures_and_roots_are_slots_of_their_own() -> None:
    views = [
        [package("libc6", "1", arch="amd64")],
        [package("libc6", "1", arch="amd64"), package("libc6", "2", arch="i386"), package("libc6", "3", root="chroot")],
    ]
    assert [story(tracked) for tracked in track(views)] == [["introduced 0 1"], ["introduced 1 2"], ["introduced 1 3"]]


def test_two_versions_of_one_slot_are_told_apart() -> None:
    views = [[package("kernel", "1"), package("kernel", "2")], [package("kernel", "2"), package("kernel", "3")]]
    assert sorted(map(story, track(views))) == [["introduced 0 1", "upgraded 1 3 1"], ["introduced 0 2"]]


def test_one_of_two_versions_can_go() -> None:
    views = [[package("kernel", "1"), package("kernel", "2")], [package("kernel", "2")]]
    assert {tracked.package.raw_version: tracked.visible for tracked in track(views)} == {"1": False, "2": True}


def test_the_same_version_twice_in_a_slot_is_one_package() -> None:
    assert len(track([[package("musl", "1"), package("musl", "1")]])) == 1


def test_catalogers_do_not_remove_each_others_packages() -> None:
    history = PackageHistory()
    history.observe(0, "apk", [package("musl", "1")], lambda _: 0)
    history.observe(1, "python", [package("idna", "3", type_="pypi", root="site")], lambda _: 1)
    history.observe(2, "python", [], lambda _: 2)
    assert {tracked.package.name: tracked.visible for tracked in history.packages()} == {"musl": True, "idna": False}


def test_paths_are_those_of_the_latest_view_that_shows_the_package() -> None:
    (tracked,) = track([[package("musl", "1")], [package("musl", "1")], []])
    assert [(path.path, path.layer) for path in tracked.paths] == [("lib/apk/db/installed", 1)]


def test_an_event_kind_exists_for_every_story() -> None:
    told = {word.split()[0] for _, events, _, _ in ONE_SLOT for word in events}
    assert told == set(EventKind)


def test_a_ref_is_the_purl_and_a_digest_of_the_folder() -> None:
    assert ref_of("pkg:apk/alpine/musl@1?arch=x86_64", "") == "pkg:apk/alpine/musl@1?arch=x86_64"
    in_folders = {ref_of("pkg:pypi/idna@3", root) for root in ("usr/lib", "opt/venv/lib")}
    assert len(in_folders) == 2
    assert all(ref.startswith("pkg:pypi/idna@3?package-id=") for ref in in_folders)


def test_a_taken_ref_gets_a_number() -> None:
    assert unused_ref("a", {"a", "a#2"}) == "a#3"
