"""`sbomgen cache`, and scans with it: the same documents cold, warm, without it, in any order of threads, from eight processes at once."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec import structs

from sbomgen import scan as scan_module
from tests.demo.image import demo_image
from tests.support.fake_registry import FakeRegistry
from tests.support.images import ImageSpec, oci_files, write_docker_archive, write_oci_layout
from tests.support.run import run


@pytest.fixture
def image(tmp_path: Path) -> Path:
    return write_docker_archive(demo_image(), tmp_path / "web.tar")


def documents(*arguments: str | Path) -> dict[str, bytes]:
    """Every output of a scan."""
    outputs = {name: run("sbomgen", *arguments, "-o", name) for name in ("cyclonedx-json", "spdx-json", "table", "purls")}
    layers = run("sbomgen", "layers", *arguments, "-o", "json")
    assert {ran.code for ran in (*outputs.values(), layers)} <= {0, 5}
    return {name: ran.stdout for name, ran in outputs.items()} | {"layers": layers.stdout}


def test_documents_are_the_same_cold_warm_and_without_a_cache(image: Path) -> None:
    without = documents(image, "--no-cache")
    assert documents(image) == without
    assert documents(image) == without
    assert documents(image, "--verify") == without


def test_documents_are_the_same_with_any_number_of_threads(image: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    for threads in (1, 2, 4):
        monkeypatch.setattr(scan_module, "available_threads", lambda threads=threads: threads)
        seen.append(documents(image, "--no-cache"))
    assert seen[0] == seen[1] == seen[2]


@pytest.mark.parametrize("name", ["edge", "rpm-mariner2", "alpine-3.20"])
@pytest.mark.parametrize("form", ["archives/{}.tar", "oci/{}"])
def test_documents_of_a_real_image_are_the_same_cold_warm_and_without_a_cache(corpus: Path, name: str, form: str) -> None:
    path = corpus / form.format(name)
    assert documents(path) == documents(path) == documents(path, "--no-cache")


@pytest.mark.long
@pytest.mark.parametrize("name", ["node-app", "python-app", "java-app", "bins", "py-modern", "debian12-slim"])
def test_documents_of_a_large_image_are_the_same_cold_warm_and_without_a_cache(corpus: Path, name: str) -> None:
    path = corpus / "archives" / f"{name}.tar"
    assert documents(path) == documents(path) == documents(path, "--no-cache")


def test_eight_processes_at_once_write_the_same_document(image: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "SOURCE_DATE_EPOCH": "1700000000"}
    commands = [
        [
            sys.executable,
            "-m",
            "sbomgen",
            str(image),
            "-o",
            f"cyclonedx-json={tmp_path / str(number)}",
            "--cache-dir",
            str(tmp_path / "cache"),
        ]
        for number in range(8)
    ]
    processes = [subprocess.Popen(command, env=environment, stderr=subprocess.PIPE) for command in commands]
    for process in processes:
        _, stderr = process.communicate()
        assert (process.returncode, stderr) == (0, b"")
    assert len({(tmp_path / str(number)).read_bytes() for number in range(8)}) == 1


def test_info_tells_and_clear_removes(image: Path, tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    empty = run("sbomgen", "cache", "info", "--cache-dir", folder, "-o", "json").json
    assert (empty["folder"], empty["layers"], empty["verified"], empty["size_bytes"]) == (str(folder), 0, 0, 0)
    assert run("sbomgen", image, "--cache-dir", folder).code == 0
    kept = run("sbomgen", "cache", "info", "--cache-dir", folder, "-o", "json").json
    assert (kept["layers"], kept["verified"], kept["removed"]) == (5, 5, False)
    assert 0 < kept["size_bytes"] < kept["max_bytes"]
    table = run("sbomgen", "cache", "clear", "--cache-dir", folder).text
    assert table.startswith(f"{folder}: removed 5 layers, 5 verified blobs, ")
    assert list(folder.iterdir()) == []


def test_the_cache_lies_in_the_users_cache_folder(image: Path) -> None:
    run("sbomgen", image)
    assert len(list((Path(os.environ["XDG_CACHE_HOME"]) / "sbomgen" / "layers").iterdir())) == 10
    assert run("sbomgen", "cache", "info").text.startswith(os.environ["XDG_CACHE_HOME"])


@pytest.mark.parametrize("off", [("--no-cache",), ("--no-cache", "--verify")])
def test_without_a_cache_nothing_is_kept(image: Path, off: tuple[str, ...]) -> None:
    run("sbomgen", image, *off)
    run("sbomgen", "layers", image, *off)
    assert not Path(os.environ["XDG_CACHE_HOME"]).exists()


def test_a_cache_that_cannot_be_used_costs_a_line_and_no_more(image: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    without = run("sbomgen", image, "--no-cache")
    ran = run("sbomgen", image, "--cache-dir", tmp_path / "file" / "cache")
    assert (ran.code, ran.stdout) == (without.code, without.stdout)
    assert "is of no use (Not a directory): name another with --cache-dir, or none with --no-cache" in ran.stderr
    assert run("sbomgen", image, "--cache-dir", tmp_path / "file" / "cache", "-q").stderr == ""
    assert run("sbomgen", image, "--cache-dir", tmp_path / "file").code == 2


def test_verify_tells_a_wrong_record(image: Path, tmp_path: Path) -> None:
    import zstandard

    from sbomgen.cache.store import Store
    from sbomgen.image.record import decode_record, encode_record
    from sbomgen.layerscan import LAYER_SCAN_FORMAT

    diff_id = demo_image().layers[1].diff_id
    truth = run("sbomgen", image, "--cache-dir", tmp_path / "cache").stdout
    store, key = Store(tmp_path / "cache"), f"{diff_id} {LAYER_SCAN_FORMAT}"
    record = decode_record(zstandard.decompress(store.get("layer", key) or b""))
    store.put("layer", key, zstandard.compress(encode_record(structs.replace(record, size_bytes=1))))
    verified = run("sbomgen", image, "--cache-dir", tmp_path / "cache", "--verify")
    assert (verified.code, verified.stdout) == (0, truth)
    assert f"layer 1 {diff_id}: the cache had a wrong record of it, which has been made anew" in verified.stderr
    assert run("sbomgen", image, "--cache-dir", tmp_path / "cache", "--verify").stderr == ""


def test_a_warm_run_fetches_no_layer_from_a_registry() -> None:
    with FakeRegistry(oci_files(demo_image())) as registry:
        source = ("registry:" + registry.host + "/web", "--plain-http", "-o", "purls")
        cold = run("sbomgen", *source)
        asked = len(registry.paths("/blobs/"))
        warm = run("sbomgen", *source)
    assert (cold.code, warm.code, warm.stdout) == (0, 0, cold.stdout)
    assert (asked, len(registry.paths("/blobs/"))) == (6, 7), "the config again, and nothing else"


def test_several_images_share_the_cache(tmp_path: Path) -> None:
    demo = demo_image()
    base = write_oci_layout(ImageSpec(demo.layers[:2], tags=("base:1",)), tmp_path / "base")
    whole = write_oci_layout(demo, tmp_path / "web")
    blobs = [tmp_path / "web" / "blobs" / "sha256" / path.name for path in (base / "blobs" / "sha256").iterdir()]
    assert run("sbomgen", base, "-o", "purls").code == 0
    shared = [path for path in blobs if path.exists()]
    assert len(shared) == 2
    for path in shared:
        path.unlink()
    assert run("sbomgen", base, whole, "-o", "purls").code == 0, "the layers of the base are not opened again"
