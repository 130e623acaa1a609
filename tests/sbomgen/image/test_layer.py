"""Reading a layer: verified bytes, who gets which file, what the last entry of a path decides, and every bound."""

import hashlib
import io
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec
import pytest

from sbomgen.errors import SbomgenError, UnreadableError
from sbomgen.evidence import EvidenceFile, Wants
from sbomgen.image import bodies, compression, table
from sbomgen.image.compression import Limits
from sbomgen.image.layer import scan_layer
from sbomgen.image.reference import open_image
from sbomgen.image.tar import TarStream
from sbomgen.layerscan import LayerEntry
from sbomgen.model import Problem, ProblemCode
from tests.sbomgen.image.fakes import TEXTS, Quote, Quoter, corrupt_copies, memory_layer, quotes, scan
from tests.sbomgen.image.test_sparse import sparse_member
from tests.support.images import (
    Compression,
    Entry,
    ImageSpec,
    LayerSpec,
    compress,
    file,
    files,
    folder,
    hardlink,
    opaque,
    sha256,
    symlink,
    whiteout,
    write_docker_archive,
    write_oci_layout,
)

SMALL = LayerSpec(
    (folder("d"), file("d/a.txt", "a" * 600, mode=0o755), symlink("l", "d/a.txt"), hardlink("h", "d/a.txt"), file("b.txt", "b"))
)


# What the record holds


def test_the_table_has_every_path_in_order() -> None:
    record = scan(LayerSpec((folder("./"), *SMALL.entries, file("bad\udcff"))))
    assert [(entry.path, entry.kind.value, entry.size_bytes, entry.link) for entry in record.entries] == [
        ("d", "d", 0, ""),
        ("d/a.txt", "f", 600, ""),
        ("l", "l", 0, "d/a.txt"),
        ("h", "h", 0, "d/a.txt"),
        ("b.txt", "f", 1, ""),
        ("bad\udcff", "f", 0, ""),
    ]
    assert record.complete
    assert record.problems == ()


def test_the_record_names_the_uncompressed_tar() -> None:
    for name in ("none", "gzip", "zstd", "xz", "bzip2"):
        record = scan_layer(memory_layer(compress(SMALL.tar, name), SMALL.diff_id), (TEXTS,))
        assert record == scan(SMALL)
        assert (record.diff_id, record.size_bytes) == (SMALL.diff_id, len(SMALL.tar))


def test_a_file_reaches_its_cataloger_whole() -> None:
    (found,) = (file for file in scan(SMALL).facts["texts"] if file.path == "d/a.txt")
    assert found.facts == (Quote("a" * 600, 0o755, b"a" * 64),)


def test_whiteouts_are_no_entries() -> None:
    record = scan(
        LayerSpec((whiteout("a/gone.txt"), opaque("b"), opaque(""), whiteout("root"), whiteout("a/gone.txt"), file("a/gone.txt", "back")))
    )
    assert record.whiteouts == ("a/gone.txt", "root")
    assert record.opaque == ("b", "")
    assert [entry.path for entry in record.entries] == ["a/gone.txt"]
    assert quotes(record) == {"a/gone.txt": "back"}


def test_a_whiteout_hides_nothing_of_its_own_layer() -> None:
    assert quotes(scan(LayerSpec((file("a.txt", "stays"), whiteout("a.txt"), opaque(""))))) == {"a.txt": "stays"}


@pytest.mark.parametrize("name", [".wh.", "a/.wh..", "a/.wh..."])
def test_a_whiteout_that_would_remove_its_folder_is_skipped(name: str) -> None:
    record = scan(LayerSpec((file(name), file(".wh..wh.plnk"))))
    assert (record.whiteouts, record.opaque, record.entries) == ((), (), ())
    assert record.problems == (Problem(ProblemCode.ARCHIVE_ENTRY_SKIPPED, f"layer 0: {name}", "a whiteout that names no file", loss=False),)


def test_of_a_path_written_twice_the_last_counts_alone() -> None:
    spec = LayerSpec((file("a.txt", "BAD"), file("b.txt", "first"), file("c.txt", "c"), file("./a.txt", "good"), symlink("b.txt", "a.txt")))
    record = scan(spec)
    assert [(entry.path, entry.kind.value) for entry in record.entries] == [("c.txt", "f"), ("a.txt", "f"), ("b.txt", "l")]
    assert quotes(record) == {"c.txt": "c", "a.txt": "good"}
    assert record.problems == ()


