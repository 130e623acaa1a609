"""Bad input at the command line: a clear word that names the place and what to do, the right exit code, nothing lost or half-written."""

import gzip
import json
import os
import resource
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.support.images import ImageSpec, LayerSpec, file, oci_files, write_docker_archive, write_folder
from tests.support.run import run

OLD = b"the old document"


def image(tmp_path: Path, database: str = "P:musl\nV:1.2.5-r0\nA:x86_64\n\n") -> Path:
    layer = LayerSpec((file("etc/os-release", "ID=alpine\nVERSION_ID=3.20.3\n"), file("lib/apk/db/installed", database)))
    return write_docker_archive(ImageSpec((layer,)), tmp_path / "image.tar")


def osv(identifier: str) -> str:
    affected = {
        "package": {"ecosystem": "PyPI", "name": "idna"},
        "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "3.7"}]}],
    }
    return json.dumps({"id": identifier, "modified": "2024-07-01T00:00:00Z", "affected": [affected]})


def feed_zip(tmp_path: Path, *records: str) -> Path:
    path = tmp_path / "all.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number, record in enumerate(records):
            archive.writestr(f"PYSEC-2024-{number}.json", record)
    return path


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """A document of yesterday that a failing run must leave alone."""
    path = tmp_path / "out" / "image.cdx.json"
    path.parent.mkdir()
    path.write_bytes(OLD)
    return path


def left_alone(target: Path) -> bool:
    return target.read_bytes() == OLD and [path.name for path in target.parent.iterdir()] == [target.name]


def scan(source: Path, target: Path) -> tuple[int, str]:
    ran = run("sbomgen", source, "-o", f"cyclonedx-json={target}")
    assert ran.stdout == b""
    return ran.code, ran.stderr


def test_a_missing_image(tmp_path: Path, target: Path) -> None:
    code, said = scan(tmp_path / "nothing.tar", target)
    assert code == 3
    assert "nothing.tar: there is no such file" in said
    assert left_alone(target)


def test_a_file_that_is_no_image(tmp_path: Path, target: Path) -> None:
    (tmp_path / "notes.tar").write_text("these are notes, no archive\n" * 100)
    code, said = scan(tmp_path / "notes.tar", target)
    assert code == 3
    assert "notes.tar" in said
    assert left_alone(target)


@pytest.mark.parametrize("kept", [0.1, 0.3, 0.5])
def test_a_truncated_archive(tmp_path: Path, target: Path, kept: float) -> None:
    whole = image(tmp_path)
    content = whole.read_bytes()
    whole.write_bytes(content[: int(len(content) * kept)])
    code, said = scan(whole, target)
    assert code in {3, 6}
    assert "image.tar" in said
    assert left_alone(target)


def test_a_layer_with_a_wrong_digest(tmp_path: Path, target: Path) -> None:
    spec = ImageSpec((LayerSpec((file("etc/os-release", "ID=alpine\nVERSION_ID=3.20.3\n"),)),))
    contents = oci_files(spec, compression="none")
    name = next(name for name, body in contents.items() if body == spec.layers[0].tar)
    contents[name] = contents[name].replace(b"3.20.3", b"3.20.4")
    code, said = scan(write_folder(contents, tmp_path / "oci"), target)
    assert code == 6
    assert "layer 0" in said
    assert spec.layers[0].diff_id in said
    assert left_alone(target)


def test_a_broken_stanza_is_a_loss_and_the_rest_is_written(tmp_path: Path, target: Path) -> None:
    code, said = scan(image(tmp_path, "P:musl\nV:1.2.5-r0\n\nP:no-version\n\nP:zlib\nV:1.3.1-r1\n\n"), target)
    assert code == 5
    assert "lib/apk/db/installed" in said
    assert "line" in said
    names = {component["name"] for component in json.loads(target.read_bytes())["components"]}
    assert {"musl", "zlib"} <= names


def test_a_target_in_no_folder_is_wrong_usage(tmp_path: Path) -> None:
    code, said = scan(image(tmp_path), tmp_path / "nowhere" / "image.cdx.json")
    assert code == 2
    assert "nowhere/image.cdx.json: cannot be written: No such file or directory" in said


@pytest.mark.parametrize("form", ["cyclonedx-json", "cyclonedx-xml@1.4", "spdx-tag-value@2.2", "spdx3-json"])
def test_a_full_disk_leaves_the_old_document(tmp_path: Path, target: Path, form: str) -> None:
    command = [sys.executable, "-m", "sbomgen", str(image(tmp_path)), "-o", f"{form}={target}"]
    ended = subprocess.run(command, capture_output=True, text=True, preexec_fn=files_of_at_most_one_kib)
    assert ended.returncode == 2, ended.stderr
    assert f"{target}: cannot be written: File too large" in ended.stderr
    assert left_alone(target)


