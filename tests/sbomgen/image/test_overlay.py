"""The fold of layers into views, against tables of cases, a simple model of its own, and what umoci unpacks."""

import os
import shutil
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sbomgen.catalogers import CATALOGERS
from sbomgen.errors import UnreadableError
from sbomgen.image import overlay as overlay_module
from sbomgen.image import tree as tree_module
from sbomgen.image.layer import scan_layer
from sbomgen.image.overlay import Overlay
from sbomgen.image.reference import open_image
from sbomgen.layerscan import EntryKind
from sbomgen.model import Distro
from tests.sbomgen.image.fakes import TEXTS, memory_layer, scan
from tests.support.images import Entry, LayerSpec, file, folder, hardlink, opaque, symlink, whiteout


def folded(*layers: tuple[Entry, ...]) -> Overlay:
    overlay = Overlay()
    for index, entries in enumerate(layers):
        overlay.apply(index, scan(LayerSpec(entries)))
    return overlay


def shown(overlay: Overlay) -> str:
    """All that is visible: a folder ends in a slash, a link in @."""
    ending = {EntryKind.DIRECTORY: "/", EntryKind.SYMLINK: "@"}
    return " ".join(sorted(path + ending.get(kind, "") for path, kind in overlay.paths()))


def texts(overlay: Overlay) -> dict[str, tuple[str, int]]:
    """Visible facts by path, with the layer."""
    return {visible.path: (visible.fact.text, visible.layer) for visible in overlay.facts("texts")}


A, B = file("a.txt", "a"), file("d/b.txt", "b")


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        pytest.param([(A, B)], "a.txt d/ d/b.txt", id="folders that no entry names are there"),
        pytest.param([(A, B), (whiteout("a.txt"),)], "d/ d/b.txt", id="a whiteout removes a file"),
        pytest.param([(A, B), (whiteout("d"),)], "a.txt", id="a whiteout removes a folder with all beneath it"),
        pytest.param([(A, B), (whiteout("x"), whiteout("y/z"), whiteout("a.txt/x"))], "a.txt d/ d/b.txt", id="a whiteout of nothing"),
        pytest.param([(A, B), (opaque("d"), file("d/c", "c"))], "a.txt d/ d/c", id="an opaque folder hides what is below"),
        pytest.param([(A, B), (file("d/c", "c"), opaque("d"))], "a.txt d/ d/c", id="wherever its marker stands"),
        pytest.param([(A, B), (opaque(""), file("c", "c"))], "c", id="the root may be opaque"),
        pytest.param([(A, B), (opaque("a.txt"), opaque("none"))], "a.txt d/ d/b.txt", id="opaque on what is no folder"),
        pytest.param([(A, B), (whiteout("d/b.txt"), B)], "a.txt d/ d/b.txt", id="a file added again stays"),
        pytest.param([(A, B), (B, whiteout("d/b.txt"))], "a.txt d/ d/b.txt", id="also before its whiteout"),
        pytest.param([(A, B), (B, whiteout("d"), opaque("d"))], "a.txt d/ d/b.txt", id="also under a whiteout folder"),
        pytest.param([(A, B), (file("d", "now a file"),)], "a.txt d", id="a file in place of a folder"),
        pytest.param([(A, B), (file("d", "f"),), (folder("d"), file("d/x", "x"))], "a.txt d/ d/x", id="and a folder again"),
        pytest.param([(A, B), (file("a.txt/x", "x"),)], "a.txt/ a.txt/x d/ d/b.txt", id="a folder in place of a file, unnamed"),
        pytest.param([(A, B), (folder("d"), folder("d/"))], "a.txt d/ d/b.txt", id="a folder on a folder merges"),
        pytest.param([(A, B), (symlink("d", "x"),)], "a.txt d@", id="a link in place of a folder"),
        pytest.param(
            [(symlink("lib", "usr/lib"), folder("usr/lib")), (file("lib/x", "x"),)], "lib@ usr/ usr/lib/ usr/lib/x", id="through a link"
        ),
        pytest.param([(symlink("lib", "/usr/lib"),), (file("lib/x", "x"),)], "lib@ usr/ usr/lib/ usr/lib/x", id="through a dangling link"),
        pytest.param([(symlink("a", "b"), symlink("b", "c"), file("a/x"))], "a@ b@ c/ c/x", id="through links of its own layer"),
        pytest.param([(symlink("d/up", "../../../e"),), (file("d/up/x"),)], "d/ d/up@ e/ e/x", id="never out of the root"),
        pytest.param([(symlink("lib", "usr"),), (folder("lib"), file("lib/x"))], "lib/ lib/x", id="a folder in place of a link"),
        pytest.param([(symlink("lib", "usr"), file("usr/x")), (whiteout("lib/x"),)], "lib@ usr/", id="a whiteout through a link"),
        pytest.param([(symlink("lib", "usr"), file("usr/x")), (opaque("lib"),)], "lib@ usr/", id="opaque through a link"),
        pytest.param([(symlink("lib", "usr"), file("usr/x")), (whiteout("lib"),)], "usr/ usr/x", id="a whiteout removes the link itself"),
        pytest.param([(file("a/b"), file("a"))], "a", id="a file over a folder in one layer"),
        pytest.param([(file("a"), file("a/b"))], "a/ a/b", id="a folder over a file in one layer"),
        pytest.param([(A,), (hardlink("h", "a.txt"),), (whiteout("a.txt"),)], "h", id="a hard link outlives its target"),
        pytest.param([(hardlink("h", "l"), symlink("l", "x"))], "h@ l@", id="a hard link to a link is one"),
    ],
)
def test_what_is_visible(layers: list[tuple[Entry, ...]], expected: str) -> None:
    assert shown(folded(*layers)) == expected


