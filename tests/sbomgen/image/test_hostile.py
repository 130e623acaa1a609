"""Images made to do harm, and the bound of each: nothing but our own errors, and never a quiet other answer.

What, by which bound, tested where beside below:

- gzip, zstd, xz, bzip2 bombs: `compression.LAYER_LIMITS`, `ARCHIVE_LIMITS`, `MAX_MEMBERS`,
  `MAX_ZSTD_BLOCKS`, `MAX_WINDOW_BYTES`, `scan.MAX_BYTES` (test_compression, test_layer, test_blobs, test_scan)
- 10^7 entries: `tar.MAX_ENTRIES`, `tree.MAX_PATHS`, `scan.MAX_ENTRIES` (test_tar, test_overlay, test_scan)
- negative and huge sizes: `tar.MAX_NUMBER` (test_tar)
- names of 1 MB: `entries.MAX_PATH_CHARACTERS`, `tar.MAX_NAMES_BYTES` (test_tar)
- paths 10^5 deep: `entries.MAX_PATH_DEPTH`, `tree.MAX_STEPS` (test_tar, test_overlay, test_walk)
- links that loop: `tree.MAX_LINKS`, `table.MAX_LINKS`, `table.MAX_EXTRA_BYTES`, `blobs.MAX_LINKS` (test_overlay, test_layer, test_blobs)
- sparse files of a few bytes and 2^60: `sparse.MAX_MAP_BYTES`, `table.MAX_EXTRA_BYTES` (test_sparse, test_layer)
- `../` names: `paths.root_relative`: skipped, and noted (test_tar, test_blobs, test_reference)
- pax records of 100 MB: `tar.MAX_EXTENDED_BYTES` (test_tar)
- truncation at every block: lengths and digests are verified (test_tar, test_layer, test_compression)
- changed bytes: likewise (test_fuzz, where the digests fit)
- manifests of 100 MB: `oci.MAX_DOCUMENT_BYTES`, `oci_images.MAX_MANIFESTS`, `oci_images.MAX_INDEX_DEPTH` (test_reference)
- history and layers disagree: no instruction is told, which is noted (test_scan, test_reference)
- 10,000 layers: `oci.MAX_LAYERS`, `_docker_v1.MAX_LAYERS` (test_reference, test_docker_v1)
- a full disk: `bodies.MAX_SPOOL_BYTES`, `downloads.MAX_BLOB_BYTES`, and what the disk says (test_layer, test_blobs, test_downloads)
"""

import gzip
import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import pytest
import zstandard

from sbomgen.catalogers import CATALOGERS
from sbomgen.errors import SbomgenError
from sbomgen.image.layer import scan_layer
from sbomgen.image.overlay import Overlay
from sbomgen.image.reference import open_image
from tests.sbomgen.image.fakes import corrupt_copies, memory_layer
from tests.support.images import (
    OCI_CONFIG,
    OCI_LAYER,
    OCI_MANIFEST,
    Compression,
    DockerLayout,
    ImageSpec,
    LayerSpec,
    file,
    hardlink,
    oci_files,
    opaque,
    sha256,
    symlink,
    to_json,
    whiteout,
    write_docker_archive,
    write_folder,
    write_oci_archive,
)
from tests.support.run import run

STATUS = "Package: a\nStatus: install ok installed\nVersion: 1\nArchitecture: amd64\n"
IMAGE = ImageSpec(
    (
        LayerSpec(
            (file("etc/os-release", "ID=debian\n"), file("var/lib/dpkg/status", STATUS), symlink("lib", "usr/lib"), file("x" * 150, "long"))
        ),
        LayerSpec((whiteout("lib/x"), opaque("etc"), file("store/abc", STATUS), hardlink("chroot/var/lib/dpkg/status", "store/abc"))),
    ),
    tags=("demo:1",),
)

View = dict[str, object]


def read(path: Path) -> View:
    """Everything that is visible in an image, and every fact."""
    overlay = Overlay()
    with open_image(str(path)) as image:
        for layer in image.layers:
            overlay.apply(layer.index, scan_layer(layer, CATALOGERS))
    facts: View = {cataloger.name: list(overlay.facts(cataloger.name)) for cataloger in CATALOGERS}
    return facts | {"paths": sorted(overlay.paths())}


