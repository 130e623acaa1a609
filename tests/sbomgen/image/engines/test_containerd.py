"""containerd by its own clients: what they are told, and how they fail."""

from pathlib import Path

import pytest

from sbomgen.errors import NetworkError, UnreadableError, UsageError
from sbomgen.image.manifest import Image
from sbomgen.image.reference import list_images, open_image
from sbomgen.image.remote import NotHereError, OpenOptions
from tests.support.images import ImageSpec, LayerSpec, file, sha256, write_oci_archive

DEMO = ImageSpec((LayerSpec((file("etc/os-release", "ID=alpine\n"),)),), tags=("docker.io/shop/web:1.4",))


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for clients, the only ones that are installed; each writes down what it is told."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def install(folder: Path, name: str, script: str) -> None:
    path = folder / name
    path.write_text(f'#!/bin/sh\necho "$0" "$@" > {folder}/told\n{script}\n')
    path.chmod(0o755)


def export(folder: Path) -> str:
    return f"exec /bin/cat {write_oci_archive(DEMO, folder / 'exported.tar')}"


def opened(source: str, platform: str | None = None) -> Image:
    with open_image(source, OpenOptions(platform=platform)) as image:
        return image


@pytest.mark.parametrize(
    ("name", "platform", "told"),
    [
        ("shop/web:1.4", None, "images export - docker.io/shop/web:1.4"),
        ("k8s.io@docker.io/shop/web:1.4", None, "--namespace k8s.io images export - docker.io/shop/web:1.4"),
        (f"shop/web@sha256:{'0' * 64}", None, f"images export - docker.io/shop/web@sha256:{'0' * 64}"),
        (f"moby@example.org/web@sha256:{'0' * 64}", None, f"--namespace moby images export - example.org/web@sha256:{'0' * 64}"),
        ("web", "linux/amd64", "images export --platform linux/amd64 - docker.io/library/web:latest"),
    ],
)
def test_ctr_exports_the_image(client: Path, name: str, platform: str | None, told: str) -> None:
    install(client, "ctr", export(client))
    image = opened(f"containerd:{name}", platform)
    assert (image.config_digest, image.references) == (sha256(DEMO.config), DEMO.tags)
    assert (client / "told").read_text() == f"{client}/ctr --connect-timeout 30s {told}\n"
    assert list_images(f"containerd:{name}").form == "containerd"


def test_nerdctl_does_where_there_is_no_ctr(client: Path) -> None:
    install(client, "nerdctl", export(client))
    assert opened("containerd:k8s.io@shop/web:1.4", "linux/amd64").config_digest == sha256(DEMO.config)
    assert (
        client / "told"
    ).read_text() == f"{client}/nerdctl --namespace k8s.io image save --platform linux/amd64 docker.io/shop/web:1.4\n"


def test_without_a_client_it_says_which_are_asked(client: Path) -> None:
    with pytest.raises(NotHereError, match="containerd:web: neither ctr nor nerdctl is installed"):
        opened("containerd:web")


@pytest.mark.parametrize(
    ("script", "kind", "error"),
    [
        ('echo "ctr: image \\"x\\": not found" >&2; exit 1', NotHereError, 'ctr: image "x": not found'),
        ("echo 'failed to dial' >&2; exit 1", NetworkError, "failed to dial"),
        ("exit 3", NetworkError, "ended with 3"),
        ("printf half; exit 1", NetworkError, "ended with 1"),
        ("kill -9 $$", NetworkError, "ended with -9"),
        ("exit 0", UnreadableError, "no image archive: it is empty"),
        ("echo hello", UnreadableError, "no image archive: it is something else"),
    ],
)
def test_a_client_that_fails_is_an_error(client: Path, script: str, kind: type[Exception], error: str) -> None:
    install(client, "ctr", script)
    with pytest.raises(kind, match=error) as raised:
        opened("containerd:web")
    assert type(raised.value) is kind


def test_a_client_that_fails_at_the_end_of_a_whole_image_is_an_error(client: Path) -> None:
    install(client, "ctr", f"{export(client).removeprefix('exec ')}; exit 1")
    with pytest.raises(NetworkError, match="ended with 1"):
        opened("containerd:web")


def test_a_client_that_says_too_much_is_ended(client: Path) -> None:
    """What it writes is no tar: it is not waited for."""
    install(client, "ctr", "while :; do echo more than anybody wants to read; done")
    with pytest.raises(UnreadableError, match="no image archive"):
        opened("containerd:web")


@pytest.mark.parametrize("name", ["-rf", "--help", "a b", "NS@-x", "@web", ""])
def test_what_can_be_no_name_is_told_to_nobody(client: Path, name: str) -> None:
    install(client, "ctr", "exit 1")
    with pytest.raises(UsageError, match=r"not the name of an image|what follows @"):
        opened(f"containerd:{name}")
    assert not (client / "told").exists()
