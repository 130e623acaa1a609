"""Storage folders without their engines: the image that was put in, verified layer by layer."""

import gzip
import json
import os
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from sbomgen.errors import DigestMismatchError, UnreadableError
from sbomgen.image.engines import containers_storage, docker_storage, storage
from sbomgen.image.manifest import Image
from sbomgen.image.reference import list_images, open_image
from sbomgen.image.remote import NotHereError
from sbomgen.model import ProblemCode
from sbomgen.scan import scan_image
from tests.sbomgen.image.engines.storages import write_containers_storage, write_docker_storage
from tests.sbomgen.image.fakes import nobody
from tests.support.images import (
    ImageSpec,
    LayerSpec,
    file,
    files,
    folder,
    hardlink,
    opaque,
    sha256,
    symlink,
    to_json,
    whiteout,
    write_docker_archive,
)

APK = "P:musl\nV:1.2.5-r0\n\nP:zlib\nV:1.3.1-r1\n\n"
BASE = (
    *files({"etc/os-release": "ID=alpine\nVERSION_ID=3.20.3\n", "lib/apk/db/installed": APK, "empty": "", "\udcff/raw": "raw"}),
    folder("usr/bin"),
    symlink("bin", "usr/bin"),
    file("bin/x", "x" * 1000),
    hardlink("bin/y", "bin/x"),
    file("large", b"l" * 300_000),
)
OWN = (whiteout("large"), opaque("etc"), *files({"etc/os-release": "ID=alpine\nVERSION_ID=3.21.0\n", "n" * 200: "long name"}))
DEMO = ImageSpec((LayerSpec(BASE), LayerSpec(OWN), LayerSpec(())), tags=("shop/web:1.4", "shop/web:latest"), annotations={"a": "b"})
ID = sha256(DEMO.config)
WRITERS = {"docker-storage": write_docker_storage, "containers-storage": write_containers_storage}
both = pytest.mark.parametrize("scheme", WRITERS)


def opened(source: str) -> Image:
    with open_image(source) as image:
        for layer, spec in zip(image.layers, DEMO.layers, strict=True):
            with layer.open() as stream:
                assert b"".join(iter(lambda: stream.read(1000), b"")) == spec.tar
        return image


@both
def test_the_image_in_a_storage_is_the_image_in_an_archive(tmp_path: Path, scheme: str) -> None:
    root = WRITERS[scheme](DEMO, tmp_path / "root")
    for name in ("shop/web:1.4", "shop/web", "docker.io/shop/web:latest", ID, ID[7:], ID[7:19]):
        image = opened(f"{scheme}:{root}@{name}")
        assert (image.config_digest, image.references) == (ID, DEMO.tags)
    with open_image(f"{scheme}:{root}@shop/web") as stored, open_image(str(write_docker_archive(DEMO, tmp_path / "x.tar"))) as archived:
        expected, found = scan_image(archived), scan_image(stored)
        assert (found.content_id, found.packages, found.problems) == (expected.content_id, expected.packages, ())
        assert [layer.size_bytes for layer in found.layers] == [layer.size_bytes for layer in expected.layers]
    assert list_images(f"{scheme}:{root}@shop/web").form == scheme


@pytest.mark.parametrize(("driver", "where"), docker_storage.FOLDERS.items())
def test_docker_has_several_drivers(tmp_path: Path, driver: str, where: str) -> None:
    opened(f"docker-storage:{write_docker_storage(DEMO, tmp_path, driver, where)}@shop/web@sha256:{'d' * 64}")


@pytest.mark.parametrize(("driver", "where"), containers_storage.FOLDERS.items())
def test_containers_storage_has_several_drivers(tmp_path: Path, driver: str, where: str) -> None:
    image = opened(f"containers-storage:{write_containers_storage(DEMO, tmp_path, driver, where)}@shop/web")
    assert image.manifest_digest is not None
    assert image.annotations == {"a": "b"}
    assert opened(f"containers-storage:{tmp_path}@shop/web@{image.manifest_digest}").config_digest == ID


