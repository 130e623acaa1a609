"""Folders and archives: no name leads out, nothing is left behind, and what is no archive is called by its name."""

import io
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from sbomgen.errors import UnreadableError
from sbomgen.image import blobs as blobs_module
from sbomgen.image.blobs import Blobs, FolderBlobs, TarBlobs, open_blobs, read_bounded
from sbomgen.image.compression import Limits
from tests.support.images import Compression, Entry, LayerSpec, file, folder, hardlink, symlink, write_archive


def content(blobs: Blobs, name: str) -> bytes:
    return read_bounded(blobs, name, 1000)


@pytest.fixture
def layout(tmp_path: Path) -> Path:
    """A folder with a file, a link inside, links that leave it, a pipe; and a secret beside it."""
    (tmp_path / "secret").write_text("secret")
    inside = tmp_path / "layout"
    (inside / "blobs").mkdir(parents=True)
    (inside / "blobs" / "file").write_text("file")
    (inside / "link").symlink_to("blobs/file")
    (inside / "out").symlink_to("../secret")
    (inside / "absolute").symlink_to(tmp_path / "secret")
    (inside / "up").symlink_to("..")
    os.mkfifo(inside / "pipe")
    return inside


@pytest.mark.parametrize("name", ["blobs/file", "./blobs//file", "link", "blobs/../blobs/file", "/blobs/file"])
def test_a_folder_gives_what_lies_in_it(layout: Path, name: str) -> None:
    blobs = FolderBlobs(layout)
    assert name in blobs
    assert content(blobs, name) == b"file"
    assert blobs.size_bytes(name) == 4


@pytest.mark.parametrize(
    "name", ["../secret", "blobs/../../secret", "out", "absolute", "up/secret", "", "pipe", "blobs", "missing", "link/x"]
)
def test_nothing_outside_of_the_folder_and_no_pipe_is_opened(layout: Path, name: str) -> None:
    blobs = FolderBlobs(layout)
    assert name not in blobs
    with pytest.raises(UnreadableError, match=r"leads out of the folder: refused|there is no such file"):
        blobs.open(name)


def test_a_folder_that_is_a_link_itself_is_fine(layout: Path, tmp_path: Path) -> None:
    (tmp_path / "alias").symlink_to(layout)
    assert content(FolderBlobs(tmp_path / "alias"), "link") == b"file"


ARCHIVE = (
    folder("./blobs"),
    file("./blobs/file", "file"),
    file("twice", "first"),
    symlink("ids/layer.tar", "../blobs/file"),
    symlink("ids/again", "layer.tar"),
    hardlink("hard", "./blobs/file"),
    symlink("out", "../../secret"),
    symlink("absolute", "/blobs/file"),
    symlink("loop", "loop"),
    symlink("dangling", "nowhere"),
    file("twice", "second"),
    file("was-file", "x"),
    symlink("was-file", "blobs/file"),
    symlink("was-link", "blobs/file"),
    file("was-link", "now a file"),
    file("empty"),
)


@pytest.mark.parametrize("compression", ["none", "gzip", "zstd", "xz", "bzip2"])
def test_an_archive_gives_what_it_holds(tmp_path: Path, compression: Compression) -> None:
    with open_blobs(write_archive(ARCHIVE, tmp_path / "x", compression)) as blobs:
        found = {
            name: content(blobs, name)
            for name in (
                "blobs/file",
                "/blobs/file",
                "twice",
                "ids/layer.tar",
                "ids/again",
                "hard",
                "absolute",
                "was-file",
                "was-link",
                "empty",
            )
        }
        assert [name in blobs for name in ("out", "loop", "dangling", "missing", "blobs", "")] == [False] * 6
    assert found.pop("twice") == b"second"
    assert found.pop("was-link") == b"now a file"
    assert found.pop("empty") == b""
    assert set(found.values()) == {b"file"}


def test_links_to_links_are_followed_a_bounded_way(tmp_path: Path) -> None:
    links = [symlink(f"l{number}", f"l{number + 1}") for number in range(20)]
    with open_blobs(write_archive((*links, file("l20", "end")), tmp_path / "x")) as blobs:
        assert content(blobs, "l15") == b"end"
        assert "l0" not in blobs


