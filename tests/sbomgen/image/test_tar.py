"""The tar reader: every form of name and number, what is passed over, and every way in which a tar can be broken."""

import io
import struct
import tarfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sbomgen.errors import UnreadableError
from sbomgen.image import tar as tar_module
from sbomgen.image.entries import MAX_PATH_CHARACTERS, MAX_SKIPPED, TarEntry
from sbomgen.image.paths import root_relative
from sbomgen.image.tar import BLOCK_BYTES, CHUNK_BYTES, TarStream
from sbomgen.layerscan import EntryKind
from tests.sbomgen.image.fakes import Dribble, corrupt_copies
from tests.support.images import Entry, LayerSpec, file, files, folder, hardlink, symlink

FORMATS = {"ustar": tarfile.USTAR_FORMAT, "gnu": tarfile.GNU_FORMAT, "pax": tarfile.PAX_FORMAT}
END = bytes(2 * BLOCK_BYTES)


def read(content: bytes) -> list[tuple[TarEntry, bytes]]:
    """Every entry with its body."""
    stream = TarStream(io.BytesIO(content))
    return [(entry, stream.read_all()) for entry in stream]


def paths(content: bytes) -> list[str]:
    return [entry.path for entry, _ in read(content)]


@dataclass(frozen=True)
class Header:
    """A header made by hand, for what the standard library does not write."""

    name: bytes = b"name"
    size: bytes = b"00000000000\0"
    type: bytes = b"0"
    link: bytes = b""
    magic: bytes = b"ustar\x0000"
    prefix: bytes = b""
    rest: Callable[[bytearray], None] = lambda block: None
    signed: bool = False

    def block(self) -> bytes:
        fields = (self.name, b"0000644\0", b"0000000\0", b"0000000\0", self.size, b"00000000000\0", b" " * 8)
        block = bytearray(struct.pack("100s8s8s8s12s12s8s", *fields) + struct.pack("c100s8s", self.type, self.link, self.magic))
        block += bytes(345 - len(block)) + self.prefix.ljust(167, b"\0")
        self.rest(block)
        total = sum(struct.unpack("512b", block)) if self.signed else sum(block)
        block[148:156] = f"{total:06o}\0 ".encode()
        return bytes(block)


def padded(body: bytes) -> bytes:
    return body + bytes(-len(body) % BLOCK_BYTES)


def pax(*records: tuple[str, bytes], kind: bytes = b"x") -> bytes:
    """A pax extended header."""
    body = b"".join(pax_record(key.encode(), value) for key, value in records)
    return Header(type=kind, size=f"{len(body):011o}\0".encode()).block() + padded(body)


def pax_record(key: bytes, value: bytes) -> bytes:
    rest = b" " + key + b"=" + value + b"\n"
    length = len(rest) + 1
    while len(str(length)) + len(rest) != length:
        length += 1
    return str(length).encode() + rest


@pytest.mark.parametrize("tar_format", FORMATS)
@pytest.mark.parametrize(
    "name",
    [
        "a",
        "usr/bin/env",
        "d" * 100,
        "d" * 80 + "/" + "e" * 90,
        ".dockerenv",
        "a/.b/..c/...",
        "with space",
        "ends in dot.",
        "unié",
        "bad\udcff",
    ],
)
def test_names_of_every_format_are_read(name: str, tar_format: str) -> None:
    layer = LayerSpec((file(name, "body"), file("next")), tar_format=FORMATS[tar_format])
    assert [(entry.path, body) for entry, body in read(layer.tar)] == [(name, b"body"), ("next", b"")]


@pytest.mark.parametrize("tar_format", ["gnu", "pax"])
def test_names_longer_than_a_header_holds_are_read(tar_format: str) -> None:
    name, target = "n" * 300 + "/" + "m" * 300, "t" * 400
    layer = LayerSpec((symlink(name, f"../{target}"), hardlink("h", target), file("next")), tar_format=FORMATS[tar_format])
    assert [(entry.path, entry.link) for entry, _ in read(layer.tar)] == [(name, f"../{target}"), ("h", target), ("next", "")]


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        ("./etc/passwd", "etc/passwd"),
        ("/etc/passwd", "etc/passwd"),
        ("etc//passwd", "etc/passwd"),
        ("etc/./passwd", "etc/passwd"),
        ("etc/../passwd", "passwd"),
        ("etc/passwd/.", "etc/passwd"),
        ("etc/x/..", "etc"),
        ("a/", "a"),
        ("./", ""),
        ("/", ""),
        ("../a", None),
        ("a/../../b", None),
        ("/../a", None),
        ("..", None),
    ],
)
def test_a_name_is_made_relative_to_the_root(raw: str, path: str | None) -> None:
    assert root_relative(raw) == path


