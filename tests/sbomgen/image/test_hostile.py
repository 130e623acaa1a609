"""Whole images that are cut short or changed: nothing but our own errors, and never a quiet other answer."""

from pathlib import Path

import pytest

from sbomgen.catalogers import CATALOGERS
from sbomgen.errors import SbomgenError
from sbomgen.image.layer import scan_layer
from sbomgen.image.overlay import Overlay
from sbomgen.image.reference import open_image
from tests.sbomgen.image.fakes import corrupt_copies
from tests.support.images import (
    Compression,
    DockerLayout,
    ImageSpec,
    LayerSpec,
    file,
    hardlink,
    opaque,
    symlink,
    whiteout,
    write_docker_archive,
    write_oci_archive,
)

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
