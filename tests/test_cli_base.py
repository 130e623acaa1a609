"""What both command lines have in common: lazy commands, the default command, configuration, output moved into place, the way out."""

import importlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import click
import pytest
from click.testing import CliRunner

TOOLS = ("sbomgen", "sbommatch")


@pytest.fixture(params=TOOLS)
def base(request: pytest.FixtureRequest) -> ModuleType:
    return importlib.import_module(f"{request.param}.cli.base")


def small_tool(base: ModuleType, scan: Callable[..., None]) -> click.Group:
    """A tool of one command `scan`, imported lazily from this module."""
    with_options = base.option("--fail-on", default="none")(base.option("--output", multiple=True, expose_value=False)(scan))
    command = base.command("scan")(click.argument("words", nargs=-1)(with_options))
    setattr(sys.modules[__name__], "scan_command", command)  # noqa: B010  the lazy group looks it up by name
    entry = base.CommandEntry("scan", f"{__name__}:scan_command", "Scans.")
    cls = type("SmallGroup", (base.LazyGroup,), {"entries": (entry,), "default_command": "scan"})
    group: click.Group = click.Group.__new__(cls)
    cls.__init__(group, "tool", no_args_is_help=True)  # type: ignore[misc]
    return group


def tell(words: tuple[str, ...], fail_on: str) -> None:
    click.echo(f"{'+'.join(words)} {fail_on}")


def invoke(base: ModuleType, *arguments: str, env: dict[str, str] | None = None, scan: Callable[..., None] = tell) -> Any:
    return CliRunner().invoke(small_tool(base, scan), list(arguments), env=env)


def test_the_first_word_that_is_no_command_is_an_argument_of_scan(base: ModuleType) -> None:
    assert invoke(base, "image.tar", "--fail-on", "high").output == "image.tar high\n"
    assert invoke(base, "--fail-on", "high", "image.tar").output == "image.tar high\n"
    assert invoke(base, "scan", "image.tar").output == "image.tar none\n"


def test_help_names_every_command_without_importing_it(base: ModuleType) -> None:
    entry = base.CommandEntry("broken", "no.such.module:command", "Is not imported.")
    group = small_tool(base, tell)
    type(group).entries += (entry,)  # type: ignore[attr-defined]
    assert "Is not imported." in CliRunner().invoke(group, ["--help"]).output


def test_an_option_has_an_environment_variable_without_the_commands_name(base: ModuleType) -> None:
    assert invoke(base, "x", env={f"{base.PROGRAM.upper()}_FAIL_ON": "low"}).output == "x low\n"


def test_a_configuration_file_gives_defaults(base: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / f"{base.PROGRAM}.toml").write_text('fail-on = "critical"\noutput = "json"\n')
    assert invoke(base, "x").output == "x critical\n"
    assert invoke(base, "x", "--fail-on", "low").output == "x low\n"
    (tmp_path / "other.toml").write_text('fail-on = "medium"\n')
    assert invoke(base, "x", "--config", "other.toml").output == "x medium\n"
    (tmp_path / "other.toml").write_text('fail-on = "medium"\n[scan]\nfail-on = "any"\n')
    assert invoke(base, "x", "--config", "other.toml").output == "x any\n"


@pytest.mark.parametrize(
    ("text", "exit_code", "said"),
    [("fial-on = 1", 2, "fial_on"), ("[scna]\nx = 1", 2, "scna"), ("= no toml", 3, "cannot be read"), (None, 3, "cannot be read")],
)
def test_a_bad_configuration_is_refused(base: ModuleType, tmp_path: Path, text: str | None, exit_code: int, said: str) -> None:
    path = tmp_path / "bad.toml"
    if text is not None:
        path.write_text(text)
    raised = invoke(base, "x", "--config", str(path)).exception
    assert raised.exit_code == exit_code
    assert said in str(raised)


@pytest.mark.parametrize(
    ("codes", "expected"), [([], 0), ([0, 0], 0), ([5, 1], 1), ([4, 1, 5], 4), ([1, 6, 3], 3), ([2, 70], 70), ([7, 4], 7), ([6, 7], 6)]
)
def test_exit_codes_have_an_order(base: ModuleType, codes: list[int], expected: int) -> None:
    assert base.exit_code(codes) == expected