def files_of_at_most_one_kib() -> None:
    """Writing more fails like a full disk: by an error of the operating system in the middle of the document."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024, 1024))


def test_two_forms_of_a_document_may_go_to_one_folder(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    ran = run("sbomgen", image(tmp_path), "-o", f"cyclonedx-json={tmp_path}/out/", "-o", f"cyclonedx-xml={tmp_path}/out/")
    assert ran.code == 0, ran.stderr
    assert sorted(path.suffix for path in (tmp_path / "out").iterdir()) == [".json", ".xml"]


@pytest.mark.parametrize("form", ["cyclonedx-xml", "spdx-tag-value"])
def test_several_documents_that_are_no_json_do_not_share_stdout(tmp_path: Path, form: str) -> None:
    ran = run("sbomgen", image(tmp_path), image(tmp_path), "-o", form)
    assert ran.code == 2
    assert f"name a folder, as in `-o {form}=out/`" in ran.stderr


@pytest.mark.parametrize(
    ("form", "notes"),
    [
        ("cyclonedx-json@1.4", 4),
        ("cyclonedx-xml@1.5", 2),
        ("spdx-tag-value@2.2", 3),
        ("cyclonedx-json", 0),
        ("spdx-json@2.3", 1),
        ("purls", 0),
    ],
)
def test_what_a_format_has_no_place_for_is_said_when_asked(tmp_path: Path, form: str, notes: int) -> None:
    said = run("sbomgen", image(tmp_path), "-o", form, "-v").stderr
    assert said.count(f"note: {form.replace('@', ' ')} has no place for ") == notes
    assert "has no place for" not in run("sbomgen", image(tmp_path), "-o", form).stderr


def test_of_several_images_an_unreadable_one_is_a_loss(tmp_path: Path) -> None:
    ran = run("sbomgen", image(tmp_path), tmp_path / "nothing.tar", "-o", "cyclonedx-json")
    assert ran.code == 5
    assert "nothing.tar" in ran.stderr
    assert len(ran.text.splitlines()) == 1
    assert json.loads(ran.text)["bomFormat"] == "CycloneDX"


def test_when_no_image_could_be_read_it_is_unreadable_input(tmp_path: Path) -> None:
    assert run("sbomgen", tmp_path / "a.tar", tmp_path / "b.tar").code == 3


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("-o", "cyclonedx-yaml"), "no such format; there are: table, cyclonedx-json"),
        (("-o", "cyclonedx-json@9.9"), "not written in version 9.9"),
        (("-o", "cyclonedx-xml@1.3"), "not written in version 1.3; there are: 1.6, 1.4, 1.5, 1.7"),
        (("-o", "spdx-json@3.0"), "spdx-json is not written in version 3.0; there are: 2.3, 2.2"),
        (("-o", "spdx-tag-value@2.1"), "spdx-tag-value is not written in version 2.1; there are: 2.3, 2.2"),
        (("-o", "spdx3-json@3.1"), "spdx3-json is not written in version 3.1; there are: 3.0.1"),
        (("-o", "cyclonedx-json", "-o", "spdx-json"), "two outputs go to stdout"),
        (("-o", "spdx-json=FILE", "-o", "purls=FILE"), "two outputs go to FILE"),
        (("-o", "cyclonedx-json@1.4=FILE/../one", "-o", "cyclonedx-json@1.6=FILE"), "two outputs go to FILE"),
        (("-o", "cyclonedx-json@1.4=FILE/", "-o", "cyclonedx-json@1.6=FILE/"), "two outputs go to FILE/"),
        (("--platform", "linux/sparc"), "linux/sparc"),
    ],
)
def test_what_cannot_be_done_is_wrong_usage(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    ran = run("sbomgen", image(tmp_path), *(argument.replace("FILE", str(tmp_path / "one")) for argument in arguments))
    assert ran.code == 2
    assert said.replace("FILE", str(tmp_path / "one")) in ran.stderr


def test_an_sbom_that_is_no_sbom(tmp_path: Path) -> None:
    built = run("sbommatch", "db", "build", f"osv-pypi={feed_zip(tmp_path, osv('PYSEC-2024-0'))}", "--db", tmp_path / "feeds.json")
    assert built.code == 0, built.stderr
    (tmp_path / "package.json").write_text('{"name": "web", "version": "1.0.0"}')
    ran = run("sbommatch", tmp_path / "package.json", "--db", tmp_path / "feeds.json")
    assert ran.code == 3
    assert "package.json" in ran.stderr
    assert ran.stdout == b""


def test_a_missing_sbom(tmp_path: Path) -> None:
    run("sbommatch", "db", "build", f"osv-pypi={feed_zip(tmp_path, osv('PYSEC-2024-0'))}", "--db", tmp_path / "feeds.json")
    ran = run("sbommatch", tmp_path / "nothing.cdx.json", "--db", tmp_path / "feeds.json")
    assert ran.code == 3
    assert "nothing.cdx.json" in ran.stderr


def test_no_database(tmp_path: Path) -> None:
    (tmp_path / "a.cdx.json").write_text('{"bomFormat": "CycloneDX", "specVersion": "1.6", "components": []}')
    ran = run("sbommatch", tmp_path / "a.cdx.json", "--db", tmp_path / "feeds.json")
    assert ran.code == 4
    assert "sbommatch db build" in ran.stderr


def test_one_broken_record_of_a_feed_is_a_loss_and_the_rest_is_loaded(tmp_path: Path) -> None:
    path = feed_zip(tmp_path, osv("PYSEC-2024-0"), '{"id": "PYSEC-2024-1", "affected": 7', osv("PYSEC-2024-2"))
    ran = run("sbommatch", "db", "build", f"osv-pypi={path}", "--db", tmp_path / "feeds.json")
    assert ran.code == 5
    assert "PYSEC-2024-1" in ran.stderr
    (feed,) = run("sbommatch", "db", "status", "--db", tmp_path / "feeds.json", "-o", "json").json["feeds"]
    assert (feed["advisories"], feed["refused"]) == (2, 1)


def test_a_broken_zip_leaves_the_old_database(tmp_path: Path) -> None:
    path = feed_zip(tmp_path, osv("PYSEC-2024-0"))
    assert run("sbommatch", "db", "build", f"osv-pypi={path}", "--db", tmp_path / "feeds.json").code == 0
    before = (tmp_path / "feeds.json").read_bytes()
    path.write_bytes(path.read_bytes()[:80])
    ran = run("sbommatch", "db", "build", f"osv-pypi={path}", "--db", tmp_path / "feeds.json")
    assert ran.code == 3
    assert "all.zip" in ran.stderr
    assert (tmp_path / "feeds.json").read_bytes() == before


INTERRUPTED_WHILE_READING = """
import os, sys