def test_what_was_built_here_has_a_short_name_in_podman(tmp_path: Path) -> None:
    image = ImageSpec(DEMO.layers, tags=("localhost/web:latest",))
    root = write_containers_storage(image, tmp_path)
    with open_image(f"containers-storage:{root}@web") as found:
        assert found.references == ("localhost/web:latest",)
    with (
        pytest.raises(NotHereError, match=r"has no image 'latest'; it has localhost/web:latest"),
        open_image(f"containers-storage:{root}@latest"),
    ):
        pass


def test_a_manifest_of_another_image_is_none_of_this_one(tmp_path: Path) -> None:
    root = write_containers_storage(DEMO, tmp_path)
    (path,) = root.glob("overlay-images/*/manifest")
    path.write_bytes(path.read_bytes().replace(ID.encode(), b"sha256:" + b"0" * 64))
    assert opened(f"containers-storage:{root}@shop/web").manifest_digest is None


def layer_files(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.name == "large" and path.is_file()]


def replace_file(path: Path) -> None:
    path.write_bytes(b"L" * 300_000)


def shorten_file(path: Path) -> None:
    path.write_bytes(b"l" * 299_999)


def lead_out(path: Path) -> None:
    """The same bytes, but beyond the layer's folder."""
    path.rename(outside := path.parents[5] / "outside")
    path.symlink_to(outside)


def make_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def loop(path: Path) -> None:
    path.unlink()
    path.symlink_to("large")


@both
def test_a_changed_file_is_a_digest_mismatch(tmp_path: Path, scheme: str) -> None:
    root = WRITERS[scheme](DEMO, tmp_path / "root")
    replace_file(layer_files(root)[0])
    with (
        open_image(f"{scheme}:{root}@shop/web") as image,
        pytest.raises(DigestMismatchError, match="layer 0: the uncompressed tar has digest"),
    ):
        scan_image(image)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (shorten_file, "large: has 1 bytes less than it had"),
        (Path.unlink, "large: No such file or directory"),
        (lead_out, "large: No such file or directory"),
        (make_pipe, "large: is no file any more"),
        (loop, "large: lies behind links that loop"),
    ],
)
@both
def test_a_layer_that_cannot_be_put_together_is_a_loss(tmp_path: Path, scheme: str, change: Callable[[Path], None], error: str) -> None:
    root = WRITERS[scheme](DEMO, tmp_path / "a/b/c/d/root")
    change(layer_files(root)[0])
    with open_image(f"{scheme}:{root}@shop/web") as image:
        problem = next(problem for problem in scan_image(image).problems if problem.loss)
    assert problem.code is ProblemCode.LAYER_NOT_READ
    assert error in problem.message


def test_links_in_a_layer_are_followed_as_in_the_image(tmp_path: Path) -> None:
    """`large` was written through links: relative ones, absolute ones, and those that climb as high as they can."""
    for link in ("usr/large", "/usr/large", "../../../usr/large", "./usr/../usr/large"):
        root = write_docker_storage(DEMO, tmp_path / str(hash(link)))
        path = layer_files(root)[0]
        path.rename(path.parent / "usr/large")
        path.symlink_to(link)
        opened(f"docker-storage:{root}@shop/web")


@both
def test_a_layer_without_its_record_is_a_loss(tmp_path: Path, scheme: str) -> None:
    root = WRITERS[scheme](DEMO, tmp_path)
    for path in root.rglob("*tar-split*"):
        path.unlink()
    with open_image(f"{scheme}:{root}@shop/web") as image:
        problems = scan_image(image).problems
    assert len(problems) == 3
    assert all("without it the layer cannot be put together" in problem.message for problem in problems)


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"not json\n", "not the JSON it should be"),
        (b'{"type": 1, "name": "../../../etc/passwd", "size": 5}\n', "No such file"),
        (b'{"type": 1, "name": "/", "size": 5}\n', "is no file any more"),
        (b'{"type": 1, "name": "large/x", "size": 5}\n', "Not a directory"),
        (b'{"type": 1, "name": "' + b"d/" * 5000 + b'", "size": 5}\n', "No such file"),
        (b"x" * (5 << 20), "a line of more than"),
    ],
)
def test_a_damaged_record_raises_nothing_but_our_errors(tmp_path: Path, content: bytes, error: str) -> None:
    root = write_docker_storage(DEMO, tmp_path)
    for path in root.rglob("*tar-split*"):
        path.write_bytes(gzip.compress(content))
    with (
        open_image(f"docker-storage:{root}@shop/web") as image,
        image.layers[0].open() as stream,
        pytest.raises(UnreadableError, match=error),
    ):
        stream.read(1)


