"""The same image gives the same bytes on any machine; a target that cannot be written keeps what it had."""

import os
import resource
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from sbomgen.documents import WRITERS
from tests.demo.image import demo_image
from tests.support.images import write_docker_archive

PROJECT = Path(__file__).resolve().parent.parent.parent
FORMS = [f"{writer.name}@{version}" for writer in WRITERS for version in writer.versions] + ["purls", "table"]
MACHINES: list[tuple[dict[str, str], int]] = [
    ({"LC_ALL": "C.UTF-8", "TZ": "UTC", "PYTHONHASHSEED": "1"}, 0o022),
    ({"LC_ALL": "C", "LANG": "tr_TR.UTF-8", "TZ": "Asia/Kathmandu", "PYTHONHASHSEED": "77", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0",
      "COLUMNS": "33"}, 0o077),
    ({"LC_ALL": "de_DE", "TZ": "America/St_Johns", "PYTHONHASHSEED": "0", "COLUMNS": "222", "FORCE_COLOR": "1"}, 0),
]  # fmt: skip
TIMEOUT_S = 120
ALONE = {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"}
"""What every process has: none leaves a half-written module where the disk is full."""


def started(arguments: Sequence[str | Path], env: Mapping[str, str], umask: int = -1, before: Callable[[], None] | None = None) -> str:
    """Runs sbomgen in a process of its own, with nothing of this one's environment; its exit code and stderr."""
    ran = subprocess.run(
        [sys.executable, "-m", "sbomgen", *map(str, arguments)], cwd=PROJECT, env={**ALONE, **env}, umask=umask,
        preexec_fn=before, capture_output=True, text=True, timeout=TIMEOUT_S,
    )  # fmt: skip
    return f"{ran.returncode} {ran.stderr}"


def documents(image: str | Path, folder: Path, machine: tuple[dict[str, str], int], *options: str) -> dict[str, bytes]:
    """Every document of an image as a machine writes it."""
    env, umask = machine
    folder.mkdir()
    outputs = [word for form in FORMS for word in ("-o", f"{form}={folder}/{form}")]
    said = started([image, "-q", "--scope", "all-layers", *options, *outputs], {"HOME": str(folder.parent / "home"), **env}, umask)
    assert said.startswith("0 "), said
    return {form: (folder / form).read_bytes() for form in FORMS}


def test_every_machine_writes_the_same_bytes(tmp_path: Path) -> None:
    """Whatever its language, time zone, hash seed, umask and width are, where the archive lies, and whether its layers are cached."""
    written = []
    for number, machine in enumerate(MACHINES):
        (tmp_path / f"place-{number}").mkdir()
        image = write_docker_archive(demo_image(), tmp_path / f"place-{number}" / "web.tar")
        written.append(documents(image, tmp_path / f"out-{number}", machine, *(["--no-cache"] if number == 0 else [])))
    assert written[0] == written[1] == written[2]


@pytest.mark.parametrize("name", ["alpine-3.20", *(pytest.param(name, marks=pytest.mark.long) for name in ("python-app", "java-app"))])
def test_every_machine_writes_the_same_bytes_of_real_images(corpus: Path, tmp_path: Path, name: str) -> None:
    layout = corpus / "oci" / name
    if not layout.is_dir():
        pytest.skip(f"oci/{name} is absent: build the corpus")
    first, *others = (documents(layout, tmp_path / f"out-{number}", machine) for number, machine in enumerate(MACHINES))
    assert others == [first, first]


def full_disk() -> None:
    """No file of the process may grow beyond 4 KiB: the write that does is refused like one to a full disk."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))


@pytest.mark.parametrize("form", FORMS)
def test_a_full_disk_leaves_the_old_document(tmp_path: Path, form: str) -> None:
    image = write_docker_archive(demo_image(), tmp_path / "web.tar")
    target = tmp_path / "out" / "web.sbom"
    target.parent.mkdir()
    target.write_text("old")
    large = form not in {"purls", "table"}
    said = started([image, "--no-cache", "-q", "-o", f"{form}={target}"], {}, before=full_disk if large else None)
    assert said.startswith("2 " if large else "0 "), said
    assert not large or f"{target}: cannot be written: File too large" in said
    assert (target.read_text() == "old") is large
    assert list(target.parent.iterdir()) == [target]


@pytest.mark.parametrize("target", ["/dev/full", "{folder}", "{folder}/none/web.json", "{folder}/file/web.json"])
def test_what_cannot_be_written_to_is_said(tmp_path: Path, target: str) -> None:
    image = write_docker_archive(demo_image(), tmp_path / "web.tar")
    (tmp_path / "file").write_text("old")
    target = target.format(folder=tmp_path)
    said = started([image, "--no-cache", "-q", "-o", f"cyclonedx-json={target}"], {})
    assert said.startswith("2 "), said
    assert f"{target}: cannot be written: " in said
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "web.tar"]
    assert (tmp_path / "file").read_text() == "old"