def outcome(path: Path, content: bytes) -> View | None:
    """What is read in an archive of this content; nothing where it is refused."""
    path.write_bytes(content)
    try:
        return read(path)
    except SbomgenError:
        return None


@pytest.mark.parametrize("layout", ["old", "docker25"])
def test_an_archive_cut_at_any_block_is_refused_or_whole(tmp_path: Path, layout: DockerLayout) -> None:
    path = write_docker_archive(IMAGE, tmp_path / "x.tar", layout)
    content, whole = path.read_bytes(), read(path)
    outcomes = [outcome(path, content[:cut]) for cut in range(0, len(content), 512)]
    assert all(found in (None, whole) for found in outcomes)
    assert outcomes[: len(outcomes) // 2] == [None] * (len(outcomes) // 2)
    assert outcomes[-1] == whole


@pytest.mark.parametrize("compression", ["none", "gzip", "zstd"])
def test_a_changed_archive_is_refused_or_gives_what_it_held(tmp_path: Path, compression: Compression) -> None:
    path = write_docker_archive(IMAGE, tmp_path / "x.tar", compression=compression)
    content, whole = path.read_bytes(), read(path)
    outcomes = [outcome(path, copy) for copy in corrupt_copies(content, 120, seed=13)]
    assert all(found in (None, whole) for found in outcomes), "digests hold what the eye does not see"
    assert None in outcomes


def test_a_changed_layout_is_refused_or_gives_what_it_held(tmp_path: Path) -> None:
    path = write_oci_archive(IMAGE, tmp_path / "x.tar", "zstd")
    content, whole = path.read_bytes(), read(path)
    outcomes = [outcome(path, copy) for copy in corrupt_copies(content, 150, seed=17)]
    assert all(found in (None, whole) for found in outcomes)


SEED = int(os.environ.get("SBOMPAIR_SEED", "1"))
COUNT = int(os.environ.get("SBOMPAIR_COUNT", "20000"))


@pytest.mark.long
@pytest.mark.parametrize("form", ["old", "docker25", "gzip", "zstd", "xz", "bzip2", "oci"])
def test_of_many_changed_images_none_gives_another_answer(tmp_path: Path, form: str) -> None:
    path = tmp_path / "x.tar"
    if form == "oci":
        write_oci_archive(IMAGE, path, "zstd")
    else:
        compression: Compression = form if form in {"gzip", "zstd", "xz", "bzip2"} else "none"  # type: ignore[assignment]
        write_docker_archive(IMAGE, path, "docker25" if form == "docker25" else "old", compression)
    content, whole = path.read_bytes(), read(path)
    for number, copy in enumerate(corrupt_copies(content, COUNT, SEED)):
        assert outcome(path, copy) in (None, whole), number


def test_a_layer_cut_at_any_block_is_lost_or_has_what_comes_before() -> None:
    """The digests are those of the layer that was cut: its maker may write what he likes."""
    spec = IMAGE.layers[0]
    whole = len(scan_layer(memory_layer(spec.tar, spec.diff_id), CATALOGERS).entries)
    counts, errors = [], []
    for cut in range(0, len(spec.tar), 512):
        try:
            counts.append(len(scan_layer(memory_layer(spec.tar[:cut], sha256(spec.tar[:cut])), CATALOGERS).entries))
        except SbomgenError as exc:
            errors.append(str(exc))
    assert all("truncated" in error for error in errors)
    assert counts == sorted(counts)
    assert counts[-1] == whole


def test_names_links_and_paths_beyond_measure_are_noted_and_the_rest_is_read(tmp_path: Path) -> None:
    loop = tuple(symlink(f"l{number}", f"l{(number + 1) % 100}/x") for number in range(100))
    hostile = (
        file("n" * 1_000_000, "a name of a megabyte"), symlink("long", "n" * 1_000_000), file("d/" * 100_000 + "x"),
        file("../../etc/passwd"), hardlink("h", "../../etc/shadow"), *loop, file("l0/x", "behind a loop"),
        hardlink("h1", "h2"), hardlink("h2", "h1"), hardlink("h3", "h3"),
    )  # fmt: skip
    layer = LayerSpec((*hostile, file("var/lib/dpkg/status", STATUS), file("etc/os-release", "ID=debian\n")))
    path = write_docker_archive(ImageSpec((layer,)), tmp_path / "x.tar")
    ran = run("sbomgen", path, "-o", "purls", "-v", "--no-cache")
    assert (ran.code, ran.text) == (0, "pkg:deb/debian/a@1?arch=amd64&distro=debian\n")
    for reason in ("more than 4,096 characters", "leads out of the image", "behind links that loop", "which is not there"):
        assert reason in ran.stderr
    assert len(ran.stderr) < 20_000, "a long name is not quoted whole"


# Made at their true size, and read by a process of their own whose memory and time are looked at


class Used(NamedTuple):
    """What became of a process."""

    code: int
    stderr: str
    peak_bytes: int
    seconds: float


def measured(path: Path, largest_file_bytes: int = -1) -> Used:
    """`sbomgen PATH` in a process of its own, which may write no larger file."""
    limit = f"import resource as r\nr.setrlimit(r.RLIMIT_FSIZE, ({largest_file_bytes},) * 2)\n"
    peak = "import atexit, sys\natexit.register(lambda: sys.stderr.write(open('/proc/self/status').read()))\n"
    program = f"{limit}{peak}import runpy\nrunpy.run_module('sbomgen')"
    command = [sys.executable, "-c", program, str(path), "-o", "purls", "--no-cache"]
    began = time.monotonic()
    ran = subprocess.run(command, capture_output=True, text=True, timeout=600)
    said, _, status = ran.stderr.rpartition("Name:")
    peak_bytes = int(status.partition("VmHWM:")[2].split()[0]) << 10
    used = Used(ran.returncode, said, peak_bytes, time.monotonic() - began)
    print(f"{path}: exit {used.code}, {peak_bytes >> 20} MiB, {used.seconds:.1f} s: {said.strip()[-200:]}")
    return used


def layout_of(path: Path, stored: Iterable[bytes], diff_id: str = f"sha256:{'0' * 64}", times: int = 1) -> Path:
    """A layout whose one layer, or that layer many times, is written piece by piece; its digest as stored fits."""
    blobs = path / "blobs" / "sha256"
    blobs.mkdir(parents=True)
    digest = hashlib.sha256()
    with (path / "layer").open("wb") as layer:
        for piece in stored:
            digest.update(piece)
            layer.write(piece)
        size_bytes = layer.tell()
    (path / "layer").rename(blobs / digest.hexdigest())
    config = to_json({"os": "linux", "architecture": "amd64", "rootfs": {"type": "layers", "diff_ids": [diff_id] * times}})
    layers = [{"mediaType": OCI_LAYER, "digest": f"sha256:{digest.hexdigest()}", "size": size_bytes}] * times
    manifest = {"schemaVersion": 2, "config": {"mediaType": OCI_CONFIG, "digest": sha256(config), "size": len(config)}, "layers": layers}
    content = to_json(manifest)
    index = {"schemaVersion": 2, "manifests": [{"mediaType": OCI_MANIFEST, "digest": sha256(content), "size": len(content)}]}
    named = {f"blobs/sha256/{sha256(body)[7:]}": body for body in (config, content)}
    return write_folder({**named, "index.json": to_json(index), "oci-layout": b"{}"}, path)


def header(name: bytes, size_bytes: int = 0, kind: bytes = b"0") -> bytes:
    """A ustar header."""
    block = bytearray(
        name.ljust(100, b"\0") + b"0000644\0" + b"0000000\0" * 2 + b"%011o\0" % size_bytes + b"0" * 11 + b"\0" + b" " * 8 + kind
    )
    block += bytes(100) + b"ustar\x0000" + bytes(247)
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def zeros(compress: Callable[[bytes], bytes], gibibytes: int) -> list[bytes]:
    """The beginning of a file of a tebibyte, then zeros."""
    return [compress(header(b"zeros", (8 << 30) - 1)), *[compress(bytes(64 << 20))] * (16 * gibibytes)]


def entries(count: int) -> Iterable[bytes]:
    """That many empty files, each with a name of its own; gzip members of ten thousand."""
    return (
        gzip.compress(b"".join(header(b"f%d/%d" % (number // 100, number)) for number in range(start, start + 10_000)), 1)
        for start in range(0, count, 10_000)
    )


def long_names() -> Iterable[bytes]:
    """Names of 4,000 bytes without end, in GNU's form."""
    for start in range(0, 200_000, 1000):
        yield gzip.compress(
            b"".join(header(b"L", 4000, b"L") + b"%08d" % number + b"n" * 4088 + header(b"x") for number in range(start, start + 1000)), 1
        )


def megabytes(first: bytes, count: int) -> Iterable[bytes]:
    yield first
    yield from [b"9" * (1 << 20)] * count


MIB = 1 << 20


@pytest.mark.parametrize(
    ("stored", "error"),
    [
        pytest.param(lambda: megabytes(header(b"x", 100 * MIB, b"x"), 100), "an extended header of 104,857,600 bytes", id="pax of 100 MB"),
        pytest.param(lambda: megabytes(header(b"L", 100 * MIB, b"L"), 100), "an extended header of 104,857,600 bytes", id="name of 100 MB"),
        pytest.param(lambda: [header(b"x", (8 << 30) - 1)], "truncated in its body", id="a size of 8 GiB"),
    ],
)
def test_a_layer_beyond_measure_is_lost_within_bounds(tmp_path: Path, stored: Callable[[], Iterable[bytes]], error: str) -> None:
    pieces = list(stored())
    used = measured(layout_of(tmp_path / "x", pieces, sha256(b"".join(pieces))))
    assert used.code == 5
    assert error in used.stderr
    assert used.peak_bytes < 100 * MIB


@pytest.mark.parametrize("what", ["index.json", "manifest", "config"])
def test_a_document_of_100_megabytes_is_refused_unread(tmp_path: Path, what: str) -> None:
    contents = oci_files(ImageSpec((LayerSpec((file("x"),)),), tags=("x:1",)))
    sizes = {"index.json": "index.json"} | {
        kind: name
        for name, body in contents.items()
        for kind, mark in (("config", b'"diff_ids"'), ("manifest", b'"layers":['))
        if mark in body
    }
    path = write_folder(contents, tmp_path / "x")
    os.truncate(path / sizes[what], 100 * MIB)
    used = measured(path)
    assert used.code == 3
    assert "104,857,600 bytes, more than the 8,388,608 that such a document may have" in used.stderr
    assert used.peak_bytes < 60 * MIB


def test_ten_thousand_layers_are_refused(tmp_path: Path) -> None:
    used = measured(layout_of(tmp_path / "x", [b""], sha256(b""), times=10_000))
    assert (used.code, "10,000 layers, more than 4,096" in used.stderr) == (3, True)
    assert used.peak_bytes < 100 * MIB


@pytest.mark.parametrize("form", ["layer", "archive"])
def test_a_disk_that_is_full_costs_a_clear_word(tmp_path: Path, form: str) -> None:
    """Such a limit acts as a full disk does: some is written, then no more, and closing fails too."""
    image = ImageSpec((LayerSpec((file("lib/apk/db/installed", b"P:a\nV:1\n\n" * 1_000_001),)),))
    if form == "layer":
        path = write_oci_archive(image, tmp_path / "x.tar", "zstd")
    else:
        path = write_docker_archive(image, tmp_path / "x.tar", compression="gzip")
    used = measured(path, largest_file_bytes=1_000_003)
    assert used.code == (5 if form == "layer" else 3)
    assert "temporary" in used.stderr
    assert "(File too large): make room, or set TMPDIR" in used.stderr


@pytest.mark.long
@pytest.mark.parametrize(
    ("stored", "error", "peak_mib"),
    [
        pytest.param(lambda: zeros(gzip.compress, 9), "a decompression bomb", 100, id="9 GiB by gzip"),
        pytest.param(lambda: zeros(zstandard.compress, 9), "a decompression bomb", 100, id="9 GiB by zstd"),
        pytest.param(lambda: [gzip.compress(b"")] * 1_000_001, "more than 1,000,000 members", 100, id="a million members"),
        pytest.param(lambda: entries(10_000_000), "more than 2,000,000 entries", 1000, id="ten million entries"),
        pytest.param(long_names, "more than 536,870,912 bytes of names", 1000, id="800 MB of names"),
    ],
)
def test_a_bomb_is_lost_within_bounds(tmp_path: Path, stored: Callable[[], Iterable[bytes]], error: str, peak_mib: int) -> None:
    used = measured(layout_of(tmp_path / "x", stored()))
    assert error in used.stderr
    assert used.peak_bytes < peak_mib * MIB
    assert used.seconds < 120