# Facts


def test_facts_follow_what_is_visible() -> None:
    overlay = folded((A, B), (file("a.txt", "a2"),), (whiteout("d"), file("c.txt", "c")))
    assert texts(overlay) == {"a.txt": ("a2", 1), "c.txt": ("c", 2)}
    assert list(texts(overlay)) == sorted(texts(overlay))


@pytest.mark.parametrize(
    ("entries", "changed"),
    [
        ((file("e.txt", "new"),), True),
        ((file("a.txt", "rewritten"),), True),
        ((A,), True),
        ((file("a.txt", "BAD"),), True),
        ((whiteout("a.txt"),), True),
        ((whiteout("d"),), True),
        ((opaque("d"),), True),
        ((symlink("d", "x"),), True),
        ((hardlink("f/a.txt", "a.txt"),), True),
        ((file("other", "x"),), False),
        ((folder("d"),), False),
        ((whiteout("x"), opaque("x")), False),
        ((hardlink("other", "a.txt"),), False),
        ((), False),
    ],
)
def test_a_layer_changes_the_catalogers_whose_facts_it_touches(entries: tuple[Entry, ...], changed: bool) -> None:
    assert folded((A, B)).apply(1, scan(LayerSpec(entries))) == ({"texts"} if changed else set())


def test_facts_written_through_a_link_stand_where_it_leads() -> None:
    overlay = folded((symlink("lib", "usr/lib"), file("usr/lib/x.txt", "1")), (file("lib/x.txt", "2"), file("lib/y.txt", "3")))
    assert texts(overlay) == {"usr/lib/x.txt": ("2", 1), "usr/lib/y.txt": ("3", 1)}


def test_a_hard_link_to_a_layer_below_has_the_facts_of_its_target() -> None:
    overlay = folded((A,), (hardlink("b/a.txt", "a.txt"), hardlink("b/c.txt", "a.txt")), (whiteout("a.txt"),))
    assert texts(overlay) == {"b/a.txt": ("a", 1)}, "not under a name for which nobody read it"


def test_a_hard_link_within_a_layer_has_the_facts_of_its_own_name() -> None:
    overlay = folded((file("a", "old"),), (file("a", "new"), hardlink("x.txt", "a"), hardlink("y.txt", "z"), file("z", "later")))
    assert texts(overlay) == {"x.txt": ("new", 1), "y.txt": ("later", 1)}


def test_a_hard_link_to_itself_or_a_folder_or_nothing_is_noted() -> None:
    overlay = folded((B,), (hardlink("x", "x"), hardlink("y", "d"), hardlink("z", "none/such")))
    assert shown(overlay) == "d/ d/b.txt"
    assert [(problem.where, problem.loss) for problem in overlay.problems] == [(f"layer 1: {name}", False) for name in "xyz"]


def test_what_lies_behind_a_loop_is_noted() -> None:
    overlay = folded(
        (symlink("a", "b"), symlink("b", "a"), symlink("empty", "")), (file("a/x.txt", "x"), file("empty/x"), whiteout("a/y"), opaque("a"))
    )
    assert shown(overlay) == "a@ b@ empty@"
    assert [problem.where for problem in overlay.problems] == ["layer 1: a/x.txt", "layer 1: empty/x"]