def test_kinds_are_told_apart() -> None:
    layer = LayerSpec(
        (
            folder("./"),
            folder("d/"),
            file("f", mode=0o755),
            symlink("s", "../a/../b"),
            hardlink("h", "./f"),
            Entry("pipe", tarfile.FIFOTYPE),
            Entry("device", tarfile.CHRTYPE),
            Entry("continuous", tarfile.CONTTYPE, b"body"),
        )
    )
    found = [(entry.path, entry.kind.value, entry.link, entry.mode) for entry, _ in read(layer.tar)]
    assert found == [
        ("", "d", "", 0o755),
        ("d", "d", "", 0o755),
        ("f", "f", "", 0o755),
        ("s", "l", "../a/../b", 0o777),
        ("h", "h", "f", 0o644),
        ("pipe", "o", "", 0o644),
        ("device", "o", "", 0o644),
        ("continuous", "f", "", 0o644),
    ]


NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0/"), min_size=1, max_size=120).filter(
    lambda name: name not in {".", ".."}
)
ENTRIES = st.builds(file, NAMES, st.binary(max_size=1500)) | st.builds(folder, NAMES) | st.builds(symlink, NAMES, NAMES)


@settings(max_examples=60, deadline=None)
@given(
    entries=st.lists(ENTRIES, max_size=6), tar_format=st.sampled_from([tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]), piece=st.integers(1, 5000)
)
def test_what_the_standard_library_reads_is_read(entries: list[Entry], tar_format: int, piece: int) -> None:
    content = LayerSpec(tuple(entries), tar_format=tar_format).tar
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        expected = [(m.name, m.size, m.linkname, m.mode, archive.extractfile(m).read() if m.isreg() else b"") for m in archive]  # type: ignore[union-attr]  # a regular file has a body
    stream = TarStream(Dribble(content, piece))
    assert [(entry.path, entry.size_bytes, entry.link, entry.mode, stream.read_all()) for entry in stream] == expected


@pytest.mark.parametrize("piece", [1, 63, 511, 512, 513, 1000])
def test_the_head_is_whole_wherever_the_pieces_of_the_stream_end(piece: int) -> None:
    bodies = {"short": b"s" * 10, "long": bytes(range(256)) * 5, "empty": b"", "exact": b"e" * 64}
    stream = TarStream(Dribble(LayerSpec(files(bodies)).tar, piece))
    for entry in stream:
        head = stream.head()
        assert len(head) == min(64, entry.size_bytes)
        assert bodies[entry.path].startswith(head)
        if entry.path != "long":
            assert stream.read_all() == bodies[entry.path], "the head is read again"


def test_bodies_that_are_not_read_are_skipped_by_seeking_where_that_pays() -> None:
    content = LayerSpec((file("big", bytes(2 * CHUNK_BYTES)), file("small", "s"), file("last", bytes(100_001)))).tar
    raw = io.BytesIO(content)
    seeks = []

    def seek_over(size_bytes: int) -> bool:
        seeks.append(size_bytes)
        return raw.seek(size_bytes, io.SEEK_CUR) <= len(content)

    stream = TarStream(raw, seek_over)
    offsets = {entry.path: (entry.offset, entry.size_bytes) for entry in stream}
    assert content[offsets["small"][0]] == ord("s")
    assert offsets["last"][1] == 100_001
    assert len(seeks) == 1, "the last body lies in what was read already"


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (b"00000000003\0", 3),
        (b"3\0          ", 3),
        (b"          3 ", 3),
        (b"3\0garbage\0\0\0", 3),
        (bytes(12), 0),
        (b"\x80" + bytes(10) + b"\x03", 3),
    ],
)
def test_a_size_is_read_in_every_spelling(size: bytes, expected: int) -> None:
    content = Header(size=size).block() + padded(b"abc"[:expected]) + Header(name=b"next").block() + END
    assert [(entry.path, body) for entry, body in read(content)] == [("name", b"abc"[:expected]), ("next", b"")]


