"""Engines behind their sockets, as they are and as they fail."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import pytest

from sbomgen.errors import NetworkError, SbomgenError, UnreadableError, UsageError
from sbomgen.image import blobs, compression
from sbomgen.image.engines import api
from sbomgen.image.engines.engine import docker, podman, runtime_path
from sbomgen.image.manifest import Image
from sbomgen.image.reference import list_images, open_image
from sbomgen.image.remote import NotHereError, OpenOptions
from tests.sbomgen.image.engines.fake_engine import Answer, chunked, endless, fake_engine, http, silent_until_left
from tests.support.images import ImageSpec, LayerSpec, file, sha256, write_docker_archive

DEMO = ImageSpec((LayerSpec((file("etc/os-release", "ID=alpine\n"),)), LayerSpec((file("a", "a"),))), tags=("shop/web:1.4",))
UNTAGGED = ImageSpec(DEMO.layers)
ID = sha256(DEMO.config)


@pytest.fixture
def socket_path(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where the engines are asked; short, for a socket's path has 107 bytes at most. Nothing else of this machine is asked."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "engine.sock"
        monkeypatch.setenv("DOCKER_HOST", f"unix://{path}")
        monkeypatch.setenv("CONTAINER_HOST", f"unix://{path}")
        yield path


def saved(image: ImageSpec, folder: Path) -> bytes:
    return write_docker_archive(image, folder / "saved.tar").read_bytes()


def inspected(*tags: str) -> bytes:
    return http(msgspec.json.encode({"Id": ID, "RepoTags": tags, "Other": 1}))


def answers(tmp_path: Path, name: str = "shop/web:1.4", image: ImageSpec = DEMO) -> dict[str, Answer]:
    return {f"/images/{name}/json": inspected("shop/web:1.4"), f"/images/{name}/get": chunked(saved(image, tmp_path))}


def opened(source: str) -> Image:
    with open_image(source) as image:
        for layer, spec in zip(image.layers, DEMO.layers, strict=True):
            with layer.open() as stream:
                assert stream.read() == spec.tar
        return image


@contextmanager
def said() -> Iterator[tuple[OpenOptions, list[str]]]:
    lines: list[str] = []
    yield OpenOptions(say=lines.append), lines


def test_an_image_of_docker_is_the_image(tmp_path: Path, socket_path: Path) -> None:
    with fake_engine(socket_path, answers(tmp_path)) as asked:
        image = opened("docker:shop/web:1.4")
    assert asked == ["/images/shop/web:1.4/json", "/images/shop/web:1.4/get"]
    assert (image.config_digest, image.references, image.source) == (ID, ("shop/web:1.4",), "docker:shop/web:1.4")


def test_podman_is_asked_in_its_own_words(tmp_path: Path, socket_path: Path) -> None:
    root = "/v4.0.0/libpod/images/shop/web:1.4"
    engine = {f"{root}/json": inspected("localhost/shop/web:1.4"), f"{root}/get?format=docker-archive": http(saved(DEMO, tmp_path))}
    with fake_engine(socket_path, engine):
        assert opened("podman:shop/web:1.4").config_digest == ID
        assert list_images("podman:shop/web:1.4").form == "podman"


def test_a_plain_name_is_asked_of_docker_then_podman_and_it_is_said_who_has_it(tmp_path: Path, socket_path: Path) -> None:
    with fake_engine(socket_path, answers(tmp_path)) as asked, said() as (options, lines):
        with open_image("shop/web:1.4", options) as image:
            assert image.config_digest == ID
        assert len(asked) == 2
    assert lines == [f"shop/web:1.4: Docker at {socket_path}"]
    socket_path.unlink()
    root = "/v4.0.0/libpod/images/shop/web:1.4"
    engine = {f"{root}/json": inspected(), f"{root}/get?format=docker-archive": http(saved(DEMO, tmp_path))}
    with fake_engine(socket_path, engine) as asked, said() as (options, lines), open_image("shop/web:1.4", options) as image:
        assert image.config_digest == ID
    assert asked[0] == "/images/shop/web:1.4/json"
    assert lines == [f"shop/web:1.4: Podman at {socket_path}"]


def test_a_plain_name_is_the_registrys_where_the_engine_has_it_for_another_platform(tmp_path: Path, socket_path: Path) -> None:
    engine = answers(tmp_path) | {"/images/shop/web:1.4/json": http(b'{"Os": "linux", "Architecture": "amd64"}')}
    with fake_engine(socket_path, engine):
        with pytest.raises(NetworkError, match="--offline"), open_image("shop/web:1.4", OpenOptions(platform="linux/arm64", offline=True)):
            pass
        with open_image("shop/web:1.4", OpenOptions(platform="linux/amd64", offline=True)) as image:
            assert image.config_digest == ID
        arm = OpenOptions(platform="linux/arm64")
        with pytest.raises(UsageError, match="has no image for linux/arm64"), open_image("docker:shop/web:1.4", arm):
            pass


def test_a_plain_name_of_a_registry_by_its_address_is_one(socket_path: Path) -> None:
    offline = OpenOptions(offline=True)
    with fake_engine(socket_path, {}) as asked, pytest.raises(NetworkError, match="--offline"), open_image("[::1]:5000/web", offline):
        pass
    assert asked[0] == "/images/[::1]:5000/web/json"


def test_a_plain_name_that_no_engine_has_is_the_registrys(socket_path: Path) -> None:
    offline = OpenOptions(offline=True)
    with fake_engine(socket_path, {}) as asked, pytest.raises(NetworkError, match="--offline forbids"), open_image("web:1.4", offline):
        pass
    assert asked == ["/images/web:1.4/json", "/v4.0.0/libpod/images/web:1.4/json"]


def test_a_file_of_the_name_comes_before_the_engines(tmp_path: Path, socket_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_docker_archive(DEMO, tmp_path / "web")
    with fake_engine(socket_path, {}) as asked:
        assert opened("web").config_digest == ID
    assert asked == []


def test_a_name_without_a_tag_means_the_latest_alone(tmp_path: Path, socket_path: Path) -> None:
    """Docker would send all images of the repository."""
    engine: dict[str, Answer] = {
        "/images/web/json": inspected("web:1", "web:latest"), "/images/web:latest/get": http(saved(DEMO, tmp_path)),
    }  # fmt: skip
    with fake_engine(socket_path, engine):
        assert opened("docker:web").config_digest == ID


@pytest.mark.parametrize("name", [ID.removeprefix("sha256:")[:12], ID, f"shop/web@sha256:{'0' * 64}"])
def test_what_is_named_by_its_digest_has_the_tags_that_the_engine_knows(tmp_path: Path, socket_path: Path, name: str) -> None:
    with fake_engine(socket_path, answers(tmp_path, name, UNTAGGED)):
        assert opened(f"docker:{name}").references == ("shop/web:1.4",)


def test_the_first_engine_that_has_the_image_is_taken(tmp_path: Path, socket_path: Path) -> None:
    other = socket_path.with_name("other.sock")
    engine = msgspec.structs.replace(docker({}), sockets=(str(socket_path.with_name("none")), str(socket_path), str(other)))
    from sbomgen.image.remote import RemoteName

    with fake_engine(socket_path, {}) as first, fake_engine(other, answers(tmp_path)):
        with api.open_engine(engine, RemoteName("docker", "shop/web:1.4"), OpenOptions()) as images:
            assert len(images.index.manifests) == 1
        assert len(first) == 1


@pytest.mark.parametrize(
    ("answer", "error", "kind"),
    [
        (http(b"", "404 Not Found"), "not in Docker: .*engine.sock has no such image", NotHereError),
        (http(b"", "400 Bad Request"), "has no such image", NotHereError),
        (
            http(b"the disk is on fire", "500 Internal Server Error"),
            "answered 500 Internal Server Error: the disk is on fire",
            NetworkError,
        ),
        (b"", "broke off: RemoteDisconnected", NetworkError),
        (b"SSH-2.0-OpenSSH_9\r\n", "broke off: BadStatusLine", NetworkError),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200, "broke off: HTTPException", NetworkError),
        (http(b"[]"), "not the JSON it should be", UnreadableError),
        (http(b"{", length=5), "not the JSON it should be|broke off", SbomgenError),
    ],
)
def test_an_engine_that_does_not_know_what_to_say_is_an_error(
    socket_path: Path, answer: bytes, error: str, kind: type[SbomgenError]
) -> None:
    with fake_engine(socket_path, {"/images/shop/web/json": answer}), pytest.raises(kind, match=f"docker:shop/web: .*{error}"):
        opened("docker:shop/web")


@pytest.mark.parametrize(
    ("send", "error", "kind"),
    [
        (lambda tar: chunked(tar, end=False), "broke off while it sent the image: IncompleteRead", NetworkError),
        (lambda tar: chunked(tar)[:-2000], "broke off while it sent the image: IncompleteRead", NetworkError),
        (lambda tar: http(tar[:-2048], length=len(tar)), "sent 2,048 bytes less than it said", NetworkError),
        (lambda tar: b"HTTP/1.0 200 OK\r\n\r\n" + tar[:3000], "the tar is truncated", UnreadableError),
        (lambda tar: http(b'{"message":"gone"}', "404 Not Found"), 'answered 404 Not Found: {"message":"gone"}', NetworkError),
        (lambda tar: http(b'{"message":"no tar"}'), "no image archive: it is a JSON document", UnreadableError),
        (lambda tar: http(b""), "no image archive: it is empty", UnreadableError),
    ],
)
def test_an_image_that_does_not_come_whole_is_an_error(
    tmp_path: Path, socket_path: Path, send: object, error: str, kind: type[SbomgenError]
) -> None:
    assert callable(send)
    engine = answers(tmp_path) | {"/images/shop/web:1.4/get": send(saved(DEMO, tmp_path))}
    with fake_engine(socket_path, engine), pytest.raises(kind, match=error):
        opened("docker:shop/web:1.4")


def test_an_endless_image_ends_at_the_limit(tmp_path: Path, socket_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blobs, "ARCHIVE_LIMITS", msgspec.structs.replace(compression.ARCHIVE_LIMITS, total_bytes=10 << 20))
    engine = answers(tmp_path) | {"/images/shop/web:1.4/get": endless}
    with fake_engine(socket_path, engine), pytest.raises(UnreadableError, match="more than 10,485,760"):
        opened("docker:shop/web:1.4")


@pytest.mark.parametrize(("limit", "silent"), [("ANSWER_TIMEOUT_S", "json"), ("SAVE_TIMEOUT_S", "get")])
def test_a_silent_engine_is_given_up(tmp_path: Path, socket_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, silent: str) -> None:
    monkeypatch.setattr(api, limit, 0.05)
    engine = answers(tmp_path) | {f"/images/shop/web:1.4/{silent}": silent_until_left}
    with fake_engine(socket_path, engine), pytest.raises(NetworkError, match="broke off: TimeoutError"):
        opened("docker:shop/web:1.4")


def test_where_nobody_listens_it_says_where_it_looked(socket_path: Path) -> None:
    with pytest.raises(NotHereError, match=f"docker:web: not in Docker: {socket_path}: No such file or directory"):
        opened("docker:web")
    socket_path.touch()
    with pytest.raises(NotHereError, match="Connection refused"):
        opened("podman:web")


@pytest.mark.parametrize("host", ["tcp://127.0.0.1:2375", "ssh://host", "/var/run/docker.sock"])
def test_engines_of_other_machines_are_not_asked(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    monkeypatch.setenv("DOCKER_HOST", host)
    with pytest.raises(NotHereError, match=f"DOCKER_HOST is {host}, and only sockets on this machine"):
        opened("docker:web")


@pytest.mark.parametrize("name", ["", "../containers/x", "//alpine:3.20", "a b", "a?all=1", "-x", "a/../b"])
def test_what_can_be_no_name_is_asked_of_nobody(socket_path: Path, name: str) -> None:
    with fake_engine(socket_path, {}) as asked, pytest.raises(UsageError, match="not the name or id of an image in Docker"):
        opened(f"docker:{name}")
    assert asked == []


def test_sockets_are_where_the_environment_says_or_where_they_usually_are() -> None:
    assert docker({"DOCKER_HOST": "unix:///x.sock"}).sockets == ("/x.sock",)
    assert docker({"XDG_RUNTIME_DIR": "/run/user/7"}).sockets[:2] == ("/var/run/docker.sock", "/run/user/7/docker.sock")
    assert podman({"XDG_RUNTIME_DIR": "/run/user/7"}).sockets == ("/run/user/7/podman/podman.sock", "/run/podman/podman.sock")
    assert runtime_path({}, "x").startswith("/run/user/")
