"""Folders as layers: the entries that a tar of them would have, nothing followed, nothing opened that need not be."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from sbomgen.errors import UnreadableError
from sbomgen.evidence import EvidenceUnreadableError, Wants
from sbomgen.image import walk as walk_module
from sbomgen.image.entries import MAX_PATH_DEPTH, SkippedEntry, TarEntry
from sbomgen.image.layer import scan_layer
from sbomgen.image.overlay import Overlay
from sbomgen.image.sources.root_folder import RootFolderImage
from sbomgen.image.walk import FolderWalk
from sbomgen.layerscan import EntryKind, LayerScan
from tests.sbomgen.image.fakes import TEXTS, Quoter, nobody, quotes


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "root").mkdir()
    return tmp_path / "root"


def scan(root: Path, *catalogers: Quoter) -> LayerScan:
    images = RootFolderImage(root, str(root))
    return scan_layer(images.image(images.index.manifests[0]).layers[0], catalogers or (TEXTS,))


def entries(root: Path) -> list[TarEntry]:
    with FolderWalk(root) as walk:
        return list(walk)


def skipped(root: Path) -> list[SkippedEntry]:
    with FolderWalk(root) as walk:
        assert list(walk) is not None
        return walk.skipped.entries


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_entries_are_those_of_a_tar_in_the_order_of_their_names(root: Path) -> None:
    (root / "b").mkdir()
    (root / "b/x.txt").write_text("hello")
    (root / "b/x.txt").chmod(0o640)
    (root / "a").symlink_to("/b/x.txt")
    os.mkfifo(root / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(root / "socket"))
    found = [(entry.path, entry.kind, entry.link, entry.size_bytes) for entry in entries(root)]
    assert found == [
        ("a", EntryKind.SYMLINK, "/b/x.txt", 0),
        ("b", EntryKind.DIRECTORY, "", 0),
        ("b/x.txt", EntryKind.FILE, "", 5),
        ("pipe", EntryKind.OTHER, "", 0),
        ("socket", EntryKind.OTHER, "", 0),
    ]
    assert [entry.mode for entry in entries(root)][2] == 0o640


def test_catalogers_read_what_they_want(root: Path) -> None:
    (root / "x.txt").write_text("small")
    (root / "large.txt").write_bytes(b"l" * (5 << 20))
    (root / "empty.txt").touch()
    (root / "other").write_text("not wanted")
    assert quotes(scan(root)) == {"empty.txt": "", "large.txt": "l" * 1000, "x.txt": "small"}
    by_magic = Quoter("magic", Wants(magic=(b"not w",)))
    assert quotes(scan(root, by_magic), "magic") == {"other": "not wanted"}


def test_several_names_of_one_file_are_several_files(root: Path) -> None:
    (root / "a.txt").write_text("one")
    os.link(root / "a.txt", root / "b.txt")
    assert quotes(scan(root)) == {"a.txt": "one", "b.txt": "one"}


def test_names_that_are_no_utf_8_are_kept(root: Path) -> None:
    Path(os.fsdecode(os.fsencode(root) + b"/\xff.txt")).write_text("raw")
    assert quotes(scan(root)) == {"\udcff.txt": "raw"}


def test_no_link_leads_out_of_the_root(root: Path) -> None:
    (root.parent / "outside").mkdir()
    (root.parent / "outside/secret.txt").write_text("secret")
    (root / "up").symlink_to("../outside")
    (root / "absolute").symlink_to(root.parent / "outside")
    (root / "secret.txt").symlink_to("../outside/secret.txt")
    (root / "loop").symlink_to("loop")
    (root / "self").symlink_to(".")
    record = scan(root)
    assert quotes(record) == {}
    assert {entry.path for entry in record.entries} == {"absolute", "loop", "secret.txt", "self", "up"}
    overlay = Overlay()
    overlay.apply(0, record)
    assert [overlay.resolve(path) for path in ("up/secret.txt", "absolute", "loop", "self/self")] == [None, None, None, ""]


def test_a_folder_that_became_a_link_meanwhile_is_not_entered(root: Path) -> None:
    (root / "folder").mkdir()
    (root.parent / "secret.txt").write_text("secret")
    with FolderWalk(root) as walk:
        for entry in walk:
            assert entry.path == "folder"
            (root / "folder").rmdir()
            (root / "folder").symlink_to("..")
        assert [(one.path, one.loss) for one in walk.skipped.entries] == [("folder", True)]


def test_a_file_that_became_a_link_or_a_pipe_meanwhile_is_not_read(root: Path) -> None:
    (root.parent / "secret").write_text("secret")
    for change in (lambda path: path.symlink_to("../secret"), os.mkfifo):
        (root / "x.txt").write_text("mine")
        with FolderWalk(root) as walk:
            for _ in walk:
                (root / "x.txt").unlink()
                change(root / "x.txt")
                with pytest.raises(EvidenceUnreadableError):
                    walk.head()
        (root / "x.txt").unlink()


def test_a_file_that_shrinks_while_it_is_read_is_a_loss(root: Path) -> None:
    class Shrinker(Quoter):
        def read(self, file):  # type: ignore[no-untyped-def]
            (root / "x.txt").write_text("s")
            yield from super().read(file)

    (root / "x.txt").write_text("s" * 10_000)
    (problem,) = scan(root, Shrinker("shrinker", TEXTS.wants)).problems
    assert (problem.where, problem.loss) == ("layer 0: x.txt", True)
    assert "it became shorter while it was read" in problem.message


def test_what_vanishes_meanwhile_is_not_there(root: Path) -> None:
    (root / "a").touch()
    (root / "b").touch()
    with FolderWalk(root) as walk:
        for entry in walk:
            assert entry.path == "a"
            (root / "b").unlink()
        assert walk.skipped.count == 0


def test_what_may_not_be_read_is_a_loss_where_it_is_wanted_and_a_note_elsewhere() -> None:
    with TemporaryDirectory() as folder:
        root = Path(folder)
        root.chmod(0o755)
        (root / "blind").mkdir()
        for name in ("blind/x.txt", "wanted.txt", "other", "open.txt"):
            (root / name).write_text("x")
        (root / "shut").mkdir()
        for name, mode in (("shut", 0), ("blind", 0o444), ("wanted.txt", 0), ("other", 0)):
            (root / name).chmod(mode)
        with nobody():
            record = scan(root)
    assert quotes(record) == {"open.txt": "x"}
    assert {problem.where.removeprefix("layer 0: "): problem.loss for problem in record.problems} == {
        "blind/x.txt": True, "other": False, "shut": True, "wanted.txt": True,
    }  # fmt: skip
    assert all(problem.message.endswith("(Permission denied)") for problem in record.problems)


def test_a_root_that_cannot_be_listed_is_unreadable(root: Path) -> None:
    with pytest.raises(UnreadableError, match=r"missing: cannot be listed: No such file"):
        scan(root / "missing")
    with FolderWalk(root):
        before = open_files()
    assert open_files() == before - 1


def test_deep_paths_are_passed_over_and_no_file_stays_open(root: Path) -> None:
    before = open_files()
    here = os.open(root, os.O_RDONLY)
    for _ in range(MAX_PATH_DEPTH + 40):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    with FolderWalk(root) as walk:
        assert sum(1 for _ in walk) == MAX_PATH_DEPTH + 1
        assert [one.reason for one in walk.skipped.entries] == [f"its name has more than {MAX_PATH_DEPTH} folders"]
    with FolderWalk(root) as walk:
        next(iter(walk))
    assert open_files() == before


@pytest.mark.parametrize(("limit", "value"), [("MAX_ENTRIES", 4), ("MAX_NAMES_BYTES", 4), ("MAX_READ_BYTES", 4)])
def test_folders_are_bounded(root: Path, monkeypatch: pytest.MonkeyPatch, limit: str, value: int) -> None:
    monkeypatch.setattr(walk_module, limit, value)
    for number in range(5):
        (root / f"{number}.txt").write_text("x")
    with pytest.raises(UnreadableError, match=r"(more than|or) 4 .*, which (is|are) the limit"):
        scan(root)


def test_what_the_kernel_makes_up_is_passed_over() -> None:
    assert Path("/proc").stat().st_dev in walk_module.virtual_devices()
    assert Path("/").stat().st_dev not in walk_module.virtual_devices()


def test_virtual_file_systems_are_passed_over_and_others_entered(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "proc").mkdir()
    (root / "proc/x").touch()
    monkeypatch.setattr(walk_module, "virtual_devices", lambda: frozenset({root.stat().st_dev}))
    assert [entry.path for entry in entries(root)] == ["proc", "proc/x"]  # it is the root's own device: the user named it

    class Other(walk_module._Folder):
        def __init__(self, path: str, descriptor: int, names: Iterator[str], device: int) -> None:
            super().__init__(path, descriptor, names, device + 1)

    monkeypatch.setattr(walk_module, "_Folder", Other)
    assert [(one.path, one.reason, one.loss) for one in skipped(root)] == [("proc", "it is a virtual file system", False)]


def test_a_system_that_lists_no_mounts_has_no_virtual_ones(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walk_module, "_MOUNTS", root / "missing")
    assert walk_module.virtual_devices() == frozenset()