def test_an_error_of_our_own_exits_70_never_1(base: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    def broken(words: tuple[str, ...], fail_on: str) -> None:
        raise ZeroDivisionError(words, fail_on)

    assert base.run(small_tool(base, broken), ["x"]) == 70
    assert "an error of our own" in capsys.readouterr().err


def test_wrong_usage_exits_2(base: ModuleType) -> None:
    assert base.run(small_tool(base, tell), ["--no-such-option"]) == 2


def test_control_c_exits_130(base: ModuleType) -> None:
    def interrupted(words: tuple[str, ...], fail_on: str) -> None:
        raise KeyboardInterrupt

    assert base.run(small_tool(base, interrupted), ["x"]) == 130


def test_a_file_takes_its_place_only_when_it_is_whole(base: ModuleType, tmp_path: Path) -> None:
    target = tmp_path / "sbom.json"
    target.write_text("old")
    with pytest.raises(ZeroDivisionError), base.write_aside(target) as aside:
        aside.write_text("half")
        raise ZeroDivisionError
    assert target.read_text() == "old"
    base.emit(b"new", target)
    assert target.read_text() == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["sbom.json"]


def test_devices_and_pipes_are_written_to_and_links_stay(base: ModuleType, tmp_path: Path) -> None:
    base.emit(b"document", Path(os.devnull))
    assert Path(os.devnull).is_char_device()
    pipe, file, link = tmp_path / "pipe", tmp_path / "sbom.json", tmp_path / "latest.json"
    os.mkfifo(pipe)
    with subprocess.Popen(["cat", pipe], stdout=subprocess.PIPE) as reader:
        base.emit(b"document", pipe)
        assert reader.communicate(timeout=20)[0] == b"document"
    link.symlink_to(file)
    base.emit(b"document", link)
    assert (file.read_bytes(), link.is_symlink()) == (b"document", True)
    assert sorted(tmp_path.iterdir()) == [link, pipe, file]


def test_a_target_that_cannot_be_written_is_wrong_usage(base: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(Exception, match="cannot be written") as caught:
        base.emit(b"", tmp_path / "no-such-folder" / "sbom.json")
    assert caught.value.exit_code == 2  # type: ignore[attr-defined]


def test_control_characters_do_not_reach_a_terminal(base: ModuleType) -> None:
    assert base.printable("a\x1b[31m\udc80\u202e ü") == "a\\x1b[31m\\x80\\xe2\\x80\\xae ü"


@pytest.mark.parametrize("tool", TOOLS)
def test_short_help_equals_the_commands_own(tool: str) -> None:
    entries = importlib.import_module(f"{tool}.cli").COMMANDS
    for entry in entries:
        module, attribute = entry.target.split(":")
        command = getattr(importlib.import_module(module), attribute)
        assert command.name == entry.name
        assert command.help.splitlines()[0] == entry.help


@pytest.mark.parametrize("tool", TOOLS)
def test_termination_exits_143_and_leaves_nothing(tool: str, tmp_path: Path) -> None:
    script = (
        f"import sys, time, click\nfrom pathlib import Path\nfrom {tool}.cli.base import run, write_aside\n"
        "@click.command()\ndef wait() -> None:\n"
        "    with write_aside(Path(sys.argv[1])) as aside:\n        aside.write_text('half'); print('ready', flush=True); time.sleep(60)\n"
        "sys.exit(run(wait, []))"
    )
    with subprocess.Popen([sys.executable, "-c", script, str(tmp_path / "out")], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(timeout=30) == 143
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("tool", TOOLS)
def test_a_reader_that_goes_away_is_no_error(tool: str) -> None:
    ended = subprocess.run(f"{sys.executable} -m {tool} --help | true", shell=True, capture_output=True, text=True)
    assert ended.stderr == ""


@pytest.mark.parametrize(
    ("closing", "code", "said"),
    [
        (">/dev/full", 2, "standard output cannot be written: No space left on device"),
        (">&-", 2, "standard output cannot be written: Bad file descriptor"),
        (">&- 2>&-", 2, ""),
        ("2>&-", 0, ""),
        ("<&-", 0, ""),
    ],
)
@pytest.mark.parametrize("command", ["sbomgen catalogers", "sbommatch version schemes"])
def test_standard_streams_may_be_closed_or_full(command: str, closing: str, code: int, said: str) -> None:
    ran = subprocess.run(["sh", "-c", f"{sys.executable} -m {command} {closing}"], capture_output=True, text=True, check=False)
    program = command.partition(" ")[0]
    assert (ran.returncode, ran.stderr) == (code, f"{program}: {said}\n" if said else "")
