"""How sources are opened from the command line: options, environment, exit codes, and no secret anywhere."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from sbomgen.cli import sbomgen
from sbomgen.cli.base import run
from tests.support.fake_registry import PASSWORD, TOKEN, USER, FakeRegistry, Other, Status
from tests.support.images import ImageSpec, LayerSpec, file, files, oci_files, write_docker_archive

DEMO = ImageSpec(
    (LayerSpec(files({"etc/os-release": "ID=alpine\nVERSION_ID=3.20\n", "lib/apk/db/installed": "P:musl\nV:1.2.5-r0\nA:x86_64\n\n"})),)
)
MUSL = "pkg:apk/alpine/musl@1.2.5-r0"


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeRegistry]:
    """One that has the demo image; nobody is logged in."""
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("DOCKER_CONFIG", "REGISTRY_AUTH_FILE", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    with FakeRegistry(oci_files(DEMO)) as fake:
        yield fake


def ran(capfd: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = run(sbomgen, arguments)
    return code, *capfd.readouterr()


@pytest.mark.parametrize("command", [("scan", "-o", "purls"), ("layers",), ("inspect",)])
def test_a_name_is_taken_from_the_registry_and_said(
    registry: FakeRegistry, capfd: pytest.CaptureFixture[str], command: tuple[str, ...]
) -> None:
    code, out, err = ran(capfd, *command, f"{registry.host}/demo")
    assert (code, err) == (0, f"sbomgen: {registry.host}/demo: registry {registry.host}/demo:latest\n")
    assert "1.2.5-r0" in out or "sha256:" in out
    assert len(registry.paths("/manifests/")) == 1


def test_quiet_says_nothing(registry: FakeRegistry, capfd: pytest.CaptureFixture[str]) -> None:
    code, out, err = ran(capfd, "-q", f"{registry.host}/demo", "-o", "purls")
    assert (code, err) == (0, "")
    assert MUSL in out


def test_credentials_come_from_the_environment_too(
    registry: FakeRegistry, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    registry.auth = "basic"
    assert ran(capfd, "--username", USER, "--password", PASSWORD, f"{registry.host}/demo")[0] == 0
    monkeypatch.setenv("SBOMGEN_USERNAME", USER)
    monkeypatch.setenv("SBOMGEN_PASSWORD", PASSWORD)
    assert ran(capfd, f"{registry.host}/demo")[0] == 0
    registry.auth = "bearer"
    monkeypatch.setenv("SBOMGEN_TOKEN", TOKEN)
    assert ran(capfd, f"{registry.host}/demo")[0] == 0


@pytest.mark.parametrize("command", ["scan", "layers", "inspect"])
def test_a_secret_is_never_shown(
    registry: FakeRegistry, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    registry.auth = "basic"
    secrets = ("--username", "me", "--password", "swordfish"), ("--token", "swordfish")
    for options in secrets:
        code, out, err = ran(capfd, command, *options, f"{registry.host}/demo")
        assert code == 7
        assert "swordfish" not in out + err
    monkeypatch.setenv("SBOMGEN_PASSWORD", "swordfish")
    assert "swordfish" not in CliRunner().invoke(sbomgen, [command, "--help"]).output


def test_offline_is_a_failed_network_step(registry: FakeRegistry, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for source in (f"{registry.host}/demo", f"registry:{registry.host}/demo"):
        code, out, err = ran(capfd, "--offline", source)
        assert (code, out) == (7, "")
        assert f"--offline forbids to ask the registry for {registry.host}/demo:latest" in err
    assert not registry.asked
    assert ran(capfd, "--offline", str(write_docker_archive(DEMO, tmp_path / "x.tar")))[0] == 0


@pytest.mark.parametrize(
    ("path", "fault", "expected"),
    [
        ("/manifests/", Status(404), 3),
        ("/manifests/", Status(500), 7),
        ("/manifests/", Other(b"["), 3),
        ("/blobs/", Other(b"x"), 6),
    ],
)
def test_each_failure_has_its_exit_code(
    registry: FakeRegistry,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    path: str,
    fault: Status | Other,
    expected: int,
) -> None:
    monkeypatch.setattr("sbomgen.image.registry.transport.FIRST_PAUSE_S", 0.001)
    registry.faults[path] = [fault] * 9
    code, out, err = ran(capfd, f"{registry.host}/demo")
    assert (code, out) == (expected, "")
    assert registry.host in err


def test_a_layer_that_breaks_off_is_no_document_with_holes(
    registry: FakeRegistry, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sbomgen.image.registry.transport.FIRST_PAUSE_S", 0.001)
    layer = next(name for name, body in registry.contents.items() if body[:2] == b"\x1f\x8b").removeprefix("blobs/").replace("/", ":")
    registry.faults[layer] = [Status(500)] * 9
    code, out, _ = ran(capfd, f"{registry.host}/demo", "-o", "cyclonedx-json")
    assert (code, out) == (7, "")


def test_of_several_images_a_failed_one_does_not_stop_the_others(
    registry: FakeRegistry, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    archive = write_docker_archive(ImageSpec((LayerSpec((file("etc/os-release", "ID=alpine\n"),)), *DEMO.layers)), tmp_path / "x.tar")
    code, out, err = ran(capfd, "127.0.0.1:1/demo", str(archive), f"{registry.host}/demo", "-o", "purls")
    assert code == 7
    assert out.count(MUSL) == 2
    assert "cannot be reached" in err


def test_options_may_stand_in_the_configuration_file(registry: FakeRegistry, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text("offline = true\n")
    assert ran(capfd, "--config", str(tmp_path / "own.toml"), f"{registry.host}/demo")[0] == 7