@both
def test_a_folder_that_is_no_storage_says_so(tmp_path: Path, scheme: str) -> None:
    with (
        pytest.raises(UnreadableError, match=r"with one of the drivers (overlay2|overlay), .*: save the image with"),
        open_image(f"{scheme}:{tmp_path}@x"),
    ):
        pass


@both
def test_the_usual_folders_are_looked_at(tmp_path: Path, scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module = docker_storage if scheme == "docker-storage" else containers_storage
    monkeypatch.setattr(module, "ROOT", tmp_path / "none")
    monkeypatch.setattr(module, "ROOTLESS", tmp_path / "mine")
    with pytest.raises(NotHereError, match=f"there is no {tmp_path}/none or {tmp_path}/mine; name the folder: {scheme}:/FOLDER@NAME"):
        opened(f"{scheme}:shop/web")
    WRITERS[scheme](DEMO, tmp_path / "mine")
    assert opened(f"{scheme}:shop/web").config_digest == ID


@both
def test_a_storage_of_others_says_so(scheme: str) -> None:
    with TemporaryDirectory() as name:
        root = WRITERS[scheme](DEMO, Path(name) / "root")
        Path(name).chmod(0o755)
        root.chmod(0)
        with nobody(), pytest.raises(UnreadableError, match="root: Permission denied; storage of root or of other users is read as root"):
            opened(f"{scheme}:{root}@shop/web")
        root.chmod(0o755)
        for folder in root.iterdir():
            folder.chmod(0)
        with nobody(), pytest.raises(UnreadableError, match="with one of the drivers"):
            opened(f"{scheme}:{root}@shop/web")


def test_a_docker_storage_without_its_configs_is_unreadable(tmp_path: Path) -> None:
    root = write_docker_storage(DEMO, tmp_path)
    (root / "image/overlay2/imagedb").rename(root / "gone")
    with pytest.raises(UnreadableError, match="sha256: cannot be listed: No such file"):
        opened(f"docker-storage:{root}@shop/web")


@both
def test_a_config_that_is_another_is_refused(tmp_path: Path, scheme: str) -> None:
    root = WRITERS[scheme](DEMO, tmp_path)
    for path in root.rglob("*"):
        if path.is_file() and path.read_bytes() == DEMO.config:
            path.write_bytes(DEMO.config + b" ")
    with pytest.raises(DigestMismatchError, match="config"):
        opened(f"{scheme}:{root}@shop/web")


@pytest.mark.parametrize(
    ("layers", "error"),
    [
        ([], "is not there; an additional image store may have it"),
        ([{"id": "x"}], "is not there"),
        ("loop", "the image has 4096 layers, and its config 3 diff_ids"),
    ],
)
def test_layers_that_do_not_fit_are_refused(tmp_path: Path, layers: object, error: str) -> None:
    root = write_containers_storage(DEMO, tmp_path)
    path = root / "overlay-layers/layers.json"
    if layers == "loop":
        known = json.loads(path.read_bytes())
        layers = [layer | {"parent": known[-1]["id"]} for layer in known]
    path.write_bytes(to_json(layers))
    with pytest.raises(UnreadableError, match=error):
        opened(f"containers-storage:{root}@shop/web")


def test_ids_lead_nowhere_else(tmp_path: Path) -> None:
    root = write_docker_storage(DEMO, tmp_path)
    for path in root.rglob("cache-id"):
        path.write_bytes(b"../../../../etc")
    with pytest.raises(UnreadableError, match="cache-id: is no id"):
        opened(f"docker-storage:{root}@shop/web")


@both
def test_catalogues_are_bounded(tmp_path: Path, scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module = docker_storage if scheme == "docker-storage" else containers_storage
    root = WRITERS[scheme](DEMO, tmp_path)
    monkeypatch.setattr(module, "MAX_CATALOGUE_BYTES", 10)
    with pytest.raises(UnreadableError, match="bytes, more than the 10"):
        opened(f"{scheme}:{root}@shop/web")
    assert storage.MAX_CATALOGUE_BYTES > 10