def test_problems_say_layer_and_path() -> None:
    record = scan_layer(
        memory_layer(LayerSpec((file("a.txt", "BAD"), file("../x"))).tar, LayerSpec((file("a.txt", "BAD"), file("../x"))).diff_id, index=2),
        (TEXTS,),
    )
    assert [(problem.where, problem.loss) for problem in record.problems] == [("layer 2: ../x", False), ("layer 2: a.txt", True)]


def test_what_was_skipped_beyond_measure_is_counted() -> None:
    record = scan(LayerSpec(tuple(file(f"../{number}") for number in range(150))))
    assert len(record.problems) == 101
    assert record.problems[-1].message == "50 more entries were skipped"


# Who gets which file


def test_a_file_goes_to_everyone_who_wants_it_and_is_read_once() -> None:
    catalogers = (
        Quoter("name", Wants(basenames=frozenset({"status"}))),
        Quoter("suffix", Wants(suffixes=frozenset({".list", ".d"}))),
        Quoter("folder", Wants(folders=(r"(?:.*/)?lib", r"never"))),
        Quoter("magic", Wants(magic=(b"\x7fELF", b"ELF"))),
        Quoter("nothing", Wants()),
        Quoter("all", Wants(basenames=frozenset({"status"}), suffixes=frozenset({".list"}), folders=(r"lib(?:/.*)?",), magic=(b"ELF",))),
    )
    spec = LayerSpec(
        (*files({"lib/status": "ELF", "a/x.list": "a", "status": "", "x.list.gz": "", "lib/a/b": "", ".d": "d"}), symlink("y/status", "x"))
    )
    record = scan(spec, *catalogers)
    assert {name: list(quotes(record, name)) for name in record.facts} == {
        "name": ["lib/status", "status"],
        "suffix": ["a/x.list", ".d"],
        "folder": ["lib/status"],
        "magic": ["lib/status"],
        "nothing": [],
        "all": ["lib/status", "a/x.list", "status", "lib/a/b"],
    }
    assert all(len(cataloger.reads) == len(set(cataloger.reads)) for cataloger in catalogers)


def test_a_magic_is_seen_wherever_the_body_lies() -> None:
    padding = tuple(file(f"p{number}", bytes(number * 997 % 4000)) for number in range(100))
    elves = tuple(file(f"e{number}", b"\x7fELF" + bytes(number * 313)) for number in range(100))
    spec = LayerSpec(tuple(entry for pair in zip(padding, elves, strict=True) for entry in pair))
    assert len(quotes(scan(spec, Quoter("magic", Wants(magic=(b"\x7fELF",)))), "magic")) == 100


def test_a_body_nobody_opens_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    class Declines(Quoter):
        def read(self, file: EvidenceFile) -> Iterator[Quote | Problem]:
            return iter((Quote("seen", file.mode, file.head),))

    monkeypatch.setattr(bodies, "MEMORY_BYTES", 10)
    monkeypatch.setattr(bodies.Spool, "take", None)
    spec = LayerSpec((file("big.txt", "x" * 1000), file("next.txt", "")))
    assert list(quotes(scan(spec, Declines("texts", TEXTS.wants)))) == ["big.txt", "next.txt"]


# Hard links


def test_a_hard_link_under_a_wanted_name_is_read() -> None:
    spec = LayerSpec(
        (
            file("store/abc", "body"),
            hardlink("app/a.txt", "store/abc"),
            hardlink("app/b.txt", "./app/a.txt"),
            hardlink("app/other", "store/abc"),
        )
    )
    assert quotes(scan(spec)) == {"app/a.txt": "body", "app/b.txt": "body"}


def test_a_hard_link_to_what_comes_later_is_read() -> None:
    spec = LayerSpec((hardlink("a.txt", "b"), hardlink("b", "store/c"), file("store/c", "body", mode=0o600)))
    record = scan(spec)
    assert quotes(record) == {"a.txt": "body"}
    assert record.facts["texts"][0].facts[0].mode == 0o600


def test_a_hard_link_to_a_wanted_file_is_read_under_both_names() -> None:
    assert quotes(scan(LayerSpec((file("a.txt", "body"), hardlink("b.txt", "a.txt"))))) == {"a.txt": "body", "b.txt": "body"}


def test_a_hard_link_keeps_the_body_that_its_target_had() -> None:
    spec = LayerSpec((file("a", "old"), hardlink("a.txt", "a"), file("a", "new"), hardlink("b.txt", "a")))
    assert quotes(scan(spec)) == {"a.txt": "old", "b.txt": "new"}


