"""Root file systems in folders, from the command line to the documents: the packages of the image that was unpacked, and no digest."""

import json
import shutil
import subprocess
import tarfile
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest

from sbomgen.errors import UnreadableError, UsageError
from sbomgen.image.reference import list_images, open_image
from sbomgen.image.remote import OpenOptions
from sbomgen.inventory import Inventory
from sbomgen.model import TrackedPackage
from sbomgen.scan import scan_image
from tests.support.images import ImageSpec, LayerSpec, file, write_folder, write_oci_layout
from tests.support.run import run

APK = b"P:musl\nV:1.2.5-r0\nA:x86_64\n\n"
SYSTEM = {"etc/os-release": b"ID=alpine\nVERSION_ID=3.20.3\n", "lib/apk/db/installed": APK}


def inventory(source: str | Path) -> Inventory:
    with open_image(str(source)) as image:
        return scan_image(image)


def told(found: TrackedPackage) -> tuple[str, str, list[str]]:
    return found.ref, found.purl, [path.path for path in found.paths]


@pytest.fixture(scope="module")
def alpine(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Alpine's own root file system, unpacked."""
    folder = tmp_path_factory.mktemp("alpine")
    with tarfile.open(shared_data / "rootfs/alpine-minirootfs-3.20.3-x86_64.tar.gz") as archive:
        archive.extractall(folder, filter="tar")
    return folder


def test_alpines_root_file_system_has_alpines_packages(alpine: Path) -> None:
    found = inventory(alpine)
    assert found.distro is not None
    assert (found.distro.id, found.distro.version_id, len(found.packages), found.problems) == ("alpine", "3.20.3", 14, ())
    assert found.name == alpine.name
    assert (found.packages, found.content_id) == (inventory(f"dir:{alpine}").packages, inventory(f"dir:{alpine}").content_id)


@pytest.mark.corpus
@pytest.mark.parametrize("name", ["alpine-3.20", pytest.param("python-app", marks=pytest.mark.long)])
def test_an_unpacked_image_has_the_visible_packages_of_the_image(corpus: Path, tmp_path: Path, name: str) -> None:
    layout = corpus / "oci" / name
    if shutil.which("umoci") is None or not layout.is_dir():
        pytest.skip("umoci or the image is absent")
    unpack = ["umoci", "unpack", "--rootless", "--image", f"{layout}:latest", str(tmp_path / "bundle")]
    subprocess.run(unpack, check=True, capture_output=True)
    image, folder = inventory(layout), inventory(tmp_path / "bundle/rootfs")
    assert [told(found) for found in folder.packages] == [told(found) for found in image.packages if found.visible]
    assert folder.distro == image.distro


def test_documents_state_no_digest_that_is_none(tmp_path: Path) -> None:
    write_folder(SYSTEM, tmp_path)
    ran = run("sbomgen", "layers", "-o", "json", tmp_path)
    jsonschema.validate(ran.json, json.loads((files("sbomgen") / "schemas/layers-1.schema.json").read_text()))
    (layer,) = ran.json["layers"]
    assert [layer[name] for name in ("diff_id", "chain_id", "digest", "size_bytes")] == [None] * 4
    assert [ran.json["image"][name] for name in ("config_digest", "manifest_digest", "created")] == [None] * 3

    ran = run("sbomgen", "inspect", "-o", "json", tmp_path)
    jsonschema.validate(ran.json, json.loads((files("sbomgen") / "schemas/inspect-1.schema.json").read_text()))
    assert (ran.json["form"], ran.json["config_digest"], ran.json["layers"][0]["diff_id"]) == ("dir", None, None)
    assert run("sbomgen", "inspect", tmp_path).text.splitlines()[-1].split() == ["0", "?", "?"]

    for form in ("cyclonedx-json", "spdx-json"):
        ran = run("sbomgen", tmp_path, "-o", form)
        assert ran.code == 0
        assert "sbomgen:image:layer" in ran.text
        assert "0 - - -" in ran.text
        for invented in ("None", "diff_id", "DiffID", "ImageID", "layerID", "config_digest", "sha256:e3b0c442"):
            assert invented not in ran.text, form
    component = run("sbomgen", tmp_path, "-o", "cyclonedx-json").json["components"][1]
    assert component["evidence"]["occurrences"] == [{"location": "lib/apk/db/installed"}]


def test_files_that_are_named_by_digest_are_named_by_the_contents(tmp_path: Path) -> None:
    write_folder(SYSTEM, tmp_path / "root")
    assert run("sbomgen", tmp_path / "root", "-o", f"purls={tmp_path}/{{digest}}.txt").code == 0
    assert (tmp_path / f"{inventory(tmp_path / 'root').content_id.removeprefix('sha256:')}.txt").exists()


@pytest.mark.parametrize(
    "name",
    ["etc/os-release", "usr/lib/os-release", "usr/bin/env", "var/lib/dpkg/status", "var/lib/rpm/rpmdb.sqlite", "lib/apk/db/installed"],
)
def test_a_folder_that_looks_like_a_root_is_one(tmp_path: Path, name: str) -> None:
    assert list_images(str(write_folder({name: b""}, tmp_path))).form == "dir"


def test_any_folder_is_a_root_to_who_says_so(tmp_path: Path) -> None:
    write_folder({"app/x": b""}, tmp_path)
    with pytest.raises(UnreadableError, match="does not look like a root file system; if it is one, say dir:"):
        inventory(tmp_path)
    assert inventory(f"dir:{tmp_path}").packages == ()


def test_links_in_the_root_are_its_own(tmp_path: Path) -> None:
    """A machine's `lib` is `/usr/lib` or `usr/lib`; what a link beyond the root shows is nothing of the folder's."""
    write_folder({"outside/apk/db/installed": APK, "root/etc/os-release": b"ID=alpine\n"}, tmp_path)
    (tmp_path / "root/lib").symlink_to(tmp_path / "outside")
    assert inventory(tmp_path / "root").packages == ()
    (tmp_path / "root/etc/os-release").unlink()
    with pytest.raises(UnreadableError, match="does not look like a root"):
        inventory(tmp_path / "root")


def test_a_layout_is_a_layout_unless_it_is_called_a_folder(tmp_path: Path) -> None:
    write_oci_layout(ImageSpec((LayerSpec((file("x"),)),), tags=("demo:1",)), tmp_path)
    write_folder(SYSTEM, tmp_path)
    assert list_images(str(tmp_path)).form == "oci-dir"
    assert list_images(f"dir:{tmp_path}").form == "dir"
    assert len(inventory(f"dir:{tmp_path}").packages) == 1


def test_a_folder_is_no_base_of_another(tmp_path: Path) -> None:
    """Layers without chain ids are not equal for that."""
    write_folder(SYSTEM, tmp_path)
    ran = run("sbomgen", "layers", tmp_path, "--base", tmp_path, "-o", "json")
    assert (ran.code, ran.json["base"]["method"]) == (0, "none")


def test_a_folder_runs_on_no_stated_platform(tmp_path: Path) -> None:
    write_folder(SYSTEM, tmp_path)
    with pytest.raises(UsageError, match="has no image for linux/arm64"), open_image(str(tmp_path), OpenOptions(platform="linux/arm64")):
        pass


def test_what_cannot_be_listed_is_a_lost_layer(tmp_path: Path) -> None:
    write_folder(SYSTEM, tmp_path / "root")
    with open_image(str(tmp_path / "root")) as image:
        (tmp_path / "root").rename(tmp_path / "gone")
        (problem,) = scan_image(image).problems
    assert problem.loss
    assert "cannot be listed" in problem.message