def test_notes_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overlay_module, "MAX_PROBLEMS", 3)
    assert len(folded(tuple(hardlink(f"h{number}", "none") for number in range(5))).problems) == 3


# Paths


LINKS = (
    file("usr/bin/python3.11"),
    symlink("usr/bin/python", "python3"),
    symlink("usr/bin/python3", "python3.11"),
    symlink("bin", "usr/bin"),
    symlink("absolute", "/usr/bin"),
    symlink("above", "../../../usr/./bin/../bin"),
    symlink("dangling", "nowhere"),
    symlink("loop", "loop2"),
    symlink("loop2", "loop/x"),
    symlink("root", "/"),
    symlink("through", "usr/bin/python3.11/.."),
    symlink("empty", ""),
)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("usr/bin/python3.11", "usr/bin/python3.11"),
        ("usr/bin/python", "usr/bin/python3.11"),
        ("bin/python", "usr/bin/python3.11"),
        ("absolute/python", "usr/bin/python3.11"),
        ("above/python", "usr/bin/python3.11"),
        ("root/root/bin/python3", "usr/bin/python3.11"),
        ("/usr//bin/./python/", "usr/bin/python3.11"),
        ("usr/lib/../bin", None),
        ("../../usr/bin/../bin", "usr/bin"),
        ("", ""),
        ("root", ""),
        ("bin", "usr/bin"),
        ("dangling", None),
        ("loop", None),
        ("usr/bin/ruby", None),
        ("usr/bin/python/x", None),
        ("through", None),
        ("empty", None),
    ],
)
def test_a_path_is_resolved_within_the_root(path: str, expected: str | None) -> None:
    overlay = folded(LINKS)
    assert overlay.resolve(path) == expected
    assert overlay.exists(path) is (expected is not None)
    assert (overlay.layer_of(path) is not None) is (expected is not None)


def test_the_layer_of_a_path_is_the_one_that_wrote_it_last() -> None:
    overlay = folded((A, B, symlink("l", "d")), (file("a.txt", "2"), folder("d")), (file("d/x/y"),), (whiteout("a.txt"),))
    found = {path: overlay.layer_of(path) for path in ("a.txt", "d", "d/b.txt", "l/b.txt", "d/x", "d/x/y", "none")}
    assert found == {"a.txt": None, "d": 1, "d/b.txt": 0, "l/b.txt": 0, "d/x": 2, "d/x/y": 2, "none": None}


def test_links_and_steps_are_bounded() -> None:
    chain = [symlink(f"l{number}", f"l{number + 1}") for number in range(tree_module.MAX_LINKS)]
    overlay = folded(
        (*chain, file(f"l{tree_module.MAX_LINKS}"), symlink("more", "l0"), symlink("winding", "a/../" * 800 + "a"), folder("a"))
    )
    assert overlay.resolve("l0") == f"l{tree_module.MAX_LINKS}"
    assert overlay.resolve("more") is None
    assert overlay.resolve("winding") is None


def test_the_number_of_paths_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tree_module, "MAX_PATHS", 5)
    assert shown(folded((file("a/b/c/d/e"),), (whiteout("a"),), (file("f/g/h/i/j"),))) == "f/ f/g/ f/g/h/ f/g/h/i/ f/g/h/i/j"
    with pytest.raises(UnreadableError, match="more than 5 paths"):
        folded((file("a/b/c/d/e"), file("f")))


def test_removing_a_folder_costs_what_it_holds() -> None:
    """A thousand whiteouts beside fifty thousand files look at none of these."""
    overlay = folded(tuple(file(f"keep/{number}") for number in range(5000)), tuple(file(f"gone/{number}/x") for number in range(1000)))
    looked_at: list[str] = []

    def counting(path: str, node: tree_module.Node) -> Iterator[tree_module.Way]:
        for way in descend(path, node):
            looked_at.append(way[0])
            yield way

    descend = tree_module.descend
    tree_module.descend = counting
    try:
        overlay.apply(2, scan(LayerSpec(tuple(whiteout(f"gone/{number}") for number in range(1000)))))
    finally:
        tree_module.descend = descend
    assert len(looked_at) == 2000


# Distributions


def os_release(identifier: str) -> str:
    return f"ID={identifier}\n"