def test_a_hard_link_written_over_is_forgotten() -> None:
    assert quotes(scan(LayerSpec((file("a", "x"), hardlink("a.txt", "a"), symlink("a.txt", "a"))))) == {}
    assert quotes(scan(LayerSpec((hardlink("a.txt", "a"), file("a.txt", "own"), file("a", "x"))))) == {"a.txt": "own"}


@pytest.mark.parametrize("target", ["a.txt", "missing", "folder", "loop"])
def test_a_hard_link_to_nothing_is_no_evidence(target: str) -> None:
    record = scan(LayerSpec((folder("folder"), hardlink("loop", "a.txt"), hardlink("a.txt", target))))
    assert quotes(record) == {}
    assert LayerEntry in {type(entry) for entry in record.entries}


def test_what_is_wanted_for_its_magic_alone_is_read_once_for_all_its_names() -> None:
    magic, both = Quoter("magic", Wants(magic=(b"ELF",))), Quoter("both", Wants(suffixes=frozenset({".txt"}), magic=(b"ELF",)))
    record = scan(LayerSpec((file("bin/a", "ELF"), hardlink("bin/b", "bin/a"), hardlink("c.txt", "bin/a"))), magic, both)
    assert list(quotes(record, "magic")) == ["bin/a", "bin/b", "c.txt"]
    assert list(quotes(record, "both")) == ["bin/a", "bin/b", "c.txt"]
    assert magic.reads == ["bin/a"]
    assert both.reads == ["bin/a", "c.txt"], "under a wanted name it is read anew"


def test_what_is_read_for_hard_links_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "MAX_EXTRA_BYTES", 25)
    record = scan(LayerSpec((file("a", "x" * 10), *(hardlink(f"{number}.txt", "a") for number in range(4)))))
    assert list(quotes(record)) == ["0.txt", "1.txt"]
    assert [(problem.code, problem.where) for problem in record.problems] == [
        (ProblemCode.LIMIT_REACHED, "layer 0: 2.txt"),
        (ProblemCode.LIMIT_REACHED, "layer 0: 3.txt"),
    ]
    assert not record.complete


def test_a_layer_is_opened_twice_only_for_such_links() -> None:
    opened: list[io.BytesIO] = []

    def count_openings(spec: LayerSpec) -> int:
        def open_blob() -> io.BytesIO:
            opened.append(io.BytesIO(spec.tar))
            return opened[-1]

        opened.clear()
        scan_layer(msgspec.structs.replace(memory_layer(b"", spec.diff_id), open=open_blob), (TEXTS,))
        assert all(stream.closed for stream in opened)
        return len(opened)

    assert count_openings(LayerSpec((file("a.txt"), hardlink("b", "a.txt")))) == 1
    assert count_openings(LayerSpec((file("a"), hardlink("b.txt", "a")))) == 2


# Bodies


def test_a_body_beyond_the_limit_of_its_cataloger_is_a_loss() -> None:
    small, large = Quoter("small", TEXTS.wants, limit_bytes=10), Quoter("large", TEXTS.wants)
    record = scan(LayerSpec((file("a.txt", "x" * 11), file("b.txt", "x" * 10))), small, large)
    assert list(quotes(record, "small")) == ["b.txt"]
    assert list(quotes(record, "large")) == ["a.txt", "b.txt"]
    assert record.problems == (
        Problem(
            ProblemCode.LIMIT_REACHED,
            "layer 0: a.txt",
            "not read by small: 11 bytes, more than the 10 that are read of such a file",
            loss=True,
        ),
    )
    assert not record.complete, "such a record is not stored"


def test_a_large_body_goes_to_one_unlinked_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(bodies, "MEMORY_BYTES", 1000)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    made = []
    make = tempfile.TemporaryFile

    def remember(prefix: str) -> object:
        made.append(make(prefix=prefix))
        return made[-1]

    monkeypatch.setattr(tempfile, "TemporaryFile", remember)
    spec = LayerSpec(files({"a.txt": "a" * 300_000, "b.txt": "b" * 1001, "c.txt": "c"}))
    record = scan(spec, TEXTS, Quoter("again", TEXTS.wants))
    assert {path: text[:3] for path, text in quotes(record, "again").items()} == {"a.txt": "aaa", "b.txt": "bbb", "c.txt": "c"}
    assert quotes(record) == quotes(record, "again")
    assert [file.closed for file in made] == [True]
    assert list(tmp_path.iterdir()) == []