def test_streams_of_one_archive_are_read_side_by_side(tmp_path: Path) -> None:
    with open_blobs(write_archive((file("a", "0123456789"), file("b", "abcdefghij")), tmp_path / "x")) as blobs:
        with blobs.open("a") as first, blobs.open("b") as second, blobs.open("a") as third:
            assert (first.read(4), second.read(4), third.read(2)) == (b"0123", b"abcd", b"01")
            assert (first.read(), second.read(), third.seek(-3, os.SEEK_END), third.read(), third.read(1)) == (
                b"456789",
                b"efghij",
                7,
                b"789",
                b"",
            )
            buffer = bytearray(3)
            third.seek(-100)
            assert (third.tell(), third.readinto(buffer), bytes(buffer)) == (0, 3, b"012")  # type: ignore[attr-defined]  # of raw streams
            assert third.seek(2, os.SEEK_CUR) == 5
        with blobs.open("a") as again:
            assert again.read() == b"0123456789"


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.parametrize("ending", ["well", "error inside", "truncated"])
def test_the_temporary_file_has_no_name_and_is_closed_on_every_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    archive = write_archive((file("a", bytes(300_000)),), tmp_path / "x.tar.gz", "gzip")
    if ending == "truncated":
        archive.write_bytes(archive.read_bytes()[:-20])
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    before = open_files()
    use: dict[str, Callable[[Blobs], object]] = {
        "well": lambda blobs: blobs.size_bytes("a"),
        "error inside": lambda blobs: blobs.open("missing"),
    }
    try:
        with open_blobs(archive) as blobs:
            assert list(temporary.iterdir()) == []
            assert open_files() == before + 2, "the archive and its decompressed copy"
            use[ending](blobs)
    except UnreadableError as exc:
        assert ending in {"error inside", "truncated"}, exc  # noqa: PT017  # one of the three ways out is without an error
    assert list(temporary.iterdir()) == []
    assert open_files() == before


def test_the_temporary_file_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blobs_module, "ARCHIVE_LIMITS", Limits(total_bytes=100_000, free_bytes=100_000, ratio=10))
    with (
        pytest.raises(UnreadableError, match="x: decompresses to more than 100,000 bytes"),
        open_blobs(write_archive((file("a", bytes(300_000)),), tmp_path / "x", "gzip")),
    ):
        pass


def test_a_full_disk_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(io.FileIO):
        def close(self) -> None:
            super().close()
            raise OSError(28, "what was in the buffer cannot be written either")

    archive = write_archive((file("a", bytes(300_000)),), tmp_path / "x", "gzip")
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda prefix: Full("/dev/full", "r+"))
    with (
        pytest.raises(
            UnreadableError, match=r"x: cannot be unpacked into a temporary file \(No space left on device\): make room, or set TMPDIR"
        ),
        open_blobs(archive),
    ):
        pass


def test_without_a_folder_for_temporary_files_it_is_said_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = write_archive((file("a"),), tmp_path / "x", "gzip")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    with pytest.raises(UnreadableError, match=r"x: cannot .* temporary file \(No such file or directory\): make room"), open_blobs(archive):
        pass


def test_an_archive_may_come_through_a_pipe(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.write(writer, LayerSpec((file("a", "piped"),)).tar)
    os.close(writer)
    with open_blobs(Path(f"/dev/fd/{reader}")) as blobs:
        assert content(blobs, "a") == b"piped"
    os.close(reader)


@pytest.mark.parametrize(
    ("head", "what"),
    [
        (b"", "it is empty"),
        (b"\x7fELF", "an ELF executable"),
        (b"PK\x03\x04", "a zip file"),
        (b"{}", "a JSON document"),
        (b"short", "something else"),
        (bytes(32) + b"SIF_MAGIC", "a Singularity image"),
        (b"hsqs" + bytes(1000), "a squashfs file system"),
    ],
)
@pytest.mark.parametrize("compression", ["none", "gzip"])
def test_what_is_no_archive_is_called_by_its_name(tmp_path: Path, head: bytes, what: str, compression: Compression) -> None:
    from tests.support.images import compress

    (tmp_path / "x").write_bytes(compress(head, compression))
    with pytest.raises(UnreadableError, match=f"x: no image archive: .*{what}.*docker save"), open_blobs(tmp_path / "x"):
        pass


@pytest.mark.parametrize("path", ["/dev/null", "/dev/zero"])
def test_a_device_is_refused(path: str) -> None:
    with pytest.raises(UnreadableError, match="neither a file nor a folder"), open_blobs(Path(path)):
        pass


def test_a_missing_or_truncated_archive_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match="cannot be opened: No such file"), open_blobs(tmp_path / "missing"):
        pass
    archive = write_archive((file("a", bytes(300_000)), file("b")), tmp_path / "x")
    archive.write_bytes(archive.read_bytes()[:200_000])
    with pytest.raises(UnreadableError, match=r"x: tar entry 1 .* truncated in its body"), open_blobs(archive):
        pass


def test_a_document_is_bounded(tmp_path: Path) -> None:
    with open_blobs(write_archive((file("index.json", "x" * 1001),), tmp_path / "x")) as blobs:
        with pytest.raises(UnreadableError, match=r"x: index.json: 1,001 bytes, more than the 1,000"):
            content(blobs, "index.json")
        assert isinstance(blobs, TarBlobs)
        assert blobs.names() == ("index.json",)


def test_sparse_files_of_an_archive_are_not_read_in_place(tmp_path: Path) -> None:
    entry = Entry("sparse", b"S", b"body")
    with open_blobs(write_archive((entry,), tmp_path / "x")) as blobs:
        assert "sparse" not in blobs
        with pytest.raises(UnreadableError, match=r"x: sparse: is stored as a sparse file; make the archive anew, without --sparse"):
            blobs.open("sparse")