def distros(*layers: tuple[Entry, ...]) -> Overlay:
    overlay = Overlay()
    for index, entries in enumerate(layers):
        overlay.apply(index, scan_layer(memory_layer(LayerSpec(entries).tar, LayerSpec(entries).diff_id), CATALOGERS))
    return overlay


def test_the_distribution_is_that_of_the_nearest_root() -> None:
    overlay = distros(
        (
            file("usr/lib/os-release", os_release("debian")),
            symlink("etc/os-release", "../usr/lib/os-release"),
            file("srv/chroot/etc/os-release", os_release("alpine")),
        )
    )
    found = {
        path: (overlay.root_of(path), overlay.distro_of(path))
        for path in ("", "var/lib/dpkg/status", "srv", "srv/chroot", "srv/chroot/lib/apk")
    }
    debian, alpine = ("", Distro("debian")), ("srv/chroot", Distro("alpine"))
    assert found == {"": debian, "var/lib/dpkg/status": debian, "srv": debian, "srv/chroot": alpine, "srv/chroot/lib/apk": alpine}


def test_etc_goes_before_usr_lib() -> None:
    both = (file("etc/os-release", os_release("etc")), file("usr/lib/os-release", os_release("usr")))
    assert distros(both).distro_of("") == distros(both[::-1]).distro_of("") == Distro("etc")
    assert distros(both, (whiteout("etc/os-release"),)).distro_of("x") == Distro("usr")


def test_without_os_release_there_is_no_distribution() -> None:
    overlay = distros((file("a/os-release", os_release("x")),))
    assert (overlay.distro_of("a/b"), overlay.root_of("a/b")) == (None, "")
    overlay = distros((file("etc/os-release", os_release("x")),), (whiteout("etc"),))
    assert (overlay.distro_of(""), overlay.root_of("etc")) == (None, "")


# What is placed by the folder, against the same placed one by one; links may lead anywhere

ANYWHERE = st.lists(st.sampled_from(["a", "b", "c.txt", "..", "."]), min_size=1, max_size=4).map("/".join)
LINKING = st.one_of(
    st.builds(file, st.lists(st.sampled_from(["a", "b", "c.txt"]), min_size=1, max_size=3).map("/".join), st.sampled_from(["1", "2"])),
    st.builds(folder, st.sampled_from(["a", "b", "a/b", "b/a", "a/a"])),
    st.builds(symlink, st.sampled_from(["a", "b", "a/b", "b/c.txt"]), ANYWHERE | ANYWHERE.map("/{}".format)),
    st.builds(hardlink, st.sampled_from(["a/c.txt", "b", "c.txt"]), st.sampled_from(["c.txt", "a/c.txt", "a/b"])),
    st.builds(whiteout, st.sampled_from(["a", "b", "a/b", "c.txt"])),
    st.builds(opaque, st.sampled_from(["", "a", "a/b"])),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.lists(LINKING, max_size=8), min_size=1, max_size=4))
def test_placing_by_the_folder_is_placing_one_by_one(layers: list[list[Entry]]) -> None:
    overlay, one_by_one = Overlay(), Overlay()
    with pytest.MonkeyPatch.context() as patch:
        for index, entries in enumerate(layers):
            record = scan(LayerSpec(tuple(entries)))
            changed = overlay.apply(index, record)
            patch.setattr(Overlay, "_place_new", lambda *_: False)
            assert one_by_one.apply(index, record) == changed
            patch.undo()
            assert sorted(overlay.paths()) == sorted(one_by_one.paths())
            assert texts(overlay) == texts(one_by_one)
            assert overlay.problems == one_by_one.problems
            for path, _ in overlay.paths():
                assert (overlay.layer_of(path), overlay.resolve(path)) == (one_by_one.layer_of(path), one_by_one.resolve(path))


# Against a model: paths as text, prefixes compared with all others, nothing clever


NAMES = st.sampled_from(["a", "b", "c.txt"])
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
ENTRIES = st.one_of(
    st.builds(file, PATHS, st.sampled_from(["1", "2"])),
    st.builds(folder, PATHS),
    st.builds(symlink, PATHS, st.just("nowhere/at/all")),
    st.builds(whiteout, PATHS),
    st.builds(opaque, PATHS),
)