def test_the_streams_of_one_body_have_positions_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    class Twice(Quoter):
        def read(self, file: EvidenceFile) -> Iterator[Quote | Problem]:
            with file.open(10_000) as first, file.open(10_000) as second:
                beginning = first.read(2)
                second.seek(-2, io.SEEK_END)
                yield Quote((beginning + second.read() + first.read(1)).decode(), file.mode, file.head)

    for memory_bytes in (10_000, 10):
        monkeypatch.setattr(bodies, "MEMORY_BYTES", memory_bytes)
        assert quotes(scan(LayerSpec((file("a.txt", "012" + "x" * 2000 + "89"),)), Twice("texts", TEXTS.wants))) == {"a.txt": "01892"}


def test_the_spool_file_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "MAX_SPOOL_BYTES", 1000)
    record = scan(LayerSpec(files({"a.txt": "a" * 1001, "b.txt": "b" * 1000})))
    assert list(quotes(record)) == ["b.txt"]
    assert record.problems[0].code is ProblemCode.LIMIT_REACHED


def test_a_full_disk_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "MEMORY_BYTES", 10)

    class Full(io.BytesIO):
        def write(self, content: object) -> int:
            raise OSError(28, "No space left on device")

        def close(self) -> None:
            super().close()
            raise OSError(28, "what was in the buffer cannot be written either")

    monkeypatch.setattr(tempfile, "TemporaryFile", lambda prefix: Full())
    with pytest.raises(UnreadableError, match=r"No space left on device\): make room, or set TMPDIR"):
        scan(LayerSpec((file("a.txt", "x" * 100),)))


def test_a_sparse_file_is_put_together() -> None:
    blob = sparse_member("3,2,9,1", b"abc", **{"GNU.sparse.name": "a.txt", "GNU.sparse.size": "10"})
    assert quotes(scan_layer(memory_layer(blob, sha256(blob)), (TEXTS,))) == {"a.txt": "\0\0\0ab\0\0\0\0c"}


def test_a_sparse_file_that_cannot_be_put_together_is_a_loss_where_it_is_wanted() -> None:
    record = scan(LayerSpec((Entry("a.txt", tarfile.GNUTYPE_SPARSE, b"body"), file("b.txt", "b"))))
    assert quotes(record) == {"b.txt": "b"}
    assert [(problem.where, problem.loss) for problem in record.problems] == [("layer 0: a.txt", True)]
    assert "4 bytes are stored of pieces of 0" in record.problems[0].message


def test_a_link_to_a_sparse_file_that_cannot_be_put_together_is_a_loss() -> None:
    record = scan(LayerSpec((Entry("body", tarfile.GNUTYPE_SPARSE, b"body"), hardlink("a.txt", "body"))))
    assert [(problem.where, problem.loss) for problem in record.problems] == [("layer 0: body", False), ("layer 0: a.txt", True)]


def test_what_is_read_of_sparse_files_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "MAX_EXTRA_BYTES", 99)
    blob = sparse_member("3,2", b"ab", **{"GNU.sparse.name": "a.txt"})
    record = scan_layer(memory_layer(blob, sha256(blob)), (TEXTS,))
    assert [(problem.code, problem.loss) for problem in record.problems] == [(ProblemCode.LIMIT_REACHED, True)]
    assert not record.complete


# Verification


def verified(blob: bytes, digest: str | None = None, diff_id: str = SMALL.diff_id) -> str:
    """What becomes of a layer: its number of entries, or the kind and text of the error."""
    try:
        return str(len(scan_layer(memory_layer(blob, diff_id, digest, index=3), (TEXTS,)).entries))
    except SbomgenError as exc:
        return f"{type(exc).__name__} {exc}"


@pytest.mark.parametrize("by", ["none", "gzip", "zstd"])
def test_both_digests_are_verified(by: Compression) -> None:
    blob = compress(SMALL.tar, by)
    other = sha256(b"other")
    assert verified(blob, sha256(blob)) == verified(blob) == "5"
    wrong_blob = verified(blob, other)
    assert wrong_blob.startswith(f"DigestMismatchError layer 3: the blob has digest {sha256(blob)}, but the image says {other}")
    wrong_tar = verified(blob, sha256(blob), other)
    assert wrong_tar.startswith(f"DigestMismatchError layer 3: the uncompressed tar has digest {SMALL.diff_id}, but the image says {other}")