@pytest.mark.parametrize(
    "size",
    [b"-0000000001\0", b"1_0\0        ", b"0o7\0        ", b"00000000009\0", b"\xff" * 12, b"\xc0" + bytes(11), b"\x80" + b"\xff" * 11],
)
def test_a_size_that_is_none_is_an_error(size: bytes) -> None:
    with pytest.raises(UnreadableError, match=r"tar entry 1 at byte 0.*its size is"):
        read(Header(size=size).block() + END)


def test_a_name_that_fills_its_field_ends_with_it() -> None:
    content = Header(name=b"n" * 100, prefix=b"p" * 155).block() + END
    assert paths(content) == ["p" * 155 + "/" + "n" * 100]


def test_what_follows_a_zero_byte_is_no_part_of_a_name() -> None:
    assert paths(Header(name=b"name\0garbage", prefix=b"p\0garbage").block() + END) == ["p/name"]


def test_gnu_headers_have_no_prefix() -> None:
    assert paths(Header(magic=b"ustar  \0", prefix=b"00000000000").block() + END) == ["name"]


def test_signed_checksums_of_old_tars_are_taken() -> None:
    assert paths(Header(name="é".encode(), signed=True).block() + END) == ["é"]


def test_a_directory_may_be_spelled_as_a_file_with_a_slash() -> None:
    content = Header(name=b"folder/", type=b"\0", size=b"00000001000\0").block() + Header(name=b"next").block() + END
    assert [(entry.path, entry.kind) for entry, _ in read(content)] == [("folder", EntryKind.DIRECTORY), ("next", EntryKind.FILE)]


@pytest.mark.parametrize("kind", [b"1", b"2", b"3", b"4", b"5", b"6"])
def test_a_size_counts_only_where_there_can_be_a_body(kind: bytes) -> None:
    content = Header(type=kind, link=b"x", size=b"00000001000\0").block() + Header(name=b"next").block() + END
    assert paths(content) == ["name", "next"]


def test_pax_records_take_the_place_of_the_header() -> None:
    content = (
        pax(("path", b"long/name"), ("size", b"3"), ("SCHILY.xattr.x", b"a\nb=c\0"), ("comment", b""))
        + Header().block()
        + padded(b"abc")
        + pax(("linkpath", b"some/where"))
        + Header(type=b"2", link=b"else").block()
        + Header(name=b"next").block()
        + END
    )
    found = [(entry.path, entry.link, body) for entry, body in read(content)]
    assert found == [("long/name", "", b"abc"), ("name", "some/where", b""), ("next", "", b"")]


def test_a_global_pax_header_applies_to_nothing() -> None:
    assert paths(pax(("path", b"other"), ("comment", b"c"), kind=b"g") + Header().block() + END) == ["name"]


def test_a_gnu_long_name_goes_before_a_pax_path() -> None:
    long_name = Header(type=b"L", size=b"00000000005\0").block() + padded(b"long\0")
    assert paths(pax(("path", b"pax")) + long_name + Header().block() + Header(name=b"next").block() + END) == ["long", "next"]


@pytest.mark.parametrize(
    "body",
    [
        b"5 a=b",
        b"99 a=b\n",
        b"6 a=b\n\n",
        b"x a=b\n",
        b"4 a\n",
        b" a=b\n",
        b"0 a=b\n",
        b"-6 a=b\n",
        b"6_0 a=b\n",
        b"\xb2 a=b\n",
        b"1" * 30 + b" a=b\n",
    ],
)
def test_a_damaged_pax_header_is_an_error(body: bytes) -> None:
    content = Header(type=b"x", size=f"{len(body):011o}\0".encode()).block() + padded(body) + Header().block() + END
    with pytest.raises(UnreadableError, match="a damaged pax header"):
        read(content)


