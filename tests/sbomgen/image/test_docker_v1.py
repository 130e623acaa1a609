"""Archives of Docker before 1.10: layers by their parents, instructions in each layer's own document."""

import gzip
import io
import tarfile
from pathlib import Path
from typing import Any

import pytest

from sbomgen.errors import UnreadableError, UsageError
from sbomgen.image.manifest import HistoryMatch, chain_ids
from sbomgen.image.reference import list_images, open_image
from sbomgen.image.sources import _docker_v1
from sbomgen.scan import scan_image
from tests.support.images import Compression, Entry, LayerSpec, file, files, symlink, to_json, write_archive
from tests.support.run import run

BASE = LayerSpec((file("etc/os-release", "ID=alpine\nVERSION_ID=3.2.0\n"), file("lib/apk/db/installed", "P:musl\nV:1.1.11-r3\n\n")))
APP = LayerSpec((file("app/a.txt", "a"),))
LOW, HIGH = "1" * 64, "2" * 64


def layer_json(**fields: Any) -> bytes:
    return to_json({"created": "2015-06-01T00:00:00Z", "architecture": "amd64", "os": "linux", **fields})


def v1_files() -> dict[str, bytes]:
    instruction = {"Cmd": ["/bin/sh", "-c", "#(nop) ADD file:1 in /"]}
    return {
        f"{LOW}/VERSION": b"1.0",
        f"{LOW}/json": layer_json(id=LOW, container_config=instruction),
        f"{LOW}/layer.tar": BASE.tar,
        f"{HIGH}/VERSION": b"1.0",
        f"{HIGH}/json": layer_json(id=HIGH, parent=LOW, container_config={"Cmd": None}, config={"Labels": {"a": "b"}}),
        f"{HIGH}/layer.tar": APP.tar,
        "repositories": to_json({"shop/web": {"1.4": HIGH, "latest": HIGH}, "base": {"latest": LOW}}),
    }


def write(path: Path, changes: dict[str, bytes | None] | None = None, compression: Compression = "none") -> Path:
    contents = {name: body for name, body in (v1_files() | (changes or {})).items() if body is not None}
    return write_archive(files(contents), path, compression)


@pytest.mark.parametrize("compression", ["none", "gzip", "zstd"])
def test_a_tag_names_a_chain_of_layers(tmp_path: Path, compression: Compression) -> None:
    path = write(tmp_path / "old.tar", compression=compression)
    for source in (f"{path}:shop/web:1.4", f"docker-archive:{path}:shop/web", f"{path}@1.4"):
        with open_image(source) as image:
            assert image.references == ("shop/web:1.4", "shop/web:latest")
            assert (image.manifest_digest, image.config_digest) == (None, None)
            assert (image.config.platform, image.config.created, image.config.labels) == ("linux/amd64", "2015-06-01T00:00:00Z", {"a": "b"})
            assert [layer.diff_id for layer in image.layers] == [BASE.diff_id, APP.diff_id]
            assert [layer.chain_id for layer in image.layers] == list(chain_ids((BASE.diff_id, APP.diff_id)))
            assert [layer.history and layer.history.created_by for layer in image.layers] == ["/bin/sh -c #(nop) ADD file:1 in /", ""]
            assert {layer.history_match for layer in image.layers} == {HistoryMatch.EXACT}
            found = scan_image(image)
        assert ([package.purl for package in found.packages], found.problems) == (["pkg:apk/alpine/musl@1.1.11-r3?distro=alpine-3.2.0"], ())


def test_of_several_images_one_must_be_named(tmp_path: Path) -> None:
    path = write(tmp_path / "old.tar")
    assert [manifest.references for manifest in list_images(str(path)).manifests] == [("base:latest",), ("shop/web:1.4", "shop/web:latest")]
    with pytest.raises(UsageError, match=r"old.tar:base:latest  \(linux/amd64\)"), open_image(str(path)):
        pass


def test_its_layers_can_be_a_base(tmp_path: Path) -> None:
    path = write(tmp_path / "old.tar")
    ran = run("sbomgen", "layers", f"{path}:shop/web", "--base", f"{path}:base", "-o", "json")
    assert ([layer["origin"] for layer in ran.json["layers"]], ran.json["base"]["confidence"]) == (["base", "own"], "exact")


def test_layers_may_be_links_to_one_another(tmp_path: Path) -> None:
    contents = v1_files()
    del contents[f"{HIGH}/layer.tar"]
    entries: tuple[Entry, ...] = (*files(contents), symlink(f"{HIGH}/layer.tar", f"../{LOW}/layer.tar"))
    with open_image(f"{write_archive(entries, tmp_path / 'old.tar')}:shop/web") as image:
        assert [layer.diff_id for layer in image.layers] == [BASE.diff_id] * 2


def test_what_docker_writes_today_reads_the_same_without_its_manifest(shared_data: Path, tmp_path: Path) -> None:
    """Docker 19.03 still wrote the old form besides the new one."""
    path = shared_data / "rootfs/docker-save-alpine-311.tar.gz"
    with gzip.open(path) as stored, tarfile.open(fileobj=io.BytesIO(stored.read())) as archive:
        kept = {member.name: archive.extractfile(member) for member in archive if member.isfile() and member.name != "manifest.json"}
        old = write_archive(files({name: body.read() for name, body in kept.items() if body}), tmp_path / "old.tar")
    with open_image(str(path)) as today, open_image(str(old)) as then:
        assert [layer.diff_id for layer in then.layers] == [layer.diff_id for layer in today.layers]
        assert (then.references, then.config.platform) == (today.references, today.config.platform)
        packages = scan_image(then).packages
        assert packages == scan_image(today).packages
        assert len(packages) == 14


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({f"{LOW}/json": layer_json(parent=HIGH)}, "or a layer is its own parent"),
        ({f"{LOW}/json": layer_json(parent="../../etc")}, "'../../etc': is no layer id"),
        ({f"{LOW}/json": b"[]"}, "not the JSON it should be"),
        ({f"{LOW}/json": None}, f"{LOW}/json: there is no such file in the archive"),
        ({f"{LOW}/layer.tar": None}, f"{LOW}/layer.tar: there is no such file in the archive"),
        ({"repositories": b'{"a": {"b": 1}}'}, "not the JSON it should be"),
        ({"repositories": b'{"a": {"b": "c"}}'}, "'c': is no layer id"),
        ({"repositories": b"{}"}, "no image inside"),
    ],
)
def test_a_broken_archive_says_where(tmp_path: Path, changes: dict[str, bytes | None], error: str) -> None:
    with pytest.raises(UnreadableError, match=error), open_image(f"{write(tmp_path / 'old.tar', changes)}:shop/web"):
        pass


@pytest.mark.parametrize(("limit", "error"), [("MAX_LAYERS", "more than 1 layers"), ("MAX_IMAGES", "2 images, more than 1")])
def test_archives_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, error: str) -> None:
    monkeypatch.setattr(_docker_v1, limit, 1)
    with pytest.raises(UnreadableError, match=error), open_image(f"{write(tmp_path / 'old.tar')}:shop/web"):
        pass