number = int(sys.argv.pop())
import sbomgen.cache.layers
from sbomgen.cli import main

read = sbomgen.cache.layers.read_layer

def interrupted(*arguments):
    os.kill(os.getpid(), number)
    return read(*arguments)

sbomgen.cache.layers.read_layer = interrupted
main()
"""


@pytest.mark.parametrize("layer_count", [1, 5])
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_control_c_in_the_middle_leaves_nothing_half_written(
    tmp_path: Path, target: Path, number: int, code: int, layer_count: int
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    layers = tuple(LayerSpec((file(f"etc/{number}", str(number)),)) for number in range(layer_count))
    whole = write_docker_archive(ImageSpec(layers), tmp_path / "image.tar").read_bytes()
    wrapped = tmp_path / "image.tar.gz"
    wrapped.write_bytes(gzip.compress(whole))
    command = [sys.executable, "-c", INTERRUPTED_WHILE_READING, str(wrapped), "-o", f"cyclonedx-json={target}", str(number)]
    ended = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "TMPDIR": str(scratch)})
    assert ended.returncode == code, ended.stderr
    assert "Traceback" not in ended.stderr
    assert left_alone(target)
    assert list(scratch.iterdir()) == []


def test_leaving_runs_what_waits_for_the_end_and_lets_profilers_finish(tmp_path: Path) -> None:
    profile = tmp_path / "profile"
    waiting = "import atexit\natexit.register(print, 'at the end')\nfrom sbomgen.cli.base import leave\nprint('before', end=' ')\nleave(3)"
    ran = subprocess.run([sys.executable, "-c", waiting], capture_output=True, text=True)
    assert (ran.returncode, ran.stdout) == (3, "before at the end\n")
    subprocess.run([sys.executable, "-m", "cProfile", "-o", profile, "-m", "sbomgen", "--version"], check=True, capture_output=True)
    assert profile.stat().st_size