@pytest.mark.parametrize(("key", "value"), [("size", b"-1"), ("size", b"1e3"), ("size", b"9" * 25), ("path", b"a\0b"), ("linkpath", b"\0")])
def test_a_pax_value_that_cannot_be_is_an_error(key: str, value: bytes) -> None:
    with pytest.raises(UnreadableError, match="a damaged pax header"):
        read(pax((key, value)) + Header().block() + END)


def test_the_map_of_an_old_gnu_sparse_file_may_go_on_in_further_blocks() -> None:
    def sparse(block: bytearray) -> None:
        block[482] = 1
        block[483:495] = b"00000001000\0"

    map_blocks = bytes(504) + b"\1" + bytes(7) + b"00000000005\0" + b"00000000003\0" + bytes(488)
    content = Header(type=b"S", size=b"00000000003\0", magic=b"ustar  \0", rest=sparse).block() + map_blocks + padded(b"abc")
    (entry, body), (following, _) = read(content + Header(name=b"next").block() + END)
    assert (entry.path, entry.sparse, entry.size_bytes, body) == ("name", True, 512, bytes(5) + b"abc" + bytes(504))
    assert (following.path, following.sparse) == ("next", False)


@pytest.mark.parametrize("size_key", ["GNU.sparse.realsize", "GNU.sparse.size"])
def test_pax_sparse_files_have_their_own_name_and_size(size_key: str) -> None:
    sparse = (("GNU.sparse.numblocks", b"1"), ("GNU.sparse.map", b"4,3"), ("GNU.sparse.name", b"real"))
    header = pax(("path", b"GNUSparseFile.1/name"), *sparse, (size_key, b"9"), ("size", b"3"))
    (entry, body), (following, _) = read(header + Header().block() + padded(b"abc") + Header(name=b"next").block() + END)
    assert (entry.path, entry.sparse, entry.size_bytes, body) == ("real", True, 9, b"\0\0\0\0abc\0\0")
    assert following.path == "next"


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        (Header(name=b"../escape"), "leads out of the image"),
        (Header(name=b"a/../../escape"), "leads out of the image"),
        (Header(type=b"1", link=b"../x"), "its link leads out"),
        (Header(type=b"1", link=b""), "its link leads out"),
        (Header(name=b"./"), "has no name"),
        (Header(type=b"Z"), "type is unknown"),
        (Header(type=b"V"), "type is unknown"),
    ],
)
def test_an_entry_that_cannot_be_placed_is_skipped_and_noted(header: Header, reason: str) -> None:
    stream = TarStream(io.BytesIO(replace(header, size=b"00000000003\0").block() + body_of(header) + Header(name=b"next").block() + END))
    assert [entry.path for entry in stream] == ["next"]
    assert [reason in skipped.reason for skipped in stream.skipped.entries] == [True]


def body_of(header: Header) -> bytes:
    return b"" if header.type == b"1" else padded(b"abc")


def test_many_skipped_entries_are_counted_not_listed() -> None:
    stream = TarStream(io.BytesIO(b"".join(Header(name=b"../x").block() for _ in range(MAX_SKIPPED + 5)) + END))
    assert list(stream) == []
    assert (len(stream.skipped.entries), stream.skipped.count) == (MAX_SKIPPED, MAX_SKIPPED + 5)


@pytest.mark.parametrize(
    "content",
    [b"", bytes(512), END, END + b"garbage" * 1000, bytes(10 * 1024)],
    ids=["nothing", "one zero block", "two", "garbage behind the end", "a record of zeros"],
)
def test_an_empty_tar_has_no_entries(content: bytes) -> None:
    assert read(content) == []


def test_the_blocks_at_the_end_may_be_missing() -> None:
    content = Header(size=b"00000000003\0").block() + b"abc"
    for ending in (b"", bytes(100), bytes(509), bytes(509) + bytes(512), bytes(509) + END):
        assert [body for _, body in read(content + ending)] == [b"abc"]
        assert paths(content + ending) == ["name"]


def test_a_single_block_of_zeros_is_no_end() -> None:
    with pytest.raises(UnreadableError, match=r"tar entry 2 at byte 512.*zeros"):
        read(Header().block() + bytes(512) + Header(name=b"hidden").block() + END)


@pytest.mark.parametrize("content", [b"short", b"x" * 512, b"x" * 5000, Header().block()[:148] + b"0000000\0" + Header().block()[156:]])
def test_what_is_no_tar_is_refused(content: bytes) -> None:
    with pytest.raises(UnreadableError, match=r"tar entry 1 at byte 0: (this is no tar header|the tar is truncated)"):
        read(content)