class Model:
    """What is visible, as `path: (kind, text, layer)`; links are never on the way, for then the case is left out."""

    def __init__(self) -> None:
        self.visible: dict[str, tuple[str, str, int]] = {}

    def apply(self, index: int, entries: list[Entry]) -> None:
        last = {entry.path: number for number, entry in enumerate(entries)}
        entries = [entry for number, entry in enumerate(entries) if last[entry.path] == number]
        for entry in entries:
            above, _, name = entry.path.rpartition("/")
            if name == ".wh..wh..opq":
                self.remove(above, itself=False)
            elif name.startswith(".wh."):
                self.remove(f"{above}/{name[4:]}".lstrip("/"), itself=True)
        for entry in entries:
            if "/.wh." not in f"/{entry.path}":
                self.write(index, entry)

    def remove(self, path: str, itself: bool) -> None:
        for other in list(self.visible):
            if other.startswith(f"{path}/") or (itself and other == path):
                del self.visible[other]

    def write(self, index: int, entry: Entry) -> None:
        parts = entry.path.split("/")
        for depth in range(1, len(parts)):
            above = "/".join(parts[:depth])
            if self.visible.get(above, ("d",))[0] != "d":
                del self.visible[above]
            self.visible.setdefault(above, ("d", "", index))
        kind = {b"0": "f", b"5": "d", b"2": "l"}[entry.type]
        if kind != "d" or self.visible.get(entry.path, ("d",))[0] != "d":
            self.remove(entry.path, itself=True)
        self.visible[entry.path] = (kind, entry.body.decode(), index)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(ENTRIES, max_size=6), min_size=1, max_size=4))
def test_the_fold_is_what_a_simple_model_says(layers: list[list[Entry]]) -> None:
    overlay, model = Overlay(), Model()
    for index, drawn in enumerate(layers):
        links = {path for path, (kind, *_) in model.visible.items() if kind == "l"} | {entry.path for entry in drawn if entry.type == b"2"}
        entries = [entry for entry in drawn if not any(entry.path.startswith(f"{link}/") for link in links)]
        before = texts(overlay)
        changed = overlay.apply(index, scan(LayerSpec(tuple(entries))))
        model.apply(index, entries)
        assert {
            path: (kind.value, overlay.layer_of(path) if kind is not EntryKind.SYMLINK else None) for path, kind in overlay.paths()
        } == {path: (kind, layer if kind != "l" else None) for path, (kind, _, layer) in model.visible.items()}
        expected = {path: (text, layer) for path, (kind, text, layer) in model.visible.items() if kind == "f" and path.endswith(".txt")}
        assert texts(overlay) == expected
        assert bool(changed) >= (before != expected)


# Against umoci, on real layers


LARGE = (
    "alpine-3.18", "big", "bins", "debian12-slim", "java-app", "node-app", "py-modern", "python-app",
    "rpm-bdb", "rpm-mariner2", "rpm-self-sqlite", "rpm-sle15",
)  # fmt: skip


@pytest.mark.corpus
@pytest.mark.parametrize("name", ["edge", "alpine-3.20", "alpine-3.9", *(pytest.param(name, marks=pytest.mark.long) for name in LARGE)])
def test_the_fold_is_what_umoci_unpacks(corpus: Path, tmp_path: Path, name: str) -> None:
    if shutil.which("umoci") is None or not (corpus / "oci" / name).is_dir():
        pytest.skip("umoci or the image is absent")
    bundle = tmp_path / "bundle"
    command = ["umoci", "unpack", "--keep-dirlinks", "--image", f"{corpus}/oci/{name}:latest", str(bundle)]
    if subprocess.run(command, capture_output=True).returncode:
        pytest.skip("umoci cannot unpack here (it needs root)")
    overlay = Overlay()
    with open_image(str(corpus / "oci" / name)) as image:
        for layer in image.layers:
            overlay.apply(layer.index, scan_layer(layer, (TEXTS,)))
    expected = set(unpacked(str(bundle / "rootfs")))
    # umoci clamps `../../escape` to the root; Docker refuses such a layer, we leave the entry out and say so.
    expected = {(path, kind) for path, kind in expected if path.split("/")[0] != "escape"}
    assert set(overlay.paths()) == expected


def unpacked(root: str) -> Iterator[tuple[str, EntryKind]]:
    kinds = {stat.S_IFDIR: EntryKind.DIRECTORY, stat.S_IFREG: EntryKind.FILE, stat.S_IFLNK: EntryKind.SYMLINK}
    for above, folders, names in os.walk(root):
        for name in (*folders, *names):
            path = os.path.join(above, name)  # noqa: PTH118  # names that are not UTF-8
            yield os.path.relpath(path, root), kinds.get(stat.S_IFMT(os.lstat(path).st_mode), EntryKind.OTHER)