def test_digests_of_other_algorithms_are_verified() -> None:
    sha512 = f"sha512:{hashlib.sha512(SMALL.tar).hexdigest()}"
    assert verified(SMALL.tar, sha512) == "5"
    assert verified(SMALL.tar, sha512, sha512) == "5"
    assert verified(SMALL.tar, f"sha512:{'0' * 128}", SMALL.diff_id).startswith("DigestMismatchError layer 3: the blob")
    assert verified(SMALL.tar, sha512, sha256(b"")).startswith("DigestMismatchError layer 3: the uncompressed tar")


@pytest.mark.parametrize("by", ["none", "gzip"])
def test_what_follows_the_end_of_the_tar_is_hashed_too(by: Compression) -> None:
    longer = SMALL.tar + b"more" * 100_000
    assert verified(compress(longer, by), diff_id=sha256(longer)) == "5"
    assert verified(compress(longer, by)).startswith("DigestMismatchError layer 3: the uncompressed tar")


@pytest.mark.parametrize("by", ["none", "gzip", "zstd"])
def test_a_damaged_blob_is_a_wrong_digest_where_there_is_one(by: Compression) -> None:
    blob = compress(SMALL.tar, by)
    for copy in (blob[:-600], *corrupt_copies(blob, 40, seed=11)):
        assert verified(copy, sha256(blob)).startswith("DigestMismatchError layer 3: the blob")
        assert verified(copy).startswith("DigestMismatchError" if by == "none" else ("DigestMismatchError", "UnreadableError"))


def test_a_layer_that_is_no_tar_is_unreadable() -> None:
    for content in (b"no tar" * 200, b"\x1f\x8b\x08 no gzip"):
        with pytest.raises(UnreadableError):
            scan_layer(memory_layer(content, sha256(content), sha256(content)), (TEXTS,))


def test_a_truncated_layer_raises_nothing_but_our_errors() -> None:
    for cut in range(0, len(SMALL.tar), 512):
        content = SMALL.tar[:cut]
        assert verified(content).startswith("DigestMismatchError")
        assert verified(content, diff_id=sha256(content)).startswith(("UnreadableError tar entry", "0", "1", "2", "3", "4", "5"))


def test_an_empty_layer_is_a_layer() -> None:
    for content in (b"", bytes(1024)):
        assert verified(content, diff_id=sha256(content)) == "0"


def test_a_layer_that_is_a_bomb_is_unreadable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compression, "LAYER_LIMITS", Limits(total_bytes=1 << 40, free_bytes=1 << 20, ratio=200))
    bomb = LayerSpec((file("zeros", bytes(4 << 20)),))
    assert verified(compress(bomb.tar, "zstd"), diff_id=bomb.diff_id).startswith("UnreadableError a decompression bomb")


def test_layers_of_an_archive_are_read_in_place(tmp_path: Path) -> None:
    image = ImageSpec((SMALL, LayerSpec((file("c.txt", "c"),))))
    with open_image(str(write_docker_archive(image, tmp_path / "x.tar", compression="zstd"))) as opened:
        assert [sorted(quotes(scan_layer(layer, (TEXTS,)))) for layer in reversed(opened.layers)] == [["c.txt"], ["b.txt", "d/a.txt"]]


@pytest.mark.parametrize("form", ["docker-archive", "plain OCI layout", "gzip OCI layout"])
def test_a_large_body_of_a_plain_tar_is_read_where_it_lies(tmp_path: Path, form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "COPIED_BYTES", 1000)
    monkeypatch.setattr(bodies, "MEMORY_BYTES", 2000)
    spec = ImageSpec(
        (LayerSpec((file("x.txt", "x" * 700), file("large.txt", "y" * 5000), file("z.txt", "z"), hardlink("l.txt", "x.txt"))),)
    )
    if form == "docker-archive":
        path = write_docker_archive(spec, tmp_path / "image.tar")
    else:
        path = write_oci_layout(spec, tmp_path / "oci", "none" if form.startswith("plain") else "gzip")
    spooled: list[str] = []
    take = bodies.Spool.take

    def noted(self: bodies.Spool, tar: TarStream) -> BinaryIO:
        spooled.append("large.txt")
        return take(self, tar)

    monkeypatch.setattr(bodies.Spool, "take", noted)
    texts = Quoter("texts", Wants(suffixes=frozenset({".txt"})))
    with open_image(str(path)) as image:
        found = quotes(scan_layer(image.layers[0], (texts,)))
    assert found == {"x.txt": "x" * 700, "large.txt": "y" * 1000, "z.txt": "z", "l.txt": "x" * 700}
    assert spooled == (["large.txt"] if form.startswith("gzip") else [])
