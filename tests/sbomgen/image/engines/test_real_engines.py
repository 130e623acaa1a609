"""Real engines on sockets of their own: the image that they were given is the image that they give."""

import http.client
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from sbomgen.image.reference import open_image
from sbomgen.image.remote import NotHereError
from sbomgen.inventory import Inventory
from sbomgen.scan import scan_image

START_TIMEOUT_S = 60
NAME = "sbomgen/alpine-3.20"

pytestmark = pytest.mark.corpus


class Connection(http.client.HTTPConnection):
    """To a Unix socket."""

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.host)


def ask(path: Path, method: str, url: str, body: bytes | None = None) -> int:
    connection = Connection(str(path), timeout=START_TIMEOUT_S)
    try:
        connection.request(method, url, body, {"Content-Type": "application/x-tar", "Host": "engine"})
        with connection.getresponse() as answer:
            answer.read()
            return answer.status
    finally:
        connection.close()


@contextmanager
def running(command: Sequence[str], path: Path) -> Iterator[None]:
    """A daemon, from its first answer on; ended with all that it started."""
    if os.geteuid() != 0 or shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is absent, or this is not root")
    with (path.parent / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log, cwd=path.parent) as process:
        try:
            end = time.monotonic() + START_TIMEOUT_S
            while not answers(path):
                assert process.poll() is None, (path.parent / "log").read_text()
                assert time.monotonic() < end, (path.parent / "log").read_text()
                time.sleep(0.05)
            yield
        finally:
            process.terminate()
            process.wait(START_TIMEOUT_S)


def answers(path: Path) -> bool:
    try:
        return ask(path, "GET", "/_ping") == http.client.OK
    except OSError:
        return False


@pytest.fixture(scope="module")
def archive(corpus: Path) -> Path:
    return corpus / "archives/alpine-3.20.tar"


@pytest.fixture(scope="module")
def expected(archive: Path) -> Inventory:
    return inventory(str(archive))


@pytest.fixture(scope="module")
def docker(archive: Path) -> Iterator[Path]:
    """The folder of a dockerd that has the image; its path is short, for sockets' paths are."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        command = [
            *("dockerd", "--storage-driver=vfs", "--iptables=false", "--ip6tables=false", "--bridge=none", f"--data-root={folder}/root"),
            *(f"--exec-root={folder}/exec", f"--pidfile={folder}/pid", f"--host=unix://{folder}/sock"),
        ]
        with running(command, folder / "sock"):
            assert ask(folder / "sock", "POST", "/images/load", archive.read_bytes()) == http.client.OK
            yield folder


@pytest.fixture(scope="module")
def podman(archive: Path) -> Iterator[Path]:
    """The folder of a podman that has the image."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        command = [
            *("podman", f"--root={folder}/root", f"--runroot={folder}/run", "--storage-driver=vfs", "--cgroup-manager=cgroupfs"),
            *("system", "service", "--time=0", f"unix://{folder}/sock"),
        ]
        with running(command, folder / "sock"):
            assert ask(folder / "sock", "POST", "/images/load", archive.read_bytes()) == http.client.OK
            yield folder


def inventory(source: str) -> Inventory:
    with open_image(source) as image:
        return scan_image(image)


def hold(expected: Inventory, found: Inventory) -> None:
    assert found.packages
    assert found.problems == ()
    assert (found.content_id, found.packages, found.edges, found.distro) == (
        expected.content_id, expected.packages, expected.edges, expected.distro,
    )  # fmt: skip
    assert [layer.layer.diff_id for layer in found.layers] == [layer.layer.diff_id for layer in expected.layers]
    assert [layer.created_by for layer in found.layers] == [layer.created_by for layer in expected.layers]


def image_id(expected: Inventory) -> str:
    assert expected.image.config_digest is not None
    return expected.image.config_digest.removeprefix("sha256:")[:12]


def test_dockers_image_is_the_image(docker: Path, expected: Inventory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{docker}/sock")
    for source in (f"docker:{NAME}:latest", f"docker:{NAME}", f"docker:{image_id(expected)}", f"{NAME}:latest"):
        found = inventory(source)
        hold(expected, found)
        assert found.image.references == (f"{NAME}:latest",)
    with pytest.raises(NotHereError, match="has no such image"):
        inventory("docker:sbomgen/none")


def test_podmans_image_is_the_image(podman: Path, expected: Inventory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTAINER_HOST", f"unix://{podman}/sock")
    monkeypatch.setenv("DOCKER_HOST", f"unix://{podman}/none")
    for source in (f"podman:{NAME}:latest", f"podman:{image_id(expected)}", f"podman:docker.io/{NAME}", NAME):
        found = inventory(source)
        hold(expected, found)
        assert found.image.references == (f"docker.io/{NAME}:latest",)
    with pytest.raises(NotHereError, match="has no such image"):
        inventory("podman:sbomgen/none")


def test_podman_answers_where_docker_is_asked(podman: Path, expected: Inventory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many machines have Podman's socket at Docker's place."""
    monkeypatch.setenv("DOCKER_HOST", f"unix://{podman}/sock")
    hold(expected, inventory(f"docker:{NAME}:latest"))


def test_dockers_storage_is_read_without_docker(docker: Path, expected: Inventory) -> None:
    hold(expected, inventory(f"docker-storage:{docker}/root@{NAME}"))


def test_podmans_storage_is_read_without_podman(podman: Path, expected: Inventory) -> None:
    hold(expected, inventory(f"containers-storage:{podman}/root@{NAME}"))


def test_containerds_image_is_the_image(docker: Path, archive: Path, expected: Inventory, monkeypatch: pytest.MonkeyPatch) -> None:
    """The containerd that dockerd started."""
    monkeypatch.setenv("CONTAINERD_ADDRESS", f"{docker}/exec/containerd/containerd.sock")
    subprocess.run(["ctr", "--namespace", "try", "images", "import", "--no-unpack", archive], check=True, capture_output=True)
    hold(expected, inventory(f"containerd:try@{NAME}"))
    monkeypatch.setenv("CONTAINERD_NAMESPACE", "try")
    hold(expected, inventory(f"containerd:docker.io/{NAME}:latest"))
    with pytest.raises(NotHereError, match="not found"):
        inventory("containerd:sbomgen/none")