def small_archive() -> bytes:
    entries = (
        folder("d"),
        file("d/a", b"a" * 700),
        file("n" * 150, "long"),
        symlink("l", "d/a"),
        hardlink("h", "d/a"),
        file("z", b"z" * 512),
    )
    return LayerSpec(entries, tar_format=tarfile.GNU_FORMAT).tar


def test_a_truncated_tar_never_gives_more_or_other_than_it_holds() -> None:
    content = small_archive().rstrip(b"\0")
    whole = read(content)
    prefixes = 0
    for cut in range(0, len(content), BLOCK_BYTES):
        found = outcome(content[:cut])
        assert "truncated" in found if isinstance(found, str) else found == whole[: len(found)]
        prefixes += isinstance(found, list)
    assert 0 < prefixes <= len(whole) + 2


def outcome(content: bytes) -> list[tuple[TarEntry, bytes]] | str:
    try:
        return read(content)
    except UnreadableError as exc:
        return str(exc)


@pytest.mark.parametrize("cut", [100, 512 + 100, 1024 + 100, 1024 + 699])
def test_a_tar_truncated_in_a_header_or_body_is_an_error(cut: int) -> None:
    with pytest.raises(UnreadableError, match=r"truncated in its (header|body)"):
        read(small_archive()[:cut])


def test_changed_bytes_raise_nothing_but_our_error() -> None:
    outcomes = [outcome(copy) for copy in corrupt_copies(small_archive(), 400, seed=3)]
    assert sum(isinstance(found, str) for found in outcomes) > 100


def entries_of(count: int) -> Iterable[bytes]:
    return (Header(name=f"n{number}".encode()).block() for number in range(count))


def test_the_number_of_entries_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tar_module, "MAX_ENTRIES", 5)
    assert len(read(b"".join(entries_of(5)))) == 5
    with pytest.raises(UnreadableError, match="more than 5 entries"):
        read(b"".join(entries_of(6)))


def test_the_length_of_all_names_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tar_module, "MAX_NAMES_BYTES", 10)
    with pytest.raises(UnreadableError, match="more than 10 bytes of names"):
        read(b"".join(entries_of(6)))
    with pytest.raises(UnreadableError, match="more than 10 bytes of names"):
        read(pax(("comment", b"long enough")))


@pytest.mark.parametrize("kind", [b"x", b"g", b"L", b"K"])
def test_an_extended_header_is_bounded(kind: bytes) -> None:
    with pytest.raises(UnreadableError, match="an extended header of 1,048,577 bytes"):
        read(Header(type=kind, size=b"00004000001\0").block())


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        (file("x" * 4097), "more than 4,096 characters"),
        (symlink("x", "y" * 4097), "more than 4,096 characters"),
        (file("d/" * 257 + "x"), "more than 256 folders"),
    ],
)
def test_a_path_beyond_measure_is_skipped(entry: Entry, reason: str) -> None:
    stream = TarStream(io.BytesIO(LayerSpec((entry, file("next"))).tar))
    assert [found.path for found in stream] == ["next"]
    assert reason in stream.skipped.entries[0].reason


def test_a_long_name_is_quoted_no_further_than_a_path_can_be_long() -> None:
    content = LayerSpec((file("n" * 1_000_000),)).tar.rstrip(b"\0")
    stream = TarStream(io.BytesIO(content + bytes(300) + b"no header".ljust(512)))
    with pytest.raises(UnreadableError) as caught:
        list(stream)
    assert len(stream.skipped.entries[0].path) == MAX_PATH_CHARACTERS < len(str(caught.value)) < 5000


def test_a_path_just_within_measure_is_read() -> None:
    assert paths(LayerSpec((file("d/" * 256 + "x"), file("x" * 4096))).tar) == ["d/" * 256 + "x", "x" * 4096]


def test_a_mode_that_is_no_number_is_none_at_all() -> None:
    def spoil(block: bytearray) -> None:
        block[100:108] = b"rw-r--r-"

    assert read(Header(rest=spoil).block() + END)[0][0].mode == 0
